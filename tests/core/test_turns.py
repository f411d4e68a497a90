"""Whose turn it is, as free seats and waiting callers have it."""

from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.priority import Place
from ivrd.core.turns import turns

QUEUES = ("red", "green")


def waiting(*calls: tuple[float, str, str]) -> dict[str, list[Place]]:
    """By queue: who came when."""
    lines: dict[str, list[Place]] = {queue: [] for queue in QUEUES}
    for at, call, queue in sorted(calls):
        lines[queue].append(Place(at, at, call))
    return lines


def test_a_seat_takes_the_first_of_all_whom_it_serves() -> None:
    lines = waiting((1, "a", "red"), (2, "b", "green"), (3, "c", "red"))
    assert [*turns([("red", "green")], lines.__getitem__, ())] == ["a"]
    assert [*turns([("green",)], lines.__getitem__, ())] == ["b"]
    assert [*turns([("red", "green")] * 2, lines.__getitem__, ())] == ["a", "b"]
    assert [*turns([("red", "green")] * 9, lines.__getitem__, ())] == ["a", "b", "c"]
    assert [*turns([], lines.__getitem__, ())] == []
    assert [*turns([()], lines.__getitem__, ())] == []


def test_whoever_is_being_rung_for_needs_no_other_seat() -> None:
    lines = waiting((1, "a", "red"), (2, "b", "red"))
    assert [*turns([("red",)], lines.__getitem__, {"a"})] == ["b"]


calls = st.lists(
    st.tuples(st.integers(0, 99), st.integers(0, 10**6), st.sampled_from(QUEUES)),
    unique_by=lambda call: call[1],
    max_size=12,
)


@given(calls, st.lists(st.sets(st.sampled_from(QUEUES)), max_size=6))
def test_nobody_is_passed_by_whom_the_same_seat_serves(
    several: list[tuple[int, int, str]], free: list[set[str]]
) -> None:
    lines = waiting(*((float(at), str(number), queue) for at, number, queue in several))
    found = [*turns(free, lines.__getitem__, ())]
    assert len(set(found)) == len(found) <= len(free)
    for queue in QUEUES:
        of_queue = [place.call_id for place in lines[queue]]
        taken = [call for call in found if call in of_queue]
        assert taken == of_queue[: len(taken)]
