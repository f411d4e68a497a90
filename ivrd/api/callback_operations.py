"""What an operator can ask of bookings: which there are, one in full, cancel one, try one again."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ivrd.api import server
from ivrd.api.peercred import asked_by
from ivrd.callbacks.repository import BookingRepository
from ivrd.core.booking import Booking
from ivrd.core.skills import queue_in_words
from ivrd.store.audit_log import AuditLog


class BookingControl(Protocol):
    """What an operator may do; see callbacks/dialler.py."""

    def cancel(self, booking: Booking) -> bool:
        """Whether it is cancelled."""

    def retry(self, booking: Booking) -> bool:
        """Whether it is dialled as soon as its turn comes."""


class CallbackOperations:
    """`clock`: the timeline; `shift()`: what the time of day is ahead of it."""

    def __init__(
        self,
        repository: BookingRepository,
        control: BookingControl,
        audit_log: AuditLog,
        clock: Callable[[], float],
        shift: Callable[[], float],
    ) -> None:
        self._repository = repository
        self._control = control
        self._audit_log = audit_log
        self._clock = clock
        self._shift = shift

    def queries(self) -> Mapping[str, server.Control]:
        """What GET answers."""
        return {"callbacks": self._list}

    def commands(self) -> Mapping[str, server.Control]:
        """What POST does."""
        return {"callback-cancel": self._cancel, "callback-retry": self._retry}

    async def _list(self, query: Mapping[str, str]) -> server.Answer:
        """Bookings: ?id=ID for one, ?all=yes for those that have ended as well."""
        self._check_read()
        if "id" in query:
            return {"callbacks": [self._row(self._known(query))]}
        found = self._repository.all() if query.get("all") == "yes" else self._repository.open()
        found.sort(key=lambda one: (one.turn_at, one.booked_at))
        return {"callbacks": [self._row(one) for one in found]}

    async def _cancel(self, query: Mapping[str, str]) -> server.Answer:
        booking = self._known(query)
        if not self._control.cancel(booking):
            raise server.NotNow(f"{booking.id} is {booking.state} and cannot be cancelled")
        return await self._done(query, "callback cancelled", booking)

    async def _retry(self, query: Mapping[str, str]) -> server.Answer:
        booking = self._known(query)
        if not booking.number:
            raise server.NotNow(f"{booking.id} is {booking.state}: its number is not kept any more")
        if not self._control.retry(booking):
            raise server.NotNow(f"{booking.id} is {booking.state} and cannot be tried again now")
        return await self._done(query, "callback tried again", booking)

    async def _done(self, query: Mapping[str, str], what: str, booking: Booking) -> server.Answer:
        self._audit_log.audit(asked_by(query), what, "", booking.id)
        written = await self._repository.written()
        note = "" if written else "the store is down: it is written when it is back"
        return {"callbacks": [self._row(self._known(query))], "note": note}

    def _check_read(self) -> None:
        if not self._repository.complete:
            raise server.NotNow("what is stored of bookings could not be read yet")

    def _known(self, query: Mapping[str, str]) -> Booking:
        self._check_read()
        asked = query.get("id", "")
        found = [one for one in self._repository.all() if asked and one.id.startswith(asked)]
        if len(found) != 1:
            what = "several bookings begin with" if found else "there is no booking"
            raise server.RequestRejected(f"{what} {asked!r}; `ivrd callback list` has them")
        return found[0]

    def _row(self, one: Booking) -> dict[str, Any]:
        return booking_row(one, self._clock(), self._shift())


def booking_row(one: Booking, now: float, shift: float) -> dict[str, Any]:
    """A booking as JSON: never its number.  Moments are seconds since the epoch.

    `now`: on the timeline; `shift`: what the time of day is ahead of it.
    """
    return {
        "id": one.id,
        "person": one.person,
        "state": one.state,
        "origin": one.origin,
        "queue": queue_in_words(one.queue),
        "topic": one.topic,
        "language": one.language,
        "urgency": one.head_start.urgency,
        "waited_seconds": max(0.0, (one.ended_at or now) - one.effective_at),
        "booked_at": one.booked_at + shift,
        "due_in_seconds": max(0.0, one.not_before - now) if one.open else None,
        "attempts": [
            {
                "began_at": attempt.began_at + shift,
                "seconds": attempt.ended_at - attempt.began_at,
                "result": attempt.result,
            }
            for attempt in one.attempts
        ],
    }
