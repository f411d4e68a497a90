"""Who calls next: somebody new, or one of those who mean to call again.

The profile is of all calls, those of people who call once more among them.  So each of its moments
is taken by whoever has been due longest in one of the two orbits (Ding, Koole, van der Mei, arXiv
1311.6248: redials after giving up, reconnects after having been served), and by somebody new when
nobody is due.  The day has exactly as many calls as it is to have, at exactly the moments of the
profile, whatever becomes of them.  Pure; times are seconds of people's, from any beginning.
"""

from __future__ import annotations

import heapq
from collections import Counter
from enum import StrEnum

from bench.day.people import People, Visit


class Why(StrEnum):
    """Why somebody calls."""

    NEW = "new"
    REDIAL = "redial"
    RECONNECT = "reconnect"


class Orbits:
    """The people of one day."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._due: list[tuple[float, int, int, Why]] = []  # when, person, call, why
        self.persons = 0
        self.why: Counter[Why] = Counter()

    def next(self, now: float) -> tuple[Visit, Why]:
        """Who calls at this moment, and why."""
        if self._due and self._due[0][0] <= now:
            _at, person, call, why = heapq.heappop(self._due)
        else:
            self.persons += 1
            person, call, why = self.persons, 1, Why.NEW
        self.why[why] += 1
        return self._people.visit(person, call), why

    def ended(self, visit: Visit, served: bool, now: float) -> None:
        """A call is over; `served`: the person got what the call was for."""
        again = self._people.again(visit, served)
        if again is None:
            return
        why = Why.RECONNECT if again.served else Why.REDIAL
        heapq.heappush(self._due, (now + again.delay, visit.person, visit.call + 1, why))

    @property
    def waiting(self) -> int:
        """How many mean to call again."""
        return len(self._due)
