"""When agents are called whose shift begins, or who were paused."""

from hypothesis import given
from hypothesis import strategies as st

from ivrd.core import reminder as r
from ivrd.core.reminder import CallResult, Limits, Occasion, Reminder

LIMITS = Limits(calls=3, again_seconds=300.0, ring_seconds=30, at_once=10)
NINE = 32_400.0


def test_a_shift_is_at_once_and_a_pause_when_it_has_lasted() -> None:
    assert r.begin(Occasion.SHIFT, NINE, LIMITS).due(LIMITS, NINE)
    paused = r.begin(Occasion.PAUSED, NINE, LIMITS)
    assert not paused.due(LIMITS, NINE + 299)
    assert paused.due(LIMITS, NINE + 300)


def test_nobody_is_called_while_a_call_is_on() -> None:
    on = r.dialled(r.begin(Occasion.SHIFT, NINE, LIMITS), "token", LIMITS, NINE)
    assert not on.due(LIMITS, NINE + 1000)
    assert on.until > NINE + LIMITS.ring_seconds


def test_after_all_calls_nobody_is_called_and_it_was_in_vain() -> None:
    one, now = r.begin(Occasion.SHIFT, NINE, LIMITS), NINE
    for made in range(1, LIMITS.calls + 1):
        assert one.due(LIMITS, now)
        one = r.dialled(one, f"token-{made}", LIMITS, now)
        assert not one.in_vain(LIMITS, now)
        one = r.ended(one, CallResult.NO_ANSWER, LIMITS, now + 30)
        assert not one.due(LIMITS, now + 31)
        now = one.next_at
    assert one.calls == LIMITS.calls
    assert one.in_vain(LIMITS, now)
    assert not one.due(LIMITS, now + 10_000)


def test_who_has_come_is_not_called_and_was_not_called_in_vain() -> None:
    one = r.dialled(r.begin(Occasion.SHIFT, NINE, LIMITS), "token", LIMITS, NINE)
    came = r.ended(one, CallResult.CAME, LIMITS, NINE + 20)
    assert came.came
    assert not came.due(LIMITS, NINE + 1000)
    assert not came.in_vain(LIMITS, NINE + 10_000)


def test_hours_later_nobody_is_called_for_it() -> None:
    one = r.begin(Occasion.SHIFT, NINE, LIMITS)
    assert not one.due(LIMITS, NINE + r.LATEST_SECONDS + 1)


@given(
    st.lists(st.tuples(st.floats(0, 400), st.sampled_from([*CallResult])), max_size=30),
    st.integers(0, 5),
)
def test_there_are_never_more_calls_than_are_set(
    steps: list[tuple[float, CallResult]], calls: int
) -> None:
    limits = Limits(calls, 300.0, 30, 10)
    one, now, made = r.begin(Occasion.SHIFT, NINE, limits), NINE, 0
    for passed, result in steps:
        now += passed
        if one.due(limits, now):
            one = r.dialled(one, "token", limits, now)
            made += 1
        if one.token:
            one = r.ended(one, result, limits, now)
    assert made == one.calls <= calls


def test_what_dial_says() -> None:
    assert r.result_of("BUSY") is CallResult.BUSY
    assert r.result_of("NOANSWER") is CallResult.NO_ANSWER
    assert r.result_of("CHANUNAVAIL") is CallResult.UNREACHABLE
    assert Reminder(Occasion.SHIFT, 0, 0).result == ""
