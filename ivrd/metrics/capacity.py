"""Series about how many callers may be here at a time, read at each scrape."""

from collections.abc import Iterator
from typing import Protocol

import prometheus_client as prom
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class Capacity(Protocol):
    """How many callers there may be; see asterisk/capacity.py."""

    callers: int  # by the configuration
    room: int | None  # by Asterisk's limit on open files; None: not known


class Tracker(Protocol):
    """What became of those for whom there was no room; see calls/tracker.py."""

    @property
    def lines_busy(self) -> int:
        """How many callers were told that all lines are busy."""


class CapacityMetrics(Collector):
    """Registers itself."""

    def __init__(
        self, registry: prom.CollectorRegistry, capacity: Capacity, tracker: Tracker
    ) -> None:
        self._capacity = capacity
        self._tracker = tracker
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """What is true now."""
        configured = GaugeMetricFamily(
            "ivrd_callers_limit", "Callers who may be here at a time: limits.callers."
        )
        configured.add_metric((), self._capacity.callers)
        yield configured
        room = GaugeMetricFamily(
            "ivrd_callers_room",
            "Callers that the running Asterisk has room for, by its limit on open files; "
            "no value until it is known.",
        )
        if (known := self._capacity.room) is not None:
            room.add_metric((), known)
        yield room
        busy = CounterMetricFamily(
            "ivrd_all_lines_busy",
            "Callers who were told that all lines are busy; they are among the rejected.",
        )
        busy.add_metric((), self._tracker.lines_busy)
        yield busy
