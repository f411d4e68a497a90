"""Changes of queues' members that no pool asks for: of what was configured before, or is forgotten.

What the pools ask for is `core.seats.difference`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping

from ivrd.asterisk.members import Members
from ivrd.core.seats import IN_TURN, MemberChange, PauseMember, Pool, RemoveMember, SetPenalty


def by_seat(pools: Iterable[Pool]) -> dict[str, Pool]:
    """The pool of each seat."""
    return {seat: pool for pool in pools for seat in pool.seats}


def former(
    members: Members, pool_of: Mapping[str, Pool], former_seats: Collection[str]
) -> Iterator[MemberChange]:
    """Places that no pool fills any more, as one has done: a reload has changed it."""
    for seat, queues in members.seats():
        pool = pool_of.get(seat)
        left = () if pool is None and seat not in former_seats else queues
        for queue in left:
            if pool is None or queue not in pool.queues_of(seat):
                yield RemoveMember(queue, seat)


def unexpected(
    pools: Iterable[Pool], lent: Iterable[tuple[str, Collection[str]]]
) -> Iterator[MemberChange]:
    """Partners' seats in queues where no partner has them: of one removed, or trained anew."""
    known = by_seat(pools)
    for seat, queues in lent:
        pool = known.get(seat)
        for queue in queues:
            if pool is None or queue not in pool.queues:
                yield RemoveMember(queue, seat)


def repeated(members: Members, ours: Collection[str]) -> Iterator[MemberChange]:
    """Why our own seats are paused, and which are rung last, said again."""
    for member in members:
        if member.seat not in ours:
            continue
        if member.closed_by_us or member.rests or member.by_agent:
            yield PauseMember(member.queue, member.seat, member.reason)
        if member.penalty != IN_TURN:
            yield SetPenalty(member.queue, member.seat, member.penalty)
