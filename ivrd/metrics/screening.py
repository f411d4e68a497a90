"""Series about callers who are asked for a key before anything else, read at each scrape."""

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

import prometheus_client as prom
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ivrd.core.challenge import Reason


class Screening(Protocol):
    """Who was asked, and who pressed one; see calls/screening.py."""

    @property
    def challenged(self) -> Mapping[Reason, int]:
        """How many were asked, by the limit that was exceeded."""

    @property
    def passed(self) -> int:
        """How many of them pressed a key."""


class ScreeningMetrics(Collector):
    """Registers itself.  `asked_now()`: how many are being asked."""

    def __init__(
        self,
        registry: prom.CollectorRegistry,
        screening: Screening,
        asked_now: Callable[[], int],
    ) -> None:
        self._screening = screening
        self._asked_now = asked_now
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """What is true now."""
        asked = CounterMetricFamily(
            "ivrd_calls_challenged",
            "Callers who were asked for a key before anything else, by the limit exceeded.",
            labels=("limit",),
        )
        for reason in Reason:
            asked.add_metric((reason.value,), self._screening.challenged.get(reason, 0))
        yield asked
        passed = CounterMetricFamily(
            "ivrd_challenges_passed", "Callers who were asked for a key and have pressed one."
        )
        passed.add_metric((), self._screening.passed)
        yield passed
        now = GaugeMetricFamily(
            "ivrd_callers_challenged_now", "Callers who are being asked for a key."
        )
        now.add_metric((), self._asked_now())
        yield now
