"""Writes to the store in the background: those who decide never wait for it.

`put`, `remove` and `forget` only note the last value of each key.  The task `run` writes what was
noted, in order: a first change at once, those that follow in a batch every 200 ms.  When the store
is down it tries again each second, and then writes all that changed meanwhile.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Protocol

from ivrd.store.interface import Change, Fenced, Forget, Put, Remove, Store, StoreDown, pages
from ivrd.store.pending import Pending, RecentWrites

BATCH = 500  # changes in one write
MOST = 200_000  # changes that wait at most
REWRITE = 30.0  # seconds: what was written so lately is written again after the store was down
STANDBY = 120.0  # seconds for which a standby keeps what the leader has written as well


class Fencing(Protocol):
    """Who writes: the store refuses a writer of an earlier epoch than it has seen."""

    epoch: int  # goes with every write; 0 for an ivrd that runs alone

    def fenced(self) -> None:
        """The store has refused a write: another ivrd has taken over.  Nothing more is written."""


class WriteBehind:
    """The store, for whoever changes what is in it.

    report: called with False and why when the store is down, and with True and "" when it is back.

    While `hold` is true nothing is written, and what a standby notes is kept for `STANDBY` seconds.
    `up` is what was reported last.
    """

    def __init__(
        self,
        store: Store,
        fencing: Fencing,
        report: Callable[[bool, str], None],
        *,
        most: int = MOST,
        pause: float = 0.2,
        retry: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.up = True
        self._store = store
        self._fencing = fencing
        self._report = report
        self._pause = pause
        self._retry = retry
        self._clock = clock
        self._pending = Pending(most)
        self._recent = RecentWrites(REWRITE)
        self._hold = False
        self._work = asyncio.Event()  # there may be something to write
        self._hurry = asyncio.Event()  # and it should not wait for more
        self._flushing = 0
        self._tried = asyncio.Condition()  # a write has ended, one way or the other

    @property
    def hold(self) -> bool:
        """Whether nothing is written now."""
        return self._hold

    @hold.setter
    def hold(self, value: bool) -> None:
        self._hold = value
        self._work.set()
        self._hurry.set()

    @property
    def waiting(self) -> int:
        """Changes that are not written yet."""
        return len(self._pending)

    @property
    def lost(self) -> int:
        """Changes that were dropped because too many waited.  After the first, no mark is kept."""
        return self._pending.lost

    def put(self, kind: str, key: str, value: str) -> None:
        """Keep this value (JSON text)."""
        self._note(Put(kind, _clean(key), _clean(value)))

    def remove(self, kind: str, key: str) -> None:
        """Keep nothing under this key any more."""
        self._note(Remove(kind, _clean(key)))

    def forget(self, kind: str, before: str) -> None:
        """Remove every key of the kind that sorts before `before`."""
        self._note(Forget(kind, _clean(before)))

    async def load(self, kind: str, first: str = "", before: str = "") -> dict[str, str]:
        """What the store has (see `Store.read`).  Raises `StoreDown`, which is reported as well."""
        try:
            return await self._store.read(kind, first, before)
        except StoreDown as error:
            self._failed(str(error))
            raise

    async def peek(self, kind: str) -> dict[str, str]:
        """What the store has, for a standby: a `StoreDown` that it raises is not reported."""
        return await self._store.read(kind)

    async def adopt(self, kind: str, first: str) -> dict[str, str]:
        """What the leader before has stored under `first` and later keys; raises `StoreDown`.

        A store that is down soon, and has lost it then, gets it again, as what was written here.
        """
        found = await self.load(kind, first)
        self._recent.adopt((Put(kind, *entry) for entry in found.items()), self._clock())
        return found

    async def pages(
        self, kind: str, first: str = "", before: str = ""
    ) -> AsyncIterator[dict[str, str]]:
        """What the store has, page by page.  Raises `StoreDown`, which is reported as well."""
        try:
            async for page in pages(self._store, kind, first, before):
                yield page
        except StoreDown as error:
            self._failed(str(error))
            raise

    async def flush(self, seconds: float) -> bool:
        """Wait until all that was decided before is written; False when it is not in time.

        At once False, too, while nothing may be written.
        """
        asked = self._clock()
        self._flushing += 1
        self._work.set()
        self._hurry.set()
        try:
            async with asyncio.timeout(seconds), self._tried:
                await self._tried.wait_for(lambda: self._pending.younger_than(asked) or self._hold)
        except TimeoutError:
            return False
        finally:
            self._flushing -= 1
        return self._pending.younger_than(asked)

    async def close(self, seconds: float, recovered: Callable[[], None]) -> None:
        """Write what is left, for so long at most, and close the store; after `run` has ended."""
        writing = asyncio.create_task(self.run(recovered))
        await self.flush(seconds)
        writing.cancel()
        await self._store.close()

    async def run(self, recovered: Callable[[], None]) -> None:
        """Write until cancelled.

        `recovered()` is called when the store is back.  It may have lost what it had: note again
        what stands.
        """
        while True:
            await self._work.wait()
            self._work.clear()
            if self._hold:
                self._pending.expire(self._clock() - STANDBY)
            elif self._pending or not self.up:
                await self._write(recovered)
                if self._pending or not self.up:
                    self._work.set()
            async with self._tried:
                self._tried.notify_all()
            await self._breathe()

    async def _breathe(self) -> None:
        """Let a batch gather, or a store that is down come back."""
        if not self.up and not self._hold:
            await asyncio.sleep(self._retry)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._retry if self._hold else self._pause):
                await self._hurry.wait()
        if not self._flushing:
            self._hurry.clear()

    async def _write(self, recovered: Callable[[], None]) -> None:
        """Write one batch, if it is possible."""
        changes = self._pending.batch(BATCH)
        try:
            await self._store.write(changes, self._fencing.epoch)
        except Fenced:
            self._hold = True
            self._fencing.fenced()
        except StoreDown as error:
            self._failed(str(error))
        except Exception as error:  # a store must not end ivrd, whatever is wrong
            self._failed(f"unexpected {type(error).__name__}: {error}")
        else:
            self._wrote(changes, recovered)

    def _wrote(self, changes: list[Change], recovered: Callable[[], None]) -> None:
        self._pending.written(changes)
        self._recent.wrote(changes, self._clock())
        if not self.up:
            self.up = True
            self._report(True, "")
            recovered()

    def _failed(self, why: str) -> None:
        if self.up:
            self.up = False
            # Before all others, a mark above all: it says that what came before it is written.
            self._pending.add_first(self._recent.changes(), self._clock())
            self._work.set()
            self._report(False, why)

    def _note(self, change: Change) -> None:
        self._pending.add(change, self._clock())
        self._work.set()


def _clean(text: str) -> str:
    """Text that any store can take: half a character would fail there again and again."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
