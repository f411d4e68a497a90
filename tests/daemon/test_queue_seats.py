"""Whether somebody is there for a queue, by the snapshot of the last second."""

from collections.abc import Collection

import pytest

from ivrd.core.overflow import AgentGroup, Snapshot
from ivrd.core.partner import Override, Partner, PartnerSnapshot, PartnerState
from ivrd.daemon.queue_seats import QueueSeats

QUEUES = frozenset({"other.my"})
BANK = Partner(
    *("bank", "ธนาคาร", "Bank", "192.0.2.1"),
    pledged=2,
    cap=2,
    state=PartnerState.ACTIVE,
    languages=("my",),
)


def staffed(
    *,
    agents: Collection[AgentGroup] = (),
    partners: Collection[PartnerSnapshot] = (),
    wraps_up: bool = False,
) -> bool:
    snapshot = Snapshot(0.0, (), tuple(agents), tuple(partners))
    return QueueSeats(lambda: snapshot, lambda _queue: wraps_up).staffed("other.my")


def test_until_something_is_known_somebody_is_taken_to_be_there() -> None:
    assert QueueSeats(lambda: None, lambda _queue: False).staffed("other.my")


def test_nobody() -> None:
    away = AgentGroup(QUEUES, present=0, busy=0)
    others = AgentGroup(frozenset({"other.th"}), present=5, busy=0)
    assert not staffed(agents=[away, others])


def test_somebody_at_a_seat_talking_or_not_or_in_wrap_up() -> None:
    assert staffed(agents=[AgentGroup(QUEUES, present=1, busy=0)])
    assert staffed(agents=[AgentGroup(QUEUES, present=1, busy=1)])
    assert staffed(wraps_up=True)


@pytest.mark.parametrize(
    ("more", "there"),
    [
        ({}, True),  # none of its seats is open: the overflow opens some when callers come
        ({"in_hours": False}, False),
        ({"in_hours": False, "open": 1}, True),  # until its talk is over
        ({"override": Override.CLOSED}, False),
        ({"allowed": 0}, False),
        ({"pledge": 0}, False),
        ({"left_out": "flood"}, False),
    ],
)
def test_a_partner_is_there_as_long_as_it_may_have_a_seat(
    more: dict[str, object], there: bool
) -> None:
    of = PartnerSnapshot(BANK, QUEUES, **more)  # type: ignore[arg-type]
    assert staffed(partners=[of]) is there
