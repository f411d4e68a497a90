"""A call's life: random lives for what must always hold, told ones for how they end."""

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.call import (
    UNREACHED,
    AnsweredBy,
    Call,
    CallbackResult,
    CallState,
    Direction,
    Outcome,
    Stage,
)
from ivrd.core.call_events import (
    Booked,
    Connected,
    CutOff,
    Deflected,
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
from ivrd.core.call_notices import Answered, Ended, Notice, Offered, Rejoined, TakenOver
from ivrd.core.call_table import InvalidTransition, step
from ivrd.core.case_code import case_code

BEGUN = 1000.0
# Asterisk's clock may be set back during a call, and an untold time is 0.
TIMES = st.sampled_from([0.0, BEGUN - 10, BEGUN, BEGUN + 10, BEGUN + 30, 2 * BEGUN])
ANSWERERS = st.sampled_from([AnsweredBy.INHOUSE, AnsweredBy.PARTNER])
JOINED = st.builds(JoinedQueue, TIMES, st.sampled_from(["red", "green"]))
CONNECTED = st.builds(Connected, TIMES, ANSWERERS, st.sampled_from(["a", "b"]))
MOVES: st.SearchStrategy[Event] = st.one_of(
    st.builds(PlayedMessage),
    st.builds(Rejected),
    st.builds(ReturnedToMenu),
    st.builds(LeftQueue),
    st.builds(OpenedQueueMenu),
    st.builds(Booked),
    st.builds(Deflected),
    JOINED,
    CONNECTED,
    st.builds(Transferred, TIMES),
)
# What happens to a call, impossible things among it; every other one comes to a talk at last.
LIVES: st.SearchStrategy[list[Event]] = st.builds(
    lambda moves, talk: [*moves, *talk],
    st.lists(MOVES, max_size=20),
    st.just(()) | st.tuples(JOINED, CONNECTED),
)
ENDS = (
    st.builds(HungUp, TIMES)
    | st.builds(MediaLost, TIMES, st.floats(1.0, 600.0))
    | st.builds(CutOff, TIMES)
)

# The shortest way to each place.
WAY_TO: dict[CallState, tuple[Event, ...]] = {
    CallState.MENU: (),
    CallState.INFO: (PlayedMessage(),),
    CallState.CLOSED: (Rejected(),),
    CallState.QUEUE: (JoinedQueue(1010.0, "red"),),
    CallState.QUEUE_MENU: (JoinedQueue(1010.0, "red"), OpenedQueueMenu()),
    CallState.BOOKED: (Booked(),),
    CallState.DEFLECTED: (Deflected(),),
    CallState.TALK: (JoinedQueue(1010.0, "red"), Connected(1030.0, AnsweredBy.INHOUSE, "a")),
    CallState.TRANSFER: (
        *(JoinedQueue(1010.0, "red"), Connected(1030.0, AnsweredBy.INHOUSE, "a")),
        Transferred(1035.0),
    ),
    CallState.ENDED: (HungUp(1005.0),),
}


def live(*events: Event) -> tuple[Call, list[Notice]]:
    """A call after these events; the impossible ones do not happen."""
    call = Call("1", BEGUN)
    heard: list[Notice] = []
    for event in events:
        try:
            call, notices = step(call, event)
        except InvalidTransition:
            continue
        heard += notices
    return call, heard


# What always holds


@given(LIVES, ENDS, st.lists(MOVES | ENDS, max_size=5))
def test_every_life_ends_once_and_for_good(
    moves: list[Event], end: Event, later: list[Event]
) -> None:
    last, before = live(*moves)
    assert not [notice for notice in before if isinstance(notice, Ended)]
    call, notices = step(last, end)
    assert (call.state, call.stage) == (CallState.ENDED, None)
    (ended,) = notices
    assert isinstance(ended, Ended)
    assert (ended.call, ended.stage) == (call, last.stage)
    assert call.cut_off is isinstance(end, CutOff)
    assert call.media_lost is isinstance(end, MediaLost)
    booked = last.state is CallState.BOOKED
    taken = last.state is CallState.TALK or (last.answered_at is not None and not booked)
    assert (ended.outcome is Outcome.ANSWERED) is taken
    assert bool(call.by) is taken  # who answered
    # Else a person has the call, or will, or the link is there.
    kept = taken or last.state in (CallState.BOOKED, CallState.DEFLECTED)
    assert (ended.outcome is Outcome.FAILED) is (call.cut_off and not kept)
    for event in later:
        with pytest.raises(InvalidTransition):
            step(call, event)


@given(LIVES, ENDS)
def test_the_wait_counts_from_the_first_joining(moves: list[Event], end: Event) -> None:
    call, first = Call("1", BEGUN), None
    for event in [*moves, end]:
        taken_at, before = call.connected_at, call.state
        try:
            call, notices = step(call, event)
        except InvalidTransition:
            continue
        if isinstance(event, JoinedQueue):
            talked = None if taken_at is None else max(0.0, event.at - taken_at)
            assert notices == ((Offered(call),) if first is None else (Rejoined(call, talked),))
            first = first or event
        if isinstance(event, Connected):
            assert first is not None
            answered_at = event.at if call.answered_at is None else call.answered_at
            waited = max(0.0, answered_at - first.at)
            if before is CallState.QUEUE:
                assert notices == (Answered(call, waited),)
            elif notices:
                assert notices[-1] == TakenOver(call)
                assert call.wait_seconds() == waited
        assert call.joined_at == (first and first.at)
    assert (call.wait_seconds() is None) is (first is None)


@given(LIVES, ENDS, TIMES)
def test_no_clock_makes_a_time_negative(moves: list[Event], end: Event, now: float) -> None:
    last, _ = live(*moves)
    call, _ = step(last, end)
    assert (last.wait_seconds(now) or 0.0) >= 0.0
    assert (call.wait_seconds() or 0.0) >= 0.0
    assert (call.talk_seconds() or 0.0) >= 0.0
    assert call.ended_at is not None
    assert call.ended_at >= call.received_at


@given(LIVES)
def test_who_answered_is_known_while_they_talk_and_only_then(moves: list[Event]) -> None:
    call, taken, seat = Call("1", BEGUN), None, ""
    for event in moves:
        try:
            call, _ = step(call, event)
        except InvalidTransition:
            continue
        if isinstance(event, Connected) and (taken is None or event.seat != seat):
            taken = event
        seat = call.seat
        if call.state is CallState.TALK:
            assert taken is not None
            assert (call.by, call.seat, call.connected_at) == (taken.by, taken.seat, taken.at)
        else:
            assert (call.by, call.seat, call.connected_at) == (AnsweredBy.NOBODY, "", None)


# A call that the hotline makes begins elsewhere.
MADE = Call("1", BEGUN, state=CallState.DIALLED, direction=Direction.CALLBACK)
CONFIRMED = (JoinedQueue(1010.0, "red"),)
TAKEN = (*CONFIRMED, Connected(1030.0, AnsweredBy.PARTNER, "b"))


@pytest.mark.parametrize(
    ("story", "result"),
    [
        *(((Unreached(1050.0, result),), result) for result in UNREACHED),
        ((HungUp(1050.0),), CallbackResult.HUNG_UP),
        ((CutOff(1050.0),), CallbackResult.FAILED),
        ((*CONFIRMED, HungUp(1050.0)), CallbackResult.HUNG_UP),
        ((*CONFIRMED, MediaLost(1050.0, 30.0)), CallbackResult.HUNG_UP),
        ((*CONFIRMED, CutOff(1050.0)), CallbackResult.FAILED),
        ((*CONFIRMED, OpenedQueueMenu(), Booked(), HungUp(1050.0)), CallbackResult.CALLBACK),
        ((*TAKEN, HungUp(1050.0)), CallbackResult.REACHED),
        ((*TAKEN, CutOff(1050.0)), CallbackResult.REACHED),  # a person had taken the call
        ((*TAKEN, JoinedQueue(1035.0, "red"), HungUp(1050.0)), CallbackResult.HUNG_UP),
    ],
)
def test_what_comes_of_a_call_that_the_hotline_makes(
    story: tuple[Event, ...], result: CallbackResult
) -> None:
    call = MADE
    for event in story:
        assert call.result is None
        call, _ = step(call, event)
    assert (call.state, call.result) == (CallState.ENDED, result)


# What can happen, seen from each place; the rest is refused.
MAY_HAPPEN: dict[CallState, set[type]] = {
    CallState.MENU: {
        *(PlayedMessage, Rejected, Booked, Deflected, JoinedQueue, HungUp, MediaLost, CutOff),
    },
    CallState.INFO: {ReturnedToMenu, Booked, Deflected, JoinedQueue, HungUp, MediaLost, CutOff},
    CallState.CLOSED: {ReturnedToMenu, JoinedQueue, HungUp, MediaLost, CutOff},
    CallState.QUEUE: {
        *(Connected, JoinedQueue, LeftQueue, OpenedQueueMenu),
        *(HungUp, MediaLost, CutOff),
    },
    CallState.QUEUE_MENU: {
        *(JoinedQueue, LeftQueue, PlayedMessage, Booked, Deflected),
        *(HungUp, MediaLost, CutOff),
    },
    CallState.DEFLECTED: {JoinedQueue, Rejected, HungUp, MediaLost, CutOff},
    CallState.BOOKED: {JoinedQueue, HungUp, MediaLost, CutOff},
    CallState.TALK: {Connected, Transferred, JoinedQueue, HungUp, MediaLost, CutOff},
    CallState.TRANSFER: {Connected, JoinedQueue, HungUp, MediaLost, CutOff},
    CallState.DIALLED: {JoinedQueue, Unreached, HungUp, MediaLost, CutOff},
    CallState.ENDED: set(),
}
ONE_OF_EACH: tuple[Event, ...] = (
    PlayedMessage(),
    Rejected(),
    ReturnedToMenu(),
    JoinedQueue(1010.0, "blue"),
    LeftQueue(),
    OpenedQueueMenu(),
    Booked(),
    Deflected(),
    Connected(1030.0, AnsweredBy.INHOUSE, "b"),
    Transferred(1040.0),
    Unreached(1050.0, CallbackResult.BUSY),
    HungUp(1050.0),
    MediaLost(1050.0, 30.0),
    CutOff(1050.0),
)


@pytest.mark.parametrize("state", CallState)
def test_what_cannot_happen_is_refused_by_name(state: CallState) -> None:
    assert {type(event) for event in ONE_OF_EACH} == set(get_args(Event))
    call = MADE if state is CallState.DIALLED else live(*WAY_TO[state])[0]
    assert call.state is state
    for event in ONE_OF_EACH:
        if type(event) in MAY_HAPPEN[state]:
            assert step(call, event)[0] != call
        else:
            name = type(event).__name__
            with pytest.raises(
                InvalidTransition, match=f"^{name} cannot happen to a call in {state}$"
            ):
                step(call, event)


def test_the_order_of_service_goes_by_the_effective_arrival() -> None:
    call = replace(Call("1", BEGUN), effective_at=700.0)
    call, _ = step(call, JoinedQueue(1010.0, "red"))
    assert (call.joined_at, call.effective_at, call.wait_seconds(1020.0)) == (1010.0, 700.0, 10.0)
    call, _ = step(call, JoinedQueue(1100.0, "green"))
    assert call.effective_at == 700.0
    later = replace(Call("2", BEGUN), effective_at=2000.0)  # a clock was set back
    assert step(later, JoinedQueue(1010.0, "red"))[0].effective_at == 1010.0


def test_who_is_moved_to_another_queue_keeps_the_wait_and_is_offered_once() -> None:
    call, notices = live(*WAY_TO[CallState.QUEUE], JoinedQueue(1200.0, "green"))
    assert (call.state, call.queue) == (CallState.QUEUE, "green")
    assert call.joined_at == live(*WAY_TO[CallState.QUEUE])[0].joined_at
    assert sum(isinstance(notice, Offered) for notice in notices) == 1


# How calls end


REJOINED: tuple[Event, ...] = (*WAY_TO[CallState.TALK], JoinedQueue(1100.0, "green"))


@pytest.mark.parametrize(
    ("story", "outcome", "stage", "wait", "talk"),
    [
        (WAY_TO[CallState.MENU], Outcome.ABANDONED, Stage.IVR, None, None),
        (WAY_TO[CallState.INFO], Outcome.SELF_SERVED, Stage.IVR, None, None),
        ((PlayedMessage(), ReturnedToMenu()), Outcome.ABANDONED, Stage.IVR, None, None),
        (WAY_TO[CallState.CLOSED], Outcome.REJECTED, Stage.IVR, None, None),
        ((Rejected(), ReturnedToMenu()), Outcome.ABANDONED, Stage.IVR, None, None),
        ((Rejected(), JoinedQueue(1010.0, "red")), Outcome.ABANDONED, Stage.QUEUE, 190.0, None),
        (WAY_TO[CallState.QUEUE], Outcome.ABANDONED, Stage.QUEUE, 190.0, None),
        (WAY_TO[CallState.QUEUE_MENU], Outcome.ABANDONED, Stage.QUEUE, 190.0, None),
        (WAY_TO[CallState.BOOKED], Outcome.CALLBACK, Stage.IVR, None, None),
        (WAY_TO[CallState.DEFLECTED], Outcome.DEFLECTED, Stage.IVR, None, None),
        ((JoinedQueue(1010.0, "red"), LeftQueue()), Outcome.ABANDONED, Stage.IVR, 190.0, None),
        (WAY_TO[CallState.TALK], Outcome.ANSWERED, Stage.TALK, 20.0, 170.0),
        (REJOINED, Outcome.ABANDONED, Stage.QUEUE, 190.0, None),
        (
            (*REJOINED, Connected(1150.0, AnsweredBy.PARTNER, "b")),
            Outcome.ANSWERED,
            Stage.TALK,
            140.0,
            50.0,
        ),
    ],
)
def test_how_a_call_ends(
    story: tuple[Event, ...],
    outcome: Outcome,
    stage: Stage,
    wait: float | None,
    talk: float | None,
) -> None:
    # A person had taken the call, or will, or the link is there.
    kept = outcome in (Outcome.ANSWERED, Outcome.CALLBACK, Outcome.DEFLECTED)
    cut = outcome if kept else Outcome.FAILED
    for end, expected in ((HungUp(1200.0), outcome), (CutOff(1200.0), cut)):
        call, notices = live(*story, end)
        assert notices[-1] == Ended(call, expected, stage)
        assert call.cut_off is isinstance(end, CutOff)
        assert (call.wait_seconds(), call.talk_seconds()) == (wait, talk)
    call, notices = live(*story, MediaLost(1230.0, 30.0))  # was there until 1200
    assert notices[-1] == Ended(call, outcome, stage)
    assert (call.wait_seconds(), call.talk_seconds()) == (wait, talk)


def test_a_caller_who_still_waits_has_waited_until_now() -> None:
    call, _ = live(*WAY_TO[CallState.QUEUE])
    assert call.wait_seconds() is None
    assert call.wait_seconds(now=1017.5) == 7.5
    assert replace(call, joined_at=0.0).wait_seconds(now=0.0) == 0.0


@pytest.mark.parametrize(
    ("talked", "stands"), [(None, False), (0.0, False), (9.9, False), (10.0, True), (300.0, True)]
)
def test_an_answer_stands_when_the_caller_was_kept(talked: float | None, stands: bool) -> None:
    assert Rejoined(Call("1", BEGUN), talked).answer_stands is stands


@pytest.mark.parametrize(
    ("call_id", "code"),
    [
        ("1795308674.7", "08674-007"),
        ("1795308674.12", "08674-012"),
        ("1795300000.123", "00000-123"),
        ("1795308674.98765", "08674-765"),
        ("", "-00"),  # none of Asterisk's: it must not raise, that is all
    ],
)
def test_the_case_code_is_a_part_of_the_second_and_of_the_number(call_id: str, code: str) -> None:
    assert case_code(call_id) == code
