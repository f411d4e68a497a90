"""`ivrd run`: the daemon, in the foreground."""

import argparse
import asyncio
import logging

from ivrd import log
from ivrd.api.server import CannotListen
from ivrd.cli.failure import reported
from ivrd.cli.options import command
from ivrd.config.key_file import KeyFileError
from ivrd.daemon import service
from ivrd.store import Claimed

logger = logging.getLogger("ivrd")


def add_run(parser: argparse.ArgumentParser) -> None:
    """`ivrd run`."""
    command(parser, _run, as_json=False)


def _run(given: argparse.Namespace) -> int:
    with reported(CannotListen, KeyFileError, Claimed):
        try:
            asyncio.run(service.run(given.config))
        except OSError as error:  # nothing that is foreseen: the journal is to have where it was
            log.event(logger, logging.ERROR, "ivrd ends", error=error)
            raise
    return 0
