"""Whether this ivrd may act on Asterisk: of two, one acts and the other only looks.

Leave to act is given for a short time and has to be renewed.  An ivrd that was frozen wakes up with
its leave run out, on a clock that goes on while it is frozen; whatever it then wants to do is held
back until it is known who acts now.  So a leader of yesterday does nothing today.
"""

import asyncio
import time
from collections.abc import Callable
from math import inf
from typing import Any

from ivrd.asterisk.ami_protocol import ConnectionLost, mark_retrieved

# Actions that change nothing.
READ_ONLY_ACTIONS = frozenset(
    {"Login", "Ping", "CoreShowChannels", "QueueStatus", "DeviceStateList", "Getvar"}
)
HELD_AT_MOST = 10_000

Send = Callable[[], "asyncio.Future[Any]"]


class NotLeader(ConnectionLost):
    """Another ivrd acts: nothing was sent."""


def boot_seconds() -> float:
    """Seconds since the machine started; goes on while a process, or the machine, sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class LeaderGuard:
    """Lets actions through, holds them or refuses them.  At first it is open without end.

    `wanted` is called when somebody wants to act and the leave has run out.
    """

    def __init__(self, clock: Callable[[], float] = boot_seconds) -> None:
        self.wanted: Callable[[], None] = lambda: None
        self._clock = clock
        self._until = inf  # -inf: we do not act
        self._held: list[tuple[asyncio.Future[Any], Send]] = []

    def allow(self, until: float) -> None:
        """We may act until then, on the gate's clock; what was held goes out in its order."""
        self._until = until
        held, self._held = self._held, []
        for waiting, send in held:
            if not waiting.done():
                _follow(waiting, send)

    def refuse(self) -> None:
        """We may not act; what was held is not sent."""
        self._until = -inf
        held, self._held = self._held, []
        for waiting, _send in held:
            if not waiting.done():
                waiting.set_exception(NotLeader("another ivrd acts"))

    def submit(self, action: str, send: Send) -> "asyncio.Future[Any]":
        """Send now, or when it is known that we may.  Raises `NotLeader` when we may not."""
        if action in READ_ONLY_ACTIONS or self._clock() < self._until:
            return send()
        if self._until == -inf or len(self._held) >= HELD_AT_MOST:
            raise NotLeader("another ivrd acts")
        waiting: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        waiting.add_done_callback(mark_retrieved)
        self._held.append((waiting, send))
        self.wanted()
        return waiting


def _follow(waiting: "asyncio.Future[Any]", send: Send) -> None:
    """Send, and let the one who waits have what becomes of it."""
    try:
        sent = send()
    except Exception as error:
        waiting.set_exception(error)
        return

    def done(of: "asyncio.Future[Any]") -> None:
        if waiting.done():
            return
        if of.cancelled():
            waiting.cancel()
        elif error := of.exception():
            waiting.set_exception(error)
        else:
            waiting.set_result(of.result())

    sent.add_done_callback(done)
