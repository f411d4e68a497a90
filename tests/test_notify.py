"""What systemd hears, on a socket like its own."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivrd import notify


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        listener.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        yield listener


def heard(listener: socket.socket) -> list[str]:
    return listener.recv(4096).decode().split("\n")


def test_each_word_arrives(systemd: socket.socket) -> None:
    notify.ready()
    assert heard(systemd) == ["READY=1"]
    notify.watchdog()
    assert heard(systemd) == ["WATCHDOG=1"]
    notify.stopping()
    assert heard(systemd) == ["STOPPING=1"]
    notify.stopping(seconds=45)
    assert heard(systemd) == ["STOPPING=1", "EXTEND_TIMEOUT_USEC=45000000"]


def test_a_reload_says_when_it_began(systemd: socket.socket) -> None:
    notify.reloading()
    word, moment = heard(systemd)
    assert word == "RELOADING=1"
    assert moment.startswith("MONOTONIC_USEC=")
    assert int(moment.removeprefix("MONOTONIC_USEC=")) > 0


def test_a_status_stays_one_line_and_cannot_say_anything_else(systemd: socket.socket) -> None:
    notify.status("รอ Asterisk\nREADY=1\r\n")
    assert heard(systemd) == ["STATUS=รอ Asterisk READY=1"]


def test_a_name_without_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("")  # the kernel chooses a free one
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + listener.getsockname()[1:].decode())
        listener.setblocking(False)
        notify.ready()
        assert heard(listener) == ["READY=1"]


@pytest.mark.parametrize("address", ["", "/nowhere/at/all", "/" + "x" * 300, "@"])
def test_nobody_listens(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    notify.ready()


def test_a_systemd_that_does_not_read_holds_nothing_up(systemd: socket.socket) -> None:
    for _ in range(2000):
        try:
            fill(systemd)
        except BlockingIOError:
            break
    else:
        pytest.fail("the socket never filled up")
    notify.watchdog()  # returns; the test's own time-out is the witness


def fill(listener: socket.socket) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.sendto(b"x", listener.getsockname())
