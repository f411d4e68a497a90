"""The hand-off: how long a caller waits although somebody could take the call.

Theory of operation
-------------------
A caller's wait has two parts.  In one there is nobody free: more people would shorten it.  In the
other a seat is free for the caller, or rings in vain, or a person listens to what the call is: that
is the hand-off, and only a better way to a person shortens it.

`Handoffs` is told when seats become free and which are rung for whom.  app_queue rings for the
first in line whom a free seat serves, in the same moment unless a position is being said.  So the
hand-off goes on from when the seat that is rung was free and the caller was in the line, whichever
was later, as long as any seat rings for the caller.  A seat that rang in vain counts, the time in
which none could be rung does not, and the next seat's counts on top.

Times are seconds on one clock.  Nothing here grows with the callers but two maps.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class SeatKind(StrEnum):
    """How a seat is reached."""

    PHONE = "phone"  # one of our own, which registers
    PARTNER = "partner"  # a partner's trunk; its person presses a key
    LINE = "line"  # its person has dialled in and stays on the line


@dataclass
class _Wait:
    """A caller's wait so far.

    `since`: when the hand-off that goes on began, None while no seat rings.  `spent`: of those that
    are over.  `free_from`: no time before this counts, for it has been counted or was no wait.
    """

    free_from: float
    rung: set[str] = field(default_factory=set)
    since: float | None = None
    spent: float = 0.0


class Handoffs:
    """The hand-offs of all who wait."""

    def __init__(self) -> None:
        self._free: dict[str, float] = {}  # since when a seat can be rung, or when it last could
        self._held: set[str] = set()  # seats that cannot be rung now
        self._waits: dict[str, _Wait] = {}

    def seat_free(self, seat: str, at: float) -> None:
        """The seat can be rung; it may be told again."""
        if seat in self._held or seat not in self._free:
            self._held.discard(seat)
            self._free[seat] = at

    def seat_held(self, seat: str) -> None:
        """The seat rings, talks, is paused or away."""
        self._held.add(seat)

    def joined(self, call: str, at: float) -> None:
        """A caller has joined a queue, for the first time or again."""
        self._waits[call] = _Wait(at)

    def offered(self, call: str, seat: str, at: float) -> None:
        """The seat is about to be rung for the caller."""
        wait = self._waits.get(call)
        if wait is None:
            return
        wait.rung.add(seat)
        if wait.since is None:
            wait.since = min(at, max(wait.free_from, self._free.get(seat, at)))

    def unanswered(self, call: str, seat: str, at: float) -> None:
        """The seat is not rung for the caller any more."""
        wait = self._waits.get(call)
        if wait is None or seat not in wait.rung:
            return
        wait.rung.remove(seat)
        if not wait.rung and wait.since is not None:
            wait.spent += max(0.0, at - wait.since)
            wait.since, wait.free_from = None, at

    def answered(self, call: str, at: float) -> float | None:
        """A person has the caller: seconds that the hand-off took; None when it was not seen."""
        wait = self._waits.pop(call, None)
        if wait is None or wait.since is None:
            return None
        return wait.spent + max(0.0, at - wait.since)

    def ended(self, call: str) -> None:
        """The caller waits no more."""
        self._waits.pop(call, None)
