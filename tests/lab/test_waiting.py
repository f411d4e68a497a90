"""Who waited in vain, by what was recorded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.waiting import Occupied, Waiting, waited_in_vain

ALL = ("a", "b")
EVERYWHERE = {"one": ALL, "two": ALL}


def waits(caller: str, begin: float, end: float, queue: str = "a") -> Waiting:
    return Waiting(caller, queue, begin, end, since=begin)


def test_nobody_waits_in_vain_while_all_seats_are_at_work() -> None:
    talks = [Occupied("one", "x", 0, 9), Occupied("two", "y", 0, 9)]
    assert waited_in_vain([waits("c", 1, 8)], talks, EVERYWHERE) == {"c": 0}


def test_who_waits_beside_a_free_seat_does() -> None:
    talks = [Occupied("one", "x", 0, 9), Occupied("two", "y", 0, 3), Occupied("two", "c", 5, 6)]
    assert waited_in_vain([waits("c", 1, 6)], talks, EVERYWHERE) == {"c": 2}  # from 3 to 5


def test_to_be_rung_for_at_a_bad_seat_is_to_wait_in_vain() -> None:
    rings = [Occupied("bad", "c", 0, 5), Occupied("one", "c", 5, 6)]
    assert waited_in_vain([waits("c", 0, 6)], rings, {"one": ALL}) == {"c": 5}


def test_only_as_many_wait_in_vain_as_there_are_free_seats_the_first_ones_first() -> None:
    back = Waiting("back", "a", 4, 6, since=-1)  # came back to the front
    here = [waits("first", 0, 6), waits("second", 1, 6), back]
    talks = [Occupied("two", "x", 0, 10)]
    assert waited_in_vain(here, talks, EVERYWHERE) == {"first": 4, "second": 0, "back": 2}


def test_a_seat_counts_for_the_queues_that_it_serves_only() -> None:
    here = [waits("c", 0, 5, queue="b")]
    assert waited_in_vain(here, [], {"one": ("a",)}) == {"c": 0}
    # The first one could have either seat, so there is one for the second as well.
    here = [waits("c", 0, 5), waits("d", 0, 5, queue="b")]
    assert waited_in_vain(here, [], {"one": ALL, "two": ("a",)}) == {"c": 5, "d": 5}


spans = st.tuples(st.integers(0, 20), st.integers(1, 9))


@given(st.lists(spans, max_size=6), st.lists(spans, max_size=6))
def test_the_sum_is_bounded_by_what_was_free(
    waited: list[tuple[int, int]], talked: list[tuple[int, int]]
) -> None:
    here = [waits(str(n), begin, begin + of) for n, (begin, of) in enumerate(waited)]
    talks = [Occupied("one", "x", begin, begin + of) for begin, of in talked]
    vain = waited_in_vain(here, talks, {"one": ALL})
    free = [
        t
        for t in range(30)
        if any(w.begin <= t < w.end for w in here) and not any(o.begin <= t < o.end for o in talks)
    ]
    assert sum(vain.values()) == pytest.approx(len(free))  # one seat: one caller at a time
    assert all(0 <= vain[w.caller] <= w.end - w.begin for w in here)
