"""What an ivrd sends to Asterisk, action by action, as its detour hands it on."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ivrd.asterisk.dialplan_names import LEADER
from ivrd.asterisk.leader_guard import READ_ONLY_ACTIONS
from lab.pair import OneOfTwo

Headers = dict[str, str]


@dataclass(frozen=True)
class Sent:
    """One action. `at`: seconds since the epoch; `life`: which ivrd sent it, after which start."""

    at: float
    life: tuple[str, int]
    headers: Headers

    @property
    def looks(self) -> bool:
        """Whether it changes nothing."""
        return self.headers.get("Action") in READ_ONLY_ACTIONS

    @property
    def claims(self) -> bool:
        """Whether it tells Asterisk who is the leader: what one sends before it is."""
        return self.headers.get("Variable") == LEADER


class ActionRecorder:
    """Every action that an ivrd sends, from now on."""

    def __init__(self, ivrd: OneOfTwo) -> None:
        self.sent: list[Sent] = []
        self._ivrd = ivrd
        ivrd.detour.up = self._take

    def _take(self, message: bytes) -> Iterable[bytes]:
        lines = message.decode("utf-8", "replace").split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines if ": " in line)
        self.sent.append(Sent(time.time(), (self._ivrd.name, self._ivrd.starts), headers))
        return (message,)

    def after(self, at: float, true: Callable[[Headers], bool]) -> list[float]:
        """When the actions for which `true` holds were sent, from `at` on."""
        return [sent.at for sent in list(self.sent) if sent.at >= at and true(sent.headers)]

    def changes_after(self, at: float) -> list[Headers]:
        """The actions since then that are not mere looking."""
        return [sent.headers for sent in list(self.sent) if sent.at >= at and not sent.looks]


def overlaps(sent: Iterable[Sent]) -> list[tuple[Sent, Sent]]:
    """Where two ivrd led in turns, as no two may: one action of each, the later one second.

    Whoever leads does so once, from its first action to its last.
    """
    sent_in_order = sorted((s for s in sent if not s.looks and not s.claims), key=lambda s: s.at)
    done: set[tuple[str, int]] = set()
    found = []
    for before, now in itertools.pairwise(sent_in_order):
        if now.life != before.life:
            done.add(before.life)
        if now.life in done:
            found.append((before, now))
    return found
