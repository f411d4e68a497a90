"""`ivrd seats`: open and close pools of seats on the running system."""

import argparse
from typing import Any

from ivrd.cli.client import client_of
from ivrd.cli.options import command, show


def add_seats(parser: argparse.ArgumentParser) -> None:
    """`ivrd seats`."""
    command(parser, _seats)
    parser.add_argument("act", choices=("open", "close"))
    parser.add_argument("pool", metavar="POOL")


def _seats(given: argparse.Namespace) -> int:
    opens = given.act == "open"
    answer = client_of(given.config).post("seats", pool=given.pool, open=str(opens).lower())
    show(given, answer, _open_text if opens else _closed_text)
    return 0


def _open_text(answer: Any) -> str:
    return f"Pool {answer['pool']}: {answer['seats']} seats are open."


def _closed_text(answer: Any) -> str:
    return f"Pool {answer['pool']}: closed; conversations in progress go on to their end."
