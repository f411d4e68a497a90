"""The control socket's other end: answers, refusals, and whatever else may sit there."""

import asyncio
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from ivrd.api import server
from ivrd.cli import client as clients
from ivrd.cli.client import Client, NotPossible, NotRunning, RequestRefused


async def echo(query: Mapping[str, str]) -> server.Answer:
    return {"got": dict(query)}


async def refuse(_query: Mapping[str, str]) -> server.Answer:
    raise server.RequestRejected("no pool 'x'; there are: base, surge")


async def cannot(_query: Mapping[str, str]) -> server.Answer:
    raise server.NotNow("not connected to Asterisk: nothing was changed")


async def fail(_query: Mapping[str, str]) -> server.Answer:
    raise RuntimeError("a fault")


@pytest.fixture
def ivrd(tmp_path: Path) -> Iterator[Client]:
    """A control application in a thread of its own."""
    path = tmp_path / "control.sock"
    loop = asyncio.new_event_loop()
    control = server.control_app(
        {"status": echo}, {"seats": echo, "bad": refuse, "not-now": cannot, "worse": fail}
    )
    runner = loop.run_until_complete(server.listen_unix(control, path, 0o600))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield Client(path)
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_answers_and_refusals(ivrd: Client) -> None:
    assert ivrd.get("status") == {"got": {}}
    hostile = "surge&open=false\r\nHost: x"
    assert ivrd.post("seats", pool=hostile, open="true") == {
        "got": {"pool": hostile, "open": "true"}
    }
    with pytest.raises(RequestRefused, match=r"^no pool 'x'; there are: base, surge$"):
        ivrd.post("bad")
    with pytest.raises(NotPossible, match=r"^not connected to Asterisk: nothing was changed$"):
        ivrd.post("not-now")
    assert (RequestRefused.status, NotPossible.status, NotRunning.status) == (2, 1, 1)
    with pytest.raises(NotRunning, match=r"could not answer; its log says why$"):
        ivrd.post("worse")


def test_nobody_there(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    with pytest.raises(NotRunning) as told:
        Client(path).get("status")
    assert str(told.value) == (
        f"no ivrd answers at {path}: is it running? ([Errno 2] No such file or directory)"
    )
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with pytest.raises(NotRunning, match="Connection refused"):
        Client(path).get("status")


class Stranger(threading.Thread):
    """Something else that sits at the socket: says `answer` to the first who comes."""

    def __init__(self, path: Path, answer: bytes) -> None:
        super().__init__()
        self._answer = answer
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen(1)
        self.start()

    def run(self) -> None:
        with self._socket, self._socket.accept()[0] as guest:
            guest.recv(65536)
            guest.sendall(self._answer)


def http(status: str, body: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"", "no ivrd answers at"),
        (b"\x00\xff\xfe", "no ivrd answers at"),
        (b"SSH-2.0-x\r\n", "no ivrd answers at"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", "no ivrd answers at"),
        (http("200 OK", "<html>"), "what answers at .* is not ivrd$"),
        (http("200 OK", "[1, 2]"), "what answers at .* is not ivrd$"),
        (http("404 Not Found", "404: Not Found"), "what answers at .* is not ivrd$"),
        (http("400 Bad Request", '["no mapping"]'), "what answers at .* is not ivrd$"),
        (http("503 Service Unavailable", '{"no": 1}'), "could not answer; its log says why$"),
        (http("503 Service Unavailable", "busy"), "could not answer; its log says why$"),
    ],
)
def test_something_else_is_there(tmp_path: Path, answer: bytes, words: str) -> None:
    path = tmp_path / "control.sock"
    stranger = Stranger(path, answer)
    with pytest.raises(NotRunning, match=words):
        Client(path).get("status")
    stranger.join()


def test_one_who_never_answers_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "SECONDS", 0.05)
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(path))
        mute.listen(1)
        with pytest.raises(NotRunning, match="timed out"):
            Client(path).get("status")


def test_one_who_may_not_is_told_what_to_do(ivrd: Client) -> None:
    ivrd.path.chmod(0o000)
    me = os.geteuid()
    if me == 0:  # root may use every socket
        os.seteuid(65534)
    try:
        with pytest.raises(NotRunning, match=r"^you may not use .*: ask to join its group$"):
            ivrd.get("status")
    finally:
        os.seteuid(me)
