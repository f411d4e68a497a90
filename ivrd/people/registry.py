"""Keeps `core.people` by what happens to calls, and stores what changes.

A standby follows as well: it sees the same calls, and stores none.  A new leader adds what was
stored before, page by page while it serves callers: with a hundred thousand people that takes
seconds, and no call waits for it.  What changes before all is read is stored after that, so that
nothing of a person is lost that only the store has.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Iterable
from math import inf
from typing import Protocol

from ivrd import log
from ivrd.asterisk.breaks import with_breaks
from ivrd.calls.menu_call import MenuPosition
from ivrd.core.call import Call, Outcome
from ivrd.core.call_notices import Ended, Notice, Rejoined
from ivrd.core.people import People, Person, is_shared
from ivrd.core.priority import HeadStart
from ivrd.people.repository import PeopleRepository
from ivrd.store import StoreDown
from ivrd.store.write_behind import STANDBY

logger = logging.getLogger("ivrd")

FORGET_EACH_SECONDS = 3600.0


class Bookings(Protocol):
    """Who is to be called back; see callbacks/repository.py."""

    def waits_since(self, person: str) -> float | None:
        """The effective arrival of one who has asked to be called back; None for others."""

    def booked_head_start(self, person: str) -> HeadStart:
        """The head start that goes with it."""

    def knows(self, person: str) -> bool:
        """Whether there is a booking of this person, be it one that has ended."""

    def rename(self, before: str, person: str) -> None:
        """A person has another id from now on."""


class PeopleRegistry:
    """All people.  `clock` gives this moment on the timeline of the calls."""

    def __init__(
        self,
        people: People,
        repository: PeopleRepository,
        clock: Callable[[], float],
        bookings: Bookings,
    ) -> None:
        self.people = people
        self.revision = 0  # another one when more is known of many people at once
        self._repository = repository
        self._clock = clock
        self._bookings = bookings
        self._leads = False
        self._read = False  # whether what was stored before is known
        self._changed: set[str] = set()  # people who are stored when it is
        self._task: asyncio.Task[None] | None = None
        self._forget_at = -inf

    # --- what happens to calls -------------------------------------------------------------

    def moved(self, call: Call, _position: MenuPosition | None) -> None:
        """A call is here."""
        self.here(call)

    def here(self, call: Call) -> None:
        """A call is here; one that had credit before a restart has it still."""
        self._store(self.people.arrived(call.caller, call.id, call.received_at))
        if call.has_credit:
            self.people.holds(call.caller, call.id)

    def claim(self, call: Call, now: float) -> float:
        """The seconds of credit of a call that joins a queue now; 0 if it has none."""
        self.here(call)
        since = self._bookings.waits_since(call.caller)
        return self.people.claim(call.caller, call.id, now, since)

    def head_start(self, call: Call) -> HeadStart:
        """That of who is to be called back, and has that place in a call of their own now."""
        return self._bookings.booked_head_start(call.caller)

    def calls_here(self, call: Call) -> Iterable[str]:
        """The calls of the same person that are here."""
        return self.people.calls_here(call.caller)

    @property
    def most_seconds(self) -> float:
        """The most credit that a call can have."""
        return self.people.rules.credit_at_most_seconds

    def notice(self, notice: Notice) -> None:
        """A person was answered, or a call has ended."""
        match notice:
            case Ended(call, outcome):
                self._store(self.people.ended(call, outcome is Outcome.ANSWERED))
                self._forget_old()
            case Rejoined(call) if notice.answer_stands:
                self._store(self.people.answered(call.caller, self._clock()))
            case _:
                pass

    def erase(self, person_id: str) -> bool:
        """Forget all that is known of a person, here and in the store; False if nothing was."""
        self._repository.remove(person_id)
        return self.people.forget(person_id)

    def renamed(self, before: str, person_id: str) -> None:
        """A person has another id from now on: the key of hashes was replaced."""
        self._bookings.rename(before, person_id)
        person = self.people.rename(before, person_id, self._clock())
        self._store(person)
        if person is not None and self._leads and self._read:
            self._repository.remove(before)

    def knows(self, person_id: str) -> bool:
        """Whether anything is known of a person."""
        return self.people.get(person_id) is not None or self._bookings.knows(person_id)

    def keep(self, person: Person) -> None:
        """Store what has changed of a person."""
        self._store(person)

    # --- who may be called back ------------------------------------------------------------

    def refuses_callback(self, person_id: str) -> bool:
        """Whether a person has asked not to be called back."""
        person = self.people.get(self.people.current(person_id))
        return person is not None and person.no_callback

    def refuse_callback(self, person_id: str) -> None:
        """A person has asked not to be called back."""
        current = self.people.current(person_id)
        self._store(self.people.refuse_callback(current, True, self._clock()))

    def is_shared(self, person_id: str) -> bool:
        """Whether many people use the number, so that whoever answers there is somebody else."""
        person = self.people.get(self.people.current(person_id))
        return person is not None and is_shared(person, self._clock(), self.people.rules)

    @property
    def complete(self) -> bool:
        """Whether what was stored before is known."""
        return self._read

    # --- storing ---------------------------------------------------------------------------

    async def restore(self) -> None:
        """Begin to read what was stored before; a store that is down is read when it is back."""
        self._leads = True
        self._begin(self._read_all())

    def write_again(self) -> None:
        """The store is back: it may have lost what it had, or have what could not be read."""
        self._begin(self._write_all() if self._read else self._read_all())

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        if self._task is not None:
            self._task.cancel()
        self._task = asyncio.ensure_future(work)

    async def _read_all(self) -> None:
        began, found = self._clock(), set[str]()
        try:
            async for page in self._repository.read():
                found.update(self.people.restore(stored).id for stored in page)
                await asyncio.sleep(0)
        except StoreDown:
            return
        self._read = True
        if found:
            self._forget_others(found, began - STANDBY)
        changed, self._changed = self._changed, set()
        for person_id in changed:
            if former := self.people.former(person_id):
                self._repository.remove(former)
        await self._put(self.people.get(person_id) for person_id in changed)
        what = "what was stored of people is read"
        log.event(logger, logging.INFO, what, people=len(self.people))
        self.revision += 1

    def _forget_others(self, stored: Collection[str], before: float) -> None:
        """Forget whom the leader before has not left in the store: it has erased them.

        A standby knows them from their calls.  What the leader has not written is later than that.
        """
        for person in [*self.people]:
            known = person.id in stored or person.id in self._changed
            if not known and person.seen_at < before and not self.people.calls_here(person.id):
                self.people.forget(person.id)

    async def _write_all(self) -> None:
        """Store once more whoever may have credit; of the others the store has what it has."""
        rules, now = self.people.rules, self._clock()
        since = now - rules.redial_seconds
        await self._put([person for person in self.people if person.seen_at >= since])

    async def _put(self, people: Iterable[Person | None]) -> None:
        async for person in with_breaks(people):
            self._store(person)

    def _store(self, person: Person | None) -> None:
        if person is None or not self._leads:
            return
        if self._read:
            self._repository.put(person)
        else:
            self._changed.add(person.id)

    def _forget_old(self) -> None:
        """Each hour: who has not called for long.

        A standby forgets as well, and leaves the store to the leader; a leader has read it before.
        """
        now = self._clock()
        if now < self._forget_at or (self._leads and not self._read):
            return
        self._forget_at = now + FORGET_EACH_SECONDS
        for person_id in self.people.forget_old(now):
            if self._leads:
                self._repository.remove(person_id)
