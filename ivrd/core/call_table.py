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

A call that the hotline makes (`Direction.CALLBACK`) begins as dialled: it rings, or whoever answers
hears why and is asked for a key.  It ends there, unreached, or joins a queue and goes on as any
other.  Besides an outcome it has a `CallbackResult`, and is counted under that alone.

docs/states.md draws the table.
"""

from dataclasses import replace
from typing import assert_never

from ivrd.core.call import (
    BEFORE_QUEUE,
    STAGE_OF,
    AnsweredBy,
    Call,
    CallbackResult,
    CallState,
    Outcome,
)
from ivrd.core.call_events import (
    Booked,
    Connected,
    CutOff,
    Deflected,
    End,
    Event,
    HungUp,
    JoinedQueue,
    LeftQueue,
    MediaLost,
    OpenedQueueMenu,
    PlayedMessage,
    Rejected,
    ReturnedToMenu,
    Transferred,
    Unreached,
)
from ivrd.core.call_notices import Answered, Ended, Notice, Offered, PassedOn, Rejoined, TakenOver

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
    (CallState.QUEUE_MENU, LeftQueue): CallState.MENU,  # had joined again, which nobody saw
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


class InvalidTransition(ValueError):
    """An event that cannot happen to a call where it is; nothing was changed."""


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
