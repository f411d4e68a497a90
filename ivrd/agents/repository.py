"""What is stored of agents: kind `agents`, by id; and the agents as they are now."""

import logging
from collections.abc import Callable
from dataclasses import replace

from pydantic import TypeAdapter, ValidationError

from ivrd import log
from ivrd.core.agent import Agent
from ivrd.store import StoreDown, WriteBehind

AGENTS = "agents"
STORED_AGENT = TypeAdapter(Agent)
WRITTEN_SECONDS = 2.0  # how long an agent waits for the store

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

    async def written(self) -> bool:
        """Wait until all so far is written; False if it is not known to be."""
        return await self._write_behind.flush(WRITTEN_SECONDS)

    async def restore(self) -> None:
        """Read what was stored before; what is here already stands.  Does not raise."""
        wrong = 0
        found: dict[str, Agent] = {}
        try:
            for agent_id, text in (await self._write_behind.load(AGENTS)).items():
                try:
                    found[agent_id] = _shifted(STORED_AGENT.validate_json(text), -self._shift())
                except ValidationError:
                    wrong += 1
        except StoreDown:
            return
        self._agents = found | self._agents
        self.complete = True
        if wrong:
            what = "some stored agents cannot be parsed and are signed out"
            log.event(logger, logging.WARNING, what, entries=wrong)

    def write_again(self) -> None:
        """The store is back, and may have lost what it had."""
        for agent_id, agent in self._agents.items():
            self.put(agent_id, agent)


def _shifted(agent: Agent, seconds: float) -> Agent:
    if not seconds:
        return agent
    until = agent.until + seconds if agent.until else 0.0
    return replace(agent, since=agent.since + seconds, until=until)
