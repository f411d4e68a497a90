"""When people call in a day: shares by hour, and arrival times drawn from them.

Pure.  Times are seconds since midnight.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise
from random import Random

HOUR = 3600.0
DAY_CALLS = 49_005  # 21 February 2022, as THE STANDARD reported it
# Percent of a day's calls by hour, from the counts of a bank's call centre in 1999, 255 working
# days, 445,414 calls (the 'anonymous bank' of the Technion).
BY_HOUR = (
    *(0.3, 0.1, 0.1, 0.0, 0.0, 0.1, 0.4, 2.6, 5.6, 7.9, 9.0, 7.8),
    *(7.0, 7.3, 7.7, 7.7, 7.4, 6.0, 5.1, 4.2, 3.7, 3.8, 3.5, 2.7),
)
OPENS = 8  # o'clock, of a line that is closed at night
RUSH_SECONDS = 900.0  # a quarter of an hour
RUSH_SHARE = 0.05  # of the day's calls that come within it


@dataclass(frozen=True)
class Profile:
    """The relative number of calls between each two of `edges`, at an even rate there."""

    edges: tuple[float, ...]
    shares: tuple[float, ...]

    def __post_init__(self) -> None:
        ordered = all(a < b for a, b in pairwise(self.edges))
        if len(self.edges) != len(self.shares) + 1 or not ordered:
            raise ValueError("profile: expected rising edges, one more than there are shares")
        if min(self.shares) < 0 or not sum(self.shares):
            raise ValueError("profile: expected shares of 0 and more, not all of them 0")

    @property
    def spans(self) -> list[tuple[float, float, float]]:
        """Each (from, to, share of all calls)."""
        total = sum(self.shares)
        steps = zip(pairwise(self.edges), self.shares, strict=True)
        return [(begin, end, share / total) for (begin, end), share in steps]


def day() -> Profile:
    """A working day."""
    return Profile(tuple(HOUR * hour for hour in range(25)), BY_HOUR)


def opening() -> Profile:
    """A line that opens in the morning, where callers pile up until it does.

    RUSH_SHARE of them come within the first RUSH_SECONDS, the others as on a working day.
    """
    later = BY_HOUR[OPENS:]
    usual = (1 - RUSH_SHARE) / sum(later)
    opens, quarter = OPENS * HOUR, RUSH_SECONDS / HOUR
    edges = [0.0, opens, opens + RUSH_SECONDS, *(HOUR * h for h in range(OPENS + 1, 25))]
    first = later[0] * usual
    shares = [0.0, RUSH_SHARE + first * quarter, first * (1 - quarter)]
    return Profile(tuple(edges), (*shares, *(share * usual for share in later[1:])))


PROFILES: Mapping[str, Callable[[], Profile]] = {"day": day, "opening": opening}


def arrivals(profile: Profile, calls: int, random: Random) -> list[float]:
    """The moments of exactly so many calls, in order.

    Given its total, the arrivals of a nonhomogeneous Poisson process are independent draws from its
    rate, sorted (Lewis and Shedler 1979; Ross, Introduction to Probability Models, 5.4).
    """
    steps = list(accumulate(profile.shares))
    last = max(n for n, share in enumerate(profile.shares) if share)
    found = []
    for _ in range(calls):
        draw = random.random() * steps[-1]
        at = min(bisect_right(steps, draw), last)  # the smallest of numbers are rounded up
        begin, end = profile.edges[at], profile.edges[at + 1]
        share = profile.shares[at]
        way = (draw - (steps[at] - share)) / share  # 0 to 1, but for rounding
        found.append(begin + (end - begin) * min(1.0, max(0.0, way)))
    return sorted(found)
