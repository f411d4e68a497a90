"""The people at partners: they have other work, and take a call when they are there.

A hundred employees of a bank took about a thousand calls a day, ten each.  So most of a partner's
seats that are pledged have nobody at them at most moments.  Pure; times are people's seconds.
"""

from __future__ import annotations

import heapq
from random import Random

from bench.day.people import Population, lognormal
from bench.day.profile import HOUR

BEGIN = 9 * HOUR  # of their working day
LINGERING = 600.0  # seconds after it in which people still take a call: the line has closed before
SPREAD = 0.5  # of the logarithm of the time that the other work takes


class Staff:
    """The people of one partner: `take` says whether one of them takes a call now.

    A call is followed by other work, for as long as leads to so many calls in a working day when
    there are always callers.
    """

    def __init__(self, people: int, of: Population, begin: float, random: Random) -> None:
        day = of.partner_hours * HOUR
        self._mean = max(1.0, day / of.partner_calls - of.talk_mean)
        self._random = random
        # One begins the day at the phone, the others come to it one after the other.
        self._back = [begin + self._work() * n / people for n in range(people)]
        heapq.heapify(self._back)

    def take(self, now: float, talk: float) -> bool:
        """Whether somebody is there, who then talks for so long and goes back to other work."""
        if not self._back or self._back[0] > now:
            return False
        heapq.heapreplace(self._back, now + talk + self._work())
        return True

    def _work(self) -> float:
        return lognormal(self._random, self._mean, SPREAD)


def at_work(of: Population, day: float, lingering: float = 0.0) -> bool:
    """Whether it is working time at partners at this second of the day, or so long after it."""
    return BEGIN <= day < BEGIN + of.partner_hours * HOUR + lingering
