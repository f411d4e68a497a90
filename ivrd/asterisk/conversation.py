"""One caller's talk with the menu: carries out what core.menu commands, reports the keys.

How prompts are said, and interrupted by keys, is in speech.py.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import assert_never

from ivrd.asterisk.async_agi import Session
from ivrd.asterisk.caller_channel import CallerChannel
from ivrd.asterisk.caller_media import CallerMedia
from ivrd.asterisk.conversation_settings import ConversationSettings
from ivrd.asterisk.speech import Speech
from ivrd.core import dialogue, dialogue_steps, menu
from ivrd.core.book_result import BookResult
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
from ivrd.core.inputs import (
    Answer,
    BookAnswer,
    CaseAnswer,
    Input,
    Key,
    LinkAnswer,
    NoInput,
    PromptsPlayed,
    TicketAnswer,
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
from ivrd.core.menu_step import MenuStep
from ivrd.core.queue_menu import Waits
from ivrd.core.situation import AnyVisit, Result, Situation
from ivrd.core.slots import Slot

OVERDUE_SECONDS = 5.0  # after the lease, which takes the caller on when a result does not come


@dataclass(frozen=True)
class PromptEnded:
    """A prompt has ended; `result` is Asterisk's line."""

    result: str


@dataclass(frozen=True)
class SessionEnded:
    """The session has ended."""


class Conversation:
    """Runs until the caller leaves the menu.

    `tell(command)` gets what the ledger must know, `stepped(step)` what the log is to have.
    `place()` is asked when the caller is about to join a queue (calls/placement.py): variables of
    the channel.
    `queue_language(queue, language)` gives the variant of the language in which a caller waits who
    joins that queue now (calls/listeners.py).

    A caller who has heard what the keys do is not to find others under them: the menus are those of
    the beginning.  `in_use()` has the settings of the moment, which a reload may have changed: they
    say which queues are closed, and where a topic leads by now.  `waits()`: the wait of a caller
    who is in a queue's menu; None for all others.  `offers(queue)`: whether a call back is offered
    to whoever would wait there; `slots()`: the time slots for one.  `flooded()`: whether there are
    too many calls, so that whoever arrives is asked for a key first.  `link()`: whether a
    link can be sent to the caller; `intake()`: whether the caller can register by keys.
    `staffed(queue)`: whether somebody is there for a queue; `callback()`: whether the caller can be
    called back.
    """

    def __init__(
        self,
        in_use: Callable[[], ConversationSettings],
        session: Session,
        tell: Callable[[Command], None],
        stepped: Callable[[MenuStep], None],
        place: Callable[[], Mapping[str, str]],
        waits: Callable[[], Waits | None],
        offers: Callable[[str], bool],
        slots: Callable[[], tuple[Slot, ...]],
        link: Callable[[], bool],
        intake: Callable[[], bool],
        queue_language: Callable[[str, str], str],
        flooded: Callable[[], bool],
        staffed: Callable[[str], bool],
        callback: Callable[[], bool],
    ) -> None:
        self.visit: AnyVisit | None = None
        self._in_use = in_use
        self._settings = settings = in_use()
        self._session = session
        self._channel = CallerChannel(session)
        self._media = CallerMedia(session)
        self._tell = tell
        self._stepped = stepped
        self._place = place
        self._waits = waits
        self._offers = offers
        self._slots = slots
        self._link = link
        self._intake = intake
        self._queue_language = queue_language
        self._flooded = flooded
        self._staffed = staffed
        self._callback = callback
        self._inbox: asyncio.Queue[Input | PromptEnded | SessionEnded] = asyncio.Queue()
        self._speech = Speech(
            session, settings.length, settings.lease_seconds, self._prompt_ended, self._all_said
        )
        self._finally: ToPerson | GoodBye | BackToQueue | None = None
        self._awaited: NoInput | None = None  # the one that the clock runs for
        self._clock: asyncio.TimerHandle | None = None  # for the caller's answer
        session.watch(self.over, settings.lease_seconds + OVERDUE_SECONDS)

    def press(self, digit: str) -> None:
        """The caller pressed a key."""
        self._session.event()
        self._media.key()
        self._inbox.put_nowait(Key(digit))

    def hand_over(self) -> None:
        """Bring the caller to a person now: ivrd is stopping."""
        if self.visit is not None and not self._session.over:
            visit, commands = dialogue.hand_over(self._settings.today(), self.visit)
            if visit != self.visit:
                self._stepped(dialogue_steps.left_step(visit))
            self._follow((visit, commands))

    def give_way(self) -> None:
        """The turn of a caller who waits has come: to the queue at once, whatever is being said."""
        self.hand_over()
        if isinstance(self._finally, BackToQueue) and not self._session.over:
            self._speech.clear()
            self._return()

    def booked(self, result: BookResult) -> None:
        """What came of `Book`."""
        self._inbox.put_nowait(BookAnswer(result))

    def link_sent(self, sent: bool) -> None:
        """What came of `SendLink`."""
        self._inbox.put_nowait(LinkAnswer(sent))

    def ticket_filed(self, answer: TicketAnswer) -> None:
        """What came of `FileTicket`, or of `FindTicket`."""
        self._inbox.put_nowait(answer)

    def case_answered(self, answer: CaseAnswer) -> None:
        """What came of `LookUp`."""
        self._inbox.put_nowait(answer)

    def over(self) -> None:
        """The session has ended: let `run` come to its end."""
        self._inbox.put_nowait(SessionEnded())

    async def run(
        self, resume: AnyVisit | None = None, number: str = "", *, challenged: bool = False
    ) -> None:
        """Speak with the caller until the session is over.

        `resume`: go on where it was, or begin in the menu of a queue; `number`: which one of ours
        was dialled; `challenged`: begin with a challenge.
        """
        try:
            # Also where another one spoke before, whose own may have been lost with it: to a call
            # that is answered it does nothing (res/res_agi.c, handle_answer).
            self._session.tell("ANSWER")
            self._media.began(self._settings.silent_seconds)
            if resume is None:
                tree, closed = self._settings.today(), self._closed()
                self._follow(
                    menu.enter(
                        tree,
                        number,
                        closed,
                        challenged=challenged,
                        link=self._link(),
                        intake=self._intake(),
                    )
                )
            else:
                self._speech.stop_playing()
                self._stepped(dialogue_steps.begun_step(resume))
                self._follow(dialogue.again(self._settings.today(), resume, self._situation()))
            while not self._session.over:
                self._take(await self._inbox.get())
                if self._inbox.empty():
                    self._session.settled()
        finally:
            self._speech.close()
            self._stop_clock()

    def _take(self, received: Input | PromptEnded | SessionEnded) -> None:
        if self._session.over:
            return
        match received:
            case SessionEnded():
                pass
            case PromptEnded(result):
                self._speech.prompt_ended(result)
            case NoInput() if received is not self._awaited:
                pass  # the caller has pressed a key meanwhile, or is somewhere else
            case NoInput():
                self._step(NoInput(unheard=self._media.nothing_came()))
            case Key() | PromptsPlayed():
                self._step(received)
            case Answer():
                self._step(received)
            case _:
                assert_never(received)

    def _step(self, received: Input) -> None:
        if self.visit is not None:
            tree = self._settings.today()
            visit, commands = dialogue.step(tree, self.visit, received, self._situation())
            if step := dialogue_steps.step_taken(tree, self.visit, received, visit):
                self._stepped(step)
            self._follow((visit, commands))

    def _situation(self) -> Situation:
        return Situation(
            self._closed(),
            self._waits(),
            self._offers,
            self._slots,
            self._flooded,
            self._link(),
            self._intake(),
            self._settings.day,
            self._staffed,
            self._callback,
        )

    def _closed(self) -> frozenset[str]:
        return self._settings.told_closed(self._in_use())

    def _follow(self, result: Result) -> None:
        """Carry out what the menu commands."""
        self.visit, commands = result
        speech = [c for c in commands if isinstance(c, Say)]
        last = [c for c in commands if isinstance(c, ToPerson | GoodBye | BackToQueue)]
        for command in commands:
            self._mark(command)
        if speech or last:
            self._finally = last[-1] if last else None
            self._awaited = None
            self._stop_clock()
            self._speech.say(prompt for say in speech for prompt in say.prompts)

    def _mark(self, command: Command) -> None:
        """What the ledger and the dialplan must know, and the clock for the caller's answer."""
        match command:
            case Await(seconds):
                self._media.ask()
                self._awaited = NoInput()
                self._after(seconds, self._inbox.put_nowait, self._awaited)
            case Speak(language):
                self._channel.speak(language)
            case AtMenu() | AtInfo() | AtClosed():
                self._channel.reached(command)
            case AtBooked() | AtDeflected() | AtFiled():
                self._channel.promised(command)
            case Say() | ToPerson() | GoodBye() | BackToQueue():
                pass  # carried out when all is marked
            case Book() | AtOffer() | SendLink() | AtCase() | LookUp():
                pass  # for whoever is told
            case BeginIntake() | AtIntake() | FileTicket() | FindTicket() | LeftIntake():
                pass  # likewise
            case RedFlags() | RiskFlags() | AddNote():
                pass  # likewise
            case _:
                assert_never(command)
        self._tell(command)

    def _prompt_ended(self, result: str) -> None:
        self._inbox.put_nowait(PromptEnded(result))

    def _all_said(self) -> None:
        """All that could be said has been: leave or listen.

        A caller to whom nothing could be said would wait in silence, for a choice of keys that
        nobody has told: a person takes over.
        """
        match self._finally:
            case ToPerson():
                self._leave(self._finally)
            case GoodBye():
                self._channel.hang_up()
            case BackToQueue():
                self._return()
            case None if self._speech.mute:
                self.hand_over()
            case None:
                self._step(PromptsPlayed())
            case _:
                assert_never(self._finally)

    def _leave(self, to: ToPerson) -> None:
        """Tell the dialplan where to, and give the channel back to it."""
        now = self._in_use()
        language = self.visit.language if self.visit else now.tree.languages[0]
        if language not in now.tree.languages:
            language = now.tree.languages[0]
            self._mark(Speak(language))  # nothing is said in the other any more
        queue = now.tree.routing.queue_for(to.topic, language)
        waits_in = self._queue_language(queue, language)
        place = self._place()
        label = now.label.get(to.topic) or self._settings.label[to.topic]
        self._channel.to_queue(
            queue,
            to.topic,
            now.tree.routing.shown(label, to.topic, language),
            waits_in if waits_in != language else None,
            place,
        )

    def _return(self) -> None:
        """Send a caller who waits back to the queue."""
        self._finally = None
        waits = self._waits()
        self._channel.back_to_queue(waits.queue if waits else None)

    def _after(self, seconds: float, call: Callable[..., None], *what: object) -> None:
        self._stop_clock()
        self._clock = asyncio.get_running_loop().call_later(seconds, call, *what)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
