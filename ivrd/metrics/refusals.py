"""What was refused before it was a call: series, log lines, and what `ivrd status` shows of it."""

import logging
from collections.abc import Callable, Iterator
from typing import Protocol, assert_never

import prometheus_client as prom
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ivrd import log
from ivrd.asterisk import facts
from ivrd.config.trunk_settings import CODECS
from ivrd.core.refusals import UNKNOWN, RefusalCause, Refusals, worth_a_line
from ivrd.core.status_schema import RefusalStatus, RefusedCalls, RefusedSender
from ivrd.ha.leadership import LeaderStatus

logger = logging.getLogger("ivrd")

WHY = {
    RefusalCause.UNAUTHORIZED: "from an address that is no carrier's",
    RefusalCause.NOT_FOUND: "to a number that is not ours",
    RefusalCause.BUSY: "beyond its at_once",
    RefusalCause.NOT_ACCEPTABLE: "because its sound, or how that is encrypted, is not agreed",
    RefusalCause.UNAVAILABLE: "by Asterisk, which is stopping or has no room",
}


def why(cause: RefusalCause, codec: str) -> str:
    """Why a call was refused, in words; `codec`: what it was in, if that was the reason."""
    if not codec:
        return WHY[cause]
    if codec in CODECS:
        return f"in {codec}, which is not among its carrier's codecs"
    return f"in {codec}, which cannot be transcoded here"


class Link(Protocol):
    """The connection to Asterisk; see asterisk/ami_client.py."""

    @property
    def stopping(self) -> bool:
        """Whether Asterisk waits for its last call to end."""

    def take_surplus(self) -> dict[str, int]:
        """How many events of each name came that were not read, since this was asked last."""


class RefusalMonitor(Collector):
    """Registers itself.  `clock`: seconds since the epoch; `where`: the line of ivrd.yaml.

    Only the leader counts; the standby is told the same by Asterisk.
    """

    def __init__(
        self,
        registry: prom.CollectorRegistry,
        refusals: Refusals,
        link: Link,
        leadership: LeaderStatus,
        where: str,
        clock: Callable[[], float],
    ) -> None:
        self.refusals = refusals
        self.where = where
        self._link = link
        self._leadership = leadership
        self._clock = clock
        self._registrations = 0
        registry.register(self)

    def take(self, fact: facts.RefusalFact) -> None:
        """Something was refused."""
        if not self._leadership.is_leader:
            return
        match fact:
            case facts.CallRefused(carrier, cause, at, codec):
                self.calls(carrier, cause, at, 1, codec)
            case facts.StrangerRefused(address, at):
                times = self.refusals.stranger(address, at)
                if worth_a_line(times):
                    what = "refused (401), since the address is no carrier's"
                    log.event(
                        logger, logging.WARNING, what, address=address, times=times, see=self.where
                    )
            case facts.SeatRefused(seat, address, at):
                self._registrations += 1
                if worth_a_line(times := self.refusals.seat(seat, address, at)):
                    what = "a seat did not register: its password is wrong"
                    log.event(
                        logger, logging.WARNING, what, seat=seat, address=address, times=times
                    )
            case _:
                assert_never(fact)

    def calls(
        self, carrier: str, cause: RefusalCause, at: float, times: int, codec: str = ""
    ) -> None:
        """So many calls of a carrier's were refused; `codec`: what they were in, if for that."""
        if not self._leadership.is_leader:
            return
        self.refusals.call(carrier, cause, at, times, codec)
        what = f"a call was refused ({cause}), {why(cause, codec)}"
        log.event(logger, logging.WARNING, what, carrier=carrier, calls=times, see=self.where)

    def _codec(self, carrier: str, cause: RefusalCause) -> str:
        """What the last of these calls was in, if that was the reason."""
        acceptable = cause is not RefusalCause.NOT_ACCEPTABLE
        return "" if acceptable else self.refusals.last_codec(carrier)

    def _settle(self) -> None:
        """Count what came too fast to be read one by one."""
        surplus = self._link.take_surplus()
        if not self._leadership.is_leader:
            return
        if strangers := surplus.get("ChallengeSent", 0):
            self.refusals.call(UNKNOWN, RefusalCause.UNAUTHORIZED, self._clock(), strangers)
        self._registrations += surplus.get("ChallengeResponseFailed", 0)

    def collect(self) -> Iterator[Metric]:
        """As it is now."""
        self._settle()
        refused = CounterMetricFamily(
            "ivrd_calls_refused",
            "Calls that Asterisk refused before they were ours, so they are not among those "
            "received, by carrier and by the SIP answer that they got. carrier unknown, cause 401: "
            "whatever came from an address that is no carrier's, also what was no call.",
            labels=("carrier", "cause"),
        )
        for (carrier, cause), count in self.refusals.rows().items():
            refused.add_metric((carrier, cause), count)
        yield refused
        codecs = CounterMetricFamily(
            "ivrd_calls_refused_codec",
            "Of the calls refused with 488, by carrier and codec. unknown: a codec was not the "
            "reason, but how the sound was encrypted, or where it was to be sent.",
            labels=("carrier", "codec"),
        )
        for row, count in self.refusals.codecs.items():
            codecs.add_metric(row, count)
        yield codecs
        registrations = CounterMetricFamily(
            "ivrd_registrations_refused", "Registrations of seats with a wrong password."
        )
        registrations.add_metric((), self._registrations)
        yield registrations
        stopping = GaugeMetricFamily(
            "ivrd_asterisk_stopping",
            "1 while Asterisk waits for its last call to end and refuses new ones, else 0.",
        )
        stopping.add_metric((), self._link.stopping)
        yield stopping

    def status(self, now: float) -> RefusalStatus:
        """For `ivrd status`: what was refused not long ago."""
        self._settle()
        return RefusalStatus(
            calls=[
                RefusedCalls(
                    carrier=carrier,
                    cause=cause.value,
                    why=why(cause, self._codec(carrier, cause)),
                    calls=count,
                )
                for carrier, cause, count in self.refusals.recent(now)
            ],
            senders=[
                RefusedSender(
                    address=sender.address,
                    seat=sender.seat,
                    times=sender.times,
                    seconds_ago=max(0.0, now - sender.at),
                )
                for sender in self.refusals.senders(now)
            ],
            carriers_at=self.where,
        )
