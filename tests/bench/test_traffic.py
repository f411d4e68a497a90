"""Who calls in the overflow benchmark: the load, and the people with what they bring along."""

from itertools import pairwise
from statistics import mean, stdev

import pytest

from bench.traffic import LONGEST_TALK, SHORTEST_TALK, Phase, capacity, people, phases
from lab.callers import HangUp, Meet, Patience, Wait


def test_the_load_is_counted_in_what_the_agents_can_take():
    assert capacity(agents=5, talk=9.0, ring=1.0) == 0.5
    rates = [phase.rate for phase in phases(0.5, ramp=20.0, peak=120.0)]
    assert rates == [0.5, 1.0, 1.5, 1.0, 0.5]


def test_phases_follow_one_another_and_hold_the_calls_of_their_length():
    made = phases(0.5, ramp=20.0, peak=120.0)
    assert [phase.start for phase in made] == [0.0, 20.0, 40.0, 160.0, 180.0]
    assert [phase.calls for phase in made] == [10, 20, 180, 20, 10]


PLAN = [Phase(0.0, 1.0, 20), Phase(20.0, 3.0, 30)]
MANY = [Phase(0.0, 1.0, 4000)]


def test_the_same_seed_gives_the_same_people_and_another_one_others():
    made = people(PLAN, seed=1, patience=30.0, talk=10.0)
    assert made == people(PLAN, seed=1, patience=30.0, talk=10.0)
    others = people(PLAN, seed=2, patience=30.0, talk=10.0)
    assert not {person.id for person in made} & {person.id for person in others}
    assert [person.patience for person in made] != [person.patience for person in others]


def test_each_phase_has_its_calls_and_they_come_in_order():
    moments = [person.at for person in people(PLAN, seed=3, patience=30.0, talk=10.0)]
    assert moments == sorted(moments)
    assert sum(at < 20.0 for at in moments) == 20
    assert 20.0 <= moments[20] <= moments[-1] <= 30.0


def test_calls_come_at_random():
    moments = [person.at for person in people(MANY, seed=5, patience=30.0, talk=10.0)]
    gaps = [after - before for before, after in pairwise(moments)]
    assert stdev(gaps) / mean(gaps) == pytest.approx(1.0, rel=0.1)  # 0 for an even stream


def test_everybody_has_patience_and_something_to_say_of_the_means_that_were_asked_for():
    made = people(MANY, seed=7, patience=30.0, talk=10.0)
    assert mean(person.patience for person in made) == pytest.approx(30.0, rel=0.05)
    talks = [person.talk for person in made]
    assert mean(talks) == pytest.approx(10.0, rel=0.05)
    assert min(talks) >= SHORTEST_TALK
    assert max(talks) <= LONGEST_TALK * 10.0


def test_a_person_loses_patience_in_the_queue_and_ends_the_talk():
    person = people(PLAN, seed=1, patience=30.0, talk=10.0)[0]
    *_, patience, meet, talk, end = person.caller.script
    assert (patience, meet, talk) == (Patience(person.patience), Meet(), Wait(person.talk))
    assert isinstance(end, HangUp)
