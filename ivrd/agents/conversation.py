"""One agent's call: carries out what core.agent_call commands, and reports the keys."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import assert_never

from ivrd.asterisk import dialplan_names
from ivrd.asterisk.async_agi import Session, quoted
from ivrd.asterisk.speech import Prompt, Speech
from ivrd.core import agent_call
from ivrd.core.agent_call import Act, Answered, CheckPin, LetIn, PinChecked
from ivrd.core.commands import Await, GoodBye, Say
from ivrd.core.inputs import Key, NoInput, PromptsPlayed

OVERDUE_SECONDS = 5.0  # after the lease, which ends the call when a result does not come


@dataclass(frozen=True)
class CallSettings:
    """What the configuration says; `length(prompt)` as in speech.py."""

    length: Callable[[Prompt], float | None]
    lease_seconds: float
    wait_seconds: float


@dataclass(frozen=True)
class _PromptEnded:
    result: str


@dataclass(frozen=True)
class _SessionEnded:
    pass


class AgentConversation:
    """Runs until the call is over.  `work(command)` does what an agent asks for."""

    def __init__(
        self,
        settings: CallSettings,
        session: Session,
        work: Callable[[CheckPin | Act], Awaitable[PinChecked | Answered]],
    ) -> None:
        self._settings = settings
        self._session = session
        self._work = work
        self._inbox: asyncio.Queue[agent_call.Input | _PromptEnded | _SessionEnded] = (
            asyncio.Queue()
        )
        self._speech = Speech(
            session,
            settings.length,
            settings.lease_seconds,
            lambda result: self._inbox.put_nowait(_PromptEnded(result)),
            self._all_said,
        )
        self._call: agent_call.AgentCall
        self._hangs_up = False
        self._awaited: NoInput | None = None  # the one that the clock runs for
        self._clock: asyncio.TimerHandle | None = None
        session.watch(
            lambda: self._inbox.put_nowait(_SessionEnded()),
            settings.lease_seconds + OVERDUE_SECONDS,
        )

    def press(self, digit: str) -> None:
        """The agent pressed a key."""
        self._session.event()
        self._inbox.put_nowait(Key(digit))

    async def run(self, begun: agent_call.Result) -> None:
        """Speak with the agent until the session is over."""
        try:
            self._session.send("ANSWER")
            await self._follow(begun)
            while not self._session.over:
                await self._take(await self._inbox.get())
                if self._inbox.empty():
                    self._session.settled()
        finally:
            self._speech.close()
            self._stop_clock()

    async def _take(self, received: agent_call.Input | _PromptEnded | _SessionEnded) -> None:
        match received:
            case _SessionEnded():
                pass
            case _PromptEnded(result):
                self._speech.prompt_ended(result)
            case NoInput() if received is not self._awaited:
                pass  # a key was pressed meanwhile
            case Key() | NoInput() | PromptsPlayed() | PinChecked() | Answered():
                here = self._call
                await self._follow(agent_call.step(here, received, self._settings.wait_seconds))
            case _:
                assert_never(received)

    async def _follow(self, result: agent_call.Result) -> None:
        self._call, commands = result
        self._hangs_up = self._hangs_up or any(isinstance(c, GoodBye) for c in commands)
        for command in commands:
            match command:
                case Say(prompts):
                    self._awaited = None
                    self._stop_clock()
                    self._speech.say(prompts)
                case Await(seconds):
                    self._await(seconds)
                case GoodBye():
                    pass  # when all is said
                case CheckPin() | Act():
                    self._inbox.put_nowait(await self._work(command))
                case LetIn(agent, seat, language):
                    self._let_in(agent, seat, language)
                    self._session.send("ASYNCAGI BREAK")
                case _:
                    assert_never(command)

    def _let_in(self, agent: str, seat: str, language: str) -> None:
        self._session.set_variables(
            {
                dialplan_names.AGENT: agent,
                dialplan_names.LINE_SEAT_NAME: seat,
                "CHANNEL(language)": language,
            }
        )

    def _all_said(self) -> None:
        if self._speech.mute:
            self._session.send("ASYNCAGI BREAK")  # the dialplan says that it cannot be
        elif self._hangs_up:
            self._session.send("HANGUP")
        else:
            self._inbox.put_nowait(PromptsPlayed())

    def _await(self, seconds: float) -> None:
        """Report silence after so long.  The lease must not run out meanwhile."""
        self._stop_clock()
        self._awaited = NoInput()
        until = f"{seconds + self._settings.lease_seconds:.1f}"
        self._session.tell(f"SET VARIABLE TIMEOUT(absolute) {quoted(until)}")
        loop = asyncio.get_running_loop()
        self._clock = loop.call_later(seconds, self._inbox.put_nowait, self._awaited)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
