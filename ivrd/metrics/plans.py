"""Series about crisis plans: the annotations of a chart, and what an alert looks at."""

from collections.abc import Callable, Iterable, Iterator

import prometheus_client as prom
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ivrd.core.plan import EndedRun, EndReason, Run

STARTED_BY = ("operator", "load")


class PlanMetrics:
    """Counts starts and ends; a `PlanListener`."""

    def __init__(self, registry: prom.CollectorRegistry) -> None:
        self._starts = prom.Counter(
            "ivrd_plan_starts",
            "Times that a crisis plan was started, by an operator or by load.",
            ["plan", "by"],
            registry=registry,
        )
        self._ends = prom.Counter(
            "ivrd_plan_ends",
            "Times that a crisis plan ended. time: as set when it was started; removed: the "
            "configuration has it no more.",
            ["plan", "by"],
            registry=registry,
        )

    def plans(self, names: Iterable[str]) -> None:
        """The plans that there are: their series begin at 0."""
        for name in names:
            for by in STARTED_BY:
                self._starts.labels(name, by)
            for why in EndReason:
                self._ends.labels(name, why)

    def plan_started(self, run: Run) -> None:
        """A plan is on."""
        self._starts.labels(run.plan, "load" if run.by_load else "operator").inc()

    def plan_ended(self, ended: EndedRun) -> None:
        """It is not any more."""
        self._ends.labels(ended.run.plan, ended.why).inc()


class PlanCollector(Collector):
    """Which plan is on at each scrape; registers itself.

    `shift()`: what the time of day is ahead of the timeline.
    """

    def __init__(
        self,
        registry: prom.CollectorRegistry,
        names: Callable[[], Iterable[str]],
        run: Callable[[], Run | None],
        shift: Callable[[], float],
    ) -> None:
        self._names = names
        self._run = run
        self._shift = shift
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """How things are now."""
        on = GaugeMetricFamily(
            "ivrd_plan_active", "1 while a crisis plan is on, else 0.", labels=("plan",)
        )
        ends = GaugeMetricFamily(
            "ivrd_plan_ends_timestamp_seconds",
            "When the crisis plan ends by itself that is on, seconds since the epoch.",
            labels=("plan",),
        )
        run = self._run()
        for name in dict.fromkeys((*self._names(), *((run.plan,) if run else ()))):
            on.add_metric((name,), run is not None and run.plan == name)
        if run is not None:
            ends.add_metric((run.plan,), run.ends_at + self._shift())
        yield on
        yield ends
