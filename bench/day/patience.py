"""How long callers wait before they give up: not exponential, with two peaks of the hazard.

Many give up as soon as they hear that they wait, and many about a minute later, when they hear
their position again (Gans, Koole, Mandelbaum, Telephone Call Centers, 2003, section 6.3).  Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import exp, inf
from random import Random

FIRST = (0.0, 10.0)  # seconds of the first peak
SECOND = (50.0, 70.0)  # of the second


@dataclass(frozen=True)
class Patience:
    """A hazard that is constant but for two peaks, where it is `peak` times as high.

    `mean`: seconds that the callers would wait on average if nobody ever came.
    """

    mean: float
    peak: float = 3.0

    def __post_init__(self) -> None:
        if self.mean <= 0 or self.peak < 1:
            raise ValueError("patience: expected a mean above 0 and a peak of 1 or more")

    @cached_property
    def base(self) -> float:
        """The hazard between the peaks, a second: the one that leads to this mean."""
        low, high = 1e-9, 1e3 / self.mean
        for _ in range(100):  # the mean falls as the hazard rises: bisection
            middle = (low + high) / 2
            low, high = (middle, high) if _mean(middle, self.peak) > self.mean else (low, middle)
        return (low + high) / 2

    def hazard(self, waited: float) -> float:
        """How likely one who still waits is to give up within the next second."""
        peaks = any(begin <= waited < end for begin, end in (FIRST, SECOND))
        return self.base * (self.peak if peaks else 1.0)

    def after(self, used: float) -> float:
        """The wait after which the hazard, summed up, has come to `used`."""
        base = self.base
        for begin, end, height in _steps(self.peak):
            if used <= (end - begin) * base * height:
                return begin + used / (base * height)
            used -= (end - begin) * base * height
        raise AssertionError("the last step has no end")

    def draw(self, random: Random) -> float:
        """Seconds of one caller's patience."""
        return self.after(random.expovariate(1.0))


def _steps(peak: float) -> list[tuple[float, float, float]]:
    """(from, to, multiple of the base) of each stretch with an even hazard."""
    edges = (*FIRST, *SECOND, inf)
    heights = (peak, 1.0, peak, 1.0)
    return [(a, b, height) for (a, b), height in zip(pairwise(edges), heights, strict=True)]


def _mean(base: float, peak: float) -> float:
    """The mean wait: the integral of the share that still waits."""
    total, left = 0.0, 1.0
    for begin, end, height in _steps(peak):
        rate = base * height
        gone = 1 - (exp(-rate * (end - begin)) if end < inf else 0.0)
        total += left * gone / rate
        left *= 1 - gone
    return total
