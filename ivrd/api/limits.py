"""Who may connect to the HTTP sockets, how many at a time, and how long each may take.

aiohttp has no time-out for a request that comes drop by drop nor for an answer that nobody reads,
and no limit on connections.  Both are kept here, outside of it: each connection's protocol is
wrapped in a `LimitedConnection`, which asyncio calls in aiohttp's place and which hands everything
on.  Only asyncio's and aiohttp's public interfaces are used, and only two moments of HTTP have to
be known:

* the request is there  -> `ConnectionLimiter.asked`, a middleware: the clock stops while we work on
the answer
* the answer begins     -> `ConnectionLimiter.answering`, aiohttp's signal: it has to be read in
time

A connection is for one request: so a client cannot stay, nor send the next before it has read its
answer.  When all places are taken, a new connection takes the place of the one that has been there
longest without having sent its request, or otherwise of the one that has been reading longest: so
those who fill all places with silent connections do not keep out whoever sends its request at once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

PATIENCE_SECONDS = 10.0  # for the whole request, and again for the whole answer
FULL = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ConnectionLimiter:
    """The connections of one socket: `most` at a time, each with `patience` seconds."""

    def __init__(self, most: int, patience: float = PATIENCE_SECONDS) -> None:
        self.most = most
        self.patience = patience
        self.rejected = 0  # there was no place for them
        self.dropped = 0  # were too slow, or had not sent a request when a place was needed
        self.connections: dict[object, LimitedConnection] = {}  # the oldest first

    def watch(self, app: web.Application) -> None:
        """Be notified by the application when a request is there and when its answer begins."""
        app.middlewares.insert(0, self._asked)
        app.on_response_prepare.append(self._answering)

    def enter(self, connection: "LimitedConnection") -> bool:
        """Admit a connection, if there is a place or one can be made."""
        if len(self.connections) >= self.most:
            idle = [
                connection for connection in self.connections.values() if not connection.at_work
            ]
            if not idle:
                self.rejected += 1
                return False
            min(idle, key=lambda each: each.has_asked).drop()
        self.connections[connection.inner] = connection
        return True

    def leave(self, connection: "LimitedConnection") -> None:
        """A connection has ended."""
        if self.connections.get(connection.inner) is connection:
            del self.connections[connection.inner]

    @web.middleware
    async def _asked(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if connection := self.connections.get(request.protocol):
            connection.asked()
        return await handler(request)

    async def _answering(self, request: web.Request, response: web.StreamResponse) -> None:
        response.force_close()
        response.headers["Connection"] = "close"
        response.headers.pop("Server", None)  # which versions run here is nobody's business
        if connection := self.connections.get(request.protocol):
            connection.answering()


class LimitedConnection(asyncio.Protocol):
    """One connection: hands everything on to aiohttp's protocol, `inner`, and keeps the clock."""

    def __init__(self, limiter: ConnectionLimiter, inner: Any) -> None:
        self.inner = inner
        self.has_asked = False  # the whole request is there
        self.at_work = False  # we are, on the answer
        self._limiter = limiter
        self._admitted = False
        self._transport: asyncio.Transport | None = None
        self._clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admit it, or answer that there is no place."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._admitted = self._limiter.enter(self)
        if not self._admitted:
            transport.write(FULL)
            transport.close()
            return
        self._start_clock()
        self.inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Bytes of the request."""
        if self._admitted:
            self.inner.data_received(data)

    def eof_received(self) -> bool | None:
        """The client sends no more; it may still read."""
        return bool(self.inner.eof_received()) if self._admitted else None

    def pause_writing(self) -> None:
        """The client does not read as fast as we write."""
        if self._admitted:
            self.inner.pause_writing()

    def resume_writing(self) -> None:
        """The client has read on."""
        if self._admitted:
            self.inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended, whoever ended it."""
        self._stop_clock()
        self._limiter.leave(self)
        if self._admitted:
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
        self._limiter.dropped += 1
        self._limiter.leave(self)
        if self._transport is not None:
            self._transport.abort()

    def _start_clock(self) -> None:
        self._stop_clock()
        loop = asyncio.get_running_loop()
        self._clock = loop.call_later(self._limiter.patience, self.drop)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None


class LimitedRunner(web.AppRunner):
    """aiohttp's runner, whose connections a `ConnectionLimiter` admits."""

    def __init__(self, app: web.Application, limiter: ConnectionLimiter, **settings: Any) -> None:
        limiter.watch(app)
        super().__init__(app, **settings)
        self._limiter = limiter

    @property
    def server(self) -> Any:
        """What makes the protocol of a new connection: aiohttp's own, wrapped."""
        make = super().server
        return None if make is None else lambda: LimitedConnection(self._limiter, make())
