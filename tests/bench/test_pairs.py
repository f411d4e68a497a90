"""Whether one system is better than another on the same callers, or whether it is chance."""

import pytest

from bench.figures import Figures
from bench.pairs import at_least, pairs


def lost(*ids: int, calls: int = 100) -> Figures:
    answered = calls - len(ids)
    return Figures(calls, answered, 0, len(ids), 0, 0, (), answered, {}, lost=frozenset(ids))


@pytest.mark.parametrize(
    ("count", "of", "chance"), [(0, 0, 1.0), (1, 1, 0.5), (5, 5, 1 / 32), (4, 5, 6 / 32)]
)
def test_how_likely_so_many_heads_are(count, of, chance):
    assert at_least(count, of) == pytest.approx(chance)


def test_callers_whom_both_lose_say_nothing():
    found = pairs([lost(*range(20))], [lost(*range(20))])
    assert (found.only_ours, found.only_theirs) == (0, 0)
    assert not found.worse
    assert not found.better
    assert found.interval == (0.0, 0.0)


def test_one_caller_more_is_chance_and_many_are_not():
    assert not pairs([lost(1)], [lost()]).worse
    assert pairs([lost(1, 2, 3, 4, 5)], [lost()]).worse
    assert pairs([lost()], [lost(1, 2, 3, 4, 5)]).better
    assert not pairs([lost(1, 2, 3, 4, 5)], [lost(6, 7, 8, 9)]).worse


def test_rounds_are_compared_each_with_its_own():
    found = pairs([lost(1), lost(2)], [lost(2), lost(2)])
    assert (found.only_ours, found.only_theirs) == (1, 1)


def test_the_interval_of_one_round_is_that_of_its_pairs():
    low, high = pairs([lost(1, 2, 3, 4)], [lost(5)]).interval
    assert (low + high) / 2 == pytest.approx(3.0)
    assert high - low == pytest.approx(2 * 1.96 * (5 - 9 / 100) ** 0.5)


def test_the_interval_of_several_rounds_is_that_between_them():
    low, high = pairs([lost(1), lost(1, 2), lost(1, 2, 3)], [lost(), lost(), lost()]).interval
    assert (low + high) / 2 == pytest.approx(2.0)
    assert (high - low) / 2 == pytest.approx(4.30 / 3**0.5)


def test_what_is_told_has_the_counts_and_the_verdict():
    told = str(pairs([lost()], [lost(1, 2, 3, 4, 5)]))
    assert told.startswith("5 callers lost by it alone, 0 by ivrd alone: -5.0 of 100 calls")
    assert told.endswith("fewer")
