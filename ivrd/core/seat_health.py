"""Seats of our own that do not answer, each with the breaker that partners have (breaker.py).

Theory of operation
-------------------
app_queue rings the next seat when one does not answer; what it does not do is remember.  Here it
is remembered, seat by seat:

1. A seat that has just refused a call, or dropped one, is left alone for `SHORT_SECONDS`: time for
   the person to come back, and for callers to be with others.  A pause does that and no penalty,
   for app_queue looks at pauses at each ring, at penalties only when it makes a new list.
2. After as many failures in a row as `LIMITS` has, the seat **rests**: it is paused, for a minute
   at first and each time for twice as long.  One missed call is enough: it took a caller a whole
   ring, in which no other seat could have him.
   Where it is better for callers, one who rests is rung all the same (last_resort.py).
3. When that pause is over the breaker is half open: the seat is rung after all others, so that it
   costs a caller nothing while anybody else is free.  A call that lasts makes it a seat like any
   other, a failure makes it rest again.  One that has missed one call and no more is rung in its
   turn again after `DOUBTED_SECONDS`.

It comes back at once when its phone registers anew, by a key on the phone, and by a command.

What Asterisk has is the truth: pauses and penalties are read back from it (`read`), and whoever
takes one of our pauses back has resumed the seat.  Times are seconds since the epoch.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf
from typing import TypedDict

from ivrd.core import breaker as b
from ivrd.core.breaker import Breaker, BreakerState
from ivrd.core.breaker_events import (
    Confirmed,
    Dropped,
    Event,
    Failure,
    FailureKind,
    Lost,
    Missed,
    Refused,
)
from ivrd.core.seats import LAST, OURS, Member, Turn

LIMITS = b.Limits(
    in_a_row={
        **dict.fromkeys(FailureKind, 3),
        FailureKind.MISSED: 1,
        FailureKind.DROPPED: 2,
        FailureKind.LOST: 1,  # it took a caller half a minute of silence
    },
    first_pause=60.0,
    longest_pause=600.0,
    early_seconds=1.0,
)
NEW = Breaker(limits=LIMITS, known=True)
WELL = Turn()  # of a seat that has not failed
SHORT_SECONDS = 20.0  # after a first failure
DOUBTED_SECONDS = LIMITS.longest_pause  # a person who is there is not to be last for ever
NEWS_SECONDS = 1.0  # after the time that proves a seat good: for the news of a drop to come
LASTED_SECONDS = LIMITS.early_seconds + NEWS_SECONDS  # of a seat that has not fallen silent
RANG_SECONDS = 3.0  # who rang for less was refused
# Of a call that so many seats have dropped the call is the reason.
DROPS_AT_MOST = 2
READ_BACK = "it did not answer before"


class Reason(StrEnum):
    """Why a call was not taken; a label of `ivrd_ring_no_answer_total`."""

    MISSED = "missed"
    REFUSED = "refused"
    DROPPED = "dropped"
    LOST = "lost"


def rang_reason(rang_seconds: float) -> Reason:
    """Why a seat that was rung for so long did not answer."""
    return Reason.MISSED if rang_seconds >= RANG_SECONDS else Reason.REFUSED


@dataclass(frozen=True)
class NotTaken:
    """A seat was offered a call and did not take it."""

    seat: str
    reason: Reason
    at: float


@dataclass(frozen=True)
class Rests:
    """A seat is not rung for a while."""

    seat: str
    why: str


@dataclass(frozen=True)
class Resumed:
    """A seat is rung in its turn again; `by`: `phone`, `key`, an operator, or who resumed it."""

    seat: str
    by: str


class SeatRow(TypedDict):
    """One seat, as `ivrd seats list` shows it.

    `state`: free, ringing, busy, away, paused or closed.  `why`: why it is not rung in its turn,
    empty if it is.  `paused_at`: seconds since the epoch, 0 for a seat that is not paused.
    """

    seat: str
    pool: str
    state: str
    why: str
    paused_at: float


SeatNotice = NotTaken | Rests | Resumed


class SeatHealth:
    """All seats of our own that have failed; one that is not named stands well."""

    def __init__(self) -> None:
        self._breakers: dict[str, Breaker] = {}
        self._failed_at: dict[str, float] = {}
        self._answered: dict[str, float] = {}  # seats whose talk may still prove to be none

    # --- what happens ----------------------------------------------------------------------

    def unanswered(self, seat: str, at: float, rang_seconds: float) -> list[SeatNotice]:
        """The seat was rung for so long, and another one is to be rung."""
        if rang_reason(rang_seconds) is Reason.MISSED:
            return self._failed(seat, Missed(at), Reason.MISSED)
        return self._failed(seat, Refused(at, cause=0), Reason.REFUSED)

    def dropped(self, seat: str, at: float, drops: int, silent_seconds: float) -> list[SeatNotice]:
        """The seat answered and was gone; `drops`: how many seats have dropped this call so far.

        `silent_seconds`: nothing had come from it for so long; 0 for one that hung up.
        """
        self._answered.pop(seat, None)
        if drops > DROPS_AT_MOST:
            return []
        if silent_seconds:
            return self._failed(seat, Lost(at, silent_seconds), Reason.LOST)
        return self._failed(seat, Dropped(at), Reason.DROPPED)

    def answered(self, seat: str, at: float) -> bool:
        """The seat took a call; whether that says anything new."""
        if seat not in self._breakers:
            return False
        self._answered[seat] = at
        self._failed_at.pop(seat, None)
        self._step(seat, Confirmed(at))
        return True

    def advance(self, now: float) -> list[SeatNotice]:
        """What no event tells: talks that have lasted."""
        lasted = [s for s, at in self._answered.items() if now - at >= self._proof_seconds(s)]
        back = [Resumed(seat, "answering") for seat in lasted if self.absent(seat, now)]
        for seat in lasted:
            del self._answered[seat]
            del self._breakers[seat]
        return [*back]

    def _proof_seconds(self, seat: str) -> float:
        return b.proof_seconds(self._breakers[seat]) + NEWS_SECONDS

    def resume(self, seat: str, by: str) -> list[SeatNotice]:
        """Begin anew with this seat; nothing happens to one that stands well."""
        self._answered.pop(seat, None)
        self._failed_at.pop(seat, None)
        return [Resumed(seat, by)] if self._breakers.pop(seat, None) else []

    def read(self, members: Iterable[Member], now: float, last_resort: Collection[str]) -> None:
        """Take over what Asterisk has: who rests there, and who is rung last.

        `last_resort`: seats that are not paused there, though they rest (last_resort.py).
        """
        resting: dict[str, str] = {}
        last: set[str] = set()
        for member in members:
            if member.rests:
                resting[member.seat] = member.reason.removeprefix(OURS)
            if member.penalty == LAST:
                last.add(member.seat)
        resumed = {
            seat
            for seat in self._breakers
            if self.turn(seat, now).pause and seat not in resting and seat not in last_resort
        }
        for seat in resumed:  # somebody took the pause back
            self.resume(seat, "Asterisk")
        for seat in last - set(resting) - set(self._breakers) - resumed:
            self._breakers[seat] = replace(NEW, state=BreakerState.HALF_OPEN, why=READ_BACK)
        for seat, why in resting.items():
            if b.at(self._breakers.get(seat, NEW), now).state is BreakerState.CLOSED:
                first = LIMITS.first_pause
                self._breakers[seat] = replace(
                    NEW, state=BreakerState.OPEN, until=now + first, pause=first, why=why
                )

    def _failed(self, seat: str, event: Failure, reason: Reason) -> list[SeatNotice]:
        before = b.at(self._breakers.get(seat, NEW), event.at).state
        after = self._step(seat, event)
        self._failed_at[seat] = event.at
        notices: list[SeatNotice] = [NotTaken(seat, reason, event.at)]
        if after.state is BreakerState.OPEN and before is not BreakerState.OPEN:
            notices.append(Rests(seat, after.why))
        return notices

    def _step(self, seat: str, event: Event) -> Breaker:
        self._breakers[seat] = after = b.step(self._breakers.get(seat, NEW), event)
        return after

    # --- what follows from it --------------------------------------------------------------

    def turn(self, seat: str, now: float) -> Turn:
        """When the seat is rung."""
        if seat not in self._breakers and seat not in self._failed_at:
            return WELL
        here = b.at(self._breakers.get(seat, NEW), now)
        if here.state is BreakerState.OPEN:
            return Turn(last=True, pause=OURS + here.why)
        if here.state is BreakerState.HALF_OPEN:
            return Turn(last=self._doubted(seat, now))
        return Turn(pause=OURS + self._last_failure(here) if self._left_alone(seat, now) else "")

    def failing(self) -> set[str]:
        """All seats but those that stand well."""
        return self._breakers.keys() | self._failed_at.keys()

    def failed_at(self, seat: str) -> float:
        """When it failed last; 0 if that is not known, or somebody has answered there since."""
        return self._failed_at.get(seat, 0.0)

    def missed_once(self, seat: str) -> bool:
        """Whether all that speaks against the seat is one missed call."""
        breaker = self._breakers.get(seat, NEW)
        one = dict(breaker.failures) == {FailureKind.MISSED: 1}
        return one and self._failed_at.get(seat, inf) + breaker.pause == breaker.until

    def _left_alone(self, seat: str, now: float) -> float:
        """For how many seconds more, after a failure that was not one too many."""
        return max(0.0, self._failed_at.get(seat, -SHORT_SECONDS) + SHORT_SECONDS - now)

    def _doubted(self, seat: str, now: float) -> bool:
        """Whether a half-open breaker counts against it: after one missed call only for a time."""
        return not self.missed_once(seat) or now - self.failed_at(seat) < DOUBTED_SECONDS

    def _last_failure(self, breaker: Breaker) -> str:
        return str(max(breaker.failures, key=breaker.failures.__getitem__, default=READ_BACK))

    def absent(self, seat: str, now: float) -> bool:
        """Whether nobody should count on the seat: it rests, or has yet to show that it answers."""
        if seat not in self._breakers and seat not in self._failed_at:
            return False
        here = b.at(self._breakers.get(seat, NEW), now)
        if here.state is BreakerState.HALF_OPEN:
            return self._doubted(seat, now)
        return here.state is BreakerState.OPEN or self._left_alone(seat, now) > 0.0

    def describe(self, seat: str, now: float) -> str:
        """In words that an operator can act on; empty for a seat that stands well."""
        here = b.at(self._breakers.get(seat, NEW), now)
        if here.state is BreakerState.OPEN:
            return f"rests for {here.until - now:.0f} s more: {here.why}"
        if here.state is BreakerState.HALF_OPEN:
            late = self._doubted(seat, now)
            return f"rung after all others until it answers: {here.why}" if late else ""
        if left := self._left_alone(seat, now):
            return f"left alone for {left:.0f} s more: {self._last_failure(here)}"
        return ""
