"""A place in a queue as app_queue has it: a priority, the higher the earlier somebody arrived.

app_queue puts whoever joins behind all callers of the same or a higher priority and before all
others, so a line is in the order of effective arrivals, whoever joins when and is answered
meanwhile (docs/decisions/0030-one-fairness-clock.md).  Priorities are signed numbers of 32 bits:
fifths of a second, counted back from a moment in 2036, are good from 2022 to 2050.

dialplans/hotline.conf makes the same of IVRD_EFFECTIVE.
"""

from ivrd.core.clock import AsteriskClock

FROM_SECONDS = 2_100_000_000
A_SECOND = 5
MOST = 2**31 - 1


def priority_of(reading: float) -> int:
    """The priority of who arrived at a reading of Asterisk's clock, seconds since the epoch."""
    return max(-MOST, min(MOST, int((FROM_SECONDS - reading) * A_SECOND)))


def arrival_of(priority: int, clock: AsteriskClock) -> float | None:
    """When a caller of this priority arrived, on ivrd's timeline; None for one who has none."""
    return clock.written(FROM_SECONDS - priority / A_SECOND) if priority else None


def milliseconds(reading: float) -> str:
    """A reading of Asterisk's clock as the dialplan takes it."""
    return f"{reading * 1000:.0f}"
