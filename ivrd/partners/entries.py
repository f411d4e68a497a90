"""What is stored of partners under one kind: one entry for each, by the partner's id."""

import logging
from collections.abc import Iterator
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from ivrd import log
from ivrd.store import StoreDown, WriteBehind

WRITTEN_SECONDS = 2.0
T = TypeVar("T")

logger = logging.getLogger("ivrd")


class PartnerEntries(Generic[T]):
    """`complete`: what was stored before is read."""

    def __init__(self, kind: str, of: type[T], write_behind: WriteBehind) -> None:
        self.complete = False
        self._kind = kind
        self._adapter = TypeAdapter(of)
        self._write_behind = write_behind
        self._entries: dict[str, T] = {}
        self._mine: set[str] = set()  # changed here: what the store has is older
        self._warned = False

    @property
    def readable(self) -> bool:
        """Whether it is worth trying to read what was stored."""
        return self._write_behind.up

    def __iter__(self) -> Iterator[tuple[str, T]]:
        return iter([*self._entries.items()])

    def get(self, partner: str) -> T | None:
        """A partner's entry."""
        return self._entries.get(partner)

    def put(self, partner: str, entry: T) -> None:
        """From now on it is so."""
        self._entries[partner] = entry
        self._mine.add(partner)
        self._store(partner, entry)

    def remove(self, partner: str) -> None:
        """From now on there is none."""
        self._entries.pop(partner, None)
        self._mine.add(partner)
        self._write_behind.remove(self._kind, partner)

    async def written(self) -> bool:
        """Wait until every change so far is written; False if it is not known to be."""
        return self._write_behind.up and await self._write_behind.flush(WRITTEN_SECONDS)

    async def restore(self) -> None:
        """Read what was stored before; what was changed here stands.  Does not raise."""
        wrong = 0
        found: dict[str, T] = {}
        try:
            stored = await self._write_behind.load(self._kind)
        except StoreDown:
            return
        for partner, text in stored.items():
            try:
                found[partner] = self._adapter.validate_json(text)
            except ValidationError:
                wrong += 1
        mine = {partner: one for partner, one in self._entries.items() if partner in self._mine}
        theirs = {partner: one for partner, one in found.items() if partner not in self._mine}
        self._entries = theirs | mine
        self.complete = True
        if wrong and not self._warned:
            self._warned = True
            what = "some stored entries of partners cannot be parsed and are left out"
            log.event(logger, logging.WARNING, what, entries=wrong, kind=self._kind)

    def write_again(self) -> None:
        """The store is back, and may have lost what it had."""
        for partner, entry in self._entries.items():
            self._store(partner, entry)
        for partner in self._mine.difference(self._entries):
            self._write_behind.remove(self._kind, partner)

    def _store(self, partner: str, entry: T) -> None:
        self._write_behind.put(self._kind, partner, self._adapter.dump_json(entry).decode())
