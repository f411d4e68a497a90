"""`ivrd top`: what is going on, live, until q or Ctrl-C; also while ivrd is started anew."""

import argparse
import select
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from ivrd.cli import dashboard
from ivrd.cli.client import Client, NotRunning, client_of
from ivrd.cli.failure import asking
from ivrd.cli.options import command
from ivrd.core.status_schema import Status

LIVE_SECONDS = 1.0
LINES_SECONDS = 5.0


def add_top(parser: argparse.ArgumentParser) -> None:
    """`ivrd top`."""
    command(parser, asking(_top), as_json=False)


def _top(given: argparse.Namespace) -> int:
    client = client_of(given.config)
    terminal = Console()
    first = client.get("status")  # one that was never there is an error
    if not terminal.is_terminal or terminal.is_dumb_terminal:
        return _top_in_lines(client)
    with (
        _quit_key() as quits,
        Live(_board(first, terminal), console=terminal, screen=True) as live,
    ):
        while not quits(LIVE_SECONDS):
            live.update(_now(client, terminal), refresh=True)
    return 0


def _board(status: Status, terminal: Console) -> Group:
    return dashboard.board(status, terminal.width, terminal.height)


def _now(client: Client, terminal: Console) -> RenderableType:
    try:
        return _board(client.get("status"), terminal)
    except NotRunning as error:
        return Text(f"not connected: {error}\nq ends this")


@contextmanager
def _quit_key() -> Iterator[Callable[[float], bool]]:
    """A function that waits so many seconds, and tells whether q was pressed meanwhile."""
    if not sys.stdin.isatty():
        yield _wait
        return
    handle = sys.stdin.fileno()
    before = termios.tcgetattr(handle)

    def pressed(seconds: float) -> bool:
        ready, _, _ = select.select([handle], [], [], seconds)
        return bool(ready) and sys.stdin.read(1) in ("q", "Q", "")

    tty.setcbreak(handle)
    try:
        yield pressed
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, before)


def _wait(seconds: float) -> bool:
    time.sleep(seconds)
    return False


def _top_in_lines(client: Client) -> int:
    """Where nothing can be drawn over: the picture again and again, with an empty line between."""
    while True:
        try:
            text = dashboard.status_text(client.get("status"))
        except NotRunning as error:
            text = f"not connected: {error}"
        print(text, end="\n\n", flush=True)
        time.sleep(LINES_SECONDS)
