"""`ivrd status`: what is going on now."""

import argparse

from ivrd.cli.client import client_of
from ivrd.cli.dashboard import status_text
from ivrd.cli.failure import asking
from ivrd.cli.options import command, show


def add_status(parser: argparse.ArgumentParser) -> None:
    """`ivrd status`."""
    command(parser, asking(_status))


def _status(given: argparse.Namespace) -> int:
    show(given, client_of(given.config).get("status"), status_text)
    return 0
