"""`ivrd top`: what is going on, live."""

import argparse
import time

from rich.console import Console, Group
from rich.live import Live

from ivrd.cli import dashboard
from ivrd.cli.client import Client, client_of
from ivrd.cli.options import command

LIVE_SECONDS = 1.0
LINES_SECONDS = 5.0


def add_top(parser: argparse.ArgumentParser) -> None:
    """`ivrd top`."""
    command(parser, _top, as_json=False)


def _top(given: argparse.Namespace) -> int:
    client = client_of(given.config)
    terminal = Console()
    if not terminal.is_terminal or terminal.is_dumb_terminal:
        return _top_in_lines(client)

    def picture() -> Group:
        return dashboard.board(client.get("status"), terminal.width, terminal.height)

    with Live(picture(), console=terminal, screen=True) as live:
        while True:
            time.sleep(LIVE_SECONDS)
            live.update(picture(), refresh=True)


def _top_in_lines(client: Client) -> int:
    """Where nothing can be drawn over: the picture again and again, with an empty line between."""
    while True:
        print(dashboard.status_text(client.get("status")), end="\n\n", flush=True)
        time.sleep(LINES_SECONDS)
