"""Who gave up and has not been answered since: whom the hotline still owes an answer.

Theory of operation
-------------------
They did not ask to be called, so they take nothing from anybody who waits.  One of them is dialled
only while load is low for the queue where they waited: nobody waits there or in another queue that
the same seats serve, nobody who asked for a call is due there, and so many of its seats are free
that a set share still is when all attempts that are on have come to a person.  Each of these ends
it at once.  Of those whose queue has that, the one whose turn is earliest is first (priority.py).

Each is called once for all that they waited: a booking of theirs that has ended, whatever came of
it, settles the waits in calls before.  Who calls again and gives up again is one of the lost again.

What may live here: who is one of the lost, who comes first, when they may be called.  Not: how.
Times are seconds since the epoch.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil, inf

from ivrd.core.booking import Booking, BookingOrigin, BookingState
from ivrd.core.dialling import Limits, Moment, SeatsNow, coming_to, due, room
from ivrd.core.people import FairnessRules, Person, credit, is_shared

RECOVER_AFTER_SECONDS = 60.0  # unless the configuration says otherwise


@dataclass(frozen=True)
class Lost:
    """A person who gave up.

    `effective_at`: the effective arrival that a call would have had which had gone on waiting.
    `dialled_at`: when the last call came that waited; `last_at`: when the person gave up last.
    """

    person: Person
    effective_at: float
    waited_seconds: float
    dialled_at: float
    last_at: float


def lost(person: Person, after_seconds: float, rules: FairnessRules) -> Lost | None:
    """The person as one of the lost; None for who is not.

    That is who has waited for `after_seconds`, in one call or in several that followed one another
    as redials do, gave up, and has not been answered since.
    """
    if not person.waits or is_shared(person, person.seen_at, rules):
        return None
    last_at = max(wait.ended_at for wait in person.waits)
    waited = credit(person, last_at, last_at, rules)
    if waited < after_seconds:
        return None
    dialled_at = max(wait.dialled_at for wait in person.waits)
    return Lost(person, last_at - waited, waited, dialled_at, last_at)


def all_lost(
    people: Iterable[Person],
    after_seconds: float,
    rules: FairnessRules,
    settled: Callable[[str], float],
) -> list[Lost]:
    """All of the lost whom the hotline may call back, the oldest effective arrival first.

    `settled(person)`: see `settled_until`.
    """
    found = (lost(person, after_seconds, rules) for person in people if not person.no_callback)
    owed = (each for each in found if each is not None and is_owed(each, settled))
    return sorted(owed, key=lambda each: (each.effective_at, each.person.id))


def settled_until(bookings: Iterable[Booking]) -> float:
    """Until when bookings of one person have settled what was waited; for ever while one is open.

    One that waits, of a person who did not ask for it, has settled nothing yet.
    """
    ends = (
        inf if one.ended_at is None else one.ended_at
        for one in bookings
        if one.origin is not BookingOrigin.LOST or one.state is not BookingState.WAITING
    )
    return max(ends, default=-inf)


def is_owed(each: Lost, settled: Callable[[str], float]) -> bool:
    """Whether no booking has settled the matter: all ended before the last call that waited came.

    (A call that the hotline made and that the person left in the queue came before its own end.)
    """
    known = (each.person.id, each.person.formerly)
    return max(map(settled, known)) < each.dialled_at


def calm_queues(bookings: Collection[Booking], moment: Moment, free_share: float) -> frozenset[str]:
    """The queues to which one more of the lost may be called.  `bookings`: all open ones."""
    asked = [one for one in bookings if one.origin is BookingOrigin.ASKED]
    wanted = {one.queue for one in due(asked, moment.here, moment.now)}
    coming = coming_to(bookings)
    return frozenset(
        queue
        for queue, seats in moment.seats.items()
        if not wanted & seats.queues
        and not moment.ahead(seats.queues, inf)
        and _spare(seats, coming, free_share)
    )


def _spare(seats: SeatsNow, coming: Iterable[str], free_share: float) -> bool:
    """Whether a seat is free for one more, over those that are to stay free."""
    taken = sum(queue in seats.queues for queue in coming)
    stay = ceil(free_share * (seats.free + seats.busy))
    return seats.free - taken >= max(1, stay)


def to_recover(
    lost_ones: Mapping[str, Iterator[Booking]],
    bookings: Collection[Booking],
    limits: Limits,
    moment: Moment,
    free_share: float,
) -> list[Booking]:
    """Whom to dial now of the lost.

    `lost_ones`: by queue, in the order of their turns; no more is taken from it than
    is needed, and nothing of a queue that is not calm.
    """
    calm, most = calm_queues(bookings, moment, free_share), room(bookings, limits, moment)
    coming, chosen = coming_to(bookings), list[Booking]()
    first: dict[str, Booking | None] = {}
    while calm and len(chosen) < most:
        for queue in calm - first.keys():
            first[queue] = next(lost_ones.get(queue, iter(())), None)
        found = [one for queue in calm if (one := first[queue]) is not None]
        if not found:
            break
        one = min(found, key=lambda one: (one.turn_at, one.id))
        del first[one.queue]
        if due([one], moment.here, moment.now):
            chosen.append(one)
            coming.append(one.queue)
            calm = frozenset(q for q in calm if _spare(moment.seats[q], coming, free_share))
    return chosen
