"""`ivrd handover`: make the standby of two ivrd the leader."""

import argparse
from typing import Any

from ivrd.cli.client import client_of
from ivrd.cli.failure import asking
from ivrd.cli.options import command, show


def add_handover(parser: argparse.ArgumentParser) -> None:
    """`ivrd handover`."""
    command(parser, asking(_handover))


def _handover(given: argparse.Namespace) -> int:
    show(given, client_of(given.config).post("handover"), _text)
    return 0


def _text(answer: Any) -> str:
    return f"{answer['leader']} is the leader now; this ivrd ends."
