"""A breaker as text: what was learned is read as it was; nothing else is taken for a breaker."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.breaker import Breaker, BreakerState, Limits, allowed_seats, at, capacity, step
from ivrd.core.breaker_codec import breaker_of, text_of
from ivrd.core.breaker_events import (
    Confirmed,
    Drilled,
    Dropped,
    Event,
    FailureKind,
    Lasted,
    LeftEarly,
    Missed,
    NoKey,
    NoResponse,
    Reachable,
    Refused,
    Resumed,
    Silent,
    Unreachable,
    WrongKey,
)

NOW = 1_795_312_060.0
LIMITS = Limits()
TIMES = st.floats(0, 10_000)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(Refused, TIMES, st.sampled_from([1, 17, 21, 34]), st.integers(0, 40)),
    *(st.builds(kind, TIMES) for kind in (Missed, NoResponse, Silent, NoKey, WrongKey)),
    *(st.builds(kind, TIMES) for kind in (LeftEarly, Dropped, Unreachable)),
    *(st.builds(kind, TIMES) for kind in (Reachable, Confirmed, Lasted, Drilled, Resumed)),
)


def told(events: list[Event]) -> tuple[Breaker, float]:
    """A breaker that has heard these in the order of their times, and the last time."""
    breaker, last = Breaker(), NOW
    for event in sorted(events, key=lambda event: event.at):
        last = NOW + event.at
        breaker = step(breaker, replace(event, at=last))
    return breaker, last


@given(st.lists(EVENTS, max_size=30), st.floats(0, 1000))
def test_a_breaker_is_read_as_it_was_written(events: list[Event], later: float) -> None:
    breaker, last = told(events)
    assert breaker_of(text_of(breaker), last) == breaker
    again = breaker_of(text_of(breaker), last + later)
    assert allowed_seats(again, last + later) == allowed_seats(breaker, last + later)


PAUSED = Breaker(
    state=BreakerState.OPEN, until=NOW + 60, pause=120.0, failures={FailureKind.SILENT: 2}
)


@pytest.mark.parametrize(("set_back", "left"), [(0.0, 60), (30.0, 90), (60.0, 120), (1e8, 120)])
def test_a_clock_that_was_set_back_makes_a_pause_no_longer_than_it_was(
    set_back: float, left: float
) -> None:
    now = NOW - set_back
    assert breaker_of(text_of(PAUSED), now).until == now + left


def test_a_pause_longer_than_any_is_the_longest() -> None:
    endless = replace(PAUSED, pause=1e12, until=1e15)
    again = breaker_of(text_of(endless), NOW)
    assert (again.pause, again.until - NOW) == (LIMITS.longest_pause, LIMITS.longest_pause)


def test_a_pause_that_ended_meanwhile_or_long_ago_leaves_one_call_to_try() -> None:
    for now in (NOW + 60, NOW + 1e9):
        again = breaker_of(text_of(PAUSED), now)
        assert at(again, now).state is BreakerState.HALF_OPEN
        assert again.pause == PAUSED.pause  # a failure then doubles it


def test_a_capacity_that_was_learned_in_the_future_grows_from_now() -> None:
    held = Breaker(held_at=4, held_since=NOW + 1e8, known=True)
    again = breaker_of(text_of(held), NOW)
    assert [capacity(again, NOW + after) for after in (0.0, 30.0)] == [4, 5]


def test_the_limits_are_the_programs() -> None:
    limits = Limits(longest_pause=90.0)
    again = breaker_of(text_of(PAUSED), NOW, limits)
    assert (again.limits, again.pause) == (limits, 90.0)


GOOD: dict[str, Any] = json.loads(text_of(PAUSED))
WRONG = [
    *({"state": state} for state in ("ajar", None, 7, [])),
    *({"failures": of} for of in ({"late": 1}, {"refused": -1}, {"refused": 1e9}, [], 5, None)),
    *({"failures": {"refused": of}} for of in (True, "1", 1.5, 10**30)),
    *({"reachable": of} for of in (1, "yes", None)),
    *({"until": of} for of in ("soon", None, True, [], -1, float("inf"), float("nan"))),
    *({"pause": of} for of in (-1, 10**400, {})),
    *({"held_at": of} for of in (-1, 1.5, True, "4", 10**400)),
    *({"why": of} for of in (None, 5, "x" * 201, "a\nb", "\x1b[2J")),
    {"known": 0},
]


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_a_wrong_value_is_no_breaker(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no breaker"):
        breaker_of(json.dumps(GOOD | wrong), NOW)


@pytest.mark.parametrize("name", sorted(GOOD))
def test_nothing_may_be_missing(name: str) -> None:
    says = {key: value for key, value in GOOD.items() if key != name}
    with pytest.raises(ValueError, match="no breaker"):
        breaker_of(json.dumps(says), NOW)


@given(st.text(max_size=60))
def test_no_text_raises_anything_but_that_it_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="no breaker"):
        breaker_of(text, NOW)


def test_a_text_without_end_is_no_breaker() -> None:
    with pytest.raises(ValueError, match="no breaker"):
        breaker_of("[" * 200_000, NOW)
