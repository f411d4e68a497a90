"""Counts and stores what happens at partners; decides nothing."""

import math
from typing import assert_never

from ivrd.asterisk.dialplan_names import partner_of
from ivrd.asterisk.facts import PartnerLegEvent
from ivrd.core.call import AnsweredBy
from ivrd.core.call_notices import Ended, Notice
from ivrd.core.ledger import Ledger
from ivrd.core.report import PartnerEvent, PartnerEventKind
from ivrd.ha.leadership import LeaderStatus
from ivrd.metrics.partners import PartnerMetrics
from ivrd.partners.repository import PartnerRepository


class PartnerRecorder:
    """Receives legs and notices, and never waits.  Only the leader counts; both ivrd store.

    What the dialplan measures is a difference of two times of day: no longer than it can be.
    """

    def __init__(
        self,
        ledger: Ledger,
        metrics: PartnerMetrics,
        repository: PartnerRepository,
        leadership: LeaderStatus,
    ) -> None:
        self._ledger = ledger
        self._metrics = metrics
        self._repository = repository
        self._leadership = leadership
        self._offered: dict[str, float] = {}  # by seat, when it was last offered a call

    def leg_event(self, leg_event: PartnerLegEvent) -> None:
        """Something happened on a partner's leg; a test call, without a caller, counts nowhere."""
        if not leg_event.waiting:
            return
        seconds = 0.0
        match leg_event.kind:
            case PartnerEventKind.OFFERED:
                self._offered[leg_event.seat] = leg_event.at
            case PartnerEventKind.TALKED:
                pass
            case PartnerEventKind.REFUSED:
                pass  # it has a cause
            case (
                PartnerEventKind.CONFIRMED | PartnerEventKind.UNCONFIRMED | PartnerEventKind.DROPPED
            ):
                since = leg_event.at - self._offered.get(leg_event.seat, -math.inf)
                seconds = min(leg_event.seconds, max(0.0, since))
            case PartnerEventKind.RETURNED:
                seconds = self._talked(leg_event)
            case PartnerEventKind.LEFT:
                return  # no result of the partner's
            case _:
                assert_never(leg_event.kind)
        line = PartnerEvent(leg_event.partner, leg_event.kind, seconds, leg_event.why)
        self._take(line, leg_event.waiting, leg_event.stamp, leg_event.seat)

    def _talked(self, leg_event: PartnerLegEvent) -> float:
        """Seconds of a talk whose event does not have them; the ledger has."""
        call = self._ledger.calls.get(leg_event.waiting)
        if call is None or call.connected_at is None:
            return 0.0
        return max(0.0, leg_event.at - call.connected_at)

    def notice(self, notice: Notice) -> None:
        """A call joined a queue, was answered or ended; talks with partners are of interest."""
        self._repository.forget_old()
        call = notice.call
        talk = call.talk_seconds()
        if isinstance(notice, Ended) and call.by is AnsweredBy.PARTNER and talk is not None:
            line = PartnerEvent(
                partner_of(call.seat), PartnerEventKind.TALKED, talk, caller=call.caller
            )
            self._take(line, call.id, call.received_at, call.seat)

    def _take(self, line: PartnerEvent, call: str, at: float, seat: str) -> None:
        if self._leadership.is_leader:
            self._metrics.take(line)
        self._repository.record(line, call, at, seat)
