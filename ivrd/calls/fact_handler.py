"""What follows from each fact that Asterisk reports: for the ledger, the menus, the seats."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from ivrd.asterisk.call_facts import (
    AgentCallOffered,
    AgentConnected,
    AllLinesBusy,
    Arrived,
    CallCut,
    CallerSecured,
    CallFact,
    CallTransferred,
    ControlFact,
    ControlOffered,
    ControlOver,
    Dialled,
    DialledInVain,
    Hangup,
    KeyDown,
    KeyUp,
    MediaLost,
    QueueJoined,
    QueueMenuOpened,
    QueueReturned,
    Result,
    TalkOver,
    Unattended,
)
from ivrd.asterisk.dialplan_names import kind_of_seat
from ivrd.asterisk.facts import (
    AttemptReport,
    CallRefused,
    Fact,
    PartnerLegEvent,
    RefusalFact,
    SeatRefused,
    StrangerRefused,
    TrunkAddress,
    TrunkFact,
    TrunkRegistration,
)
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.asterisk.seat_facts import (
    LineFact,
    LineJoined,
    LineLeft,
    SeatDropped,
    SeatFact,
    SeatOffered,
    SeatResumed,
    SeatUnanswered,
    Supervised,
)
from ivrd.calls.ivr import Ivr
from ivrd.calls.ledger_updates import LedgerUpdates
from ivrd.calls.listeners import CallListeners, EndResolver
from ivrd.calls.placement import Placement
from ivrd.calls.queue_menus import QueueMenus
from ivrd.calls.recheck import Recheck
from ivrd.calls.screening import Screening
from ivrd.core import call_events as c
from ivrd.core.call import Call, CallState, Direction
from ivrd.core.handoff import SeatKind
from ivrd.core.ledger import Ledger
from ivrd.core.leg_security import LegSecurity
from ivrd.core.menu_step import MenuStep, StepKind


@dataclass
class FactHandler:
    """Takes facts in, one after the other.

    `passing`: calls whose state is not known now (snapshot_matcher.py).  `identify` turns a call's
    number into what stands for it everywhere; `stepped(call_id, step)` has a step logged.
    """

    ledger: Ledger
    updates: LedgerUpdates
    ivr: Ivr
    queue_menus: QueueMenus
    queue_members: QueueMembers
    placement: Placement
    recheck: Recheck
    passing: set[str]
    resolver: EndResolver
    listeners: CallListeners
    screening: Screening
    identify: Callable[[str, str], str]
    stepped: Callable[[str, MenuStep], None]
    lines_busy: int = 0  # callers who were told that all lines are busy

    def take(self, fact: Fact) -> None:
        """Take in one fact."""
        if isinstance(fact, CallFact):
            self._take_call(fact)
        elif isinstance(fact, ControlFact):
            self._take_control(fact)
        elif isinstance(fact, SeatFact):
            self._take_seat(fact)
        else:
            self._pass_on(fact)

    def _pass_on(
        self,
        fact: SeatOffered
        | Supervised
        | LineFact
        | AttemptReport
        | PartnerLegEvent
        | RefusalFact
        | TrunkFact,
    ) -> None:
        """What others deal with."""
        match fact:
            case SeatOffered():
                self._tell_story(fact)
                self._tell_of_seat(fact)
            case Supervised():
                self.listeners.supervision.supervised(fact)
            case LineJoined() | LineLeft():
                self.listeners.line.changed(fact)
            case AttemptReport():
                for attempts in self.listeners.attempts:
                    attempts.attempt(fact)
            case PartnerLegEvent():
                self._leg_event(fact)
            case CallRefused() | StrangerRefused() | SeatRefused():
                self.listeners.refusals.take(fact)
            case TrunkAddress() | TrunkRegistration():
                self.listeners.trunks.trunk(fact)
            case _:
                assert_never(fact)

    def _leg_event(self, fact: PartnerLegEvent) -> None:
        if fact.security and fact.waiting in self.ledger.calls:
            self.ledger.note(fact.waiting, answer_leg=fact.security)
        for listener in self.listeners.partner_legs:
            listener.leg_event(fact)

    # --- control of a channel --------------------------------------------------------------

    def _take_control(self, fact: ControlFact) -> None:
        match fact:
            case ControlOffered():
                self._offered(fact)
            case AgentCallOffered():
                if self.ivr.active:
                    self.listeners.agent_calls.offered(fact)
            case Result(command_id, text):
                self.ivr.result(command_id, text)
            case KeyDown(call_id, digit, at):
                self.ivr.key_down(call_id, digit, at)
                self.listeners.agent_calls.key_down(call_id, digit, at)
            case KeyUp(call_id, digit, at):
                self.ivr.key_up(call_id, digit, at)
                self.listeners.agent_calls.key_up(call_id, digit, at)
            case ControlOver(call_id):
                self.ivr.over(call_id, "the dialplan has the call")
                self.listeners.agent_calls.over(call_id, "the dialplan has the call")
                self.updates.moved(call_id)
            case _:
                assert_never(fact)

    def _offered(self, fact: ControlOffered) -> None:
        if fact.call_id not in self.ledger.calls:  # its arrival was not reported
            self._arrived(Arrived(fact.call_id, fact.channel, fact.at, "", ""))
        if fact.call_id in self.ledger.calls:  # or the event is late, and the call was reconciled
            self.ivr.offered(fact.call_id)
            if self.ledger.calls[fact.call_id].state is CallState.QUEUE_MENU:
                # It may be this caller's turn: asked as soon as the conversation has begun.
                asyncio.get_running_loop().call_soon(self.queue_menus.reconcile)

    # --- seats -----------------------------------------------------------------------------

    def _take_seat(self, fact: SeatFact) -> None:
        if isinstance(fact, SeatUnanswered | SeatDropped):
            self._tell_story(fact)
        self.queue_members.changed(fact)
        self._tell_of_seat(fact)
        if isinstance(fact, SeatResumed) and fact.by == "key" and self.ivr.active:
            self.listeners.agent_calls.resumed(fact.seat)

    def _tell_story(self, fact: SeatOffered | SeatUnanswered | SeatDropped) -> None:
        if call := self.ledger.calls.get(fact.waiting):
            self.listeners.story.seat(call, fact)

    def _tell_of_seat(self, fact: SeatFact | SeatOffered) -> None:
        """What a seat does is passed on; whoever can have one now is told, by the leader."""
        for listener in self.listeners.seats:
            listener.seat(fact)
        if self.ivr.active:
            self.recheck.changed(fact)

    # --- calls -----------------------------------------------------------------------------

    def _take_call(self, fact: CallFact) -> None:  # noqa: C901  one case for each kind of fact
        match fact:
            case Arrived():
                self._arrived(fact)
            case Dialled():
                self._dialled(fact)
            case DialledInVain(call_id, at, result):
                self.updates.apply(call_id, c.Unreached(at, result))
            case QueueJoined():
                self._joined(fact)
            case QueueReturned(call_id):
                self.updates.apply(call_id, c.LeftQueue())
            case QueueMenuOpened(call_id):
                self.updates.apply(call_id, c.OpenedQueueMenu())
                self.queue_menus.opened(call_id)
            case Unattended():
                self._took_over(fact)
            case AllLinesBusy():
                self._all_lines_busy(fact)
            case AgentConnected():
                self._connected(fact)
            case CallTransferred():
                self._transferred(fact)
            case CallCut(call_id, at):
                self._ended(call_id, "the call was cut off", c.CutOff(at))
            case MediaLost(call_id, at, silent_seconds):
                end = c.MediaLost(at, silent_seconds)
                self._ended(call_id, "nothing came from the caller any more", end)
            case Hangup(call_id, at):
                self._ended(call_id, "the caller hung up", c.HungUp(at))
                self.listeners.agent_calls.over(call_id, "the agent hung up")
            case TalkOver(call_id, at):
                self._ended(call_id, "the talk is over", c.HungUp(at))
            case CallerSecured(call_id, security):
                if call_id in self.ledger.calls:
                    self.ledger.note(call_id, caller_leg=security)
            case _:
                assert_never(fact)

    def _arrived(self, fact: Arrived) -> None:
        tree = self.ivr.settings.conversation.tree
        start = tree.starts.get(fact.dialled)
        language = start.language if start and start.language else tree.languages[0]
        who = self.identify(fact.call_id, fact.number)
        call = Call(fact.call_id, fact.at, who, language=language)
        if self.ledger.receive(call):
            self.screening.arrived(call)
            self.ivr.arrived(fact.call_id, fact.channel, fact.dialled)
            self.listeners.monitor.received(call, fact.dialled)
            self.updates.moved(fact.call_id)

    def _dialled(self, fact: Dialled) -> None:
        call = Call(
            fact.call_id,
            fact.at,
            self.identify(fact.call_id, fact.number),
            CallState.DIALLED,
            fact.language,
            topic=fact.topic,
            direction=Direction.CALLBACK,
        )
        if self.ledger.receive(call):
            self.ivr.seen(fact.call_id, fact.channel)
            self.listeners.monitor.dialled(call)
            self.updates.moved(fact.call_id)

    def _took_over(self, fact: Unattended) -> None:
        if call := self.ledger.calls.get(fact.call_id):
            self.listeners.monitor.unattended(call)

    def _all_lines_busy(self, fact: AllLinesBusy) -> None:
        self.lines_busy += fact.call_id in self.ledger.calls
        self.stepped(fact.call_id, MenuStep(StepKind.LINES_BUSY))
        self.updates.apply(fact.call_id, c.Rejected())

    def _joined(self, fact: QueueJoined) -> None:
        self.passing.discard(fact.call_id)
        call = self.ledger.calls.get(fact.call_id)
        if call and call.caller_leg is None:  # it would have been said
            self.ledger.note(fact.call_id, caller_leg=LegSecurity.CLEAR)
        self.updates.apply(fact.call_id, c.JoinedQueue(fact.at, fact.queue))
        if self.ivr.active and fact.call_id in self.ledger.calls:
            self.placement.joined(fact.call_id)

    def _connected(self, fact: AgentConnected) -> None:
        self.passing.discard(fact.call_id)
        self.queue_members.answered(fact.seat, fact.at)
        if fact.call_id in self.ledger.calls and kind_of_seat(fact.seat) is SeatKind.PHONE:
            # Our own phones are spoken to without encryption (render/pjsip.py).
            self.ledger.note(fact.call_id, answer_leg=LegSecurity.CLEAR)
        self.updates.apply(fact.call_id, c.Connected(fact.at, fact.by, fact.seat))

    def _transferred(self, fact: CallTransferred) -> None:
        self.updates.apply(fact.call_id, c.Transferred(fact.at))
        if fact.topic and fact.call_id in self.ledger.calls:
            self.ledger.note(fact.call_id, topic=fact.topic)
            self.updates.moved(fact.call_id)

    def _ended(self, call_id: str, why: str, event: c.End) -> None:
        """A call has ended; the second event about that finds it gone."""
        self.ivr.gone(call_id, why)
        passing = call_id in self.passing
        self.passing.discard(call_id)
        if (call := self.ledger.calls.get(call_id)) and call.state is CallState.DIALLED:
            passing = True  # the dialplan says what came of it once the phone's channel has gone
        if passing and self.ivr.active:  # after a talk that was not reported, or before one
            self.updates.record_ends(self.resolver.missing([call_id], event.at))
        else:
            self.updates.apply(call_id, event)
