"""`make demo`: a hotline at work, watched live, and at the end the two counts side by side."""

import tempfile
import time
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from ivrd.cli import client, dashboard
from ivrd.core.status_schema import Status
from lab.callers import Callers, Ledger
from lab.callers.mix import mix
from lab.comparison import Row, Scrape, compare
from lab.hotline import Lab, Plan

TALK_SECONDS = 7.0
RING_SECONDS = 1.5
GRACE_SECONDS = 150.0  # after the last call came in: the longest way through menus and queue
SETTLE_SECONDS = 10.0  # for ivrd's books to close after the last caller has gone
LOOK_SECONDS = 0.5
SAY_SECONDS = 5.0  # between two lines where no live picture can be shown


def run(callers: int, seconds: float) -> int:
    """Run the demo; 0 if the two counts agree, 1 if any row differs."""
    console = Console()
    people = mix(callers, seed=1330)
    folder = Path(tempfile.mkdtemp(prefix="ivrd-demo-"))
    console.print(
        f"A private Asterisk, ivrd, 5 agents and {callers} callers, one after the other within "
        f"{seconds:g} seconds. All on this machine; the logs are in {folder}."
    )
    with Lab(Plan(folder, agents=5, talk=TALK_SECONDS, ring=RING_SECONDS)) as lab:
        calling = Callers(lab.sip, people, folder=folder / "callers", rate=callers / seconds)
        calling.start()
        ledger = _watch(console, lab, calling, seconds + GRACE_SECONDS)
        scrape = _settled(lab)
        rows = compare(people, ledger.entries, lab.agents.ledger(), scrape)
    return _report(console, rows, scrape, ledger)


def _watch(console: Console, lab: Lab, calling: Callers, seconds: float) -> Ledger:
    """Show what goes on until the last caller has hung up."""
    deadline = time.monotonic() + seconds
    progress = Progress(
        TextColumn("callers done"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    )
    counts = calling.progress()
    bar = progress.add_task("", total=counts["planned"])
    live = Live(console=console, auto_refresh=False, transient=True)
    said = 0.0
    with live:
        while counts["done"] < counts["planned"] and time.monotonic() < deadline:
            counts = calling.progress()
            status = _status(lab)
            progress.update(bar, completed=counts["done"])
            if console.is_terminal and status:
                live.update(Group(dashboard.board(status), progress), refresh=True)
            elif status and time.monotonic() - said > SAY_SECONDS:
                said = time.monotonic()
                console.print(_line(counts, status))
            time.sleep(LOOK_SECONDS)
    if counts["done"] < counts["planned"]:
        console.print("Some callers did not come to an end in time; they hang up now.")
        return calling.stop()
    return calling.wait(SETTLE_SECONDS)


def _line(counts: dict[str, int], status: Status) -> str:
    """One line of the picture, for a log."""
    calls = status["calls"]
    return (
        f"callers done {counts['done']} of {counts['planned']}; "
        f"now in menus {calls['menu'] + calls['info'] + calls['closed']}, "
        f"in queues {calls['queue']}, talking {calls['talk']}; ended {calls['ended']}"
    )


def _status(lab: Lab) -> Status | None:
    try:
        status: Status = lab.ivrd.status()
    except (client.NotRunning, client.RequestRefused):
        return None
    return status


def _settled(lab: Lab) -> Scrape:
    """The first scrape with nothing in progress; the last one if that does not come."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        scrape = lab.ivrd.scrape()
        if not scrape.in_progress or time.monotonic() > deadline:
            return scrape
        time.sleep(0.1)


def _report(console: Console, rows: list[Row], scrape: Scrape, ledger: Ledger) -> int:
    table = Table(title="The callers' own count beside ivrd's", title_justify="left")
    table.add_column("calls")
    table.add_column("callers", justify="right")
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
        console.print("ivrd's own books do not balance.")
    if all(row.agrees for row in rows) and scrape.balances:
        console.print("Every call is accounted for.")
        return 0
    console.print("The two counts differ.", style="bold red")
    return 1
