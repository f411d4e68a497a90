"""Seats: where agents sit, in pools that open and close together.

`difference` compares the seats that should be open with the queue members that Asterisk reports
and returns what to change.  It may be repeated: with nothing to change it returns nothing.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

CLOSED_BY_US = "ivrd: closed"  # the pause reason that tells our pauses from an agent's own


class SeatStatus(StrEnum):
    """What a seat's phone, or a partner's trunk, is doing; as status and metrics publish it."""

    FREE = "free"
    RINGING = "ringing"
    BUSY = "busy"
    AWAY = "away"  # not registered, unreachable, or unknown to Asterisk


@dataclass(frozen=True)
class Pool:
    """Seats that open and close together, and the queues they serve.

    `fixed` pools stand in Asterisk's own configuration: they are there without ivrd.
    """

    name: str
    seats: tuple[str, ...]
    queues: tuple[str, ...]
    fixed: bool


@dataclass(frozen=True)
class Member:
    """A seat in one queue, as Asterisk reports it."""

    queue: str
    seat: str
    paused: bool = False
    reason: str = ""
    in_call: bool = False
    ringing: bool = False
    reachable: bool = True

    @property
    def closed_by_us(self) -> bool:
        """Paused because its pool is closed, not by its agent."""
        return self.paused and self.reason == CLOSED_BY_US


@dataclass(frozen=True)
class AddMember:
    """Put a seat into a queue."""

    queue: str
    seat: str


@dataclass(frozen=True)
class RemoveMember:
    """Take a seat out of a queue; a talk that is on goes on."""

    queue: str
    seat: str


@dataclass(frozen=True)
class PauseMember:
    """Stop (paused) or resume offering calls to a seat that stays in the queue."""

    queue: str
    seat: str
    paused: bool


MemberChange = AddMember | RemoveMember | PauseMember


def difference(
    pools: Collection[Pool], open_pools: Collection[str], members: Collection[Member]
) -> list[MemberChange]:
    """What to change so that exactly the seats of `open_pools` take calls.

    Members that belong to no pool are left alone.
    """
    seen = {(member.queue, member.seat): member for member in members}
    changes: list[MemberChange] = []
    for pool in pools:
        wanted = pool.name in open_pools
        for queue, seat in memberships(pool):
            changes.extend(_change(pool, wanted, queue, seat, seen.get((queue, seat))))
    return changes


def memberships(pool: Pool) -> Iterator[tuple[str, str]]:
    """Each (queue, seat) that the pool fills when it is open."""
    return ((queue, seat) for seat in pool.seats for queue in pool.queues)


def _change(
    pool: Pool, wanted: bool, queue: str, seat: str, member: Member | None
) -> Iterator[MemberChange]:
    if wanted and member is None:
        yield AddMember(queue, seat)
    elif wanted and member and member.closed_by_us:
        yield PauseMember(queue, seat, paused=False)
    elif not wanted and member and not pool.fixed:
        yield RemoveMember(queue, seat)
    elif not wanted and member and not member.paused:
        yield PauseMember(queue, seat, paused=True)


def open_now(pools: Collection[Pool], members: Collection[Member]) -> set[str]:
    """The pools that are open by what Asterisk reports.

    Closed seats are away or paused by us.  An agent's own pause means nothing for the pool,
    unless there is nothing else to go by: then it counts as open.
    """
    seen = {(member.queue, member.seat): member for member in members}
    here = {pool.name: [seen[m] for m in memberships(pool) if m in seen] for pool in pools}
    return {name for name, found in here.items() if _is_open(found)}


def _is_open(members: list[Member]) -> bool:
    takes_calls = any(not member.paused for member in members)
    return takes_calls or (bool(members) and not any(m.closed_by_us for m in members))
