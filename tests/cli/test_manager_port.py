"""What `ivrd check` says of who can connect to Asterisk's manager port."""

import os
import socket

import pytest

from ivrd.cli import manager_port

OTHERS = {1000: manager_port.MANY, 1001: manager_port.MANY - 1, 0: 40}


def test_an_account_that_holds_many_connections_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(manager_port, "connected_users", lambda _port: OTHERS)
    monkeypatch.setattr(manager_port, "unit_user", lambda: None)
    (note,) = manager_port.notes("127.0.0.1", 5038)
    assert note.endswith("holds 5 connections to port 5038")


def test_nothing_is_said_to_whoever_cannot_know(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert list(manager_port.notes("127.0.0.1", 5038)) == []


def test_a_port_that_every_account_can_reach_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(manager_port, "unit_user", lambda: "ivrd")
    monkeypatch.setattr(manager_port, "connected_users", lambda _port: {})
    for is_open in (True, False):
        monkeypatch.setattr(manager_port, "_open_to_nobody", lambda *_at, of=is_open: of)
        told = list(manager_port.notes("127.0.0.1", 5038))
        assert ["every account of this machine" in note for note in told] == [True] * is_open


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_nobody_tries_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert manager_port._open_to_nobody("127.0.0.1", port)
    assert not manager_port._open_to_nobody("127.0.0.1", port)
