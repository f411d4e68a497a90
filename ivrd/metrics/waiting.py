"""Series about how long callers are expected to wait, and how right that was."""

from collections.abc import Callable, Collection, Iterator

import prometheus_client as prom
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ivrd.core.expected_wait import CONFIDENCE, Prediction
from ivrd.metrics.queue_labels import QUEUE_LABELS, queue_labels
from ivrd.waiting.forecast import WaitForecast

ERROR_SECONDS = (1, 2, 5, 10, 20, 30, 60, 120, 180, 300, 600, 1200, 1800, 3600)
RESULTS = {True: "kept", False: "broken"}


class WaitMetrics:
    """What became of the waits that were foreseen; series exist with 0 from the start."""

    def __init__(self, registry: prom.CollectorRegistry, queues: Collection[str]) -> None:
        self._error = prom.Histogram(
            "ivrd_expected_wait_error_seconds",
            "Seconds between the wait that was expected when a caller joined and the one until "
            "the answer, more or less; of those who had to wait and were answered.",
            QUEUE_LABELS,
            buckets=ERROR_SECONDS,
            registry=registry,
        )
        self._bounds = prom.Counter(
            "ivrd_expected_wait_bounds_total",
            f"Upper bounds of waits, each meant to be kept with {CONFIDENCE:.0%}: kept by an "
            "answer in time; broken by a later one, or by a caller who gave up after it.",
            (*QUEUE_LABELS, "result"),
            registry=registry,
        )
        self._announced = prom.Counter(
            "ivrd_announced_waits_total",
            "Upper bounds that callers were told first, rounded up to minutes that have a "
            "recording, by whether they were kept. Who gave up in time is not among them.",
            (*QUEUE_LABELS, "result"),
            registry=registry,
        )
        self.queues(queues)

    def queues(self, names: Collection[str]) -> None:
        """There are these queues."""
        for name in names:
            labels = queue_labels(name)
            self._error.labels(*labels)
            for result in RESULTS.values():
                self._bounds.labels(*labels, result)
                self._announced.labels(*labels, result)

    def realised(self, queue: str, prediction: Prediction, seconds: float) -> None:
        """A caller was answered after so long."""
        self._error.labels(*queue_labels(queue)).observe(abs(seconds - prediction.mean))

    def bound(self, queue: str, *, kept: bool) -> None:
        """A bound was kept, or broken."""
        self._bounds.labels(*queue_labels(queue), RESULTS[kept]).inc()

    def promise(self, queue: str, *, kept: bool) -> None:
        """The bound that a caller heard first was kept, or broken."""
        self._announced.labels(*queue_labels(queue), RESULTS[kept]).inc()


class ExpectedWaitCollector(Collector):
    """What somebody would wait who joined a queue now; registers itself."""

    def __init__(
        self,
        registry: prom.CollectorRegistry,
        forecast: WaitForecast,
        queues: Callable[[], Collection[str]],
    ) -> None:
        self._forecast = forecast
        self._queues = queues
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """What is true now."""
        expected = GaugeMetricFamily(
            "ivrd_expected_wait_seconds",
            "The wait that is expected for a caller who joins now; +Inf while nobody is there to "
            "answer.",
            labels=QUEUE_LABELS,
        )
        bound = GaugeMetricFamily(
            "ivrd_expected_wait_bound_seconds",
            f"Its upper bound, kept by {CONFIDENCE:.0%} of such waits.",
            labels=QUEUE_LABELS,
        )
        coverage = GaugeMetricFamily(
            "ivrd_expected_wait_coverage_ratio",
            f"How many of the last bounds were kept; {CONFIDENCE:g} before there were any.",
            labels=QUEUE_LABELS,
        )
        found: dict[tuple[str, str], list[tuple[Prediction, float]]] = {}
        for queue in self._queues():
            calibration = self._forecast.calibration(queue)
            prediction = calibration.predict(self._forecast.arriving(queue))
            row = prediction, calibration.coverage
            found.setdefault(queue_labels(queue), []).append(row)
        for labels, rows in found.items():  # of several topics the least favourable one
            expected.add_metric(labels, max(of.mean for of, _coverage in rows))
            bound.add_metric(labels, max(of.bound for of, _coverage in rows))
            coverage.add_metric(labels, min(kept for _of, kept in rows))
        yield from (expected, bound, coverage)
