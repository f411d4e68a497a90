"""Who is served before whom: one key for everybody who waits, a moment; the earlier, the sooner.

Theory of operation
-------------------
The key is the *turn*: the effective arrival (people.py) minus a *head start*.  A caller with a red
flag has a head start of `red_flag_seconds`, one of a risk group of `risk_group_seconds`, all others
have none.  So there are no classes, only a clock: a red flag is served as if the caller had waited
for hours already, and of two who have the same head start the one who arrived earlier is first.

Nobody waits for ever.  Whoever arrives is passed only by callers who arrive less than the
difference of the two head starts later, however many of them there are: after that time nobody who
comes is before any more.  While fewer urgent callers come than the seats can serve that limit is
never reached, and the others are served by what is left.

Whoever is waited for beside Asterisk's line (a booking, a caller in the menu) has the same key.

What may live here: the key.  Not: how it is said to Asterisk (calls/placement.py, and
IVRD_HEAD_START in dialplans/hotline.conf), where callers are (present.py).
Times are seconds since the epoch, or seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Urgency(StrEnum):
    """Why somebody is served before callers who came earlier."""

    NONE = ""
    RISK_GROUP = "risk_group"
    RED_FLAG = "red_flag"


@dataclass(frozen=True)
class HeadStart:
    """What a caller is served earlier by, and why."""

    urgency: Urgency = Urgency.NONE
    seconds: float = 0.0


NO_HEAD_START = HeadStart()


def larger(one: HeadStart, other: HeadStart) -> HeadStart:
    """The one that counts: whoever is urgent for two reasons is served by the better one."""
    return max(one, other, key=lambda each: each.seconds)


@dataclass(frozen=True)
class PriorityRules:
    """Head starts, and the topics whose callers have one."""

    red_flag_seconds: float = 4 * 3600.0
    risk_group_seconds: float = 600.0
    topics: Mapping[str, Urgency] = field(default_factory=dict)

    def head_start(self, urgency: Urgency) -> HeadStart:
        """The one of whoever is so urgent."""
        seconds = {
            Urgency.NONE: 0.0,
            Urgency.RISK_GROUP: self.risk_group_seconds,
            Urgency.RED_FLAG: self.red_flag_seconds,
        }
        return HeadStart(urgency, seconds[urgency])

    def of_topic(self, topic: str) -> HeadStart:
        """The one of whoever has chosen a topic."""
        return self.head_start(self.topics.get(topic, Urgency.NONE))


class Place(NamedTuple):
    """Where a call belongs among all who wait, as these are compared: by its turn, then by when it
    came.  `head_start`: the seconds by which the turn is earlier than the effective arrival.
    """

    turn_at: float
    received_at: float
    call_id: str
    head_start: float = 0.0

    @property
    def effective_at(self) -> float:
        """The effective arrival."""
        return self.turn_at + self.head_start


def place(effective_at: float, head_start: HeadStart, received_at: float, call_id: str) -> Place:
    """The place of who arrived so and has this head start."""
    seconds = head_start.seconds
    return Place(effective_at - seconds, received_at, call_id, seconds)
