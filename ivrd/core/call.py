"""A call's life as one table: its state, what happened, the state that follows, how it ends.

Theory of operation
-------------------
A `Call` is an immutable record.  `step(call, event)` looks up ``(call.state, event type)`` in
`TABLE` and returns the next record with the notices for the outside (the metrics count them, the
log writes them).  What is not in the table raises `InvalidTransition` and changes nothing.  Every
call ends in exactly one outcome, and an ended call has no way on, so the counts can only add up.

A call ends in one of three ways.  It is hung up: by the caller, by the person who took it, or by
the hotline after a message.  Or its media is lost: the caller's side fell silent and did not say
why, because the phone, or the carrier, had gone.  Or it is cut off: by nobody, because Asterisk
stopped or crashed with the call on it, or ended the call by itself.  `OUTCOME_OF` says what each is
counted as.  A caller whose media is lost has left, as one who hangs up, and did so
`Call.silent_seconds` before the call's end.  A call that is cut off is failed, unless a person had
taken it: then it is answered, as every call that a person took, and `Call.cut_off` says that the
talk did not end by itself.  Whoever has been promised a call back is owed that one, however this
call ends, and whoever has been sent a link has that.

A person who has a call may send it on: to another person, who is rung while the caller listens to
music (`TRANSFER`), or to a queue.  It has been answered then, and is so however it ends; its wait
ended with the first answer (`Call.answered_at`).

A call that waits has two beginnings.  `joined_at` is when it joined a queue: the wait of this call.
`effective_at` is its effective arrival, by which callers are served: earlier than that for whoever
has waited before, in a call that nobody answered.  Whoever is urgent has a head start beside it
(priority.py).

A call that the hotline makes (`Direction.CALLBACK`) begins as dialled: it rings, or whoever answers
hears why and is asked for a key.  It ends there, unreached, or joins a queue and goes on as any
other.  Besides an outcome it has a `CallbackResult`, and is counted under that alone.

docs/states.md draws the table.

Times are seconds since the epoch on Asterisk's clock, as its events carry them.

What may live here: facts about one call.  Not: which prompt plays (menu.py), how many calls
there are (ledger.py), how Asterisk says it (ivrd/asterisk).
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from ivrd.core.leg_security import LegSecurity
from ivrd.core.priority import NO_HEAD_START, HeadStart

LATE_SECONDS = 30.0  # a caller who hangs up after a longer wait is counted by itself as well
# An answer stands when the person has kept the caller for so long: twice the time after which the
# dialplan no longer takes a hang-up of a partner's for a drop.
STANDS_SECONDS = 10.0
# An effective arrival that is not earlier than the joining by so much is the joining: Asterisk has
# whole seconds of some waits.
LEAST_CREDIT_SECONDS = 2.0


class CallState(StrEnum):
    """Where a caller is."""

    MENU = "menu"
    INFO = "info"  # a message is played, or was; or what was keyed in is filed
    CLOSED = "closed"  # told that the line or the topic is closed, or that all lines are busy
    QUEUE = "queue"
    QUEUE_MENU = "queue_menu"  # waits still, and has opened the menu that there is for it
    BOOKED = "booked"  # is to be called back, and has been told so
    DEFLECTED = "deflected"  # was sent a link, and is told so
    DIALLED = "dialled"  # is being called back, and has not confirmed yet
    TALK = "talk"
    TRANSFER = "transfer"  # a person has sent the call on, and the next one has not answered yet
    ENDED = "ended"


class Stage(StrEnum):
    """The states as metrics publish them: before the queue, in it, with a person."""

    IVR = "ivr"
    QUEUE = "queue"
    TALK = "talk"


class Outcome(StrEnum):
    """How a call ended; see the words in the README."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    SELF_SERVED = "self_served"
    CALLBACK = "callback"
    DEFLECTED = "deflected"
    REJECTED = "rejected"
    FAILED = "failed"


class Direction(StrEnum):
    """Who dialled: the caller, or the hotline, which calls back."""

    INBOUND = "inbound"
    CALLBACK = "callback"


class CallbackResult(StrEnum):
    """How a call that the hotline made ended."""

    REACHED = "reached"  # a person took it, and so had whoever was called back
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    NO_KEY = "no_key"  # something answered, and confirmed nothing: a machine, or somebody else
    HUNG_UP = "hung_up"  # answered, and hung up before a person took it
    CALLBACK = "callback"  # asked, while waiting again, to be called back once more
    FAILED = "failed"  # could not be dialled, or a fault of ours


# What can come of one that nobody has confirmed.
UNREACHED = (
    *(CallbackResult.BUSY, CallbackResult.NO_ANSWER, CallbackResult.NO_KEY),
    *(CallbackResult.HUNG_UP, CallbackResult.FAILED),
)


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
    CallState.QUEUE_MENU: Stage.QUEUE,
    CallState.BOOKED: Stage.IVR,
    CallState.DEFLECTED: Stage.IVR,
    CallState.DIALLED: Stage.IVR,
    CallState.TALK: Stage.TALK,
    CallState.TRANSFER: Stage.TALK,
}


@dataclass(frozen=True)
class PlayedMessage:
    """The caller reached an information message, or was told that what was keyed in is filed."""


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
class OpenedQueueMenu:
    """The caller, who waits, has opened the menu that there is meanwhile, and keeps the place."""


@dataclass(frozen=True)
class Booked:
    """A call back is stored, and the caller is told so."""


@dataclass(frozen=True)
class Deflected:
    """A message with a link was accepted for the caller, who is told so."""


@dataclass(frozen=True)
class Connected:
    """A person took the call (at: seconds since the epoch; seat: who)."""

    at: float
    by: AnsweredBy
    seat: str


@dataclass(frozen=True)
class Transferred:
    """The person who has the call sends it on (at: seconds since the epoch)."""

    at: float


@dataclass(frozen=True)
class Unreached:
    """A call that the hotline made ended before anybody confirmed (at: seconds since the epoch).

    result: one of `UNREACHED`.
    """

    at: float
    result: CallbackResult


@dataclass(frozen=True)
class HungUp:
    """The caller, the person or the hotline hung up (at: seconds since the epoch)."""

    at: float


@dataclass(frozen=True)
class MediaLost:
    """Nothing had come from the caller for `silent_seconds`, and the call was ended for that.

    at: the end, in seconds since the epoch.
    """

    at: float
    silent_seconds: float


@dataclass(frozen=True)
class CutOff:
    """The call ended and none of those hung up: a fault of ours (at: seconds since the epoch)."""

    at: float


Event = (
    PlayedMessage
    | Rejected
    | ReturnedToMenu
    | JoinedQueue
    | LeftQueue
    | OpenedQueueMenu
    | Booked
    | Deflected
    | Connected
    | Transferred
    | Unreached
    | HungUp
    | MediaLost
    | CutOff
)
End = Unreached | HungUp | MediaLost | CutOff


@dataclass(frozen=True)
class Offered:
    """A call joined a queue for the first time."""

    call: "Call"


@dataclass(frozen=True)
class Rejoined:
    """A call that had joined a queue before joined one again.

    talked_seconds: how long the person had kept it who sent it back; None if nobody had it.
    """

    call: "Call"
    talked_seconds: float | None = None

    @property
    def answer_stands(self) -> bool:
        """Whether the caller had been with a person for so long that the wait ended there.

        Whoever sends a caller on has served that caller, however short it was.
        """
        if self.call.answered_at is not None:
            return True
        return self.talked_seconds is not None and self.talked_seconds >= STANDS_SECONDS


@dataclass(frozen=True)
class Answered:
    """A person took the call; wait_seconds is counted from joining the queue."""

    call: "Call"
    wait_seconds: float


@dataclass(frozen=True)
class PassedOn:
    """The person at `seat` has sent the call on; `call.seat` is where it is now, if anywhere."""

    call: "Call"
    seat: str
    at: float


@dataclass(frozen=True)
class TakenOver:
    """A person has the call whom another one has sent it to."""

    call: "Call"


@dataclass(frozen=True)
class Ended:
    """A call ended in its one outcome, in `stage`."""

    call: "Call"
    outcome: Outcome
    stage: Stage


Notice = Offered | Rejoined | Answered | PassedOn | TakenOver | Ended


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
    cut_off: bool = False  # it has ended, and neither the caller nor the hotline hung up
    silent_seconds: float = 0.0  # for so long before its end nothing came; 0 unless media is lost
    effective_at: float | None = None  # effective arrival; noted before it joins, if earlier
    direction: Direction = Direction.INBOUND
    result: CallbackResult | None = None  # of a call that the hotline made, once it has ended
    answered_at: float | None = None  # of a call that was sent on: when its first person took it
    answered_by: AnsweredBy = AnsweredBy.NOBODY  # and who that was
    caller_leg: LegSecurity | None = None  # what of the caller's leg is encrypted, once it waits
    answer_leg: LegSecurity | None = None  # of that to who answered last, where it is known
    head_start: HeadStart = NO_HEAD_START  # of whoever is served before those who came earlier

    @property
    def received(self) -> bool:
        """Whether it was the caller who dialled: such calls alone count as received."""
        return self.direction is Direction.INBOUND

    @property
    def stage(self) -> Stage | None:
        """The stage the call is in; None when it has ended."""
        return STAGE_OF.get(self.state)

    @property
    def partner(self) -> str:
        """The partner whose person has the call (its seats are PARTNER/NN); empty: nobody's."""
        return self.seat.partition("/")[0] if self.by is AnsweredBy.PARTNER else ""

    @property
    def media_lost(self) -> bool:
        """Whether the call has ended because nothing came from the caller any more."""
        return self.silent_seconds > 0.0

    @property
    def left_at(self) -> float | None:
        """When the caller was last there, once the call has ended."""
        return None if self.ended_at is None else self.ended_at - self.silent_seconds

    def wait_seconds(self, now: float | None = None) -> float | None:
        """Seconds in the queue until a person answered, the end, or `now`; None if never queued.

        Of a call whose media is lost the end is when the caller was last there, here and below.
        """
        if self.joined_at is None:
            return None
        until = self.left_at if self.connected_at is None else self.connected_at
        until = until if self.answered_at is None else self.answered_at
        until = now if until is None else until
        return None if until is None else max(0.0, until - self.joined_at)

    @property
    def credit_seconds(self) -> float:
        """By how many seconds the effective arrival is earlier than the joining; 0 if it is not."""
        if self.joined_at is None or self.effective_at is None:
            return 0.0
        seconds = self.joined_at - self.effective_at
        return seconds if seconds >= LEAST_CREDIT_SECONDS else 0.0

    @property
    def has_credit(self) -> bool:
        """Whether the call is served as if it had joined earlier than it did."""
        return self.credit_seconds > 0.0

    def effective_wait_seconds(self) -> float | None:
        """As `wait_seconds`, from the effective arrival: with what was waited in earlier calls."""
        waited = self.wait_seconds()
        return None if waited is None else waited + self.credit_seconds

    def talk_seconds(self) -> float | None:
        """Seconds with a person, once the call has ended; None without a talk."""
        if self.connected_at is None or self.left_at is None:
            return None
        return max(0.0, self.left_at - self.connected_at)


def case_code(call_id: str) -> str:
    """What agents and partners see of a call, such as 08674-012; no two calls of a day have one.

    dialplans/hotline.conf makes the same of Asterisk's id: the last five digits of the second in
    which the call came, and three of its number.
    """
    second, _, number = call_id.partition(".")
    return f"{second[-5:]}-{f'00{number}'[-3:]}"


def long_case_code(call_id: str) -> str:
    """The same with two digits before it and without the dash, such as 1208674012: no two calls of
    115 days have one.  What callers are told whose case goes on after the call."""
    second, _, number = call_id.partition(".")
    return f"{second[-7:]}{f'00{number}'[-3:]}"


BEFORE_QUEUE = (CallState.MENU, CallState.INFO, CallState.CLOSED)

# (state, event) -> the next state.  The only way from one state to another.
TABLE: dict[tuple[CallState, type[Event]], CallState] = {
    (CallState.MENU, PlayedMessage): CallState.INFO,
    (CallState.MENU, Rejected): CallState.CLOSED,
    (CallState.INFO, ReturnedToMenu): CallState.MENU,
    (CallState.CLOSED, ReturnedToMenu): CallState.MENU,
    **{(state, JoinedQueue): CallState.QUEUE for state in BEFORE_QUEUE},
    (CallState.DIALLED, JoinedQueue): CallState.QUEUE,  # has confirmed
    (CallState.DIALLED, Unreached): CallState.ENDED,
    (CallState.QUEUE, Connected): CallState.TALK,
    (CallState.QUEUE, LeftQueue): CallState.MENU,
    (CallState.QUEUE, OpenedQueueMenu): CallState.QUEUE_MENU,
    (CallState.QUEUE_MENU, JoinedQueue): CallState.QUEUE,
    (CallState.QUEUE_MENU, PlayedMessage): CallState.INFO,  # has registered by keys
    (CallState.QUEUE_MENU, Booked): CallState.BOOKED,
    **{(state, Booked): CallState.BOOKED for state in (CallState.MENU, CallState.INFO)},
    (CallState.BOOKED, JoinedQueue): CallState.QUEUE,  # the dialplan took the call: it waits again
    (CallState.QUEUE_MENU, Deflected): CallState.DEFLECTED,
    **{(state, Deflected): CallState.DEFLECTED for state in (CallState.MENU, CallState.INFO)},
    (CallState.DEFLECTED, JoinedQueue): CallState.QUEUE,  # wants a person as well,
    (CallState.DEFLECTED, Rejected): CallState.CLOSED,  # and nobody is there
    (CallState.QUEUE, JoinedQueue): CallState.QUEUE,  # moved to another queue
    (CallState.TALK, JoinedQueue): CallState.QUEUE,  # sent back, or on to another queue
    (CallState.TALK, Connected): CallState.TALK,  # sent on to somebody who was asked before
    (CallState.TALK, Transferred): CallState.TRANSFER,
    (CallState.TRANSFER, Connected): CallState.TALK,
    (CallState.TRANSFER, JoinedQueue): CallState.QUEUE,
    **{(state, HungUp): CallState.ENDED for state in STAGE_OF},
    **{(state, MediaLost): CallState.ENDED for state in STAGE_OF},
    **{(state, CutOff): CallState.ENDED for state in STAGE_OF},
}

# A caller who has left, with a word or without one.
LEFT = {
    CallState.MENU: Outcome.ABANDONED,
    CallState.INFO: Outcome.SELF_SERVED,
    CallState.CLOSED: Outcome.REJECTED,
    CallState.QUEUE: Outcome.ABANDONED,
    CallState.QUEUE_MENU: Outcome.ABANDONED,
    CallState.BOOKED: Outcome.CALLBACK,
    CallState.DEFLECTED: Outcome.DEFLECTED,
    CallState.DIALLED: Outcome.ABANDONED,
    CallState.TALK: Outcome.ANSWERED,
    CallState.TRANSFER: Outcome.ANSWERED,
}
# (state before the end, event that ended the call) -> how it ended.
OUTCOME_OF: dict[tuple[CallState, type[Event]], Outcome] = {
    **{(state, HungUp): outcome for state, outcome in LEFT.items()},
    **{(state, MediaLost): outcome for state, outcome in LEFT.items()},
    **{(state, CutOff): Outcome.FAILED for state in STAGE_OF},
    (CallState.TALK, CutOff): Outcome.ANSWERED,  # a person took the call
    (CallState.TRANSFER, CutOff): Outcome.ANSWERED,
    (CallState.BOOKED, CutOff): Outcome.CALLBACK,  # the promise stands
    (CallState.DEFLECTED, CutOff): Outcome.DEFLECTED,  # the link is there
    (CallState.DIALLED, Unreached): Outcome.ABANDONED,
}
# How a call that the hotline made ended, unless an `Unreached` says so.
RESULT_OF = {
    Outcome.ANSWERED: CallbackResult.REACHED,
    Outcome.CALLBACK: CallbackResult.CALLBACK,
    Outcome.FAILED: CallbackResult.FAILED,
}


def abandoned_late(outcome: Outcome, stage: Stage, wait_seconds: float | None) -> bool:
    """Whether a call that ended so was abandoned in the queue after more than `LATE_SECONDS`."""
    in_queue = outcome is Outcome.ABANDONED and stage is Stage.QUEUE
    return in_queue and wait_seconds is not None and wait_seconds > LATE_SECONDS


def step(call: Call, event: Event) -> tuple[Call, tuple[Notice, ...]]:
    """The call after `event`, and what the outside is to be told.

    Raises `InvalidTransition`, with nothing changed, when the table has no such step.
    """
    state = TABLE.get((call.state, type(event)))
    if state is None:
        raise InvalidTransition(f"{type(event).__name__} cannot happen to a call in {call.state}")
    match event:
        case PlayedMessage() | Rejected() | ReturnedToMenu() | LeftQueue():
            return replace(call, state=state), ()
        case OpenedQueueMenu() | Booked() | Deflected():
            return replace(call, state=state), ()
        case JoinedQueue():
            return _join(call, event)
        case Connected():
            return _connect(call, event)
        case Transferred(at):
            after = replace(with_nobody(_sent_on(call)), state=state)
            return after, (PassedOn(after, call.seat, at),)
        case Unreached() | HungUp() | MediaLost() | CutOff():
            return _end(call, event)
        case _:
            assert_never(event)


def _connect(call: Call, event: Connected) -> tuple[Call, tuple[Notice, ...]]:
    """Out of a queue a person answers; what another person has sent on is taken over."""
    before = call if call.state is CallState.QUEUE else _sent_on(call)
    after = replace(
        before, state=CallState.TALK, connected_at=event.at, by=event.by, seat=event.seat
    )
    match call.state:
        case CallState.QUEUE:
            return after, (Answered(after, after.wait_seconds() or 0.0),)
        case CallState.TALK if event.seat == call.seat:  # told twice
            return call, ()
        case CallState.TALK:
            return after, (PassedOn(after, call.seat, event.at), TakenOver(after))
        case _:
            return after, (TakenOver(after),)


def with_nobody(call: Call) -> Call:
    """The call with no person to have it."""
    return replace(call, connected_at=None, by=AnsweredBy.NOBODY, seat="", answer_leg=None)


def _sent_on(call: Call) -> Call:
    """The call, which its person sends on: whoever took it first has answered it."""
    if call.answered_at is not None:
        return call
    return replace(call, answered_at=call.connected_at, answered_by=call.by)


def _join(call: Call, event: JoinedQueue) -> tuple[Call, tuple[Notice, ...]]:
    """The first joining starts the wait; a later one never sets it back."""
    first = call.joined_at is None
    after = replace(
        with_nobody(call),
        state=CallState.QUEUE,
        queue=event.queue,
        joined_at=event.at if first else call.joined_at,
        effective_at=_earlier(call.effective_at, event.at) if first else call.effective_at,
    )
    if first:
        return after, (Offered(after),)
    talked = None if call.connected_at is None else max(0.0, event.at - call.connected_at)
    return after, (Rejoined(after, talked),)


def _earlier(one: float | None, other: float) -> float:
    return other if one is None else min(one, other)


def _end(call: Call, event: End) -> tuple[Call, tuple[Notice, ...]]:
    outcome, stage = OUTCOME_OF[call.state, type(event)], STAGE_OF[call.state]
    if call.answered_at is not None and call.state is not CallState.BOOKED:
        outcome = Outcome.ANSWERED  # a person had taken it, and sent it on
    after = replace(
        call,
        by=call.answered_by if outcome is Outcome.ANSWERED and not call.by else call.by,
        state=CallState.ENDED,
        ended_at=max(event.at, call.received_at),
        cut_off=isinstance(event, CutOff),
        silent_seconds=event.silent_seconds if isinstance(event, MediaLost) else 0.0,
        result=event.result if isinstance(event, Unreached) else result_of(call, outcome),
    )
    return after, (Ended(after, outcome, stage),)


def result_of(call: Call, outcome: Outcome) -> CallbackResult | None:
    """What comes of a call that the hotline made, by its outcome; None for one that it received."""
    return None if call.received else RESULT_OF.get(outcome, CallbackResult.HUNG_UP)
