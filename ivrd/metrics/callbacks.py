"""How long people waited whom the hotline called back; their counts are in ledger.py."""

import prometheus_client as prom

from ivrd.core.call import CallbackResult
from ivrd.core.call_notices import Ended, Notice
from ivrd.metrics.queue_labels import QUEUE_LABELS, queue_labels

DELAY_SECONDS = (
    *(60, 120, 300, 600, 900, 1200, 1800, 2700, 3600, 5400, 7200),
    *(10800, 14400, 21600, 28800, 43200, 86400),
)
HELD_SECONDS = (1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300)


class CallbackMetrics:
    """Observed when a call that the hotline made has ended and its person was reached."""

    def __init__(self, registry: prom.CollectorRegistry) -> None:
        self._delay = prom.Histogram(
            "ivrd_callback_delay_seconds",
            "Seconds from the effective arrival of those whom a call back reached until a person "
            "of the hotline had them: all that they waited, most of it without a line.",
            QUEUE_LABELS,
            buckets=DELAY_SECONDS,
            registry=registry,
        )
        self._held = prom.Histogram(
            "ivrd_callback_held_seconds",
            "Seconds that those waited on the line, from joining the queue until a person had "
            "them. Not part of ivrd_wait_seconds, which is of received calls.",
            QUEUE_LABELS,
            buckets=HELD_SECONDS,
            registry=registry,
        )

    def open(self, queue: str) -> None:
        """Have the series of this queue."""
        self._delay.labels(*queue_labels(queue))
        self._held.labels(*queue_labels(queue))

    def notice(self, notice: Notice) -> None:
        """Something happened to a call that the hotline makes."""
        call = notice.call
        if not isinstance(notice, Ended) or call.result is not CallbackResult.REACHED:
            return
        if call.connected_at is None or call.effective_at is None:
            return  # adopted in its talk: nobody knows since when it had waited
        labels = queue_labels(call.queue)
        self._delay.labels(*labels).observe(max(0.0, call.connected_at - call.effective_at))
        self._held.labels(*labels).observe(call.wait_seconds() or 0.0)
