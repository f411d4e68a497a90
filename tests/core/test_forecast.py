"""Erlang's formulas against reference values and against the chains they come from."""

from dataclasses import replace
from math import exp, inf, isclose, isfinite
from random import Random
from statistics import pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.forecast import (
    Arrivals,
    Impatient,
    Load,
    Patient,
    Rate,
    combine_loads,
    erlang_a,
    erlang_b,
    erlang_c,
    expected_wait,
    handling_rate,
    patience_rate,
    seats_needed,
)

ARRIVALS = st.floats(0.001, 5)  # calls a second
TIMES = st.floats(5, 600)  # seconds


def close(got: float, expected: float, digits: int = 6) -> bool:
    return isclose(got, expected, rel_tol=10.0**-digits)


# The formulas


def test_erlang_b() -> None:
    assert close(erlang_b(10, 15), 0.0364969455)
    assert erlang_b(10, 0) == 1.0
    assert erlang_b(0, 3) == 0.0


@pytest.mark.parametrize(
    ("per_minute", "handling", "seats", "expected"),
    [
        (48, 60, 50, (0.694455611, 20.83367, 0.643455)),
        (1, 300, 7, (0.324149949, 48.62249, 0.716313)),
    ],
)
def test_erlang_c(
    per_minute: float, handling: float, seats: int, expected: tuple[float, float, float]
) -> None:
    got = erlang_c(per_minute / 60, handling, seats, within=20)
    assert close(got.wait_ratio, expected[0])
    assert close(got.wait_seconds, expected[1])
    assert close(got.in_time_ratio, expected[2])


@pytest.mark.parametrize(
    ("per_minute", "handling", "seats", "patience", "expected"),
    [
        (48, 60, 50, 120, (0.467774069, 0.0309122492, 3.709470, 0.943019)),
        (50, 60, 50, 60, (0.518808316, 0.0563250063, 3.379500, 0.933873)),
        (10, 300, 50, 120, (0.411075786, 0.0689354391, 8.272253, 0.783872)),
    ],
)
def test_erlang_a(
    per_minute: float,
    handling: float,
    seats: int,
    patience: float,
    expected: tuple[float, float, float, float],
) -> None:
    got = erlang_a(per_minute / 60, handling, patience, seats, within=20)
    assert close(got.wait_ratio, expected[0])
    assert close(got.abandon_ratio, expected[1])
    assert close(got.wait_seconds, expected[2])
    assert close(got.in_time_ratio, expected[3])


def from_the_chain(
    arrivals: float, handling: float, patience: float, seats: int, within: float
) -> Impatient:
    """Erlang-A the slow way: the stationary chain, and the line ahead of a caller followed in time.

    A caller who finds j waiting is served when all j and the one in the way are gone; the chances
    are followed through `within` seconds by Runge and Kutta's method.
    """
    weights = [1.0]
    while len(weights) <= seats or weights[-1] > 1e-16 * sum(weights):
        n = len(weights)
        leaving = min(n, seats) / handling + max(0, n - seats) / patience
        weights.append(weights[-1] * arrivals / leaving)
    chance = [w / sum(weights) for w in weights]
    line = chance[seats:]
    queue = sum(j * p for j, p in enumerate(line))

    def drift(state: list[float]) -> list[float]:
        """Callers who wait, by how many are ahead; each loses patience as well."""
        pace = [seats / handling + j / patience for j in range(len(state) + 1)]
        above = [*state[1:], 0.0]
        return [
            pace[j + 1] * above[j] - (pace[j] + 1 / patience) * state[j] for j in range(len(state))
        ]

    state, served, steps = line, 0.0, 600
    h = within / steps
    for _ in range(steps):
        k1 = drift(state)
        k2 = drift([s + h / 2 * k for s, k in zip(state, k1, strict=True)])
        k3 = drift([s + h / 2 * k for s, k in zip(state, k2, strict=True)])
        k4 = drift([s + h * k for s, k in zip(state, k3, strict=True)])
        middle = state[0] + h / 2 * (k1[0] + k2[0]) / 2
        after = [
            s + h / 6 * (a + 2 * b + 2 * c + d)
            for s, a, b, c, d in zip(state, k1, k2, k3, k4, strict=True)
        ]
        served += h * seats / handling * (state[0] + 4 * middle + after[0]) / 6
        state = after
    return Impatient(
        wait_ratio=sum(line),
        abandon_ratio=queue / patience / arrivals,
        wait_seconds=queue / arrivals,
        in_time_ratio=sum(chance[:seats]) + served,
    )


@pytest.mark.parametrize(
    ("arrivals", "handling", "patience", "seats", "within"),
    [
        (0.5, 10, 30, 5, 20),  # as much as they can
        (1.5, 10, 30, 5, 20),  # three times as much
        (0.1, 10, 30, 5, 2),  # quiet
        (0.02, 300, 40, 1, 60),  # one seat
        (0.3, 20, 5, 4, 8),  # impatient
        (0.3, 20, 900, 7, 10),  # patient
    ],
)
def test_erlang_a_is_what_the_chain_does(
    arrivals: float, handling: float, patience: float, seats: int, within: float
) -> None:
    got = erlang_a(arrivals, handling, patience, seats, within)
    slow = from_the_chain(arrivals, handling, patience, seats, within)
    assert close(got.wait_ratio, slow.wait_ratio, 9)
    assert close(got.abandon_ratio, slow.abandon_ratio, 9)
    assert close(got.wait_seconds, slow.wait_seconds, 9)
    assert close(got.in_time_ratio, slow.in_time_ratio, 4)


@given(ARRIVALS, TIMES, TIMES, st.integers(0, 60), st.floats(0, 120))
def test_erlang_a_adds_up(
    arrivals: float, handling: float, patience: float, seats: int, within: float
) -> None:
    got = erlang_a(arrivals, handling, patience, seats, within)
    assert 0 <= got.abandon_ratio <= got.wait_ratio <= 1 + 1e-12
    assert close(got.abandon_ratio * patience, got.wait_seconds) or got.wait_seconds == 0
    # Work in = work done: those who are answered keep no more people busy than there are.
    assert arrivals * (1 - got.abandon_ratio) * handling <= seats * (1 + 1e-9)
    assert got.in_time_ratio <= 1 - got.abandon_ratio + 1e-9 or within == 0
    more = erlang_a(arrivals, handling, patience, seats + 1, within)
    assert more.in_time_ratio >= got.in_time_ratio - 1e-9
    assert more.abandon_ratio <= got.abandon_ratio + 1e-12
    at_once = erlang_a(arrivals, handling, patience, seats, 0)
    assert isclose(at_once.in_time_ratio, 1 - got.wait_ratio, abs_tol=1e-9)
    at_last = erlang_a(arrivals, handling, patience, seats, 1e6)
    assert isclose(at_last.in_time_ratio, 1 - got.abandon_ratio, abs_tol=1e-9)


@pytest.mark.parametrize("seats", [0, 1, 70, 1000])
@pytest.mark.parametrize("load", [1e-6, 0.5, 0.999, 1.0, 3.0, 1000.0])
@pytest.mark.parametrize("patience", [0.5, 120, 1e5])
def test_no_load_is_too_much(seats: int, load: float, patience: float) -> None:
    arrivals = load * max(seats, 1) / 60
    got = erlang_a(arrivals, 60, patience, seats, 20)
    for ratio in (got.wait_ratio, got.abandon_ratio, got.in_time_ratio):
        assert 0 <= ratio <= 1
    if load >= 3 and seats > 0:  # far over capacity, who is not answered is who does not fit
        assert isclose(got.abandon_ratio, 1 - seats / (arrivals * 60), rel_tol=0.02 + 1 / seats)
    assert isfinite(got.wait_seconds)


def test_who_waits_for_ever_is_erlang_c() -> None:
    patient = erlang_c(0.8, 60, 50, 20)
    got = erlang_a(0.8, 60, 1e7, 50, 20)
    assert isclose(got.wait_ratio, patient.wait_ratio, rel_tol=1e-3)
    assert isclose(got.in_time_ratio, patient.in_time_ratio, rel_tol=1e-3)


def test_nobody_calls_or_nobody_is_there() -> None:
    assert erlang_a(0, 60, 120, 3, 20) == Impatient(0, 0, 0, 1)
    assert erlang_a(0, 60, 120, 0, 20) == Impatient(1, 1, 120, 0)
    assert erlang_a(1, 60, 120, 0, 20) == Impatient(1, 1, 120, 0)
    assert erlang_a(5e-324, 60, 0.1, 1, 20) == Impatient(0, 0, 0, 1)
    assert erlang_c(1, 60, 60, 20) == Patient(1, inf, 0)
    assert erlang_c(0, 60, 0, 20) == Patient(0, 0, 1)


@pytest.mark.parametrize(
    ("arrivals", "handling", "patience", "seats", "says"),
    [
        (-1, 60, 60, 1, "expected 0 or more calls a second, got -1"),
        (inf, 60, 60, 1, "expected 0 or more calls a second, got inf"),
        (1, 0, 60, 1, "expected a handling time of more than 0 s, got 0"),
        (1, 60, 0, 1, "expected a patience of more than 0 s, got 0"),
        (1, 60, inf, 1, "expected a patience of more than 0 s, got inf"),
        (1, 60, 60, -1, "expected 0 or more seats, got -1"),
    ],
)
def test_what_makes_no_sense_is_refused(
    arrivals: float, handling: float, patience: float, seats: int, says: str
) -> None:
    with pytest.raises(ValueError, match=f"^{says}$"):
        erlang_a(arrivals, handling, patience, seats, 20)


# Seats and waits


@given(ARRIVALS, st.floats(5, 60), TIMES, st.floats(0.1, 0.99), st.floats(0, 60))
def test_the_seats_needed_are_the_fewest(
    arrivals: float, handling: float, patience: float, ratio: float, within: float
) -> None:
    seats = seats_needed(arrivals, handling, patience, ratio, within, 2000)

    def in_time(seats: int) -> float:
        return erlang_a(arrivals, handling, patience, seats, within).in_time_ratio

    assert in_time(seats) >= ratio
    assert seats > 0
    assert in_time(seats - 1) < ratio


def test_seats_that_are_not_there_are_not_needed() -> None:
    assert seats_needed(10, 300, 120, 0.8, 20, 40) == 40
    assert seats_needed(10, 300, 120, 0.8, 20, 0) == 0
    assert seats_needed(0, 300, 120, 0.8, 20, 40) == 0
    with pytest.raises(ValueError, match="target ratio"):
        seats_needed(1, 300, 120, 1.1, 20, 40)


def test_the_expected_wait_counts_those_who_leave() -> None:
    assert expected_wait(0, 5, 60, 120) == 12
    assert close(expected_wait(2, 5, 60, 120), 1 / (5 / 60) + 1 / (11 / 120) + 1 / (12 / 120))
    assert expected_wait(9, 5, 60, inf) == pytest.approx(10 * 12)
    assert expected_wait(0, 0, 60, 120) == inf


def test_loads_together() -> None:
    both = combine_loads([Load(1.0, 60, 120), Load(3.0, 100, 40)])
    assert both.arrivals == 4
    assert both.erlangs == pytest.approx(360)
    assert both.patience == pytest.approx(4 / (1 / 120 + 3 / 40))
    assert combine_loads([Load(0, 60, 90), Load(0, 60, 90)]).patience == pytest.approx(90)
    assert combine_loads([]).arrivals == 0
    assert combine_loads([Load(5e-324, 60, 90)]).patience == pytest.approx(90)


# What was seen


def seen_for(arrivals: Arrivals, seconds: int, per_second: float) -> Arrivals:
    """Each second in turn, with as many calls as have become due."""
    due = 0.0
    for _ in range(seconds):
        due += per_second
        arrivals = arrivals.watched(1.0, int(due + 1e-9))
        due -= int(due + 1e-9)
    return arrivals


def test_a_rate_fades_with_its_memory() -> None:
    rate = Rate(memory=60.0)
    for calls in [1] * 600 + [3] * 60:
        rate = rate.watched(1.0, calls)
    assert rate.per_second == pytest.approx(3 - 2 * exp(-1), rel=1e-3)


def test_arrivals_settle_and_follow_a_turn_within_a_minute_or_two() -> None:
    calm = seen_for(Arrivals(), 1200, 0.5)
    assert calm.per_second == pytest.approx(0.5, rel=0.03)
    assert seen_for(calm, 60, 2.0).per_second > 1.3
    assert seen_for(calm, 180, 2.0).per_second == pytest.approx(2.0, rel=0.1)
    storm = seen_for(calm, 1200, 2.0)
    assert storm.per_second == pytest.approx(2.0, rel=0.03)
    assert seen_for(storm, 180, 0.5).per_second < 0.7


def test_chance_hardly_moves_the_arrivals() -> None:
    """Calls at random, 0.5 a second: the quick estimate alone wanders four times as far."""
    random, arrivals = Random(1330), Arrivals()
    quick: list[float] = []
    told: list[float] = []
    for second in range(7200):
        calls = sum(random.random() < 0.05 for _ in range(10))
        arrivals = arrivals.watched(1.0, calls)
        if second > 1800:
            quick.append(arrivals.quick.per_second)
            told.append(arrivals.per_second)
    assert pstdev(told) < pstdev(quick) / 2
    assert max(told) < 0.5 * 1.35
    assert sum(told) / len(told) == pytest.approx(0.5, rel=0.05)


def test_the_first_call_after_the_start_is_no_storm() -> None:
    assert Arrivals().per_second == 0
    assert Arrivals().watched(1.0, 1).per_second < 0.05
    assert seen_for(Arrivals(), 60, 2.0).per_second > 1


def test_a_gap_is_not_taken_for_quiet_nor_for_a_storm() -> None:
    calm = seen_for(Arrivals(), 1200, 0.5)
    after = calm.unwatched(3600)
    assert after.per_second == pytest.approx(calm.per_second, rel=1e-3)
    assert after.watched(1.0, 1).per_second < 0.55
    # ... and what is seen now counts for more than what was before the gap
    assert seen_for(after, 20, 0.8).per_second > seen_for(calm, 20, 0.8).per_second


@given(st.lists(st.tuples(st.floats(-5, 30), st.integers(0, 9), st.booleans()), max_size=40))
def test_no_history_makes_a_rate_negative(history: list[tuple[float, int, bool]]) -> None:
    arrivals = Arrivals()
    for seconds, calls, gap in history:
        arrivals = arrivals.unwatched(seconds) if gap else arrivals.watched(seconds, calls)
        assert arrivals.per_second >= 0
        assert isfinite(arrivals.per_second)


def test_a_clock_that_is_set_back_undoes_nothing() -> None:
    rate = Rate(60.0, events=5.0, exposure=30.0)
    assert rate.watched(-3600, 1) == rate.watched(0, 1) == replace(rate, events=6.0)


@given(st.floats(0.1, 20), st.integers(1, 20))
def test_a_window_may_be_cut_in_pieces(seconds: float, pieces: int) -> None:
    whole = Rate(60.0).watched(seconds * pieces, 7 * pieces)
    cut = Rate(60.0)
    for _ in range(pieces):
        cut = cut.watched(seconds, 7)
    assert cut.per_second == pytest.approx(whole.per_second)
    assert cut.exposure == pytest.approx(whole.exposure)


def test_patience_counts_those_who_were_answered_and_those_who_still_wait() -> None:
    """Ten callers wait at all times, are answered after 30 s, and lose patience after 90 s."""
    random, rate, left = Random(1330), patience_rate(expected=40, memory=1e9), [30] * 10
    lost_after = []
    for _ in range(40_000):
        gone = 0
        for place, seconds in enumerate(left):
            if random.random() < 1 / 90:
                gone += 1
                lost_after.append(30 - seconds)
                left[place] = 30
            else:
                left[place] = seconds - 1 or 30
        rate = rate.watched(1.0, gone, exposure=10.0)
    assert rate.mean_seconds == pytest.approx(90, rel=0.05)
    assert sum(lost_after) / len(lost_after) < 20  # what counting only the lost would have said


def test_nobody_hung_up_is_patience_but_not_for_ever() -> None:
    rate = patience_rate(expected=120)
    assert rate.mean_seconds == 120
    for _ in range(100_000):
        rate = rate.watched(1.0, 0, exposure=5.0)
    assert 1000 < rate.mean_seconds < 20_000
    assert isfinite(rate.mean_seconds)


def test_handling_begins_as_expected_and_learns() -> None:
    rate = handling_rate(expected=300)
    assert rate.mean_seconds == pytest.approx(300)
    talks = 0.0
    for second in range(7200):  # ten people talk all the time, each talk takes 60 s
        talks = 10 if second % 60 == 59 else 0
        rate = rate.watched(1.0, int(talks), exposure=10.0)
    assert rate.mean_seconds == pytest.approx(60, rel=0.1)


def test_a_rate_without_anything_seen_is_0() -> None:
    assert Rate(60).per_second == 0
    assert Rate(60).mean_seconds == inf
