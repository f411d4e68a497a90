"""One hotline under load, as a strike finds it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median

from chaos.counts import Counts
from lab.agents import Choice, Manner
from lab.callers import Callers
from lab.detour import Detour
from lab.hotline import Lab
from lab.lag import Lag
from lab.pair import Pair
from lab.partners import PartnerSite
from lab.recorder import ActionRecorder

RECOVERS_IN = 60.0  # seconds after which a strike is said to have no end


class NoRecovery(Exception):
    """What was struck did not come back; one line for a person."""


@dataclass
class Scene:
    """The parts, and what strikes note for the reckoning."""

    folder: Path
    random: Random
    detour: Detour
    stack: ExitStack  # what ends with the run
    sites: dict[str, PartnerSite] = field(default_factory=dict)
    lag: Lag = field(default_factory=Lag)  # how far behind the machine was, in this run
    notes: list[str] = field(default_factory=list)  # what was measured beside, for the table
    found: list[str] = field(default_factory=list)  # what went wrong beside calls and counts
    excused: dict[int, str] = field(default_factory=dict)  # callers nobody can keep, and why
    cut: set[int] = field(default_factory=set)  # of those: their Asterisk crashed with their call
    took: dict[str, list[float]] = field(default_factory=dict)  # what took how many seconds
    struck: int = 0  # strikes before this one

    lab: Lab = field(init=False)
    calling: Callers = field(init=False)
    counts: Counts = field(init=False)
    recorders: tuple[ActionRecorder, ...] = ()  # of each ivrd of a pair

    @property
    def pair(self) -> Pair:
        """The lab, where there are two ivrd."""
        assert isinstance(self.lab, Pair)
        return self.lab

    def open_site(self, name: str, manner: Manner | Choice) -> PartnerSite:
        """Start a partner's call centre; it ends with the run."""
        site = PartnerSite(self.folder / f"site-{name}", manner)
        site.start()
        self.stack.callback(site.stop)
        self.sites[name] = site
        return site

    def excuse(self, ended: str, why: str, among: Collection[int] | None = None) -> set[int]:
        """Callers whose calls are so ("still calling", "refused") now: nobody could keep them.

        `among`: only of these.
        """
        found = self.ended(ended)
        if among is not None:
            found &= set(among)
        for caller in found:
            self.excused.setdefault(caller, why)
        return found

    def ended(self, how: str) -> set[int]:
        """Callers whose calls are so now."""
        return {entry.id for entry in self.calling.ledger().entries if entry.ended == how}

    def until(self, what: str, true: Callable[[], bool], since: float | None = None) -> float:
        """Seconds from `since` (monotonic; now) until `true` holds. Raises NoRecovery."""
        began = time.monotonic()
        since = began if since is None else since
        while not true():
            if time.monotonic() - began > RECOVERS_IN:
                raise NoRecovery(f"not within {RECOVERS_IN:g} s: {what}")
            time.sleep(0.05)  # nothing tells: asking is all there is
        return time.monotonic() - since

    def linked(self) -> bool:
        """Whether ivrd says that it is connected to Asterisk, and has rebuilt its ledger."""
        if not self.lab.ivrd.http("/-/ready").startswith("ok\n"):
            return False
        return "ivrd_ami_up 1" in self.lab.ivrd.http("/metrics")

    def end_ivrd(self) -> None:
        """kill -9."""
        self.lab.ivrd.kill()

    def start_ivrd(self) -> float:
        """Seconds until it has started and is connected to Asterisk."""
        began = time.monotonic()
        self.lab.ivrd.start()
        return self.until("ivrd is connected", self.linked, began)

    def note(self, text: str) -> None:
        """Something measured; a repeated one is told once."""
        if text not in self.notes:
            self.notes.append(text)

    def time(self, what: str, seconds: float) -> None:
        """Something that took so long; told with all others of its name."""
        self.took.setdefault(what, []).append(seconds)

    def times(self) -> list[str]:
        """What was told to `time`."""
        return [
            f"{what} {median(took):.1f} s" + (f" (longest {max(took):.1f} s)" if took[1:] else "")
            for what, took in self.took.items()
        ]
