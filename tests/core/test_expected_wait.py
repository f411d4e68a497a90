"""The expected wait: against the chain that it is the mean of, and bounds that are kept."""

from bisect import bisect_left
from math import inf, isclose
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.expected_wait import (
    CONFIDENCE,
    MOST,
    NO_WAIT,
    Calibration,
    Line,
    Prediction,
    Service,
    Wait,
)
from ivrd.core.forecast import expected_wait

SEATS = st.integers(1, 200)
SECONDS = st.floats(1, 3600)
AHEAD = st.floats(0, 500)


def waited(service: Service, ahead: int, random: Random) -> float:
    """One wait: the steps of the line, each as it may come."""
    return sum(random.expovariate(service.rate(n)) for n in range(ahead + 1))


def test_it_is_the_sum_over_those_ahead() -> None:
    service = Service(20, 240.0, 120.0)
    assert isclose(Line(service).wait(0).mean, 240 / 20)
    two = 1 / (20 / 240) + 1 / (20 / 240 + 1 / 120)
    assert isclose(Line(service).wait(1).mean, two)
    assert isclose(Line(service).wait(50).mean, expected_wait(50, 20, 240.0, 120.0))


@pytest.mark.parametrize("ahead", [0, 3, 40])
def test_mean_and_bounds_are_those_of_the_line(ahead: int) -> None:
    random, service = Random(1330), Service(10, 60.0, 90.0)
    waits = sorted(waited(service, ahead, random) for _ in range(20_000))
    wait = Line(service).wait(ahead)
    assert isclose(sum(waits) / len(waits), wait.mean, rel_tol=0.03)
    assert isclose(bisect_left(waits, wait.at_most) / len(waits), CONFIDENCE, abs_tol=0.01)
    assert isclose(bisect_left(waits, wait.at_least) / len(waits), 1 - CONFIDENCE, abs_tol=0.01)


@given(SEATS, SECONDS, SECONDS, AHEAD, AHEAD)
def test_the_more_are_ahead_the_longer(
    seats: int, handling: float, patience: float, one: float, other: float
) -> None:
    line = Line(Service(seats, handling, patience))
    fewer, more = line.wait(min(one, other)), line.wait(max(one, other))
    assert fewer.mean <= more.mean
    assert 0 <= more.at_least <= more.mean <= more.at_most


@given(SEATS, SECONDS, SECONDS, AHEAD)
def test_more_seats_and_less_patience_make_it_shorter(
    seats: int, handling: float, patience: float, ahead: float
) -> None:
    mean = Line(Service(seats, handling, patience)).wait(ahead).mean
    assert Line(Service(seats + 1, handling, patience)).wait(ahead).mean < mean
    assert Line(Service(seats, handling, patience / 2)).wait(ahead).mean <= mean


def test_who_has_a_seat_does_not_wait_and_without_seats_it_never_ends() -> None:
    assert Line(Service(5, 60.0, 60.0)).wait(-1) == NO_WAIT
    assert Line(Service(0, 60.0, 60.0)).wait(-1) == NO_WAIT
    nobody = Line(Service(0, 60.0, 60.0)).wait(0)
    assert (nobody.mean, nobody.at_most, nobody.at_least) == (inf, inf, inf)


# Calibration


@pytest.mark.parametrize("wrong", [0.4, 1.0, 3.0])
def test_bounds_are_kept_by_four_of_five_however_wrong_the_model_is(wrong: float) -> None:
    random, service = Random(7), Service(10, 60.0, 90.0)
    wait, calibration, kept = Line(service).wait(20), Calibration(), 0
    for number in range(4000):
        prediction = calibration.predict(wait)
        seconds = wrong * waited(service, 20, random)
        kept += number >= 1000 and seconds <= prediction.bound
        calibration = calibration.answered(prediction, seconds)
    assert isclose(kept / 3000, CONFIDENCE, abs_tol=0.02)
    assert isclose(calibration.coverage, CONFIDENCE, abs_tol=0.15)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1e6)), max_size=300))
def test_whatever_is_realised_the_factor_stays_within_reason(
    waits: list[tuple[bool, float]],
) -> None:
    calibration = Calibration()
    for answered, seconds in waits:
        prediction = calibration.predict(Wait(100.0, 10_000.0))
        learn = calibration.answered if answered else calibration.left
        calibration = learn(prediction, seconds)
        assert 1 / MOST <= calibration.factor <= MOST
        assert 0 <= calibration.coverage <= 1


def test_who_gives_up_breaks_a_bound_only_after_it() -> None:
    prediction, before = Prediction(100.0, 160.0), Calibration()
    assert before.left(prediction, 160.0) == before
    assert before.left(prediction, 161.0) == before.answered(prediction, 161.0)
    assert before.left(prediction, 161.0).factor > before.factor
    assert before.answered(prediction, 160.0).factor < before.factor
