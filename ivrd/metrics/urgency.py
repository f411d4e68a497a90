"""Series about urgent callers: how long they wait who are served before others."""

from collections.abc import Callable, Iterator

import prometheus_client as prom
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ivrd.core.call import Call, Outcome
from ivrd.core.call_notices import Ended, Notice
from ivrd.core.ledger import Ledger
from ivrd.core.priority import Urgency
from ivrd.ha.leadership import LeaderStatus

URGENT = (Urgency.RED_FLAG, Urgency.RISK_GROUP)
WAIT_SECONDS = (1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200)


class UrgencyMetrics(Collector):
    """Receives what happens to calls, and registers itself; only the leader counts.

    `clock`: this moment on the timeline of the calls.
    """

    def __init__(
        self,
        registry: prom.CollectorRegistry,
        ledger: Ledger,
        leadership: LeaderStatus,
        clock: Callable[[], float],
    ) -> None:
        self._ledger = ledger
        self._leadership = leadership
        self._clock = clock
        self._seconds = prom.Histogram(
            "ivrd_urgent_wait_seconds",
            "Seconds from joining the queue until a person answered or the call ended, of callers "
            "who have a head start: a red flag, or a risk group. Observed when the call has ended.",
            ("urgency", "outcome"),
            buckets=WAIT_SECONDS,
            registry=registry,
        )
        for urgency in URGENT:
            for outcome in (Outcome.ANSWERED, Outcome.ABANDONED):
                self._seconds.labels(urgency, outcome)
        registry.register(self)

    def notice(self, notice: Notice) -> None:
        """A call may have ended."""
        if not isinstance(notice, Ended) or not self._leadership.is_leader:
            return
        call, waited = notice.call, notice.call.wait_seconds()
        if waited is not None and call.head_start.urgency in URGENT:
            self._seconds.labels(call.head_start.urgency, notice.outcome).observe(waited)

    def collect(self) -> Iterator[Metric]:
        """What is true now."""
        callers = GaugeMetricFamily(
            "ivrd_urgent_callers",
            "Callers waiting who have a head start, by why.",
            labels=("urgency",),
        )
        oldest = GaugeMetricFamily(
            "ivrd_urgent_oldest_wait_seconds",
            "Seconds since the effective arrival of the first of them; 0 when none waits.",
            labels=("urgency",),
        )
        now, waiting = self._clock(), list(self._waiting())
        for urgency in URGENT:
            since = [
                call.effective_at or now for call in waiting if call.head_start.urgency is urgency
            ]
            callers.add_metric((urgency.value,), len(since))
            oldest.add_metric((urgency.value,), max(0.0, now - min(since)) if since else 0.0)
        yield from (callers, oldest)

    def _waiting(self) -> Iterator[Call]:
        """Those who wait and have a head start."""
        present = self._ledger.present
        for queue in present.queues():
            for place in present.waiting(queue):
                if place.head_start:
                    yield self._ledger.calls[place.call_id]
