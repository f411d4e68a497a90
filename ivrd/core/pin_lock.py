"""How long an agent's PIN is not even looked at after wrong ones.

After `WRONG_PINS` in a row the PIN is locked, for `FIRST_SECONDS`; each wrong one after that locks
it for twice as long as the one before, at most for `LONGEST_SECONDS`.  So whoever tries four digits
by machine needs half a year on average, and an agent who has mistyped waits a minute.  The right
PIN begins anew.

Times are seconds since the epoch.
"""

from dataclasses import dataclass

WRONG_PINS = 5
FIRST_SECONDS = 60.0
LONGEST_SECONDS = 3600.0
MOST_DOUBLED = 6  # by then the longest is reached


@dataclass(frozen=True)
class PinLock:
    """Of one PIN: how many wrong ones there were in a row, and until when it is locked."""

    wrong: int = 0
    until: float = 0.0

    def left(self, now: float) -> float:
        """For how many seconds more it is locked; 0 if it is not."""
        return max(0.0, self.until - now)


UNLOCKED = PinLock()


def after_wrong(lock: PinLock, now: float) -> PinLock:
    """The lock after one more wrong PIN."""
    wrong = lock.wrong + 1
    if wrong < WRONG_PINS:
        return PinLock(wrong)
    doubled = min(wrong - WRONG_PINS, MOST_DOUBLED)
    return PinLock(wrong, now + min(FIRST_SECONDS * 2.0**doubled, LONGEST_SECONDS))
