"""The hotline at work: what Asterisk reports goes into the books, callers get their menu.

Every event is taken in at once and in order.  The books (core.ledger) move synchronously; what
has to wait (prompts, keys, silences) runs in one task for each caller, fed by one queue.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from panoramisk.message import Message

from ivrd.asterisk import snapshot as snapshots
from ivrd.asterisk import translate as t
from ivrd.asterisk.agi import Session, Sessions
from ivrd.asterisk.conversation import Conversation, Script
from ivrd.asterisk.link import Link, Refused
from ivrd.asterisk.seating import Seating
from ivrd.core import call as c
from ivrd.core import menu
from ivrd.core.call import Call, Impossible, Notice, Place
from ivrd.core.ledger import Ledger
from ivrd.core.menu import Command, Visit

BOOKED: dict[type[Command], c.Event] = {
    menu.AtInfo: c.Informed(),
    menu.AtClosed: c.TurnedAway(),
    menu.AtMenu: c.WentBack(),
}


@dataclass(frozen=True)
class Watch:
    """Who hears of what happens; all are called at once and must not wait."""

    received: Callable[[Call], None]
    notice: Callable[[Notice], None]
    lag: Callable[[float], None]  # seconds from an event to us
    unattended: Callable[[Call], None]
    refused: Callable[[str, str], None]  # (event, why) that the books did not take
    broken: Callable[[str, BaseException], None]  # (call id, a fault of ours)


@dataclass
class Line:
    """A caller's control: the channel and, while it is ours, session and conversation."""

    channel: str
    session: Session | None = None
    conversation: Conversation | None = None
    visit: Visit | None = None  # where the caller was when control was lost


class Hotline:
    """All callers. `hash_number` turns a number into what stands for it everywhere."""

    def __init__(
        self,
        link: Link,
        script: Script,
        seating: Seating,
        sessions: Sessions,
        watch: Watch,
        hash_number: Callable[[str], str],
        clock: Callable[[], float],
    ) -> None:
        self.ledger = Ledger()
        self.script = script
        self.seating = seating
        self.draining = False
        self.partner_news: Callable[[t.PartnerNews], None] = lambda _news: None
        self._link = link
        self._sessions = sessions
        self._watch = watch
        self._hash = hash_number
        self._clock = clock
        self._lines: dict[str, Line] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: list[Message] | None = None
        self._hands: dict[type, Callable[[Any], None]] = {
            t.Arrived: self._arrived,
            t.Offered: self._offered,
            t.Result: self._result,
            t.KeyPressed: self._key,
            t.ControlOver: self._control_over,
            t.Unattended: self._took_over,
            t.QueueJoined: self._joined,
            t.QueueReturned: self._returned,
            t.Taken: self._taken,
            t.LineGone: self._gone,
            t.SeatState: seating.changed,
            t.MemberChanged: seating.changed,
            t.PartnerNews: self._partner,
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
            self._watch.lag(max(0.0, self._clock() - moment))
        try:
            self._hands[type(fact)](fact)
        except Exception as error:  # one event that we cannot take must not cost the link
            self._watch.broken(getattr(fact, "call_id", ""), error)

    def _result(self, fact: t.Result) -> None:
        self._sessions.result(fact.command_id, fact.text)

    def _joined(self, fact: t.QueueJoined) -> None:
        self._book(fact.call_id, c.Joined(fact.at or self._clock(), fact.queue))

    def _returned(self, fact: t.QueueReturned) -> None:
        self._book(fact.call_id, c.Left())

    def _taken(self, fact: t.Taken) -> None:
        self._book(fact.call_id, c.Connected(fact.at or self._clock(), fact.by, fact.seat))

    def _gone(self, fact: t.LineGone) -> None:
        self._end_control(fact.call_id, "the caller hung up")
        self._lines.pop(fact.call_id, None)
        self._book(fact.call_id, c.HungUp(fact.at or self._clock()))

    def _control_over(self, fact: t.ControlOver) -> None:
        self._end_control(fact.call_id, "the dialplan has the call")

    def _took_over(self, fact: t.Unattended) -> None:
        if call := self.ledger.calls.get(fact.call_id):
            self._watch.unattended(call)

    def _partner(self, news: t.PartnerNews) -> None:
        self.partner_news(news)

    def _arrived(self, fact: t.Arrived) -> None:
        language = self.script.tree.languages[0]
        call = Call(
            fact.call_id, fact.at or self._clock(), self._hash(fact.number), language=language
        )
        if self.ledger.receive(call):
            self._lines[fact.call_id] = Line(fact.channel)
            self._watch.received(call)

    def _offered(self, fact: t.Offered) -> None:
        if fact.call_id not in self.ledger.calls:  # its arrival was reported to nobody
            self._arrived(t.Arrived(fact.call_id, fact.channel, fact.at, ""))
        self._control(fact.call_id, None)

    def _control(self, call_id: str, resume: Visit | None) -> None:
        """Take a caller into the menu, or, when we are stopping, hand the call straight back."""
        self._end_control(call_id, "a new session began")
        if resume is not None and not menu.knows(self.script.tree, resume):
            resume = None  # the place is gone since a reload
        line = self._lines[call_id]
        line.session = self._sessions.begin(line.channel)
        if self.draining:
            line.session.send("ASYNCAGI BREAK")
            return
        line.conversation = Conversation(
            self.script, line.session, lambda command: self._told(call_id, command)
        )
        task = asyncio.create_task(line.conversation.run(resume), name=call_id)
        self._tasks.add(task)
        task.add_done_callback(self._conversation_ended)

    def _conversation_ended(self, task: "asyncio.Task[None]") -> None:
        """A fault in one conversation costs its caller the menu, not the place: the lease."""
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._watch.broken(task.get_name(), error)

    def _end_control(self, call_id: str, why: str) -> None:
        line = self._lines.get(call_id)
        if line is None or line.session is None:
            return
        self._sessions.end(line.session, why)
        if line.conversation is not None:
            line.conversation.over()
        line.session = line.conversation = line.visit = None

    def _key(self, fact: t.KeyPressed) -> None:
        line = self._lines.get(fact.call_id)
        if line is not None and line.conversation is not None:
            line.conversation.hear(fact.digit)

    def _told(self, call_id: str, command: Command) -> None:
        """A conversation's own news for the books."""
        if call_id not in self.ledger.calls:
            return
        if event := BOOKED.get(type(command)):
            self._book(call_id, event)
        elif isinstance(command, menu.Speak):
            self.ledger.note(call_id, language=command.language)
        elif isinstance(command, menu.ToPerson):
            self.ledger.note(call_id, topic=command.topic)

    def _book(self, call_id: str, event: c.Event) -> None:
        """Move a call in the books; what they do not take is reported and changes nothing."""
        if call_id not in self.ledger.calls:
            return  # a seat's leg, or a call of somebody else's
        try:
            notices = self.ledger.apply(call_id, event)
        except Impossible as error:
            self._watch.refused(type(event).__name__, str(error))
            return
        for notice in notices:
            self._watch.notice(notice)

    # --- losing and finding Asterisk -------------------------------------------------------

    def lost(self) -> None:
        """The link is gone: remember where callers were; the dialplan's lease guards them."""
        for line in self._lines.values():
            if line.conversation is not None:
                line.visit = line.conversation.visit
                line.conversation.over()
            line.session = line.conversation = None
        self._sessions.end_all("the link to Asterisk was lost")

    async def rebuild(self) -> None:
        """Bring books and seats to what Asterisk reports; then what happened meanwhile."""
        self._held = []
        try:
            seen = await snapshots.read(self._link)
            now = self._clock()
            for caller in seen.callers:
                self._match(caller, now)
            for call_id in self.ledger.missing(caller.call_id for caller in seen.callers):
                self._lines.pop(call_id, None)
                self._book(call_id, c.HungUp(now))
            self.seating.read(seen)
        finally:
            held, self._held = self._held or [], None
            for message in held:
                self.take(message)
        try:
            await self.seating.reconcile()
        except Refused as error:  # seats that Asterisk does not have must not cost the link
            self._watch.refused("Seats", str(error))

    def _match(self, caller: snapshots.Caller, now: float) -> None:
        """Bring one call in the books to where Asterisk has it; take its menu up again."""
        call_id = caller.call_id
        if call_id not in self.ledger.calls:
            self.ledger.receive(self._adopted(caller, now), adopted=True)
        line = self._lines.setdefault(call_id, Line(caller.channel))
        for event in _way(self.ledger.calls[call_id].place, caller, now):
            self._book(call_id, event)
        if caller.in_agi and line.visit is not None and line.session is None:
            visit, line.visit = line.visit, None
            self._control(call_id, visit)

    def _adopted(self, caller: snapshots.Caller, now: float) -> Call:
        """A call that was there before us.  How long one who talks has waited nobody knows now."""
        call = Call(
            caller.call_id,
            now - caller.age_seconds,
            self._hash(caller.number),
            language=self.script.tree.languages[0],
        )
        if caller.place is not Place.TALK:
            return call
        return replace(
            call,
            place=Place.TALK,
            queue=caller.queue,
            connected_at=now,
            by=t.by(caller.seat),
            seat=caller.seat,
        )

    # --- stopping --------------------------------------------------------------------------

    def talking(self) -> int:
        """How many callers are in a menu under our control."""
        return len(self._tasks)

    async def drain(self, seconds: float) -> None:
        """Take no new caller into a menu; those in one get `seconds`, then a person."""
        self.draining = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for line in self._lines.values():
            if line.conversation is not None:
                line.conversation.hand_over()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=HAND_OVER_SECONDS)


HAND_OVER_SECONDS = 10.0  # enough to say that a person will take over


def _way(place: Place, caller: snapshots.Caller, now: float) -> list[c.Event]:
    """The events that lead from where the books have a call to where Asterisk has it."""
    joined = c.Joined(now - caller.wait_seconds, caller.queue)
    taken = c.Connected(now, t.by(caller.seat), caller.seat)
    before_queue = place in c.BEFORE_QUEUE
    if caller.place is Place.QUEUE:
        return [] if place is Place.QUEUE else [joined]
    if caller.place is Place.TALK:
        return [] if place is Place.TALK else [joined, taken] if before_queue else [taken]
    return [] if before_queue or place is Place.TALK else [c.Left()]
