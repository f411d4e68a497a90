"""HTTP: metrics and health for machines, and the control socket for `ivrd status` and the like.

Both are small aiohttp applications over functions that the daemon hands in.  The control socket
is a Unix socket: who may use it is a matter of file permissions.  How many may come and how long
each may take is ivrd/api/limits.py.
"""

import asyncio
import os
import socket
import stat
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from aiohttp import web

from ivrd.api.limits import ConnectionLimiter, LimitedRunner

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BODY_LIMIT = 64 * 1024  # bytes of a body; only what is signed is read
BODY_SECONDS = 2.0  # in which it has to be there
BODIES_AT_ONCE = 8
LINE_LIMIT = 4096  # bytes of the request line, and of one header
HEADERS_LIMIT = 64
LIMITS: Mapping[str, Any] = {
    "access_log": None,
    "shutdown_timeout": 1.0,
    "max_line_size": LINE_LIMIT,
    "max_field_size": LINE_LIMIT,
    "max_headers": HEADERS_LIMIT,
    "lingering_time": 1.0,  # for a body that nobody reads, so that the answer is not lost with it
}
BACKLOG = 64
PUBLIC_CONNECTIONS = 64  # connections at one time
CONTROL_CONNECTIONS = 32
NEW_SCRAPES_A_SECOND = 20  # who asks more often gets the last text again


class CannotListen(Exception):
    """An address or a socket cannot be listened on; the message says which and why."""


class RequestRejected(Exception):
    """A request that makes no sense; the message is for the person who asked."""


class NotNow(Exception):
    """A request that is right and cannot be carried out as things are; the message says why."""


class NotSigned(Exception):
    """Nobody whom we know has signed the request; the message says no more than that."""


Answer = Mapping[str, Any]
# What a partner has sent, or LINE for a channel, by the name of either: the headers and the body.
# Raises the exceptions above.
Signed = Callable[[str, Mapping[str, str], str], Awaitable[Answer]]
Control = Callable[[Mapping[str, str]], Awaitable[Answer]]


def public_app(
    metrics: Callable[[], bytes],
    ready: Callable[[], str],
    note: Callable[[], str],
    pledge: Signed,
    line_webhook: Signed,
) -> web.Application:
    """/metrics, /-/healthy, /-/ready; POST /partners/ID/pledge for what a partner answers, and
    /line/CHANNEL/webhook for what LINE tells of messages.

    `ready` says what is missing, or nothing; `note` what else should be known of one that is ready.
    """
    scrape = _seldom(metrics, NEW_SCRAPES_A_SECOND, time.monotonic)

    async def get_metrics(_request: web.Request) -> web.Response:
        return web.Response(body=scrape(), headers={"Content-Type": METRICS_TYPE})

    async def get_healthy(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def get_ready(_request: web.Request) -> web.Response:
        missing = ready()
        if missing:
            return web.Response(text=f"{missing}\n", status=503)
        return web.Response(text="\n".join(filter(None, ("ok", note()))) + "\n")

    app = web.Application(client_max_size=BODY_LIMIT)
    app.router.add_get("/metrics", get_metrics)
    app.router.add_get("/-/healthy", get_healthy)
    app.router.add_get("/-/ready", get_ready)
    app.router.add_post("/partners/{name}/pledge", _signed(pledge))
    app.router.add_post("/line/{name}/webhook", _signed(line_webhook))
    return app


def _signed(take: Signed) -> Callable[[web.Request], Awaitable[web.Response]]:
    """What takes signed JSON.  A body that comes slowly keeps no place from those who scrape."""
    reading = 0

    async def body_of(request: web.Request) -> str:
        nonlocal reading
        if reading >= BODIES_AT_ONCE:
            raise NotNow("too many requests at a time")
        reading += 1
        try:
            async with asyncio.timeout(BODY_SECONDS):
                return (await request.read()).decode()
        except TimeoutError:
            raise RequestRejected(f"no whole request within {BODY_SECONDS:g} s") from None
        except UnicodeDecodeError:
            raise RequestRejected("expected JSON") from None
        finally:
            reading -= 1

    async def handle(request: web.Request) -> web.Response:
        try:
            body = await body_of(request)
            return web.json_response(await take(request.match_info["name"], request.headers, body))
        except NotSigned as error:
            return web.json_response({"error": str(error)}, status=401)
        except RequestRejected as error:
            return web.json_response({"error": str(error)}, status=400)
        except NotNow as error:
            return web.json_response({"error": str(error)}, status=503)

    return handle


def _seldom(
    make: Callable[[], bytes], times_a_second: int, clock: Callable[[], float]
) -> Callable[[], bytes]:
    """`make`, but so often at most: a flood of scrapes must not take the loop from the calls."""
    made: list[float] = []
    last = b""

    def call() -> bytes:
        nonlocal last
        now = clock()
        made[:] = [at for at in made if now - at < 1.0]
        if len(made) < times_a_second:
            made.append(now)
            last = make()
        return last

    return call


def control_app(queries: Mapping[str, Control], commands: Mapping[str, Control]) -> web.Application:
    """JSON over HTTP: each of `queries` answers GET /NAME, each of `commands` POST /NAME.

    A request that is wrong has status 400, one that cannot be carried out now 503, each with the
    reason as `error`.
    """

    def handler(control: Control) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            try:
                return web.json_response(await control(request.query))
            except RequestRejected as error:
                return web.json_response({"error": str(error)}, status=400)
            except NotNow as error:
                return web.json_response({"error": str(error)}, status=503)

        return handle

    app = web.Application(client_max_size=BODY_LIMIT)
    for name, control in queries.items():
        app.router.add_get(f"/{name}", handler(control))
    for name, control in commands.items():
        app.router.add_post(f"/{name}", handler(control))
    return app


async def listen(
    app: web.Application, host: str, port: int, limiter: ConnectionLimiter | None = None
) -> tuple[web.AppRunner, int]:
    """Serve on a TCP address; returns the runner and the port (of use when port is 0)."""
    runner = await _runner(app, limiter or ConnectionLimiter(PUBLIC_CONNECTIONS))
    try:
        await web.TCPSite(runner, host, port, backlog=BACKLOG).start()
    except OSError as error:
        await runner.cleanup()
        raise CannotListen(f"cannot listen on {host}:{port}: {_reason(error)}") from None
    return runner, runner.addresses[0][1]


async def listen_unix(
    app: web.Application, path: Path, mode: int, limiter: ConnectionLimiter | None = None
) -> web.AppRunner:
    """Serve on a Unix socket with these permissions; a dead one that is in the way is replaced.

    The socket goes when the runner is cleaned up.
    """
    try:
        listener = _unix_socket(path, mode)
    except OSError as error:
        raise CannotListen(f"cannot listen on {path}: {_reason(error)}") from None

    async def remove(_app: web.Application) -> None:
        with suppress(FileNotFoundError):
            os.unlink(path)

    app.on_cleanup.append(remove)
    runner = await _runner(app, limiter or ConnectionLimiter(CONTROL_CONNECTIONS))
    await web.SockSite(runner, listener, backlog=BACKLOG).start()
    return runner


async def _runner(app: web.Application, limiter: ConnectionLimiter) -> web.AppRunner:
    runner = LimitedRunner(app, limiter, **LIMITS)
    await runner.setup()
    return runner


def _unix_socket(path: Path, mode: int) -> socket.socket:
    """A new socket at `path` that from its first moment has no more permissions than `mode`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _make_way(path)
    listener = socket.socket(socket.AF_UNIX)
    old = os.umask(0o177)
    try:
        listener.bind(str(path))
        path.chmod(mode)
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(old)
    return listener


def set_mode(path: Path, mode: int) -> None:
    """Give the socket at `path` other permissions; one that is gone is not missed."""
    with suppress(FileNotFoundError):
        path.chmod(mode)


def _make_way(path: Path) -> None:
    """Remove a socket that nobody listens on any more."""
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise CannotListen(f"cannot listen on {path}: a file of that name is in the way")
        if _somebody_listens(path):
            raise CannotListen(f"cannot listen on {path}: another ivrd is running there")
        path.unlink()


def _somebody_listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)  # one that is too busy to take us in is alive
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return False
        except BlockingIOError:
            return True
    return True


def _reason(error: OSError) -> str:
    """The operating system's words, without asyncio's around them."""
    if isinstance(error, socket.gaierror) or not error.errno:
        return str(error.strerror or error)
    return os.strerror(error.errno).lower()
