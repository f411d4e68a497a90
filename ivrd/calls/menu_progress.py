"""How far callers are in the menus, as the ledger must know it."""

from collections.abc import Callable, Mapping
from typing import assert_never

from ivrd.core import call_events as c
from ivrd.core.call import CallState
from ivrd.core.cases import AtCase, LookUp
from ivrd.core.commands import (
    AddNote,
    AtBooked,
    AtClosed,
    AtDeflected,
    AtInfo,
    AtMenu,
    AtOffer,
    Await,
    BackToQueue,
    Book,
    Command,
    GoodBye,
    Say,
    SendLink,
    Speak,
    ToPerson,
)
from ivrd.core.intake import (
    AtFiled,
    AtIntake,
    BeginIntake,
    FileTicket,
    FindTicket,
    LeftIntake,
    RedFlags,
    RiskFlags,
)
from ivrd.core.ledger import Ledger
from ivrd.core.priority import Urgency

# Where a caller is who has been told or promised something, and the event that leads there.
TOLD: Mapping[type[Command], tuple[CallState, c.Event]] = {
    AtBooked: (CallState.BOOKED, c.Booked()),
    AtDeflected: (CallState.DEFLECTED, c.Deflected()),
    AtFiled: (CallState.INFO, c.PlayedMessage()),
    AtInfo: (CallState.INFO, c.PlayedMessage()),
}
# Where a caller is in the menus, as an event.
REACHED: Mapping[type[Command], c.Event] = {
    AtClosed: c.Rejected(),
    AtMenu: c.ReturnedToMenu(),
}
# What those are who have said yes in the intake.
URGENT: Mapping[type[Command], Urgency] = {
    RedFlags: Urgency.RED_FLAG,
    RiskFlags: Urgency.RISK_GROUP,
}


class MenuProgress:
    """Receives conversations' commands: some are events to `apply_event`, all may be a move.

    `moved(call_id)`: the caller is, or may be, somewhere else; `mark(call_id, urgency)`: the caller
    is urgent.
    """

    def __init__(
        self,
        ledger: Ledger,
        apply_event: Callable[[str, c.Event], None],
        moved: Callable[[str], None],
        mark: Callable[[str, Urgency], None],
    ) -> None:
        self._ledger = ledger
        self._apply_event = apply_event
        self._moved = moved
        self._mark = mark

    def notify(self, call_id: str, command: Command) -> None:
        """A conversation's command, as far as the ledger must know it."""
        if call_id not in self._ledger.calls:
            return
        match command:
            case AtClosed() | AtMenu():
                self._apply_event(call_id, REACHED[type(command)])
            case Speak(language):
                self._ledger.note(call_id, language=language)
                self._moved(call_id)
            case (
                ToPerson(topic=topic)
                | AtOffer(topic)
                | SendLink(topic)
                | FileTicket(topic=topic)
                | AtCase(topic)
            ):
                self._ledger.note(call_id, topic=topic)
                self._moved(call_id)
            case AtInfo() | AtBooked() | AtDeflected() | AtFiled():
                self._told(call_id, *TOLD[type(command)])
            case Say() | Await() | GoodBye() | Book() | BackToQueue():
                self._moved(call_id)
            case RedFlags() | RiskFlags():
                self._mark(call_id, URGENT[type(command)])
                self._moved(call_id)
            case BeginIntake() | AtIntake() | FindTicket() | LeftIntake() | AddNote() | LookUp():
                self._moved(call_id)
            case _:
                assert_never(command)

    def _told(self, call_id: str, state: CallState, event: c.Event) -> None:
        """A message is told, a call back written down, a link sent or a ticket filed; a caller who
        is resumed after that hears so once more."""
        if self._ledger.calls[call_id].state is not state:
            self._apply_event(call_id, event)
