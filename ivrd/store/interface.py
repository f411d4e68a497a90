"""What a store is: entries of a kind, each a key and JSON text, kept outside the process.

A store is advisory.  When it is gone, ivrd goes on without it and says so; what was decided
meanwhile is written when it is back (write_behind.py).  Nothing here ever waits longer than its
deadline.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

DEADLINE = 0.5  # seconds that one operation may take
# Kinds of what somebody is promised, or has promised: on the disk when written.
DURABLE = frozenset({"bookings", "outbox", "call_outs", "pledges"})
PAGE = 250  # entries that one operation reads: with more, redis-py holds up the loop for 10 ms


@dataclass(frozen=True)
class Put:
    """Keep `value` (JSON text) under this key.  To repeat it changes nothing more."""

    kind: str
    key: str
    value: str


@dataclass(frozen=True)
class Remove:
    """Keep nothing under this key any more."""

    kind: str
    key: str


@dataclass(frozen=True)
class Forget:
    """Remove every key of the kind that sorts before `before`."""

    kind: str
    before: str


Change = Put | Remove | Forget


class StoreDown(Exception):
    """The store did not do it: frozen, full, gone, read-only.  The message is for a person.

    A change may have been made all the same, or be made later; to repeat it is safe.
    """


class Fenced(Exception):
    """A later epoch is known to the store: another ivrd is the leader now."""


class Store(Protocol):
    """Where entries are kept.  Keys sort by their characters' code points.

    Every operation but `close` raises `StoreDown`; a store that was down is tried anew each time.
    """

    async def open(self) -> None:
        """Try whether the store is there.  Not needed before the others."""

    async def write(self, changes: Sequence[Change], epoch: int) -> None:
        """Make all these changes in their order, or none of them.

        Raises `Fenced` when the store knows a later epoch; an ivrd that works alone has epoch 0.
        """

    async def read(self, kind: str, first: str = "", before: str = "") -> dict[str, str]:
        """The entries with `first` <= key < `before`, in key order; an empty `before` is no limit.

        Many entries are read in pages, each of which has the deadline.
        """

    async def page(self, kind: str, first: str = "", before: str = "") -> dict[str, str]:
        """The first `PAGE` of these entries; fewer are all that there are."""

    async def close(self) -> None:
        """Release it.  Waits no longer than the deadline."""


async def pages(
    store: Store, kind: str, first: str = "", before: str = ""
) -> AsyncIterator[dict[str, str]]:
    """The entries of `Store.read`, page by page: as many as there may be take little memory."""
    while True:
        page = await store.page(kind, first, before)
        yield page
        if len(page) < PAGE:
            return
        first = f"{next(reversed(page))}\0"  # the first key that sorts after the last one


async def read_pages(store: Store, kind: str, first: str, before: str) -> dict[str, str]:
    """What `Store.read` returns."""
    entries: dict[str, str] = {}
    async for page in pages(store, kind, first, before):
        entries |= page
    return entries
