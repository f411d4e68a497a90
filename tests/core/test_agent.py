"""What an agent says, in any order: nobody is signed out, rung or kept from callers by mistake."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core import agent as a
from ivrd.core.agent import (
    STATES,
    TABLE,
    Agent,
    AgentState,
    Duty,
    Extended,
    InvalidTransition,
    Paused,
    Resumed,
    SignedIn,
    SignedOut,
    Talked,
    pause_reason,
    state,
    step,
)
from ivrd.core.seats import SeatStatus

EVENTS = (SignedIn, SignedOut, Paused, Resumed, Talked, Extended)
TIMES = st.floats(1, 1e9)
events = st.one_of(
    st.builds(SignedIn, TIMES),
    st.builds(SignedOut, TIMES),
    st.builds(Paused, TIMES, st.sampled_from(["lunch", "paused"])),
    st.builds(Resumed, TIMES),
    st.builds(Talked, TIMES, st.floats(0, 600)),
    st.builds(Extended, TIMES, st.floats(0, 600)),
)


def said(agent: Agent, event: a.Event) -> Agent:
    """As `step`; what cannot be said changes nothing."""
    try:
        return step(agent, event)
    except InvalidTransition:
        return agent


def test_everything_that_may_happen_is_in_the_table_or_has_words_for_it() -> None:
    every = {(duty, event) for duty in Duty for event in EVENTS}
    assert TABLE.keys() | a.IMPOSSIBLE.keys() == every
    assert not TABLE.keys() & a.IMPOSSIBLE.keys()


def test_every_duty_has_a_state_for_all_that_a_phone_may_do() -> None:
    assert STATES.keys() == {(duty, seat) for duty in Duty for seat in SeatStatus}
    assert set(STATES.values()) == set(AgentState)


@given(st.lists(events, max_size=20))
def test_only_the_agent_signs_out(happened: list[a.Event]) -> None:
    agent = Agent()
    for event in happened:
        before, agent = agent, said(agent, event)
        if before.signed_in and not agent.signed_in:
            assert isinstance(event, SignedOut)


@given(st.lists(events, max_size=20), TIMES)
def test_a_seat_is_rung_exactly_while_its_agent_is_ready(
    happened: list[a.Event], now: float
) -> None:
    agent = Agent()
    for event in happened:
        agent = said(agent, event)
    agent = a.at(agent, now)
    assert (pause_reason(agent) == "") is (agent.duty is Duty.READY)
    assert state(agent, SeatStatus.FREE) == agent.duty


@given(TIMES, st.floats(0, 600), st.floats(0, 1200))
def test_wrap_up_ends_by_itself_after_its_time(at: float, seconds: float, later: float) -> None:
    agent = step(step(Agent(), SignedIn(at)), Talked(at, seconds))
    now = at + later
    over = a.at(agent, now)
    assert (over.duty is Duty.READY) is (at + seconds <= now)


@pytest.mark.parametrize("event", [Paused(2.0, "lunch"), SignedOut(2.0)])
def test_what_is_said_during_a_talk_holds_after_it(event: a.Event) -> None:
    talking = step(Agent(), SignedIn(1.0))
    assert state(talking, SeatStatus.BUSY) is AgentState.TALKING
    after = step(talking, event)
    assert step(after, Talked(3.0, 20.0)) == after


def test_who_cannot_be_reached_is_signed_in_all_the_same() -> None:
    agent = step(Agent(), SignedIn(1.0))
    assert state(agent, SeatStatus.AWAY) is AgentState.UNREACHABLE
    assert state(Agent(), SeatStatus.AWAY) is AgentState.SIGNED_OUT


def test_what_cannot_be_said_is_refused_in_words() -> None:
    with pytest.raises(InvalidTransition, match="is signed in already"):
        step(step(Agent(), SignedIn(1.0)), SignedIn(2.0))
    with pytest.raises(InvalidTransition, match="is not signed in"):
        step(Agent(), Paused(1.0, "lunch"))


@given(st.floats(0, 600), st.lists(st.floats(0, 300), max_size=10))
def test_wrap_up_can_be_extended_but_not_for_ever(seconds: float, more: list[float]) -> None:
    agent = step(step(Agent(), SignedIn(1.0)), Talked(1000.0, seconds))
    for one in more:
        before = agent
        agent = step(agent, Extended(1000.0, one))
        assert agent.until >= before.until
    assert agent.duty is Duty.WRAP_UP
    assert agent.until <= 1000.0 + max(seconds, a.LONGEST_WRAP_UP_SECONDS)
