"""How long a PIN is locked after wrong ones."""

from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.pin_lock import (
    FIRST_SECONDS,
    LONGEST_SECONDS,
    UNLOCKED,
    WRONG_PINS,
    PinLock,
    after_wrong,
)


def locks(count: int, now: float = 1000.0) -> list[float]:
    """For how long it is locked after each wrong PIN, when each is tried as soon as it may be."""
    lock, found = UNLOCKED, []
    for _ in range(count):
        lock = after_wrong(lock, now)
        found.append(lock.left(now))
        now += lock.left(now)
    return found


def test_five_wrong_ones_lock_it_for_a_minute_and_each_after_that_for_longer() -> None:
    assert locks(9) == [0, 0, 0, 0, 60, 120, 240, 480, 960]


def test_it_is_never_locked_for_longer_than_an_hour() -> None:
    assert locks(10_000)[-1] == LONGEST_SECONDS


@given(st.integers(0, 40), st.floats(0, 1e9))
def test_the_delay_never_falls_and_ends_by_itself(wrong: int, now: float) -> None:
    lock = after_wrong(PinLock(wrong), now)
    again = after_wrong(lock, now)
    assert again.left(now) >= lock.left(now)
    assert (lock.left(now) > 0) is (wrong + 1 >= WRONG_PINS)
    assert lock.left(now + LONGEST_SECONDS + 1) == 0
    assert lock.left(now) == 0 or lock.left(now) >= FIRST_SECONDS - 1e-3
