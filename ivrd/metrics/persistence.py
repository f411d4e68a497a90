"""Series about what ivrd keeps, heals and hands over, read at each scrape."""

from collections.abc import Callable, Iterator
from typing import Protocol

import prometheus_client as prom
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ivrd.core.call import Outcome
from ivrd.ha.reconciliation import Reconciliation
from ivrd.store import WriteBehind


class Source(Protocol):
    """Where the figures are; see ha/failover.py."""

    keeper: WriteBehind
    healing: Reconciliation | None

    @property
    def acts(self) -> bool:
        """Whether this ivrd acts."""


class PersistenceMetrics(Collector):
    """Registers itself.  `turned_on` gives how many callers a full menu sent to the queue."""

    def __init__(
        self, registry: prom.CollectorRegistry, source: Source, turned_on: Callable[[], int]
    ) -> None:
        self._source = source
        self._turned_on = turned_on
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """What is true now."""
        keeper, healing = self._source.keeper, self._source.healing
        yield _gauge(
            "ivrd_acting", "1 while this ivrd acts, 0 while it stands by.", self._source.acts
        )
        yield _gauge("ivrd_store_up", "1 while the store can be written, else 0.", keeper.up)
        yield _gauge("ivrd_store_waiting", "Changes that are not in the store yet.", keeper.waiting)
        yield _counter(
            "ivrd_store_lost", "Changes that were never written: too many waited.", keeper.lost
        )
        yield _counter(
            "ivrd_menus_full",
            "Callers who went straight to a queue because too many were in menus.",
            self._turned_on(),
        )
        healed = CounterMetricFamily(
            "ivrd_calls_healed",
            "Calls whose end no event told, booked from Asterisk's own record.",
            labels=("outcome",),
        )
        for outcome in Outcome:
            healed.add_metric((outcome,), healing.healed[outcome] if healing else 0)
        yield healed
        for name, (what, text) in RECORD.items():
            yield _counter(name, text, getattr(healing, what, 0))


# Series -> what healing calls it, and its text.
RECORD = {
    "ivrd_calls_given_up": (
        "given_up",
        "Calls that were gone, with no word in Asterisk's record of how they ended.",
    ),
    "ivrd_record_lines_skipped": ("skipped", "Broken lines in Asterisk's record."),
    "ivrd_record_gaps": (
        "gaps",
        "Times that a part of Asterisk's record was gone before it was read.",
    ),
    "ivrd_record_differences": (
        "differences",
        "Calls whose end Asterisk's record tells otherwise than the books.",
    ),
}


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(name, text, value=value)
