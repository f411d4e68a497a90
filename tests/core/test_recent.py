"""The last hour, compared with a recount of everything that ever happened."""

import pickle
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from ivrd.core.call import AnsweredBy, Call, CallbackResult, CallState, Direction, Outcome, Stage
from ivrd.core.call_events import (
    Connected,
    CutOff,
    Event,
    HungUp,
    JoinedQueue,
    LeftQueue,
    MediaLost,
    PlayedMessage,
    Rejected,
    ReturnedToMenu,
    Unreached,
)
from ivrd.core.call_notices import Answered, Ended, Notice, Offered, Rejoined
from ivrd.core.call_table import TABLE, step
from ivrd.core.recent import Hour, Recent
from tests.examples import examples

TARGET = 20.0  # seconds
PARTNER = AnsweredBy.PARTNER
START = 1_645_400_000.0  # seconds since the epoch, in the middle of a minute

History = list[tuple[float, Notice | None]]  # None: a call was received


def possible(call: Call, now: float) -> list[Event]:
    person = Connected(now, AnsweredBy.INHOUSE, "a1")
    partner = Connected(now, PARTNER, "bank/01")
    every = (
        PlayedMessage(),
        Rejected(),
        ReturnedToMenu(),
        JoinedQueue(now, "other"),
        person,
        partner,
        LeftQueue(),
    )
    return [
        e
        for e in (*every, HungUp(now), MediaLost(now, 30.0), CutOff(now))
        if (call.state, type(e)) in TABLE
    ]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Three lines on which one caller after another does what the table allows, for some hours.

    Some of it is told late, as after a lost link.
    """
    now = START
    calls: dict[int, Call] = {}
    told: History = []
    for number in range(draw(st.integers(0, 50))):
        now += draw(st.sampled_from([0, 1, 9, 20, 31, 64, 900]))
        line = draw(st.integers(0, 2))
        if line not in calls:
            calls[line] = Call(f"c{number}", now)
            told.append((now, None))
        calls[line], notices = step(calls[line], draw(st.sampled_from(possible(calls[line], now))))
        now += draw(st.sampled_from([0, 0, 0, 64]))
        told += [(now, notice) for notice in notices]
        if calls[line].ended_at is not None:
            del calls[line]
    return told


def fed(history: History) -> Recent:
    recent = Recent(TARGET)
    for now, notice in history:
        if notice is None:
            recent.received(now)
        else:
            recent.notice(now, notice)
    return recent


def recount(history: History, now: float) -> Hour:
    """The same, from all that ever happened and without a care for memory."""

    def in_hour(at: float | None) -> bool:
        return at is not None and now // 60 - 60 < at // 60 <= now // 60

    first: dict[str, tuple[float, Answered]] = {}
    kept: set[str] = set()  # callers whom a person has kept so long that the answer stands
    for at, notice in history:
        if isinstance(notice, Answered):
            first.setdefault(notice.call.id, (at, notice))
        elif isinstance(notice, Rejoined):
            kept |= {notice.call.id} if notice.answer_stands else set()
            if notice.call.id not in kept:
                first.pop(notice.call.id, None)
    offered = [n.call for _, n in history if isinstance(n, Offered) and in_hour(n.call.joined_at)]
    joined = {call.id for call in offered}
    waits = [n.wait_seconds for at, n in first.values() if in_hour(at)]
    in_time = [c for c, (_, n) in first.items() if c in joined and n.wait_seconds <= TARGET]
    ended = [(at, n) for at, n in history if isinstance(n, Ended)]
    here = [n for at, n in ended if in_hour(at)]
    gone = [n.call for n in here if (n.outcome, n.stage) == (Outcome.ABANDONED, Stage.QUEUE)]
    lost = [
        n for _, n in ended
        if (n.outcome, n.stage) == (Outcome.ABANDONED, Stage.QUEUE) and n.call.id in joined
    ]  # fmt: skip
    outcomes = [n.outcome for n in here]
    return Hour(
        received=sum(n is None and in_hour(at) for at, n in history),
        offered=len(offered),
        answered=len(waits),
        overflow=sum(n.call.by is PARTNER for at, n in first.values() if in_hour(at)),
        abandoned_ivr=outcomes.count(Outcome.ABANDONED) - len(gone),
        abandoned_queue=len(gone),
        abandoned_after_30s=sum((call.wait_seconds() or 0) > 30 for call in gone),
        self_served=outcomes.count(Outcome.SELF_SERVED),
        deflected=outcomes.count(Outcome.DEFLECTED),
        callback=outcomes.count(Outcome.CALLBACK),
        rejected=outcomes.count(Outcome.REJECTED),
        failed=outcomes.count(Outcome.FAILED),
        dialled=0,
        reached=0,
        service_level=len(in_time) / len(offered) if offered else None,
        asa_seconds=sum(waits) / len(waits) if waits else None,
        abandonment=len(lost) / len(offered) if offered else None,
    )


@settings(max_examples=examples(300), deadline=None)
@given(histories(), st.floats(0, 9000))
def test_the_hour_equals_a_recount(history: History, later: float) -> None:
    now = (history[-1][0] if history else START) + later
    assert fed(history).totals(now) == recount(history, now)


@settings(max_examples=examples(100), deadline=None)
@given(histories())
def test_the_ratios_never_pass_one(history: History) -> None:
    recent = Recent(TARGET)
    for now, notice in history:
        if notice is None:
            recent.received(now)
            continue
        recent.notice(now, notice)
        totals = recent.totals(now)
        assert 0 <= (totals["service_level"] or 0) <= 1
        assert 0 <= (totals["abandonment"] or 0) <= 1


def queued(call_id: str, at: float) -> tuple[Call, Notice]:
    call, notices = step(Call(call_id, at), JoinedQueue(at, "other"))
    return call, notices[0]


def test_nothing_is_known_before_anybody_called() -> None:
    totals = Recent(TARGET).totals(START)
    assert (totals["received"], totals["offered"], totals["answered"]) == (0, 0, 0)
    assert (totals["service_level"], totals["asa_seconds"], totals["abandonment"]) == (
        None,
        None,
        None,
    )


def test_an_hour_later_it_is_forgotten() -> None:
    recent = Recent(TARGET)
    minute = START // 60 * 60
    recent.received(minute + 59.9)
    assert recent.totals(minute + 59 * 60 + 59.9)["received"] == 1
    assert recent.totals(minute + 60 * 60)["received"] == 0


def test_a_wait_of_exactly_the_target_is_in_time_and_of_exactly_30_s_is_not_late() -> None:
    recent = Recent(TARGET)
    answered, offered = queued("c1", START)
    recent.notice(START, offered)
    _, (notice,) = step(answered, Connected(START + TARGET, AnsweredBy.INHOUSE, "a1"))
    recent.notice(START + TARGET, notice)
    left, offered = queued("c2", START)
    recent.notice(START, offered)
    _, (notice,) = step(left, HungUp(START + 30))
    recent.notice(START + 30, notice)
    totals = recent.totals(START + 30)
    assert (totals["service_level"], totals["abandonment"]) == (0.5, 0.5)
    assert (totals["abandoned_queue"], totals["abandoned_after_30s"]) == (1, 0)


def test_hang_ups_after_a_rush_do_not_outnumber_those_who_joined() -> None:
    """Three join, an hour later they give up, and one more has joined meanwhile."""
    recent = Recent(TARGET)
    waiting = [queued(f"c{number}", START) for number in range(3)]
    for _, notice in waiting:
        recent.notice(START, notice)
    later = START + 3600
    recent.notice(later, queued("c9", later)[1])
    for call, _ in waiting:
        recent.notice(later, step(call, HungUp(later))[1][0])
    totals = recent.totals(later)
    assert (totals["offered"], totals["abandoned_queue"], totals["abandonment"]) == (1, 3, 0.0)


def test_an_answer_is_forgotten_together_with_the_call_it_was_for() -> None:
    """It came in the minute after the one in which the caller joined."""
    recent = Recent(TARGET)
    minute = START // 60 * 60
    call, offered = queued("c1", minute + 55)
    recent.notice(minute + 55, offered)
    recent.notice(minute + 65, step(call, Connected(minute + 65, AnsweredBy.INHOUSE, "a1"))[1][0])
    recent.notice(minute + 600, queued("c2", minute + 600)[1])
    assert recent.totals(minute + 600)["service_level"] == 0.5
    assert recent.totals(minute + 3600)["service_level"] == 0.0


def test_who_joined_before_this_process_began_is_in_no_ratio_over_those_offered() -> None:
    """Four waited already when it started; one joins, and all but one are answered at once."""
    recent = Recent(TARGET)
    waiting = [queued(f"c{number}", START)[0] for number in range(3)]
    left, _ = queued("c4", START)
    call, offered = queued("c5", START)
    recent.notice(START, offered)
    for one in (*waiting, call):
        recent.notice(START + 1, step(one, Connected(START + 1, AnsweredBy.INHOUSE, "a"))[1][0])
    recent.notice(START + 1, step(left, HungUp(START + 1))[1][0])
    totals = recent.totals(START + 1)
    assert (totals["offered"], totals["answered"], totals["abandoned_queue"]) == (1, 4, 1)
    assert (totals["service_level"], totals["abandonment"]) == (1.0, 0.0)


def test_a_call_that_is_sent_on_to_another_person_is_answered_once() -> None:
    recent = Recent(TARGET)
    call, _ = queued("c1", START)
    for event in (
        Connected(START + 5, AnsweredBy.INHOUSE, "a1"),
        JoinedQueue(START + 60, "benefits"),
        Connected(START + 70, AnsweredBy.INHOUSE, "a2"),
        HungUp(START + 90),
    ):
        call, notices = step(call, event)
        for notice in notices:
            recent.notice(event.at, notice)
    totals = recent.totals(START + 90)
    assert (totals["answered"], totals["asa_seconds"]) == (1, 5.0)


def told(recent: Recent, call: Call, *events: JoinedQueue | Connected | HungUp) -> None:
    for event in events:
        call, notices = step(call, event)
        for notice in notices:
            recent.notice(event.at, notice)


def test_who_is_dropped_and_hangs_up_was_not_answered() -> None:
    recent = Recent(TARGET)
    joined = JoinedQueue(START, "other")
    taken = Connected(START + 5, PARTNER, "bank/01")
    told(recent, Call("c1", START), joined, taken, JoinedQueue(START + 6, "other"))
    totals = recent.totals(START + 6)
    assert (totals["answered"], totals["overflow"], totals["asa_seconds"]) == (0, 0, None)
    assert totals["service_level"] == 0.0


def test_who_is_dropped_and_answered_again_has_waited_until_the_second_answer() -> None:
    recent = Recent(TARGET)
    told(
        recent,
        Call("c1", START),
        JoinedQueue(START, "other"),
        Connected(START + 5, PARTNER, "bank/01"),
        JoinedQueue(START + 6, "other"),
        Connected(START + 25, AnsweredBy.INHOUSE, "a1"),
        HungUp(START + 90),
    )
    totals = recent.totals(START + 90)
    assert (totals["answered"], totals["overflow"], totals["asa_seconds"]) == (1, 0, 25.0)
    assert totals["service_level"] == 0.0


def test_an_answer_that_stood_is_not_taken_out_by_a_later_drop() -> None:
    recent = Recent(TARGET)
    told(
        recent,
        Call("c1", START),
        JoinedQueue(START, "other"),
        Connected(START + 5, AnsweredBy.INHOUSE, "a1"),
        JoinedQueue(START + 60, "other"),
        Connected(START + 65, PARTNER, "bank/01"),
        JoinedQueue(START + 66, "other"),
        HungUp(START + 90),
    )
    totals = recent.totals(START + 90)
    assert (totals["answered"], totals["asa_seconds"], totals["service_level"]) == (1, 5.0, 1.0)


def test_an_answer_is_taken_out_of_the_minutes_that_have_it() -> None:
    """Whatever the clock and the target do meanwhile."""
    recent = Recent(TARGET)
    call, offered = queued("c1", START)
    recent.notice(START, offered)
    taken, (answered,) = step(call, Connected(START + 5, PARTNER, "bank/01"))
    recent.notice(START + 5, answered)
    recent.service_level_seconds = 1.0
    _, (rejoined,) = step(taken, JoinedQueue(START + 6, "other"))
    recent.notice(START - 300, rejoined)
    totals = recent.totals(START + 5)
    assert (totals["answered"], totals["service_level"]) == (0, 0.0)


def test_a_call_whose_clock_runs_ahead_counts_now() -> None:
    recent = Recent(TARGET)
    recent.notice(START, queued("c1", START + 300)[1])
    assert recent.totals(START)["offered"] == 1


def test_the_clock_may_be_set_back() -> None:
    recent = Recent(TARGET)
    recent.received(START + 7200)
    recent.received(START)
    assert recent.totals(START)["received"] == 1


def test_memory_does_not_grow() -> None:
    def size_after(hours: int) -> int:
        recent = Recent(TARGET)
        for number in range(hours * 120):
            now = START + number * 30
            call, offered = queued(f"c{number:06}", now)
            taken, (answered,) = step(call, Connected(now + 5, AnsweredBy.INHOUSE, "a1"))
            _, (ended,) = step(taken, HungUp(now + 9))
            recent.received(now)
            for notice in (offered, answered, ended):
                recent.notice(now + 9, notice)
        return len(pickle.dumps(recent))

    assert size_after(50) == size_after(2)


def test_calls_that_the_hotline_makes_are_none_of_the_callers_own() -> None:
    recent, quiet = Recent(TARGET), Recent(TARGET).totals(START)
    made = Call("m", START, state=CallState.DIALLED, direction=Direction.CALLBACK)
    stories: dict[str, tuple[Event, ...]] = {
        "m": (JoinedQueue(START, "other"), Connected(START + 5, PARTNER, "bank/01"), HungUp(START)),
        "n": (Unreached(START, CallbackResult.NO_ANSWER),),
        "o": (JoinedQueue(START, "other"), HungUp(START + 90)),
    }
    for call_id, story in stories.items():
        call = replace(made, id=call_id)
        recent.dialled(START)
        for event in story:
            call, notices = step(call, event)
            for notice in notices:
                recent.notice(START + 50, notice)
    assert recent.totals(START + 60) == {**quiet, "dialled": 3, "reached": 1}
