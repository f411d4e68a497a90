"""What agents did is stored once, whoever saw it, and is there after a restart."""

import asyncio
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.agents.history import AGENT_HISTORY
from ivrd.core import agent as a
from ivrd.core.agent import Duty
from ivrd.core.agent_report import AgentFact, AgentSums, OnDuty, Talk, Untaken
from ivrd.core.call import AnsweredBy, Call, Outcome, Stage
from ivrd.core.call_notices import Answered, Ended, Rejoined
from ivrd.core.seat_health import NotTaken, Reason
from tests.agents.test_controller import WRAP_UP_SECONDS, Rig

CALL = Call("1795312000.7", 0.0, connected_at=0.0, by=AnsweredBy.INHOUSE, seat="base-01")
MIDNIGHT = 1_795_366_800.0  # in Bangkok


@pytest.fixture
def rig() -> Rig:
    made = Rig()
    made.now = MIDNIGHT - 1000.0
    asyncio.run(made.repository.restore())
    return made


def stored(rig: Rig) -> list[AgentFact | None]:
    async def body() -> list[AgentFact | None]:
        await rig.written()
        return [fact async for page in rig.history.read(0.0, 4e9) for fact in page]

    return asyncio.run(body())


def talks(rig: Rig, seconds: float) -> None:
    """A call is answered now, and ends so many seconds later."""
    call = replace(CALL, connected_at=rig.now, ended_at=rig.now + seconds)
    rig.seats.notice(Answered(replace(call, ended_at=None), 1.0))
    rig.now += seconds
    for listener in (rig.controller, rig.seats):
        listener.notice(Ended(call, Outcome.ANSWERED, Stage.TALK))


def test_each_duty_is_written_when_it_is_over_and_wrap_up_as_long_as_it_was(rig: Rig) -> None:
    start = rig.now
    rig.controller.say("late", a.SignedIn(start))
    talks(rig, 60.0)
    rig.now += WRAP_UP_SECONDS + 100.0
    asyncio.run(rig.controller.look())
    asyncio.run(rig.controller.look())
    rig.controller.say("late", a.Paused(rig.now, "lunch"))
    rig.now += 30.0
    rig.controller.say("late", a.SignedOut(rig.now))
    ready, wrapped = start + 60.0, start + 60.0 + WRAP_UP_SECONDS
    assert sorted((f for f in stored(rig) if isinstance(f, OnDuty)), key=lambda f: f.start) == [
        OnDuty("late", "base-01", Duty.READY, "", start, ready),
        OnDuty("late", "base-01", Duty.WRAP_UP, "", ready, wrapped),
        OnDuty("late", "base-01", Duty.READY, "", wrapped, wrapped + 100.0),
        OnDuty("late", "base-01", Duty.PAUSED, "lunch", wrapped + 100.0, wrapped + 130.0),
    ]
    assert rig.wrap_ups == [("base", WRAP_UP_SECONDS)]
    assert Talk("base-01", start, start + 60.0) in stored(rig)


microseconds = st.integers(0, 999_999)


@given(microseconds, st.lists(st.integers(0, 99_999), min_size=60, max_size=80).map(sorted))
def test_whoever_is_there_has_what_was_missed_however_short_each_duty_was(
    first: int, moments: list[int]
) -> None:
    rig = Rig()
    rig.now = start = MIDNIGHT - 2000.0 + first / 1e6
    asyncio.run(rig.repository.restore())
    rig.controller.say("late", a.SignedIn(start))
    missed = set()
    for number, after in enumerate(moments):
        rig.now = start + after / 1e6
        if number % 2:
            rig.history.untaken(Untaken("base-01", rig.now, Reason.MISSED))
            missed.add(math.floor(rig.now * 1000))
        else:
            say = a.Resumed(rig.now) if number % 4 else a.Paused(rig.now, "lunch")
            rig.controller.say("late", say)
    rig.now += 1.0
    rig.controller.say("late", a.SignedOut(rig.now))
    sums = AgentSums(MIDNIGHT - 86_400.0, MIDNIGHT)
    for fact in stored(rig):
        assert fact is not None
        sums.add(fact)
    (row,) = sums.rows({})
    assert sum(row.untaken.values()) == len(missed)


def test_a_duty_over_midnight_is_in_both_days(rig: Rig) -> None:
    rig.controller.say("late", a.SignedIn(MIDNIGHT - 1000.0))
    rig.now = MIDNIGHT + 500.0
    rig.controller.say("late", a.SignedOut(rig.now))
    found = [(f.start, f.end) for f in stored(rig) if isinstance(f, OnDuty)]
    assert found == [(MIDNIGHT - 1000.0, MIDNIGHT), (MIDNIGHT, MIDNIGHT + 500.0)]


def test_what_two_have_seen_is_there_once(rig: Rig) -> None:
    """A standby, which does not know who is signed in, and then reads an end from queue_log."""
    for shift in (0.0, 0.4):
        call = replace(CALL, connected_at=rig.now + shift, ended_at=rig.now + 60.0)
        rig.seats.notice(Ended(call, Outcome.ANSWERED, Stage.TALK))
        rig.seats.seat("base", NotTaken("base-01", Reason.MISSED, rig.now))
        facts = stored(rig)
        rig.begin()
    assert sorted(type(fact).__name__ for fact in facts) == ["Talk", "Untaken"]
    assert Untaken("base-01", rig.now, Reason.MISSED) in facts


def test_a_caller_who_is_sent_back_was_talked_with_and_one_who_was_dropped_was_not(
    rig: Rig,
) -> None:
    for seconds in (60.0, 2.0):
        rig.seats.notice(Answered(replace(CALL, connected_at=rig.now), 1.0))
        rig.now += seconds
        rig.seats.notice(Rejoined(replace(CALL, connected_at=None, seat=""), seconds))
    assert stored(rig) == [Talk("base-01", rig.now - 62.0, rig.now - 2.0)]


def test_what_is_written_is_the_time_of_day_also_when_the_clock_was_set(rig: Rig) -> None:
    rig.begin(shift=3600.0)
    asyncio.run(rig.repository.restore())
    start = rig.now
    rig.controller.say("late", a.SignedIn(start))
    talks(rig, 10.0)
    rig.seats.seat("base", NotTaken("base-01", Reason.LOST, rig.now))
    ready = OnDuty("late", "base-01", Duty.READY, "", start + 3600.0, start + 3610.0)
    talk = Talk("base-01", start + 3600.0, start + 3610.0)
    found = stored(rig)
    assert len(found) == 3
    for fact in (ready, talk, Untaken("base-01", start + 3610.0, Reason.LOST)):
        assert fact in found


def test_seats_of_nobody_and_partners_have_no_agent(rig: Rig) -> None:
    for other in (replace(CALL, seat="surge-01"), replace(CALL, by=AnsweredBy.PARTNER)):
        rig.seats.notice(Ended(replace(other, ended_at=60.0), Outcome.ANSWERED, Stage.TALK))
    rig.seats.seat("surge", NotTaken("surge-01", Reason.MISSED, rig.now))
    assert stored(rig) == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '["nobody","","base-01",1]', '[1,"x",2]'])
@pytest.mark.parametrize("key", ["", "x", "1795312000 d late 000", "1795312000.7 t"])
def test_what_cannot_be_parsed_is_none(key: str, text: str, rig: Rig) -> None:
    rig.shelf.entries[AGENT_HISTORY, key] = text
    assert stored(rig) == [None]
