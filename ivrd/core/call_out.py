"""When a partner's people are called out, for how many, and when it is told that it is over.

Theory of operation
-------------------
`seats_forecast` shares the seats that are wanted (overflow.py) as if every partner had all the
people whom it may send; a partner that has answered with fewer than it was asked for has those, and
the others are asked for the rest.  `next_step` follows one partner: it is asked when seats were
wanted of it for `sure_seconds` on end, for some to spare; for more when more are wanted than it was
asked for or has pledged; for longer before its time is over; and told that it is over when none was
wanted for `over_seconds`, or its time is over and none is.

A fall is not told before it is over: people who were asked for three hours are not sent home and
called back.

Times are seconds since the epoch by the clock on the wall, as people are asked by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil

from ivrd.core.overflow import Decision, Snapshot
from ivrd.core.partner import allocate_seats


class Step(StrEnum):
    """What a partner is told."""

    BEGIN = "begin"
    MORE = "more"
    LONGER = "longer"
    OVER = "over"


@dataclass(frozen=True)
class CallOutPolicy:
    """When partners are told, and for how long they are asked.  `spare_ratio`: of the people."""

    sure_seconds: float = 300.0
    for_seconds: float = 7200.0
    over_seconds: float = 1200.0
    spare_ratio: float = 0.2


@dataclass(frozen=True)
class CallOut:
    """What a partner was told last.

    id: the same from the beginning until it is over.  number: 1 for the first step, and so on.
    """

    id: str
    number: int
    step: Step
    people: int
    told_at: float
    from_at: float
    until_at: float

    @property
    def active(self) -> bool:
        """Whether it is not over."""
        return self.step is not Step.OVER


@dataclass(frozen=True)
class Pledge:
    """How many people a partner has said it has on a day (ISO 8601); `asked`: of it at that time.

    given_at: when it said so.  by: who has told us.
    """

    day: str
    people: int
    asked: int
    given_at: float
    by: str

    @property
    def short(self) -> bool:
        """Whether it has fewer than it was asked for, and so no more on this day."""
        return self.people < self.asked


@dataclass(frozen=True)
class Watch:
    """Since when more seats are wanted of a partner than it was asked for, and since when none."""

    more_since: float | None = None
    none_since: float | None = None


def seats_forecast(
    snapshot: Snapshot, decision: Decision, pledges: Mapping[str, Pledge]
) -> dict[str, int]:
    """The seats that are wanted of each partner, by id, whoever sits there now.

    A partner that may have no calls (closed, paused, outside its hours) is not counted on.
    """
    partners = []
    for one in snapshot.partners:
        pledge = pledges.get(one.id)
        people = pledge.people if pledge and pledge.short else None
        allowed = one.allowed if one.allowed is not None and one.allowed <= 0 else None
        partners.append(replace(one, allowed=allowed, pledge=people))
    wanted = {group: of.seats for group, of in decision.hysteresis.items()}
    return allocate_seats(partners, wanted, snapshot.policy.ceiling)


def next_step(
    before: CallOut | None,
    watch: Watch,
    wanted: int,
    pledge: Pledge | None,
    cap: int,
    lead_seconds: float,
    policy: CallOutPolicy,
    now: float,
) -> tuple[CallOut | None, Watch]:
    """What is to be told now, if anything, and what is to be remembered.

    wanted: seats, of the `cap` that it has.  pledge: today's.  lead_seconds: that its people need
    to be there.
    """
    active = before if before and before.active else None
    known = 0
    if active:
        known = max(active.people, pledge.people if pledge else 0)
    watch = Watch(
        (now if watch.more_since is None else watch.more_since) if wanted > known else None,
        (now if watch.none_since is None else watch.none_since) if active and not wanted else None,
    )
    step = _step(active, watch, wanted, lead_seconds, policy, now)
    if step is None:
        return None, watch
    if step is Step.OVER and active:
        number = active.number + 1
        return replace(active, step=step, number=number, told_at=now), Watch()
    from_at = now + lead_seconds
    return CallOut(
        id=active.id if active else f"{int(now)}",
        number=active.number + 1 if active else 1,
        step=step,
        people=min(cap, ceil(round(wanted * (1.0 + policy.spare_ratio), 6))),
        told_at=now,
        from_at=now if step is Step.LONGER else from_at,
        until_at=from_at + policy.for_seconds,
    ), Watch()


def _step(
    active: CallOut | None,
    watch: Watch,
    wanted: int,
    lead_seconds: float,
    policy: CallOutPolicy,
    now: float,
) -> Step | None:
    if watch.more_since is not None and now - watch.more_since >= policy.sure_seconds:
        return Step.MORE if active else Step.BEGIN
    if active is None:
        return None
    if wanted and now >= active.until_at - lead_seconds:
        return Step.LONGER
    quiet = watch.none_since is not None and now - watch.none_since >= policy.over_seconds
    if not wanted and (quiet or now >= active.until_at):
        return Step.OVER
    return None
