"""All bookings, found by id, by person, by queue and by call, and counted by state.

Of three months there may be half a million that have ended beside some hundred that are open.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from ivrd.core.booking import Booking, BookingOrigin, BookingState

Bookings = dict[str, Booking]  # by id


class BookingIndex:
    """Bookings as they are now.  `counts`: how many there are, by state and origin."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[BookingState, BookingOrigin]] = Counter()
        self._all: Bookings = {}
        self._open: Bookings = {}
        self._by_person: dict[str, set[str]] = defaultdict(set)  # the ids of all
        self._by_queue: dict[str, Bookings] = defaultdict(dict)  # the open ones
        self._by_call: dict[str, str] = {}  # ids of the open ones

    def __contains__(self, booking_id: str) -> bool:
        return booking_id in self._all

    def get(self, booking_id: str) -> Booking | None:
        """One by its id."""
        return self._all.get(booking_id)

    def all(self) -> list[Booking]:
        """The open ones and those that have ended."""
        return list(self._all.values())

    def open(self, queue: str | None = None) -> list[Booking]:
        """Those whose person is still to be reached; of one queue only, if it is given."""
        found = self._open if queue is None else self._by_queue.get(queue, {})
        return list(found.values())

    def of_person(self, person: str) -> Iterator[Booking]:
        """All in which this person is dialled, or has asked."""
        return (self._all[booking_id] for booking_id in self._by_person.get(person, ()))

    def of_call(self, call_id: str) -> Booking | None:
        """The open one whose attempt this call is."""
        return self._open.get(self._by_call.get(call_id, ""))

    def put(self, booking: Booking) -> None:
        """From now on it is so."""
        self.remove(booking.id)
        self._all[booking.id] = booking
        self.counts[booking.state, booking.origin] += 1
        for person in _persons(booking):
            self._by_person[person].add(booking.id)
        if booking.open:
            self._open[booking.id] = self._by_queue[booking.queue][booking.id] = booking
            if booking.call_id:
                self._by_call[booking.call_id] = booking.id

    def remove(self, booking_id: str) -> None:
        """It is not there any more, if it was."""
        booking = self._all.pop(booking_id, None)
        if booking is None:
            return
        self.counts[booking.state, booking.origin] -= 1
        for person in _persons(booking):
            self._by_person[person].discard(booking_id)
            if not self._by_person[person]:
                del self._by_person[person]
        self._open.pop(booking_id, None)
        self._by_queue[booking.queue].pop(booking_id, None)
        self._by_call.pop(booking.call_id, None)


def _persons(booking: Booking) -> Iterable[str]:
    return {booking.person, booking.asked_by} - {""}
