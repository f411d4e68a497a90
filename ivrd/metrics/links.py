"""Series about links that callers are sent instead of waiting."""

from collections.abc import Callable, Iterator

import prometheus_client as prom
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ivrd.core.deflection import Deflections

RESULTS = ("sent", "late", "not_offered")


class LinkMetrics:
    """Counts; a `LinkListener`."""

    def __init__(self, registry: prom.CollectorRegistry) -> None:
        self._asked = prom.Counter(
            "ivrd_links_asked",
            "Callers who asked for a link. sent: the gateway accepted the message in time; late: "
            "not while the caller listened, who went on to a person; not_offered: it could not be "
            "had any more.",
            ["result"],
            registry=registry,
        )
        for result in RESULTS:
            self._asked.labels(result)

    def asked(self, result: str) -> None:
        """See `LinkListener`."""
        self._asked.labels(result).inc()


class LinkCollector(Collector):
    """What is true at each scrape; registers itself.

    `deflections()`: as they are now; `configured()`: whether there is a link at all.
    """

    def __init__(
        self,
        registry: prom.CollectorRegistry,
        deflections: Callable[[], Deflections],
        configured: Callable[[], bool],
        clock: Callable[[], float],
    ) -> None:
        self._deflections = deflections
        self._configured = configured
        self._clock = clock
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """How things stand now."""
        now, deflections = self._clock(), self._deflections()
        yield CounterMetricFamily(
            "ivrd_deflections_redialled",
            "Deflected calls whose person dialled again within 30 minutes.",
            value=deflections.regretted,
        )
        regret = GaugeMetricFamily(
            "ivrd_deflection_regret_ratio",
            "Of the deflected calls of the last four hours that are 30 minutes old, those whose "
            "person had dialled again by then; no sample while they are fewer than 20.",
        )
        if (share := deflections.share(now)) is not None:
            regret.add_metric((), share)
        yield regret
        yield GaugeMetricFamily(
            "ivrd_links_offered",
            "1 while callers are offered a link, 0 while none is configured, or it is withdrawn "
            "because too many dialled again.",
            value=self._configured() and deflections.offered(now),
        )
