"""The hotline at work: what Asterisk reports goes into the books, callers get their menu.

Every event is taken in at once and in order.  The books (core.ledger) move synchronously; what
has to wait (prompts, keys, silences) is for ivr.py.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from panoramisk.message import Message

from ivrd.asterisk import snapshot as snapshots
from ivrd.asterisk import translate as t
from ivrd.asterisk.ami_client import ActionRefused, AmiClient
from ivrd.asterisk.async_agi import Sessions
from ivrd.asterisk.conversation import ConversationSettings
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.calls.ivr import Ivr, MenuPosition
from ivrd.core import call as c
from ivrd.core import menu
from ivrd.core.call import Call, CallState, Ended, InvalidTransition, Notice
from ivrd.core.ledger import Ledger
from ivrd.core.menu import Command

EVENT_OF: dict[type[Command], c.Event] = {
    menu.AtInfo: c.PlayedMessage(),
    menu.AtClosed: c.Rejected(),
    menu.AtMenu: c.ReturnedToMenu(),
}


@dataclass(frozen=True)
class CallListener:
    """Who hears of what happens; all are called at once and must not wait."""

    received: Callable[[Call], None]
    notice: Callable[[Notice], None]
    lag: Callable[[float], None]  # seconds from an event to us
    unattended: Callable[[Call], None]
    refused: Callable[[str, str], None]  # (event, why) that the books did not take
    broken: Callable[[str, BaseException], None]  # (call id, a fault of ours)
    moved: Callable[[Call, MenuPosition | None], None] = lambda _call, _stay: (
        None
    )  # a call that is here


class CallTracker:
    """All callers. `hash_number` turns a number into what stands for it everywhere."""

    def __init__(
        self,
        link: AmiClient,
        settings: ConversationSettings,
        queue_members: QueueMembers,
        sessions: Sessions,
        listener: CallListener,
        hash_number: Callable[[str], str],
        clock: Callable[[], float],
    ) -> None:
        self.ledger = Ledger()
        self.queue_members = queue_members
        self.ivr = Ivr(settings, sessions, self._notify, listener.broken)
        self.on_partner_leg: Callable[[t.PartnerLegEvent], None] = lambda _news: None
        # Hears of the calls that Asterisk no longer has, though nobody said how they ended.
        self.missed: Callable[[list[str], float], None] = self.book_unresolved
        self._link = link
        self._listener = listener
        self._hash = hash_number
        self._clock = clock
        self.lines_busy = 0  # callers who were told that all lines are busy
        self._held: list[Message] | None = None
        self._passing: set[str] = set()  # calls of which nobody knows where they are now
        self._handlers: dict[type, Callable[[Any], None]] = {
            t.Arrived: self._arrived,
            t.ControlOffered: self._offered,
            t.Result: self._result,
            t.KeyDown: self._key_down,
            t.KeyUp: self._key_up,
            t.ControlOver: self._control_over,
            t.Unattended: self._took_over,
            t.AllLinesBusy: self._all_lines_busy,
            t.QueueJoined: self._joined,
            t.QueueReturned: self._returned,
            t.AgentConnected: self._taken,
            t.Hangup: self._gone,
            t.SeatState: queue_members.changed,
            t.MemberChanged: queue_members.changed,
            t.PartnerLegEvent: self._partner,
        }

    # --- what Asterisk reports -------------------------------------------------------------

    def take(self, message: Message) -> None:
        """Take in one event; while a snapshot is being read it waits for that."""
        if self._held is not None:
            self._held.append(message)
            return
        fact = t.fact(message)
        if fact is None:
            return
        if moment := t.at(message):
            self._listener.lag(max(0.0, self._clock() - moment))
        try:
            self._handlers[type(fact)](fact)
        except Exception as error:  # one event that we cannot take must not cost the link
            self._listener.broken(getattr(fact, "call_id", ""), error)

    def _result(self, fact: t.Result) -> None:
        self.ivr.result(fact.command_id, fact.text)

    def _joined(self, fact: t.QueueJoined) -> None:
        self._passing.discard(fact.call_id)
        self._apply_event(fact.call_id, c.JoinedQueue(fact.at or self._clock(), fact.queue))

    def _returned(self, fact: t.QueueReturned) -> None:
        self._apply_event(fact.call_id, c.LeftQueue())

    def _taken(self, fact: t.AgentConnected) -> None:
        self._passing.discard(fact.call_id)
        self._apply_event(fact.call_id, c.Connected(fact.at or self._clock(), fact.by, fact.seat))

    def _gone(self, fact: t.Hangup) -> None:
        self.ivr.gone(fact.call_id, "the caller hung up")
        at = fact.at or self._clock()
        passing = fact.call_id in self._passing
        self._passing.discard(fact.call_id)
        if passing and self.ivr.active:  # after a talk that nobody saw, or before one
            self.missed([fact.call_id], at)
        else:
            self._apply_event(fact.call_id, c.HungUp(at))

    def _control_over(self, fact: t.ControlOver) -> None:
        self.ivr.over(fact.call_id, "the dialplan has the call")
        self._moved(fact.call_id)

    def _took_over(self, fact: t.Unattended) -> None:
        if call := self.ledger.calls.get(fact.call_id):
            self._listener.unattended(call)

    def _all_lines_busy(self, fact: t.AllLinesBusy) -> None:
        self.lines_busy += fact.call_id in self.ledger.calls
        self._apply_event(fact.call_id, c.Rejected())

    def _partner(self, leg_event: t.PartnerLegEvent) -> None:
        self.on_partner_leg(leg_event)

    def _arrived(self, fact: t.Arrived) -> None:
        language = self.ivr.settings.tree.languages[0]
        call = Call(
            fact.call_id, fact.at or self._clock(), self._hash(fact.number), language=language
        )
        if self.ledger.receive(call):
            self.ivr.arrived(fact.call_id, fact.channel)
            self._listener.received(call)
            self._moved(fact.call_id)

    def _offered(self, fact: t.ControlOffered) -> None:
        if fact.call_id not in self.ledger.calls:  # its arrival was reported to nobody
            self._arrived(t.Arrived(fact.call_id, fact.channel, fact.at, ""))
        if fact.call_id in self.ledger.calls:  # or it is a late word of a call that was healed
            self.ivr.offered(fact.call_id)

    def _key_down(self, fact: t.KeyDown) -> None:
        self.ivr.key_down(fact.call_id, fact.digit)

    def _key_up(self, fact: t.KeyUp) -> None:
        self.ivr.key_up(fact.call_id, fact.digit, fact.at)

    def _notify(self, call_id: str, command: Command) -> None:
        """A conversation's own news for the books."""
        if call_id not in self.ledger.calls:
            return
        if event := EVENT_OF.get(type(command)):
            self._apply_event(call_id, event)
            return
        if isinstance(command, menu.Speak):
            self.ledger.note(call_id, language=command.language)
        elif isinstance(command, menu.ToPerson):
            self.ledger.note(call_id, topic=command.topic)
        self._moved(call_id)

    def _apply_event(self, call_id: str, event: c.Event) -> None:
        """Move a call in the books; what they do not take is reported and changes nothing."""
        if call_id not in self.ledger.calls:
            return  # a seat's leg, or a call of somebody else's
        try:
            notices = self.ledger.apply(call_id, event)
        except InvalidTransition as error:
            self._listener.refused(type(event).__name__, str(error))
            return
        for notice in notices:
            self._listener.notice(notice)
        self._moved(call_id)

    def _moved(self, call_id: str) -> None:
        """A call that is here is, or may be, in another place than before."""
        if call := self.ledger.calls.get(call_id):
            self._listener.moved(call, self.ivr.position(call_id))

    # --- losing and finding Asterisk -------------------------------------------------------

    def restore(self, call: Call, position: MenuPosition | None) -> None:
        """A call that an ivrd before us, or beside us, has written down."""
        self.ledger.restore(call)
        self.ivr.seen(call.id, "", position)

    async def rebuild(self, first: Callable[[], Awaitable[None]] | None = None) -> None:
        """Bring books and seats to what Asterisk reports; then what happened meanwhile.

        `first` is done before that, with what happens held as well.  Not to be called again
        before it has ended.
        """
        self._held = []
        try:
            if first is not None:
                await first()
            seen = await snapshots.read(self._link)
            now = self._clock()
            self._passing.clear()
            for caller in seen.callers:
                self._match(caller, now)
            missing = self.ledger.missing(caller.call_id for caller in seen.callers)
            self._passing.update(missing)  # that one has hung up may be all that is still to come
            self.queue_members.read(seen)
            for call_id in missing:
                self.ivr.gone(call_id, "Asterisk no longer has the call")
        finally:
            held, self._held = self._held or [], None
            for message in held:
                self.take(message)
        self.ivr.resume()
        self.missed(missing, now)
        if not self.ivr.active:
            return  # the seats are for the other one to move
        try:
            await self.queue_members.reconcile()
        except ActionRefused as error:  # seats that Asterisk does not have must not cost the link
            self._listener.refused("Seats", str(error))

    def _match(self, caller: snapshots.Caller, now: float) -> None:
        """Bring one call in the books to where Asterisk has it."""
        call_id = caller.call_id
        known = call_id in self.ledger.calls
        if not known and not self.ledger.receive(self._adopted(caller, now), adopted=True):
            return  # it was healed: Asterisk is letting it go
        self.ivr.found(call_id, caller.channel, caller.in_agi)
        for event in _events_between(self.ledger.calls[call_id].state, caller, now):
            self._apply_event(call_id, event)
        if not caller.listed:
            self._passing.add(call_id)

    def _adopted(self, caller: snapshots.Caller, now: float) -> Call:
        """A call that was there before us.  How long one who talks has waited nobody knows now."""
        call = Call(
            caller.call_id,
            now - caller.age_seconds,
            self._hash(caller.number),
            language=self.ivr.settings.tree.languages[0],
        )
        if caller.state is not CallState.TALK:
            return call
        return replace(
            call,
            state=CallState.TALK,
            queue=caller.queue,
            connected_at=now,
            by=t.answered_by(caller.seat),
            seat=caller.seat,
        )

    # --- calls that ended unseen -----------------------------------------------------------

    def book_unresolved(self, missing: Iterable[str], at: float) -> None:
        """Book calls that are gone as hung up, each where it was last seen."""
        for call_id in missing:
            self._apply_event(call_id, c.HungUp(at))

    def book_reconciled(self, ended: Ended) -> None:
        """Book a call as Asterisk's own record says that it ended."""
        self.ivr.gone(ended.call.id, "the call has ended")
        if ended.call.id not in self.ledger.calls:
            self._listener.received(ended.call)
        for notice in self.ledger.book_reconciled(ended.call, ended.outcome, ended.stage):
            self._listener.notice(notice)


def _events_between(state: CallState, caller: snapshots.Caller, now: float) -> list[c.Event]:
    """The events that lead from where the books have a call to where Asterisk has it."""
    joined = c.JoinedQueue(now - caller.wait_seconds, caller.queue)
    taken = c.Connected(now, t.answered_by(caller.seat), caller.seat)
    before_queue = state in c.BEFORE_QUEUE
    if caller.state is CallState.QUEUE:
        stays = state is CallState.QUEUE or (state is CallState.TALK and not caller.listed)
        return [] if stays else [joined]
    if caller.state is CallState.TALK:
        return [] if state is CallState.TALK else [joined, taken] if before_queue else [taken]
    return [] if before_queue or state is CallState.TALK else [c.LeftQueue()]
