"""The outbox: messages are put in by whoever has something to say, and are there until delivered.

An entry is stored with every step, as kind `outbox` by its id: sealed as long as it may be sent,
and without what it said once it was delivered.  An id is made from what the message is about, so
that whoever puts the same in again, after a restart or a takeover, puts in the same entry.  Where
another one about the same would say something else, the id is drawn by lot (`once=False`): an ivrd
that does not know of the first one yet puts in a second one, and neither takes the other's place.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from pydantic import TypeAdapter, ValidationError

from ivrd import log
from ivrd.asterisk.breaks import with_breaks
from ivrd.config.outbox_settings import MessageSettings, OutboxSettings
from ivrd.core.outbox import (
    RETRY_AFTER_AT_MOST,
    Entry,
    EntryState,
    Failed,
    Result,
    after,
    expired,
    reached,
    sent_again,
)
from ivrd.core.outbox_backlog import Backlog
from ivrd.outbox.message import Message, Sealer
from ivrd.store import StoreDown, WriteBehind

OUTBOX = "outbox"
STORED_ENTRY = TypeAdapter(Entry)
IDS = uuid.UUID("9a3c0f5e-6a52-4c0e-8f0e-1d6a2f6f7c33")  # the namespace of our ids (RFC 9562, v5)
WRITTEN_SECONDS = 2.0
AT_A_TIME = 100

logger = logging.getLogger("ivrd")


class OutboxListener(Protocol):
    """Receives what becomes of entries; see metrics/outbox.py."""

    def attempt_ended(self, channel: str, result: Result) -> None:
        """An attempt has ended."""

    def delivered(self, channel: str, seconds: float) -> None:
        """An entry was delivered, so long after it was put in."""

    def reached(self, channel: str) -> None:
        """It was told that an entry has reached its recipient."""

    def lost(self, channel: str, cause: str) -> None:
        """An entry is not there any more, or never was, and was not delivered."""


class Outbox:
    """All entries, as they are now.

    `clock` is the timeline; `shift()` what the time of day is ahead of it, which is what is stored.
    `chance()`: a number drawn evenly from 0 to 1.  `wake()` is called when something may be due.
    """

    def __init__(
        self,
        settings: OutboxSettings,
        write_behind: WriteBehind,
        sealer: Sealer,
        listener: OutboxListener,
        clock: Callable[[], float],
        shift: Callable[[], float],
        chance: Callable[[], float],
        wake: Callable[[], None],
    ) -> None:
        self.settings = settings
        self.backlog = Backlog(settings.most)
        self.complete = False  # what was stored before is read
        self._write_behind = write_behind
        self._sealer = sealer
        self._listener = listener
        self._clock = clock
        self._shift = shift
        self._chance = chance
        self._wake = wake
        self._order = 0
        self._writing: asyncio.Future[None] | None = None
        self._awaited: dict[str, asyncio.Event] = {}  # entries whose end somebody waits for

    @property
    def readable(self) -> bool:
        """Whether it is worth trying to read what was stored."""
        return self._write_behind.up

    def configure(self, settings: OutboxSettings) -> None:
        """What a reload changes."""
        self.settings = settings
        self.backlog.most = settings.most

    # --- putting in ------------------------------------------------------------------------

    def post(
        self,
        message: Message,
        about: str,
        recipient: str,
        of: MessageSettings | None = None,
        *,
        once: bool = True,
    ) -> None:
        """Have a message sent, if the configuration has one of this name.  Never waits.

        about: what it is about; the same message about the same is put in once.  recipient: what
        stands for whoever gets it.  of: how it leaves, where outbox.yaml does not say so.  once:
        another one about the same is the same one, also of an ivrd that does not know of this one.
        """
        of = of or self.settings.messages.get(message.use)
        if of is None or self.holds(message.use, about):
            return
        if not self._has_room():
            self._listener.lost(of.channel, "refused")
            what = "the outbox is full: a message was not taken"
            log.event(logger, logging.ERROR, what, use=message.use, channel=of.channel)
            return
        now = self._clock()
        # Ascending, also after a restart: moments of what is stored are in the past.
        self._order = max(self._order + 1, int((now + self._shift()) * 1_000_000))
        self._put(
            Entry(
                id=id_of(message.use, about) if once else str(uuid.uuid4()),
                channel=of.channel,
                use=message.use,
                recipient=recipient,
                sealed=message.sealed(self._sealer),
                order=self._order,
                created_at=now,
                give_up_at=now + of.within_seconds,
                next_at=now,
                about="" if once else about,
            )
        )
        self._wake()

    async def delivered(self, use: str, about: str, seconds: float) -> bool:
        """Whether the message of this name about this is delivered, waiting for so long at most."""
        entry_id = id_of(use, about)
        entry = self.backlog.get(entry_id)
        if entry is not None and entry.state is EntryState.WAITING:
            ended = self._awaited.setdefault(entry_id, asyncio.Event())
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await ended.wait()
            entry = self.backlog.get(entry_id)
        self._awaited.pop(entry_id, None)
        return entry is not None and entry.state is EntryState.DELIVERED

    def holds(self, use: str, about: str) -> bool:
        """Whether the message of this name about this was put in: another one would not be."""
        known = self.backlog.get(id_of(use, about)) is not None
        return known or self.backlog.has_about(use, about)

    def _has_room(self) -> bool:
        """Whether one more can be taken; the oldest dead letters make room."""
        while self.backlog.full:
            oldest = self.backlog.first_ended(EntryState.DEAD)
            if oldest is None:
                return False
            self._listener.lost(oldest.channel, "forgotten")
            what = "the outbox is full: a dead letter is forgotten"
            log.event(logger, logging.ERROR, what, id=oldest.id, channel=oldest.channel)
            self._remove(oldest)
        return True

    # --- what becomes of an entry ----------------------------------------------------------

    def message(self, entry: Entry) -> Message:
        """What is to be sent.  Raises when it cannot be opened; see `Message.of`."""
        return Message.of(entry.sealed, self._sealer)

    def attempt_ended(self, entry: Entry, result: Result) -> None:
        """An attempt has ended so."""
        now = self._clock()
        self._listener.attempt_ended(entry.channel, result)
        if self.backlog.get(entry.id) is not entry:
            return  # an operator has dropped it meanwhile
        then = after(entry, result, now, self._chance())
        self._put(then)
        if then.state is EntryState.DELIVERED:
            self._listener.delivered(entry.channel, now - entry.created_at)
            self._report("message delivered", logging.INFO, then)
        elif then.state is EntryState.DEAD:
            self._report("message not delivered", logging.WARNING, then)
        elif isinstance(result, Failed):
            self._report("message not delivered yet", logging.DEBUG, then)

    def reached(self, entry_id: str, channel: str) -> bool:
        """The channel tells that the recipient has an entry: whether that is news of one here.

        Also of one that is not known to be delivered: its attempt had no answer, or has none yet.
        """
        entry, now = self.backlog.get(entry_id), self._clock()
        if entry is None or entry.channel != channel or entry.reached_at is not None:
            return False
        self._put(then := reached(entry, now))
        if entry.state is not EntryState.DELIVERED:
            self._listener.delivered(channel, now - entry.created_at)
        self._listener.reached(channel)
        self._report("message reached its recipient", logging.INFO, then)
        return True

    def look(self) -> None:
        """Each second: entries whose time is over become dead letters, and old ones go.

        A few at a time, should there be thousands: calls have their turn in between.
        """
        now = self._clock()
        for entry in self.backlog.expired(now, AT_A_TIME):
            then = expired(entry, now)
            self._put(then)
            self._report("message not delivered", logging.WARNING, then)
        for state in (EntryState.DELIVERED, EntryState.DEAD):
            self._forget_before(now - self.settings.keep_seconds, state)

    def _forget_before(self, moment: float, state: EntryState) -> None:
        for _ in range(AT_A_TIME):
            entry = self.backlog.first_ended(state)
            if entry is None or (entry.ended_at or 0.0) >= moment:
                break
            if state is EntryState.DEAD:
                self._listener.lost(entry.channel, "forgotten")
            self._remove(entry)

    # --- what an operator wants ------------------------------------------------------------

    def retry(self, entry: Entry) -> bool:
        """Whether it is sent as soon as its turn comes: not one delivered, or on its way."""
        now = self._clock()
        if entry.state is EntryState.DELIVERED or self.backlog.is_sent_now(entry):
            return False
        waits = entry.state is EntryState.WAITING
        self._put(replace(entry, next_at=now) if waits else sent_again(entry, now))
        self._wake()
        return True

    def drop(self, entry: Entry) -> bool:
        """Whether it will not be sent any more: not one delivered, or on its way."""
        if entry.state is EntryState.DELIVERED or self.backlog.is_sent_now(entry):
            return False
        self._listener.lost(entry.channel, "dropped")
        self._remove(entry)
        return True

    # --- one person's ----------------------------------------------------------------------

    def of_people(self, people: Collection[str]) -> list[tuple[Entry, Message | None]]:
        """All for these recipients, each with what it says as long as that is kept."""
        found = [one for one in self.backlog if one.recipient in people]
        return [(one, self._opened(one)) for one in found]

    def erase(self, people: Collection[str]) -> int:
        """Forget all for these recipients; how many."""
        found = [one for one in self.backlog if one.recipient in people]
        for one in found:
            self._remove(one)
        return len(found)

    def _opened(self, entry: Entry) -> Message | None:
        try:
            return self.message(entry) if entry.sealed else None
        except Exception:  # sealed with a key that is gone
            return None

    async def written(self) -> bool:
        """Wait until every step so far is stored; False if it is not known to be."""
        return await self._write_behind.flush(WRITTEN_SECONDS)

    # --- the store -------------------------------------------------------------------------

    async def restore(self) -> None:
        """Read what was stored before; what is here already stands.  Does not raise."""
        wrong, found = 0, []
        try:
            async for page in self._write_behind.pages(OUTBOX):
                for text in page.values():
                    try:
                        found.append(STORED_ENTRY.validate_json(text))
                    except ValidationError:
                        wrong += 1
        except StoreDown:
            return
        found.sort(key=lambda one: one.ended_at or 0.0)
        async for stored in with_breaks(found):
            self._order = max(self._order, stored.order)
            if self.backlog.get(stored.id) is None:
                self.backlog.put(self._restored(stored))
        self.complete = True
        self._wake()
        if wrong:
            what = "some stored messages cannot be parsed and are left out"
            log.event(logger, logging.WARNING, what, entries=wrong)

    def _restored(self, stored: Entry) -> Entry:
        """A stored entry on the timeline; no pause is longer than it can have been."""
        one, now = _shifted(stored, -self._shift()), self._clock()
        return replace(one, next_at=min(one.next_at, now + RETRY_AFTER_AT_MOST))

    def write_again(self) -> None:
        """The store is back, and may have lost what it had."""
        if self._writing is None or self._writing.done():
            self._writing = asyncio.ensure_future(self._write_again())

    async def _write_again(self) -> None:
        async for entry in with_breaks(self.backlog):
            if self.backlog.get(entry.id) is entry:  # else it was written anew meanwhile
                self._store(entry)

    def _put(self, entry: Entry) -> None:
        self.backlog.put(entry)
        if entry.state is not EntryState.WAITING and (ended := self._awaited.get(entry.id)):
            ended.set()
        self._store(entry)
        delivered = self.backlog.first_ended(EntryState.DELIVERED)
        if delivered and self.backlog.remembered > self.settings.most:
            self._remove(delivered)

    def _store(self, entry: Entry) -> None:
        text = STORED_ENTRY.dump_json(_shifted(entry, self._shift())).decode()
        self._write_behind.put(OUTBOX, entry.id, text)

    def _remove(self, entry: Entry) -> None:
        self.backlog.forget(entry)
        self._write_behind.remove(OUTBOX, entry.id)

    def _report(self, what: str, level: int, entry: Entry) -> None:
        fields: dict[str, log.Field] = {"why": entry.why} if entry.why else {}
        log.event(
            logger,
            level,
            what,
            id=entry.id,
            use=entry.use,
            channel=entry.channel,
            attempts=entry.attempts,
            error=None,
            **fields,
        )


def id_of(use: str, about: str) -> str:
    """The id of the entry with the message of this name about this."""
    return str(uuid.uuid5(IDS, f"{use}/{about}"))


def _shifted(entry: Entry, seconds: float) -> Entry:
    if not seconds:
        return entry
    return replace(
        entry,
        created_at=entry.created_at + seconds,
        give_up_at=entry.give_up_at + seconds,
        next_at=entry.next_at + seconds,
        ended_at=None if entry.ended_at is None else entry.ended_at + seconds,
        reached_at=None if entry.reached_at is None else entry.reached_at + seconds,
    )
