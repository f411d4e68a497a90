"""What a caller is told: a bound that is rounded up, and no promise where promises were broken."""

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.announced_wait import ALL, LESS, MORE, Announced, announce, prompt
from ivrd.core.expected_wait import NO_WAIT, Calibration, Wait

TRUSTED = 0.65
WAITS = st.builds(
    lambda mean, ratio: Wait(mean, ratio * mean * mean), st.floats(1, 5e4), st.floats(0.001, 1)
)


def told(wait: Wait, coverage: float = 0.8, before: Announced | None = None) -> Announced | None:
    return announce(wait, Calibration(1.0, coverage), before, TRUSTED)


@given(WAITS, st.floats(0.25, 4))
def test_an_upper_bound_is_never_below_the_calibrated_one(wait: Wait, factor: float) -> None:
    announced = announce(wait, Calibration(factor), None, TRUSTED)
    if announced is not None and announced.less:
        assert announced.minutes * 60 >= wait.at_most * factor
        smaller = [minutes for minutes in LESS if minutes < announced.minutes]
        assert not smaller or smaller[-1] * 60 < wait.at_most * factor
    else:
        assert wait.at_most * factor > LESS[-1] * 60


@given(WAITS, st.floats(0, 0.64))
def test_where_bounds_were_broken_only_what_it_is_longer_than_is_told(
    wait: Wait, coverage: float
) -> None:
    announced = told(wait, coverage)
    if announced is None:
        assert wait.at_least <= MORE[0] * 60
    else:
        assert not announced.less
        assert announced.minutes * 60 < wait.at_least


@given(WAITS, st.sampled_from(ALL))
def test_a_shorter_bound_follows_only_when_the_wait_is_clearly_within_it(
    wait: Wait, before: Announced
) -> None:
    announced = told(wait, before=before)
    if announced and announced.less and before.less and announced.minutes < before.minutes:
        assert wait.at_most <= 0.9 * announced.minutes * 60
    if announced and announced.less:
        assert announced.minutes * 60 >= wait.at_most


def test_nobody_is_told_of_a_wait_that_is_none_or_that_nobody_ends() -> None:
    assert told(NO_WAIT) is None
    assert told(Wait(inf, inf)) is None


def test_a_wait_of_six_minutes() -> None:
    assert told(Wait(240.0, 14_400.0)) == Announced(7)
    assert told(Wait(240.0, 14_400.0), before=Announced(10)) == Announced(7)
    assert told(Wait(290.0, 14_400.0), before=Announced(10)) == Announced(10)
    assert told(Wait(240.0, 14_400.0), coverage=0.5) == Announced(2, less=False)


def test_each_has_its_recording() -> None:
    assert prompt(Announced(5)) == "wait-less-5"
    assert prompt(Announced(60, less=False)) == "wait-more-60"
    assert len({prompt(announced) for announced in ALL}) == len(ALL) == len(LESS) + len(MORE)
