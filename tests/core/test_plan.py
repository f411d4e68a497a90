"""When a plan starts and ends: by an operator, by load without flapping, at its time."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core import plan as core
from ivrd.core.plan import EndedRun, EndReason, Plan, PlanRefused, PlanState, Trigger

TRIGGER = Trigger(waiting=50, for_seconds=60, until_waiting=10, until_for_seconds=300)
FLOOD = Plan("flood", 3600.0, floor=10, pools=("surge",), trigger=TRIGGER)
NIGHT = Plan("night", 600.0, menu="short", users=frozenset({"malee"}))
PLANS = {plan.name: plan for plan in (FLOOD, NIGHT)}
IDLE = PlanState()


def started(plan: Plan = FLOOD, by_load: bool = False, at: float = 0.0) -> PlanState:
    return core.start(IDLE, plan, "malee", at, plan.lasts_seconds, (), by_load)


def run(
    state: PlanState, loads: Sequence[int], begin: float = 0.0
) -> tuple[PlanState, list[tuple[float, str]]]:
    """Look once a second, as ivrd does; what happened when."""
    told = []
    for second, waiting in enumerate(loads):
        now = begin + second
        state, due = core.look(state, PLANS, waiting, now)
        if isinstance(due, Plan):
            state = core.start(state, due, "ivrd", now, due.lasts_seconds, (), True)
            told.append((now, "start"))
        elif isinstance(due, EndedRun):
            told.append((now, due.why))
    return state, told


def test_load_starts_a_plan_and_ends_it_when_it_has_been_so_for_long_enough() -> None:
    loads = [50] * 61 + [49] * 100 + [10] * 301
    _state, told = run(IDLE, loads)
    assert told == [(60.0, "start"), (461.0, "load")]


@pytest.mark.parametrize("loads", [[50] * 60 + [49] + [50] * 60, [49] * 1000])
def test_a_load_that_is_not_high_all_the_time_starts_nothing(loads: list[int]) -> None:
    assert run(IDLE, loads)[1] == []


def test_a_dip_ends_nothing() -> None:
    loads = ([10] * 299 + [11]) * 5
    assert run(started(by_load=True), loads)[1] == []


def test_a_load_between_the_thresholds_does_not_flap() -> None:
    swinging = [50, 11] * 1500
    state, told = run(started(by_load=True), swinging)
    assert (told, state.run is None) == ([], False)
    assert run(IDLE, swinging)[1] == []


def test_what_an_operator_has_started_load_does_not_end() -> None:
    assert run(started(), [0] * 3000)[1] == []


@pytest.mark.parametrize("why", [EndReason.OPERATOR, EndReason.TIME])
def test_load_does_not_start_at_once_what_was_ended_until_it_has_been_low(why: EndReason) -> None:
    state, _ended = core.end(started(by_load=True), why, 100.0)
    state, told = run(state, [60] * 1000, 100.0)
    assert told == []
    _state, told = run(state, [10, *[60] * 61], 2000.0)
    assert told == [(2061.0, "start")]


def test_it_ends_at_its_time_also_if_nobody_looked_then() -> None:
    for looked_at in (600.0, 86_400.0):
        state, due = core.look(started(NIGHT), PLANS, 999, looked_at)
        assert isinstance(due, EndedRun)
        assert (due.why, due.ended_at, state.run) == (EndReason.TIME, 600.0, None)


def test_a_plan_that_is_gone_from_the_configuration_ends() -> None:
    _state, due = core.look(started(), {}, 0, 5.0)
    assert isinstance(due, EndedRun)
    assert due.why is EndReason.REMOVED


def test_one_plan_at_a_time() -> None:
    with pytest.raises(PlanRefused, match="the plan flood is on; end it first"):
        core.start(started(), NIGHT, "malee", 1.0, 60.0, ())
    with pytest.raises(PlanRefused, match="the plan flood is on already"):
        core.start(started(), FLOOD, "malee", 1.0, 60.0, ())
    with pytest.raises(PlanRefused, match="no plan is on"):
        core.end(IDLE, EndReason.OPERATOR, 1.0)


def test_only_who_may_starts_it() -> None:
    with pytest.raises(PlanRefused, match="somchai may not start the plan night; these may: malee"):
        core.start(IDLE, NIGHT, "somchai", 0.0, 60.0, ())


def test_pools_that_it_opened_are_closed_after_it_also_if_the_next_comes_before_that() -> None:
    state = core.start(IDLE, FLOOD, "malee", 0.0, 60.0, ("surge",))
    state, _ended = core.end(state, EndReason.OPERATOR, 1.0, "malee")
    assert state.closing == ("surge",)
    assert core.closed(state).closing == ()
    again = core.start(state, FLOOD, "malee", 2.0, 60.0, ())
    assert (again.closing, again.run and again.run.opened) == ((), ("surge",))
    other = core.start(state, NIGHT, "malee", 2.0, 60.0, ())
    assert (other.closing, other.run and other.run.opened) == (("surge",), ())


@given(st.lists(st.tuples(st.integers(0, 80), st.integers(1, 400)), max_size=12))
def test_by_load_no_plan_is_on_or_off_for_less_than_its_seconds(
    spans: list[tuple[int, int]],
) -> None:
    loads = [waiting for waiting, seconds in spans for _ in range(seconds)]
    _state, told = run(IDLE, loads)
    assert [what == "start" for _at, what in told] == [n % 2 == 0 for n in range(len(told))]
    moments = [(0.0, ""), *told]
    for (before, _), (at, what) in zip(moments, told, strict=False):
        least = TRIGGER.for_seconds if what == "start" else TRIGGER.until_for_seconds
        assert at - before >= (least if what != EndReason.TIME else FLOOD.lasts_seconds)


def test_what_is_near_is_no_part_of_a_plan_that_is_on() -> None:
    """Since when the load was high says nothing of since when it is low."""
    state = replace(IDLE, since=5.0)
    assert core.start(state, FLOOD, "malee", 9.0, 60.0, ()).since is None
