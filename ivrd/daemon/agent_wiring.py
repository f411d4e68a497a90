"""The parts about agents, built and connected; see wiring.py, which has all others."""

from collections.abc import Callable

from ivrd.agents.controller import AgentController
from ivrd.agents.repository import AgentRepository
from ivrd.config.settings import Settings
from ivrd.core.clock import Timeline
from ivrd.store import WriteBehind


class AgentParts:
    """Who the agents are, and what they have said."""

    def __init__(
        self,
        settings: Settings,
        write_behind: WriteBehind,
        timeline: Timeline,
        hurry: Callable[[], None],
    ) -> None:
        self.repository = AgentRepository(write_behind, lambda: timeline.shift)
        self.controller = AgentController(
            settings.agents, settings.wrap_up_seconds, self.repository, timeline.now, hurry
        )

    def configure(self, settings: Settings) -> None:
        """What a reload changes."""
        self.controller.configure(settings.agents, settings.wrap_up_seconds)
