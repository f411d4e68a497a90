"""The hotline's books and menus over what Asterisk reports, whatever order it comes in."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from panoramisk.message import Message

from ivrd.asterisk.seat_facts import SeatOffered, SeatUnanswered
from ivrd.core.call import UNREACHED, CallbackResult, CallState, Outcome, Stage
from ivrd.core.call_notices import Answered, Ended, Notice, Offered
from ivrd.core.leg_security import LegSecurity
from ivrd.core.menu_step import StepKind
from tests.asterisk.recording import ALONE
from tests.asterisk.virtual import run
from tests.calls.rig import (
    FIFTH,
    FIRST,
    FOURTH,
    MAKERS,
    NOW,
    SCRIPT,
    SECOND,
    THIRD,
    TREE,
    Rig,
    Told,
    answered,
    arrived,
    cut,
    dialled,
    event,
    gone,
    hung_up_at_the_answer,
    joined,
    media_lost,
    offered,
    pressed,
    settle,
    unreached,
    whole_recording,
)

# --- what Asterisk reports, into the books -------------------------------------------------


def test_the_recorded_calls_end_as_their_callers_say() -> None:
    async def body() -> None:
        rig = await whole_recording()
        assert rig.ends() == {
            FIRST: (Outcome.ANSWERED, Stage.TALK),
            SECOND: (Outcome.ANSWERED, Stage.TALK),
            THIRD: (Outcome.ABANDONED, Stage.QUEUE),
            FOURTH: (Outcome.ABANDONED, Stage.IVR),
            FIFTH: (Outcome.SELF_SERVED, Stage.IVR),
            ALONE: (Outcome.ANSWERED, Stage.TALK),
        }
        assert rig.ledger.calls == {}
        assert rig.ledger.received == len(rig.told.calls) == 6
        assert rig.tracker.ivr._calls == {}  # nothing is kept of calls that are gone
        assert [call.id for call in rig.told.alone] == [ALONE]
        assert rig.told.refusals == []
        assert rig.told.faults == []

    run(body())


def test_what_is_known_of_a_call_at_its_end() -> None:
    async def body() -> None:
        rig = await whole_recording()
        ended = {n.call.id: n.call for n in rig.told.notices if isinstance(n, Ended)}
        first = ended[FIRST]
        assert (first.queue, first.topic) == ("home_isolation", "hi-symptoms")
        assert (first.language, first.seat, first.caller) == ("th", "base-01", "#001")
        assert first.wait_seconds() == pytest.approx(6.6, abs=1.0)
        assert first.talk_seconds() == pytest.approx(6.0, abs=1.0)
        assert ended[SECOND].language == "en"
        waits = [n.wait_seconds for n in rig.told.notices if isinstance(n, Answered)]
        assert len(waits) == 3
        assert sum(isinstance(n, Offered) for n in rig.told.notices) == 4

    run(body())


@given(st.lists(st.tuples(st.sampled_from(list(MAKERS)), st.sampled_from("abc")), max_size=40))
def test_the_books_balance_after_any_events_in_any_order_twice_or_never(
    happenings: list[tuple[str, str]],
) -> None:
    async def body() -> None:
        rig = Rig()
        for name, call_id in happenings:
            await rig.take(MAKERS[name](call_id))
        assert rig.ledger.received == len(rig.told.calls)
        assert rig.told.faults == []
        await rig.take(*(gone(call_id) for call_id in "abc"))
        assert rig.ledger.calls == {}
        ends = sum(isinstance(notice, Ended) for notice in rig.told.notices)
        assert rig.ledger.received == ends == sum(rig.ledger.outcomes.values())
        assert len(rig.tracker.ivr) == 0

    run(body())


CUT_OFF = [
    # what happened before, how the call ends
    ([], (Outcome.FAILED, Stage.IVR, True)),
    ([offered], (Outcome.FAILED, Stage.IVR, True)),
    ([joined], (Outcome.FAILED, Stage.QUEUE, True)),
    ([joined, answered], (Outcome.ANSWERED, Stage.TALK, True)),
    ([joined, gone], (Outcome.ABANDONED, Stage.QUEUE, False)),  # a moment before
]


@pytest.mark.parametrize(("before", "end"), CUT_OFF)
def test_a_call_that_is_cut_off_did_not_hang_up(
    before: list[Callable[[str], Message]], end: tuple[Outcome, Stage, bool]
) -> None:
    async def body() -> None:
        rig = Rig()
        for happens in (arrived, *before, cut, gone):
            await rig.take(happens("a"))
        (ended,) = [notice for notice in rig.told.notices if isinstance(notice, Ended)]
        assert (ended.outcome, ended.stage, ended.call.cut_off) == end
        assert len(rig.tracker.ivr) == 0

    run(body())


@pytest.mark.parametrize("told", [[hung_up_at_the_answer], [hung_up_at_the_answer] * 2])
def test_who_hangs_up_in_the_moment_of_the_answer_has_given_up(
    told: list[Callable[[str], Message]],
) -> None:
    """app_queue takes the caller for connected all the same."""

    async def body() -> None:
        rig = Rig()
        for happens in (arrived, joined, *told, answered, gone):
            await rig.take(happens("a"))
        assert rig.ends() == {"a": (Outcome.ABANDONED, Stage.QUEUE)}
        assert not [notice for notice in rig.told.notices if isinstance(notice, Answered)]
        assert rig.told.refusals == []

    run(body())


MEDIA_LOST = [
    ([], (Outcome.ABANDONED, Stage.IVR, True)),
    ([offered], (Outcome.ABANDONED, Stage.IVR, True)),
    ([joined], (Outcome.ABANDONED, Stage.QUEUE, True)),
    ([joined, answered], (Outcome.ANSWERED, Stage.TALK, True)),
    ([joined, gone], (Outcome.ABANDONED, Stage.QUEUE, False)),  # a moment before
]


@pytest.mark.parametrize(("before", "end"), MEDIA_LOST)
def test_a_caller_from_whom_nothing_comes_has_left(
    before: list[Callable[[str], Message]], end: tuple[Outcome, Stage, bool]
) -> None:
    async def body() -> None:
        rig = Rig()
        for happens in (arrived, *before, media_lost, gone):
            await rig.take(happens("a"))
        (ended,) = [notice for notice in rig.told.notices if isinstance(notice, Ended)]
        assert (ended.outcome, ended.stage, ended.call.media_lost) == end
        assert len(rig.tracker.ivr) == 0

    run(body())


def test_calls_of_others_are_not_in_the_books() -> None:
    async def body() -> None:
        rig = Rig()
        await rig.take(joined("x"), answered("x"), pressed("x", "1"), gone("x"))
        assert rig.ledger.received == 0
        assert rig.told == Told()

    run(body())


def test_a_number_is_nowhere_but_hashed() -> None:
    async def body() -> None:
        rig = Rig()
        await rig.take(arrived("a", "0200000099"), offered("a"), gone("a"))
        assert "0200000099" not in repr(rig.told) + repr(rig.link.told)
        assert rig.told.calls[0].caller == "#099"

    run(body())


# --- menus ---------------------------------------------------------------------------------


def test_keys_pressed_before_the_menu_has_begun_are_not_lost() -> None:
    async def body() -> None:
        rig = Rig()
        for message in (arrived("a"), offered("a"), *(pressed("a", digit) for digit in "14")):
            rig.tracker.take(message)  # all in one packet
        await settle()
        assert rig.ledger.calls["a"].topic == "other"

    run(body())


def test_a_fault_in_one_menu_is_reported_and_does_not_touch_the_others() -> None:
    async def body() -> None:
        rig = Rig(replace(SCRIPT, label={}))  # leaving the menu will fail
        for call_id in ("a", "b"):
            await rig.take(arrived(call_id), offered(call_id))
        rig.tracker.ivr._calls["a"].conversation._speech._saying = None  # type: ignore[union-attr]
        await rig.take(pressed("a", "0"))
        assert [call_id for call_id, _error in rig.told.faults] == ["a"]
        assert len(rig.tracker.ivr) == 1
        await rig.take(pressed("b", "2"))
        assert rig.ledger.calls["b"].language == "en"
        assert rig.places() == {"a": CallState.MENU, "b": CallState.MENU}
        await rig.take(event("AsyncAGIEnd", "a"), joined("a"), gone("a"), gone("b"))
        assert len(rig.tracker.ivr) == 0

    run(body())


def test_a_fault_in_the_watch_is_reported_and_costs_no_other_event() -> None:
    async def body() -> None:
        class Full:
            def notice(self, _notice: Notice) -> None:
                raise RuntimeError("the metrics are full")

        rig = Rig(notices=(Full(),))
        await rig.take(arrived("a"), joined("a"), arrived("b"))
        assert [(c, str(e)) for c, e in rig.told.faults] == [("a", "the metrics are full")]
        assert rig.places() == {"a": CallState.QUEUE, "b": CallState.MENU}

    run(body())


def test_a_second_session_of_a_channel_ends_the_first() -> None:
    async def body() -> None:
        rig = Rig()
        await rig.take(arrived("a"), offered("a"), offered("a"))
        assert len(rig.tracker.ivr) == 1
        await rig.take(gone("a"))
        assert len(rig.tracker.ivr) == 0

    run(body())


# --- stopping ------------------------------------------------------------------------------


def test_a_stop_with_nobody_in_a_menu_is_over_at_once() -> None:
    async def body() -> None:
        rig = Rig()
        await rig.take(arrived("a"), joined("a"))
        await rig.tracker.ivr.drain(3600.0)
        assert asyncio.get_running_loop().time() == 0.0
        assert rig.places() == {"a": CallState.QUEUE}

    run(body())


def test_a_stop_takes_nobody_new_and_brings_everybody_to_a_person() -> None:
    async def body() -> None:
        rig = Rig()
        await rig.take(arrived("a"), offered("a"), arrived("b"), offered("b"))
        asyncio.get_running_loop().call_later(5.0, rig.tracker.take, gone("b"))
        draining = asyncio.ensure_future(rig.tracker.ivr.drain(20.0))
        await asyncio.sleep(1.0)
        await rig.take(arrived("late"), offered("late"))
        assert rig.link.commands("PJSIP/c-late") == ["ASYNCAGI BREAK"]
        await asyncio.sleep(20.0)
        assert rig.ledger.calls["a"].topic == TREE.operator
        assert rig.link.commands("PJSIP/c-a")[-1] == "ControlPlayback"  # makes room for `connect`
        await rig.take(event("AsyncAGIEnd", "a"))
        await asyncio.wait_for(draining, 5.0)
        assert len(rig.tracker.ivr) == 0

    run(body())


def test_a_key_that_asterisk_reports_twice_was_pressed_once() -> None:
    async def body() -> None:
        rig = Rig()
        key = pressed("a", "1")
        await rig.take(arrived("a"), offered("a"), key, key, pressed("a", "2"))
        once = Rig()
        await once.take(arrived("a"), offered("a"), pressed("a", "1"), pressed("a", "2"))
        assert rig.tracker.ivr.position("a").visit == once.tracker.ivr.position("a").visit

    run(body())


def test_who_follows_one_call_receives_its_steps_and_the_seats_it_was_offered_to() -> None:
    async def body() -> None:
        rig = Rig()
        seat = {"Interface": "PJSIP/base-01", "RingTime": "15000"}
        await rig.take(arrived("a"), offered("a"), pressed("a", "1"), pressed("a", "4"))
        await rig.take(event("AsyncAGIEnd", "a"), joined("a"))
        await rig.take(event("AgentCalled", "a", **seat), event("AgentRingNoAnswer", "a", **seat))
        await rig.take(event("AgentCalled", "stranger", **seat))
        told = [(call, step.kind, step.key) for call, step in rig.told.steps]
        assert told == [("a", StepKind.MENU, "1"), ("a", StepKind.PERSON, "4")]
        assert rig.told.offers == [
            ("a", SeatOffered("base-01", "a")),
            ("a", SeatUnanswered("base-01", NOW, 15.0, "a")),
        ]

    run(body())


def test_whoever_is_told_that_all_lines_are_busy_has_that_in_the_story() -> None:
    async def body() -> None:
        rig = Rig()
        await rig.take(arrived("a"), event("UserEvent", "a", UserEvent="IvrdAllLinesBusy"))
        assert [(call, step.kind) for call, step in rig.told.steps] == [("a", StepKind.LINES_BUSY)]
        await rig.take(gone("a"))
        assert rig.ends() == {"a": (Outcome.REJECTED, Stage.IVR)}

    run(body())


# --- calls that the hotline makes ----------------------------------------------------------------


def test_a_call_back_goes_from_the_first_ring_to_a_person_and_is_never_received() -> None:
    async def body() -> None:
        rig = Rig()
        await rig.take(arrived(SECOND), dialled(FIRST), dialled(FIRST))
        call = rig.ledger.calls[FIRST]
        assert (call.state, call.caller) == ("dialled", rig.ledger.calls[SECOND].caller)
        assert (call.language, call.topic) == ("en", "other")
        assert [one.id for one in rig.told.dialled_calls] == [FIRST]
        await rig.take(joined(FIRST), answered(FIRST), gone(FIRST))
        (end,) = [n for n in rig.told.notices if isinstance(n, Ended)]
        assert end.call.result is CallbackResult.REACHED
        assert end.call.caller_leg is LegSecurity.CLEAR  # otherwise it would have been said
        assert (rig.ledger.received, rig.ledger.dialled) == (1, 1)
        assert (rig.ledger.results, rig.ledger.outcomes) == ({"reached": 1}, {})

    run(body())


def test_whoever_is_called_back_can_be_told_to_look_for_a_seat_and_moved_as_any_caller() -> None:
    async def body() -> None:
        rig = Rig()
        own = {"Call": FIRST, "Number": "0200000001", "Language": "en", "Topic": "other"}
        await rig.take(event("UserEvent", FIRST, UserEvent="IvrdDialled", **own), joined(FIRST))
        assert rig.tracker.ivr.channel(FIRST) == f"PJSIP/c-{FIRST}"
        await rig.take(gone(FIRST))
        assert rig.tracker.ivr.channel(FIRST) == ""

    run(body())


@pytest.mark.parametrize("result", UNREACHED)
def test_a_call_back_in_vain_has_its_result(result: CallbackResult) -> None:
    async def body() -> None:
        rig = Rig()
        await rig.take(dialled(FIRST), unreached(FIRST, "nonsense"), unreached(FIRST, "reached"))
        assert rig.places() == {FIRST: CallState.DIALLED}
        await rig.take(unreached(FIRST, result), gone(FIRST))
        assert (rig.ledger.results, rig.ledger.calls) == ({result: 1}, {})
        assert rig.ledger.callback_balance() == rig.ledger.balance() == 0

    run(body())
