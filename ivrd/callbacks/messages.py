"""What who has asked to be called back is told in writing, if the configuration has messages.

Only who has asked for it gets any.  Each is put into the outbox when what it tells of is stored,
and once more when this ivrd becomes the leader, should the one before it have died in between: the
outbox takes the same message once.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from ivrd import log
from ivrd.callbacks.repository import BookingRepository
from ivrd.config.outbox_settings import OutboxSettings
from ivrd.core.booking import AttemptResult, Booking, BookingOrigin, BookingState
from ivrd.outbox.channels import reaches
from ivrd.outbox.message import Message
from ivrd.people.vault import CannotOpen

logger = logging.getLogger("ivrd")

# The person has not noticed the attempt, or has not understood it.
MISSED = frozenset(
    {
        AttemptResult.BUSY,
        AttemptResult.NO_ANSWER,
        AttemptResult.NO_KEY,
        AttemptResult.UNREACHABLE,
    }
)
# What this old a step tells is news no more when an ivrd becomes the leader.
NEWS_SECONDS = 900.0


class Opener(Protocol):
    """Opens what was sealed; see people/vault.py."""

    def open(self, text: str) -> str:
        """The number.  Raises `CannotOpen`."""


class Outgoing(Protocol):
    """Takes messages; see outbox/outbox.py."""

    complete: bool

    def post(self, message: Message, about: str, recipient: str) -> None:
        """Have a message sent."""


class CallbackMessages:
    """`clock`: the timeline; `shift()`: what the time of day is ahead of it.

    `reconciled`: what the leader before this one may have left out is put in.
    """

    def __init__(
        self,
        settings: OutboxSettings,
        hotline: str,
        zone: ZoneInfo,
        bookings: BookingRepository,
        outbox: Outgoing,
        vault: Opener,
        clock: Callable[[], float],
        shift: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._hotline = hotline
        self._zone = zone
        self._bookings = bookings
        self._outbox = outbox
        self._vault = vault
        self._clock = clock
        self._shift = shift
        self.reconciled = False

    def configure(self, settings: OutboxSettings, hotline: str, zone: ZoneInfo) -> None:
        """What a reload changes."""
        self._settings, self._hotline, self._zone = settings, hotline, zone

    def booked(self, booking: Booking) -> None:
        """Somebody has asked to be called back, and that is stored."""
        self._post("callback_booked", booking, f"{booking.id}/{booking.person}")

    def attempt_ended(self, booking: Booking) -> None:
        """An attempt has ended; the booking is as it is after it."""
        if not booking.attempts:
            return
        about = f"{booking.id}/{booking.tries}"
        if booking.state is BookingState.GIVEN_UP:
            self._post("callback_given_up", booking, about)
        elif booking.state is BookingState.WAITING and booking.attempts[-1].result in MISSED:
            self._post("callback_not_reached", booking, about)

    def reconcile(self) -> None:
        """Put in what the leader before this one may not have put in; once, when all is read."""
        if self.reconciled or not (self._bookings.complete and self._outbox.complete):
            return
        self.reconciled = True
        news = self._clock() - NEWS_SECONDS
        for booking in self._bookings.all():
            if booking.open and booking.booked_at >= news:
                self.booked(booking)
            if booking.attempts and booking.attempts[-1].ended_at >= news:
                self.attempt_ended(booking)

    def _post(self, use: str, booking: Booking, about: str) -> None:
        try:
            self._put_in(use, booking, about)
        except Exception as error:  # a fault of ours: the call back itself stands
            what = "a message about a call back could not be written"
            log.event(logger, logging.ERROR, what, error=error, booking=booking.id, use=use)

    def _put_in(self, use: str, booking: Booking, about: str) -> None:
        of = self._settings.messages.get(use)
        if of is None or booking.origin is not BookingOrigin.ASKED or not booking.number:
            return
        try:
            number = self._vault.open(booking.number)
        except CannotOpen:  # with another key: whoever dials will say so
            return
        if not reaches(self._settings.channels[of.channel], number):
            return
        shift = self._shift()
        again_at = datetime.fromtimestamp(booking.not_before + shift, self._zone)
        values = {"hotline": self._hotline, "next": f"{again_at:%H:%M}"}
        data = {
            "booking": booking.id,
            "language": booking.language,
            "queue": booking.queue,
            "topic": booking.topic,
        }
        now = self._clock() + shift
        message = Message(use, number, of.words(booking.language, values), now, data)
        self._outbox.post(message, about, booking.person)
