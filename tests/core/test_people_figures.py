"""People in figures, held against counting them one by one."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ivrd.core.call import Direction
from ivrd.core.people_figures import (
    EPISODE_SECONDS,
    PeopleCount,
    PeopleFigures,
    PersonCall,
    PersonState,
)

HOUR = 3600.0
SHARED = 3


def call(name: str, began: float, ended: float | None, *, result: str = "gave up") -> PersonCall:
    """`result`: answered, gave up, or menu."""
    number = call.__dict__.setdefault("number", 0) + 1
    call.__dict__["number"] = number
    asked, answered = result != "menu", result == "answered"
    return PersonCall(f"{began}.{number}", name, began, ended, asked, answered)


def counted(*calls: PersonCall) -> PeopleCount:
    count = PeopleCount(SHARED)
    for each in calls:
        count.take(each)
    return count


def people(figures: PeopleFigures) -> dict[str, int]:
    return {state.value: n for state, n in figures.people.items() if n}


def test_one_who_dials_ten_times_is_one_person() -> None:
    calls = [call("a", 60.0 * n, 60.0 * n + 50) for n in range(9)]
    figures = counted(*calls, call("a", 600, 700, result="answered")).figures()
    assert people(figures) == {"answered": 1}
    assert (figures.calls, figures.redials) == (10, 9)


def test_whoever_only_was_in_menus_has_not_been_left_behind() -> None:
    count = counted(call("a", 0, 10, result="menu"), call("b", 0, 10))
    assert people(count.figures()) == {"menu_only": 1, "trying": 1}
    count.expire(EPISODE_SECONDS + 1)
    assert count.finished == {PersonState.MENU_ONLY: 1, PersonState.NEVER_REACHED: 1}


def test_the_24_hours_count_from_the_call_in_which_somebody_was_asked_for() -> None:
    count = counted(call("a", 0, 10, result="menu"), call("a", 23 * HOUR, 23.1 * HOUR))
    count.expire(25 * HOUR)
    assert people(count.figures()) == {"trying": 1}
    assert count.trying((0.0, 2 * HOUR, 3 * HOUR), 25 * HOUR) == [1, 1, 0]
    assert count.longest_trying(25 * HOUR) == 2 * HOUR
    count.expire(47 * HOUR)
    assert count.finished == {PersonState.NEVER_REACHED: 1}
    assert people(count.figures()) == {}
    assert count.longest_trying(47 * HOUR) == 0.0


def test_a_new_day_is_a_new_matter() -> None:
    count = counted(call("a", 0, 10))
    count.expire(25 * HOUR)
    count.take(call("a", 25 * HOUR, 26 * HOUR, result="answered"))
    assert people(count.figures()) == {"answered": 1}
    assert count.finished == {PersonState.NEVER_REACHED: 1}


def test_withheld_numbers_are_nobodys_and_counted_in_calls() -> None:
    here = call("", 0, None)
    count = counted(here, call("", 5, 10), replace(here, ended_at=20.0))
    figures = count.figures()
    assert (figures.total, figures.calls, figures.withheld_calls) == (0, 0, 2)
    count.expire(EPISODE_SECONDS + 4)
    assert count.figures().withheld_calls == 1


def test_an_exchange_is_known_by_its_calls_at_a_time_and_is_no_person() -> None:
    before = call("x", 0, 10)
    together = [call("x", 100 + n, 200) for n in range(SHARED)]
    count = counted(before, *together)
    figures = count.figures()
    assert (figures.total, figures.calls) == (0, 0)
    assert (figures.shared_numbers, figures.shared_calls) == (1, 4)
    count.expire(2 * EPISODE_SECONDS)
    assert not count.finished


def test_of_a_crowded_exchange_only_the_calls_are_kept_that_are_here() -> None:
    """And each call counts once, whenever it ends."""
    count = PeopleCount(SHARED)
    calls = [call("x", float(n), None) for n in range(100)]
    for each in calls:
        count.take(each)
        count.take(each)
    for each in calls[:-1]:
        count.take(replace(each, ended_at=200.0))
    count.take(call("x", 300.0, 310.0))
    assert count.figures().shared_calls == 101


def test_redials_one_after_the_other_make_no_exchange() -> None:
    figures = counted(*(call("a", 10.0 * n, 10.0 * n + 10) for n in range(9))).figures()
    assert (figures.shared_numbers, figures.total) == (0, 1)


def test_whoever_talks_is_answered_and_back_in_the_queue_is_not() -> None:
    talks = replace(call("a", 0, None), answered=True)
    count = counted(talks)
    assert people(count.figures()) == {"answered": 1}
    count.take(replace(talks, answered=False))
    assert people(count.figures()) == {"trying": 1}
    count.take(replace(talks, answered=False, ended_at=100.0))
    assert people(count.figures()) == {"trying": 1}


def test_a_person_who_is_called_back_is_reached_and_has_not_dialled() -> None:
    back = replace(call("a", 900, 990, result="answered"), direction=Direction.CALLBACK)
    stranger = replace(back, id="other", caller="b")
    figures = counted(call("a", 0, 600), back, stranger).figures()
    assert people(figures) == {"answered": 1}
    assert (figures.calls, figures.redials) == (1, 0)


@pytest.mark.parametrize(
    ("later", "state"), [(30 * HOUR, "answered"), (35 * HOUR, "trying")], ids=["within", "after"]
)
def test_an_answer_on_the_next_day_reaches_the_person_if_it_is_within_24_hours(
    later: float, state: str
) -> None:
    count = counted(call("a", 10 * HOUR, 10.5 * HOUR))
    count.later(call("a", later, later + 60, result="answered"))
    count.later(call("b", later, later + 60, result="answered"))  # not of that day
    figures = count.figures()
    assert people(figures) == {state: 1}
    assert figures.calls == 1


CALLS = st.lists(
    st.tuples(
        st.sampled_from(["", "a", "b", "c"]),
        st.integers(0, 1000),
        st.integers(0, 300),
        st.sampled_from(["answered", "gave up", "menu"]),
    ),
    max_size=25,
)


@example([("a", 7, 300, "answered"), ("a", 7, 300, "answered"), ("a", 307, 0, "answered")])
@given(CALLS)
def test_in_whatever_order_calls_end_it_is_as_counting_them_one_by_one(
    some: list[tuple[str, int, int, str]],
) -> None:
    calls = [call(name, began, began + lasts, result=result) for name, began, lasts, result in some]
    calls.sort(key=lambda each: each.began_at)
    live = PeopleCount(SHARED)
    happens = []
    for n, each in enumerate(calls):
        ended_at = each.ended_at or 0.0
        at_once = ended_at == each.began_at
        # In one moment who ends goes first, and one who comes and goes does so in one go.
        happens += [(each.began_at, 1, n, True), (ended_at, int(at_once), n, False)]
    for _at, _last, n, begins in sorted(happens, key=lambda one: (*one[:3], not one[3])):
        each = calls[n]
        live.take(replace(each, ended_at=None, asked=False, answered=False) if begins else each)
    by_caller = {name: [c for c in calls if c.caller == name] for name in ("a", "b", "c")}
    shared = {name for name, own in by_caller.items() if _at_a_time(own) >= SHARED}
    own = {name: own for name, own in by_caller.items() if own and name not in shared}
    states = Counter(_state(calls) for calls in own.values())
    for figures in (live.figures(), counted(*calls).figures()):
        assert {state: n for state, n in figures.people.items() if n} == states
        assert figures.calls == sum(map(len, own.values()))
        assert figures.withheld_calls == sum(each.caller == "" for each in calls)
        assert figures.shared_calls == sum(len(by_caller[name]) for name in shared)
        assert figures.shared_numbers == len(shared)
    assert live.trying([0.0], 2000.0) == [states[PersonState.TRYING]]


def _at_a_time(calls: list[PersonCall]) -> int:
    """At most, when one began; a call that ends in that moment is no longer there."""
    here = [
        sum(1 for other in calls[: n + 1] if other is each or (other.ended_at or 0) > each.began_at)
        for n, each in enumerate(calls)
    ]
    return max(here, default=0)


def _state(calls: list[PersonCall]) -> PersonState:
    if any(each.answered for each in calls):
        return PersonState.ANSWERED
    asked = any(each.asked for each in calls)
    return PersonState.TRYING if asked else PersonState.MENU_ONLY
