"""A scripted stand-in for Asterisk's manager on loopback, for tests of the link.

It logs in whoever has the secret, answers Ping and Setvar, and writes down every action it gets.
A test bends it: `answers` replaces an action's answer, `silent` stops all answers, `cut` ends the
connections, `emit` sends an event.
"""

import asyncio
from collections.abc import Callable
from types import TracebackType

Headers = dict[str, str]
PONG_AT = "1644800000.250000"  # Asterisk's clock, as its answer to a ping tells it
NO_ANSWER = ""


def block(**headers: str) -> str:
    """One message as it stands on the wire."""
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"


def denied(_action: Headers) -> str:
    """What Asterisk says to a user without the right."""
    return block(Response="Error", Message="Permission denied")


def mute(_action: Headers) -> str:
    """No answer at all."""
    return NO_ANSWER


class FakeAmi:
    """Listens from `async with` on; `port` may be given to come back on the same one."""

    def __init__(self, secret: str = "right", port: int = 0) -> None:
        self.secret = secret
        self.port = port
        self.booted = True
        self.silent = False
        self.greets = True
        self.full = False  # closes each new connection without a word
        self.connections = 0  # ever
        self.actions: list[Headers] = []
        self.answers: dict[str, Callable[[Headers], str]] = {}
        self._open: set[asyncio.StreamWriter] = set()
        self._news = asyncio.Condition()

    async def __aenter__(self) -> "FakeAmi":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    def named(self, action: str) -> list[Headers]:
        """All actions of this name that ever came."""
        return [headers for headers in self.actions if headers["Action"] == action]

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for something to become true by what callers of the fake do."""
        async with asyncio.timeout(60), self._news:
            await self._news.wait_for(true)

    async def got(self, action: str, count: int = 1) -> list[Headers]:
        """Wait until the action has come this often."""
        await self.until(lambda: len(self.named(action)) >= count)
        return self.named(action)

    @property
    def open(self) -> int:
        """Connections that stand."""
        return len(self._open)

    def emit(self, **headers: str) -> None:
        """Send one event to everybody."""
        self.raw(block(**headers).encode())

    def raw(self, data: bytes) -> None:
        """Send bytes to everybody."""
        for writer in self._open:
            writer.write(data)

    def cut(self) -> None:
        """End all connections at once."""
        for writer in self._open:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.full:
            writer.transport.abort()
            await self._tell_news()
            return
        self._open.add(writer)
        if self.greets:
            writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        try:
            while True:
                text = (await reader.readuntil(b"\r\n\r\n")).decode()
                action = dict(line.split(": ", 1) for line in text.splitlines() if line)
                self.actions.append(action)
                if not self.silent:
                    writer.write(self._answer(action).encode())
                await self._tell_news()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()
            await self._tell_news()

    async def _tell_news(self) -> None:
        async with self._news:
            self._news.notify_all()

    def _answer(self, action: Headers) -> str:
        own = self.answers.get(action["Action"])
        text = own(action) if own else self._usual(action)
        return text.replace("Response: ", f"ActionID: {action['ActionID']}\r\nResponse: ", 1)

    def _usual(self, action: Headers) -> str:
        if action["Action"] == "Login":
            if action["Secret"] != self.secret:
                return block(Response="Error", Message="Authentication failed")
            booted = block(Event="FullyBooted", Privilege="system,all") if self.booted else ""
            return block(Response="Success", Message="Authentication accepted") + booted
        if action["Action"] == "Ping":
            return block(Response="Success", Ping="Pong", Timestamp=PONG_AT)
        return block(Response="Success", Message="Done")


def rows(name: str, *events: Headers) -> Callable[[Headers], str]:
    """The answer to an action that answers with a list."""

    def answer(action: Headers) -> str:
        mark = {"ActionID": action["ActionID"]}
        start = block(Response="Success", EventList="start", Message=f"{name} will follow")
        middle = "".join(block(**event, **mark) for event in events)
        return start + middle + block(Event=f"{name}Complete", EventList="Complete", **mark)

    return answer
