"""Whether this ivrd may change anything on Asterisk: only the leader may, a standby only reads.

A leadership grant lasts a short time and has to be renewed.  An ivrd that was frozen wakes up with
an expired grant, measured on a clock that goes on while it is frozen; whatever it then wants to
send is held until it is known who the leader is.  So a former leader changes nothing.
"""

import asyncio
import time
from collections.abc import Callable
from math import inf
from typing import Any

from ivrd.asterisk.ami_action import ConnectionLost, mark_retrieved

# Actions that change nothing.
READ_ONLY_ACTIONS = frozenset(
    {
        *("Login", "Ping", "CoreShowChannels", "QueueStatus", "DeviceStateList", "Agents"),
        *("Getvar", "DBGetTree", "PJSIPQualify", "PJSIPShowRegistrationsOutbound"),
    }
)
HELD_AT_MOST = 10_000

Send = Callable[[], "asyncio.Future[Any]"]


class NotLeader(ConnectionLost):
    """Another ivrd is the leader: nothing was sent."""


def boot_seconds() -> float:
    """Seconds since the machine started; goes on while a process, or the machine, sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class LeaderGuard:
    """Lets actions through, holds them or refuses them.  At first it lets everything through.

    `requested` is set when an action is held because the grant has expired: the election renews
    it then without waiting for its next turn.
    """

    def __init__(self, clock: Callable[[], float] = boot_seconds) -> None:
        self.requested = asyncio.Event()
        self._clock = clock
        self._until = inf  # -inf: no grant, and none to come
        self._held: list[tuple[asyncio.Future[Any], Send]] = []

    def allow(self, until: float) -> None:
        """Grant until then, on this guard's clock; what was held is sent in its order."""
        self._until = until
        held, self._held = self._held, []
        for waiting, send in held:
            if not waiting.done():
                _follow(waiting, send)

    def refuse(self) -> None:
        """Withdraw the grant; what was held is not sent."""
        self._until = -inf
        held, self._held = self._held, []
        for waiting, _send in held:
            if not waiting.done():
                waiting.set_exception(NotLeader("another ivrd is the leader"))

    def allows(self, action: str) -> bool:
        """Whether this action may be sent in this moment."""
        return action in READ_ONLY_ACTIONS or self._clock() < self._until

    def submit(self, action: str, send: Send) -> "asyncio.Future[Any]":
        """Send now, or once the grant is renewed.  Raises `NotLeader` when there is none."""
        if self.allows(action):
            return send()
        if self._until == -inf or len(self._held) >= HELD_AT_MOST:
            raise NotLeader("another ivrd is the leader")
        waiting: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        waiting.add_done_callback(mark_retrieved)
        self._held.append((waiting, send))
        self.requested.set()
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
