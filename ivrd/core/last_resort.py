"""The seat that is rung although it should rest: where nobody else is there, to ring it is better.

Seats rest for the callers' sake, who are to be with others meanwhile (seat_health.py).  In a queue
where all who are there rest, nobody would be rung at all, for minutes: there the least bad one is
rung, the one whose last failure is longest ago.  When it fails again the next one is, so that all
of them are rung in turn.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable

from ivrd.core.seat_health import SeatHealth
from ivrd.core.seats import Member

# A phone that refuses at once would otherwise be rung again and again without a moment between.
AGAIN_SECONDS = 5.0


def seats_of_last_resort(
    members: Iterable[Member], away: Collection[str], health: SeatHealth, now: float
) -> set[str]:
    """One seat of our own for each queue in which all who are there rest.

    `away`: seats whose phone or trunk is not there.  Nobody is named whose agent has paused the
    seat, or whose pool is closed.
    """
    there: dict[str, list[str]] = defaultdict(list)
    for member in members:
        if member.seat in away or (member.paused and not member.rests):
            continue
        there[member.queue].append(member.seat)
    found = set()
    for seats in there.values():
        if all(health.turn(seat, now).pause for seat in seats):
            longest = min(seats, key=lambda seat: (health.failed_at(seat), seat))
            if now - health.failed_at(longest) >= AGAIN_SECONDS:
                found.add(longest)
    return found
