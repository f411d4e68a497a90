"""`ivrd seats`: one line a seat; the last open pool is closed only by somebody who means it."""

import argparse
import io
from pathlib import Path

import pytest

from ivrd.cli import seats
from ivrd.cli.failure import CommandFailed
from ivrd.cli.seats import seats_text


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


def test_a_seat_that_rests_says_since_when_and_why() -> None:
    usual = {"seat": "base-01", "pool": "base", "state": "free", "why": "", "paused_at": 0.0}
    why = "rests for 40 s more: rang, and nobody answered, 2 in a row"
    rests = {**usual, "seat": "base-02", "state": "paused", "why": why, "paused_at": 980.0}
    assert seats_text([usual, rests], 1000.0).splitlines() == [
        "Seat     pool  state   since  why",
        "base-01  base  free",
        f"base-02  base  paused  20 s   {why}",
    ]


@pytest.mark.parametrize(
    ("typed", "status", "closed"), [("y\n", 0, ["base"]), ("n\n", 1, []), ("", 1, [])]
)
def test_who_sits_at_a_terminal_is_asked(
    monkeypatch: pytest.MonkeyPatch, typed: str, status: int, closed: list[str]
) -> None:
    """Nothing at all is Ctrl-D."""
    daemon = Daemon("base")
    keyboard = io.StringIO(typed)
    monkeypatch.setattr(keyboard, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", keyboard)
    assert close(monkeypatch, daemon) == status
    assert daemon.closed == closed
