"""The simulated day of redials: everybody is accounted for, whatever the hotline does."""

import pytest

from bench.nobody_left import HOTLINES
from bench.redials import Day, Habits, Result, crowd

FEW = Habits(redial=0.7, agents=8, loads=(2.0, 0.4))


@pytest.fixture(scope="module")
def days() -> dict[str, Result]:
    return {hotline.name: Day(hotline, FEW, seed=1).run() for hotline in HOTLINES}


def test_every_hotline_has_the_same_people(days: dict[str, Result]) -> None:
    first = {(one.id, one.came_at, one.accepts) for one in crowd(FEW, 1)}
    assert len(first) > 200
    for day in days.values():
        assert {(one.id, one.came_at, one.accepts) for one in day.people} == first


def test_everybody_is_reached_or_never_and_nobody_before_dialling(days: dict[str, Result]) -> None:
    for day in days.values():
        reached = [one for one in day.people if one.reached_at is not None]
        assert len(reached) + len(day.never) == len(day.people)
        assert len(reached) == day.answers  # who was answered does not dial again
        assert all(one.came_at <= (one.reached_at or FEW.day) <= FEW.day for one in day.people)
        assert all(one.dialled >= 1 for one in day.people)


def test_only_a_hotline_that_calls_back_makes_calls(days: dict[str, Result]) -> None:
    made = {hotline.name: bool(days[hotline.name].attempts) for hotline in HOTLINES}
    assert made == {hotline.name: hotline.calls_back for hotline in HOTLINES}


def test_the_fairness_clock_is_for_those_who_dial_again(days: dict[str, Result]) -> None:
    lost = {}
    for name in ("neither", "the fairness clock"):
        often = [one for one in days[name].people if one.dialled >= 3]
        lost[name] = sum(one.reached_at is None for one in often) / len(often)
    assert lost["the fairness clock"] < lost["neither"]


def test_calls_back_in_quiet_hours_leave_fewer_people_unreached(days: dict[str, Result]) -> None:
    never = {name: len(day.never) for name, day in days.items()}
    assert never["both, called when nobody waits"] <= never["both, giving way for 1 h"]
    assert never["both, called when nobody waits"] < never["both"] <= never["neither"]
