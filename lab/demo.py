"""`make demo`: more callers than agents, partners that lend seats, and the counts side by side."""

import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from ivrd.cli import dashboard
from ivrd.cli.failure import CommandFailed
from ivrd.core.status_schema import Status
from lab.agents import Agents
from lab.called import CalledPeople, comes
from lab.callers import Caller, Callers, Keys, Ledger, Wait
from lab.callers.caller import Expected
from lab.callers.mix import SHIPPED, mix
from lab.comparison import Row, Scrape, compare, partner_rows
from lab.hotline import Lab, Plan
from lab.machine import Machine
from lab.partners import POLICY, PartnerSites
from lab.running import LabError
from lab.story import Story, stamp

PARTNERS = ("good", "refuses", "silent")
TALK_SECONDS = 7.0
RING_SECONDS = 1.5
GRACE_SECONDS = 150.0  # after the last call came in: the longest way through menus and queue
CLOSE_SECONDS = 75.0  # after the last caller: by then partners' seats are closed again
SETTLE_SECONDS = 10.0  # for ivrd's ledger to close after the last caller has gone
LOOK_SECONDS = 0.5
SAY_SECONDS = 5.0  # between two lines where no live picture can be shown
# Who waits asks to be called back by these keys: the first opens the menu that there is meanwhile.
MENU_KEY, CALLBACK_KEY = "9", "2"
ASKS_AGAIN = 200  # until it has been heard, however busy the machine is
# Nobody is there for this queue until its caller has asked to be called back.
LATER = "later"
LATER_KEYS = "18"  # Thai, and a key of the main menu that leads nowhere otherwise
AT_HOME = ("0812345001", "+66812345001")  # as the hotline sees it, and as it dials it
LEGEND = (
    "What happens, and every few seconds: callers who are done; how many are in menus, wait, talk "
    "with agents, talk with partners; how many partners' seats are open and wanted.\n"
)
AIRY = 29  # lines: the picture with empty ones between its parts
CLOSING = "all callers have hung up; the partners' seats close"


@dataclass(frozen=True)
class Show:
    """How much is shown.  `seconds`: from the first call to the last.  `seats`: own agents.

    `seen` is called with each status, as it comes.
    """

    callers: int = 90
    seconds: float = 45.0
    seats: int = 5
    seen: Callable[[Status], None] = field(default=lambda _status: None)


def run(show: Show, console: Console | None = None) -> int:
    """Run the demo; 0 if all counts agree, 1 if any row differs."""
    console = console or Console(highlight=False)
    people = crowd(show.callers)
    folder = Path(tempfile.mkdtemp(prefix="ivrd-demo-"))
    console.print(_opening(show, folder))
    sites = PartnerSites(folder / "partners", PARTNERS, RING_SECONDS, TALK_SECONDS)
    home = CalledPeople(folder / "home", {AT_HOME[1]: comes()})

    def change(name: str, settings: dict[str, Any]) -> None:
        sites.change(name, settings)
        home.change(name, settings, offer_after_minutes=240)  # who wants it has a key for it
        if name == "ivrd.yaml":
            settings["waiting"] = {"menu_key": MENU_KEY}
        for_one_who_waits(name, settings)

    plan = Plan(folder, show.seats, TALK_SECONDS, RING_SECONDS, change=change)
    with sites, home, Lab(plan) as lab:
        rate = show.callers / show.seconds
        calling = Callers(lab.sip, people, folder=folder / "callers", rate=rate)
        calling.start()
        parts: list[Callers | Agents] = [calling, lab.agents, home, *sites.sites.values()]
        machine = Machine(parts, lab.pids)
        machine.start()
        watch = _Watch(console, lab, calling, show)
        try:
            ledger = watch.until_all_is_over()
        except KeyboardInterrupt:
            console.print("Stopping: everybody hangs up.")
            raise
        finally:  # before the hotline ends: it would wait for them
            machine.stop()
            with suppress(TimeoutError):
                calling.stop()
        usage, scrape = machine.usage(), lab.ivrd.settled(SETTLE_SECONDS)
        taken = {name: site.taken() for name, site in sites.sites.items()}
        talks = [*lab.agents.ledger(), *(talk for of in taken.values() for talk in of)]
        rows = compare(people, ledger.entries, talks, scrape, lab.asterisk.connected())
        rows[3:3] = partner_rows(ledger.entries, taken, scrape)
        reached = scrape.total("ivrd_callbacks_total", result="reached")
        rows[-1:-1] = [Row("called back and reached", home.reached().total(), reached)]
    console.print("\n".join(["What was seen:", *watch.story.summary(watch.last_call_at), ""]))
    console.print(f"{usage}\n")
    return _report(console, rows, scrape, ledger)


def for_one_who_waits(name: str, settings: dict[str, Any]) -> None:
    """For a Plan: a topic with a queue of its own, which one seat serves that is closed."""
    if name == "menus.yaml":
        settings["menus"]["main"]["keys"][LATER_KEYS[-1]] = {"topic": LATER}
    if name == "queues.yaml":
        queues = list(settings["queues"])
        topics = {LATER: {"th": LATER, "en": LATER}}
        settings["queues"][LATER] = {"hours": "always", "announce_seconds": 20, "topics": topics}
        settings["pools"] = {
            "base": {**settings["pools"]["base"], "queues": queues},
            LATER: {"seats": 1, "open": False, "queues": [LATER]},
        }
    if name == "partners.yaml":
        known = yaml.safe_load((SHIPPED / "queues.yaml").read_text("utf-8"))["queues"]
        for partner in settings["partners"].values():
            partner["topics"] = [topic for queue in known.values() for topic in queue["topics"]]


def crowd(count: int) -> list[Caller]:
    """The callers; one in their midst, for whom nobody is there, would rather be called back.

    The keys for that do something only in the queue, and nobody says when it is joined: so they are
    pressed again and again.
    """
    people = mix(count - 1, seed=1330)
    asks_for_it = (Wait(1.2), Keys(MENU_KEY), Wait(0.5), Keys(CALLBACK_KEY))
    script = (Keys(LATER_KEYS), *ASKS_AGAIN * asks_for_it)
    expected = Expected("callback", "ivr")
    asks = Caller(count, "asks to be called back", script, number=AT_HOME[0], expected=expected)
    return [*people[: count // 2], asks, *people[count // 2 :]]


def _opening(show: Show, folder: Path) -> str:
    hold, drain = POLICY["hold_seconds"], POLICY["drain_seconds"]
    return (
        f"{show.callers} callers within {show.seconds:g} seconds are more than the hotline's "
        f"{show.seats} agents can answer. Seats at three partners open: `good` takes callers, "
        "`refuses` refuses every call, `silent` answers without a word; ivrd leaves the last two "
        "alone after some failures, and closes the seats when the wave is over. For one "
        "caller's topic nobody is there at first: that one asks to be called back, and is as soon "
        "as somebody is.\n"
        f"Talks last {TALK_SECONDS:g} s here, so seats open for what takes over {drain} s and "
        f"close after {hold} s without need; in config/ those are minutes. All of it runs on this "
        f"machine; the logs are in {folder}.\n"
    )


class _Watch:
    """Shows what goes on until the last caller has hung up and the partners' seats are closed.

    A live picture where there is a terminal, else lines.
    """

    def __init__(self, console: Console, lab: Lab, calling: Callers, show: Show) -> None:
        self.story = Story()
        self.last_call_at = 0.0  # seconds since the start, as in the story
        self._console = console
        self._lab = lab
        self._calling = calling
        self._seen = show.seen
        self._began = time.monotonic()
        self._most = show.seconds + GRACE_SECONDS
        self._draws = console.is_terminal and not console.is_dumb_terminal
        self._said = -SAY_SECONDS
        self._somebody_is_there = False  # for the one who is called back
        self._lines: list[str] = []
        if not self._draws:
            console.print(LEGEND)
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        )
        self._bar = self._progress.add_task("callers done", total=None)

    def until_all_is_over(self) -> Ledger:
        """The callers' ledger."""
        # on a screen of its own, so that the whole height can be used and nothing of it stays
        live = Live(console=self._console, auto_refresh=False, screen=self._draws)
        if self._draws:
            live.start()
        try:
            while self._look(live):
                time.sleep(LOOK_SECONDS)
        finally:
            live.stop()
        counts = self._calling.progress()
        if counts["done"] < counts["planned"]:
            self._console.print("Some callers did not come to an end in time; they hang up now.")
            return self._calling.stop()
        return self._calling.wait(SETTLE_SECONDS)

    def _look(self, live: Live) -> bool:
        """Look once, and show it; whether there is more to see.  Raises LabError."""
        if ended := self._lab.watch():
            raise LabError(f"{ended} ended by itself; see {self._lab.folder}")
        at, status = time.monotonic() - self._began, self._status()
        counts = self._calling.progress()
        calls_over = counts["done"] == counts["planned"]
        if not calls_over:
            self.last_call_at = at
        if status:
            self._seen(status)
            self._show(live, at, counts, status, self.story.take(at, status))
            if self.story.booked and not self._somebody_is_there:
                self._lab.ivrd.once("seats", "open", LATER)
                self._somebody_is_there = True
        if not calls_over:
            return at < self._most
        more = bool(self.story.open) or self.story.to_be_called
        return more and at < self.last_call_at + CLOSE_SECONDS

    def _show(
        self, live: Live, at: float, counts: dict[str, int], status: Status, news: list[str]
    ) -> None:
        self._lines += news
        if self._draws:
            height, columns = self._console.height - 1, self._console.width  # 1: the progress
            room = max(0, height - AIRY)  # for the latest news below the picture
            picture = dashboard.board(status, columns, height - room)
            lines = ["", *self._lines[1 - room :]] if room > 1 else []
            text = Text("\n".join(lines), no_wrap=True, overflow="crop")
            closing = counts["done"] == counts["planned"]
            what = CLOSING if closing else "callers done"
            self._progress.update(
                self._bar, completed=counts["done"], total=counts["planned"], description=what
            )
            below = Group(text, self._progress) if room else self._progress
            live.update(Group(picture, below), refresh=True)
            return
        if at - self._said >= SAY_SECONDS:
            self._said = at
            news = [*news, f"{stamp(at)}  {line_of(counts, status)}"]
        for line in news:
            self._console.print(line, soft_wrap=True)

    def _status(self) -> Status | None:
        try:
            status: Status = self._lab.ivrd.status()
        except CommandFailed:
            return None
        return status


def line_of(counts: dict[str, int], status: Status) -> str:
    """The picture in one line, for a log."""
    calls, partners = status["calls"], status["partners"]
    talking = sum(partner["talking"] for partner in partners)
    return (
        f"{counts['done']}/{counts['planned']} done; "
        f"menus {calls['menu'] + calls['info'] + calls['closed']}, waiting {calls['queue']}, "
        f"agents {calls['talk'] - talking}, partners {talking} "
        f"(open {sum(of['open'] for of in partners)}, wanted {status['overflow']['wanted']})"
    )


def _report(console: Console, rows: list[Row], scrape: Scrape, ledger: Ledger) -> int:
    title = "What they counted themselves, beside ivrd's count"
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    table.add_column("calls")
    table.add_column("counted", justify="right")
    table.add_column("ivrd", justify="right")
    table.add_column("")
    for row in rows:
        table.add_row(row.what, str(row.callers), str(row.ivrd), "=" if row.agrees else "DIFFERS")
    console.print(table)
    quietest = ledger.longest_silence()
    if quietest is not None:
        console.print(
            f"The longest silence that any caller heard: {quietest.silence:.1f} s "
            f"({quietest.behaviour})."
        )
    if not scrape.balances:
        console.print("ivrd's own ledger does not balance.")
    if all(row.agrees for row in rows) and scrape.balances:
        console.print("Every call is accounted for.")
        return 0
    console.print("The counts differ.", style="bold red")
    return 1
