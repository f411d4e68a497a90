"""What is to be run of a fault, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from chaos.check import NO_RECOVERY, Verdict
from chaos.fault import Fault, Setup, Strike

TWO_ACT = "two ivrd led in turns"


@dataclass(frozen=True)
class Order:
    """What to run of a fault."""

    fault: Fault
    setup: Setup
    strike: Strike
    strikes: int
    seconds: float  # of dialling
    seed: int


@dataclass(frozen=True)
class Outcome:
    """What came of it. Times are seconds."""

    order: Order
    verdict: Verdict
    strikes: int
    recovery: float  # the longest
    notes: tuple[str, ...]
    found: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether nobody was lost, all counts are exact, and the strikes found nothing else."""
        return self.verdict.good and not self.found

    @property
    def harmed(self) -> bool:
        """Whether callers or counts came to harm, ivrd to no end, or two ivrd led at once.

        It is what a control has to show.
        """
        found = any(what in text for text in self.found for what in (NO_RECOVERY, TWO_ACT))
        return found or not self.verdict.good
