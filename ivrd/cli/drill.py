"""`ivrd partner drill`: a test call to a partner, confirmed by a person there."""

import argparse
import queue
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from ivrd.asterisk import console
from ivrd.cli.client import Client
from ivrd.cli.failure import FAILED, CommandFailed, reported
from ivrd.cli.options import show
from ivrd.config.load import load
from ivrd.config.settings import Settings

POLL_SECONDS = 0.05

# Places a test call to the partner of this id, by whatever the settings say.
Place = Callable[[Settings, str], None]


def place_test_call(settings: Settings, partner: str) -> None:
    """A call to a partner's first seat, whoever has it.  Raises `CommandFailed`."""
    with reported(console.ConsoleError):
        console.call(settings.asterisk.console, partner)


def drill(given: argparse.Namespace, place: Place = place_test_call) -> int:
    """Have the daemon listen and then place the call, so that nothing of it is missed."""
    settings = load(given.config)
    client = Client(settings.control_socket)
    outcome: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def listen() -> None:
        try:
            outcome.put(client.post("drill", partner=given.name))
        except CommandFailed as error:
            outcome.put(error)

    # A thread that nobody waits for: when the call cannot be placed, that is said at once.
    threading.Thread(target=listen, daemon=True).start()
    while outcome.empty() and not _listens(client, given.name):
        time.sleep(POLL_SECONDS)
    if outcome.empty():
        place(settings, given.name)
    answer = outcome.get()
    if isinstance(answer, Exception):
        raise answer
    show(given, answer, _text)
    if answer.get("note"):
        print(f"ivrd: {answer['note']}", file=sys.stderr)
    return 0 if answer["ok"] else FAILED


def _text(answer: Any) -> str:
    if not answer["ok"]:
        return f"{answer['partner']}: not confirmed: {answer['detail']}"
    confirmed = f"confirmed, verified on {answer['verified']}; it is {answer['state']}."
    return f"{answer['partner']}: {confirmed}\n{answer['detail']}"


def _listens(client: Client, partner: str) -> bool:
    """Whether the daemon waits for a test call to this partner."""
    (row,) = client.get("partners", partner=partner)["partners"]
    return bool(row["drilling"])
