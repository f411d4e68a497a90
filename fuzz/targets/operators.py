"""What comes over HTTP and the control socket, and what people write into the YAML."""

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl

from fuzz.runner import One, Target
from ivrd.api import server
from ivrd.api.limits import ConnectionLimiter, LimitedRunner
from ivrd.config.load import load
from ivrd.config.problem import ConfigError, Problem
from ivrd.config.settings import Settings
from ivrd.config.yamlfile import Document, parse

CONFIG = Path(__file__).parents[2] / "config"
SMALL = Path(__file__).parents[2] / "tests" / "config" / "testdata"
CANARY = "fuzz-canary-secret"
YAML_WORDS = (
    *(b"  ", b"\n", b"- ", b"? ", b"<<: ", b"&a ", b"*a", b"!!python/object ", b"|\n", b">-\n"),
    *(b"---\n", b"...\n", b"%YAML 1.1\n", b"#", b"{a: b}", b"[a, b]", b"null", b"true", b"08:30"),
)


@cache
def yaml_seeds() -> Sequence[bytes]:
    """The shipped files in pieces of some lines, so that an input is soon read."""
    pieces = []
    for path in sorted(CONFIG.glob("*.yaml")):
        lines = path.read_bytes().splitlines(keepends=True)
        pieces += [b"".join(lines[at : at + 8]) for at in range(0, min(len(lines), 80), 8)]
    return pieces


def read_or_refused(read: Callable[[], Document | Settings]) -> Document | Settings | None:
    """What was read; None when all that is wrong is said, each in one printable line."""
    problems: tuple[Problem, ...] = ()
    try:
        return read()
    except ConfigError as error:
        problems = error.problems
    assert problems
    assert all(str(problem).isprintable() for problem in problems)
    return None


@contextmanager
def yaml() -> Iterator[One]:
    """Any text is a document of plain values, or told to be none in one line."""

    def one(data: bytes) -> None:
        found = read_or_refused(lambda: parse("x.yaml", data))
        if isinstance(found, Document):
            json.dumps(found.value)

    yield one


def config_seeds() -> Sequence[bytes]:
    """Each file with its name before it."""
    good = (path for path in sorted((SMALL / "good").glob("*.yaml")) if path.name != "prompts.yaml")
    wrong = sorted(SMALL.glob("*/*.yaml"))
    return [
        *(f"{path.name}\n".encode() + path.read_bytes() for path in good),
        *(
            f"{path.parent.name}.yaml\n".encode() + path.read_bytes()
            for path in wrong[::7]
            if path.parent.name != "good"
        ),
    ]


@contextmanager
def config() -> Iterator[One]:
    """Any file among the others: settings, or all that is wrong, in printable words."""
    with tempfile.TemporaryDirectory(prefix="ivrd-fuzz-") as name:
        folder = Path(name) / "config"
        shutil.copytree(SMALL / "good", folder)
        good = {path.name: path.read_bytes() for path in folder.iterdir()}

        def one(data: bytes) -> None:
            file, _, text = data.partition(b"\n")
            target = file.decode("ascii", "replace")
            if target not in good:
                target = "ivrd.yaml"
            (folder / target).write_bytes(text)
            try:
                read_or_refused(lambda: load(folder))
            finally:
                (folder / target).write_bytes(good[target])

        yield one


# --- HTTP ----------------------------------------------------------------------------------


class Visitor(asyncio.Transport):
    """A connection whose other end sends one input and keeps what it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.got = bytearray()
        self.ended = asyncio.Event()
        self.guest: asyncio.Protocol | None = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take bytes."""
        self.got += data

    def close(self) -> None:
        """End the connection, a moment later, as asyncio does."""
        if not self.ended.is_set() and self.guest is not None:
            self.ended.set()
            asyncio.get_running_loop().call_soon(self.guest.connection_lost, None)

    abort = close

    def is_closing(self) -> bool:
        """Whether it has ended."""
        return self.ended.is_set()

    def pause_reading(self) -> None:
        """Nothing waits to be read."""

    def resume_reading(self) -> None:
        """Nothing waits to be read."""


@asynccontextmanager
async def visited() -> AsyncIterator[tuple[ConnectionLimiter, LimitedRunner]]:
    """A control application behind a door."""

    async def echo(query: Mapping[str, str]) -> server.Answer:
        return dict(query)

    async def refuse(query: Mapping[str, str]) -> server.Answer:
        raise server.RequestRejected(str(dict(query)))

    door = ConnectionLimiter(server.CONTROL_CONNECTIONS)
    app = server.control_app(
        {"status": echo, "partners": refuse}, {"seats": echo, "override": refuse}
    )
    runner = LimitedRunner(app, door, **server.LIMITS)
    await runner.setup()
    try:
        yield door, runner
    finally:
        await runner.cleanup()


async def visit(door: ConnectionLimiter, runner: LimitedRunner, data: bytes) -> None:
    """Send one input; at most one answer comes, and the connection leaves nothing behind."""
    transport = Visitor()
    guest = transport.guest = runner.server()
    guest.connection_made(transport)
    cut = len(data) // 2
    for piece in (data[:cut], data[cut:]):
        if not transport.is_closing():
            guest.data_received(piece)
        await asyncio.sleep(0)
    for _ in range(20):
        await asyncio.sleep(0)
    if not transport.is_closing():
        guest.eof_received()
        transport.close()
    await asyncio.sleep(0)
    assert not door.connections
    answer = bytes(transport.got)
    assert not answer or answer.startswith(b"HTTP/")
    assert len(answer) < 64 << 10


@contextmanager
def http() -> Iterator[One]:
    """Raw bytes on an HTTP socket."""
    with asyncio.Runner() as runner:
        faults: list[object] = []
        loop = runner.get_loop()
        loop.set_exception_handler(lambda _loop, what: faults.append(what))
        inside = visited()
        door, make_protocol = runner.run(inside.__aenter__())

        def one(data: bytes) -> None:
            runner.run(visit(door, make_protocol, data))
            assert not faults, faults.pop()

        try:
            yield one
        finally:
            runner.run(inside.__aexit__(None, None, None))


HTTP: Sequence[bytes] = (
    b"GET /status HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: identity\r\n\r\n",
    b"GET /partners?partner=%E0%B8%81&x=1 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /seats?pool=surge&open=true HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
    b"POST /pin HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"GET http://x/status HTTP/1.0\r\n\r\nGET /status HTTP/1.1\r\n\r\n",
    b"GET /status HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x00",
    b"GET /status HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Encoding: gzip\r\n\r\n",
)

# --- the control socket's questions --------------------------------------------------------


def shipped(folder: Path) -> Settings:
    """The shipped settings, with everything that is written in a folder of their own."""
    settings = load(CONFIG)
    secret = folder / "ami.secret"
    secret.touch(0o600)
    secret.write_text(CANARY)
    return replace(
        settings,
        state_dir=folder / "state",
        store=replace(settings.store, file=folder / "ivrd.sqlite"),
        caller_key_file=folder / "caller.key",
        number_key_file=folder / "number.key",
        control_socket=folder / "s",
        asterisk=replace(settings.asterisk, ami_secret_file=secret, console=("/bin/false",)),
    )


@contextmanager
def control() -> Iterator[One]:
    """Each question with any query is answered in JSON, or rejected in words."""
    from ivrd.daemon.service import Daemon  # it alone needs every package

    with tempfile.TemporaryDirectory(prefix="ivrd-fuzz-") as name, asyncio.Runner() as runner:
        settings = shipped(Path(name))

        async def make() -> Daemon:
            return Daemon(settings)

        daemon = runner.run(make())
        writing = runner.get_loop().create_task(daemon.wiring.write_behind.run(lambda: None))
        groups = (daemon.wiring.operations, daemon.wiring.partners.operations)
        found = {
            k: v
            for operations in groups
            for k, v in {**operations.queries(), **operations.commands()}.items()
        }
        found.pop("reload", None)  # reads the whole configuration: `config` does that

        async def ask(which: server.Control, query: Mapping[str, str]) -> None:
            async with asyncio.timeout(30):
                try:
                    answer = json.dumps(await which(query))
                except (server.RequestRejected, server.NotNow) as error:
                    answer = json.dumps(str(error))
            assert CANARY not in answer

        def one(data: bytes) -> None:
            which, _, query = data.decode("utf-8", "replace").partition("?")
            asked = found.get(which) or list(found.values())[len(data) % len(found)]
            runner.run(ask(asked, dict(parse_qsl(query, keep_blank_values=True))))

        try:
            yield one
        finally:
            writing.cancel()
            runner.run(daemon.wiring.failover.close())


CONTROL: Sequence[bytes] = (
    *(b"status?", b"seats?pool=surge&open=true", b"partners?partner=kbank", b"explain?"),
    *(b"report?from=2026-01-01&to=2026-01-31", b"report?from=2026-01-01", b"report?"),
    *(b"pin?partner=kbank&pin=open&who=x", b"pin?partner=kbank&pin=none", b"drill?partner=no"),
    *(b"resume-partner?partner=kbank&who=x", b"resume-partner?partner=no"),
)
CONTROL_WORDS = (b"&from=", b"&to=", b"9999-12-31", b"0001-01-01", b"2026-02-30", b"&who=", b"pin=")

TARGETS = (
    Target("yaml", yaml, yaml_seeds, 1_200, 60_000, YAML_WORDS),
    Target("config", config, config_seeds, 100, 6_000, YAML_WORDS),
    Target("http", http, lambda: HTTP, 1_500, 60_000, (b"HTTP/1.1", b"Content-Length: ", b"\r\n")),
    Target("control", control, lambda: CONTROL, 500, 20_000, CONTROL_WORDS),
)
