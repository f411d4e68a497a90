"""The state of this moment, as `ivrd status`, `ivrd top` and other programs read it."""

from collections import Counter
from collections.abc import Iterable
from typing import Protocol, cast

from ivrd.asterisk.queue_members import QueueMembers
from ivrd.config.settings import QueueSettings
from ivrd.core.call import Call, CallState, Outcome, Stage
from ivrd.core.ledger import Ledger
from ivrd.core.status_schema import CallCounts, OutcomeCounts, RoleStatus
from ivrd.core.status_schema import PoolStatus as PoolRow
from ivrd.core.status_schema import QueueStatus as QueueRow


class Leader(Protocol):
    """Which of two ivrd is the leader; see ha/election.py."""

    name: str

    @property
    def role(self) -> str:
        """`alone`, `leader` or `standby`."""

    @property
    def leader(self) -> str:
        """The leader's name; empty when none is known."""


def role_of(election: Leader) -> RoleStatus:
    """This ivrd's role, and who the leader is."""
    return RoleStatus(role=str(election.role), name=election.name, leader=election.leader)


def calls_of(ledger: Ledger, unattended: int) -> CallCounts:
    """Calls by where they are now, and how many there have been."""
    places = Counter(call.state for call in ledger.calls.values())
    return CallCounts(
        received=ledger.received,
        adopted=ledger.adopted,
        menu=places[CallState.MENU],
        info=places[CallState.INFO],
        closed=places[CallState.CLOSED],
        queue=places[CallState.QUEUE],
        talk=places[CallState.TALK],
        ended=sum(ledger.outcomes.values()),
        unattended=unattended,
    )


def outcomes_of(ledger: Ledger) -> OutcomeCounts:
    """Ended calls by outcome, since this process began."""
    totals: Counter[Outcome] = Counter()
    for row, count in ledger.outcomes.items():
        totals[row.outcome] += count
    return cast(OutcomeCounts, {outcome.value: totals[outcome] for outcome in Outcome})


def queues_of(
    queues: Iterable[QueueSettings], closed: frozenset[str], calls: Iterable[Call], now: float
) -> list[QueueRow]:
    """Each queue: who waits, since when, who talks."""
    here = list(calls)
    rows = []
    for queue in queues:
        mine = [call for call in here if call.queue == queue.name]
        waits = [call.wait_seconds(now) or 0.0 for call in mine if call.stage is Stage.QUEUE]
        rows.append(
            QueueRow(
                name=queue.name,
                open=queue.name not in closed,
                waiting=len(waits),
                oldest_seconds=max(waits, default=0.0),
                talking=sum(call.stage is Stage.TALK for call in mine),
            )
        )
    return rows


def pools_of(queue_members: QueueMembers) -> list[PoolRow]:
    """Each pool: whether it is open, and what its seats are doing."""
    rows = []
    for pool in queue_members.pools:
        states = Counter(queue_members.here(pool).values())
        rows.append(
            PoolRow(
                name=pool.name,
                open=pool.name in (queue_members.open or ()),
                seats=len(pool.seats),
                free=states["free"],
                ringing=states["ringing"],
                busy=states["busy"],
                away=states["away"],
            )
        )
    return rows
