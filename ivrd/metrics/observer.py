"""Publishes what happens: to metrics, to the last hour and to the log.  Decides nothing."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import assert_never

from ivrd import log
from ivrd.asterisk.ami_link import LinkState
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.core.breaker import Breaker, BreakerState
from ivrd.core.call import Call
from ivrd.core.call_notices import Notice
from ivrd.core.ledger import Ledger
from ivrd.core.recent import Recent
from ivrd.core.seat_health import NotTaken, Rests, Resumed, SeatNotice
from ivrd.ha.leadership import LeaderStatus
from ivrd.metrics.calls import CallMetrics

logger = logging.getLogger("ivrd")


class Observer:
    """Receives everything that is counted or logged; never waits.  Only the leader counts calls.

    `clock` gives this moment on the timeline of the calls.
    """

    def __init__(
        self,
        metrics: CallMetrics,
        recent: Recent,
        leadership: LeaderStatus,
        clock: Callable[[], float],
    ) -> None:
        self.metrics = metrics
        self.recent = recent
        self.unattended_calls = 0
        self.connected = False
        self.connection_changed = time.monotonic()
        self._leadership = leadership
        self._clock = clock

    def configure(
        self, queues: list[str], numbers: list[str], service_level_seconds: float
    ) -> None:
        """From now on these queues, these numbers of the hotline, and this target."""
        self.metrics.numbers(numbers)
        self.metrics.service_level(service_level_seconds)
        self.metrics.queues(queues)
        self.recent.service_level_seconds = service_level_seconds

    # --- calls -----------------------------------------------------------------------------

    def received(self, call: Call, number: str) -> None:
        """A call reached the hotline, at this number of ours; empty when that is not known."""
        if self._leadership.is_leader:
            self.metrics.received(number)
            self.recent.received(self._clock())
            log.call_received(logger, call)

    def dialled(self, call: Call) -> None:
        """The hotline calls somebody back."""
        if self._leadership.is_leader:
            self.recent.dialled(self._clock())
            log.call_step(logger, "call dialled", call, caller=call.caller)

    def notice(self, notice: Notice) -> None:
        """A call joined a queue, was answered, or ended."""
        if self._leadership.is_leader:
            self.metrics.notice(notice)
            self.recent.notice(self._clock(), notice)
            log.notice(logger, notice)

    def lag(self, seconds: float) -> None:
        """An event was received so long after it happened."""
        self.metrics.lag(seconds)

    def unattended(self, call: Call) -> None:
        """The dialplan took the caller to the queue by itself."""
        self.unattended_calls += 1
        self.metrics.unattended(call)
        what = "the dialplan took the caller to the queue by itself"
        log.event(logger, logging.WARNING, what, call=call.id)

    def refused(self, event: str, why: str) -> None:
        """An event that the call table does not allow where the call was."""
        self.metrics.refused(event)
        log.event(logger, logging.DEBUG, "event refused by the ledger", why=why)

    def broken(self, call_id: str, error: BaseException) -> None:
        """A fault of ours in handling a call."""
        self.metrics.fault()
        what = "a menu broke off; the dialplan takes the caller to the queue"
        log.event(logger, logging.ERROR, what, call=call_id, error=error)

    def seat(self, pool: str, notice: SeatNotice) -> None:
        """A seat did not take a call, rests, or is rung in its turn again."""
        match notice:
            case NotTaken():
                if self._leadership.is_leader:
                    self.metrics.seats.ring_no_answer(pool, notice.reason)
            case Rests():
                what = "a seat does not answer and is not rung for a while"
                log.event(logger, logging.WARNING, what, seat=notice.seat, why=notice.why)
            case Resumed():
                what = "a seat is rung in its turn again"
                log.event(logger, logging.INFO, what, seat=notice.seat, by=notice.by)
            case _:
                assert_never(notice)

    def partner_breaker(self, partner: str, breaker: Breaker, now: float) -> None:
        """A partner gets no calls for a while, or one that is tried, or takes calls again."""
        if not self._leadership.is_leader:
            return
        match breaker.state:
            case BreakerState.OPEN:
                what = "a partner fails and gets no calls for a while"
                log.event(
                    logger,
                    logging.WARNING,
                    what,
                    partner=partner,
                    why=breaker.why,
                    pause_seconds=breaker.until - now,
                )
            case BreakerState.HALF_OPEN:
                what = "a partner is tried with one call"
                log.event(logger, logging.INFO, what, partner=partner, why=breaker.why)
            case BreakerState.CLOSED:
                what = "a partner takes calls again"
                log.event(logger, logging.INFO, what, partner=partner)
            case _:
                assert_never(breaker.state)

    # --- connections -----------------------------------------------------------------------

    def connection(self, up: bool) -> None:
        """The connection to Asterisk came up or was lost."""
        self.connected, self.connection_changed = up, time.monotonic()
        self.metrics.link(up)

    def connection_report(self, state: LinkState, text: str) -> None:
        """What the AMI client reports, once for each change."""
        log.event(logger, logging.INFO if state is LinkState.UP else logging.ERROR, text)

    def store(self, up: bool, why: str) -> None:
        """The store is back, or down."""
        if up:
            log.event(logger, logging.INFO, "the store is back")
        else:
            what = "the store is down; calls go on, and changes wait to be written"
            log.event(logger, logging.WARNING, what, why=why)

    def scrape(self, ledger: Ledger, queue_members: QueueMembers) -> bytes:
        """The metrics as Prometheus reads them; ledger and seats of one moment."""
        counts = {
            pool.name: Counter(queue_members.here(pool).values()) for pool in queue_members.pools
        }
        self.metrics.seats.show(counts, queue_members.open or ())
        return self.metrics.text(ledger)
