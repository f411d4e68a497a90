"""What systemd hears, on a socket like its own."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivrd.daemon import systemd


@pytest.fixture
def listener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(path))
        sock.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        yield sock


def heard(listener: socket.socket) -> list[str]:
    return listener.recv(4096).decode().split("\n")


def test_each_word_arrives(listener: socket.socket) -> None:
    systemd.ready()
    assert heard(listener) == ["READY=1"]
    systemd.watchdog()
    assert heard(listener) == ["WATCHDOG=1"]
    systemd.stopping()
    assert heard(listener) == ["STOPPING=1"]
    systemd.stopping(seconds=45)
    assert heard(listener) == ["STOPPING=1", "EXTEND_TIMEOUT_USEC=45000000"]


def test_a_reload_says_when_it_began(listener: socket.socket) -> None:
    systemd.reloading()
    word, moment = heard(listener)
    assert word == "RELOADING=1"
    assert moment.startswith("MONOTONIC_USEC=")
    assert int(moment.removeprefix("MONOTONIC_USEC=")) > 0


def test_a_status_stays_one_line_and_cannot_say_anything_else(listener: socket.socket) -> None:
    systemd.status("รอ Asterisk\nREADY=1\r\n")
    assert heard(listener) == ["STATUS=รอ Asterisk READY=1"]


def test_a_name_without_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind("")  # the kernel chooses a free one
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + sock.getsockname()[1:].decode())
        sock.setblocking(False)
        systemd.ready()
        assert heard(sock) == ["READY=1"]


@pytest.mark.parametrize("address", ["", "/nowhere/at/all", "/" + "x" * 300, "@"])
def test_nobody_listens(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    systemd.ready()


def test_a_systemd_that_does_not_read_holds_nothing_up(listener: socket.socket) -> None:
    for _ in range(2000):
        try:
            fill(listener)
        except BlockingIOError:
            break
    else:
        pytest.fail("the socket never filled up")
    systemd.watchdog()  # returns; the test's own time-out is the witness


def fill(listener: socket.socket) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.sendto(b"x", listener.getsockname())
