"""HTTP for machines and the control socket: in good order, and against bad manners."""

import asyncio
import json
import os
import socket
import stat
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ivrd.api import server

METRICS = "ivrd_up 1\n# ไทย\n".encode()


def app(missing: str = "", note: str = "") -> Any:
    return server.public_app(lambda: METRICS, lambda: missing, lambda: note, nobody, nobody)


async def nobody(partner: str, _headers: Mapping[str, str], body: str) -> server.Answer:
    return {"partner": partner, "body": body}


async def echo(query: Mapping[str, str]) -> server.Answer:
    return dict(query)


async def refuse(_query: Mapping[str, str]) -> server.Answer:
    raise server.RequestRejected("no pool 'ไม่มี'; there are: base, surge")


async def fail(_query: Mapping[str, str]) -> server.Answer:
    raise RuntimeError("secret detail")


@asynccontextmanager
async def serving(application: Any) -> AsyncIterator[int]:
    runner, port = await server.listen(application, "127.0.0.1", 0)
    try:
        yield port
    finally:
        async with asyncio.timeout(60):
            await runner.cleanup()


async def ask(port: int, request: bytes) -> tuple[int, bytes]:
    """Send bytes as they are; the status (0 for no answer) and the body."""
    async with asyncio.timeout(60):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(request)
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        except ConnectionError:
            return 0, b""
        finally:
            writer.close()
    return (int(head.split()[1]) if head else 0), body


def get(path: str, method: str = "GET") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()


# --- in good order -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "missing", "status", "body"),
    [
        ("/metrics", "", 200, METRICS),
        ("/-/healthy", "not connected to Asterisk", 200, b"ok\n"),
        ("/-/ready", "", 200, b"ok\n"),
        ("/-/ready", "not connected to Asterisk", 503, b"not connected to Asterisk\n"),
    ],
)
def test_what_machines_read(path: str, missing: str, status: int, body: bytes) -> None:
    async def run() -> None:
        async with serving(app(missing)) as port:
            assert await ask(port, get(path)) == (status, body)

    asyncio.run(run())


def test_one_that_is_ready_says_what_else_should_be_known() -> None:
    async def run() -> None:
        async with serving(app(note="room for 64 callers")) as port:
            assert await ask(port, get("/-/ready")) == (200, b"ok\nroom for 64 callers\n")

    asyncio.run(run())


def test_metrics_say_their_type() -> None:
    async def run() -> None:
        async with serving(app()) as port:
            _reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(get("/metrics"))
            head = (await _reader.read()).partition(b"\r\n\r\n")[0].decode()
            assert "Content-Type: text/plain; version=0.0.4; charset=utf-8" in head
            writer.close()

    asyncio.run(run())


def test_reads_answer_get_and_acts_only_post() -> None:
    async def run() -> None:
        control = server.control_app(
            {"status": echo}, {"seats": echo, "bad": refuse, "worse": fail}
        )
        async with serving(control) as port:
            assert await ask(port, get("/status?a=1")) == (200, b'{"a": "1"}')
            status, body = await ask(port, get("/seats?pool=%E0%B8%81", "POST"))
            assert (status, body) == (200, b'{"pool": "\\u0e01"}')
            assert (await ask(port, get("/seats?pool=surge")))[0] == 405
            assert (await ask(port, get("/status", "POST")))[0] == 405
            status, body = await ask(port, get("/bad", "POST"))
            assert status == 400
            assert b"there are: base, surge" in body
            status, body = await ask(port, get("/worse", "POST"))
            assert status == 500
            assert b"secret detail" not in body

    asyncio.run(run())


def post(path: str, body: bytes, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {size}\r\n\r\n"
    return head.encode() + body


def test_what_a_partner_sends_reaches_who_checks_its_signature() -> None:
    answers = {
        "b": (server.NotSigned("no"), 401),
        "c": (server.RequestRejected("no"), 400),
        "d": (server.NotNow("no"), 503),
    }

    async def take(partner: str, headers: Mapping[str, str], body: str) -> server.Answer:
        if partner in answers:
            raise answers[partner][0]
        return {"partner": partner, "body": body, "host": headers["host"]}

    async def run() -> None:
        application = server.public_app(lambda: METRICS, lambda: "", lambda: "", take, nobody)
        async with serving(application) as port:
            status, body = await ask(port, post("/partners/a/pledge", "ก".encode()))
            assert (status, json.loads(body)) == (200, {"partner": "a", "body": "ก", "host": "x"})
            for partner, (_error, status) in answers.items():
                found = await ask(port, post(f"/partners/{partner}/pledge", b"{}"))
                assert found == (status, b'{"error": "no"}')
            assert (await ask(port, post("/partners/a/pledge", b"\xff")))[0] == 400
            assert (await ask(port, post("/partners/a/pledge", b"a" * 70_000)))[0] in (0, 413)
            assert (await ask(port, get("/partners/a/pledge")))[0] == 405

    asyncio.run(run())


def test_a_body_that_does_not_come_keeps_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "BODY_SECONDS", 0.2)

    async def run() -> None:
        async with serving(app()) as port:
            slow = post("/partners/a/pledge", b"{", 10)
            found = await asyncio.gather(*(ask(port, slow) for _ in range(70)))
            assert {status for status, _body in found} <= {0, 400, 503}
            assert await ask(port, get("/metrics")) == (200, METRICS)

    asyncio.run(run())


# --- bad manners ---------------------------------------------------------------------------

RUBBISH = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS on a plain port
    b"\x00\xff\xfe\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET /metrics HTTP/9.9\r\n\r\n",
    b"GET /metrics HTTP/1.1\r\nHost x\r\n\r\n",
    b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
    b"GET /metrics HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
    b"POST /metrics HTTP/1.1\r\nContent-Length: nonsense\r\n\r\n",
    b"Action: Login\r\nUsername: ivrd\r\n\r\n",
]


@pytest.mark.parametrize("rubbish", RUBBISH)
def test_rubbish_is_refused_and_the_next_one_is_served(rubbish: bytes) -> None:
    async def run() -> None:
        async with serving(app()) as port:
            status, _body = await ask(port, rubbish)
            assert status == 0 or 400 <= status < 600
            assert await ask(port, get("/metrics")) == (200, METRICS)

    asyncio.run(run())


@pytest.mark.parametrize("path", ["/", "/metrics/", "/../etc/passwd", "/-/quit", "//metrics"])
def test_nothing_else_is_there(path: str) -> None:
    async def run() -> None:
        async with serving(app()) as port:
            assert (await ask(port, get(path)))[0] == 404

    asyncio.run(run())


def test_a_huge_body_is_not_taken_in() -> None:
    async def run() -> None:
        control = server.control_app({}, {"seats": echo})
        async with serving(control) as port:
            size = 64 * 1024 * 1024
            head = f"POST /seats HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head)
            async with asyncio.timeout(60):
                assert b" 200 " in await reader.readline()  # answered without reading it
            writer.close()

    asyncio.run(run())


def test_those_who_are_slow_hold_up_nobody_and_not_the_end_either() -> None:
    async def run() -> None:
        async with serving(app()) as port:
            slow = [await asyncio.open_connection("127.0.0.1", port) for _ in range(50)]
            for _reader, writer in slow:
                writer.write(b"GET /metr")
            assert await ask(port, get("/metrics")) == (200, METRICS)
        # `serving` has cleaned up, within its deadline, with all fifty still there
        for reader, writer in slow:
            assert await reader.read() == b""
            writer.close()

    asyncio.run(run())


# --- listening -----------------------------------------------------------------------------


def test_a_port_in_use_is_told_in_one_line() -> None:
    async def run() -> None:
        async with serving(app()) as port:
            with pytest.raises(server.CannotListen) as refused:
                await server.listen(app(), "127.0.0.1", port)
            assert str(refused.value) == (
                f"cannot listen on 127.0.0.1:{port}: address already in use"
            )

    asyncio.run(run())


def test_an_address_that_is_not_ours_is_told_in_one_line() -> None:
    async def run() -> None:
        with pytest.raises(server.CannotListen) as refused:
            await server.listen(app(), "192.0.2.1", 9133)
        assert str(refused.value) == (
            "cannot listen on 192.0.2.1:9133: cannot assign requested address"
        )

    asyncio.run(run())


@pytest.mark.parametrize("mode", [0o600, 0o660])
def test_the_socket_has_its_permissions_and_goes_with_its_runner(tmp_path: Path, mode: int) -> None:
    async def run() -> None:
        path = tmp_path / "run" / "ivrd" / "control.sock"
        runner = await server.listen_unix(app(), path, mode)
        assert stat.S_ISSOCK(path.stat().st_mode)
        assert stat.S_IMODE(path.stat().st_mode) == mode
        for folder in (path.parent, path.parent.parent):  # a group has to get there
            assert stat.S_IMODE(folder.stat().st_mode) & 0o700 == 0o700
        await runner.cleanup()
        assert not path.exists()

    asyncio.run(run())


def test_the_umask_is_left_as_it_was(tmp_path: Path) -> None:
    async def run() -> None:
        before = os.umask(0o022)
        try:
            runner = await server.listen_unix(app(), tmp_path / "s", 0o660)
            assert os.umask(0o022) == 0o022
            await runner.cleanup()
        finally:
            os.umask(before)

    asyncio.run(run())


def test_a_dead_socket_is_replaced(tmp_path: Path) -> None:
    async def run() -> None:
        path = tmp_path / "control.sock"
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
        runner = await server.listen_unix(app(), path, 0o660)
        _reader, writer = await asyncio.open_unix_connection(path)
        writer.close()
        await runner.cleanup()

    asyncio.run(run())


@pytest.mark.parametrize("busy", [False, True])
def test_a_second_ivrd_is_refused_and_the_first_keeps_its_socket(
    tmp_path: Path, busy: bool
) -> None:
    async def run() -> None:
        path = tmp_path / "control.sock"
        with socket.socket(socket.AF_UNIX) as first, socket.socket(socket.AF_UNIX) as waiting:
            first.bind(str(path))
            first.listen(0)
            if busy:  # as many wait as may: the next one would have to wait too
                waiting.connect(str(path))
            with pytest.raises(server.CannotListen) as refused:
                await server.listen_unix(app(), path, 0o660)
            assert str(refused.value) == (f"cannot listen on {path}: another ivrd is running there")
            assert path.exists()

    asyncio.run(run())


def test_a_file_in_the_way_is_never_removed(tmp_path: Path) -> None:
    async def run() -> None:
        path = tmp_path / "control.sock"
        path.write_text("precious")
        with pytest.raises(server.CannotListen, match=r": a file of that name is in the way$"):
            await server.listen_unix(app(), path, 0o660)
        assert path.read_text() == "precious"

    asyncio.run(run())


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("file/run/control.sock", "not a directory"),
        ("x" * 120, "AF_UNIX path too long"),
    ],
)
def test_a_place_where_no_socket_can_be_is_told_in_one_line(
    tmp_path: Path, path: str, why: str
) -> None:
    async def run() -> None:
        (tmp_path / "file").write_text("")
        where = tmp_path / path
        with pytest.raises(server.CannotListen) as refused:
            await server.listen_unix(app(), where, 0o660)
        assert str(refused.value) == f"cannot listen on {where}: {why}"

    asyncio.run(run())
