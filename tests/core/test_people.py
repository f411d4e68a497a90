"""Who calls again is served as if the call had never ended; nobody gains by more calls."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.call import Call, CallState
from ivrd.core.people import FairnessRules, People, Person, Wait, credit, is_shared, merged

RULES = FairnessRules(redial_seconds=600.0, credit_at_most_seconds=3600.0, shared_number_calls=3)
WHO = "0a1b2c3d4e5f"


def ended(call_id: str, came: float, joined: float | None, left: float, who: str = WHO) -> Call:
    call = Call(call_id, came, who, state=CallState.ENDED, ended_at=left)
    return replace(call, joined_at=joined, effective_at=joined)


def waits(people: People, call_id: str, came: float, left: float, who: str = WHO) -> None:
    """A call that joins at once and that nobody answers."""
    people.arrived(who, call_id, came)
    people.ended(ended(call_id, came, came, left, who), answered=False)


def test_a_redial_has_what_was_waited() -> None:
    people = People(RULES)
    waits(people, "1", 0.0, 300.0)
    people.arrived(WHO, "2", 330.0)
    assert people.claim(WHO, "2", 350.0) == 300.0


def test_a_chain_of_redials_has_all_that_was_waited() -> None:
    """Each call follows the one before within the time, and the first is long ago by then."""
    people = People(RULES)
    for number in range(5):
        waits(people, str(number), number * 1000.0, number * 1000.0 + 500.0)
    people.arrived(WHO, "5", 5000.0)
    assert people.claim(WHO, "5", 5000.0) == 2500.0


def test_a_call_that_comes_too_late_has_nothing() -> None:
    people = People(RULES)
    waits(people, "1", 0.0, 300.0)
    people.arrived(WHO, "2", 900.5)
    assert people.claim(WHO, "2", 905.0) == 0.0


def test_the_menu_before_the_queue_costs_no_credit() -> None:
    """The next call comes in time, and is in its menu for longer."""
    people = People(RULES)
    waits(people, "1", 0.0, 300.0)
    people.arrived(WHO, "2", 890.0)
    assert people.claim(WHO, "2", 1000.0) == 300.0


def test_credit_has_a_limit() -> None:
    people = People(RULES)
    waits(people, "1", 0.0, 5000.0)
    people.arrived(WHO, "2", 5010.0)
    assert people.claim(WHO, "2", 5010.0) == RULES.credit_at_most_seconds


def test_one_call_at_a_time_has_the_credit() -> None:
    people = People(RULES)
    waits(people, "1", 0.0, 300.0)
    people.arrived(WHO, "2", 310.0)
    people.arrived(WHO, "3", 320.0)
    assert people.claim(WHO, "2", 330.0) == 300.0
    assert people.claim(WHO, "3", 330.0) == 0.0
    people.ended(ended("2", 310.0, None, 340.0), answered=False)  # in the menu, after all
    assert people.claim(WHO, "3", 350.0) == 300.0


def test_calls_that_wait_side_by_side_wait_once() -> None:
    """The first phone is given up, the second has waited since a little later."""
    people = People(RULES)
    people.arrived(WHO, "1", 0.0)
    people.arrived(WHO, "2", 100.0)
    people.ended(ended("1", 0.0, 0.0, 400.0), answered=False)
    assert people.claim(WHO, "2", 100.0) == 100.0, "as if the first one were waiting still"
    people.ended(ended("2", 100.0, 100.0, 500.0), answered=False)
    people.arrived(WHO, "3", 510.0)
    assert people.claim(WHO, "3", 510.0) == 500.0


def test_an_answer_ends_the_matter() -> None:
    people = People(RULES)
    waits(people, "1", 0.0, 300.0)
    people.arrived(WHO, "2", 310.0)
    people.ended(ended("2", 310.0, 310.0, 400.0), answered=True)
    people.arrived(WHO, "3", 410.0)
    assert people.claim(WHO, "3", 410.0) == 0.0
    person = people.get(WHO)
    assert person is not None
    assert person.answered_at == 400.0


def test_an_exchange_has_no_credit_and_is_remembered() -> None:
    people = People(RULES)
    waits(people, "1", 0.0, 300.0)
    for number in ("2", "3", "4"):
        people.arrived(WHO, number, 310.0)
    assert people.claim(WHO, "2", 320.0) == 0.0
    for number in ("2", "3", "4"):
        people.ended(ended(number, 310.0, 310.0, 400.0), answered=False)
    people.arrived(WHO, "5", 410.0)
    assert people.claim(WHO, "5", 410.0) == 0.0
    person = people.get(WHO)
    assert person is not None
    assert is_shared(person, 410.0, RULES)
    assert not is_shared(person, 311.0 + RULES.keep_seconds, RULES)


def test_who_withholds_the_number_is_nobody() -> None:
    people = People(RULES)
    waits(people, "1", 0.0, 300.0, who="")
    people.arrived("", "2", 310.0)
    assert people.claim("", "2", 310.0) == 0.0
    assert len(people) == 0


def test_the_same_end_twice_counts_once() -> None:
    people = People(RULES)
    waits(people, "1", 0.0, 300.0)
    people.ended(ended("1", 0.0, 0.0, 300.0), answered=False)
    people.arrived(WHO, "2", 310.0)
    assert people.claim(WHO, "2", 310.0) == 300.0


def test_who_has_not_called_for_long_is_forgotten() -> None:
    people = People(RULES)
    waits(people, "1", 0.0, 300.0)
    waits(people, "2", 0.0, 301.0, who="other")
    people.arrived("other", "3", 302.0)
    assert people.forget_old(302.0 + RULES.keep_seconds + 1) == [WHO], "the other one is here"


MOMENTS = st.floats(0.0, 5000.0)


@st.composite
def persons(draw: st.DrawFn) -> Person:
    found = []
    for _ in range(draw(st.integers(0, 6))):
        dialled, joined, left = sorted(draw(st.tuples(MOMENTS, MOMENTS, MOMENTS)))
        found.append(Wait(dialled, joined, left))
    found.sort(key=lambda wait: wait.ended_at)
    return Person(WHO, 5000.0, tuple(found), draw(st.none() | MOMENTS))


@given(persons(), MOMENTS)
def test_credit_is_never_more_than_what_was_really_waited(person: Person, now: float) -> None:
    """However calls overlap: not more than the time since the first began to wait."""
    seconds = credit(person, now, now, RULES)
    began = min((wait.joined_at for wait in person.waits), default=now)
    assert 0.0 <= seconds <= min(RULES.credit_at_most_seconds, max(0.0, now - began)) + 1e-6


@given(persons(), persons())
def test_what_two_sides_know_is_the_same_whoever_adds_it_up(one: Person, other: Person) -> None:
    both = merged(one, other)
    assert set(both.waits) == set(merged(other, one).waits)
    assert merged(both, one) == both, "to be told again changes nothing"
    assert all(both.answered_at is None or w.ended_at > both.answered_at for w in both.waits)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_an_answer_that_only_one_side_knows_counts(order: tuple[int, int]) -> None:
    sides = (Person(WHO, 10.0, (Wait(0.0, 1.0, 10.0),)), Person(WHO, 50.0, answered_at=50.0))
    assert merged(sides[order[0]], sides[order[1]]) == Person(WHO, 50.0, (), 50.0)
