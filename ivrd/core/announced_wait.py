"""What a waiting caller is told of the wait: an upper bound in round minutes, or a lower one.

A bound that is broken costs more callers than a long one does.  So a bound is rounded up, and where
bounds have often been broken lately, only what the wait is longer than is told.
"""

from bisect import bisect_left
from dataclasses import dataclass
from math import inf

from ivrd.core.expected_wait import Calibration, Wait

# The minutes that are told; each has a recording.
LESS = (1, 2, 3, 5, 7, 10, 15, 20, 25, 30, 40, 50, 60, 90, 120)
MORE = (2, 5, 10, 20, 30, 60, 120)
CLEARLY = 0.9  # a shorter bound than the last is told when so much of it is enough


@dataclass(frozen=True)
class Announced:
    """The wait is less than so many `minutes`, or more."""

    minutes: int
    less: bool = True


def prompt(announced: Announced) -> str:
    """The name of its recording."""
    return f"wait-{'less' if announced.less else 'more'}-{announced.minutes}"


ALL = (*(Announced(m) for m in LESS), *(Announced(m, less=False) for m in MORE))

# How many who wait beside the line can be told among those ahead; more are rounded up.
BESIDE: tuple[int, ...] = (*range(1, 21), 25, 30, 40, 50, 60, 80, 100, 150, 200, 300, 500)


def rounded_up(beside: int) -> int:
    """So many, or a few more, as can be told; 0 for none."""
    if beside <= 0:
        return 0
    at = min(bisect_left(BESIDE, beside), len(BESIDE) - 1)
    return BESIDE[at]


def announce(
    wait: Wait, calibration: Calibration, before: Announced | None, trusted_from: float
) -> Announced | None:
    """What to tell; None for one who need not wait, or whom nobody serves.

    `before`: what was told last; a shorter bound follows once the wait is clearly within it.
    `trusted_from`: of the last bounds that ratio must have been kept, or no upper bound is told.
    """
    if wait.mean in (0.0, inf):
        return None
    bound = calibration.factor * wait.at_most / 60.0
    if calibration.coverage >= trusted_from and bound <= LESS[-1]:
        minutes = _at_least(bound)
        if before is not None and before.less and minutes < before.minutes:
            minutes = min(before.minutes, _at_least(bound / CLEARLY))
        return Announced(minutes)
    shorter = bisect_left(MORE, calibration.factor * wait.at_least / 60.0) - 1
    return Announced(MORE[shorter], less=False) if shorter >= 0 else None


def _at_least(minutes: float) -> int:
    return LESS[min(bisect_left(LESS, minutes), len(LESS) - 1)]
