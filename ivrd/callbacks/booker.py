"""Takes bookings: what `calls/booking.py` asks for, and what an operator may do with one."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from ivrd import log
from ivrd.asterisk import dialplan_names
from ivrd.asterisk.ami_client import ActionRefused, AmiClient
from ivrd.asterisk.ami_protocol import BadValue, ConnectionLost
from ivrd.callbacks.repository import BookingRepository
from ivrd.callbacks.telephone import Dialable, NotDialled
from ivrd.config.callback import CallbackSettings
from ivrd.core.book_result import BookResult
from ivrd.core.booking import Booking
from ivrd.core.call import Call
from ivrd.core.ledger import Ledger

logger = logging.getLogger("ivrd")


class Sealer(Protocol):
    """Seals numbers; see people/vault.py."""

    def seal(self, number: str) -> str:
        """The number as it may be stored."""


class StoreState(Protocol):
    """Whether the store can be written now; see store/write_behind.py."""

    up: bool


@dataclass(frozen=True)
class BookingSettings:
    """What bookings need of the configuration; replaced as a whole on a reload."""

    callback: CallbackSettings
    country: str
    zone: ZoneInfo
    queue_of: Mapping[str, str]  # a topic's
    default_queue: str
    label: Mapping[str, str]  # what the agent's phone shows of a topic

    @property
    def dialable(self) -> Dialable:
        """Which numbers are dialled."""
        return Dialable(self.country, self.callback.countries, self.callback.kinds)

    def queue_for(self, topic: str) -> str:
        """Where a topic leads; to the default queue when it is gone."""
        return self.queue_of.get(topic, self.default_queue)

    def may_call(self) -> bool:
        """Whether anybody is called back at this time of day."""
        schedule = self.callback.schedule
        at_work = schedule is None or schedule.is_open(datetime.now(self.zone))
        return bool(self.callback.trunk) and at_work


class Booker:
    """Writes bookings down.  `hash_number`: what stands for a number; `clock`: the timeline.

    `expected_wait(queue)`: for how long somebody waits who joins now, in seconds.
    """

    def __init__(
        self,
        settings: BookingSettings,
        repository: BookingRepository,
        ledger: Ledger,
        link: AmiClient,
        vault: Sealer,
        store: StoreState,
        hash_number: Callable[[str], str],
        expected_wait: Callable[[str], float],
        clock: Callable[[], float],
    ) -> None:
        self.settings = settings
        self._repository = repository
        self._ledger = ledger
        self._link = link
        self._vault = vault
        self._store = store
        self._hash = hash_number
        self._expected_wait = expected_wait
        self._clock = clock
        self._turn = asyncio.Lock()  # one person may ask in two calls at the same moment

    def takes(self) -> bool:
        """Whether a booking can be had now at all."""
        return self._repository.complete and self._store.up and self.settings.may_call()

    def offered(self, call_id: str) -> bool:
        """See `calls.booking.Booking`."""
        return self.takes() and call_id in self._ledger.calls

    def worthwhile(self, queue: str) -> bool:
        """Whether who would join this queue now waits for so long that a call back is offered."""
        long = self._expected_wait(queue) > self.settings.callback.offer_after_seconds
        return self.takes() and long

    async def book(self, call_id: str, number: str = "") -> BookResult:
        """See `calls.booking.Booking`."""
        if not self.takes() or call_id not in self._ledger.calls:
            return BookResult.NOT_OFFERED
        keyed = bool(number)
        try:
            number = number or await self._number_of(call_id)
            number = self.settings.dialable.international(number)
        except NotDialled as error:
            return error.result
        except (ActionRefused, ConnectionLost, TimeoutError, BadValue):
            return BookResult.NOT_OFFERED
        call = self._ledger.calls.get(call_id)
        if call is None:
            return BookResult.NOT_OFFERED
        async with self._turn:
            return await self._book(call, number, keyed)

    async def _number_of(self, call_id: str) -> str:
        """The number that a call comes from, which Asterisk alone has.

        Raises what the link does.  (For AMI a channel's id is as good as its name.)
        """
        answer = await self._link.ask("Getvar", Channel=call_id, Variable=dialplan_names.FROM)
        return str(answer.value or "")

    async def _book(self, call: Call, number: str, keyed: bool) -> BookResult:
        person, now = self._hash(number), self._clock()
        if before := self._repository.of_person(person, call.caller):
            if not keyed or before.person == person or before.on:
                return BookResult.BOOKED
            after = replace(before, person=person, number=self._vault.seal(number))
        else:
            before = None
            after = Booking(
                id=secrets.token_hex(8),
                person=person,
                asked_by=call.caller,
                number=self._vault.seal(number),
                queue=call.queue or self.settings.queue_for(call.topic),
                topic=call.topic,
                language=call.language,
                booked_at=now,
                effective_at=min(now, call.effective_at or call.joined_at or now),
            )
        if not await self._repository.put_durably(after):
            if before is None:
                self._repository.remove(after.id)
            else:
                self._repository.put(before)
            return BookResult.NOT_STORED
        what = "call back booked"
        log.event(logger, logging.INFO, what, booking=after.id, call=call.id, queue=after.queue)
        return BookResult.BOOKED
