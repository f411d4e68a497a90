"""The board: what `ivrd status` prints and `ivrd top` keeps up to date.

A pure picture of a `Status`: no terminal is asked anything here.  It fits 80 columns by 24 lines
with four queues and two pools; with more, the empty lines between its parts go first.  Whatever
colour says, a word or a mark says too, so it reads the same without colour.  The words on it are
those of everyday speech, and ASCII, so that any terminal can show them.
"""

from rich.cells import cell_len, set_cell_size
from rich.console import Group
from rich.text import Text

from ivrd.core.recent import Hour
from ivrd.core.status_schema import PoolStatus, QueueStatus, Status

WIDTH = 79  # one less than the terminal's: some go on to the next line at the 80th
HEIGHT = 24
TOO_LONG_SECONDS = 120.0  # a wait that is shown in red: four times the 30 s of a late hang-up

# Cells. Name, state and four numbers fill a line; so do two labels with their figures and what
# is between them.
NAME, STATE, NUMBER = 20, 11, 12
LABEL, FIGURE, BETWEEN = 29, 8, 5

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
    return "\n".join(line.plain.rstrip() for line in _lines(status))


def board(status: Status) -> Group:
    """The board with colour, for rich to print or to keep up to date; too wide, it is cut."""
    lines = _lines(status)
    for line in lines:
        line.no_wrap, line.overflow = True, "crop"
    return Group(*lines)


def _lines(status: Status) -> list[Text]:
    """All lines; where the height allows it, from the last part up, an empty one before a part."""
    queues = [_heading("QueueStatus", "waiting", "oldest wait", "talking")]
    pools = [_heading("Seats", "free", "ringing", "talking", "away")]
    parts = [
        [_head(status), *_alarms(status)],
        _callers(status),
        queues + [_queue(queue, status["service_level_seconds"]) for queue in status["queues"]],
        pools + [_pool(pool) for pool in status["pools"]],
        _hour(status["hour"], status["service_level_seconds"]),
        [_since_start(status)],
    ]
    spare = HEIGHT - sum(len(part) for part in parts)
    lines: list[Text] = []
    for after, part in zip(range(len(parts), 0, -1), parts, strict=True):
        if lines and after <= spare:
            lines.append(Text())
        lines += part
    return lines


# --- the parts, from the top -------------------------------------------------------------------


def _head(status: Status) -> Text:
    role = status["role"]["role"]
    left = f"ivrd {_clean(status['version'])}{ROLES.get(role, '')}"
    link = "connected to Asterisk, " if status["asterisk"]["up"] else ""
    right = f"{link}running for {_length(status['up_seconds'])}"
    return Text(left + _right(right, WIDTH - cell_len(left)), HEAD)


def _alarms(status: Status) -> list[Text]:
    """What an operator must know first, one line each."""
    lines = []
    if status["role"]["role"] == STANDBY:
        who = status["role"]["leader"]
        leader = f"{who} is the leader" if who else "no leader is known"
        lines.append((f"STANDBY: {leader}; counts here stand still", WARN))
    if not status["asterisk"]["up"]:
        seconds = status["asterisk"]["since_seconds"]
        since = f" for {_clock(seconds)}" if seconds else ""
        text = f"NOT CONNECTED TO ASTERISK{since}: no menus; the rest may be out of date"
        lines.append((text, ALARM))
    if status["draining"]:
        lines.append(("STOPPING: new callers go to a queue without a menu", WARN))
    if not status["config"]["last_reload_ok"]:
        age = _length(status["config"]["loaded_seconds_ago"])
        text = f"NEW CONFIGURATION REFUSED, that of {age} ago is in use: see ivrd check"
        lines.append((text, WARN))
    return [Text(_left(f"!! {text}", WIDTH), style) for text, style in lines]


def _callers(status: Status) -> list[Text]:
    calls = status["calls"]
    heading = ("in a menu", "message", "told closed", "waiting", "talking")
    here = (calls["menu"], calls["info"], calls["closed"], calls["queue"], calls["talk"])
    label = WIDTH - len(here) * NUMBER
    return [
        Text(_left("Callers now", label) + _numbers(*heading), TITLE),
        Text(_left(f"{_count(sum(here))} in all", label) + _numbers(*map(_count, here))),
    ]


def _queue(queue: QueueStatus, service_level_seconds: float) -> Text:
    wait, style = "-", PLAIN
    if queue["waiting"]:
        seconds = queue["oldest_seconds"]
        wait = _clock(seconds)
        if seconds > max(TOO_LONG_SECONDS, service_level_seconds):
            wait, style = f"!! {wait}", BAD
        elif seconds > service_level_seconds:
            wait, style = f"! {wait}", WARN
    line = Text(_left(queue["name"], NAME))
    line.append(_left("" if queue["open"] else "closed", STATE), "dim")
    line.append(_numbers(_count(queue["waiting"])))
    line.append(_numbers(wait), style)
    return line.append(_numbers(_count(queue["talking"])))


def _pool(pool: PoolStatus) -> Text:
    line = Text(_left(pool["name"], NAME))
    state = f"{pool['seats']} {'open' if pool['open'] else 'closed'}"
    line.append(_left(state, STATE), PLAIN if pool["open"] else "dim")
    here = (pool["free"], pool["ringing"], pool["busy"], pool["away"])
    return line.append(_numbers(*map(_count, here)))


def _hour(hour: Hour, service_level_seconds: float) -> list[Text]:
    left = (
        ("Called", _count(hour["received"])),
        ("Hung up in the menu", _count(hour["abandoned_ivr"])),
        ("Helped by a message", _count(hour["self_served"])),
        ("Told that we are closed", _count(hour["rejected"])),
        ("Went to the web or LINE", _count(hour["deflected"])),
        ("Asked to be called back", _count(hour["callback"])),
        ("Lost through our own fault", _count(hour["failed"])),
    )
    right = (
        ("Joined a queue", _count(hour["offered"])),
        ("Answered by a person", _count(hour["answered"])),
        ("- after a mean wait of", _clock(hour["asa_seconds"])),
        (f"- in {service_level_seconds:g} s, of all who joined", _percent(hour["service_level"])),
        ("Hung up while waiting", _count(hour["abandoned_queue"])),
        ("- of all who joined", _percent(hour["abandonment"])),
        ("- after more than 30 s", _count(hour["abandoned_after_30s"])),
    )
    lines = [Text("The last hour", TITLE)]
    for one, other in zip(left, right, strict=True):
        lines.append(Text(f"{_figure(*one)}{'':{BETWEEN}}{_figure(*other)}"))
    if hour["failed"]:
        lines[-1].stylize(BAD, 0, LABEL + FIGURE)
    return lines


def _since_start(status: Status) -> Text:
    ended, calls = status["outcomes"], status["calls"]
    numbers = (
        f" called {_count(calls['received'])}, answered {_count(ended['answered'])},"
        f" hung up {_count(ended['abandoned'])}, "
    )
    unattended = calls["unattended"]
    line = Text.assemble(("Total:", TITLE), numbers)
    return line.append(f"no menu {_count(unattended)}", WARN if unattended else PLAIN)


# --- cells -------------------------------------------------------------------------------------


def _heading(name: str, *words: str) -> Text:
    return Text(_left(name, NAME + STATE) + _numbers(*words), TITLE)


def _numbers(*texts: str) -> str:
    return "".join(_right(text, NUMBER) for text in texts)


def _figure(label: str, figure: str) -> str:
    return _left(label, LABEL) + _right(figure, FIGURE)


def _clean(text: str) -> str:
    """Nothing that moves a cursor or rings a bell."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _left(text: str, width: int) -> str:
    """`text` in exactly `width` cells; one that is too long ends in two dots and a space."""
    text = _clean(text)
    if cell_len(text) > width:
        text = set_cell_size(text, width - 3) + ".."
    return set_cell_size(text, width)


def _right(text: str, width: int) -> str:
    return " " * (width - cell_len(text)) + text


def _count(number: int) -> str:
    return f"{number:,}"


def _percent(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.1%}"


def _clock(seconds: float | None) -> str:
    """Minutes and seconds; over an hour the minutes go on."""
    return "-" if seconds is None else "{:02}:{:02}".format(*divmod(max(0, int(seconds)), 60))


def _length(seconds: float) -> str:
    """A length of time in words: 12 s, 5 min, 3 h 12 min, 2 d 3 h."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = whole // 60
    if minutes < 60:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h {minutes % 60} min" if hours < 24 else f"{hours // 24} d {hours % 24} h"
