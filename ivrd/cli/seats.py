"""`ivrd seats`: open and close pools, list the seats, have one rung again; people on the line."""

import argparse
import sys
import time
from typing import Any

from ivrd.cli.client import Client, client_of
from ivrd.cli.failure import FAILED, CommandFailed
from ivrd.cli.invitations import add_invitations
from ivrd.cli.options import show, subcommand
from ivrd.cli.partner_tables import table_lines


def add_seats(parser: argparse.ArgumentParser) -> None:
    """`ivrd seats`."""
    acts = parser.add_subparsers(title="acts", required=True, metavar="ACT")
    for act in ("open", "close"):
        made = subcommand(acts, act, _move, f"{act} a pool of seats")
        made.set_defaults(act=act)
        made.add_argument("pool", metavar="POOL")
        if act == "close":
            made.add_argument("--yes", action="store_true", help="close the last open pool, too")
    text = "each seat, what it is doing, and why one is not rung in its turn"
    subcommand(acts, "list", _list, text)
    add_invitations(acts)
    text = "ring a seat in its turn again that did not answer"
    subcommand(acts, "resume", _resume, text).add_argument("seat", metavar="SEAT")


def seats_text(rows: list[dict[str, Any]], now: float) -> str:
    """The seats as a table; `now` in seconds since the epoch."""
    head = ["Seat", "pool", "state", "since", "why"]
    cells = [
        (
            row["seat"],
            row["pool"],
            row["state"],
            f"{max(0.0, now - row['paused_at']):.0f} s" if row["paused_at"] else "",
            row["why"],
        )
        for row in rows
    ]
    return "\n".join(table_lines(head, cells, left=5, cut=[4]))


def _move(given: argparse.Namespace) -> int:
    opens = given.act == "open"
    client = client_of(given.config)
    if not opens and not given.yes and not _confirmed(client, given.pool):
        return FAILED
    answer = client.post("seats", pool=given.pool, open=str(opens).lower())
    show(given, answer, _open_text if opens else _closed_text)
    return 0


def _confirmed(client: Client, pool: str) -> bool:
    """Whether the pool may be closed: another one is open, or the person means it.

    Raises `CommandFailed` when it is the last one and nobody is there to ask.
    """
    if [row["name"] for row in client.get("status")["pools"] if row["open"]] != [pool]:
        return True
    last = f"{pool} is the last open pool: callers would wait for nobody but partners"
    if not sys.stdin.isatty():
        raise CommandFailed(f"{last}; --yes closes it all the same")
    try:
        return input(f"{last}. Close it? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:  # Ctrl-D
        return False


def _open_text(answer: Any) -> str:
    return f"Pool {answer['pool']}: {answer['seats']} seats are open."


def _closed_text(answer: Any) -> str:
    return f"Pool {answer['pool']}: closed; conversations in progress go on to their end."


def _list(given: argparse.Namespace) -> int:
    rows = client_of(given.config).get("seats")["seats"]
    show(given, rows, lambda rows: seats_text(rows, time.time()))
    return 0


def _resume(given: argparse.Namespace) -> int:
    show(given, client_of(given.config).post("resume", seat=given.seat), _resumed_text)
    return 0


def _resumed_text(answer: Any) -> str:
    if answer["resumed"]:
        return f"Seat {answer['seat']} is rung in its turn again."
    return f"Seat {answer['seat']} had not failed: nothing was changed."
