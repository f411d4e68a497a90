"""Series about people who are called back: bookings, attempts, and how well the turn was foreseen.

The calls themselves, as `ivrd_callbacks_total` has them, are counted by the ledger (ledger.py).
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import product

import prometheus_client as prom
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ivrd.core.booking import AttemptResult, Booking, BookingOrigin, BookingState

LEAD_SECONDS = (5, 10, 15, 20, 25, 30, 40, 50, 60, 90)
ERROR_SECONDS = (-30, -20, -10, -5, -2, 0, 2, 5, 10, 20, 30)
BookingCounts = Mapping[tuple[BookingState, BookingOrigin], int]
SEAT_SECONDS = (1, 2, 5, 10, 20, 30, 60, 120, 300)


class BookingMetrics(Collector):
    """Registers itself.  `counts()`: how many bookings there are, by state and origin."""

    def __init__(
        self, registry: prom.CollectorRegistry, counts: Callable[[], BookingCounts]
    ) -> None:
        self._counts = counts
        self._attempts = prom.Counter(
            "ivrd_callback_attempts",
            "Times that the hotline tried to call somebody back, by what came of it. origin: asked "
            "for it, or lost: gave up, and did not ask.",
            ["result", "origin"],
            registry=registry,
        )
        for result, origin in product(AttemptResult, BookingOrigin):
            self._attempts.labels(result, origin)
        self._lead = prom.Histogram(
            "ivrd_callback_lead_seconds",
            "From dialling until the person had pressed the key.",
            registry=registry,
            buckets=LEAD_SECONDS,
        )
        self._lead_error = prom.Histogram(
            "ivrd_callback_lead_error_seconds",
            "The same, less what it was expected to take when the dialling began.",
            registry=registry,
            buckets=ERROR_SECONDS,
        )
        self._seat_wait = prom.Histogram(
            "ivrd_callback_seat_wait_seconds",
            "From the key until a person took the call: near 0 when the turn was foreseen.",
            registry=registry,
            buckets=SEAT_SECONDS,
        )
        registry.register(self)

    def attempt_ended(self, booking: Booking, result: AttemptResult) -> None:
        """An attempt has ended."""
        self._attempts.labels(result, booking.origin).inc()

    def confirmed(self, seconds: float, expected_seconds: float) -> None:
        """The person has pressed the key."""
        self._lead.observe(seconds)
        self._lead_error.observe(seconds - expected_seconds)

    def answered(self, wait_seconds: float) -> None:
        """A person took the call of somebody who was called back."""
        self._seat_wait.observe(wait_seconds)

    def collect(self) -> Iterator[Metric]:
        """How things stand now."""
        counts = self._counts()
        gauge = GaugeMetricFamily(
            "ivrd_bookings",
            "People to be called back, by state; those that ended stay for callback.keep_days. "
            "origin: asked for it, or lost: gave up, and did not ask.",
            labels=["state", "origin"],
        )
        for state, origin in product(BookingState, BookingOrigin):
            gauge.add_metric([state, origin], counts.get((state, origin), 0))
        yield gauge
