"""Calls back those who gave up: whom to call next, and what is written down of it.

They are read from what is known of people every `READ_SECONDS`, with breaks: on a bad day it is a
hundred thousand.  Whoever is next is looked at once more: somebody may have called since.  There is
no booking before somebody is dialled, so that nothing is left to be done when load rises.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Collection, Iterator
from heapq import heappush, heappushpop
from typing import Protocol

from ivrd import log
from ivrd.asterisk.breaks import with_breaks
from ivrd.callbacks.booker import BookingSettings
from ivrd.callbacks.repository import BookingRepository
from ivrd.callbacks.telephone import NotDialled
from ivrd.core.booking import Booking, BookingOrigin
from ivrd.core.dialling import Moment
from ivrd.core.people import People, Person
from ivrd.core.priority import HeadStart
from ivrd.core.recovery import Lost, is_owed, lost, to_recover
from ivrd.people.vault import CannotOpen
from ivrd.store.audit_log import AuditLog

READ_SECONDS = 10.0
MOST = 1000  # of a queue at a time: far more than can be called until they are read again

logger = logging.getLogger("ivrd")


class Registry(Protocol):
    """What is known of people; see people/registry.py."""

    people: People


class Threshold(Protocol):
    """Who gave up; see people/caller_numbers.py."""

    recover_after_seconds: float


class Vault(Protocol):
    """Numbers, sealed; see people/vault.py."""

    def seal(self, number: str) -> str:
        """The number as it may be stored."""

    def open(self, text: str) -> str:
        """The number that was sealed.  Raises `CannotOpen`."""


class Recovery:
    """Whom of the lost to call.  `clock`: the timeline."""

    def __init__(
        self,
        settings: BookingSettings,
        repository: BookingRepository,
        registry: Registry,
        threshold: Threshold,
        vault: Vault,
        audit_log: AuditLog,
        clock: Callable[[], float],
    ) -> None:
        self.settings = settings
        self._repository = repository
        self._registry = registry
        self._threshold = threshold
        self._vault = vault
        self._audit_log = audit_log
        self._clock = clock
        self._found: dict[str, list[Lost]] = {}  # by queue
        self._read_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None
        self._not_dialled: set[str] = set()  # people whose number is not called,
        self._dialable = settings.dialable  # by these settings

    def to_dial(self, moment: Moment) -> list[Booking]:
        """Whom to call now; their bookings stand when this returns, and wait."""
        free_share = self.settings.callback.recover_at_free
        if free_share is None:
            return []
        self._read(moment.now)
        bookings, limits = self._repository.open(), self.settings.callback.limits
        found = self._lost_ones(bookings, moment.now)
        chosen = to_recover(found, bookings, limits, moment, free_share)
        for one in chosen:
            if self._repository.get(one.id) is None:
                self._repository.put(one)
                self._audit_log.audit("ivrd", "recovery begun", "", one.id)
        return chosen

    # --- who is next -----------------------------------------------------------------------

    def _lost_ones(self, bookings: Collection[Booking], now: float) -> dict[str, Iterator[Booking]]:
        """By queue: those whose booking stands, after a fault, and then the others."""
        begun = [one for one in bookings if one.origin is BookingOrigin.LOST]
        begun.sort(key=lambda one: one.turn_at)
        queues = {one.queue for one in begun} | self._found.keys()
        return {queue: self._of_queue(queue, begun, now) for queue in queues}

    def _of_queue(self, queue: str, begun: Collection[Booking], now: float) -> Iterator[Booking]:
        yield from (one for one in begun if one.queue == queue)
        left_out = {one.person for one in begun} | self._not_dialled
        for each in self._found.get(queue, ()):
            if each.person.id in left_out:
                continue
            still = self._still_lost(each.person.id, now)
            if still is not None and (booking := self._booking(still, queue, now)) is not None:
                yield booking

    def _still_lost(self, person_id: str, now: float) -> Lost | None:
        """Whether the person may be called, by what is known now."""
        people = self._registry.people
        person = people.get(people.current(person_id))
        if person is None or people.calls_here(person.id):
            return None
        return self._owed(person, now)

    def _owed(self, person: Person, now: float) -> Lost | None:
        """A person as one whom to call; none who gave up before people are remembered."""
        if not person.number or person.no_callback:
            return None
        rules = self._registry.people.rules
        each = lost(person, self._threshold.recover_after_seconds, rules)
        if each is None or now - each.last_at > rules.keep_seconds:
            return None
        return each if is_owed(each, self._repository.settled_until) else None

    def _booking(self, each: Lost, queue: str, now: float) -> Booking | None:
        """The booking of one of the lost; None if the number is not dialled."""
        person = each.person
        try:
            number = self.settings.dialable.international(self._vault.open(person.number))
        except (NotDialled, CannotOpen) as error:
            self._not_dialled.add(person.id)
            what = "who gave up cannot be called back"
            log.event(logger, logging.INFO, what, caller=person.id, why=str(error))
            return None
        return Booking(
            id=secrets.token_hex(8),
            person=person.id,
            asked_by="",
            number=self._vault.seal(number),
            queue=queue,
            topic=person.topic,
            language=person.language,
            booked_at=now,
            effective_at=min(now, each.effective_at),
            origin=BookingOrigin.LOST,
            head_start=self._head_start(person),
        )

    def _head_start(self, person: Person) -> HeadStart:
        return self.settings.priority.head_start(person.urgency)

    # --- reading ---------------------------------------------------------------------------

    def _read(self, now: float) -> None:
        reads = self._reading is not None and not self._reading.done()
        if reads or now - self._read_at < READ_SECONDS:
            return
        self._read_at = now
        self._reading = asyncio.ensure_future(self._read_all(now))

    async def _read_all(self, now: float) -> None:
        self._forget_not_dialled()
        served = self.settings.routing.served
        oldest: dict[str, list[tuple[float, str, Lost]]] = {}  # heaps, the latest of them first
        async for person in with_breaks([*self._registry.people.abandoned()]):
            if person.id in self._not_dialled:
                continue
            if (each := self._owed(person, now)) is not None:
                queue = served(person.queue, person.topic, person.language)
                heap = oldest.setdefault(queue, [])
                push = heappush if len(heap) < MOST else heappushpop
                turn_at = each.effective_at - self._head_start(person).seconds
                push(heap, (-turn_at, person.id, each))
        self._found = {
            queue: [one[2] for one in sorted(heap)[::-1]] for queue, heap in oldest.items()
        }

    def _forget_not_dialled(self) -> None:
        """Those who are not known any more, and all when other numbers are dialled."""
        people = self._registry.people
        known = {each for each in self._not_dialled if people.get(each) is not None}
        self._not_dialled = known if self.settings.dialable == self._dialable else set()
        self._dialable = self.settings.dialable
