"""A call's life as one table: where it is, what happened, where that leads, how it ends.

Theory of operation
-------------------
A `Call` is an immutable record.  `step(call, event)` looks up ``(call.place, event kind)`` in
`TABLE` and returns the next record with the notices that the outside must hear of (the metrics
count them, the log writes them).  What is not in the table raises `InvalidTransition` and changes
nothing.  Every call ends in exactly one outcome, and an ended call has no way on, so the counts
can only add up.

Times are seconds since the epoch on Asterisk's clock, as its events carry them.

What may live here: facts about one call.  Not: which prompt plays (menu.py), how many calls
there are (ledger.py), how Asterisk says it (ivrd/asterisk).
"""

from dataclasses import dataclass, replace
from enum import StrEnum


class CallState(StrEnum):
    """Where a caller is."""

    MENU = "menu"
    INFO = "info"  # listening to a message, or has heard it
    CLOSED = "closed"  # was told that the line, or the topic, is closed, or all lines busy
    QUEUE = "queue"
    TALK = "talk"
    ENDED = "ended"


class Stage(StrEnum):
    """The coarse place that metrics publish: before the queue, in it, with a person."""

    IVR = "ivr"
    QUEUE = "queue"
    TALK = "talk"


class Outcome(StrEnum):
    """How a call ended; see the words in the README."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    SELF_SERVED = "self_served"
    DEFLECTED = "deflected"
    CALLBACK = "callback"
    REJECTED = "rejected"
    FAILED = "failed"


class AnsweredBy(StrEnum):
    """Who answered."""

    INHOUSE = "inhouse"
    PARTNER = "partner"
    NOBODY = ""


STAGE_OF = {
    CallState.MENU: Stage.IVR,
    CallState.INFO: Stage.IVR,
    CallState.CLOSED: Stage.IVR,
    CallState.QUEUE: Stage.QUEUE,
    CallState.TALK: Stage.TALK,
}


@dataclass(frozen=True)
class PlayedMessage:
    """The caller reached an information message."""


@dataclass(frozen=True)
class Rejected:
    """The caller was told that the hotline, or the chosen topic, is closed, or all lines busy."""


@dataclass(frozen=True)
class ReturnedToMenu:
    """The caller left a message and is in a menu again."""


@dataclass(frozen=True)
class JoinedQueue:
    """The caller joined a queue (at: seconds since the epoch)."""

    at: float
    queue: str


@dataclass(frozen=True)
class LeftQueue:
    """The caller left a queue, neither answered nor hung up: the dialplan has the call."""


@dataclass(frozen=True)
class Connected:
    """A person took the call (at: seconds since the epoch; seat: who)."""

    at: float
    by: AnsweredBy
    seat: str


@dataclass(frozen=True)
class HungUp:
    """The caller's line is gone (at: seconds since the epoch)."""

    at: float


@dataclass(frozen=True)
class Failed:
    """The call was lost through a fault of ours (at: seconds since the epoch)."""

    at: float


Event = (
    PlayedMessage
    | Rejected
    | ReturnedToMenu
    | JoinedQueue
    | LeftQueue
    | Connected
    | HungUp
    | Failed
)


@dataclass(frozen=True)
class Offered:
    """A call joined a queue for the first time."""

    call: "Call"


@dataclass(frozen=True)
class Answered:
    """A person took the call; wait_seconds is counted from joining the queue."""

    call: "Call"
    wait_seconds: float


@dataclass(frozen=True)
class Ended:
    """A call ended in its one outcome, in `stage`."""

    call: "Call"
    outcome: Outcome
    stage: Stage


Notice = Offered | Answered | Ended


class InvalidTransition(ValueError):
    """An event that cannot happen to a call where it is; nothing was changed."""


@dataclass(frozen=True)
class Call:
    """One call to the hotline, from the first ring to its outcome."""

    id: str
    received_at: float
    caller: str = ""  # the caller as a keyed hash, never the number
    state: CallState = CallState.MENU
    language: str = ""
    queue: str = ""
    topic: str = ""
    joined_at: float | None = None
    connected_at: float | None = None
    ended_at: float | None = None
    by: AnsweredBy = AnsweredBy.NOBODY
    seat: str = ""

    @property
    def stage(self) -> Stage | None:
        """The stage the call is in; None when it has ended."""
        return STAGE_OF.get(self.state)

    def wait_seconds(self, now: float | None = None) -> float | None:
        """Seconds in the queue until a person answered, the end, or `now`; None if never queued."""
        if self.joined_at is None:
            return None
        known = (at for at in (self.connected_at, self.ended_at, now) if at is not None)
        until = next(known, None)
        return None if until is None else max(0.0, until - self.joined_at)

    def talk_seconds(self) -> float | None:
        """Seconds with a person, once the call has ended; None without a talk."""
        if self.connected_at is None or self.ended_at is None:
            return None
        return max(0.0, self.ended_at - self.connected_at)


BEFORE_QUEUE = (CallState.MENU, CallState.INFO, CallState.CLOSED)

# (place, event) -> the next place.  The only way from one place to another.
TABLE: dict[tuple[CallState, type], CallState] = {
    (CallState.MENU, PlayedMessage): CallState.INFO,
    (CallState.MENU, Rejected): CallState.CLOSED,
    (CallState.INFO, ReturnedToMenu): CallState.MENU,
    (CallState.CLOSED, ReturnedToMenu): CallState.MENU,
    **{(state, JoinedQueue): CallState.QUEUE for state in BEFORE_QUEUE},
    (CallState.QUEUE, Connected): CallState.TALK,
    (CallState.QUEUE, LeftQueue): CallState.MENU,
    (CallState.TALK, JoinedQueue): CallState.QUEUE,  # sent back, or on to another queue
    **{(state, HungUp): CallState.ENDED for state in STAGE_OF},
    **{(state, Failed): CallState.ENDED for state in STAGE_OF},
}

# Where a call was when its line went away -> how it ended.
OUTCOME_AT: dict[CallState, Outcome] = {
    CallState.MENU: Outcome.ABANDONED,
    CallState.INFO: Outcome.SELF_SERVED,
    CallState.CLOSED: Outcome.REJECTED,
    CallState.QUEUE: Outcome.ABANDONED,
    CallState.TALK: Outcome.ANSWERED,
}


def step(call: Call, event: Event) -> tuple[Call, tuple[Notice, ...]]:
    """The call after `event`, and what the outside must hear of.

    Raises `InvalidTransition`, with nothing changed, when the table has no such step.
    """
    state = TABLE.get((call.state, type(event)))
    if state is None:
        raise InvalidTransition(f"{type(event).__name__} cannot happen to a call in {call.state}")
    if isinstance(event, JoinedQueue):
        return _join(call, event)
    if isinstance(event, Connected):
        after = replace(call, state=state, connected_at=event.at, by=event.by, seat=event.seat)
        return after, (Answered(after, after.wait_seconds() or 0.0),)
    if isinstance(event, HungUp | Failed):
        return _end(call, event)
    return replace(call, state=state), ()


def _join(call: Call, event: JoinedQueue) -> tuple[Call, tuple[Notice, ...]]:
    """The first joining starts the wait; a later one never sets it back."""
    first = call.joined_at is None
    after = replace(
        call,
        state=CallState.QUEUE,
        queue=event.queue,
        joined_at=event.at if first else call.joined_at,
        connected_at=None,
        by=AnsweredBy.NOBODY,
        seat="",
    )
    return after, ((Offered(after),) if first else ())


def _end(call: Call, event: HungUp | Failed) -> tuple[Call, tuple[Notice, ...]]:
    outcome = Outcome.FAILED if isinstance(event, Failed) else OUTCOME_AT[call.state]
    stage = STAGE_OF[call.state]
    after = replace(call, state=CallState.ENDED, ended_at=max(event.at, call.received_at))
    return after, (Ended(after, outcome, stage),)
