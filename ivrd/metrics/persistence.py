"""Series about the store, reconciliation and leadership, read at each scrape."""

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

import prometheus_client as prom
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ivrd.core.call_table import OUTCOME_OF
from ivrd.ha.leadership import Leadership
from ivrd.ha.reconciliation import Reconciliation
from ivrd.store import WriteBehind


class MenuLoad(Protocol):
    """What overload did to callers; see calls/ivr.py."""

    sent_to_queue: int


class PersistenceMetrics(Collector):
    """Registers itself."""

    def __init__(
        self,
        registry: prom.CollectorRegistry,
        leadership: Leadership,
        write_behind: WriteBehind,
        reconciliation: Reconciliation,
        menus: MenuLoad,
    ) -> None:
        self._leadership = leadership
        self._write_behind = write_behind
        self._reconciliation = reconciliation
        self._menus = menus
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """How things stand now."""
        write_behind, reconciliation = self._write_behind, self._reconciliation
        yield _gauge(
            "ivrd_leader",
            "1 while this ivrd is the leader, or alone; 0 while it is the standby.",
            self._leadership.is_leader,
        )
        yield _gauge("ivrd_store_up", "1 while the store can be written, else 0.", write_behind.up)
        yield _gauge(
            "ivrd_store_waiting", "Changes that are not in the store yet.", write_behind.waiting
        )
        yield _counter(
            "ivrd_store_lost",
            "Changes that were never written: too many waited.",
            write_behind.lost,
        )
        yield _counter(
            "ivrd_menus_full",
            "Callers who went straight to a queue because too many were in menus.",
            self._menus.sent_to_queue,
        )
        reconciled = CounterMetricFamily(
            "ivrd_calls_reconciled",
            "Calls whose end no event reported, recorded from queue_log.",
            labels=("outcome",),
        )
        counts = reconciliation.reconciled
        for outcome in dict.fromkeys(OUTCOME_OF.values()) | dict.fromkeys(counts):
            reconciled.add_metric((outcome,), counts[outcome])
        yield reconciled
        for name, (text, read) in RECONCILIATION.items():
            yield _counter(name, text, read(reconciliation))


# Series -> its text, and where its value is.
RECONCILIATION: Mapping[str, tuple[str, Callable[[Reconciliation], int]]] = {
    "ivrd_calls_unresolved": (
        "Calls that were gone, and queue_log does not say how they ended; recorded as hung up.",
        lambda of: of.unresolved,
    ),
    "ivrd_queue_log_lines_skipped": ("Broken lines in queue_log.", lambda of: of.skipped),
    "ivrd_queue_log_gaps": (
        "Times that a part of queue_log was gone before it was read.",
        lambda of: of.gaps,
    ),
    "ivrd_queue_log_differences": (
        "Calls that ended differently by queue_log than in the ledger.",
        lambda of: of.differences,
    ),
}


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(name, text, value=value)
