"""Two systems and the same callers: is one of them better, or is it chance?  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, sqrt
from statistics import mean, stdev

from bench.figures import Figures

CHANCE = 0.05  # what is rarer than this is no chance
# Student's t for 95 % on both sides, by degrees of freedom; the last for more.
T95 = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23)


@dataclass(frozen=True)
class Pairs:
    """Callers whom one of two systems lost and the other did not.

    `differences`: of each round, calls lost by ours less those lost by theirs, of 100.
    """

    calls: int
    only_ours: int
    only_theirs: int
    differences: tuple[float, ...]

    @property
    def worse(self) -> bool:
        """Whether ours loses more, beyond chance (sign test on the pairs, one-sided)."""
        return at_least(self.only_ours, self.only_ours + self.only_theirs) < CHANCE

    @property
    def better(self) -> bool:
        """Whether ours loses fewer, beyond chance."""
        return at_least(self.only_theirs, self.only_ours + self.only_theirs) < CHANCE

    @property
    def interval(self) -> tuple[float, float]:
        """95 % of the difference in calls lost of 100: over rounds, or of the pairs of one."""
        middle, count = mean(self.differences), len(self.differences)
        if count > 1:
            wide = T95[min(count - 1, len(T95)) - 1] * stdev(self.differences) / sqrt(count)
        else:
            apart = (self.only_ours - self.only_theirs) ** 2 / self.calls
            spread = sqrt(max(0.0, self.only_ours + self.only_theirs - apart))
            wide = 1.96 * 100 * spread / self.calls
        return middle - wide, middle + wide

    def __str__(self) -> str:
        low, high = self.interval
        if self.worse or self.better:
            said = "fewer" if self.better else "MORE"
        else:
            said = "no difference beyond chance"
        return (
            f"{self.only_theirs} callers lost by it alone, {self.only_ours} by ivrd alone: "
            f"{mean(self.differences):+.1f} of 100 calls ({low:+.1f} to {high:+.1f}), {said}"
        )


def at_least(count: int, of: int) -> float:
    """The probability of at least `count` heads when a fair coin is tossed `of` times."""
    return float(sum(comb(of, n) for n in range(count, of + 1)) / 2**of)


def pairs(ours: Sequence[Figures], theirs: Sequence[Figures]) -> Pairs:
    """The comparison over rounds; both have the same ones."""
    both = list(zip(ours, theirs, strict=True))
    return Pairs(
        calls=sum(of.calls for of in ours),
        only_ours=sum(len(a.lost - b.lost) for a, b in both),
        only_theirs=sum(len(b.lost - a.lost) for a, b in both),
        differences=tuple(100 * (len(a.lost) - len(b.lost)) / a.calls for a, b in both),
    )
