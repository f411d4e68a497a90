"""Another system on loopback, that takes requests and answers in every way there is."""

import asyncio
import datetime as dt
import ssl
import threading
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.parser import BytesParser
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from lab.certificates import certificate as self_signed

HANGS, RESETS = b"hangs", b"resets"
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly a part"
HALF_HEAD = b"HTTP/1.1 200 OK\r\nContent-Le"
NO_HTTP = b"SSH-2.0-OpenSSH_9.2\r\n\r\n"


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    """A whole answer; `_` in a header's name stands for `-`."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


@dataclass(frozen=True)
class Request:
    """What came."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query)


class Receiver:
    """Gives its `answers` in turn, and the last of them for ever."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = deque(answers or (answer(200),))
        self.requests: list[Request] = []
        self.port = 0  # any; from then on the same, should it run again
        self._hanging = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/in"

    @asynccontextmanager
    async def running(self, tls: ssl.SSLContext | None = None) -> AsyncIterator["Receiver"]:
        self._hanging.clear()
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            self._hanging.set()
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            while await self._one(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # cancelled at the end: asyncio's streams would complain of a task that is
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Take a request and answer it; False when the connection is over."""
        head = await reader.readuntil(b"\r\n\r\n")
        first, _, rest = head.partition(b"\r\n")
        headers = {k.lower(): v for k, v in BytesParser().parsebytes(rest).items()}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        method, target, _version = first.decode().split()
        self.requests.append(Request(method, target, headers, body))
        return await self._answer(writer)

    async def _answer(self, writer: asyncio.StreamWriter) -> bool:
        what = self.answers[0] if len(self.answers) == 1 else self.answers.popleft()
        if what == HANGS:
            await self._hanging.wait()
            return False
        if what == RESETS:
            writer.transport.abort()
            return False
        writer.write(what)
        await writer.drain()
        return what not in (HALF, HALF_HEAD, NO_HTTP)


@dataclass(frozen=True)
class Certificate:
    """A certificate in files, and the context of a server that has it."""

    pem: Path
    context: ssl.SSLContext


def certificate(folder: Path, *, name: str = "127.0.0.1", days: int = 1) -> Certificate:
    """One that has signed itself, for a host, valid for so many days (negative: over)."""
    begins, ends = dt.timedelta(days=-30), dt.timedelta(days=days)
    pem = self_signed(folder / f"{name}.pem", name=name, host=name, begins=begins, ends=ends)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, pem.with_suffix(".key"))
    return Certificate(pem, context)


class ReceiverThread:
    """A receiver in a thread of its own, for tests that have no event loop."""

    def __init__(self, *answers: bytes, port: int = 0) -> None:
        self.receiver = Receiver(*answers)
        self.receiver.port = port
        self._ready, self._loop = threading.Event(), asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Receiver:
        self._thread.start()
        self._ready.wait()
        return self.receiver

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def _run(self) -> None:
        async def body() -> None:
            async with self.receiver.running():
                self._ready.set()
                await self._over.wait()

        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(body())
