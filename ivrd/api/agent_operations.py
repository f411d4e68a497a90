"""What an operator can ask of agents: who there are, sign one in or out, pause, resume."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypedDict

from ivrd.agents.actions import AgentActions
from ivrd.agents.controller import NO_ANSWER, AgentController
from ivrd.agents.line import LineSeats
from ivrd.agents.pins import PinCheck
from ivrd.agents.reminders import Reminders, calls_in_words
from ivrd.api import server
from ivrd.api.peercred import asked_by
from ivrd.api.pin import check_pin
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.config.field_types import text
from ivrd.config.settings import AgentSettings
from ivrd.core import agent as a
from ivrd.core.agent import AgentState
from ivrd.core.seats import SeatStatus, on_line
from ivrd.store.audit_log import AuditLog

REASON = text(24)  # Asterisk keeps 79 bytes of one


class AgentRow(TypedDict):
    """One agent, as `ivrd agent list` shows it.

    `state`: an `AgentState`.  `duty`: what it will be when the phone is free and there.  `seconds`:
    for how long that has been the duty; None for who has never signed in.  `languages`, `topics`:
    empty for all of the seat's pool.  `back`: how one who was paused for not answering is rung
    again.  `called`: that ivrd has called the agent, and what came of it.
    """

    id: str
    name: str
    pool: str
    seat: str
    state: str
    duty: str
    reason: str
    seconds: float | None
    languages: list[str]
    topics: list[str]
    back: str
    called: str


class AgentOperations:
    """`resume_code()`: what an agent dials to resume, empty for nothing.  `clock`: the timeline."""

    def __init__(
        self,
        controller: AgentController,
        queue_members: QueueMembers,
        actions: AgentActions,
        pins: PinCheck,
        resume_code: Callable[[], str],
        line: LineSeats,
        audit_log: AuditLog,
        clock: Callable[[], float],
        reminders: Reminders,
    ) -> None:
        self._controller = controller
        self._queue_members = queue_members
        self._actions = actions
        self._pins = pins
        self._resume_code = resume_code
        self._line = line
        self._audit_log = audit_log
        self._clock = clock
        self._reminders = reminders

    def queries(self) -> Mapping[str, server.Control]:
        """What GET answers."""
        return {"agents": self._list}

    def commands(self) -> Mapping[str, server.Control]:
        """What POST does."""
        return {
            "agent-in": self._sign_in,
            "agent-out": self._sign_out,
            "agent-pause": self._pause,
            "agent-resume": self._resume,
            "agent-extend": self._extend,
        }

    def counts(self) -> Mapping[str, Mapping[AgentState, int]]:
        """How many agents of each pool are in each state; nothing while that is not known."""
        found: dict[str, Counter[AgentState]] = {}
        if self._controller.known:
            for agent in self._controller.agents.values():
                pool = self._queue_members.pool_of(agent.seat)
                found.setdefault(pool, Counter())[self._state(agent)] += 1
        return found

    def not_answering(self) -> list[str]:
        """The ids of agents whom ivrd has paused because they did not answer."""
        of = self._controller
        return [agent for agent in of.agents if of.get(agent).reason == NO_ANSWER]

    def absent(self) -> list[str]:
        """The ids of agents whose shift has begun, and who were called in vain."""
        return self._reminders.absent()

    async def _list(self, query: Mapping[str, str]) -> server.Answer:
        """All agents, or ?id=ID."""
        self._check_known()
        if "id" in query:
            return {"agents": [self._row(self._agent(query))]}
        return {"agents": [self._row(agent) for agent in self._controller.agents.values()]}

    async def _sign_in(self, query: Mapping[str, str]) -> server.Answer:
        """?id=ID&pin=PIN."""
        agent, who = self._agent(query), asked_by(query)
        if on_line(agent.seat):
            words = f"{agent.id} comes to {agent.seat} by a call to the number of the line"
            raise server.RequestRejected(words)
        await check_pin(self._pins, agent, query.get("pin", ""), who)
        return await self._done(agent, self._actions.sign_in(agent, who))

    async def _sign_out(self, query: Mapping[str, str]) -> server.Answer:
        """?id=ID."""
        agent = self._agent(query)
        if on_line(agent.seat) and self._controller.get(agent.id).signed_in:
            await self._line.hang_up(agent.seat)
            self._audit_log.audit(asked_by(query), "agent taken from the line", "", agent.id)
            note = "leaves the line as soon as no caller is there"
            return {"agents": [self._row(agent)], "note": note}
        return await self._done(agent, self._actions.sign_out(agent, asked_by(query)))

    async def _pause(self, query: Mapping[str, str]) -> server.Answer:
        """?id=ID&reason=TEXT."""
        try:
            REASON.checked(reason := query.get("reason", "").strip())
        except ValueError as error:
            raise server.RequestRejected(f"reason: {error}") from None
        agent = self._agent(query)
        return await self._done(agent, self._actions.pause(agent, reason, asked_by(query)))

    async def _resume(self, query: Mapping[str, str]) -> server.Answer:
        """?id=ID."""
        agent = self._agent(query)
        return await self._done(agent, self._actions.resume(agent, asked_by(query)))

    async def _extend(self, query: Mapping[str, str]) -> server.Answer:
        """?id=ID."""
        agent = self._agent(query)
        return await self._done(agent, self._actions.extend(agent, asked_by(query)))

    async def _done(self, agent: AgentSettings, action: Awaitable[bool]) -> server.Answer:
        try:
            written = await action
        except a.InvalidTransition as error:
            raise server.NotNow(f"{agent.id} {error}") from None
        note = "" if written else "the store is down: it is written when it is back"
        return {"agents": [self._row(agent)], "note": note}

    def _check_known(self) -> None:
        if not self._controller.known:
            raise server.NotNow("what is stored of agents could not be read yet")

    def _agent(self, query: Mapping[str, str]) -> AgentSettings:
        self._check_known()
        agent = self._controller.agents.get(query.get("id", ""))
        if agent is None:
            asked = query.get("id", "")
            raise server.RequestRejected(f"no agent {asked!r}; `ivrd agent list` names them")
        return agent

    def _state(self, agent: AgentSettings) -> AgentState:
        seat = self._queue_members.states.get(agent.seat, SeatStatus.AWAY)
        return a.state(self._controller.get(agent.id), seat)

    def _back(self, agent: AgentSettings) -> str:
        """How one who did not answer is rung again, in words."""
        code = self._resume_code()
        by_phone = f"dial {code} at the seat's phone, or " if code else ""
        return f"To be rung again: {by_phone}`ivrd agent resume {agent.id}`."

    def _row(self, agent: AgentSettings) -> dict[str, Any]:
        now, here = self._clock(), self._controller.get(agent.id)
        row = AgentRow(
            id=agent.id,
            name=agent.name,
            pool=self._queue_members.pool_of(agent.seat),
            seat=agent.seat,
            state=self._state(agent),
            duty=here.duty,
            reason=here.reason,
            seconds=max(0.0, now - here.since) if here.since else None,
            languages=list(agent.languages),
            topics=list(agent.topics),
            back=self._back(agent) if here.reason == NO_ANSWER else "",
            called=calls_in_words(self._reminders.of(agent.id), self._reminders.zone),
        )
        return {**row}
