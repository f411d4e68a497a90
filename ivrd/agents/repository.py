"""What is stored of agents: kinds `agents` and `pin_locks`, by id; and how they are now."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from ivrd import log
from ivrd.core.agent import Agent
from ivrd.core.pin_lock import UNLOCKED, PinLock
from ivrd.store import StoreDown, WriteBehind

AGENTS, PIN_LOCKS = "agents", "pin_locks"
STORED_AGENT, STORED_LOCK = TypeAdapter(Agent), TypeAdapter(PinLock)
WRITTEN_SECONDS = 2.0  # how long an agent waits for the store

T = TypeVar("T")

logger = logging.getLogger("ivrd")


class AgentRepository:
    """Every agent who has ever signed in.

    `shift()`: what the time of day, which is written down, is ahead of the timeline.
    """

    def __init__(self, write_behind: WriteBehind, shift: Callable[[], float]) -> None:
        self.complete = False  # what was stored before is read
        self._write_behind = write_behind
        self._shift = shift
        self._agents: dict[str, Agent] = {}
        self._locks: dict[str, PinLock] = {}  # of agents whose last PIN was wrong

    @property
    def readable(self) -> bool:
        """Whether it is worth trying to read what was stored."""
        return self._write_behind.up

    def get(self, agent_id: str) -> Agent:
        """One by the id; who has never signed in is signed out."""
        return self._agents.get(agent_id, Agent())

    def put(self, agent_id: str, agent: Agent) -> None:
        """From now on it is so."""
        self._agents[agent_id] = agent
        text = STORED_AGENT.dump_json(_shifted(agent, self._shift())).decode()
        self._write_behind.put(AGENTS, agent_id, text)

    def pin_lock(self, agent_id: str) -> PinLock:
        """How many wrong PINs there were, and what follows from that."""
        return self._locks.get(agent_id, UNLOCKED)

    def put_pin_lock(self, agent_id: str, lock: PinLock) -> None:
        """From now on it is so."""
        if lock == self.pin_lock(agent_id):
            return
        self._locks[agent_id] = lock
        if lock == UNLOCKED:
            self._write_behind.remove(PIN_LOCKS, agent_id)
        else:
            text = STORED_LOCK.dump_json(_lock_shifted(lock, self._shift())).decode()
            self._write_behind.put(PIN_LOCKS, agent_id, text)

    def remove(self, agent_id: str) -> None:
        """Nothing is known of the agent any more."""
        self._agents.pop(agent_id, None)
        self._write_behind.remove(AGENTS, agent_id)

    async def written(self) -> bool:
        """Wait until all so far is written; False if it is not known to be."""
        return await self._write_behind.flush(WRITTEN_SECONDS)

    async def restore(self) -> None:
        """Read what was stored before; what is here already stands.  Does not raise."""
        shift = -self._shift()
        try:
            agents = await self._read(AGENTS, STORED_AGENT)
            locks = await self._read(PIN_LOCKS, STORED_LOCK)
        except StoreDown:
            return
        self._agents = {key: _shifted(agent, shift) for key, agent in agents.items()} | self._agents
        self._locks = {key: _lock_shifted(lock, shift) for key, lock in locks.items()} | self._locks
        self.complete = True

    async def _read(self, kind: str, stored: TypeAdapter[T]) -> dict[str, T]:
        """What can be read of a kind.  Raises `StoreDown`."""
        found, wrong = {}, 0
        for key, text in (await self._write_behind.load(kind)).items():
            try:
                found[key] = stored.validate_json(text)
            except ValidationError:
                wrong += 1
        if wrong:
            what = "some stored agents cannot be parsed and are signed out"
            log.event(logger, logging.WARNING, what, kind=kind, entries=wrong)
        return found

    def write_again(self) -> None:
        """The store is back, and may have lost what it had."""
        for agent_id, agent in self._agents.items():
            self.put(agent_id, agent)
        locks, self._locks = self._locks, {}
        for agent_id, lock in locks.items():
            self.put_pin_lock(agent_id, lock)


def _shifted(agent: Agent, seconds: float) -> Agent:
    if not seconds:
        return agent
    until = agent.until + seconds if agent.until else 0.0
    return replace(agent, since=agent.since + seconds, until=until)


def _lock_shifted(lock: PinLock, seconds: float) -> PinLock:
    return replace(lock, until=lock.until + seconds) if lock.until else lock
