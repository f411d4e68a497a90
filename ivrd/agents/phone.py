"""Agents' own calls to ivrd: each has a conversation, at whose end what was asked for is done.

An ivrd that begins speaks to none that is there already: the lease ends it with words, and the
agent dials again.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, assert_never

from ivrd.agents.actions import AgentActions
from ivrd.agents.controller import AgentController
from ivrd.agents.conversation import AgentConversation, CallSettings
from ivrd.agents.line import LineSeats
from ivrd.agents.pins import PinCheck
from ivrd.asterisk.async_agi import Session, Sessions
from ivrd.asterisk.call_facts import AgentCallOffered
from ivrd.config.settings import AgentSettings
from ivrd.core import agent_call
from ivrd.core.agent import Duty, InvalidTransition, SeatTaken, TooManyPaused
from ivrd.core.agent_call import Act, Answered, CheckPin, Outcome, Person, PinChecked, Request
from ivrd.core.dtmf import DtmfDecoder
from ivrd.core.seats import on_line

BY_PHONE = "by phone"  # the reason of a pause


class CallMonitor(Protocol):
    """Is told of faults; see metrics/observer.py."""

    def broken(self, call_id: str, error: BaseException) -> None:
        """A fault of ours in handling a call."""


@dataclass
class _PhoneCall:
    """A call that ivrd speaks to."""

    session: Session
    conversation: AgentConversation
    dtmf: DtmfDecoder = field(default_factory=DtmfDecoder)


class AgentPhoneCalls:
    """All of them.  `settings()`, `language()`: as the configuration has them at this moment."""

    def __init__(
        self,
        sessions: Sessions,
        settings: Callable[[], CallSettings],
        language: Callable[[], str],
        controller: AgentController,
        actions: AgentActions,
        pins: PinCheck,
        line: LineSeats,
        monitor: CallMonitor,
    ) -> None:
        self._sessions = sessions
        self._settings = settings
        self._language = language
        self._controller = controller
        self._actions = actions
        self._pins = pins
        self._line = line
        self._monitor = monitor
        self._calls: dict[str, _PhoneCall] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # --- what Asterisk reports -------------------------------------------------------------

    def offered(self, fact: AgentCallOffered) -> None:
        """An agent has dialled a code: speak to them."""
        self.over(fact.call_id, "a new session began")
        session = self._sessions.begin(fact.channel)
        seat, who = fact.endpoint, f"phone {fact.endpoint}"
        talk = AgentConversation(
            self._settings(), session, lambda command: self._work(command, seat, who)
        )
        self._calls[fact.call_id] = _PhoneCall(session, talk)
        self._start(talk.run(self._begun(fact)), fact.call_id)

    def key_down(self, call_id: str, digit: str, at: float) -> None:
        """A key went down."""
        if call := self._calls.get(call_id):
            call.dtmf.down(digit, at)

    def key_up(self, call_id: str, digit: str, at: float) -> None:
        """A key is up: it has been pressed."""
        if (call := self._calls.get(call_id)) and call.dtmf.up(digit, at):
            call.conversation.press(digit)

    def over(self, call_id: str, why: str) -> None:
        """The dialplan has the call again, or it has ended."""
        if call := self._calls.pop(call_id, None):
            self._sessions.end(call.session, why)

    def resumed(self, seat: str) -> None:
        """Somebody at the seat's phone has pressed the key for it to be rung again."""
        agent = self._controller.agents.get(self._controller.at_seat(seat))
        if agent and self._controller.known:
            self._start(self._resume(agent, f"phone {seat}"), agent.id)

    async def _resume(self, agent: AgentSettings, who: str) -> None:
        with suppress(InvalidTransition):  # who is ready stays so
            await self._actions.resume(agent, who)

    def detach_all(self, why: str) -> None:
        """Stop speaking to everybody: the lease takes care of them."""
        for call_id in list(self._calls):
            self.over(call_id, why)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """A fault in one conversation costs this call alone."""
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.over(task.get_name(), "a fault of ours")
            self._monitor.broken(task.get_name(), error)

    # --- what is asked for -----------------------------------------------------------------

    def _begun(self, fact: AgentCallOffered) -> agent_call.Result:
        request, seat = fact.request, fact.endpoint
        to_line = request is Request.LINE
        people = [
            Person(agent.id, here=on_line(agent.seat) if to_line else agent.seat == seat)
            for agent in self._controller.agents.values()
        ]
        called = self._controller.agents.get(fact.called)
        spoken = next(iter(called.languages), "") if called else ""
        here = self._controller.at_seat(seat)
        return agent_call.enter(request, spoken or self._language(), people, here, fact.called)

    async def _work(self, command: CheckPin | Act, seat: str, who: str) -> PinChecked | Answered:
        agent = self._controller.agents.get(command.agent)
        if not self._controller.known or agent is None:  # a reload has taken the agent
            return Answered(Outcome.NOT_NOW)
        match command:
            case CheckPin(_agent, pin):
                return PinChecked(await self._pins.check(agent, pin, who))
            case Act(_agent, request, relieve):
                return await self._act(agent, request, relieve, who)
            case _:
                assert_never(command)

    async def _act(
        self, agent: AgentSettings, request: Request, relieve: bool, who: str
    ) -> Answered:
        try:
            if request is Request.LINE:
                return Answered(Outcome.DONE, briefing=await self._line.admit(agent))
            stored = await self._done(agent, request, relieve, who)
        except SeatTaken:
            return Answered(Outcome.TAKEN)
        except TooManyPaused:
            return Answered(Outcome.TOO_MANY)
        except InvalidTransition:
            paused = self._controller.get(agent.id).duty is Duty.PAUSED
            in_vain = request is Request.IN and paused
            return Answered(Outcome.PAUSED if in_vain else Outcome.INVALID)
        return Answered(Outcome.DONE, stored)

    async def _done(self, agent: AgentSettings, request: Request, relieve: bool, who: str) -> bool:
        """Do it; whether it is written."""
        match request:
            case Request.IN:
                return await self._actions.sign_in(agent, who, relieve)
            case Request.OUT:
                return await self._actions.sign_out(agent, who)
            case Request.PAUSE:
                return await self._actions.pause(agent, BY_PHONE, who)
            case Request.RESUME:
                return await self._actions.resume(agent, who)
            case Request.EXTEND:
                return await self._actions.extend(agent, who)
            case Request.LINE:
                raise AssertionError("nobody signs in before being on the line")
            case _:
                assert_never(request)
