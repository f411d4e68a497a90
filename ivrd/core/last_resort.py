"""The seat that is rung although it should rest: where nobody else is there, to ring it is better.

Seats rest for the callers' sake, who are to be with others meanwhile (seat_health.py).  In a queue
where all who are there rest, nobody would be rung at all, for minutes; and where most of them do,
as after a fault that has struck them all, a few would have all the callers.  There the least bad
one is rung while nobody else is free: the one whose last failure is longest ago.  When it fails
again the next one is, so that all of them are rung in turn.

A seat that has missed one call, and no more, may be that of a person who is back by now.  To ring
it binds a caller for a whole ring, in which no other seat can have him.  So it is rung while it
rests where the others, who are all in talks, will hardly be free before such a ring is over: of `n`
talks of `t` seconds on average the first one to end does so in about `t / n`.  At night, of two
agents, the one who was away for a moment is rung again soon; beside many, one of whom is free every
few seconds, it is not.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from math import inf

from ivrd.core.seat_health import SHORT_SECONDS, SeatHealth
from ivrd.core.seats import Member, SeatStatus

# A phone that refuses at once would otherwise be rung again and again without a moment between.
AGAIN_SECONDS = 5.0
RING_SECONDS = 15.0  # that a ring in vain takes: the default of `ring_seconds`


def seats_of_last_resort(
    members: Iterable[Member],
    states: Mapping[str, SeatStatus],
    health: SeatHealth,
    now: float,
    talk_seconds: Mapping[str, float],
) -> set[str]:
    """Seats of our own, one at most for each queue, that are rung although they rest.

    `states`: what the seats' phones, or partners' trunks, are doing.  `talk_seconds`: how long a
    talk lasts on average, by queue; one that is not named is taken for long.  Nobody is named whose
    agent has paused the seat, whose pool is closed, or whose phone is away.
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
    for queue, seats in there.items():
        rest = [seat for seat in seats if seat in resting]
        working = [states.get(seat) for seat in seats if seat not in resting]
        if not rest or SeatStatus.FREE in working:
            continue
        wait = AGAIN_SECONDS
        if len(rest) <= len(working):
            if talk_seconds.get(queue, inf) / len(working) <= RING_SECONDS:
                continue
            rest, wait = [seat for seat in rest if health.missed_once(seat)], SHORT_SECONDS
        longest = min(rest, key=lambda seat: (health.failed_at(seat), seat), default="")
        if longest and now - health.failed_at(longest) >= wait:
            found.add(longest)
    return found
