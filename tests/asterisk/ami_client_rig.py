"""A running link, and everything that it says."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from panoramisk.message import Message

from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.ami_link import AmiAddress, Timeouts
from ivrd.asterisk.leader_guard import LeaderGuard

FAST = Timeouts(
    answer=0.3, keepalive=0.02, silent=0.2, backoff=(0.01, 0.02), refused=0.01, steady=60.0
)
SLOW_WORLD = 10.0  # seconds after which a wait of a test has failed


async def nothing() -> None:
    """A rebuild that has nothing to do."""


class Heard:
    """A connection's handler, which remembers everything.  `on_up`: what it does on logging in."""

    def __init__(self, on_up: Callable[[], Awaitable[None]] = nothing) -> None:
        self._on_up = on_up
        self.events: list[Message] = []
        self.reports: list[tuple[str, str]] = []
        self.ups = 0  # rebuilds begun
        self.downs = 0
        self._news = asyncio.Event()

    def event(self, message: Message) -> None:
        self.events.append(message)
        self._news.set()

    def report(self, kind: str, text: str) -> None:
        self.reports.append((kind, text))
        self._news.set()

    async def up(self) -> None:
        self.ups += 1
        await self._on_up()

    def down(self) -> None:
        self.downs += 1
        self._news.set()

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _text in self.reports]

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(SLOW_WORLD):
            while not true():
                self._news.clear()
                await self._news.wait()

    async def said(self, *kinds: str) -> str:
        """Wait for exactly these reports since the beginning; the last one's text."""
        await self.until(lambda: len(self.reports) >= len(kinds))
        assert self.kinds == list(kinds)
        return self.reports[-1][1]


@asynccontextmanager
async def running(
    port: int, on_up: Callable[[], Awaitable[None]] = nothing, pace: Timeouts = FAST
) -> AsyncIterator[tuple[AmiClient, Heard]]:
    received = Heard(on_up)
    address = AmiAddress("127.0.0.1", port, "ivrd", lambda: "right")
    link = AmiClient(address, LeaderGuard(), received.report, None, pace)
    task = asyncio.create_task(link.run(received))
    try:
        yield link, received
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):  # anything else has killed the run
            await task
