"""What agents have done, at their phones or by an operator: sign in and out, pause, resume.

Whoever asks for it, the same is written down, and follows for the seat.
"""

import logging
from collections.abc import Callable
from contextlib import suppress

from ivrd import log
from ivrd.agents.controller import AgentController
from ivrd.asterisk.ami_action import ConnectionLost
from ivrd.asterisk.ami_link import ActionRefused
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.config.settings import AgentSettings
from ivrd.core import agent as a
from ivrd.core.agent import Duty, Event
from ivrd.store.audit_log import AuditLog

WHAT: dict[type[Event], str] = {
    a.SignedIn: "agent signed in",
    a.SignedOut: "agent signed out",
    a.Paused: "agent paused",
    a.Resumed: "agent resumed",
    a.Extended: "agent's wrap-up extended",
}

logger = logging.getLogger("ivrd")


class AgentActions:
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

    async def sign_in(self, agent: AgentSettings, who: str, relieve: bool = False) -> bool:
        """The agent, whose PIN was right, takes the seat; whether that is written.

        `relieve`: whoever is signed in there is signed out.  Raises `SeatTaken` otherwise, or
        `InvalidTransition`.
        """
        other = self._controller.agents.get(self._controller.at_seat(agent.seat))
        if relieve and other and other.id != agent.id:
            await self.sign_out(other, who)
        return await self._say(agent, a.SignedIn(self._clock()), who)

    async def sign_out(self, agent: AgentSettings, who: str) -> bool:
        """The agent leaves the seat.  Raises `InvalidTransition`, as all of these do."""
        return await self._say(agent, a.SignedOut(self._clock()), who)

    async def pause(self, agent: AgentSettings, reason: str, who: str) -> bool:
        """The agent is not rung.  Raises `TooManyPaused` as well."""
        most, pool = self._controller.limits.paused_at_most, self._pool(agent)
        paused = sum(
            other.id != agent.id
            and self._pool(other) == pool
            and self._controller.get(other.id).duty is Duty.PAUSED
            for other in self._controller.agents.values()
        )
        if most and paused >= most:
            words = f"cannot pause: {paused} of {pool} are paused, and {most} may be at a time"
            raise a.TooManyPaused(words)
        return await self._say(agent, a.Paused(self._clock(), reason), who)

    async def resume(self, agent: AgentSettings, who: str) -> bool:
        """The agent is rung again."""
        return await self._say(agent, a.Resumed(self._clock()), who)

    async def extend(self, agent: AgentSettings, who: str) -> bool:
        """Wrap-up lasts for its whole length once more, from now on."""
        event = a.Extended(self._clock(), self._controller.wrap_up_seconds)
        return await self._say(agent, event, who)

    def _pool(self, agent: AgentSettings) -> str:
        return self._queue_members.pool_of(agent.seat)

    async def _say(self, agent: AgentSettings, event: Event, who: str) -> bool:
        self._controller.say(agent.id, event)
        what = WHAT[type(event)]
        log.event(logger, logging.INFO, what, agent=agent.id, seat=agent.seat, who=who)
        self._audit_log.audit(who, what, "", agent.id)
        if isinstance(event, a.SignedIn | a.Resumed):  # somebody is there again
            self._queue_members.resume(agent.seat, who)
        with suppress(ActionRefused, ConnectionLost, TimeoutError):  # done again each second
            await self._queue_members.reconcile()
        return await self._controller.written()
