"""Follows every call: what Asterisk reports moves the ledger, and callers get their menu.

Every event is handled at once and in order.  The ledger (core.ledger) moves synchronously; what
has to wait (prompts, keys, silences) is for ivr.py.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import assert_never

from panoramisk.message import Message

from ivrd.asterisk import call_facts, facts, seat_facts
from ivrd.asterisk import snapshot as snapshots
from ivrd.asterisk import translate as t
from ivrd.asterisk.ami_client import ActionRefused, AmiClient
from ivrd.asterisk.async_agi import Sessions
from ivrd.asterisk.breaks import with_breaks
from ivrd.asterisk.dialplan_names import kind_of_seat
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.calls.booking import Booking
from ivrd.calls.cases import Cases
from ivrd.calls.intake import Intake
from ivrd.calls.ivr import Ivr, IvrSettings, QueueLanguage
from ivrd.calls.links import Links
from ivrd.calls.listeners import CallListeners, EndResolver, LastSeen, Resolution
from ivrd.calls.menu_call import MenuPosition
from ivrd.calls.menu_progress import MenuProgress
from ivrd.calls.placement import Credits, Placement
from ivrd.calls.queue_menus import QueueMenus
from ivrd.calls.recheck import Recheck
from ivrd.calls.screening import Screening
from ivrd.calls.snapshot_matcher import SnapshotMatcher
from ivrd.core import call_events as c
from ivrd.core.call import Call, CallState, Direction
from ivrd.core.call_notices import Ended, Notice
from ivrd.core.call_table import InvalidTransition
from ivrd.core.clock import AsteriskClock
from ivrd.core.handoff import SeatKind
from ivrd.core.ledger import Ledger
from ivrd.core.leg_security import LegSecurity
from ivrd.core.menu_step import MenuStep, StepKind
from ivrd.core.priority import PriorityRules, Urgency


@dataclass(frozen=True)
class AsteriskControl:
    """What is read and changed on Asterisk."""

    link: AmiClient
    queue_members: QueueMembers
    sessions: Sessions
    clock: AsteriskClock


class CallTracker:
    """All callers. `identify` turns a call's number into what stands for it everywhere.

    `clock` gives this moment on ivrd's timeline, on which all times of calls are; `staffed(queue)`
    tells whether somebody is there for a queue.
    """

    def __init__(
        self,
        asterisk: AsteriskControl,
        ledger: Ledger,
        settings: IvrSettings,
        listeners: CallListeners,
        resolver: EndResolver,
        credits_: Credits,
        booking: Booking,
        links: Links,
        intake: Intake,
        cases: Cases,
        identify: Callable[[str, str], str],
        clock: Callable[[], float],
        queue_language: QueueLanguage,
        screening: Screening,
        priority: PriorityRules,
        staffed: Callable[[str], bool],
    ) -> None:
        self.ledger = ledger
        self.queue_members = asterisk.queue_members
        self._link = asterisk.link
        self._asterisk_clock = asterisk.clock
        self._monitor = listeners.monitor
        self._listeners = listeners
        self._resolver = resolver
        self.queue_menus = QueueMenus(
            self._link,
            ledger,
            self.queue_members,
            booking,
            links,
            intake,
            cases,
            lambda: self.ivr,
            lambda: self._recheck,
        )
        progress = MenuProgress(ledger, self._apply_event, self._moved, self._mark)
        self.ivr = Ivr(
            settings,
            asterisk.sessions,
            self._link,
            self.queue_menus,
            booking,
            links,
            intake,
            cases,
            progress.notify,
            self._stepped,
            self._monitor.broken,
            self._before_joining,
            queue_language,
            screening,
            staffed,
        )
        self.placement = Placement(
            priority,
            self._link,
            ledger,
            credits_,
            asterisk.clock,
            self.ivr.channel,
            clock,
            self._moved,
        )
        self._recheck = Recheck(
            self._link,
            self.queue_members,
            ledger.present,
            self.ivr.channel,
            self.ivr.give_way,
            clock,
        )
        self._matcher = SnapshotMatcher(
            ledger,
            self.ivr,
            self.placement,
            credits_,
            identify,
            self._apply_event,
        )
        self._screening = screening
        self._identify = identify
        self._clock = clock
        self.lines_busy = 0  # callers who were told that all lines are busy
        self._held: deque[Message] | None = None

    # --- what Asterisk reports -------------------------------------------------------------

    def take(self, message: Message) -> None:
        """Take in one event; while a snapshot is being read it waits for that."""
        if self._held is None:
            self._take(message)
        else:
            self._held.append(message)

    def _take(self, message: Message) -> None:
        fact = t.fact(message)
        if fact is None:
            return
        self.read_clock()
        if reading := t.at(message):
            self._monitor.lag(max(0.0, self._clock() - self._asterisk_clock.moment(reading)))
        try:
            self._take_fact(t.dated(fact, self._asterisk_clock))
        except Exception as error:  # one event that we cannot take must not cost the link
            self._monitor.broken(getattr(fact, "call_id", ""), error)

    def read_clock(self) -> None:
        """Hold Asterisk's clock against ours, as its last answer to a ping has it."""
        if (pong := self._link.pong) is not None:
            self._asterisk_clock.answered(pong.reading, pong.asked, pong.received)

    def _take_fact(self, fact: facts.Fact) -> None:  # noqa: C901  one case for each kind of fact
        match fact:
            case call_facts.Arrived():
                self._arrived(fact)
            case call_facts.Dialled():
                self._dialled(fact)
            case call_facts.DialledInVain(call_id, at, result):
                self._apply_event(call_id, c.Unreached(at, result))
            case facts.AttemptReport():
                for attempts in self._listeners.attempts:
                    attempts.attempt(fact)
            case call_facts.ControlOffered():
                self._offered(fact)
            case call_facts.AgentCallOffered():
                if self.ivr.active:
                    self._listeners.agent_calls.offered(fact)
            case call_facts.Result(command_id, text):
                self.ivr.result(command_id, text)
            case call_facts.KeyDown(call_id, digit, at):
                self.ivr.key_down(call_id, digit, at)
                self._listeners.agent_calls.key_down(call_id, digit, at)
            case call_facts.KeyUp(call_id, digit, at):
                self.ivr.key_up(call_id, digit, at)
                self._listeners.agent_calls.key_up(call_id, digit, at)
            case call_facts.ControlOver(call_id):
                self.ivr.over(call_id, "the dialplan has the call")
                self._listeners.agent_calls.over(call_id, "the dialplan has the call")
                self._moved(call_id)
            case call_facts.QueueMenuOpened(call_id):
                self._apply_event(call_id, c.OpenedQueueMenu())
                self.queue_menus.opened(call_id)
            case call_facts.Unattended():
                self._took_over(fact)
            case call_facts.AllLinesBusy():
                self._all_lines_busy(fact)
            case call_facts.QueueJoined():
                self._joined(fact)
            case call_facts.QueueReturned(call_id):
                self._apply_event(call_id, c.LeftQueue())
            case call_facts.AgentConnected():
                self._taken(fact)
            case call_facts.CallTransferred():
                self._transferred(fact)
            case call_facts.CallCut(call_id, at):
                self._ended(call_id, "the call was cut off", c.CutOff(at))
            case call_facts.MediaLost(call_id, at, silent_seconds):
                end = c.MediaLost(at, silent_seconds)
                self._ended(call_id, "nothing came from the caller any more", end)
            case call_facts.Hangup(call_id, at):
                self._ended(call_id, "the caller hung up", c.HungUp(at))
                self._listeners.agent_calls.over(call_id, "the agent hung up")
            case call_facts.TalkOver(call_id, at):
                self._ended(call_id, "the talk is over", c.HungUp(at))
            case seat_facts.SeatState() | seat_facts.MemberChanged() | seat_facts.SeatResumed():
                self.queue_members.changed(fact)
                self._look(fact)
                if (
                    isinstance(fact, seat_facts.SeatResumed)
                    and fact.by == "key"
                    and self.ivr.active
                ):
                    self._listeners.agent_calls.resumed(fact.seat)
            case seat_facts.LineJoined() | seat_facts.LineLeft():
                self._listeners.line.changed(fact)
            case seat_facts.SeatUnanswered() | seat_facts.SeatDropped():
                self._seat(fact)
                self.queue_members.changed(fact)
                self._look(fact)
            case seat_facts.SeatOffered():
                self._seat(fact)
                self._look(fact)
            case seat_facts.Supervised():
                self._listeners.supervision.supervised(fact)
            case facts.CallRefused() | facts.StrangerRefused() | facts.SeatRefused():
                self._listeners.refusals.take(fact)
            case facts.TrunkAddress() | facts.TrunkRegistration():
                self._listeners.trunks.trunk(fact)
            case call_facts.CallerSecured(call_id, security):
                if call_id in self.ledger.calls:
                    self.ledger.note(call_id, caller_leg=security)
            case facts.PartnerLegEvent():
                if fact.security and fact.waiting in self.ledger.calls:
                    self.ledger.note(fact.waiting, answer_leg=fact.security)
                for listener in self._listeners.partner_legs:
                    listener.leg_event(fact)
            case _:
                assert_never(fact)

    def _joined(self, fact: call_facts.QueueJoined) -> None:
        self._matcher.passing.discard(fact.call_id)
        call = self.ledger.calls.get(fact.call_id)
        if call and call.caller_leg is None:  # it would have been said
            self.ledger.note(fact.call_id, caller_leg=LegSecurity.CLEAR)
        self._apply_event(fact.call_id, c.JoinedQueue(fact.at, fact.queue))
        if self.ivr.active and fact.call_id in self.ledger.calls:
            self.placement.joined(fact.call_id)

    def _taken(self, fact: call_facts.AgentConnected) -> None:
        self._matcher.passing.discard(fact.call_id)
        self.queue_members.answered(fact.seat, fact.at)
        if fact.call_id in self.ledger.calls and kind_of_seat(fact.seat) is SeatKind.PHONE:
            # Our own phones are spoken to without encryption (render/pjsip.py).
            self.ledger.note(fact.call_id, answer_leg=LegSecurity.CLEAR)
        self._apply_event(fact.call_id, c.Connected(fact.at, fact.by, fact.seat))

    def _transferred(self, fact: call_facts.CallTransferred) -> None:
        self._apply_event(fact.call_id, c.Transferred(fact.at))
        if fact.topic and fact.call_id in self.ledger.calls:
            self.ledger.note(fact.call_id, topic=fact.topic)
            self._moved(fact.call_id)

    def _seat(
        self, fact: seat_facts.SeatOffered | seat_facts.SeatUnanswered | seat_facts.SeatDropped
    ) -> None:
        if call := self.ledger.calls.get(fact.waiting):
            self._listeners.story.seat(call, fact)

    def _look(self, fact: seat_facts.SeatFact | seat_facts.SeatOffered) -> None:
        """What a seat does is passed on; whoever can have one now is told, by the leader."""
        for listener in self._listeners.seats:
            listener.seat(fact)
        if self.ivr.active:
            self._recheck.changed(fact)

    def _ended(self, call_id: str, why: str, event: c.End) -> None:
        """A call has ended; the second event about that finds it gone."""
        self.ivr.gone(call_id, why)
        passing = call_id in self._matcher.passing
        self._matcher.passing.discard(call_id)
        if (call := self.ledger.calls.get(call_id)) and call.state is CallState.DIALLED:
            passing = True  # the dialplan says what came of it once the phone's channel has gone
        if passing and self.ivr.active:  # after a talk that was not reported, or before one
            self.record_ends(self._resolver.missing([call_id], event.at))
        else:
            self._apply_event(call_id, event)

    def _took_over(self, fact: call_facts.Unattended) -> None:
        if call := self.ledger.calls.get(fact.call_id):
            self._monitor.unattended(call)

    def _all_lines_busy(self, fact: call_facts.AllLinesBusy) -> None:
        self.lines_busy += fact.call_id in self.ledger.calls
        self._stepped(fact.call_id, MenuStep(StepKind.LINES_BUSY))
        self._apply_event(fact.call_id, c.Rejected())

    def _arrived(self, fact: call_facts.Arrived) -> None:
        tree = self.ivr.settings.conversation.tree
        start = tree.starts.get(fact.dialled)
        language = start.language if start and start.language else tree.languages[0]
        who = self._identify(fact.call_id, fact.number)
        call = Call(fact.call_id, fact.at, who, language=language)
        if self.ledger.receive(call):
            self._screening.arrived(call)
            self.ivr.arrived(fact.call_id, fact.channel, fact.dialled)
            self._monitor.received(call, fact.dialled)
            self._moved(fact.call_id)

    def _dialled(self, fact: call_facts.Dialled) -> None:
        call = Call(
            fact.call_id,
            fact.at,
            self._identify(fact.call_id, fact.number),
            CallState.DIALLED,
            fact.language,
            topic=fact.topic,
            direction=Direction.CALLBACK,
        )
        if self.ledger.receive(call):
            self.ivr.seen(fact.call_id, fact.channel)
            self._monitor.dialled(call)
            self._moved(fact.call_id)

    def _offered(self, fact: call_facts.ControlOffered) -> None:
        if fact.call_id not in self.ledger.calls:  # its arrival was not reported
            self._arrived(call_facts.Arrived(fact.call_id, fact.channel, fact.at, "", ""))
        if fact.call_id in self.ledger.calls:  # or the event is late, and the call was reconciled
            self.ivr.offered(fact.call_id)
            if self.ledger.calls[fact.call_id].state is CallState.QUEUE_MENU:
                # It may be this caller's turn: asked as soon as the conversation has begun.
                asyncio.get_running_loop().call_soon(self.queue_menus.reconcile)

    def _mark(self, call_id: str, urgency: Urgency) -> None:
        """A caller who is in a menu is urgent."""
        self.placement.mark(call_id, urgency)

    def _before_joining(self, call_id: str) -> Mapping[str, str]:
        """What the dialplan is to know of the place of a caller who is about to join a queue."""
        return self.placement.before_joining(call_id)

    def _stepped(self, call_id: str, step: MenuStep) -> None:
        """A step in the menu, for the log."""
        self._screening.stepped(step)
        if call := self.ledger.calls.get(call_id):
            self._listeners.story.menu(call, step)

    def _apply_event(self, call_id: str, event: c.Event) -> None:
        """Move a call in the ledger; an event that it refuses is reported and changes nothing."""
        if call_id not in self.ledger.calls:
            return  # a seat's leg, or no call of the hotline
        try:
            notices = self.ledger.apply(call_id, event)
        except InvalidTransition as error:
            self._monitor.refused(type(event).__name__, str(error))
            return
        for notice in notices:
            self._publish(notice)
        self._moved(call_id)

    def _moved(self, call_id: str) -> None:
        """A call in progress is, or may be, somewhere else than before."""
        if call := self.ledger.calls.get(call_id):
            position = self.ivr.position(call_id)
            for listener in self._listeners.positions:
                listener.moved(call, position)

    def _publish(self, notice: Notice) -> None:
        self._recheck.notice(notice)
        self.queue_menus.notice(notice)
        for listener in self._listeners.notices:
            listener.notice(notice)
        if self.ivr.active and isinstance(notice, Ended):
            self.placement.ended(notice.call)

    def rung(self) -> Collection[str]:
        """The calls for which a phone is ringing."""
        return self._recheck.rung()

    # --- connecting and reconnecting -------------------------------------------------------

    def stand_by(self) -> None:
        """Follow calls without counting them or speaking to callers."""
        self.ivr.active = self.ledger.counting = False

    def restore(self, call: Call, position: MenuPosition | None) -> None:
        """Enter a call as another ivrd, or an earlier run, has stored it."""
        self.ledger.restore(call)
        self.ivr.seen(call.id, "", position)

    async def rebuild(self, first: Callable[[], Awaitable[None]] | None = None) -> None:
        """Bring ledger and seats to what Asterisk reports; then handle what happened meanwhile.

        `first` is awaited before that; events are held from its beginning.  Not to be called
        again before it has ended.
        """
        self._held = deque()
        try:
            if first is not None:
                await first()
            seen = await snapshots.read(self._link)
            now = self._clock()
            missing = await self._matcher.match(seen, now)
            self.queue_members.read(seen)
            self._listeners.line.read(seen.on_line)
            for call_id in missing:
                self.ivr.gone(call_id, "Asterisk no longer has the call")
            held = self._held
            async for message in with_breaks(held.popleft() for _ in range(len(held))):
                self._take(message)
        finally:
            rest, self._held = self._held, None
            for message in rest:
                self._take(message)
        self._recheck.restart(self.ledger.calls)
        self.queue_menus.restart()
        await self.ivr.resume()
        self.record_ends(self._resolver.missing(missing, now))
        if not self.ivr.active:
            return  # seats are for the leader to change
        try:
            await self.queue_members.reconcile()
        except (
            ActionRefused
        ) as error:  # seats that Asterisk does not have must not cost the connection
            self._monitor.refused("Seats", str(error))

    # --- ends that no event reported -------------------------------------------------------

    def record_ends(self, ends: Iterable[Resolution]) -> None:
        """Record ends that reconciliation has found."""
        for end in ends:
            if isinstance(end, LastSeen):
                self._apply_event(end.call_id, end.event)
            else:
                self._record_reconciled(end)

    def _record_reconciled(self, ended: Ended) -> None:
        """Record a call's end as queue_log has it."""
        self.ivr.gone(ended.call.id, "the call has ended")
        if ended.call.id not in self.ledger.calls and ended.call.received:
            self._monitor.received(ended.call, "")
        elif ended.call.id not in self.ledger.calls:
            self._monitor.dialled(ended.call)
        for notice in self.ledger.record_reconciled(ended):
            self._publish(notice)
