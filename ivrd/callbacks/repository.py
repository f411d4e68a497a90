"""What is stored of bookings, and the bookings themselves: kind `bookings`, by id.

A booking is stored with every step.  Two are awaited until they are on disk: the first, before the
person is told, and the beginning of an attempt, before anything is dialled.  Whoever starts again,
or takes over, so knows of both.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from pydantic import TypeAdapter, ValidationError

from ivrd import log
from ivrd.callbacks.index import BookingIndex
from ivrd.core.booking import Attempt, Booking, BookingOrigin, BookingState, booking_of
from ivrd.core.priority import NO_HEAD_START, HeadStart
from ivrd.core.recovery import settled_until
from ivrd.store import StoreDown, WriteBehind

BOOKINGS = "bookings"
STORED_BOOKING = TypeAdapter(Booking)
DURABLE_SECONDS = 2.0  # how long a step is awaited that has to be on disk
DAY_SECONDS = 86_400.0

logger = logging.getLogger("ivrd")


class BookingRepository:
    """All bookings, as they are now.

    `clock` is the timeline on which bookings have their times; `shift()` what the time of day is
    ahead of it, which is what is written down.  Ended bookings are kept for `days`.
    `current(person)`: today's id of a person, for one from before the key of hashes was replaced.
    """

    def __init__(
        self,
        write_behind: WriteBehind,
        clock: Callable[[], float],
        shift: Callable[[], float],
        days: int,
        current: Callable[[str], str],
    ) -> None:
        self.complete = False  # what was stored before is read
        self.days = days
        self._write_behind = write_behind
        self._clock = clock
        self._shift = shift
        self._bookings = BookingIndex()
        self._current = current
        self._forget_at = 0.0

    def all(self) -> list[Booking]:
        """Every booking, the open ones and those that have ended."""
        return self._bookings.all()

    def open(self, queue: str | None = None) -> list[Booking]:
        """Those whose person is still to be reached; of one queue only, if it is given."""
        return self._bookings.open(queue)

    @property
    def counts(self) -> Mapping[tuple[BookingState, BookingOrigin], int]:
        """How many there are, by state and origin."""
        return self._bookings.counts

    def get(self, booking_id: str) -> Booking | None:
        """One by its id."""
        return self._bookings.get(booking_id)

    def of_person(self, *persons: str) -> Booking | None:
        """The open booking of any of these; there is one at most."""
        found = (one for person in persons for one in self._bookings.of_person(person))
        return next((one for one in found if one.open), None)

    def of_call(self, call_id: str) -> Booking | None:
        """The open booking whose attempt this call is."""
        return self._bookings.of_call(call_id)

    def settled_until(self, person: str) -> float:
        """Until when bookings have settled what a person had waited; see core/recovery.py."""
        return settled_until(self._bookings.of_person(person))

    def waits_since(self, person: str) -> float | None:
        """The effective arrival of one who has asked to be called back; None for others."""
        booking = self.of_person(person)
        asked = booking is not None and booking.origin is BookingOrigin.ASKED
        return booking.effective_at if booking is not None and asked else None

    def booked_head_start(self, person: str) -> HeadStart:
        """The head start of one who has asked to be called back."""
        booking = self.of_person(person)
        asked = booking is not None and booking.origin is BookingOrigin.ASKED
        return booking.head_start if booking is not None and asked else NO_HEAD_START

    def person_of(self, token: str) -> str | None:
        """Whom the attempt of this token was for; empty when there is no such booking.

        None: it may be one of those that are stored and not read yet.
        """
        booking = self._bookings.get(booking_of(token))
        if booking is not None:
            return booking.person
        return "" if self.complete else None

    def knows(self, person: str) -> bool:
        """Whether there is a booking of this person, be it one that has ended."""
        return next(self._bookings.of_person(person), None) is not None

    def rename(self, before: str, person: str) -> None:
        """A person has another id from now on: the key of hashes was replaced.

        What is stored and not read yet has it when it is read (`current`).
        """
        names = {before: person}
        for one in list(self._bookings.of_person(before)):
            self.put(_renamed(one, lambda each: names.get(each, each)))

    def of_people(self, persons: Collection[str]) -> list[Booking]:
        """All in which one of these is dialled or has asked, the first first, ended ones too."""
        found = (one for person in persons for one in self._bookings.of_person(person))
        different = {one.id: one for one in found}.values()
        return sorted(different, key=lambda one: (one.booked_at, one.id))

    def put(self, booking: Booking) -> None:
        """From now on it is so."""
        self._bookings.put(booking)
        text = STORED_BOOKING.dump_json(_shifted(booking, self._shift())).decode()
        self._write_behind.put(BOOKINGS, booking.id, text)

    async def put_durably(self, booking: Booking) -> bool:
        """The same, and wait until it is written; False if it is not known to be.

        Then it may be written all the same: `put` or `remove` what is to stand instead.
        """
        self.put(booking)
        if not self._write_behind.up:
            return False
        return await self._write_behind.flush(DURABLE_SECONDS)

    async def written(self) -> bool:
        """Wait until every step so far is written; False if it is not known to be."""
        return await self._write_behind.flush(DURABLE_SECONDS)

    def remove(self, booking_id: str) -> None:
        """It never was."""
        self._bookings.remove(booking_id)
        self._write_behind.remove(BOOKINGS, booking_id)

    def forget_old(self) -> None:
        """Once an hour: those go that ended long ago.

        The number of one that was given up goes after a day, in which an operator may try again.
        """
        now = self._clock()
        if now < self._forget_at:
            return
        self._forget_at = now + 3600.0
        oldest = now - self.days * DAY_SECONDS
        for one in self.all():
            if one.ended_at is not None and one.ended_at < oldest:
                self.remove(one.id)
            elif one.number and one.ended_at is not None and one.ended_at < now - DAY_SECONDS:
                self.put(replace(one, number=""))

    async def restore(self) -> None:
        """Read what was stored before; what is here already stands.  Does not raise."""
        wrong = 0
        found: dict[str, Booking] = {}
        try:
            async for page in self._write_behind.pages(BOOKINGS):
                for text in page.values():
                    try:
                        one = STORED_BOOKING.validate_json(text)
                    except ValidationError:
                        wrong += 1
                    else:
                        found[one.id] = self._restored(one)
        except StoreDown:
            return
        for one in found.values():
            if one.id not in self._bookings:
                self._read(one)
        self.complete = True
        if wrong:
            what = "some stored bookings cannot be parsed and are left out"
            log.event(logger, logging.WARNING, what, entries=wrong)

    def _read(self, stored: Booking) -> None:
        """A booking as it was stored, perhaps under ids of people that are others by now."""
        now = _renamed(stored, self._current)
        if now == stored:
            self._bookings.put(stored)
        else:
            self.put(now)

    def _restored(self, stored: Booking) -> Booking:
        """A stored booking on the timeline.

        If the clock on the wall was set back since, what has happened is not yet to come: the last
        of it was now, and the next attempt keeps its distance.  An hour that somebody has chosen
        stays that hour.
        """
        one = _shifted(stored, -self._shift())
        past = [one.booked_at, one.effective_at, one.began_at, one.answered_at, one.ended_at]
        past += [attempt.ended_at for attempt in one.attempts]
        ahead = max(at for at in past if at is not None) - self._clock()
        if ahead <= 0.0:
            return one
        moved = _shifted(one, -ahead)
        return moved if one.attempts else replace(moved, not_before=one.not_before)

    def write_again(self) -> None:
        """The store is back, and may have lost what it had: what matters of it."""
        since = self._clock() - DAY_SECONDS
        for one in self.all():
            if one.ended_at is None or one.ended_at >= since:
                self.put(one)


def _renamed(booking: Booking, current: Callable[[str], str]) -> Booking:
    """The booking of people who have other ids; `current(person)`: what each has now."""
    return replace(booking, person=current(booking.person), asked_by=current(booking.asked_by))


def _shifted(booking: Booking, seconds: float) -> Booking:
    """The booking with all its moments later by so much."""
    if not seconds:
        return booking

    def later(at: float | None) -> float | None:
        return None if at is None else at + seconds

    return replace(
        booking,
        booked_at=booking.booked_at + seconds,
        effective_at=booking.effective_at + seconds,
        not_before=booking.not_before + seconds if booking.not_before else 0.0,
        began_at=later(booking.began_at),
        answered_at=later(booking.answered_at),
        ended_at=later(booking.ended_at),
        attempts=tuple(
            Attempt(one.began_at + seconds, one.ended_at + seconds, one.result)
            for one in booking.attempts
        ),
    )
