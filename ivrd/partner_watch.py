"""Tells metrics and book what happens at partners; decides nothing."""

from ivrd.asterisk.names import partner_of
from ivrd.asterisk.translate import PartnerNews
from ivrd.core.call import By, Ended, Notice
from ivrd.core.ledger import Ledger
from ivrd.core.report import Kind, Line, cause_of
from ivrd.partner_book import Book
from ivrd.partner_metrics import PartnerMetrics


class PartnerWatch:
    """Two functions to be called with everything; they never wait."""

    def __init__(self, ledger: Ledger, metrics: PartnerMetrics, book: Book) -> None:
        self._ledger = ledger
        self._metrics = metrics
        self._book = book

    def news(self, news: PartnerNews) -> None:
        """Something happened on a partner's leg; a test call, without a caller, counts nowhere."""
        if not news.waiting:
            return
        kind = Kind(news.kind)
        seconds = 0.0
        if kind in (Kind.CONFIRMED, Kind.UNCONFIRMED, Kind.DROPPED):
            seconds = news.seconds
        elif kind is Kind.RETURNED:  # the event does not say how long they talked; the books do
            call = self._ledger.calls.get(news.waiting)
            if call is not None and call.connected_at is not None:
                seconds = max(0.0, news.at - call.connected_at)
        cause = cause_of(news.status, news.cause) if kind is Kind.REFUSED else None
        self._take(Line(news.at, news.partner, kind, seconds, cause))

    def notice(self, notice: Notice) -> None:
        """A call joined a queue, was answered or ended; talks with partners are of interest."""
        call = notice.call
        talk = call.talk_seconds()
        if isinstance(notice, Ended) and call.by is By.PARTNER and talk is not None:
            at = call.ended_at or call.received_at
            line = Line(at, partner_of(call.seat), Kind.TALKED, talk, caller=call.caller)
            self._take(line)

    def _take(self, line: Line) -> None:
        self._metrics.take(line)
        self._book.record(line)
