"""Calls in progress by where they are: who waits in a queue, in which order, and who talks where.

Of those who wait most stand in Asterisk's line; whoever has opened the menu that there is meanwhile
does not until it is left, and waits all the same.

Those who wait are in the order of their turns (priority.py).

Kept as calls move.  So whoever asks for one queue, or for one partner, pays for what is found there
and not for all the others, who may be thousands.
"""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from heapq import merge

from ivrd.core.call import Call, CallState
from ivrd.core.priority import Place, place


def place_of(call: Call, now: float = 0.0) -> Place:
    """The place of a call that waits, or that joins a queue `now`."""
    arrived = call.effective_at or call.joined_at or now
    return place(arrived, call.head_start, call.received_at, call.id)


@dataclass
class Present:
    """Where each call is, as `moved` was told."""

    _lines: dict[str, list[Place]] = field(default_factory=dict)  # by queue
    _menus: dict[str, list[Place]] = field(default_factory=dict)  # by queue
    _talks: dict[str, dict[str, None]] = field(default_factory=dict)  # by queue; ordered sets
    _partners: dict[str, dict[str, None]] = field(default_factory=dict)  # the same by partner
    _callers: Counter[str] = field(default_factory=Counter)  # received calls, by caller
    _received: int = 0  # all of these

    def moved(self, before: Call | None, after: Call | None) -> None:
        """A call is somewhere else than before; None: it was not, or is no longer, in progress."""
        if before is not None:
            self._leave(before)
        if after is not None:
            self._enter(after)

    def _enter(self, call: Call) -> None:
        self._count(call, 1)
        if (lines := self._lines_of(call)) is not None:
            insort(lines.setdefault(call.queue, []), place_of(call))
        elif call.state is CallState.TALK:
            self._talks.setdefault(call.queue, {})[call.id] = None
            if call.partner:
                self._partners.setdefault(call.partner, {})[call.id] = None

    def _leave(self, call: Call) -> None:
        self._count(call, -1)
        if (lines := self._lines_of(call)) is not None:
            line = lines[call.queue]
            del line[bisect_left(line, place_of(call))]
            if not line:
                del lines[call.queue]
        elif call.state is CallState.TALK:
            _take(self._talks, call.queue, call.id)
            if call.partner:
                _take(self._partners, call.partner, call.id)

    def _count(self, call: Call, change: int) -> None:
        if call.received:
            self._received += change
            self._callers[call.caller] += change
            if not self._callers[call.caller]:
                del self._callers[call.caller]

    @property
    def received(self) -> int:
        """How many received calls are here."""
        return self._received

    def calls_of(self, caller: str) -> int:
        """How many of them are one caller's; of an empty one, of all who withhold the number."""
        return self._callers[caller]

    def _lines_of(self, call: Call) -> dict[str, list[Place]] | None:
        """The lines in one of which a call stands; None if it does not wait."""
        match call.state:
            case CallState.QUEUE:
                return self._lines
            case CallState.QUEUE_MENU:
                return self._menus
            case _:
                return None

    def line(self, queue: str) -> Sequence[Place]:
        """Those who stand in a queue in Asterisk, the longest waiting first."""
        return self._lines.get(queue, ())

    def in_menus(self, queue: str) -> Sequence[Place]:
        """Those who wait for a queue's people and are in the menu meanwhile, in the same order."""
        return self._menus.get(queue, ())

    def waiting(self, queue: str) -> Sequence[Place]:
        """All who wait for a queue's people, in the same order."""
        line, menus = self.line(queue), self.in_menus(queue)
        return [*merge(line, menus)] if menus else line

    def oldest_seconds(self, queue: str, now: float) -> float:
        """How long ago the first of all who wait arrived, effectively; 0 when nobody waits."""
        lines = (self.line(queue), self.in_menus(queue))
        first = [at for at in map(_first_arrival, lines) if at is not None]
        return max(0.0, now - min(first)) if first else 0.0

    def queues(self) -> Collection[str]:
        """The queues for whose people somebody waits."""
        return self._lines.keys() | self._menus.keys()

    def queues_of_menus(self) -> Collection[str]:
        """Those of them for which somebody is in the menu."""
        return self._menus.keys()

    def talking(self, queue: str) -> Collection[str]:
        """Those who came from this queue and talk."""
        return self._talks.get(queue, ())

    def with_partner(self, partner: str) -> Collection[str]:
        """Those who talk with this partner's people."""
        return self._partners.get(partner, ())


def _first_arrival(line: Iterable[Place]) -> float | None:
    """The earliest effective arrival in a line, which is in the order of turns; None without any.

    Nobody's turn is later than the arrival: whoever has a later turn arrived later still.
    """
    first: float | None = None
    for each in line:
        if first is not None and each.turn_at >= first:
            break
        first = each.effective_at if first is None else min(first, each.effective_at)
    return first


def _take(sets: dict[str, dict[str, None]], name: str, call_id: str) -> None:
    del sets[name][call_id]
    if not sets[name]:
        del sets[name]
