"""Callers in a menu: who has a conversation with ivrd, and how one is resumed.

A `MenuCall` is kept for each call from its arrival to its end.  While Asterisk offers the channel
(AsyncAGI) and this ivrd is the leader, it has a session and a conversation.  Where the caller was,
and which key had led there, survives the conversation: another conversation, of this ivrd after a
lost connection, of a restarted one, or of a former standby, resumes at that position, with the keys
pressed since.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from ivrd.asterisk.async_agi import Session, Sessions, quoted
from ivrd.asterisk.breaks import with_breaks
from ivrd.asterisk.conversation import Conversation
from ivrd.asterisk.conversation_settings import ConversationSettings
from ivrd.calls.booking import Booking
from ivrd.calls.call_tasks import CallTasks
from ivrd.calls.cases import Cases
from ivrd.calls.intake import Intake
from ivrd.calls.links import Links
from ivrd.calls.menu_call import MenuCall, MenuPosition, is_challenged, is_waiting
from ivrd.calls.menu_requests import MenuRequests
from ivrd.core import dialogue, queue_menu
from ivrd.core.challenge import Reason
from ivrd.core.commands import Command
from ivrd.core.menu_step import MenuStep, StepKind
from ivrd.core.queue_menu import Waits

HAND_OVER_SECONDS = 10.0  # enough to say that a person will take over


@dataclass(frozen=True)
class IvrSettings:
    """What the configuration says of menus; replaced as a whole on a reload.

    A caller who arrives while `most` are in a menu goes straight to the queue; so does one who
    arrives while events are more than `behind_seconds` late: a menu that answers keys seconds later
    is worse than none.
    """

    conversation: ConversationSettings
    most: int
    behind_seconds: float


class QueueMenuCallers(Protocol):
    """Callers who wait, and the menu that they can open; see queue_menus.py."""

    def waits(self, call_id: str) -> Waits | None:
        """The wait of a caller who is in that menu; None for all others."""

    def pressed(self, call_id: str, digit: str) -> bool:
        """A caller to whom nobody speaks pressed a key: whether it is one that opens the menu."""


class EventDelay(Protocol):
    """By how much events are late; see `AmiClient.behind_seconds`."""

    @property
    def behind_seconds(self) -> float:
        """Seconds from an event in Asterisk until ivrd receives it, now."""


class Screening(Protocol):
    """Who is asked for a key before anything else; see screening.py."""

    def reason(self, call_id: str) -> Reason | None:
        """The limit that is exceeded now for a call; None if none is."""


class QueueLanguage(Protocol):
    """In which language callers wait; see waiting/announcer.py."""

    def joining(self, call_id: str, queue: str, language: str) -> str:
        """The language of the channel of a caller who is about to join a queue."""


class Ivr:
    """All callers who are spoken to: before the queue, or in its menu.

    `notify(call_id, command)` receives each command of a conversation, `stepped(call_id, step)`
    what the log is to have of it, `fault(call_id, error)` what broke one.  `place(call_id)` is
    asked when a caller is about to join a queue (placement.py): variables of the channel; and
    `staffed(queue)` whether somebody is there for its callers.  `active`: whether callers are
    spoken to; a standby only follows.
    """

    def __init__(
        self,
        settings: IvrSettings,
        sessions: Sessions,
        delay: EventDelay,
        waiting: QueueMenuCallers,
        booking: Booking,
        links: Links,
        intake: Intake,
        cases: Cases,
        notify: Callable[[str, Command], None],
        stepped: Callable[[str, MenuStep], None],
        fault: Callable[[str, BaseException], None],
        place: Callable[[str], Mapping[str, str]],
        queue_language: QueueLanguage,
        screening: Screening,
        staffed: Callable[[str], bool],
    ) -> None:
        self.settings = settings
        self.active = True
        self.draining = False
        self.sent_to_queue = 0  # callers without a menu: too many in one, or events were late
        self._sessions = sessions
        self._delay = delay
        self._waiting = waiting
        self._booking = booking
        self._links = links
        self._intake = intake
        self._notify = notify
        self._stepped = stepped
        self._place = place
        self._queue_language = queue_language
        self._screening = screening
        self._staffed = staffed
        self._calls: dict[str, MenuCall] = {}
        self._conversations = CallTasks(fault)
        self._requests = MenuRequests(booking, links, intake, cases, self._calls, fault)

    def __len__(self) -> int:
        """How many callers are in a menu under our control."""
        return len(self._conversations)

    def configure(self, settings: IvrSettings) -> None:
        """From now on these; conversations that are on keep their menus."""
        self.settings = settings

    # --- what Asterisk reports -------------------------------------------------------------

    def arrived(self, call_id: str, channel: str, number: str) -> None:
        """A call begins, to this number of ours."""
        self._calls[call_id] = MenuCall(channel, number)

    def seen(self, call_id: str, channel: str, position: MenuPosition | None = None) -> None:
        """A call is there that began without us; `position`: where it is known to have been."""
        call = self._calls.setdefault(call_id, MenuCall(channel, ""))
        call.position = position or call.position

    def offered(self, call_id: str) -> None:
        """Asterisk waits for commands: speak to the caller, if this ivrd is the leader."""
        call = self._calls[call_id]
        if call.session is not None or call.position is not None:
            self._end(call, "a new session began")
            call.reset()
        call.offered, call.again = True, False
        if self.active:
            self._begin(call_id, call)

    def found(self, call_id: str, channel: str, number: str, offered: bool) -> None:
        """Asterisk lists the call, which number was dialled, and whether it waits for commands."""
        self.seen(call_id, channel)
        call = self._calls[call_id]
        call.number = call.number or number
        call.channel, call.offered = channel, offered

    async def resume(self) -> None:
        """Speak to all for whom Asterisk waits and nobody does, each where they were.

        Those who have heard nothing yet come first: the lease that guards them is the shortest.
        """
        waiting = [item for item in self._calls.items() if item[1].offered]
        async for call_id, call in with_breaks(
            sorted(waiting, key=lambda item: item[1].position is not None)
        ):
            here = self._calls.get(call_id) is call
            if here and self.active and call.offered and call.session is None:
                self._begin(call_id, call)

    def key_down(self, call_id: str, digit: str, at: float) -> None:
        """A caller's key went down, at a moment of Asterisk's clock."""
        if call := self._calls.get(call_id):
            call.dtmf.down(digit, at)

    def key_up(self, call_id: str, digit: str, at: float) -> None:
        """A caller's key is up, at a moment of Asterisk's clock: it has been pressed."""
        call = self._calls.get(call_id)
        if call is None or (at and (at, digit) in call.keys):  # the same event again
            return
        if call.dtmf.up(digit, at):
            if call.conversation is not None:
                call.add_key(digit, at)
                call.conversation.press(digit)
            elif self._waiting.pressed(call_id, digit):
                call.keys = []  # what was pressed before is nothing to the menu
            else:
                call.add_key(digit, at)

    def over(self, call_id: str, why: str) -> None:
        """The dialplan has the call again."""
        if call := self._calls.get(call_id):
            self._end(call, why)
            call.reset()

    def gone(self, call_id: str, why: str) -> None:
        """The call has ended."""
        self.over(call_id, why)
        self._calls.pop(call_id, None)

    def result(self, command_id: str, text: str) -> None:
        """A command's result."""
        self._sessions.result(command_id, text)

    def channel(self, call_id: str) -> str:
        """The channel of a call; empty for a stranger."""
        call = self._calls.get(call_id)
        return call.channel if call else ""

    def begin_again(self) -> list[tuple[str, str]]:
        """Have each session go on in another; the channels that are to be offered once more, each
        with the context of the dialplan where."""
        here = [call for call in self._calls.values() if call.session is not None]
        for call in here:
            call.again = True
        return [(call.channel, call.context()) for call in here]

    def give_way(self, call_id: str) -> None:
        """The turn of a caller who waits has come: out of the menu, to the queue."""
        call = self._calls.get(call_id)
        if call is not None and call.conversation is not None:
            call.conversation.give_way()

    @property
    def overloaded(self) -> bool:
        """Whether nobody is taken into a menu now: too many are in one, or events are late."""
        late = self._delay.behind_seconds > self.settings.behind_seconds
        return late or len(self) - self.challenged_now() >= self.settings.most

    def challenged_now(self) -> int:
        """How many callers are being asked for a key; they keep nobody else out of a menu."""
        return sum(is_challenged(each.visit) for each in self._speaking())

    def position(self, call_id: str) -> MenuPosition | None:
        """Where a caller is now, or was when the last conversation ended, as it may be stored."""
        call = self._calls.get(call_id)
        if call is None:
            return None
        position = call.position
        if call.conversation is not None and call.conversation.visit is not None:
            position = MenuPosition(call.conversation.visit, call.key_at)
        if position is None:
            return None
        return replace(position, visit=dialogue.stored(position.visit))

    # --- conversations ---------------------------------------------------------------------

    def _begin(self, call_id: str, call: MenuCall) -> None:
        """A conversation from the start, or where the last one was; or straight to the queue."""
        position = call.position  # known until the conversation says where the caller is
        call.session = self._sessions.begin(call.channel)
        waits, tree = self._waiting.waits(call_id), self.settings.conversation.tree
        reason = self._screening.reason(call_id) if position is None and waits is None else None
        flooded = reason is not None or (position is not None and is_challenged(position.visit))
        if self.draining or (self.overloaded and not flooded):
            self._send_to_queue(call_id, call.session)
            return
        if position is not None and not dialogue.knows(tree, position.visit):
            position = call.position = None  # a reload has removed that menu,
            call.keys = []  # and the meaning of what was pressed there
        if waits is not None and not (position and is_waiting(position.visit)):
            position, call.position = MenuPosition(queue_menu.opened(waits)), None
        conversation = call.conversation = Conversation(
            lambda: self.settings.conversation,
            call.session,
            lambda command: self._notified(call_id, command),
            lambda step: self._stepped(call_id, step),
            lambda: self._place(call_id),
            lambda: self._waiting.waits(call_id),
            self._booking.worthwhile,
            self._booking.slots,
            lambda: self._links.offered(call_id),
            lambda: self._intake.offered(call_id),
            lambda queue, language: self._queue_language.joining(call_id, queue, language),
            lambda: self._screening.reason(call_id) is not None,
            self._staffed,
            lambda: self._booking.offered(call_id),
        )
        if reason is not None:
            self._stepped(call_id, MenuStep(StepKind.CHALLENGED, reason))
        resume = position.visit if position else None
        runs = conversation.run(resume, call.number, challenged=reason is not None)
        self._conversations.start(call_id, runs)
        for digit in call.unhandled_keys():
            conversation.press(digit)
        if position is not None:
            call.key_at = max(call.key_at, position.key_at)

    def _send_to_queue(self, call_id: str, session: Session) -> None:
        """Straight to the queue, without a menu."""
        self.sent_to_queue += not self.draining
        self._stepped(call_id, MenuStep(StepKind.NO_MENU))
        for variable, value in self._place(call_id).items():
            session.tell(f"SET VARIABLE {variable} {quoted(value)}")
        session.send("ASYNCAGI BREAK")

    def _notified(self, call_id: str, command: Command) -> None:
        """A conversation's command."""
        self._notify(call_id, command)
        self._requests.notify(call_id, command)

    def _end(self, call: MenuCall, why: str) -> None:
        """End session and conversation; where the caller was stays known."""
        if call.session is None:
            return
        if call.conversation is not None and call.conversation.visit is not None:
            call.position = MenuPosition(call.conversation.visit, call.key_at)
        self._sessions.end(call.session, why)
        call.session = call.conversation = None

    def _speaking(self) -> Iterator[Conversation]:
        return (call.conversation for call in self._calls.values() if call.conversation)

    # --- detaching -------------------------------------------------------------------------

    def detach_all(self, why: str) -> None:
        """Stop speaking to everybody; their positions stay known, and the lease guards them."""
        for call in self._calls.values():
            self._end(call, why)

    async def drain(self, seconds: float) -> None:
        """Take no new caller into a menu; those in one get `seconds`, then a person."""
        self.draining = True
        await self._conversations.wait(seconds)
        for each in self._speaking():
            each.hand_over()
        await self._conversations.wait(HAND_OVER_SECONDS)
