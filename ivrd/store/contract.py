"""What a store is: entries of a kind, each a key and JSON text, kept outside the process.

A store is advisory.  When it is gone, ivrd goes on without it and says so; what was decided
meanwhile is written when it is back (keeper.py).  Nothing here ever waits longer than its deadline.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

DEADLINE = 0.5  # seconds that one operation may take
PAGE = 1000  # entries that one operation reads


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
    """A later epoch is known to the store: another ivrd has taken over, this one acts no more."""


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

        Many entries are read in pages of `PAGE`, each of which has the deadline.
        """

    async def close(self) -> None:
        """Let go of it.  Waits no longer than the deadline."""


async def read_pages(
    page: Callable[[str], Awaitable[dict[str, str]]], first: str
) -> dict[str, str]:
    """All entries from `first` on; `page` reads at most `PAGE` of them from a key on."""
    entries: dict[str, str] = {}
    while True:
        more = await page(first)
        entries |= more
        if len(more) < PAGE:
            return entries
        first = f"{next(reversed(more))}\0"  # the first key that sorts after the last one
