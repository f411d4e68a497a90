"""What happens when the connection to Asterisk comes up, reports something, or is lost."""

import logging
from collections.abc import Callable

from panoramisk.message import Message

from ivrd import log
from ivrd.asterisk.capacity import Capacity
from ivrd.asterisk.second_calls import SecondCalls
from ivrd.calls.tracker import CallTracker
from ivrd.daemon import systemd
from ivrd.ha.failover import Failover
from ivrd.metrics.observer import Observer

logger = logging.getLogger("ivrd")


class AsteriskConnection:
    """The AMI client's handler.  `reevaluate()` asks for a decision on partners' seats at once.

    `detach_agents(why)`: nobody speaks to agents who call ivrd any more.  `connected()`: what is
    read later may be read now.
    """

    def __init__(
        self,
        tracker: CallTracker,
        failover: Failover,
        observer: Observer,
        capacity: Capacity,
        second_calls: SecondCalls,
        reevaluate: Callable[[], None],
        detach_agents: Callable[[str], None],
        connected: Callable[[], None],
    ) -> None:
        self._tracker = tracker
        self._failover = failover
        self._observer = observer
        self._capacity = capacity
        self._second_calls = second_calls
        self._reevaluate = reevaluate
        self._detach_agents = detach_agents
        self._connected = connected

    def event(self, message: Message) -> None:
        """Asterisk reports an event."""
        self._tracker.take(message)

    async def up(self) -> None:
        """Logged in: bring the ledger, menus and seats to what Asterisk reports."""
        self._second_calls.forget()
        await self._failover.up()
        if shortage := self._capacity.shortage():
            log.event(logger, logging.WARNING, shortage)
        self._observer.connection(True)
        self._connected()
        self._reevaluate()  # seats that were wanted when the connection was lost are due at once
        systemd.status("connected to Asterisk")

    def down(self) -> None:
        """The connection is lost: the dialplan has the callers until it is back."""
        self._observer.connection(False)
        for detach_all in (self._tracker.ivr.detach_all, self._detach_agents):
            detach_all("the connection to Asterisk was lost")
        systemd.status("not connected to Asterisk")
