"""The callers themselves: they hang up whenever they like."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable

from chaos.fault import Control, Fault, Setup
from chaos.load import leavers
from chaos.scene import Scene

COMMAND = re.compile(rb"^Command: *([A-Z]+(?: [A-Z]+)?)", re.MULTILINE)
COMMAND_ID = re.compile(rb"^CommandID: *(\S+)", re.IGNORECASE | re.MULTILINE)
CHANNEL = re.compile(rb"^Channel: *(\S+)", re.MULTILINE)
WATCH_SECONDS = 9.0


class Unfinished:
    """Which commands were sent and not carried out yet when their caller hung up."""

    def __init__(self) -> None:
        self.commands: Counter[str] = Counter()
        self._sent: dict[bytes, dict[bytes, str]] = {}  # channel -> command id -> command

    def up(self, message: bytes) -> Iterable[bytes]:
        """From ivrd: notes each command."""
        channel, command = CHANNEL.search(message), COMMAND.search(message)
        number = COMMAND_ID.search(message)
        if channel and command and number:
            self._sent.setdefault(channel[1], {})[number[1]] = command[1].decode()
        return (message,)

    def down(self, message: bytes) -> Iterable[bytes]:
        """From Asterisk: notes results and hang-ups."""
        channel = CHANNEL.search(message)
        if channel and message.startswith(b"Event: AsyncAGIExec"):
            number = COMMAND_ID.search(message)
            # The one that runs when the caller goes gets a result all the same: -1.
            if number and b"result%3D-1" not in message:
                self._sent.get(channel[1], {}).pop(number[1], None)
        elif channel and message.startswith((b"Event: AsyncAGIEnd", b"Event: Hangup")):
            gone = message.startswith(b"Event: Hangup")
            pending = self._sent.pop(channel[1], {})
            self.commands.update(pending.values() if gone or pending else ())
        return (message,)


def watch(scene: Scene) -> float:
    """The callers strike; here is counted what they strike."""
    unfinished = Unfinished()
    scene.detour.up, scene.detour.down = unfinished.up, unfinished.down
    time.sleep(WATCH_SECONDS)
    told = ", ".join(f"{word} {count}" for word, count in unfinished.commands.most_common())
    scene.note(f"hung up during {told}")
    return 0.0


FAULTS = (
    Fault(
        "hang-ups",
        "callers hang up at random moments: while it rings, in prompts, between keys, on the way "
        "to the queue",
        "A session that has ended fails what is pending and takes nothing more.",
        watch,
        setup=Setup(crowd=leavers),
        gap=(0.0, 0.1),
        control=Control(
            "a session does not end with its call",
            watch,
            Setup(crowd=leavers, program="chaos.without.endings"),
        ),
    ),
)
