"""Series about trunks: which does not work and why, certificates, encrypted calls to partners."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import prometheus_client as prom
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ivrd.asterisk.facts import PartnerLegEvent
from ivrd.core.leg_security import LegSecurity
from ivrd.core.report import PartnerEventKind
from ivrd.core.trunk_fault import FaultReason, TrunkFault
from ivrd.ha.leadership import LeaderStatus
from ivrd.trunks.certificate import Certificate


class Trunks(Protocol):
    """What is known of trunks; see trunks/monitor.py."""

    def names(self) -> Iterable[str]:
        """All trunks, by their names in Asterisk."""

    def fault(self, trunk: str) -> TrunkFault | None:
        """What is wrong with a trunk."""

    def certificates(self) -> Iterator[tuple[str, str, Certificate]]:
        """What exchanges have shown: trunk, host and port, certificate."""


class TrunkCollector(Collector):
    """What is true at each scrape; registers itself.  `own()`: the hotline's own certificate."""

    def __init__(
        self,
        registry: prom.CollectorRegistry,
        trunks: Trunks,
        own: Callable[[], Certificate | None],
    ) -> None:
        self._trunks = trunks
        self._own = own
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """How trunks stand now."""
        faults = GaugeMetricFamily(
            "ivrd_trunk_fault",
            "1 for the reason why the trunk does not work as it should, 0 for the others. One "
            "that works has 0 everywhere.",
            labels=("trunk", "reason"),
        )
        for trunk in self._trunks.names():
            fault = self._trunks.fault(trunk)
            for reason in FaultReason:
                found = fault is not None and fault.reason is reason
                faults.add_metric((trunk, reason.value), float(found))
        yield faults
        ends = GaugeMetricFamily(
            "ivrd_trunk_certificate_not_after_timestamp_seconds",
            "When the certificate expires that an exchange has shown last, also one that was "
            "refused; trunk own: the hotline's.",
            labels=("trunk", "address"),
        )
        if own := self._own():
            ends.add_metric(("own", ""), own.not_after.timestamp())
        for trunk, address, shown in self._trunks.certificates():
            ends.add_metric((trunk, address), shown.not_after.timestamp())
        yield ends


class LegSecurityMetrics:
    """Counts; a `PartnerLegListener`.  Only the leader counts."""

    def __init__(self, registry: prom.CollectorRegistry, leadership: LeaderStatus) -> None:
        self._leadership = leadership
        self._calls = prom.Counter(
            "ivrd_partner_calls_by_security_total",
            "Calls that partners took, by what of the leg there was encrypted: signalling (tls), "
            "sound (srtp), both, so that nobody on the way can listen, or neither (clear).",
            ("security",),
            registry=registry,
        )
        for security in LegSecurity:
            self._calls.labels(security)

    def leg_event(self, leg_event: PartnerLegEvent) -> None:
        """A person at a partner has taken a call, or something else has happened there."""
        taken = leg_event.kind is PartnerEventKind.CONFIRMED and leg_event.waiting
        if taken and leg_event.security and self._leadership.is_leader:
            self._calls.labels(leg_event.security).inc()
