"""Who calls in the overflow benchmark: the load, and the people with what they bring along."""

import pytest

from bench.traffic import LONGEST_TALK, SHORTEST_TALK, capacity, people, phases
from lab.callers import HangUp, Meet, Patience, Wait


def test_the_load_is_counted_in_what_the_agents_can_take():
    assert capacity(agents=5, talk=9.0, ring=1.0) == 0.5
    rates = [phase.rate for phase in phases(0.5, ramp=20.0, peak=120.0)]
    assert rates == [0.5, 1.0, 1.5, 1.0, 0.5]


def test_phases_follow_one_another_and_hold_the_calls_of_their_length():
    made = phases(0.5, ramp=20.0, peak=120.0)
    assert [phase.start for phase in made] == [0.0, 20.0, 40.0, 160.0, 180.0]
    assert [phase.calls for phase in made] == [10, 20, 180, 20, 10]


def test_the_same_seed_gives_the_same_people_and_another_one_others():
    made = people(50, seed=1, patience=30.0, talk=10.0)
    assert made == people(50, seed=1, patience=30.0, talk=10.0)
    others = people(50, seed=2, patience=30.0, talk=10.0)
    assert not {person.id for person in made} & {person.id for person in others}
    assert [person.patience for person in made] != [person.patience for person in others]


def test_everybody_has_patience_and_something_to_say_of_the_means_that_were_asked_for():
    made = people(4000, seed=7, patience=30.0, talk=10.0)
    assert sum(person.patience for person in made) / 4000 == pytest.approx(30.0, rel=0.05)
    talks = [person.talk for person in made]
    assert sum(talks) / 4000 == pytest.approx(10.0, rel=0.05)
    assert min(talks) >= SHORTEST_TALK
    assert max(talks) <= LONGEST_TALK * 10.0


def test_a_person_loses_patience_in_the_queue_and_ends_the_talk():
    (person,) = people(1, seed=1, patience=30.0, talk=10.0)
    *_, patience, meet, talk, end = person.caller.script
    assert (patience, meet, talk) == (Patience(person.patience), Meet(), Wait(person.talk))
    assert isinstance(end, HangUp)
