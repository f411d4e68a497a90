"""Tells metrics, the last hour and the log of what happens; decides nothing."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import assert_never

from ivrd import log
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.calls.ivr import MenuPosition
from ivrd.calls.tracker import CallListener
from ivrd.core.call import Call, Notice
from ivrd.core.ledger import Ledger
from ivrd.core.recent import Recent
from ivrd.core.seat_health import NotTaken, Rests, Resumed, SeatNotice
from ivrd.metrics.calls import CallMetrics

logger = logging.getLogger("ivrd")


class Observer:
    """Everybody who wants to know, behind one set of functions that never wait."""

    def __init__(self, metrics: CallMetrics, recent: Recent) -> None:
        self.metrics = metrics
        self.recent = recent
        self.unattended = 0
        self.also: Callable[[Notice], None] = lambda _notice: None  # who else hears of calls
        self.counts: Callable[[], bool] = lambda: True  # or another ivrd tells of them
        self.moved: Callable[[Call, MenuPosition | None], None] = lambda _call, _stay: None
        self.linked = False
        self.link_changed = time.monotonic()

    def watch(self) -> CallListener:
        """What the hotline calls."""
        return CallListener(
            self._received,
            self._notice,
            self.metrics.lag,
            self._unattended,
            self._refused,
            self._broken,
            self._moved,
        )

    def _received(self, _call: Call) -> None:
        if self.counts():
            self.recent.received(time.time())

    def _notice(self, notice: Notice) -> None:
        """A call joined a queue, was answered, or ended: count it, write it down."""
        if self.counts():
            self.metrics.notice(notice)
            self.recent.notice(time.time(), notice)
            log.notice(logger, notice)
        self.also(notice)

    def _moved(self, call: Call, position: MenuPosition | None) -> None:
        self.moved(call, position)

    def _unattended(self, call: Call) -> None:
        self.unattended += 1
        self.metrics.unattended(call)
        what = "the dialplan took the caller to the queue by itself"
        log.event(logger, logging.WARNING, what, call=call.id)

    def _refused(self, event: str, why: str) -> None:
        self.metrics.refused(event)
        log.event(logger, logging.DEBUG, "event not taken into the books", why=why)

    def _broken(self, call_id: str, error: BaseException) -> None:
        self.metrics.fault()
        what = "a menu broke off; the dialplan takes the caller to the queue"
        log.event(logger, logging.ERROR, what, call=call_id, error=error)

    def seat(self, pool: str, notice: SeatNotice) -> None:
        """A seat did not take a call, rests, or is rung in its turn again."""
        match notice:
            case NotTaken():
                if self.counts():
                    self.metrics.ring_no_answer(pool, notice.reason)
            case Rests():
                what = "a seat does not answer and is not rung for a while"
                log.event(logger, logging.WARNING, what, seat=notice.seat, why=notice.why)
            case Resumed():
                what = "a seat is rung in its turn again"
                log.event(logger, logging.INFO, what, seat=notice.seat, by=notice.by)
            case _:
                assert_never(notice)

    def link(self, up: bool) -> None:
        """The link to Asterisk came up or went."""
        self.linked, self.link_changed = up, time.monotonic()
        self.metrics.link(up)

    def link_says(self, kind: str, text: str) -> None:
        """The link's own words, once for each change."""
        log.event(logger, logging.INFO if kind == "up" else logging.ERROR, text)

    def scrape(self, ledger: Ledger, queue_members: QueueMembers) -> bytes:
        """The metrics as Prometheus reads them; books and seats of one moment."""
        counts = {
            pool.name: Counter(queue_members.here(pool).values()) for pool in queue_members.pools
        }
        self.metrics.seats(counts, queue_members.open or ())
        return self.metrics.text(ledger)
