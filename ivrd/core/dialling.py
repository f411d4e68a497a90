"""Who is called back now: the pure decision, from who waits and which seats will be free.

From the first ring until the person has pressed the key there are some seconds, the *lead*.  So a
booking is dialled before its turn: as soon as a seat is expected to be free for it when the lead is
over.  Expected free seats are those that are free now, and of those that are busy the share whose
talk ends within the lead: 1 - exp(-lead / mean talk), as talks are taken to be exponential (their
rest is as long as a whole one).  Those who come first are taken off: callers who wait in the same
queue and whose turn is earlier (priority.py), and attempts that are on, each with the share of
attempts that have lately led to a person.

A hotline may have bookings give way to whoever is on the line, each for so long after its turn
(`Limits.give_way_seconds`): who has booked is patient, and who waits on the line is not.  A booking
with a red flag gives way to nobody.

Those who gave up and did not ask for a call (`BookingOrigin.LOST`) have no turn: they are dialled
while load is low, see recovery.py.

Times are seconds since the epoch, or seconds.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import exp

from ivrd.core.booking import Booking, BookingOrigin, BookingState
from ivrd.core.priority import Urgency

FORGET = 0.1  # of what was seen before, with each attempt
LIKELY = 0.5  # a seat that is expected to be free rather than not


@dataclass(frozen=True)
class SeatsNow:
    """Seats that serve a queue, and how long its callers talk on average.

    queues: those that these seats serve, whose callers are served before as well.
    """

    free: int
    busy: int
    talk_seconds: float
    queues: frozenset[str]

    def free_within(self, seconds: float) -> float:
        """How many are expected to be free at some time within so many seconds."""
        return self.free + self.busy * (1.0 - exp(-seconds / self.talk_seconds))


@dataclass(frozen=True)
class Lead:
    """What attempts were like lately: moving averages, each a prior before the first.

    seconds: from dialling to the key; success: the share of attempts that came to the key.
    """

    seconds: float = 20.0
    success: float = 0.7

    def confirmed(self, seconds: float) -> "Lead":
        """An attempt came to the key, so many seconds after it began."""
        return Lead(_mean(self.seconds, seconds), _mean(self.success, 1.0))

    def failed(self) -> "Lead":
        """An attempt ended before that."""
        return replace(self, success=_mean(self.success, 0.0))


def _mean(before: float, now: float) -> float:
    return before + FORGET * (now - before)


@dataclass(frozen=True)
class Limits:
    """per_minute: so many calls are begun at most; at_once: so many attempts are on at most.

    give_way_seconds: so much later a booking's turn comes than that of a caller on the line who
    arrived with it and is as urgent.
    """

    per_minute: int
    at_once: int
    give_way_seconds: float = 0.0

    def turn(self, booking: Booking) -> float:
        """The turn of callers on the line with whom a booking has its own."""
        red = booking.head_start.urgency is Urgency.RED_FLAG
        return booking.turn_at + (0.0 if red else self.give_way_seconds)


@dataclass(frozen=True)
class Moment:
    """What a decision rests on.

    ahead(queues, turn_at): how many callers wait there whose turn is earlier.
    here: persons who are in a call to the hotline, whom nobody calls meanwhile.
    begun: when the last calls were begun.
    """

    now: float
    seats: Mapping[str, SeatsNow]
    ahead: Callable[[Collection[str], float], int]
    here: Collection[str]
    begun: Collection[float]
    lead: Lead = field(default_factory=Lead)


def to_be_called(booking: Booking, now: float) -> bool:
    """Whether its person waits for a call, or for the key that follows: not yet in the queue.

    One who did not ask for a call waits for none, until it is made.
    """
    if booking.state is BookingState.WAITING:
        asked = booking.origin is BookingOrigin.ASKED
        return asked and booking.not_before <= now and booking.answered_at is None
    return booking.on and booking.state is not BookingState.IN_QUEUE


def due(bookings: Iterable[Booking], here: Collection[str], now: float) -> list[Booking]:
    """Those that may be dialled now, in the order of their turn."""
    found = [
        one
        for one in bookings
        if one.state is BookingState.WAITING
        and one.not_before <= now
        and one.answered_at is None
        and one.person not in here
        and one.asked_by not in here
    ]
    return sorted(found, key=lambda one: (one.turn_at, one.booked_at, one.id))


def room(bookings: Iterable[Booking], limits: Limits, moment: Moment) -> int:
    """How many more may be dialled now."""
    return min(
        limits.at_once - sum(one.on for one in bookings),
        limits.per_minute - sum(moment.now - at < 60.0 for at in moment.begun),
    )


def coming_to(bookings: Iterable[Booking]) -> list[str]:
    """The queues of attempts that are on.

    One who waits in the queue is among those who wait there.
    """
    return [one.queue for one in bookings if one.on and one.state is not BookingState.IN_QUEUE]


def to_dial(bookings: Collection[Booking], limits: Limits, moment: Moment) -> list[Booking]:
    """Whom to dial now of those who asked for it, in this order."""
    on = [one for one in bookings if one.on]
    most = room(on, limits, moment)
    coming = coming_to(on)
    busy_with = {person for one in on for person in (one.person, one.asked_by)}
    chosen: list[Booking] = []
    asked = [one for one in bookings if one.origin is BookingOrigin.ASKED]
    # By queue: from this turn on there is no seat, as later ones have as many before them and more.
    no_seat_from: dict[str, float] = {}
    for one in due(asked, moment.here, moment.now):
        if len(chosen) >= most:
            break
        seats, turn = moment.seats.get(one.queue), limits.turn(one)
        if seats is None or one.person in busy_with:
            continue
        if one.queue in no_seat_from and turn >= no_seat_from[one.queue]:
            continue
        taken = moment.lead.success * sum(queue in seats.queues for queue in coming)
        free = seats.free_within(moment.lead.seconds) - taken
        if free - moment.ahead(seats.queues, turn) >= LIKELY:
            chosen.append(one)
            coming.append(one.queue)
            busy_with |= {one.person, one.asked_by}
        else:
            no_seat_from[one.queue] = turn
    return chosen
