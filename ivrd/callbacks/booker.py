"""Takes bookings: what `calls/booking.py` asks for, and what an operator may do with one."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from ivrd import log
from ivrd.asterisk import dialplan_names
from ivrd.asterisk.ami_action import BadValue, ConnectionLost
from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.ami_link import ActionRefused
from ivrd.callbacks.repository import BookingRepository
from ivrd.callbacks.telephone import Dialable, NotDialled
from ivrd.config.callback import CallbackSettings
from ivrd.core.book_result import BookResult
from ivrd.core.booking import Booking, BookingOrigin
from ivrd.core.call import Call
from ivrd.core.ledger import Ledger
from ivrd.core.priority import PriorityRules, larger
from ivrd.core.skills import SkillRouting, queue_in_words
from ivrd.core.slots import Slot, next_slots

logger = logging.getLogger("ivrd")


class Sealer(Protocol):
    """Seals numbers; see people/vault.py."""

    def seal(self, number: str) -> str:
        """The number as it may be stored."""


class CallbackPolicy(Protocol):
    """Who may be called back; see people/registry.py."""

    def refuses_callback(self, person_id: str) -> bool:
        """Whether a person has asked not to be called back."""

    def is_shared(self, person_id: str) -> bool:
        """Whether many people use the number, so that whoever answers there is somebody else."""


class BookedNotice(Protocol):
    """Tells whoever has booked so in writing; see callbacks/messages.py."""

    def booked(self, booking: Booking) -> None:
        """Somebody has asked to be called back, and that is stored."""


class StoreState(Protocol):
    """Whether the store can be written now; see store/write_behind.py."""

    up: bool


@dataclass(frozen=True)
class BookingSettings:
    """What bookings need of the configuration; replaced as a whole on a reload."""

    callback: CallbackSettings
    country: str
    zone: ZoneInfo
    routing: SkillRouting
    label: Mapping[str, str]  # what the agent's phone shows of a topic
    priority: PriorityRules
    languages: Sequence[str]  # that can be spoken; the first for whoever chose one that is off now

    @property
    def dialable(self) -> Dialable:
        """Which numbers are dialled."""
        of = self.callback
        return Dialable(self.country, of.countries, of.kinds, of.prefixes)

    def may_call(self) -> bool:
        """Whether anybody is called back at this time of day."""
        schedule = self.callback.schedule
        at_work = schedule is None or schedule.is_open(datetime.now(self.zone))
        return bool(self.callback.trunk) and at_work


class Booker:
    """Writes bookings down.  `clock`: the timeline.

    `person_with(number)`: the hash of whoever has a number, by which all is known of them.
    `credit(person, now)`: the seconds that a person has waited before, for a call that joins now.
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
        people: CallbackPolicy,
        messages: BookedNotice,
        person_with: Callable[[str], str],
        credit: Callable[[str, float], float],
        expected_wait: Callable[[str], float],
        clock: Callable[[], float],
    ) -> None:
        self.settings = settings
        self._repository = repository
        self._ledger = ledger
        self._link = link
        self._vault = vault
        self._store = store
        self._people = people
        self._messages = messages
        self._person_with = person_with
        self._credit = credit
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

    def slots(self) -> tuple[Slot, ...]:
        """See `calls.booking.Booking`."""
        callback, moment = self.settings.callback, datetime.now(self.settings.zone)
        return next_slots(callback.slots, callback.schedule, moment, self._clock())

    async def book(self, call_id: str, number: str = "", not_before: float = 0.0) -> BookResult:
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
            return await self._book(call, number, keyed, not_before)

    async def _number_of(self, call_id: str) -> str:
        """The number that a call comes from, which Asterisk alone has.

        Raises what the link does.  (For AMI a channel's id is as good as its name.)
        """
        answer = await self._link.ask("Getvar", Channel=call_id, Variable=dialplan_names.FROM)
        return str(answer.value or "")

    async def _book(self, call: Call, number: str, keyed: bool, not_before: float) -> BookResult:
        person, now = self._person_with(number), self._clock()
        if self._people.refuses_callback(person):
            return BookResult.NOT_ALLOWED
        if self._people.is_shared(person):
            return BookResult.NO_NUMBER
        # Of an exchange's number it is not known who asks.
        asked_by = "" if self._people.is_shared(call.caller) else call.caller
        before = self._repository.of_person(person, asked_by)
        head_start = larger(call.head_start, self.settings.priority.of_topic(call.topic))
        if before is None:
            after = Booking(
                id=secrets.token_hex(8),
                person=person,
                asked_by=asked_by,
                number=self._vault.seal(number),
                queue=call.queue or self.settings.routing.queue_for(call.topic, call.language),
                topic=call.topic,
                language=call.language,
                booked_at=now,
                effective_at=self._arrival(call, now),
                not_before=not_before,
                head_start=head_start,
            )
        else:
            other = keyed and before.person != person and not before.on
            another_time = before.not_before != not_before and not before.on
            head_start = larger(before.head_start, head_start)
            as_it_was = head_start == before.head_start and not (other or another_time)
            if as_it_was and before.origin is BookingOrigin.ASKED:
                return BookResult.BOOKED
            # Whom we would have called anyway has asked for it now: it is tried as often as theirs.
            after = replace(
                before, origin=BookingOrigin.ASKED, asked_by=asked_by, head_start=head_start
            )
            if other:
                after = replace(after, person=person, number=self._vault.seal(number))
            if another_time:
                after = replace(after, not_before=not_before)
        if not await self._repository.put_durably(after):
            if before is None:
                self._repository.remove(after.id)
            elif self._repository.get(after.id) is after:
                self._repository.put(before)
            return BookResult.NOT_STORED
        self._messages.booked(after)
        what = "call back booked"
        queue = queue_in_words(after.queue)
        log.event(logger, logging.INFO, what, booking=after.id, call=call.id, queue=queue)
        return BookResult.BOOKED

    def _arrival(self, call: Call, now: float) -> float:
        """A call's effective arrival; in the menu, the one that it would have in a queue now."""
        if call.effective_at is not None:
            return min(now, call.effective_at)
        joins_at = min(now, call.joined_at or now)
        return joins_at - self._credit(call.caller, joins_at)
