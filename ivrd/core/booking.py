"""A booking's life as one table: somebody is to be called back, until a person has talked to them.

Theory of operation
-------------------
A `Booking` is an immutable record; `step(booking, event)` returns the next one.  What is not in the
table raises `InvalidStep` and changes nothing, so that there are never two attempts at once, and
none after the person was reached.

An *attempt* is one time that the hotline dials.  It has a token, the booking's id and the number of
the attempt: whoever begins it again, after a restart say, begins the same attempt.  It ends with an
`AttemptResult`.  `REACHED` is the end of the booking; `FAULT` and `TRUNK` are faults of ours or of
the carrier, and are tried again soon without being counted; the person did not come to the phone
in all others, which are tried again after `Retries.after_seconds`, so many times.  Whoever did not
ask to be called (`BookingOrigin.LOST`) is not tried again.

Whoever has been answered in a call of their own meanwhile is reached as well.  While that talk goes
on nobody dials, and nobody does while the person is in any call to the hotline.

Times are seconds since the epoch on ivrd's timeline.

What may live here: facts about one booking.  Not: who is dialled next (dialling.py), how a call is
made (ivrd/asterisk), where bookings are kept (ivrd/callbacks).
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from ivrd.core.priority import NO_HEAD_START, HeadStart


class BookingState(StrEnum):
    """Where a booking is."""

    WAITING = "waiting"  # for its turn, or for the next attempt
    DIALLING = "dialling"
    ANNOUNCEMENT = "announcement"  # somebody has answered, and hears who calls and what to press
    IN_QUEUE = "in_queue"  # the person has pressed the key, and waits for a person or talks
    REACHED = "reached"
    GIVEN_UP = "given_up"  # as often as it may be tried it was
    CANCELLED = "cancelled"


class BookingOrigin(StrEnum):
    """Why somebody is called back."""

    ASKED = "asked"
    LOST = "lost"  # gave up, and was not answered since: see recovery.py


class AttemptResult(StrEnum):
    """How an attempt ended."""

    REACHED = "reached"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    NO_KEY = "no_key"  # answered, and nobody pressed the key: a machine, or somebody else
    HUNG_UP = "hung_up"  # during the announcement
    LEFT = "left"  # hung up in the queue, before a person answered
    DECLINED = "declined"  # pressed the key that says: do not call any more
    UNREACHABLE = "unreachable"  # the network refuses the number
    TRUNK = "trunk"  # the carrier did not take the call
    FAULT = "fault"  # Asterisk did not make the call, or has lost it


# Faults that say nothing of the person.
NOT_COUNTED = frozenset({AttemptResult.TRUNK, AttemptResult.FAULT})


@dataclass(frozen=True)
class Retries:
    """When it is tried again.

    after_seconds: from one counted attempt to the next; one more attempt than these are made.
    fault_seconds: the same after a fault that is not counted.
    """

    after_seconds: tuple[float, ...]
    fault_seconds: float


@dataclass(frozen=True)
class Attempt:
    """An attempt that has ended, and when it began and ended."""

    began_at: float
    ended_at: float
    result: AttemptResult


TRIES_DIGITS = 3  # of a token, after the booking's id


def booking_of(token: str) -> str:
    """The id of the booking that a token is of."""
    return token[:-TRIES_DIGITS]


@dataclass(frozen=True)
class Booking:
    """Somebody who is to be called back.

    person: a keyed hash of the number that is dialled; asked_by: the same of the number that asked.
    number: that number, sealed; empty once the booking has ended.
    effective_at: the effective arrival, by which its turn comes; head_start: that of the call in
    which it was asked for.
    not_before: it is not dialled before that.
    call_id: of the call that the attempt is, once somebody has answered; answered_at: since when
    a person talks to them, in that call or in one of their own.
    """

    id: str
    person: str
    asked_by: str
    number: str
    queue: str
    topic: str
    language: str
    booked_at: float
    effective_at: float
    not_before: float = 0.0
    state: BookingState = BookingState.WAITING
    tries: int = 0  # attempts so far, the one that is on among them
    began_at: float | None = None  # the attempt that is on
    call_id: str = ""
    answered_at: float | None = None
    ended_at: float | None = None
    attempts: tuple[Attempt, ...] = ()  # those that have ended
    origin: BookingOrigin = BookingOrigin.ASKED
    head_start: HeadStart = NO_HEAD_START

    @property
    def turn_at(self) -> float:
        """When its turn comes among callers on the line; see priority.py."""
        return self.effective_at - self.head_start.seconds

    @property
    def open(self) -> bool:
        """Whether the person is still to be reached."""
        return self.state not in ENDED

    @property
    def on(self) -> bool:
        """Whether an attempt is on."""
        return self.state in ATTEMPT

    @property
    def token(self) -> str:
        """What stands for the attempt that is on, everywhere outside ivrd."""
        return f"{self.id}{self.tries:0{TRIES_DIGITS}}"

    @property
    def counted(self) -> int:
        """How many attempts have found that the person did not come to the phone."""
        return sum(one.result not in NOT_COUNTED for one in self.attempts)


ENDED = frozenset({BookingState.REACHED, BookingState.GIVEN_UP, BookingState.CANCELLED})
ATTEMPT = frozenset({BookingState.DIALLING, BookingState.ANNOUNCEMENT, BookingState.IN_QUEUE})


@dataclass(frozen=True)
class Dialled:
    """The hotline begins to dial."""

    at: float


@dataclass(frozen=True)
class PickedUp:
    """Somebody has answered, and hears the announcement."""

    at: float
    call_id: str


@dataclass(frozen=True)
class ConfirmedByKey:
    """The person has pressed the key: the call goes to the queue."""

    at: float
    call_id: str


@dataclass(frozen=True)
class TalkBegan:
    """A person talks to them, in this call or in one of their own."""

    at: float


@dataclass(frozen=True)
class TalkFailed:
    """That talk was none: they wait again."""


@dataclass(frozen=True)
class TalkedElsewhere:
    """They have talked to a person in a call of their own."""

    at: float


@dataclass(frozen=True)
class AttemptEnded:
    """The attempt has ended.  A talk that had begun in it counts, whatever the result says."""

    at: float
    result: AttemptResult


@dataclass(frozen=True)
class Cancelled:
    """The person, or an operator, does not want the call any more."""

    at: float


@dataclass(frozen=True)
class TriedAgain:
    """An operator wants it dialled as soon as its turn comes, however often it was tried."""

    at: float


Event = (
    Dialled
    | PickedUp
    | ConfirmedByKey
    | TalkBegan
    | TalkFailed
    | TalkedElsewhere
    | AttemptEnded
    | Cancelled
    | TriedAgain
)

S = BookingState
# (state, event) -> the next state; None: it depends, see `step`.
TABLE: dict[tuple[BookingState, type[Event]], BookingState | None] = {
    (S.WAITING, Dialled): S.DIALLING,
    (S.DIALLING, PickedUp): S.ANNOUNCEMENT,
    (S.DIALLING, ConfirmedByKey): S.IN_QUEUE,  # when PickedUp was not reported
    (S.ANNOUNCEMENT, ConfirmedByKey): S.IN_QUEUE,
    **{(state, AttemptEnded): None for state in ATTEMPT},
    **{(state, TalkBegan): state for state in (S.WAITING, *ATTEMPT)},
    **{(state, TalkFailed): state for state in (S.WAITING, *ATTEMPT)},
    (S.WAITING, TalkedElsewhere): S.REACHED,
    # It closes when the attempt has ended, which dials nobody any more.
    **{(state, TalkedElsewhere): state for state in ATTEMPT},
    (S.WAITING, Cancelled): S.CANCELLED,
    (S.WAITING, TriedAgain): S.WAITING,
    (S.GIVEN_UP, TriedAgain): S.WAITING,
}


class InvalidStep(ValueError):
    """An event that cannot happen to a booking where it is; nothing was changed."""


def step(booking: Booking, event: Event, retries: Retries) -> Booking:
    """The booking after `event`.  Raises `InvalidStep` when the table has no such step."""
    try:
        state = TABLE[booking.state, type(event)]
    except KeyError:
        name = type(event).__name__
        raise InvalidStep(f"{name} cannot happen to a booking that is {booking.state}") from None
    after = replace(booking, state=state or booking.state)
    match event:
        case Dialled(at):
            return replace(after, began_at=at, tries=booking.tries + 1, call_id="")
        case PickedUp(call_id=call_id) | ConfirmedByKey(call_id=call_id):
            return replace(after, call_id=call_id)
        case TalkBegan(at) | TalkedElsewhere(at):
            at = booking.answered_at if booking.answered_at is not None else at
            after = replace(after, answered_at=at)
            return after if after.open else _close(after, event.at)
        case TalkFailed():
            return replace(after, answered_at=None)
        case AttemptEnded():
            return _ended(booking, event, retries)
        case Cancelled(at):
            return _close(after, at)
        case TriedAgain(at):
            return replace(after, not_before=at, ended_at=None)
        case _:
            assert_never(event)


def _ended(booking: Booking, event: AttemptEnded, retries: Retries) -> Booking:
    """The attempt is over: the booking with it, or another one follows."""
    began = event.at if booking.began_at is None else booking.began_at
    reached = event.result is AttemptResult.REACHED or booking.answered_at is not None
    result = AttemptResult.REACHED if reached else event.result
    attempt = Attempt(began, max(began, event.at), result)
    after = replace(booking, began_at=None, attempts=(*booking.attempts, attempt))
    if reached:
        return _close(replace(after, state=S.REACHED), event.at)
    if result is AttemptResult.DECLINED:
        return _close(replace(after, state=S.CANCELLED), event.at)
    if result in NOT_COUNTED:
        pause = retries.fault_seconds
    elif booking.origin is BookingOrigin.LOST:
        return _close(replace(after, state=S.GIVEN_UP), event.at)
    elif after.counted > len(retries.after_seconds):
        return replace(after, state=S.GIVEN_UP, ended_at=event.at)
    else:
        pause = retries.after_seconds[after.counted - 1]
    return replace(after, state=S.WAITING, not_before=event.at + pause)


def _close(booking: Booking, at: float) -> Booking:
    """Over for good: the number is not needed any more."""
    return replace(booking, number="", ended_at=at, began_at=None)
