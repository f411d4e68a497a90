"""Who may come in to the HTTP sockets, how many at a time, and how long each may take.

aiohttp has no time-out for a request that comes drop by drop nor for an answer that nobody reads,
and no limit on connections.  Both are kept here, outside of it: each connection's protocol is
wrapped in a `LimitedConnection`, which asyncio calls in aiohttp's place and which hands everything
on.  Only asyncio's and aiohttp's public interfaces are used, and only two moments of HTTP have to
be known:

* the request is there  -> `ConnectionLimiter.asked`, a middleware: the clock stops while we work on
the answer
* the answer begins     -> `ConnectionLimiter.answering`, aiohttp's signal: it has to be read in
time

A connection is for one request: so a guest cannot stay, nor send the next before it has read its
answer.  When the house is full, a newcomer takes the place of the one who has been there longest
without having asked, else of the one who has been reading longest: so those who fill the house
with silent connections do not keep out whoever sends its request at once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

PATIENCE_SECONDS = 10.0  # for the whole request, and again for the whole answer
FULL = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ConnectionLimiter:
    """The guests of one socket: `most` at a time, each with `patience` seconds."""

    def __init__(self, most: int, patience: float = PATIENCE_SECONDS) -> None:
        self.most = most
        self.patience = patience
        self.rejected = 0  # found the house full
        self.dropped = 0  # were too slow, or had not asked when the house was full
        self.guests: dict[object, LimitedConnection] = {}  # in the order in which they came

    def watch(self, app: web.Application) -> None:
        """Hear from the application when a request is there and when its answer begins."""
        app.middlewares.insert(0, self._asked)
        app.on_response_prepare.append(self._answering)

    def enter(self, guest: "LimitedConnection") -> bool:
        """Let a guest in, if there is or can be made room."""
        if len(self.guests) >= self.most:
            idle = [guest for guest in self.guests.values() if not guest.at_work]
            if not idle:
                self.rejected += 1
                return False
            min(idle, key=lambda guest: guest.has_asked).drop()
        self.guests[guest.inner] = guest
        return True

    def leave(self, guest: "LimitedConnection") -> None:
        """A guest is gone."""
        if self.guests.get(guest.inner) is guest:
            del self.guests[guest.inner]

    @web.middleware
    async def _asked(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if guest := self.guests.get(request.protocol):
            guest.asked()
        return await handler(request)

    async def _answering(self, request: web.Request, response: web.StreamResponse) -> None:
        response.force_close()
        response.headers["Connection"] = "close"
        response.headers.pop("Server", None)  # which versions run here is nobody's business
        if guest := self.guests.get(request.protocol):
            guest.answering()


class LimitedConnection(asyncio.Protocol):
    """One connection: hands everything on to aiohttp's protocol, `inner`, and keeps the clock."""

    def __init__(self, door: ConnectionLimiter, inner: Any) -> None:
        self.inner = inner
        self.has_asked = False  # the whole request is there
        self.at_work = False  # we are, on the answer
        self._door = door
        self._inside = False
        self._transport: asyncio.Transport | None = None
        self._clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let in, or answer that the house is full."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._inside = self._door.enter(self)
        if not self._inside:
            transport.write(FULL)
            transport.close()
            return
        self._start_clock()
        self.inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Bytes of the request."""
        if self._inside:
            self.inner.data_received(data)

    def eof_received(self) -> bool | None:
        """The guest sends no more; it may still read."""
        return bool(self.inner.eof_received()) if self._inside else None

    def pause_writing(self) -> None:
        """The guest does not read as fast as we write."""
        if self._inside:
            self.inner.pause_writing()

    def resume_writing(self) -> None:
        """The guest has read on."""
        if self._inside:
            self.inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended, whoever ended it."""
        self._stop_clock()
        self._door.leave(self)
        if self._inside:
            self.inner.connection_lost(exc)

    def asked(self) -> None:
        """The whole request is there."""
        self.has_asked = self.at_work = True
        self._stop_clock()

    def answering(self) -> None:
        """The answer begins."""
        self.at_work = False
        self._start_clock()

    def drop(self) -> None:
        """End the connection now, whatever has not been sent."""
        self._door.dropped += 1
        self._door.leave(self)
        if self._transport is not None:
            self._transport.abort()

    def _start_clock(self) -> None:
        self._stop_clock()
        loop = asyncio.get_running_loop()
        self._clock = loop.call_later(self._door.patience, self.drop)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None


class LimitedRunner(web.AppRunner):
    """aiohttp's runner, whose connections come in through a door."""

    def __init__(self, app: web.Application, door: ConnectionLimiter, **settings: Any) -> None:
        door.watch(app)
        super().__init__(app, **settings)
        self._door = door

    @property
    def server(self) -> Any:
        """What makes the protocol of a new connection: aiohttp's own, wrapped."""
        make = super().server
        return None if make is None else lambda: LimitedConnection(self._door, make())
