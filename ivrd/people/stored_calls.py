"""Where else in the store a person's hash stands, and how it is taken out there.

Ended calls, and what happened at partners, are read page by page: of three months that is a million
entries and more, so an entry is parsed only when the hash stands in it.
"""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass

from ivrd.store import WriteBehind

KINDS = ("ended", "history")  # see ha/call_repository.py and partners/repository.py


@dataclass(frozen=True)
class StoredCall:
    """An entry about a call of the person; `value` is JSON text."""

    kind: str
    key: str
    value: str


class StoredCalls:
    """Finds a person's calls in the store, and makes them nobody's."""

    def __init__(self, write_behind: WriteBehind) -> None:
        self._write_behind = write_behind

    async def of(self, hashes: Collection[str]) -> AsyncIterator[StoredCall]:
        """All entries in which one of these hashes stands.  Raises `StoreDown`."""
        marks = [f'"{each}"' for each in hashes]
        for kind in KINDS:
            async for page in self._write_behind.pages(kind):
                for key, value in page.items():
                    if any(mark in value for mark in marks):
                        yield StoredCall(kind, key, value)

    async def erase(self, hashes: Collection[str]) -> int:
        """Leave the calls as those of a withheld number; how many entries.  Raises `StoreDown`."""
        erased = 0
        async for entry in self.of(hashes):
            value = entry.value
            for each in hashes:
                value = value.replace(f'"{each}"', '""')
            self._write_behind.put(entry.kind, entry.key, value)
            erased += 1
        return erased
