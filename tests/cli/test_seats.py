"""`ivrd seats close`: the last open pool is closed only by somebody who means it."""

import argparse
from pathlib import Path

import pytest

from ivrd.cli import seats
from ivrd.cli.failure import CommandFailed


class Daemon:
    """What a running ivrd says of its pools."""

    def __init__(self, *open_pools: str) -> None:
        self.open = open_pools
        self.closed: list[str] = []

    def get(self, _name: str) -> dict[str, object]:
        rows = [{"name": pool, "open": pool in self.open} for pool in ("base", "surge")]
        return {"pools": rows}

    def post(self, _name: str, **query: str) -> dict[str, object]:
        self.closed.append(query["pool"])
        return {"pool": query["pool"], "seats": 2}


def close(monkeypatch: pytest.MonkeyPatch, daemon: Daemon, *words: str) -> int:
    monkeypatch.setattr(seats, "client_of", lambda _folder: daemon)
    parser = argparse.ArgumentParser()
    seats.add_seats(parser)
    given = parser.parse_args(["close", "base", "--config", str(Path("config")), *words])
    return int(given.run(given))


def test_the_last_open_pool_is_not_closed_by_a_slip(monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = Daemon("base")
    with pytest.raises(CommandFailed, match="base is the last open pool"):
        close(monkeypatch, daemon)
    assert daemon.closed == []
    assert close(monkeypatch, daemon, "--yes") == 0
    assert daemon.closed == ["base"]


def test_another_open_pool_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = Daemon("base", "surge")
    assert close(monkeypatch, daemon) == 0
    assert daemon.closed == ["base"]
