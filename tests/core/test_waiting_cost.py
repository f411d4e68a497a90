"""How many waiting callers fit on a machine, from what one of them costs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.waiting_cost import SPOKEN, USABLE, WaitingCost

COST = WaitingCost(music=0.002, sound=0.001)
costs = st.floats(1e-5, 0.05)


def test_music_is_for_some_and_the_sound_of_the_line_for_all() -> None:
    assert COST.processors(1000, 200) == pytest.approx(
        200 * 0.002 + 800 * SPOKEN * 0.002 + 1000 * 0.001
    )
    assert COST.processors(100, 200) == pytest.approx(100 * 0.003)


def test_how_many_are_carried() -> None:
    assert COST.carried(2, 10_000) == 400  # 1.2 / 0.003
    assert COST.carried(2, 150) == 150 + 375  # (1.2 - 0.45) / (0.001 + 0.001)
    assert COST.carried(4, 150) == 150 + 975


def test_what_was_not_to_be_measured_carries_nobody() -> None:
    nothing = WaitingCost(0.0, 0.0)
    assert (nothing.carried(4, 200), nothing.music_for(4, 1000)) == (0, 0)


@given(costs, st.floats(0, 0.05), st.integers(1, 64), st.integers(0, 5000))
def test_who_is_carried_fits_and_one_more_does_not(
    music: float, sound: float, processors: int, limit: int
) -> None:
    cost = WaitingCost(music, sound)
    carried = cost.carried(processors, limit)
    room = USABLE * processors
    assert cost.processors(carried, limit) <= room * (1 + 1e-9)
    assert cost.processors(carried + 2, limit) > room


@given(costs, st.floats(0, 0.05), st.integers(1, 64), st.integers(1, 5000))
def test_so_many_may_have_music(music: float, sound: float, processors: int, callers: int) -> None:
    cost = WaitingCost(music, sound)
    fewer = cost.music_for(processors, callers)
    if fewer:
        assert cost.processors(callers, fewer) <= USABLE * processors * (1 + 1e-9)
