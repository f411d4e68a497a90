"""The seat that is rung although it should rest: where nobody else is there, to ring it is better.

Seats rest for the callers' sake, who are to be with others meanwhile (seat_health.py).  In a queue
where all who are there rest, nobody would be rung at all, for minutes; and where most of them do,
as after a fault that has struck them all, a few would have all the callers.  There the least bad
one is rung while nobody else is free: the one whose last failure is longest ago.  When it fails
again the next one is, so that all of them are rung in turn.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from ivrd.core.seat_health import SeatHealth
from ivrd.core.seats import Member, SeatStatus

# A phone that refuses at once would otherwise be rung again and again without a moment between.
AGAIN_SECONDS = 5.0


def seats_of_last_resort(
    members: Iterable[Member], states: Mapping[str, SeatStatus], health: SeatHealth, now: float
) -> set[str]:
    """One seat of our own for each queue in which more seats rest than work, and none is free.

    `states`: what the seats' phones, or partners' trunks, are doing.  Nobody is named whose agent
    has paused the seat, whose pool is closed, or whose phone is away.
    """
    resting = {seat for seat in health.failing() if health.turn(seat, now).pause}
    if not resting:
        return set()
    there: dict[str, list[str]] = defaultdict(list)
    for member in members:
        away = states.get(member.seat) is SeatStatus.AWAY
        if not away and (member.rests or not member.paused):
            there[member.queue].append(member.seat)
    found = set()
    for seats in there.values():
        rest = [seat for seat in seats if seat in resting]
        working = [states.get(seat) for seat in seats if seat not in resting]
        if len(rest) <= len(working) or SeatStatus.FREE in working:
            continue
        longest = min(rest, key=lambda seat: (health.failed_at(seat), seat))
        if now - health.failed_at(longest) >= AGAIN_SECONDS:
            found.add(longest)
    return found
