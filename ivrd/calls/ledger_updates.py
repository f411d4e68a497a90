"""Each change of the ledger by an event, and who is told what follows from it."""

from collections.abc import Callable, Iterable

from ivrd.calls.ivr import Ivr
from ivrd.calls.listeners import CallListeners, LastSeen, NoticeListener, Resolution
from ivrd.calls.placement import Placement
from ivrd.core import call_events as c
from ivrd.core.call_notices import Ended, Notice
from ivrd.core.call_table import InvalidTransition
from ivrd.core.ledger import Ledger


class LedgerUpdates:
    """Moves calls in the ledger.

    `ivr()`: who is spoken to; `waiting()`: who follow those who wait, told of each notice before
    the listeners; `placement()` is told by the leader, after them, of each call that has ended.
    """

    def __init__(
        self,
        ledger: Ledger,
        listeners: CallListeners,
        ivr: Callable[[], Ivr],
        waiting: Callable[[], Iterable[NoticeListener]],
        placement: Callable[[], Placement],
    ) -> None:
        self._ledger = ledger
        self._listeners = listeners
        self._monitor = listeners.monitor
        self._ivr = ivr
        self._waiting = waiting
        self._placement = placement

    def apply(self, call_id: str, event: c.Event) -> None:
        """Move a call in the ledger; an event that it refuses is reported and changes nothing."""
        if call_id not in self._ledger.calls:
            return  # a seat's leg, or no call of the hotline
        try:
            notices = self._ledger.apply(call_id, event)
        except InvalidTransition as error:
            self._monitor.refused(type(event).__name__, str(error))
            return
        for notice in notices:
            self._publish(notice)
        self.moved(call_id)

    def moved(self, call_id: str) -> None:
        """A call in progress is, or may be, somewhere else than before."""
        if call := self._ledger.calls.get(call_id):
            position = self._ivr().position(call_id)
            for listener in self._listeners.positions:
                listener.moved(call, position)

    def record_ends(self, ends: Iterable[Resolution]) -> None:
        """Record ends that no event reported, as reconciliation has found them."""
        for end in ends:
            if isinstance(end, LastSeen):
                self.apply(end.call_id, end.event)
            else:
                self._record_reconciled(end)

    def _record_reconciled(self, ended: Ended) -> None:
        """Record a call's end as queue_log has it."""
        self._ivr().gone(ended.call.id, "the call has ended")
        if ended.call.id not in self._ledger.calls and ended.call.received:
            self._monitor.received(ended.call, "")
        elif ended.call.id not in self._ledger.calls:
            self._monitor.dialled(ended.call)
        for notice in self._ledger.record_reconciled(ended):
            self._publish(notice)

    def _publish(self, notice: Notice) -> None:
        for follower in self._waiting():
            follower.notice(notice)
        for listener in self._listeners.notices:
            listener.notice(notice)
        if self._ivr().active and isinstance(notice, Ended):
            self._placement().ended(notice.call)
