"""Tells metrics and book what happens at partners; decides nothing."""

from collections.abc import Callable

from ivrd.asterisk.dialplan_names import partner_of
from ivrd.asterisk.translate import PartnerLegEvent
from ivrd.core.call import AnsweredBy, Ended, Notice
from ivrd.core.ledger import Ledger
from ivrd.core.report import PartnerEvent, PartnerEventKind, cause_of
from ivrd.metrics.partners import PartnerMetrics
from ivrd.partners.repository import PartnerRepository


class PartnerRecorder:
    """Two functions to be called with everything; they never wait.

    `counts()`: whether this ivrd counts, or another one that acts.  Both write down.
    """

    def __init__(
        self,
        ledger: Ledger,
        metrics: PartnerMetrics,
        book: PartnerRepository,
        counts: Callable[[], bool] = lambda: True,
    ) -> None:
        self._ledger = ledger
        self._metrics = metrics
        self._book = book
        self._counts = counts

    def news(self, news: PartnerLegEvent) -> None:
        """Something happened on a partner's leg; a test call, without a caller, counts nowhere."""
        if not news.waiting:
            return
        kind = PartnerEventKind(news.kind)
        seconds = 0.0
        if kind in (
            PartnerEventKind.CONFIRMED,
            PartnerEventKind.UNCONFIRMED,
            PartnerEventKind.DROPPED,
        ):
            seconds = news.seconds
        elif (
            kind is PartnerEventKind.RETURNED
        ):  # the event does not say how long they talked; the books do
            call = self._ledger.calls.get(news.waiting)
            if call is not None and call.connected_at is not None:
                seconds = max(0.0, news.at - call.connected_at)
        cause = cause_of(news.status, news.cause) if kind is PartnerEventKind.REFUSED else None
        line = PartnerEvent(news.partner, kind, seconds, cause)
        self._take(line, news.waiting, news.at, news.seat)

    def notice(self, notice: Notice) -> None:
        """A call joined a queue, was answered or ended; talks with partners are of interest."""
        self._book.let_old_go()
        call = notice.call
        talk = call.talk_seconds()
        if isinstance(notice, Ended) and call.by is AnsweredBy.PARTNER and talk is not None:
            line = PartnerEvent(
                partner_of(call.seat), PartnerEventKind.TALKED, talk, caller=call.caller
            )
            self._take(line, call.id, call.received_at, call.seat)

    def _take(self, line: PartnerEvent, call: str, at: float, seat: str) -> None:
        if self._counts():
            self._metrics.take(line)
        self._book.record(line, call, at, seat)
