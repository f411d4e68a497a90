"""What is kept of one person, and who is still to be answered, for the control socket.

Whoever asks for a person, or for the numbers of the lost, is written into the audit log: by name,
and without whose number it was.
"""

import logging
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from datetime import tzinfo
from typing import Protocol

from ivrd import log
from ivrd.api import server
from ivrd.api.peercred import asked_by
from ivrd.api.person_rows import PersonRows
from ivrd.core.booking import Booking
from ivrd.core.outbox import Entry
from ivrd.core.people import People, Person
from ivrd.core.people_figures import PeopleCount
from ivrd.core.recovery import all_lost
from ivrd.outbox.message import Message
from ivrd.people.stored_calls import StoredCall
from ivrd.store import StoreDown

FLUSH_SECONDS = 2.0
NO_ANSWER = "the store does not answer, so it is not known what is kept"

logger = logging.getLogger("ivrd")


class Registry(Protocol):
    """Keeps what is known of people; see people/registry.py."""

    people: People

    @property
    def complete(self) -> bool:
        """Whether what was stored before is known."""

    def keep(self, person: Person) -> None:
        """Store what has changed of a person."""

    def erase(self, person_id: str) -> bool:
        """Forget all that is known of a person, here and in the store; False if nothing was."""

    def is_shared(self, person_id: str) -> bool:
        """Whether many people use the number."""


class Counted(Protocol):
    """Who counts people; see people/statistics.py."""

    count: PeopleCount

    @property
    def complete(self) -> bool:
        """Whether the calls before are counted."""


class Numbers(Protocol):
    """Who has which number, and who gave up; see people/caller_numbers.py."""

    recover_after_seconds: float

    def person_with(self, number: str) -> str:
        """The hash of whoever has a number; empty when it has no digit."""


class Hashes(Protocol):
    """What stands for a number; see calls/caller_hash.py."""

    def previous_hashes(self, number: str) -> Collection[str]:
        """What its hash was by keys that were replaced."""


class Calls(Protocol):
    """What the store has of a person's calls; see people/stored_calls.py."""

    def of(self, hashes: Collection[str]) -> AsyncIterator[StoredCall]:
        """All entries in which one of these hashes stands."""

    async def erase(self, hashes: Collection[str]) -> int:
        """Leave them as those of a withheld number; how many entries."""


class Bookings(Protocol):
    """Who is to be called back, and was; see callbacks/repository.py."""

    complete: bool

    def settled_until(self, person: str) -> float:
        """Until when bookings have settled what a person had waited."""

    def of_people(self, persons: Collection[str]) -> list[Booking]:
        """All in which one of these is dialled or has asked."""

    def remove(self, booking_id: str) -> None:
        """It never was."""


class Messages(Protocol):
    """What was written to people; see outbox/outbox.py."""

    complete: bool

    def of_people(self, people: Collection[str]) -> list[tuple[Entry, Message | None]]:
        """All for these, each with what it says as long as that is kept."""

    def erase(self, people: Collection[str]) -> int:
        """Forget all for these; how many."""


class Followed(Protocol):
    """Who is followed after a call; see repeats/tracker.py and links/regret.py."""

    @property
    def complete(self) -> bool:
        """Whether the calls before are read."""

    def erase(self, person: str) -> None:
        """Forget whose the calls of this person were."""


class Audit(Protocol):
    """The store, and what operators did; see partners/repository.py."""

    def audit(self, who: str, what: str, partner: str, detail: str) -> None:
        """Write down what an operator did."""

    async def written(self, seconds: float) -> bool:
        """Whether all that was decided is written."""


class PeopleOperations:
    """Answers about people.

    `opened`, `zone`, `shift` and `clock` as in `PersonRows`.
    """

    def __init__(
        self,
        registry: Registry,
        hashes: Hashes,
        opened: Callable[[str], str],
        calls: Calls,
        statistics: Counted,
        bookings: Bookings,
        messages: Messages,
        followed: Collection[Followed],
        audit: Audit,
        numbers: Numbers,
        zone: tzinfo,
        shift: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        self._registry = registry
        self._hashes = hashes
        self._calls = calls
        self._statistics = statistics
        self._bookings = bookings
        self._messages = messages
        self._followed = followed
        self._audit = audit
        self._numbers = numbers
        self._rows = PersonRows(opened, zone, shift, clock)
        self._clock = clock

    def configure(self, zone: tzinfo) -> None:
        """From now on, times are those of `zone`."""
        self._rows.zone = zone

    def commands(self) -> Mapping[str, server.Control]:
        """What POST does."""
        return {
            "person": self._person,
            "erase-person": self._erase,
            "no-callback": self._no_callback,
            "recover": self._recover,
        }

    # --- one person ------------------------------------------------------------------------

    async def _person(self, query: Mapping[str, str]) -> server.Answer:
        """All that is kept of the person with ?number=…."""
        person, hashes = self._asked_for(query)
        self._check_read()
        await self._flush()
        try:
            entries = [entry async for entry in self._calls.of(hashes)]
        except StoreDown as error:
            raise server.NotNow(f"{NO_ANSWER}: {error}") from None
        what = "person exported" if query.get("export") == "yes" else "person shown"
        self._write_down(query, what, f"{len(entries)} entries")
        known, rows = self._registry.people.get(person), self._rows
        return {
            "hash": person,
            "person": rows.person(known, self._registry.people.rules) if known else None,
            "calls": [rows.call(entry) for entry in entries if entry.kind == "ended"],
            "callbacks": [rows.booking(one) for one in self._bookings.of_people(hashes)],
            "messages": [
                rows.message(one, message, shared=self._registry.is_shared(person))
                for one, message in self._messages.of_people(hashes)
            ],
            "at_partners": [rows.talk(entry) for entry in entries if entry.kind != "ended"],
        }

    async def _erase(self, query: Mapping[str, str]) -> server.Answer:
        """Forget the person with ?number=…."""
        _person, hashes = self._asked_for(query)
        if any(self._registry.people.calls_here(each) for each in hashes):
            raise server.NotNow("a call of this person is here: ask again when it has ended")
        self._check_read()
        self._check_calls_read()
        if any(one.on for one in self._bookings.of_people(hashes)):
            raise server.NotNow("this person is being called: ask again when that has ended")
        # At once, so that nobody dials meanwhile; the store has it with the next flush.
        booked = self._bookings.of_people(hashes)
        for one in booked:
            self._bookings.remove(one.id)
        messages = self._messages.erase(hashes)
        await self._flush()
        known = [self._registry.erase(each) for each in hashes]
        try:
            entries = await self._calls.erase(hashes)
        except StoreDown as error:
            raise server.NotNow(f"{NO_ANSWER}: {error}; ask again when it does") from None
        for each in hashes:
            self._statistics.count.forget(each)
            for followed in self._followed:
                followed.erase(each)
        await self._flush()
        detail = f"{entries} entries, {len(booked)} callbacks, {messages} messages"
        self._write_down(query, "person erased", detail)
        return {
            "person": any(known),
            "entries": entries,
            "callbacks": len(booked),
            "messages": messages,
        }

    async def _no_callback(self, query: Mapping[str, str]) -> server.Answer:
        """Never call the person with ?number=… back; with ?undo=yes, again."""
        person, _hashes = self._asked_for(query)
        refused = query.get("undo") != "yes"
        people = self._registry.people
        self._registry.keep(people.refuse_callback(person, refused, self._clock()))
        self._write_down(query, "no callback" if refused else "callback allowed", "")
        await self._flush()
        return {"no_callback": refused}

    def _asked_for(self, query: Mapping[str, str]) -> tuple[str, list[str]]:
        """The person's hash, and all under which there may be something."""
        self._check_people()
        person = self._numbers.person_with(query.get("number", ""))
        if not person:
            raise server.RequestRejected("expected a telephone number, got no digit")
        return person, [person, *self._hashes.previous_hashes(query["number"])]

    def _check_people(self) -> None:
        if not self._registry.complete:
            raise server.NotNow("what is stored of people is not read yet; ask again")

    def _check_read(self) -> None:
        if not self._bookings.complete:
            raise server.NotNow("what is stored of bookings is not read yet; ask again")
        if not self._messages.complete:
            raise server.NotNow("what is stored of messages is not read yet; ask again")

    def _check_calls_read(self) -> None:
        """Who reads the calls before would have an erased person again, as they were then."""
        if not self._statistics.complete or not all(each.complete for each in self._followed):
            raise server.NotNow("the calls before are not read yet; ask again")

    # --- those who are still to be answered ------------------------------------------------

    async def _recover(self, query: Mapping[str, str]) -> server.Answer:
        """Who gave up and has not been answered or called back since, with their numbers."""
        people, rows = self._registry.people, self._rows
        after, settled = self._numbers.recover_after_seconds, self._bookings.settled_until
        self._check_people()
        self._check_read()
        found = [
            each
            for each in all_lost(people.abandoned(), after, people.rules, settled)
            if not people.calls_here(each.person.id)
        ]
        self._write_down(query, "recover list", f"{len(found)} people")
        return {
            "after_seconds": after,
            "people": [
                {
                    "hash": each.person.id,
                    "number": rows.number(each.person.number, each.person.id),
                    "effective_at": rows.moment(each.effective_at),
                    "waited_seconds": each.waited_seconds,
                    "calls": len(each.person.waits),
                    "last_at": rows.moment(each.last_at),
                }
                for each in found
            ],
        }

    # --- below -----------------------------------------------------------------------------

    async def _flush(self) -> None:
        """Raises `NotNow` while the store does not take what was decided."""
        if not await self._audit.written(FLUSH_SECONDS):
            raise server.NotNow(f"{NO_ANSWER}; ask again when it does")

    def _write_down(self, query: Mapping[str, str], what: str, detail: str) -> None:
        who = asked_by(query)
        log.event(logger, logging.INFO, "operator action", who=who, what=what)
        self._audit.audit(who, what, "", detail)
