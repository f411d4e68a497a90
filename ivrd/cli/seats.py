"""`ivrd seats`: open and close pools of seats on the running system."""

import argparse
import sys
from typing import Any

from ivrd.cli.client import Client, client_of
from ivrd.cli.failure import FAILED, CommandFailed
from ivrd.cli.options import command, show


def add_seats(parser: argparse.ArgumentParser) -> None:
    """`ivrd seats`."""
    command(parser, _seats)
    parser.add_argument("act", choices=("open", "close"))
    parser.add_argument("pool", metavar="POOL")
    parser.add_argument("--yes", action="store_true", help="close the last open pool, too")


def _seats(given: argparse.Namespace) -> int:
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
    return input(f"{last}. Close it? [y/N] ").strip().lower() in ("y", "yes")


def _open_text(answer: Any) -> str:
    return f"Pool {answer['pool']}: {answer['seats']} seats are open."


def _closed_text(answer: Any) -> str:
    return f"Pool {answer['pool']}: closed; conversations in progress go on to their end."
