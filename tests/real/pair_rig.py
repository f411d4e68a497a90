"""What the tests of two ivrd share: callers, their count beside the day's ledger, what was sent."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ivrd.cli.client import CommandFailed
from lab.callers import Caller, Ledger
from lab.callers.mix import mix
from lab.comparison import ending
from lab.hotline import Plan
from lab.ivrd import Ivrd
from lab.pair import OneOfTwo, Pair
from lab.recorder import ActionRecorder
from lab.running import LabError
from tests.fixtures.hotline import HOTLINE
from tests.real.rig import Watched

SETTLE_SECONDS = 240.0  # only a machine that is stuck takes so long
T = TypeVar("T")
UNSERVED = ("vaccine-register", "vaccine-trouble", "lab-results")


def eight_kinds(count: int, seed: int = 22) -> list[Caller]:
    """A mix in which exactly those wait where nobody answers who lose their patience there."""
    fits = [
        caller
        for caller in mix(3 * count, seed, config=HOTLINE)
        if (caller.behaviour == "abandons in queue") == (caller.expected.leaf in UNSERVED)
    ]
    return fits[:count]


def speaks(headers: dict[str, str]) -> bool:
    """Whether an action is a prompt for a caller."""
    return headers.get("Command", "").startswith("STREAM FILE")


class Two(Watched, Pair):
    """A pair with what tests ask of it again and again."""

    def __init__(self, plan: Plan, sentinel: bool = False) -> None:
        super().__init__(plan, sentinel=sentinel)
        self.recorders: dict[str, ActionRecorder] = {}

    def start(self) -> None:
        super().start()
        self.recorders = {ivrd.name: ActionRecorder(ivrd) for ivrd in self.both}

    def until(self, what: str, true: Callable[[], Any], seconds: float = SETTLE_SECONDS) -> Any:
        """What `true` gives, as soon as that is something; fails after `seconds`.

        Who is too slow for the lease ends, as it should, and is started anew.
        """
        deadline = time.monotonic() + seconds
        while not (found := true()):
            self.revive()
            assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
            time.sleep(0.1)
        return found

    def of_leader(self, act: Callable[[OneOfTwo], T], seconds: float = SETTLE_SECONDS) -> T:
        """What `act` gives of the leader; done again when there was none in between."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return act(self.leader())
            except (LabError, CommandFailed):
                if time.monotonic() > deadline:
                    raise
            self.revive()
            time.sleep(0.1)

    def complaints(self) -> list[str]:
        """What Asterisk or an ivrd has logged that should not be there."""
        own = [line for i in self.both for line in i.log_text().splitlines() if "Traceback" in line]
        return self.asterisk.complaints() + own


def day(ivrd: Ivrd) -> dict[str, Any]:
    """The day's ledger."""
    found: dict[str, Any] = ivrd.get("day", day="")
    return found


def in_doubt(hotline: Two, people: Sequence[Caller], ledger: Ledger) -> list[str]:
    """Callers who were not where they meant to be when they hung up, with all that is known."""
    book = hotline.asterisk.queue_log.read_text("utf-8", "replace").splitlines()
    queued = {line.split("|")[6] for line in book if "|ENTERQUEUE|" in line}
    received = [line.split("|")[1] for line in book if "|RECEIVED" in line]
    by_id = {caller.id: caller for caller in people}
    told = []
    for entry in ledger.entries:
        word = ending(by_id[entry.id], entry)
        if (word == "abandoned in the queue") == (entry.number in queued) or word == "answered":
            continue
        told.append(
            f"{word}, ENTERQUEUE {entry.number in queued}: {entry} {by_id[entry.id].script}"
        )
        near = received[max(0, entry.id - 3) : entry.id + 2]
        told += [line for line in book if line.split("|")[1] in near]
        for ivrd in hotline.both:
            rows = ivrd.log_text().splitlines()
            told += [f"{ivrd.name} {row}" for row in rows if any(name in row for name in near)]
    return told


def settled(ivrd: Ivrd) -> dict[str, Any]:
    """The day's ledger once nobody is here any more."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while (report := day(ivrd))["in_progress"] and time.monotonic() < deadline:
        time.sleep(0.2)
    return report


def two(folder: Path, sentinel: bool = False, **plan: Any) -> Two:
    return Two(Plan(folder, config=HOTLINE, **plan), sentinel)
