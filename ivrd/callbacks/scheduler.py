"""Each second: whom to call back now, and whether what was begun is still as it was left."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from ivrd import log
from ivrd.asterisk.ami_action import ConnectionLost
from ivrd.asterisk.ami_link import ActionRefused
from ivrd.callbacks.booker import BookingSettings
from ivrd.callbacks.dialler import Dialler
from ivrd.callbacks.repository import BookingRepository
from ivrd.core.booking import Booking, BookingState
from ivrd.core.dialling import Moment, SeatsNow, to_be_called, to_dial
from ivrd.core.ledger import Ledger
from ivrd.core.priority import Place
from ivrd.core.skills import SkillRouting

LOOK_SECONDS = 5.0  # between two looks at attempts that are on, should an event have been lost
RESTORE_SECONDS = 5.0  # between two attempts to read a store that could not be read
TALK_IS_OVER_SECONDS = 60.0  # after which a talk has ended whose call is not there any more

logger = logging.getLogger("ivrd")


class Seats(Protocol):
    """The seats that serve each queue now; see daemon/callback_seats.py."""

    def seats(self) -> Mapping[str, SeatsNow]:
        """By queue."""


class KnownPeople(Protocol):
    """What is known of people; see people/registry.py."""

    @property
    def complete(self) -> bool:
        """Whether what was stored before is known."""

    def refuses_callback(self, person_id: str) -> bool:
        """Whether a person has asked not to be called back."""

    def is_shared(self, person_id: str) -> bool:
        """Whether many people use the number."""


class LostPeople(Protocol):
    """Those who gave up; see callbacks/recovery.py."""

    def to_dial(self, moment: Moment) -> list[Booking]:
        """Whom of them to call now; their bookings stand, and wait."""


class StoreState(Protocol):
    """Whether the store can be written now; see store/write_behind.py."""

    up: bool


class Scheduler:
    """Has the dialler begin attempts when their turn comes.  `clock`: the timeline."""

    def __init__(
        self,
        settings: BookingSettings,
        repository: BookingRepository,
        dialler: Dialler,
        ledger: Ledger,
        seats: Seats,
        store: StoreState,
        people: KnownPeople,
        lost: LostPeople,
        clock: Callable[[], float],
    ) -> None:
        self.settings = settings
        self._repository = repository
        self._dialler = dialler
        self._ledger = ledger
        self._seats = seats
        self._store = store
        self._people = people
        self._lost = lost
        self._clock = clock
        self._looked_at = self._restored_at = float("-inf")
        self._beginning: dict[str, asyncio.Task[None]] = {}
        self._routed: SkillRouting | None = None  # by which all bookings have their queues

    async def evaluate(self) -> None:
        """Do what is due now, as the leader, while connected to Asterisk.  Does not raise."""
        now = self._clock()
        if not self._repository.complete:
            if now - self._restored_at >= RESTORE_SECONDS and self._store.up:
                self._restored_at = now
                await self._repository.restore()
                self._routed = None
            if not self._repository.complete:
                return
        self._route()
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            with suppress(ActionRefused, ConnectionLost, TimeoutError):
                await self._dialler.look()
        self._repository.forget_old()
        here = self._persons_here()
        self._dialler.close_talked(here, now - TALK_IS_OVER_SECONDS)
        if self._store.up and self._people.complete and self.settings.may_call():
            self._cancel_refused()
            self._begin(here, now)

    def backlog(self, now: float) -> Mapping[str, int]:
        """How many are to be called back now to which queue, and do not wait there in a call yet.

        Nobody, outside the hours in which people may be called.
        """
        if not self.settings.may_call():
            return {}
        return Counter(one.queue for one in self._repository.open() if to_be_called(one, now))

    def places(self, queue: str, now: float) -> list[Place]:
        """Where those of `backlog` would stand in a queue's line."""
        if not self.settings.may_call():
            return []
        turn = self.settings.callback.limits.turn
        return [
            Place(turn(one), one.booked_at, one.id, one.effective_at - turn(one))
            for one in self._repository.open(queue)
            if to_be_called(one, now)
        ]

    def _persons_here(self) -> frozenset[str]:
        """Who is in a call; of an exchange's number it is not known."""
        callers = {call.caller for call in self._ledger.calls.values() if call.caller}
        return frozenset(one for one in callers if not self._people.is_shared(one))

    def _route(self) -> None:
        """Bring bookings to the queue of their topic and language, where theirs is not served."""
        routing = self.settings.routing
        if routing is self._routed:
            return
        self._routed = routing
        for one in self._repository.open():
            queue = routing.served(one.queue, one.topic, one.language)
            if queue != one.queue and one.state is BookingState.WAITING:
                self._repository.put(replace(one, queue=queue))

    def _cancel_refused(self) -> None:
        """Whoever has asked not to be called back is not."""
        for one in self._repository.open():
            if one.state is BookingState.WAITING and self._people.refuses_callback(one.person):
                log.event(logger, logging.INFO, "call back refused by its person", booking=one.id)
                self._dialler.cancel(one)

    def _begin(self, here: Collection[str], now: float) -> None:
        self._beginning = {k: task for k, task in self._beginning.items() if not task.done()}
        waiting = [one for one in self._repository.open() if one.id not in self._beginning]
        moment = Moment(
            now=now,
            seats=self._seats.seats(),
            ahead=self._ahead,
            here=here,
            begun=self._dialler.begun,
            lead=self._dialler.lead,
        )
        for booking in to_dial(waiting, self.settings.callback.limits, moment):
            self._dial(booking, now)
        for booking in self._lost.to_dial(moment):
            self._dial(booking, now)

    def _dial(self, booking: Booking, now: float) -> None:
        if booking.id not in self._beginning:
            wait = round(now - booking.effective_at)
            what, why = "calling back", booking.origin
            log.event(logger, logging.INFO, what, booking=booking.id, waited=wait, why=why)
            self._beginning[booking.id] = asyncio.ensure_future(self._dialler.begin(booking))

    def _ahead(self, queues: Collection[str], turn_at: float) -> int:
        """How many callers wait there whose turn is earlier."""
        lines = (self._ledger.present.line(queue) for queue in queues)
        return sum(place.turn_at < turn_at for line in lines for place in line)
