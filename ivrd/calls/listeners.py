"""Who receives what happens to calls, and who is asked how a call ended; see tracker.py."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ivrd.asterisk.call_facts import AgentCallOffered
from ivrd.asterisk.facts import AttemptReport, PartnerLegEvent, RefusalFact, TrunkFact
from ivrd.asterisk.seat_facts import (
    LineFact,
    SeatDropped,
    SeatFact,
    SeatOffered,
    SeatUnanswered,
    Supervised,
)
from ivrd.calls.menu_call import MenuPosition
from ivrd.core.call import Call
from ivrd.core.call_events import Event
from ivrd.core.call_notices import Ended, Notice
from ivrd.core.menu_step import MenuStep


class CallMonitor(Protocol):
    """Counts and logs what happens; see metrics/observer.py.  Like all listeners, never waits."""

    def received(self, call: Call, number: str) -> None:
        """A call reached the hotline, at this number of ours; empty when that is not known."""

    def dialled(self, call: Call) -> None:
        """The hotline calls somebody back."""

    def lag(self, seconds: float) -> None:
        """An event was received so long after it happened."""

    def unattended(self, call: Call) -> None:
        """The dialplan took the caller to the queue by itself."""

    def refused(self, event: str, why: str) -> None:
        """An event that the call table does not allow where the call was."""

    def broken(self, call_id: str, error: BaseException) -> None:
        """A fault of ours in handling a call."""


class CallStory(Protocol):
    """Receives what is of interest only to who follows one call; see metrics/story.py."""

    def menu(self, call: Call, step: MenuStep) -> None:
        """The caller did something in the menu, or was led somewhere."""

    def seat(self, call: Call, fact: SeatOffered | SeatUnanswered | SeatDropped) -> None:
        """A seat was offered the waiting call, did not take it, or dropped it."""


class NoticeListener(Protocol):
    """Receives each notice: a call joined a queue, was answered, sent back, or ended."""

    def notice(self, notice: Notice) -> None:
        """Take it in."""


class PositionListener(Protocol):
    """Receives each change of a call in progress, of its state or its position in the menu."""

    def moved(self, call: Call, position: MenuPosition | None) -> None:
        """Take it in."""


class PartnerLegListener(Protocol):
    """Receives what happens on the legs to partners."""

    def leg_event(self, leg_event: PartnerLegEvent) -> None:
        """Take it in."""


class SeatListener(Protocol):
    """Receives what seats do, and for whom they are rung."""

    def seat(self, fact: SeatFact | SeatOffered) -> None:
        """Take it in."""


class TrunkListener(Protocol):
    """Receives how trunks stand with Asterisk; see trunks/monitor.py."""

    def trunk(self, fact: TrunkFact) -> None:
        """Take it in."""


class AttemptListener(Protocol):
    """Receives how far attempts to call somebody back have come."""

    def attempt(self, report: AttemptReport) -> None:
        """Take it in."""


class SupervisionListener(Protocol):
    """Receives when supervisors listen to agents; see agents/supervision.py."""

    def supervised(self, fact: Supervised) -> None:
        """Take it in."""


class RefusalListener(Protocol):
    """Receives what was refused before it was a call."""

    def take(self, fact: RefusalFact) -> None:
        """Take it in."""


class AgentCallListener(Protocol):
    """Speaks with agents who call ivrd; see agents/phone.py.  Other calls are nothing to it."""

    def offered(self, fact: AgentCallOffered) -> None:
        """Asterisk waits for commands."""

    def key_down(self, call_id: str, digit: str, at: float) -> None:
        """A key went down, at a moment of Asterisk's clock."""

    def key_up(self, call_id: str, digit: str, at: float) -> None:
        """A key is up."""

    def over(self, call_id: str, why: str) -> None:
        """The dialplan has the call again, or it has ended."""

    def resumed(self, seat: str) -> None:
        """Somebody at the seat's phone has pressed the key for it to be rung again."""


class LineListener(Protocol):
    """Receives who comes to seats on the line; see agents/line.py."""

    def read(self, here: Mapping[str, str]) -> None:
        """Who is there now: agents' ids by seat."""

    def changed(self, fact: LineFact) -> None:
        """Take it in."""


@dataclass(frozen=True)
class CallListeners:
    """Who receives what happens; each group in its order."""

    monitor: CallMonitor
    story: CallStory
    refusals: RefusalListener
    notices: tuple[NoticeListener, ...]
    positions: tuple[PositionListener, ...]
    partner_legs: tuple[PartnerLegListener, ...]
    attempts: tuple[AttemptListener, ...]
    seats: tuple[SeatListener, ...]
    agent_calls: AgentCallListener
    supervision: SupervisionListener
    line: LineListener
    trunks: TrunkListener


@dataclass(frozen=True)
class LastSeen:
    """A call that is gone: it ends by `event` where the ledger has it."""

    call_id: str
    event: Event


Resolution = Ended | LastSeen  # as queue_log has the end, or where the call was last seen


class EndResolver(Protocol):
    """Finds out how calls ended whose end no event reported; see ha/reconciliation.py."""

    def missing(self, ids: Iterable[str], at: float) -> Sequence[Resolution]:
        """Asterisk no longer has these calls; the ends that are known now.

        Those of the others come later, through `CallTracker.record_ends`.
        """
