"""What nearly all parts need: clocks, the ledger, who leads, metrics, Asterisk, the store."""

import asyncio
import socket
import time
from collections.abc import Callable

from ivrd import __version__
from ivrd.api.leader_only import LeaderOnly
from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.leader_guard import LeaderGuard
from ivrd.asterisk.translate import EVENTS
from ivrd.config.settings import Settings
from ivrd.core.clock import AsteriskClock, Timeline
from ivrd.core.ledger import Ledger
from ivrd.core.recent import Recent
from ivrd.daemon.ami_address import ami_address
from ivrd.ha.election import Election
from ivrd.ha.leadership import Leadership, LeaderStatus
from ivrd.metrics.calls import CallMetrics
from ivrd.metrics.observer import Observer
from ivrd.store import WriteBehind
from ivrd.store.factory import open_store


class SharedParts:
    """Built first, and given whole to the parts that come later: it knows nothing of them.

    `stepped_down(why)` is called when another ivrd becomes the leader.
    """

    def __init__(self, settings: Settings, stepped_down: Callable[[str], None]) -> None:
        self.ledger = Ledger()
        self.timeline = Timeline(time.time, time.monotonic)
        self.asterisk_clock = AsteriskClock(self.timeline)
        self.reevaluate = asyncio.Event()  # partners' seats are to be decided on at once
        store, lease = open_store(settings.store)
        guard = LeaderGuard()
        name = f"{socket.gethostname()}:{settings.web_port}"
        self.leadership = Leadership(name, lease is None, guard, stepped_down)
        self.leader_only = LeaderOnly(self.leadership)
        self.observer = _observer(settings, self.leadership, self.timeline)
        self.registry = self.observer.metrics.registry
        self.link = AmiClient(
            ami_address(settings), guard, self.observer.connection_report, wanted=EVENTS
        )
        self.election = Election(self.leadership, lease, self.link, guard)
        self.write_behind = WriteBehind(store, self.leadership, self.observer.store)

    def now(self) -> float:
        """This moment on the timeline."""
        return self.timeline.now()

    def shift(self) -> float:
        """What the time of day is ahead of the timeline, in seconds."""
        return self.timeline.shift


def _observer(settings: Settings, leadership: LeaderStatus, timeline: Timeline) -> Observer:
    metrics = CallMetrics(
        [queue.name for queue in settings.queues],
        settings.service_level_seconds,
        __version__,
        pools=[pool.name for pool in settings.pools],
        clock=timeline.now,
        numbers=[of.number for of in settings.numbers],
    )
    recent = Recent(settings.service_level_seconds)
    return Observer(metrics, recent, leadership, timeline.now)
