"""The pool that nothing can beat, on callers for whom the answer can be worked out by hand."""

from random import Random

import pytest

from bench.figures import Trunk
from bench.peers.pooled import OURS, Answer, Join, Pool, formula, pooled, serve
from bench.traffic import Phase
from ivrd.core.forecast import erlang_a


def test_who_comes_while_somebody_is_free_does_not_wait():
    joins = [Join(1, 0.0, 5.0, 10.0), Join(2, 1.0, 5.0, 10.0)]
    assert serve(joins, {OURS: Pool(2)}) == [Answer(1, OURS, 0.0), Answer(2, OURS, 0.0)]


def test_the_first_in_line_is_served_first_and_who_waits_too_long_has_gone():
    joins = [Join(1, 0.0, 9.0, 4.0), Join(2, 1.0, 9.0, 1.0), Join(3, 2.0, 1.5, 1.0)]
    answers = {answer.id: answer for answer in serve(joins, {OURS: Pool(1)})}
    assert answers[2] == Answer(2, OURS, 3.0)
    assert answers[3].by is None


def test_our_own_people_come_first_and_partners_by_what_they_have_pledged():
    joins = [Join(number, 0.0, 9.0, 100.0) for number in range(5)]
    answers = serve(joins, {OURS: Pool(1), "large": Pool(4), "small": Pool(2)})
    assert [answer.by for answer in answers] == [OURS, "large", "small", "large", "large"]


def test_an_answer_takes_its_time_and_who_hangs_up_meanwhile_frees_the_person():
    joins = [Join(1, 0.0, 0.5, 9.0), Join(2, 0.1, 9.0, 9.0)]
    answers = serve(joins, {OURS: Pool(1, answers_after=1.0)})
    assert [answer.by for answer in answers] == [None, OURS]
    assert answers[1].wait == pytest.approx(0.5 + 1.0 - 0.1)


def test_a_partners_seat_is_taken_from_the_choice_to_the_end_of_the_talk():
    joins = [Join(1, 0.0, 9.0, 4.0), Join(2, 0.0, 9.0, 6.0)]
    figures = pooled(joins, {OURS: Pool(0), "partner": Pool(2, answers_after=1.0)}, 0.0)
    assert figures.trunks == {"partner": Trunk(2, 2, 0, 2, seconds=12.0)}


def test_nobody_is_there_for_anybody():
    figures = pooled([Join(1, 0.0, 5.0, 1.0)], {OURS: Pool(0)}, seat_seconds=0.0)
    assert (figures.calls, figures.abandoned, figures.lost) == (1, 1, {1})


def test_calls_at_random_lose_what_erlang_a_says():
    random, at, joins = Random(1), 0.0, []
    for number in range(60_000):
        at += random.expovariate(1.3)
        joins.append(Join(number, at, random.expovariate(1 / 30), random.expovariate(1 / 10)))
    lost = pooled(joins, {OURS: Pool(5), "partner": Pool(8)}, 0.0).abandonment
    expected = erlang_a(1.3, 10.0, 30.0, 13, within=0.0).abandon_ratio
    assert lost == pytest.approx(expected, rel=0.08)
    assert formula([Phase(0.0, 1.3, 10)], 10.0, 30.0, 13) == pytest.approx(expected)


def test_the_formula_weighs_each_load_by_its_calls():
    quiet, busy = Phase(0.0, 0.001, 30), Phase(9.0, 9.0, 10)
    lost = erlang_a(9.0, 10.0, 30.0, 5, within=0.0).abandon_ratio
    assert formula([quiet, busy], 10.0, 30.0, 5) == pytest.approx(lost / 4, abs=1e-6)
