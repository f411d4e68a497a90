"""Looks at agents' PINs, one at a time; who tries many is kept waiting (core/pin_lock.py)."""

import asyncio
import logging
from collections.abc import Callable

from ivrd import log
from ivrd.agents.repository import AgentRepository
from ivrd.config.pin import matches
from ivrd.config.settings import AgentSettings
from ivrd.core import pin_lock
from ivrd.core.agent_call import PinResult
from ivrd.store.audit_log import AuditLog

logger = logging.getLogger("ivrd")


class PinCheck:
    """`clock`: the timeline."""

    def __init__(
        self, repository: AgentRepository, audit_log: AuditLog, clock: Callable[[], float]
    ) -> None:
        self._repository = repository
        self._audit_log = audit_log
        self._clock = clock
        # Whoever tries at a hundred telephones at once has no more guesses than at one.
        self._turn = asyncio.Lock()

    async def check(self, agent: AgentSettings, pin: str, who: str) -> PinResult:
        """Whether it is this agent's; `who` has typed it.  Takes some 50 ms."""
        async with self._turn:
            lock = self._repository.pin_lock(agent.id)
            if lock.left(self._clock()):
                return PinResult.LOCKED
            if await asyncio.to_thread(matches, pin, agent.pin):
                self._repository.put_pin_lock(agent.id, pin_lock.UNLOCKED)
                return PinResult.RIGHT
            self._wrong(agent.id, who)
            return PinResult.WRONG

    def _wrong(self, agent_id: str, who: str) -> None:
        now = self._clock()
        lock = pin_lock.after_wrong(self._repository.pin_lock(agent_id), now)
        self._repository.put_pin_lock(agent_id, lock)
        self._audit_log.audit(who, "wrong PIN", "", agent_id)
        if seconds := round(lock.left(now)):
            detail = f"{agent_id}: {lock.wrong} wrong ones in a row, for {seconds} s"
            self._audit_log.audit(who, "PIN locked", "", detail)
            what = "an agent's PIN is locked: too many wrong ones"
            log.event(logger, logging.WARNING, what, agent=agent_id, seconds=seconds, who=who)

    def locked_seconds(self, agent_id: str) -> float:
        """For how long the PIN is not looked at."""
        return self._repository.pin_lock(agent_id).left(self._clock())
