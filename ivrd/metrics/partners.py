"""Every series about partners, in the registry of the other series.

Counters count what happened on partners' legs; gauges are read at each scrape, so that a partner
that was removed is gone from the next.  Series of partners exist with 0 from the start.

Not published, because two sums of ivrd_calls_total give it for any time: the share of the callers
whom partners answered.  monitoring/README.md has the queries.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import prometheus_client as prom
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ivrd.core.breaker import BreakerState
from ivrd.core.report import (
    REFUSALS,
    TALKS,
    UNCONFIRMED,
    Cause,
    PartnerEvent,
    PartnerEventKind,
)
from ivrd.metrics.calls import TALK_SECONDS

SEAT_STATES = ("wanted", "open", "ringing", "busy")
NO_RESULTS = (PartnerEventKind.OFFERED, PartnerEventKind.LEFT, PartnerEventKind.TALKED)
RESULTS = tuple(kind for kind in PartnerEventKind if kind not in NO_RESULTS)
CONFIRM_SECONDS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30)
EARLY_SECONDS = (1, 2)  # a partner's talk may be cut at once: finer than the hotline's own


@dataclass(frozen=True)
class PartnerGauges:
    """A partner now.  Seats by what they do; `learned`: calls it is held to, if any.

    `called_out`: people it is asked for; `pledged_today`: those it has said it has, None when it
    has said nothing.
    """

    wanted: int = 0
    open: int = 0
    ringing: int = 0
    busy: int = 0
    breaker: BreakerState = BreakerState.CLOSED
    learned: int | None = None
    called_out: int = 0
    pledged_today: int | None = None


class PartnerMetrics:
    """The partners' series.

    `gauges` gives each partner as it is now, and is called at each scrape.  A partner's series
    begin with the first scrape that sees it; what was counted for one that was removed stays.
    """

    def __init__(
        self, registry: prom.CollectorRegistry, gauges: Callable[[], Mapping[str, PartnerGauges]]
    ) -> None:
        self._registry = registry
        self._ask = gauges
        registry.register(_GaugeCollector(self._gauges))  # before those that it begins
        self._offers = self._total(
            "ivrd_partner_attempts_total", "Calls that were offered to the partner.", ("partner",)
        )
        self._results = self._total(
            "ivrd_partner_offers_total",
            "What became of offered calls: a person pressed the key (confirmed), nobody took the "
            "call (refused) or pressed it (unconfirmed). Of those confirmed: the partner ended the "
            "talk at once or fell silent in it (dropped), or sent the caller back (returned).",
            ("partner", "result"),
        )
        self._refusals = self._total(
            "ivrd_partner_refusals_total",
            "Calls that the partner refused; the sum over causes is result=refused.",
            ("partner", "cause"),
        )
        self._unconfirmed = self._total(
            "ivrd_partner_unconfirmed_total",
            "Calls that the partner answered without the key: none was pressed (no_key) or another "
            "one (wrong_key), it hung up (hung_up), not a sound came (no_media). The sum is "
            "result=unconfirmed.",
            ("partner", "cause"),
        )
        self._confirm = self._histogram(
            "ivrd_partner_confirm_seconds",
            "Seconds from the partner's answer until its agent pressed the key.",
            CONFIRM_SECONDS,
        )
        self._talk = self._histogram(
            "ivrd_partner_talk_seconds",
            "Seconds that a caller and the partner's agent talked, observed at the end.",
            (*EARLY_SECONDS, *TALK_SECONDS),
        )

    def _total(self, name: str, text: str, labels: Sequence[str]) -> prom.Counter:
        return prom.Counter(name, text, labels, registry=self._registry)

    def _histogram(self, name: str, text: str, buckets: Sequence[float]) -> prom.Histogram:
        return prom.Histogram(name, text, ("partner",), buckets=buckets, registry=self._registry)

    def _gauges(self) -> Mapping[str, PartnerGauges]:
        """Partners as they are now; each has all its series from now on."""
        gauges = self._ask()
        for partner in gauges:
            for series in (self._offers, self._confirm, self._talk):
                series.labels(partner)
            for result in RESULTS:
                self._results.labels(partner, result)
            for cause in REFUSALS:
                self._refusals.labels(partner, cause)
            for cause in UNCONFIRMED:
                self._unconfirmed.labels(partner, cause)
        return gauges

    def take(self, line: PartnerEvent) -> None:
        """Count one thing that happened at a partner."""
        if line.kind is PartnerEventKind.OFFERED:
            self._offers.labels(line.partner).inc()
        elif line.kind in RESULTS:
            self._results.labels(line.partner, line.kind).inc()
        if line.kind is PartnerEventKind.REFUSED:
            self._refusals.labels(line.partner, line.cause or Cause.OTHER).inc()
        if line.kind is PartnerEventKind.UNCONFIRMED:
            self._unconfirmed.labels(line.partner, line.cause or Cause.NO_KEY).inc()
        if line.kind is PartnerEventKind.CONFIRMED:
            self._confirm.labels(line.partner).observe(line.seconds)
        if line.kind in TALKS:
            self._talk.labels(line.partner).observe(line.seconds)


class _GaugeCollector(Collector):
    """The series that are read from the partners at a scrape."""

    def __init__(self, gauges: Callable[[], Mapping[str, PartnerGauges]]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        """Read all partners once."""
        seats = GaugeMetricFamily(
            "ivrd_partner_seats",
            "Seats of the partner: wanted by the policy, open (they take calls), ringing, busy.",
            labels=("partner", "state"),
        )
        breaker = GaugeMetricFamily(
            "ivrd_partner_breaker",
            "1 for the state of the partner's breaker: closed (healthy), open (no calls), "
            "half_open (one call is tried); 0 for the others.",
            labels=("partner", "state"),
        )
        learned = GaugeMetricFamily(
            "ivrd_partner_learned_cap",
            "Calls at a time that the partner is limited to since it refused more; absent when it "
            "is not limited.",
            labels=("partner",),
        )
        called_out = GaugeMetricFamily(
            "ivrd_partner_called_out_people",
            "People for whom the partner is asked now; 0 when it is not.",
            labels=("partner",),
        )
        pledged = GaugeMetricFamily(
            "ivrd_partner_pledged_people",
            "People whom the partner has said it has today; absent when it has said nothing.",
            labels=("partner",),
        )
        for partner, moment in self._gauges().items():
            called_out.add_metric((partner,), moment.called_out)
            if moment.pledged_today is not None:
                pledged.add_metric((partner,), moment.pledged_today)
            for state in SEAT_STATES:
                seats.add_metric((partner, state), getattr(moment, state))
            for state in BreakerState:
                name = state.value.replace(" ", "_")
                breaker.add_metric((partner, name), float(state is moment.breaker))
            if moment.learned is not None:
                learned.add_metric((partner,), moment.learned)
        yield from (seats, breaker, learned, called_out, pledged)
