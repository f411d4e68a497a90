"""Series about how many callers may be here at a time, read at each scrape."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import prometheus_client as prom
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


@dataclass(frozen=True)
class CapacitySources:
    """Where the figures come from: callers by configuration, by Asterisk's open files (None: not
    known), and those who were told that all lines are busy."""

    configured: Callable[[], int]
    room: Callable[[], int | None]
    told_busy: Callable[[], int]


class CapacityMetrics(Collector):
    """Registers itself."""

    def __init__(self, registry: prom.CollectorRegistry, sources: CapacitySources) -> None:
        self._sources = sources
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """What is true now."""
        configured = GaugeMetricFamily(
            "ivrd_callers_limit", "Callers who may be here at a time: limits.callers."
        )
        configured.add_metric((), self._sources.configured())
        yield configured
        room = GaugeMetricFamily(
            "ivrd_callers_room",
            "Callers that the running Asterisk has room for, by its limit on open files; "
            "no value until it is known.",
        )
        if (known := self._sources.room()) is not None:
            room.add_metric((), known)
        yield room
        busy = CounterMetricFamily(
            "ivrd_all_lines_busy",
            "Callers who were told that all lines are busy; they are among the rejected.",
        )
        busy.add_metric((), self._sources.told_busy())
        yield busy
