"""What supervisors can ask: to listen to an agent's talk, to speak to the agent alone, to join."""

from collections.abc import Callable, Mapping
from functools import partial

from ivrd.agents.controller import AgentController
from ivrd.agents.pins import PinCheck
from ivrd.agents.supervision import ALLOWED_SECONDS, Mode, NotWritten, Supervision
from ivrd.api import server
from ivrd.api.peercred import asked_by
from ivrd.api.pin import check_pin
from ivrd.asterisk.ami_action import ConnectionLost
from ivrd.asterisk.ami_link import ActionRefused
from ivrd.config.settings import AgentSettings, SupervisionSettings
from ivrd.core.call import AnsweredBy, CallState
from ivrd.core.ledger import Ledger


class SupervisionOperations:
    """`pool_of(seat)`: the pool of a seat of our own; empty for what is none."""

    def __init__(
        self,
        settings: SupervisionSettings,
        supervision: Supervision,
        controller: AgentController,
        ledger: Ledger,
        pool_of: Callable[[str], str],
        pins: PinCheck,
    ) -> None:
        self.settings = settings
        self._supervision = supervision
        self._controller = controller
        self._ledger = ledger
        self._pool_of = pool_of
        self._pins = pins

    def commands(self) -> Mapping[str, server.Control]:
        """What POST does."""
        return {f"agent-{mode}": partial(self._allow, mode) for mode in Mode}

    async def _allow(self, mode: Mode, query: Mapping[str, str]) -> server.Answer:
        """?id=AGENT&as=SUPERVISOR&pin=PIN&seat=SEAT; without a seat the supervisor's own."""
        supervisor = await self._supervisor(query)
        agent = self._controller.agents.get(query.get("id", ""))
        if agent is None:
            asked = query.get("id", "")
            raise server.RequestRejected(f"no agent {asked!r}; `ivrd agent list` names them")
        seat = query.get("seat") or supervisor.seat
        if not self._pool_of(seat):
            raise server.RequestRejected(f"no seat {seat!r}; `ivrd seats list` names them")
        if seat == agent.seat:
            raise server.RequestRejected(f"{seat} is where {agent.id} talks; use another phone")
        if self._controller.at_seat(agent.seat) != agent.id or not self._talks(agent.seat):
            raise server.NotNow(f"{agent.id} talks to no caller now")
        try:
            await self._supervision.allow(
                mode, agent.id, agent.seat, supervisor.id, seat, asked_by(query)
            )
        except NotWritten:
            say = "the store is down, and nobody may listen of whom it is not written down"
            raise server.NotNow(say) from None
        except (ActionRefused, ConnectionLost, TimeoutError) as error:
            raise server.NotNow(f"Asterisk does not answer: {error}") from None
        return {"dial": self.settings.code, "seat": seat, "seconds": ALLOWED_SECONDS}

    async def _supervisor(self, query: Mapping[str, str]) -> AgentSettings:
        """Who asks, with the right PIN.  Raises `RequestRejected`, `NotNow`."""
        name = query.get("as", "")
        if not self.settings.supervisors:
            raise server.RequestRejected("nobody may listen: agents.yaml names no supervisors")
        supervisor = self._controller.agents.get(name)
        if name not in self.settings.supervisors or supervisor is None:
            raise server.RequestRejected(f"{name!r} is none of the supervisors in agents.yaml")
        await check_pin(self._pins, supervisor, query.get("pin", ""), asked_by(query))
        return supervisor

    def _talks(self, seat: str) -> bool:
        """Whether a caller talks with whoever is at the seat."""
        return any(
            call.state is CallState.TALK and call.by is AnsweredBy.INHOUSE and call.seat == seat
            for call in self._ledger.calls.values()
        )
