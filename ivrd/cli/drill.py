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
    """`ivrd partner drill`."""
    answer = outcome(load(given.config), given.name, place)
    show(given, answer, drill_text)
    if answer.get("note"):
        print(f"ivrd: {answer['note']}", file=sys.stderr)
    return 0 if answer["ok"] else FAILED


def outcome(settings: Settings, partner: str, place: Place = place_test_call) -> Any:
    """Have the daemon listen and then place the call, so that nothing of it is missed.

    What the daemon says of it.  Raises `CommandFailed`.
    """
    client = Client(settings.control_socket)
    found: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def listen() -> None:
        try:
            found.put(client.post("drill", partner=partner))
        except CommandFailed as error:
            found.put(error)

    # A thread that nobody waits for: when the call cannot be placed, that is said at once.
    threading.Thread(target=listen, daemon=True).start()
    while found.empty() and not _listens(client, partner):
        time.sleep(POLL_SECONDS)
    if found.empty():
        place(settings, partner)
    answer = found.get()
    if isinstance(answer, Exception):
        raise answer
    return answer


def drill_text(answer: Any) -> str:
    """What became of a test call."""
    if not answer["ok"]:
        return f"{answer['partner']}: not confirmed: {answer['detail']}"
    confirmed = f"confirmed, verified on {answer['verified']}; it is {answer['state']}."
    return f"{answer['partner']}: {confirmed}\n{answer['detail']}"


def _listens(client: Client, partner: str) -> bool:
    """Whether the daemon waits for a test call to this partner."""
    (row,) = client.get("partners", partner=partner)["partners"]
    return bool(row["drilling"])
