"""An ivrd without daemon, web and metrics, on a store, a lease and a link in memory."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC
from pathlib import Path

from panoramisk.message import Message

from ivrd.asterisk.ami_action import ConnectionLost
from ivrd.asterisk.leader_guard import LeaderGuard, NotLeader
from ivrd.asterisk.queue_log import QueueLogReader
from ivrd.core.call import Call
from ivrd.core.clock import Timeline
from ivrd.core.ledger import Ledger
from ivrd.core.people import FairnessRules, People
from ivrd.core.recent import Recent
from ivrd.ha.call_repository import ENDED, CallRepository
from ivrd.ha.election import Election
from ivrd.ha.failover import Failover, Persistence
from ivrd.ha.leadership import Leadership
from ivrd.ha.reconciliation import Reconciliation
from ivrd.metrics.calls import CallMetrics
from ivrd.metrics.observer import Observer
from ivrd.people.registry import PeopleRegistry
from ivrd.people.repository import PeopleRepository
from ivrd.store import WriteBehind
from ivrd.store.interface import Change, Fenced, Forget, Put, StoreDown
from tests.calls.rig import NOW, FakeLink, Rig
from tests.calls.test_tracker_rebuild import lists
from tests.fixtures.booked import Booked

PATIENCE = 30.0  # seconds; only a machine that is stuck takes so long


class Shelves:
    """A store in memory that several ivrd share."""

    def __init__(self) -> None:
        self.entries: dict[str, dict[str, str]] = {}
        self.epoch = 0
        self.down = self.unreadable = False
        self.slow = asyncio.Event()  # reading waits for it
        self.slow.set()
        self.reading = asyncio.Event()

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def write(self, changes: Sequence[Change], epoch: int) -> None:
        if self.down:
            raise StoreDown("it is down")
        if epoch < self.epoch:
            raise Fenced("somebody else acts")
        self.epoch = epoch
        for change in changes:
            shelf = self.entries.setdefault(change.kind, {})
            if isinstance(change, Put):
                shelf[change.key] = change.value
            elif not isinstance(change, Forget):
                shelf.pop(change.key, None)

    async def read(self, kind: str, first: str = "", before: str = "") -> dict[str, str]:
        self.reading.set()
        await self.slow.wait()
        if self.down or self.unreadable:
            raise StoreDown("it is down")
        found = sorted(self.entries.get(kind, {}).items())
        return {k: v for k, v in found if k >= first and (not before or k < before)}

    async def page(self, kind: str, first: str = "", before: str = "") -> dict[str, str]:
        return await self.read(kind, first, before)

    def ended(self) -> list[str]:
        """The ids of the calls that were written down as ended."""
        return sorted(key.partition("/")[2] for key in self.entries.get(ENDED, {}))


class Held:
    """A lease that somebody else has, until the test gives it away."""

    def __init__(self) -> None:
        self.free = False
        self.successor = ""
        self.released_to = ""

    async def claim(self, name: str, ttl: float, least: int = 1) -> int | None:
        return least if self.free else None

    async def renew(self, name: str, epoch: int, ttl: float) -> bool:
        return True

    async def release(self, name: str, epoch: int, successor: str = "") -> bool:
        self.released_to = successor
        return True

    async def stand_by(self, name: str, ttl: float) -> None: ...

    async def standing_by(self) -> str:
        return self.successor


class AnyLink(FakeLink):
    """Asterisk with its one global variable; remembers what changes anything."""

    def __init__(self) -> None:
        super().__init__()
        self.slowly, self.guard = self.guard, LeaderGuard()  # type: ignore[assignment]
        self.logged_in = True
        self.listed = 0
        self.token = "1 other:1"
        self.changed: list[str] = []
        self.beats = self.failed = 0
        self.reading = 0

    async def ask_list(self, action: str) -> Sequence[Message]:
        self.reading += 1
        assert self.reading == 1, "two read at once"
        await asyncio.sleep(0.001)
        self.reading -= 1
        if self.lost:
            self.failed += 1
            raise ConnectionLost("gone")
        return self.lists.get(action, [])

    async def ask(self, action: str, **headers: str) -> None:
        await self.guard.submit(action, self._done)  # type: ignore[attr-defined]
        self.changed.append(action)

    def _done(self) -> "asyncio.Future[None]":
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    async def get_global(self, _name: str) -> str:
        return self.token

    async def keepalive(self) -> None:
        self.beats += 1

    async def announce_leader(self, token: str) -> None:
        self.token = token


class Partners:
    """What is stored of partners, of which only this matters here."""

    def __init__(self) -> None:
        self.restored = 0
        self.written_again = 0

    async def restore(self) -> None:
        self.restored += 1

    def write_again(self) -> None:
        self.written_again += 1


class Room:
    """How many callers Asterisk has room for: told by the leader only."""

    def __init__(self, link: AnyLink) -> None:
        self.told = 0
        self._link = link

    async def read(self) -> None:
        with suppress(NotLeader):
            await self._link.ask("Setvar")
            self.told += 1


class Ivrd:
    """One ivrd without daemon, web and metrics; `lease` None: alone."""

    def __init__(self, folder: Path, store: Shelves, lease: Held | None = None) -> None:
        self.link = AnyLink()
        self.stepped_down: list[str] = []
        self.partners = Partners()
        self.room = Room(self.link)
        self.ledger = Ledger()
        self.record = folder / "queue_log"
        self.record.touch()
        guard: LeaderGuard = self.link.guard  # type: ignore[assignment]
        self.leadership = Leadership("me:1", lease is None, guard, self.stepped_down.append)
        observer = Observer(
            CallMetrics([], 20.0, "0", clock=time.time), Recent(20.0), self.leadership, time.time
        )
        self.write_behind = WriteBehind(store, self.leadership, observer.store)
        repository = CallRepository(self.write_behind, UTC, 92, lambda: NOW, lambda: 0.0)
        self.people = PeopleRegistry(
            People(FairnessRules()),
            PeopleRepository(self.write_behind, lambda: 0.0),
            lambda: NOW,
            Booked(),
        )
        self.reconciliation = Reconciliation(
            QueueLogReader(self.record),
            self.ledger.calls,
            lambda at: at,
            lambda _token: "",
            lambda _entry: None,
        )
        self.rig = Rig(
            link=self.link,
            ledger=self.ledger,
            resolver=self.reconciliation,
            credits_=self.people,
            notices=(repository, self.reconciliation, self.people),
            positions=(repository, self.people),
        )
        self.tracker = self.rig.tracker
        self.failover = Failover(
            Election(self.leadership, lease, self.link, guard),  # type: ignore[arg-type]
            self.link,  # type: ignore[arg-type]
            self.tracker,
            self.reconciliation,
            Persistence(self.write_behind, repository, self.partners, (self.people,), Partners()),
            self.room,
            Timeline(lambda: NOW, lambda: 0.0),
        )
        self._running = asyncio.create_task(self.failover.run())

    def asterisk_has(self, *calls: Call, in_agi: bool = True) -> None:
        self.link.lists = lists(calls, in_agi)

    async def die(self) -> None:
        """As by kill -9."""
        self._running.cancel()
        await asyncio.wait([self._running])

    async def written(self) -> None:
        assert await self.write_behind.flush(PATIENCE)

    async def reconcile(self, seconds: float) -> None:
        """So much time goes by for reconciliation."""
        self.tracker.record_ends(await self.reconciliation.tick(NOW + seconds))

    def counted(self) -> dict[str, int]:
        ledger = self.ledger
        return {
            "received": ledger.received,
            "ended": sum(ledger.outcomes.values()),
            "here": ledger.in_progress().total(),
        }


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110  several things may make it true
            await asyncio.sleep(0.005)


def live(body: Callable[[Shelves], Awaitable[None]]) -> None:
    async def main() -> None:
        await body(Shelves())
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    asyncio.run(main())


def line(call_id: str, event: str, queue: str = "hotline", member: str = "NONE") -> str:
    """A line of Asterisk's record."""
    return f"{int(NOW)}|{call_id}|{queue}|{member}|{event}\n"


CALL = f"{int(NOW)}.1"
SECOND = f"{int(NOW)}.2"
THIRD = f"{int(NOW)}.3"
FOURTH = f"{int(NOW)}.4"
