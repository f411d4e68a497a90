"""The board: what `ivrd status` prints and `ivrd top` keeps up to date.

A pure picture of a `Status`: no terminal is asked anything here.  In `ivrd
top` it fits 80 columns by 24 lines with four queues, two pools and a few partners; with more, the
empty lines between its parts go first, then partners share a line (dashboard_partners.py).  What an
alarm says never goes.  `ivrd status` has as many lines as it needs.  Whatever
colour says, a word or a mark says too, so it reads the same without colour.  The words on it are
those of everyday speech, and ASCII, so that any terminal can show them.
"""

from collections.abc import Sequence
from pathlib import PurePath

from rich.cells import cell_len
from rich.console import Group
from rich.text import Text

from ivrd.cli import dashboard_partners
from ivrd.cli.cells import clean, clock, count, left, length, percent, right
from ivrd.core.recent import Hour
from ivrd.core.refusals import UNKNOWN, RefusalCause
from ivrd.core.status_schema import PoolStatus, QueueStatus, RefusalStatus, Status

WIDTH = 79  # one less than the terminal's: some go on to the next line at the 80th
HEIGHT = 24
TOO_LONG_SECONDS = 120.0  # a wait that is shown in red: four times the 30 s of a late hang-up

# Cells. Name, state and four numbers fill a line; so do two figures with their labels and what
# is between them.
NAME, STATE, NUMBER = 20, 11, 12
SEATS = 9  # a number of seats: there are five in a line
FIGURE, BETWEEN = 37, 5

PARTNERS = "partner-"  # before the names of their trunks: they have lines of their own
STANDBY = "standby"
ROLES = {"leader": ", leader", STANDBY: ", standby"}  # by the role of one of two

TITLE = "bold"
HEAD = "bold reverse"
ALARM = "bold white on red"
BAD = "bold red"
WARN = "bold yellow"
PLAIN = ""


def status_text(status: Status) -> str:
    """The board as plain text: lines of at most 79 columns, no line end after the last."""
    return "\n".join(line.plain.rstrip() for line in _lines(status, WIDTH, None))


def board(status: Status, columns: int = WIDTH + 1, height: int = HEIGHT) -> Group:
    """The board with colour, for rich to print or to keep up to date, on a terminal of that size.

    On one with fewer than 80 columns it is cut; more columns and lines are for the partners.
    """
    lines = _lines(status, max(WIDTH, columns - 1), height)
    for line in lines:
        line.no_wrap, line.overflow = True, "crop"
    return Group(*lines)


def _lines(status: Status, width: int, height: int | None) -> list[Text]:
    """All lines; where the height allows it, from the last part up, an empty one before a part.

    Without a height there is room for every partner that matters.
    """
    queues = [_heading("Queues", "waiting", "oldest wait", "talking")]
    seats = ("free", "ringing", "talking", "paused", "away")
    pools = [_heading("Our own seats", *seats, cells=SEATS)]
    parts = [
        [_head(status, width), *_alarms(status)],
        _callers(status),
        queues + [_queue(queue, status["service_level_seconds"]) for queue in status["queues"]],
        pools + [_pool(pool) for pool in status["pools"]],
        _hour(status["hour"], status["service_level_seconds"]),
        [_since_start(status)],
    ]
    used = sum(len(part) for part in parts)
    follows = status["role"]["role"] == STANDBY  # it opens no seats
    if height is None:
        most = 0 if follows else dashboard_partners.most_lines(status["partners"])
        height = max(HEIGHT, used + most)
    room = height - used
    if room > 0 or not follows:
        partners = dashboard_partners.lines(status["overflow"], status["partners"], width, room)
        parts[4:4] = [partners] if partners else []
    spare = height - sum(len(part) for part in parts)
    lines: list[Text] = []
    for after, part in zip(range(len(parts), 0, -1), parts, strict=True):
        if lines and after <= spare:
            lines.append(Text())
        lines += part
    return lines


# --- the parts, from the top -------------------------------------------------------------------


def _head(status: Status, width: int) -> Text:
    role = status["role"]["role"]
    name = f"ivrd {clean(status['version'])}{ROLES.get(role, '')}"
    link = "connected to Asterisk, " if status["asterisk"]["up"] else ""
    life = f"{link}running for {length(status['up_seconds'])}"
    return Text(name + right(life, width - cell_len(name)), HEAD)


def _alarms(status: Status) -> list[Text]:
    """What an operator must know first, one line each."""
    lines = []
    if status["role"]["role"] == STANDBY:
        who = status["role"]["leader"]
        leader = f"{who} is the leader" if who else "no leader is known"
        lines.append((f"STANDBY: {leader}; counts here stand still", WARN))
    if not status["asterisk"]["up"]:
        seconds = status["asterisk"]["since_seconds"]
        since = f" for {clock(seconds)}" if seconds else ""
        text = f"NOT CONNECTED TO ASTERISK{since}: no menus; the rest may be out of date"
        if status["asterisk"]["stopping"]:
            text = "ASTERISK IS STOPPING: it refuses new calls, and ends with its last one"
        lines.append((text, ALARM))
    if status["draining"]:
        lines.append(("STOPPING: new callers go to a queue without a menu", WARN))
    if not status["config"]["last_reload_ok"]:
        age = length(status["config"]["loaded_seconds_ago"])
        text = f"NEW CONFIGURATION REFUSED, that of {age} ago is in use: see ivrd check"
        lines.append((text, WARN))
    if not status["store_up"]:
        text = "STORE DOWN: calls go on, but nothing is written down for a restart to go on from"
        lines.append((text, ALARM))
    if plan := status["plan"]:
        left_seconds = length(plan["ends_in_seconds"])
        text = f"PLAN {plan['name']}, started by {plan['started_by']}, ends in {left_seconds}"
        text += "; asks more callers for a key" if plan["lower_limits"] else ""
        lines.append((text, WARN))
    lines += [(f"LIMIT: {text}", ALARM) for text in status["limits"]]
    if missing := status["missing_prompts"]:
        lines.append((_missing(missing), WARN))
    lines += [(_off(*of), WARN) for of in status["languages_off"].items()]
    lines += [(text, WARN) for text in (*_absent(status), *_trunks(status), *_refused(status))]
    return [Text(left(f"!! {text}", WIDTH), style) for text, style in lines]


def _missing(prompts: Sequence[str]) -> str:
    """A path is long: of the first its end is what matters."""
    first = prompts[0].partition(": ")[0].rpartition("/sounds/")[2][-30:]
    return f"{len(prompts)} RECORDINGS CANNOT BE PLAYED, {first} is one: see ivrd check"


def _off(language: str, missing: int) -> str:
    return f"LANGUAGE {clean(language)} IS OFF: {missing} prompts have no recording: see ivrd check"


def _absent(status: Status) -> list[str]:
    """Agents whom ivrd has paused, and those whom it has called in vain."""
    who = {
        "PAUSED, DID NOT ANSWER": status["not_answering"],
        "DID NOT COME TO THEIR SHIFT": status["absent"],
    }
    return [_agents(what, agents) for what, agents in who.items() if agents]


def _agents(what: str, agents: Sequence[str]) -> str:
    """Agents of whom something is to be said: the first of them, for there may be many."""
    more = f" and {count(len(agents) - 1)} more" if len(agents) > 1 else ""
    return f"{what}: {clean(agents[0])}{more}: see ivrd agent list"


def _trunks(status: Status) -> list[str]:
    """The first of the trunks that do not work; partners' have lines of their own."""
    faulty = [of for of in status["trunks"] if not of["name"].startswith(PARTNERS)]
    more = f" and {count(len(faulty) - 1)} more" if len(faulty) > 1 else ""
    return [f"TRUNK {clean(of['name'])}{more}: {clean(of['why'])}" for of in faulty[:1]]


def _refused(status: Status) -> list[str]:
    """What was refused in the last minutes: calls by the first cause, one address, one seat."""
    refused = status["refused"]
    known = [row for row in refused["calls"] if row["carrier"] != UNKNOWN]
    texts = [
        f"REFUSED: {count(row['calls'])} of {clean(row['carrier'])}, {row['why']} ({row['cause']})"
        + (f", see {carriers_line(refused)}" if row["cause"] != RefusalCause.UNAVAILABLE else "")
        for row in sorted(known, key=lambda row: -row["calls"])[:1]
    ]
    strangers = [sender for sender in refused["senders"] if not sender["seat"]]
    seats = [sender for sender in refused["senders"] if sender["seat"]]
    if strangers:
        first, others = strangers[0], len(strangers) - 1
        more = f" and {count(others)} more" if others else ""
        texts.append(
            f"REFUSED: {clean(first['address'])}{more}, no carrier of {carriers_line(refused)}"
        )
    if seats:
        first, others = seats[0], len({sender["seat"] for sender in seats}) - 1
        more = f" and {count(others)} more" if others else ""
        texts.append(
            f"SEAT {clean(first['seat'])}{more}: wrong password, from {clean(first['address'])}"
        )
    return texts


def carriers_line(refused: RefusalStatus) -> str:
    """Where an address is to be added, without the folder: `ivrd.yaml:60`."""
    file, _, rest = refused["carriers_at"].partition(":")
    return f"{clean(PurePath(file).name)}:{clean(rest.partition(':')[0])}"


def _callers(status: Status) -> list[Text]:
    calls = status["calls"]
    heading = ("in a menu", "message", "told closed", "waiting", "talking")
    here = (calls["menu"], calls["info"], calls["closed"], calls["queue"], calls["talk"])
    label = WIDTH - len(here) * NUMBER
    return [
        Text(left("Callers now", label) + _numbers(*heading), TITLE),
        Text(left(f"{count(sum(here))} in all", label) + _numbers(*map(count, here))),
    ]


def _queue(queue: QueueStatus, service_level_seconds: float) -> Text:
    wait, style = "-", PLAIN
    if queue["waiting"]:
        seconds = queue["oldest_seconds"]
        wait = clock(seconds)
        if seconds > max(TOO_LONG_SECONDS, service_level_seconds):
            wait, style = f"!! {wait}", BAD
        elif seconds > service_level_seconds:
            wait, style = f"! {wait}", WARN
    line = Text(left(f"{queue['name']} {queue['language']}".rstrip(), NAME))
    line.append(left("" if queue["open"] else "closed", STATE), "dim")
    line.append(_numbers(count(queue["waiting"])))
    line.append(_numbers(wait), style)
    return line.append(_numbers(count(queue["talking"])))


def _pool(pool: PoolStatus) -> Text:
    line = Text(left(pool["name"], NAME))
    state = f"{pool['seats']} {'open' if pool['open'] else 'closed'}"
    line.append(left(state, STATE), PLAIN if pool["open"] else "dim")
    line.append(_numbers(*(count(pool[key]) for key in ("free", "ringing", "busy")), cells=SEATS))
    paused = _numbers(count(pool["paused"]), cells=SEATS)
    line.append(paused, WARN if pool["open"] and pool["paused"] else PLAIN)
    return line.append(_numbers(count(pool["away"]), cells=SEATS))


def _hour(hour: Hour, service_level_seconds: float) -> list[Text]:
    calls = (
        ("Called", count(hour["received"])),
        ("Joined a queue", count(hour["offered"])),
        ("Hung up in the menu", count(hour["abandoned_ivr"])),
        ("Helped by a message", count(hour["self_served"])),
        ("Told that we are closed", count(hour["rejected"])),
        ("Lost through our own fault", count(hour["failed"])),
    )
    lost = "" if hour["abandonment"] is None else f" ({percent(hour['abandonment'])})"
    people = (
        ("Answered by a person", count(hour["answered"])),
        ("- at a partner", count(hour["overflow"])),
        ("- after a mean wait of", clock(hour["asa_seconds"])),
        (f"- in {service_level_seconds:g} s, of all who joined", percent(hour["service_level"])),
        ("Hung up while waiting", f"{count(hour['abandoned_queue'])}{lost}"),
        ("- after more than 30 s", count(hour["abandoned_after_30s"])),
    )
    lines = [Text("The last hour", TITLE)]
    for one, other in zip(calls, people, strict=True):
        lines.append(Text(f"{_figure(*one)}{'':{BETWEEN}}{_figure(*other)}"))
    if hour["failed"]:
        lines[-1].stylize(BAD, 0, FIGURE)
    if hour["deflected"]:
        lines.append(Text(_figure("Took a link instead", count(hour["deflected"]))))
    if hour["callback"] or hour["dialled"] or hour["reached"]:  # then partners have a line less
        asked = _figure("Asked to be called back", count(hour["callback"]))
        reached = f"{count(hour['reached'])} of {count(hour['dialled'])}"
        lines.append(Text(f"{asked}{'':{BETWEEN}}{_figure('Called back and reached', reached)}"))
    return lines


def _since_start(status: Status) -> Text:
    ended, calls = status["outcomes"], status["calls"]
    made = status["callbacks"]
    answered = ended["answered"] + calls["talk"] - made["talking"]
    numbers = (
        f" called {count(calls['received'])}, answered {count(answered)},"
        f" hung up {count(ended['abandoned'])}, "
    )
    if made["dialled"]:
        numbers += f"called back {count(made['results']['reached'])}, "
    unattended = calls["unattended"]
    line = Text.assemble(("Total:", TITLE), numbers)
    return line.append(f"no menu {count(unattended)}", WARN if unattended else PLAIN)


# --- cells -------------------------------------------------------------------------------------


def _heading(name: str, *words: str, cells: int = NUMBER) -> Text:
    return Text(left(name, NAME + STATE) + _numbers(*words, cells=cells), TITLE)


def _numbers(*texts: str, cells: int = NUMBER) -> str:
    return "".join(right(text, cells) for text in texts)


def _figure(label: str, figure: str) -> str:
    return left(label, FIGURE - len(figure)) + figure
