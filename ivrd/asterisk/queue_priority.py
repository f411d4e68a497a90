"""A place in a queue as app_queue has it: a priority, the higher the earlier somebody's turn is.

app_queue puts whoever joins behind all callers of the same or a higher priority and before all
others, so a line is in the order of turns (core/priority.py), whoever joins when and is answered
meanwhile (docs/decisions/0030-one-fairness-clock.md).  Priorities are signed numbers of 32 bits:
fifths of a second, counted back from a moment in 2036, are good from 2022 to 2050.

dialplans/hotline.conf makes the same of IVRD_EFFECTIVE and IVRD_HEAD_START.
"""

import re

from ivrd.core.clock import AsteriskClock
from ivrd.core.priority import NO_HEAD_START, HeadStart, Urgency

FROM_SECONDS = 2_100_000_000
A_SECOND = 5
MOST = 2**31 - 1
WRITTEN = re.compile(f"({Urgency.RED_FLAG}|{Urgency.RISK_GROUP}):(0|[1-9][0-9]{{0,9}})")


def priority_of(reading: float) -> int:
    """The priority of a turn at a reading of Asterisk's clock, seconds since the epoch."""
    return max(-MOST, min(MOST, int((FROM_SECONDS - reading) * A_SECOND)))


def turn_of(priority: int, clock: AsteriskClock) -> float | None:
    """The turn of a caller of this priority, on ivrd's timeline; None for one who has none."""
    return clock.written(FROM_SECONDS - priority / A_SECOND) if priority else None


def milliseconds(reading: float) -> str:
    """A reading of Asterisk's clock as the dialplan takes it."""
    return f"{reading * 1000:.0f}"


def written(head_start: HeadStart) -> str:
    """A head start as the dialplan takes it: why, a colon, milliseconds; empty for none."""
    if not head_start.urgency:
        return ""
    return f"{head_start.urgency}:{head_start.seconds * 1000:.0f}"


def head_start_of(text: str) -> HeadStart:
    """What `written` has written; none for anything else."""
    found = WRITTEN.fullmatch(text)
    return HeadStart(Urgency(found[1]), int(found[2]) / 1000) if found else NO_HEAD_START
