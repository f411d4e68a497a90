"""How a day becomes a run of some minutes, and how many seats carry it.

Pure.  An hour of the day takes the same time as every other, but for hours in which hardly anybody
calls: these take a tenth, so that the night does not take a quarter of the run.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import Self

from bench.day.profile import DAY_CALLS, HOUR, Profile

QUIET_SHARE = 0.01  # of the day's calls in an hour: with less it is a quiet one
QUIET_PACE = 10.0  # how much faster it goes by
# People's times are divided by no more than this: what nothing compresses (app_queue looks once a
# second for a free seat, a menu's step takes a tenth) would be all that is seen.
MOST_FACTOR = 40.0


@dataclass(frozen=True)
class Clock:
    """The day's seconds beside the run's.

    `factor`: what all times of people are divided by.  `day_factor`: how many seconds of a busy
    hour go by in one of the run; it is more than `factor` in a short run.
    """

    edges: tuple[float, ...]  # of the day
    run_edges: tuple[float, ...]
    day_factor: float
    factor: float

    @classmethod
    def of(cls, profile: Profile, minutes: float) -> Self:
        """A clock on which the profile's day lasts so many minutes."""
        lengths = [
            (end - begin) / (QUIET_PACE if _quiet(begin, end, share) else 1.0)
            for begin, end, share in profile.spans
        ]
        day_factor = sum(lengths) / (60 * minutes)
        run_edges = accumulate((length / day_factor for length in lengths), initial=0.0)
        return cls(profile.edges, tuple(run_edges), day_factor, min(day_factor, MOST_FACTOR))

    def run(self, day: float) -> float:
        """The run's seconds at a moment of the day."""
        return _between(self.edges, self.run_edges, day)

    def day(self, run: float) -> float:
        """The day's seconds at a moment of the run; after its end it is midnight."""
        return _between(self.run_edges, self.edges, min(run, self.run_edges[-1]))

    @property
    def length(self) -> float:
        """Seconds of the run from its first possible call to its last."""
        return self.run_edges[-1]

    def people(self, seconds: float) -> float:
        """What a time of people's becomes."""
        return seconds / self.factor

    def seats(self, seats: int, calls: int) -> int:
        """How many seats bear the load that so many bore on the day, when so many calls come.

        Fewer calls than the day's are a sample of it; more are a worse day for the same seats.
        """
        sample = min(1.0, calls / DAY_CALLS)
        return max(1, round(seats * sample * self.day_factor / self.factor))


def _quiet(begin: float, end: float, share: float) -> bool:
    return share * HOUR < QUIET_SHARE * (end - begin)


def _between(known: tuple[float, ...], wanted: tuple[float, ...], at: float) -> float:
    """Linear interpolation; both rise."""
    n = max(1, min(bisect_right(known, at), len(known) - 1))
    part = (at - known[n - 1]) / (known[n] - known[n - 1])
    return wanted[n - 1] + part * (wanted[n] - wanted[n - 1])
