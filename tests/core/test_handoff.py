"""The hand-off of a caller: what counts, and what is only a wait for somebody who is free."""

from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.handoff import Handoffs


def test_who_comes_while_a_seat_is_free_is_handed_over_from_then_on() -> None:
    of = Handoffs()
    of.seat_free("a", 0.0)
    of.joined("1", 100.0)
    of.offered("1", "a", 100.5)
    assert of.answered("1", 103.0) == 3.0


def test_the_wait_for_a_seat_to_become_free_is_none_of_it() -> None:
    of = Handoffs()
    of.joined("1", 100.0)
    of.seat_held("a")
    of.seat_free("a", 160.0)
    of.seat_free("a", 160.5)  # told again
    of.offered("1", "a", 161.0)
    of.seat_held("a")
    assert of.answered("1", 162.5) == 2.5


def test_a_seat_that_rings_in_vain_counts_and_the_time_without_one_does_not() -> None:
    of = Handoffs()
    of.seat_free("a", 0.0)
    of.joined("1", 10.0)
    of.offered("1", "a", 10.0)
    of.seat_held("a")
    of.unanswered("1", "a", 25.0)
    of.seat_free("b", 40.0)
    of.offered("1", "b", 40.0)
    assert of.answered("1", 42.0) == 17.0


def test_between_two_seats_that_are_free_no_second_is_left_out_or_counted_twice() -> None:
    of = Handoffs()
    of.seat_free("a", 0.0)
    of.seat_free("b", 0.0)
    of.joined("1", 10.0)
    of.offered("1", "a", 10.0)
    of.unanswered("1", "a", 12.0)
    of.offered("1", "b", 13.0)  # the position was being said
    assert of.answered("1", 14.0) == 4.0


def test_a_seat_that_rang_for_another_is_free_from_then_on() -> None:
    of = Handoffs()
    of.seat_free("a", 0.0)
    of.joined("1", 10.0)
    of.joined("2", 11.0)
    of.offered("1", "a", 10.0)
    of.seat_held("a")
    of.unanswered("1", "a", 25.0)
    of.seat_free("a", 25.0)
    of.offered("2", "a", 26.0)
    assert of.answered("2", 27.0) == 2.0


def test_who_is_sent_back_is_handed_over_anew() -> None:
    of = Handoffs()
    of.seat_free("a", 0.0)
    of.seat_free("b", 0.0)
    of.joined("1", 10.0)
    of.offered("1", "a", 10.0)
    assert of.answered("1", 12.0) == 2.0
    of.joined("1", 100.0)
    of.offered("1", "b", 100.0)
    assert of.answered("1", 101.0) == 1.0


def test_what_was_not_seen_is_not_told() -> None:
    of = Handoffs()
    assert of.answered("1", 5.0) is None
    of.joined("2", 1.0)
    assert of.answered("2", 5.0) is None
    of.offered("3", "a", 1.0)
    of.joined("4", 1.0)
    of.offered("4", "a", 1.0)
    of.ended("4")
    assert of.answered("4", 5.0) is None


STEPS = st.tuples(
    st.sampled_from(
        ("seat_free", "seat_held", "joined", "offered", "unanswered", "answered", "ended")
    ),
    st.sampled_from("12"),
    st.sampled_from("ab"),
    st.floats(0, 30),
)


@given(st.lists(STEPS, max_size=40))
def test_a_handoff_is_never_longer_than_the_wait(steps: list[tuple[str, str, str, float]]) -> None:
    of, now, since = Handoffs(), 0.0, dict[str, float]()
    for what, call, seat, seconds in steps:
        now += seconds
        match what:
            case "seat_free":
                of.seat_free(seat, now)
            case "seat_held":
                of.seat_held(seat)
            case "joined":
                of.joined(call, now)
                since[call] = now
            case "offered":
                of.offered(call, seat, now)
            case "unanswered":
                of.unanswered(call, seat, now)
            case "answered":
                took = of.answered(call, now)
                assert took is None or 0.0 <= took <= now - since[call] + 1e-6
            case "ended":
                of.ended(call)
