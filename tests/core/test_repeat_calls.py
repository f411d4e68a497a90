"""Who dials again within a day: once for each served call, and for nobody else's."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.repeat_calls import (
    DAY_SECONDS,
    After,
    RepeatCalls,
    ServedCall,
    ServedSum,
    settled_share,
    sums,
)

SERVED = ServedCall("a", 1000.0, After.SETTLED, "other", known=True)


def test_the_first_redial_within_a_day_counts_and_no_later_one() -> None:
    repeats = RepeatCalls()
    repeats.served(SERVED, "somebody")
    assert repeats.called("somebody else", 1001.0) == []
    assert repeats.called("somebody", 1000.0 + DAY_SECONDS) == [replace(SERVED, redialled=True)]
    assert repeats.called("somebody", 1002.0) == []
    assert len(repeats) == 0


def test_a_call_that_began_before_the_end_or_a_day_later_is_none() -> None:
    repeats = RepeatCalls()
    repeats.served(SERVED, "somebody")
    assert repeats.called("somebody", 1000.0) == []
    assert repeats.called("somebody", 1000.1 + DAY_SECONDS) == []
    repeats.forget(1000.0)
    assert len(repeats) == 1
    repeats.forget(1000.1)
    assert len(repeats) == 0


def test_sums_and_the_share_of_those_who_answered() -> None:
    calls = [
        SERVED,
        replace(SERVED, redialled=True),
        replace(SERVED, known=False),
        replace(SERVED, after=After.NOT_SETTLED),
        replace(SERVED, after=After.NO_ANSWER),
    ]
    found = sums(calls)
    assert found[After.SETTLED] == ServedSum(calls=3, known=2, redialled=1)
    assert found[After.CASE_TOLD] == ServedSum()
    assert settled_share(found) == 0.75
    assert settled_share(sums([calls[-1]])) is None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 3 * DAY_SECONDS), st.booleans())))
def test_each_served_call_is_redialled_once_at_most(moments: list[tuple[str, float, bool]]) -> None:
    repeats, served, redialled = RepeatCalls(), 0, []
    for at, (person, when, dials) in enumerate(sorted(moments, key=lambda each: each[1])):
        if dials:
            redialled += [call.call_id for call in repeats.called(person, when)]
        else:
            served += 1
            repeats.served(ServedCall(str(at), when, After.SETTLED), person)
    assert len(redialled) == len(set(redialled)) <= served
    assert len(repeats) == served - len(redialled)
