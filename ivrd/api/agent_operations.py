"""What an operator can ask of agents: who there are, sign one in or out, pause, resume."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypedDict

from ivrd import log
from ivrd.agents.controller import AgentController
from ivrd.api import server
from ivrd.api.peercred import asked_by
from ivrd.asterisk.ami_client import ActionRefused
from ivrd.asterisk.ami_protocol import ConnectionLost
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.config.field_types import text
from ivrd.config.pin import matches
from ivrd.config.settings import AgentSettings
from ivrd.core import agent as a
from ivrd.core.agent import AgentState
from ivrd.core.seats import SeatStatus
from ivrd.store.audit_log import AuditLog

REASON = text(24)  # Asterisk keeps 79 bytes of one

logger = logging.getLogger("ivrd")


class AgentRow(TypedDict):
    """One agent, as `ivrd agent list` shows it.

    `state`: an `AgentState`.  `duty`: what it will be when the phone is free and there.  `seconds`:
    for how long that has been the duty; None for who has never signed in.  `languages`, `topics`:
    empty for all of the seat's pool.
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


class AgentOperations:
    """`clock`: the timeline."""

    def __init__(
        self,
        controller: AgentController,
        queue_members: QueueMembers,
        audit_log: AuditLog,
        clock: Callable[[], float],
    ) -> None:
        self._controller = controller
        self._queue_members = queue_members
        self._audit_log = audit_log
        self._clock = clock

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
        }

    def counts(self) -> Mapping[str, Mapping[AgentState, int]]:
        """How many agents of each pool are in each state; nothing while that is not known."""
        found: dict[str, Counter[AgentState]] = {}
        if self._controller.known:
            for agent in self._controller.agents.values():
                pool = self._queue_members.pool_of(agent.seat)
                found.setdefault(pool, Counter())[self._state(agent)] += 1
        return found

    async def _list(self, query: Mapping[str, str]) -> server.Answer:
        """All agents, or ?id=ID."""
        self._check_known()
        if "id" in query:
            return {"agents": [self._row(self._agent(query))]}
        return {"agents": [self._row(agent) for agent in self._controller.agents.values()]}

    async def _sign_in(self, query: Mapping[str, str]) -> server.Answer:
        """?id=ID&pin=PIN."""
        agent = self._agent(query)
        if not await asyncio.to_thread(matches, query.get("pin", ""), agent.pin):
            self._audit_log.audit(asked_by(query), "agent not signed in: wrong PIN", "", agent.id)
            raise server.RequestRejected(f"wrong PIN for {agent.id}")
        other = self._controller.at_seat(agent.seat)
        if other and other != agent.id:
            raise server.NotNow(f"{other} is signed in at {agent.seat}; sign that agent out first")
        return await self._say(query, "agent signed in", a.SignedIn(self._clock()))

    async def _sign_out(self, query: Mapping[str, str]) -> server.Answer:
        """?id=ID."""
        return await self._say(query, "agent signed out", a.SignedOut(self._clock()))

    async def _pause(self, query: Mapping[str, str]) -> server.Answer:
        """?id=ID&reason=TEXT."""
        try:
            REASON.checked(reason := query.get("reason", "").strip())
        except ValueError as error:
            raise server.RequestRejected(f"reason: {error}") from None
        return await self._say(query, "agent paused", a.Paused(self._clock(), reason))

    async def _resume(self, query: Mapping[str, str]) -> server.Answer:
        """?id=ID."""
        return await self._say(query, "agent resumed", a.Resumed(self._clock()))

    async def _say(self, query: Mapping[str, str], what: str, event: a.Event) -> server.Answer:
        agent, who = self._agent(query), asked_by(query)
        try:
            self._controller.say(agent.id, event)
        except a.InvalidTransition as error:
            raise server.NotNow(f"{agent.id} {error}") from None
        log.event(logger, logging.INFO, what, agent=agent.id, seat=agent.seat, who=who)
        self._audit_log.audit(who, what, "", agent.id)
        if isinstance(event, a.SignedIn | a.Resumed):  # somebody is there again
            self._queue_members.resume(agent.seat, who)
        with suppress(ActionRefused, ConnectionLost, TimeoutError):  # done again each second
            await self._queue_members.reconcile()
        written = await self._controller.written()
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
        )
        return {**row}
