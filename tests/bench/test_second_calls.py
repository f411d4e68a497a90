"""The simulation of second calls: what must hold of it whatever its figures are."""

from statistics import mean

import pytest

from bench.figures import percentile
from bench.second_calls import Partner


def waits(partner: Partner) -> list[float]:
    return sorted(partner.caller() for _ in range(4000))


@pytest.mark.parametrize("unattended", [0.0, 0.125])
def test_a_second_call_spares_who_waits_longest_and_costs_a_quarter_more_calls_at_most(
    unattended: float,
) -> None:
    one, two = Partner(unattended, second_call=False), Partner(unattended, second_call=True)
    alone, both = waits(one), waits(two)
    assert percentile(both, 0.95) < percentile(alone, 0.95)
    assert mean(both) <= mean(alone)
    assert one.calls < two.calls <= 1.3 * one.calls


def test_where_more_than_a_quarter_is_not_answered_there_is_no_second_call() -> None:
    partner = Partner(0.5, second_call=True)
    alone = Partner(0.5, second_call=False)
    assert sum(waits(partner)) == pytest.approx(sum(waits(alone)), rel=0.1)
