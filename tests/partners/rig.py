"""Partners over a hotline without Asterisk, for the tests of operations and of the command."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from ivrd.api import server
from ivrd.api.partner_operations import PartnerOperations
from ivrd.api.peercred import named
from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.facts import PartnerLegEvent
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.core.breaker import Breaker, describe
from ivrd.core.call import AnsweredBy, Call
from ivrd.core.call_events import Connected, HungUp, JoinedQueue
from ivrd.core.ledger import Ledger
from ivrd.core.overflow import Policy
from ivrd.core.partner import Partner, PartnerState
from ivrd.core.repeat_calls import ServedCall
from ivrd.core.report import PartnerEvent, PartnerEventKind
from ivrd.metrics.partners import PartnerMetrics
from ivrd.partners.controller import PartnerController
from ivrd.partners.recorder import PartnerRecorder
from ivrd.partners.repository import PartnerRepository
from ivrd.partners.runtime import PartnerSetup
from ivrd.store import StoreDown, WriteBehind
from tests.fixtures.agents import NoAgents

BANGKOK = ZoneInfo("Asia/Bangkok")
NOW = 1_795_312_060.0  # 22 November 2026, 08:47 in Bangkok
ALPHA = Partner(
    "alpha",
    "ธนาคาร ก",
    "Alpha Bank",
    "192.0.2.1",
    30,
    40,
    PartnerState.ACTIVE,
    topics=("t",),
    languages=("th",),
)
BETA = Partner(
    "beta", "ธนาคาร ข", "Beta Bank", "192.0.2.2", 10, 15, topics=("t",), languages=("th",)
)  # onboarding


@dataclass
class Calls:
    """Places test calls: what each will come to is put in beforehand."""

    answers: list[tuple[bool, str] | Exception] = field(default_factory=list)
    placed: list[str] = field(default_factory=list)
    guard: asyncio.Event | None = None  # a test call waits for it

    async def drill(self, partner: str, _seconds: float) -> tuple[bool, str]:
        self.placed.append(partner)
        if self.guard is not None:
            await self.guard.wait()
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Shelf:
    """A keeper over a store in memory, which several ivrd may share; while it is down all waits."""

    def __init__(self) -> None:
        self.entries: dict[str, dict[str, str]] = {}
        self.waiting: list[tuple[str, str, str]] = []
        self.down = False

    def put(self, kind: str, key: str, value: str) -> None:
        self.waiting.append((kind, key, value))
        if not self.down:
            self.write()

    def write(self) -> None:
        for kind, key, value in self.waiting:
            self.entries.setdefault(kind, {})[key] = value
        self.waiting.clear()

    def remove(self, kind: str, key: str) -> None:
        self.entries.get(kind, {}).pop(key, None)

    def of(self, kind: str) -> dict[str, str]:
        return self.entries.get(kind, {})

    def forget(self, kind: str, before: str) -> None:
        kept = self.entries.get(kind, {}).items()
        self.entries[kind] = {key: value for key, value in kept if key >= before}

    async def pages(
        self, kind: str, first: str = "", before: str = ""
    ) -> AsyncIterator[dict[str, str]]:
        if self.down:
            raise StoreDown("the store is down")
        for key, value in sorted(self.entries.get(kind, {}).items()):
            if first <= key and (not before or key < before):
                yield {key: value}

    async def adopt(self, kind: str, first: str) -> dict[str, str]:
        pages = [page async for page in self.pages(kind, first)]
        return {key: value for page in pages for key, value in page.items()}

    async def flush(self, _seconds: float) -> bool:
        return not self.down


class NoCallOuts:
    """Nobody is called out; `people`: what partners have said of today."""

    def __init__(self) -> None:
        self.people: dict[str, int] = {}

    async def refresh(self) -> None: ...

    def row(self, partner: str) -> dict[str, Any]:
        return {"called_out": None, "pledge": None}

    def asked(self, _partner: str) -> int:
        return 0

    def pledged(self, partner: str) -> int | None:
        return self.people.get(partner)


class Served:
    """What callers said after their talks."""

    def __init__(self) -> None:
        self.calls: list[ServedCall] = []

    async def between(self, start: float, end: float) -> AsyncIterator[Sequence[ServedCall]]:
        yield [call for call in self.calls if start <= call.at < end]


class Rig:
    """Two partners, their book on a shelf, and everything that tells or asks of them."""

    def __init__(
        self, shelf: Shelf | None = None, *, partners: tuple[Partner, ...] = (ALPHA, BETA)
    ) -> None:
        self.now = NOW
        self.shift = 0.0  # by how much the machine's clock was set forward
        self.is_leader = True
        self.shelf = shelf or Shelf()
        self.ledger = Ledger()
        self.queue_members = QueueMembers(
            cast(AmiClient, None), (), time.time, (), lambda: None, NoAgents()
        )
        setup = PartnerSetup(
            partners, {"q": ("t",)}, Policy(), lambda: frozenset({"alpha", "beta"}), {}
        )
        write_behind = cast(WriteBehind, self.shelf)
        self.book = PartnerRepository(write_behind, 92, 400, lambda: self.now, self)
        self.asked: list[float] = []  # when an evaluation was asked for
        self.told: list[str] = []  # of partners' breakers
        self.booked: Counter[str] = Counter()  # people to be called back, by queue
        self.call_outs = NoCallOuts()
        self.faults: dict[str, str] = {}  # what is wrong with partners' trunks
        self.partners = PartnerController(
            setup,
            self.ledger,
            self.queue_members,
            self.book,
            self,
            lambda: self.asked.append(self.now),
            lambda _now: self.booked,
            self.call_outs.people.get,
            lambda partner: self.faults.get(partner, ""),
        )
        self.recorder: PartnerRecorder | None = None
        self.calls = Calls()
        self.calls_written = 0
        self.loop: asyncio.AbstractEventLoop  # in which it is served
        self.served = Served()
        self.operations = PartnerOperations(
            self.partners,
            self.book,
            self.call_outs,
            self.served,
            BANGKOK,
            self.calls.drill,
            now=lambda: self.now,
            clock=lambda: self.now + self.shift,
        )
        asyncio.run(self.operations.restore())

    def partner_breaker(self, partner: str, breaker: Breaker, now: float) -> None:
        """What a breaker tells, with what an operator reads of it."""
        self.told.append(f"{partner} {breaker.state}: {describe(breaker, now)}")

    def wrote(self, line: PartnerEvent, at: float = NOW, seat: str = "alpha/01") -> None:
        """Something happened at a partner to a caller who came at that moment."""
        self.calls_written += 1
        self.book.record(line, f"{int(at)}.{self.calls_written}", at, seat)

    def watch(self, metrics: PartnerMetrics) -> PartnerRecorder:
        """Have what happens told to metrics and book."""
        self.recorder = PartnerRecorder(self.ledger, metrics, self.book, self)
        return self.recorder

    def leg_event(self, kind: str, partner: str = "alpha", **more: Any) -> None:
        """Something happens on the partner's first seat, for a caller who waits."""
        about = {"waiting": "a caller", "stamp": self.now, **more}
        leg_event = PartnerLegEvent(
            partner, f"{partner}/01", PartnerEventKind(kind), self.now, **about
        )
        self.partners.leg_event(leg_event)
        if self.recorder is not None:
            self.recorder.leg_event(leg_event)

    def begin(self, call_id: str, caller: str = "", seat: str = "alpha/01") -> None:
        """A caller rings, waits no time and talks."""
        self.ledger.receive(Call(call_id, self.now, caller))
        by = AnsweredBy.PARTNER if "/" in seat else AnsweredBy.INHOUSE
        for event in (JoinedQueue(self.now, "q"), Connected(self.now, by, seat)):
            self.ledger.apply(call_id, event)

    def talk(
        self,
        watch: PartnerRecorder,
        call_id: str,
        seconds: float,
        caller: str,
        seat: str = "alpha/01",
    ) -> None:
        """A caller who is helped, from ring to end."""
        self.begin(call_id, caller, seat)
        for notice in self.ledger.apply(call_id, HungUp(self.now + seconds)):
            watch.notice(notice)


@contextmanager
def served(rig: Rig, path: Path) -> Iterator[None]:
    """The rig's operations on a Unix socket, in a thread of its own."""
    loop, ready = asyncio.new_event_loop(), threading.Event()
    rig.loop = loop
    stop = asyncio.Event()

    async def serve() -> None:
        app = server.control_app(rig.operations.queries(), rig.operations.commands())
        app.middlewares.append(named)
        runner = await server.listen_unix(app, path, 0o600)
        ready.set()
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
