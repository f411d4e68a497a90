"""When a partner is called a second time for the same caller."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.second_call import KEPT, LEAST, AnswerTimes, second_call_after


def times(*seconds: float) -> AnswerTimes:
    made = AnswerTimes()
    for each in seconds:
        made.not_answered() if each == inf else made.answered(each)
    return made


@pytest.mark.parametrize(
    ("seconds", "after"),
    [
        ([2.0] * (LEAST - 1), None),  # too few to know
        ([2.0] * LEAST, 2.0),
        ([1, 2, 3, 4, 5, 6, 7, 7.5], 6.0),  # six of eight
        ([2.1] * LEAST, 2.5),  # in steps
        ([0.1] * LEAST, 1.0),  # such a one is as good as there
        ([2.0] * 6 + [inf] * 2, 2.0),
        ([2.0] * 5 + [inf] * 3, None),  # who does not answer is not called twice for that
        ([7.2] * LEAST, None),  # nothing to be gained any more
    ],
)
def test_after_the_time_in_which_three_of_four_are_answered(
    seconds: list[float], after: float | None
) -> None:
    assert second_call_after(times(*seconds), 8.0) == after


def test_what_was_long_ago_does_not_count() -> None:
    assert second_call_after(times(*[6.0] * KEPT, *[2.0] * KEPT), 8.0) == 2.0


@given(st.lists(st.floats(0, 8) | st.just(inf), min_size=LEAST, max_size=KEPT))
def test_three_of_four_have_been_answered_by_then(seconds: list[float]) -> None:
    after = second_call_after(times(*seconds), 8.0)
    by_then = sum(each <= (after or 7.0) for each in seconds)
    assert (by_then >= 0.75 * len(seconds)) is (after is not None)
