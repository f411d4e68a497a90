"""A bad line between two SIP phones on loopback: messages are lost, come twice, or come late.

with LossyLine(target_port, fate) as line:
    ...  # whoever sends to line.port reaches the target, as far as `fate` lets it
"""

from __future__ import annotations

import re
import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from lab.running import Running

HOST = "127.0.0.1"
LATE_SECONDS = 0.7  # longer than SIP waits before it sends a message again (T1, 0.5 s)
STEP = 0.05  # seconds between two looks at what is late


class Fate(Enum):
    """What becomes of one message."""

    PASSES = "passes"
    LOST = "lost"
    TWICE = "twice"  # and the second one comes late, when others have passed
    LATE = "late"


@dataclass(frozen=True)
class Message:
    """`kind`: the method of a request, or the status and the method it answers: `200 BYE`.

    `up`: towards the target.  `nth`: counts this kind in this direction of this call, from 1.
    """

    call: str
    kind: str
    up: bool
    nth: int


def kind_of(data: bytes) -> tuple[str, str]:
    """(Call-ID, kind) of a SIP message."""
    text = data.decode("utf-8", "replace")
    first = text.split(" ", 2)
    method = re.search(r"^CSeq:\s*\d+\s+(\w+)", text, re.MULTILINE | re.IGNORECASE)
    call = re.search(r"^Call-ID:\s*(\S+)", text, re.MULTILINE | re.IGNORECASE)
    kind = f"{first[1]} {method[1] if method else ''}" if first[0] == "SIP/2.0" else first[0]
    return (call[1] if call else ""), kind


class LossyLine(Running):
    """The line; `fate` says of each message what becomes of it."""

    def __init__(self, target: int, fate: Callable[[Message], Fate]) -> None:
        self._near, self._far = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in "nf")
        for end in (self._near, self._far):
            end.bind((HOST, 0))
        self.port = int(self._near.getsockname()[1])
        self.struck: list[Message] = []  # those that did not simply pass
        self._target, self._caller = (HOST, target), (HOST, 0)
        self._fate = fate
        self._counts: Counter[tuple[str, str, bool]] = Counter()
        self._late: list[tuple[float, bytes, bool]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lossy line", daemon=True)

    def start(self) -> None:
        """Hand on from now on."""
        self._thread.start()

    def stop(self) -> None:
        """The line is cut."""
        self._over.set()
        self._thread.join()
        self._near.close()
        self._far.close()

    def _run(self) -> None:
        while not self._over.is_set():
            ready, _, _ = select.select((self._near, self._far), (), (), STEP)
            for end in ready:
                data, sender = end.recvfrom(65535)
                if end is self._near:
                    self._caller = sender
                self._take(data, up=end is self._near)
            now = time.monotonic()
            due = [message for message in self._late if message[0] <= now]
            self._late = [message for message in self._late if message[0] > now]
            for _at, data, up in due:
                self._send(data, up)

    def _take(self, data: bytes, up: bool) -> None:
        call, kind = kind_of(data)
        if not call:
            return  # no SIP: sound of a call that had this port before
        self._counts[call, kind, up] += 1
        message = Message(call, kind, up, self._counts[call, kind, up])
        fate = self._fate(message)
        if fate is not Fate.PASSES:
            self.struck.append(message)
        if fate in (Fate.PASSES, Fate.TWICE):
            self._send(data, up)
        if fate in (Fate.LATE, Fate.TWICE):
            self._late.append((time.monotonic() + LATE_SECONDS, data, up))

    def _send(self, data: bytes, up: bool) -> None:
        end, where = (self._far, self._target) if up else (self._near, self._caller)
        end.sendto(data, where)
