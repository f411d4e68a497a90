"""Where all who are there rest, one of them is rung all the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.last_resort import AGAIN_SECONDS, RING_SECONDS, seats_of_last_resort
from ivrd.core.seat_health import LIMITS, SHORT_SECONDS, SeatHealth
from ivrd.core.seats import CLOSED_BY_US, Member, SeatStatus

RANG = 15.0


def failing(**at: float) -> SeatHealth:
    """Seats that have missed two calls, the second one at that time."""
    health = SeatHealth()
    for seat, last in at.items():
        health.unanswered(seat, last - RANG, RANG)
        health.unanswered(seat, last, RANG)
    return health


def resting(health: SeatHealth, now: float, *seats: str, queue: str = "red") -> list[Member]:
    return [Member(queue, seat, True, health.turn(seat, now).pause) for seat in seats]


def test_where_all_rest_the_one_is_rung_that_failed_longest_ago() -> None:
    health = failing(one=30.0, two=20.0)
    here = resting(health, 31.0, "one", "two")
    assert seats_of_last_resort(here, {}, health, 31.0, {}) == {"two"}
    health.unanswered("two", 46.0, RANG)
    assert seats_of_last_resort(here, {}, health, 46.0, {}) == {"one"}


def test_after_its_last_failure_it_has_a_moment_of_peace() -> None:
    health = failing(one=30.0)
    here = resting(health, 31.0, "one")
    assert seats_of_last_resort(here, {}, health, 30.0 + AGAIN_SECONDS - 0.1, {}) == set()
    assert seats_of_last_resort(here, {}, health, 30.0 + AGAIN_SECONDS, {}) == {"one"}


@pytest.mark.parametrize(
    "state", [SeatStatus.FREE, SeatStatus.RINGING, SeatStatus.BUSY], ids=lambda state: state.value
)
def test_while_anybody_else_is_there_it_rests(state: SeatStatus) -> None:
    health = failing(one=30.0)
    here = [*resting(health, 40.0, "one"), Member("red", "good")]
    assert seats_of_last_resort(here, {"good": state}, health, 40.0, {}) == set()
    assert seats_of_last_resort(here, {"good": SeatStatus.AWAY}, health, 40.0, {}) == {"one"}


def test_where_most_rest_one_is_rung_while_nobody_is_free() -> None:
    health = failing(one=30.0, two=20.0)
    here = [*resting(health, 40.0, "one", "two"), Member("red", "good")]
    assert seats_of_last_resort(here, {"good": SeatStatus.BUSY}, health, 40.0, {}) == {"two"}
    assert seats_of_last_resort(here, {"good": SeatStatus.FREE}, health, 40.0, {}) == set()


TALK = 240.0  # seconds, on average


@given(working=st.integers(1, 40), since=st.integers(0, 59), talk=st.floats(1.0, 600.0))
def test_who_missed_one_call_is_rung_where_the_others_are_not_free_before_a_ring_is_over(
    working: int, since: int, talk: float
) -> None:
    health = SeatHealth()
    health.unanswered("one", 0.0, RANG)
    others = {f"good-{number}": SeatStatus.BUSY for number in range(working)}
    here = [*resting(health, since, "one"), *(Member("red", seat) for seat in others)]
    found = seats_of_last_resort(here, others, health, since, {"red": talk})
    worth = since >= SHORT_SECONDS and talk / working > RING_SECONDS
    assert found == ({"one"} if worth else set())
    others["good-0"] = SeatStatus.FREE
    assert seats_of_last_resort(here, others, health, since, {"red": talk}) == set()


def test_while_talks_are_unknown_they_are_long() -> None:
    health = SeatHealth()
    health.unanswered("one", 0.0, RANG)
    here = [*resting(health, SHORT_SECONDS, "one"), Member("red", "good")]
    busy = {"good": SeatStatus.BUSY}
    assert seats_of_last_resort(here, busy, health, SHORT_SECONDS, {"green": 1.0}) == {"one"}


def test_who_misses_a_second_call_while_it_rests_is_rung_no_more() -> None:
    health = SeatHealth()
    health.unanswered("one", 0.0, RANG)
    health.unanswered("one", 35.0, RANG)
    here = [*resting(health, 56.0, "one"), Member("red", "good")]
    busy = {"good": SeatStatus.BUSY}
    assert seats_of_last_resort(here, busy, health, 56.0, {"red": TALK}) == set()


def test_who_paused_the_seat_or_closed_it_is_heeded() -> None:
    health = failing(one=30.0, two=20.0)
    here = [Member("red", "one", True, "lunch"), Member("red", "two", True, CLOSED_BY_US)]
    assert seats_of_last_resort(here, {}, health, 40.0, {}) == set()


def test_each_queue_has_its_own() -> None:
    health = failing(one=30.0, two=20.0)
    here = [
        *resting(health, 40.0, "one", "two"),
        *resting(health, 40.0, "one", queue="green"),
        *resting(health, 40.0, "two", queue="blue"),
        Member("blue", "good"),
    ]
    assert seats_of_last_resort(here, {}, health, 40.0, {}) == {"one", "two"}


@given(
    failed=st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), st.integers(0, 100)),
    members=st.sets(st.tuples(st.sampled_from(["red", "green"]), st.sampled_from("abcd"))),
    away=st.sets(st.sampled_from("abcd")),
    later=st.integers(round(AGAIN_SECONDS), round(LIMITS.first_pause) - 1),
)
def test_nobody_who_is_there_means_nobody_else_could_be_rung(
    failed: dict[str, int], members: set[tuple[str, str]], away: set[str], later: int
) -> None:
    health, now = failing(**failed), max(failed.values(), default=0) + later
    here = []
    for queue, seat in members:
        pause = health.turn(seat, now).pause
        here.append(Member(queue, seat, bool(pause), pause))
    found = seats_of_last_resort(here, dict.fromkeys(away, SeatStatus.AWAY), health, now, {})
    for queue in ("red", "green"):
        there = {m.seat for m in here if m.queue == queue and m.seat not in away}
        rung = {seat for seat in there if not health.turn(seat, now).pause or seat in found}
        assert bool(rung) == bool(there)
