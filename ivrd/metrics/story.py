"""What happens to one caller between arrival and end, line by line in the log.

Arrival, queue, answer and end are logged by observer.py.  Only the leader tells it.  Lines have no
number: the call's id and its case code stand for the caller (core/menu_step.py says which keys
are told).
"""

import logging
from collections import Counter
from typing import assert_never

from ivrd import log
from ivrd.asterisk.dialplan_names import partner_of
from ivrd.asterisk.facts import PartnerLegEvent
from ivrd.asterisk.seat_facts import SeatDropped, SeatOffered, SeatUnanswered
from ivrd.core.call import Call
from ivrd.core.call_notices import Ended, Notice
from ivrd.core.ledger import Ledger
from ivrd.core.menu_step import MenuStep, StepKind
from ivrd.core.report import CAUSE_WORDS, PartnerEventKind
from ivrd.core.seat_health import rang_reason
from ivrd.ha.leadership import LeaderStatus

MOST_MENU_LINES = 30  # of one call: who presses keys without end fills no disk

logger = logging.getLogger("ivrd")


class CallStory:
    """Receives menu steps, offers to seats and what partners did with theirs; never waits."""

    def __init__(self, ledger: Ledger, leadership: LeaderStatus) -> None:
        self._ledger = ledger
        self._leadership = leadership
        self._menu_lines: Counter[str] = Counter()  # by call in progress

    def menu(self, call: Call, step: MenuStep) -> None:
        """The caller did something in the menu, or was led somewhere."""
        self._menu_lines[call.id] += 1
        lines = self._menu_lines[call.id]
        if lines < MOST_MENU_LINES or step.kind is StepKind.PERSON:
            self._line(step.kind, call, to=step.to, key=step.key, language=step.language)
        elif lines == MOST_MENU_LINES:
            self._line("call does more in menus than is logged", call)

    def seat(self, call: Call, fact: SeatOffered | SeatUnanswered | SeatDropped) -> None:
        """A seat was offered the waiting call, did not take it, or dropped it.

        A partner's seat that did not take it says more itself: see `leg_event`.
        """
        match fact:
            case SeatOffered(seat):
                self._line("call offered to a seat", call, seat=seat)
            case SeatUnanswered(seat, _at, rang):
                if not partner_of(seat):
                    self._not_taken(call, seat, rang_reason(rang), rang_seconds=rang)
            case SeatDropped(seat, silent_seconds=silent) if silent:
                what = "nothing comes from the seat any more; the call goes back"
                self._line(what, call, seat=seat, silent_seconds=silent)
            case SeatDropped(seat):
                self._not_taken(call, seat, "dropped")
            case _:
                assert_never(fact)

    def leg_event(self, leg_event: PartnerLegEvent) -> None:
        """A partner did not take the call that it was offered, or sent it back."""
        call = self._ledger.calls.get(leg_event.waiting)
        if call is None:
            return
        match leg_event.kind:
            case PartnerEventKind.OFFERED | PartnerEventKind.CONFIRMED | PartnerEventKind.TALKED:
                pass  # offered to a seat, answered and ended have lines of their own
            case PartnerEventKind.LEFT:
                pass  # so has a caller who hangs up
            case PartnerEventKind.REFUSED | PartnerEventKind.UNCONFIRMED | PartnerEventKind.DROPPED:
                why = CAUSE_WORDS[leg_event.why] if leg_event.why else ""
                self._not_taken(call, leg_event.seat, leg_event.kind, why=why)
            case PartnerEventKind.RETURNED:
                self._line("call sent back by a partner", call, seat=leg_event.seat)
            case _:
                assert_never(leg_event.kind)

    def notice(self, notice: Notice) -> None:
        """A call that has ended is forgotten."""
        if isinstance(notice, Ended):
            self._menu_lines.pop(notice.call.id, None)

    def _not_taken(self, call: Call, seat: str, result: str, **more: log.Field) -> None:
        self._line("call not taken by a seat", call, seat=seat, result=result, **more)

    def _line(self, what: str, call: Call, **fields: log.Field) -> None:
        if self._leadership.is_leader:
            log.call_step(logger, what, call, **fields)
