"""`ivrd run`: the daemon, in the foreground."""

import argparse
import asyncio

from ivrd.api.server import CannotListen
from ivrd.calls.caller_hash import CallerKeyError
from ivrd.cli.failure import reported
from ivrd.cli.options import command
from ivrd.daemon import service
from ivrd.store import Claimed


def add_run(parser: argparse.ArgumentParser) -> None:
    """`ivrd run`."""
    command(parser, _run, as_json=False)


def _run(given: argparse.Namespace) -> int:
    with reported(CannotListen, CallerKeyError, Claimed):
        asyncio.run(service.run(given.config))
    return 0
