"""Whether a link helps: how many of those who were sent one dial again soon.

Theory of operation
-------------------
*Deflection regret* is the share of deflected calls whose person dials again within
`REDIAL_SECONDS`.  It is settled for a call when that time is over, or when the person has dialled.
The share is taken over the calls of the last `WINDOW_SECONDS` for which that time is over, so that
neither those who dial at once nor those who do not dial yet weigh more; of fewer than `LEAST` there
is none.

While more than `Rules.most` regret it, the link is withdrawn, for `Rules.pause_seconds`.  Then it
is offered again, and judged by those alone who were sent it since.

Times are seconds since the epoch on the timeline of the calls.
"""

from collections import deque
from dataclasses import dataclass
from math import inf

REDIAL_SECONDS = 1800.0
WINDOW_SECONDS = 4 * 3600.0
LEAST = 20  # calls; of fewer the share says nothing


@dataclass(frozen=True)
class Rules:
    """most: the share (0 to 1) above which the link is withdrawn, for so many seconds."""

    most: float
    pause_seconds: float


@dataclass
class _Deflected:
    """A deflected call.  person: empty when nobody knows whose it was."""

    person: str
    at: float
    regretted: bool = False


class Deflections:
    """Deflected calls of the last hours, and whether the link is offered."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.regretted = 0  # calls, since the start
        self.withdrawn_until = -inf
        self._since = -inf  # those before do not count for the share
        self._calls: deque[_Deflected] = deque()  # the oldest first
        self._last: dict[str, _Deflected] = {}  # of each person

    def deflected(self, person: str, at: float) -> None:
        """A call of this person was deflected, and has ended."""
        call = _Deflected(person, at)
        self._calls.append(call)
        if person:
            self._last[person] = call

    def called(self, person: str, at: float) -> bool:
        """A person dials: whether that is the first time since a link was sent, and soon."""
        call = self._last.get(person)
        if call is None or call.regretted or not 0 <= at - call.at <= REDIAL_SECONDS:
            return False
        call.regretted = True
        self.regretted += 1
        return True

    def erase(self, person: str) -> None:
        """Forget whose the calls of this person were: they count for no share any more."""
        if self._last.pop(person, None) is None:
            return
        for call in self._calls:
            if call.person == person:
                call.person = ""

    def share(self, now: float) -> float | None:
        """Of those who were sent the link, how many dialled again; None when they are too few."""
        self._forget(now - WINDOW_SECONDS)
        over = [
            call
            for call in self._calls
            if call.person and self._since <= call.at < now - REDIAL_SECONDS
        ]
        if len(over) < LEAST:
            return None
        return sum(call.regretted for call in over) / len(over)

    def offered(self, now: float) -> bool:
        """Whether the link is offered now."""
        return now >= self.withdrawn_until

    def look(self, now: float) -> float | None:
        """Withdraw the link if too many regret it; their share when this has just happened."""
        if not self.offered(now):
            return None
        share = self.share(now)
        if share is None or share <= self.rules.most:
            return None
        self.withdrawn_until = self._since = now + self.rules.pause_seconds
        return share

    def _forget(self, before: float) -> None:
        while self._calls and self._calls[0].at < before:
            gone = self._calls.popleft()
            if self._last.get(gone.person) is gone:
                del self._last[gone.person]
