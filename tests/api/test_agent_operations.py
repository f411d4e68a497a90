"""What an operator asks of agents, over the parts that there are."""

import asyncio
from collections.abc import Awaitable, Iterator
from typing import Any, cast

import pytest

from ivrd.api import server
from ivrd.api.agent_operations import AgentOperations
from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.config.settings import AgentSettings
from ivrd.core.agent import AgentState
from ivrd.core.seats import Pool, SeatStatus
from tests.agents.test_controller import Rig
from tests.fixtures.agents import HASH, PIN

POOL = Pool("base", ("base-01", "base-02"), ("q",), fixed=True)
AGENTS = (
    AgentSettings("early", "Early", HASH, "base-01"),
    AgentSettings("late", "Late", HASH, "base-01"),
)


class Desk:
    """One operator, who asks; `audited`: what is kept of that."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self.runner = runner
        self.rig = Rig()
        runner.run(self.rig.repository.restore())
        self.rig.controller.configure(AGENTS, 20.0)
        self.audited: list[tuple[str, str]] = []
        members = QueueMembers(
            cast(AmiClient, None),
            (POOL,),
            lambda: self.rig.now,
            (),
            lambda: None,
            self.rig.controller,
        )
        self.members = members
        members.states["base-01"] = SeatStatus.FREE
        self.operations = AgentOperations(self.rig.controller, members, self, lambda: self.rig.now)

    def audit(self, _who: str, what: str, _partner: str, detail: str) -> None:
        self.audited.append((what, detail))

    def asks(self, name: str, **query: str) -> dict[str, Any]:
        """The agent, as the answer has it."""
        control = {**self.operations.queries(), **self.operations.commands()}[name]
        answer = self.runner.run(cast("Any", self._await(control(query))))
        (row,) = answer["agents"]
        return dict(row)

    async def _await(self, answer: Awaitable[server.Answer]) -> server.Answer:
        writing = asyncio.create_task(self.rig.writes.run(lambda: None))
        try:
            return await answer
        finally:
            writing.cancel()


@pytest.fixture
def desk() -> Iterator[Desk]:
    with asyncio.Runner() as runner:
        yield Desk(runner)


def test_an_agent_signs_in_with_the_pin_and_pauses_resumes_signs_out(desk: Desk) -> None:
    assert desk.asks("agents", id="late")["state"] == "signed_out"
    assert desk.asks("agent-in", id="late", pin=PIN)["state"] == "ready"
    paused = desk.asks("agent-pause", id="late", reason="lunch")
    assert (paused["state"], paused["reason"]) == ("paused", "lunch")
    assert desk.operations.counts() == {"base": {AgentState.SIGNED_OUT: 1, AgentState.PAUSED: 1}}
    assert desk.asks("agent-resume", id="late")["state"] == "ready"
    assert desk.asks("agent-out", id="late")["state"] == "signed_out"
    desk.rig.begin()  # all of it is written when it is answered
    desk.runner.run(desk.rig.repository.restore())
    assert desk.rig.controller.get("late").since == desk.rig.now
    assert [what for what, _agent in desk.audited] == [
        *("agent signed in", "agent paused", "agent resumed", "agent signed out")
    ]


@pytest.mark.parametrize("pin", ["", "1234", PIN + "0"])
def test_a_wrong_pin_signs_nobody_in_and_is_audited_without_it(desk: Desk, pin: str) -> None:
    with pytest.raises(server.RequestRejected, match="wrong PIN for late"):
        desk.asks("agent-in", id="late", pin=pin)
    assert desk.asks("agents", id="late")["state"] == "signed_out"
    assert desk.audited == [("agent not signed in: wrong PIN", "late")]


def test_nobody_is_signed_in_twice_or_at_a_seat_that_is_taken(desk: Desk) -> None:
    desk.asks("agent-in", id="late", pin=PIN)
    with pytest.raises(server.NotNow, match="late is signed in already"):
        desk.asks("agent-in", id="late", pin=PIN)
    with pytest.raises(server.NotNow, match="late is signed in at base-01"):
        desk.asks("agent-in", id="early", pin=PIN)
    desk.members.states["base-01"] = SeatStatus.BUSY
    with pytest.raises(server.NotNow, match="signed in already"):  # while talking
        desk.asks("agent-in", id="late", pin=PIN)


@pytest.mark.parametrize("reason", ["", "x" * 25, "two\nlines"])
def test_a_reason_that_asterisk_cannot_keep_is_refused(desk: Desk, reason: str) -> None:
    desk.asks("agent-in", id="late", pin=PIN)
    with pytest.raises(server.RequestRejected, match="expected one line of text"):
        desk.asks("agent-pause", id="late", reason=reason)


def test_an_agent_that_there_is_not_and_agents_that_are_not_known_yet(desk: Desk) -> None:
    with pytest.raises(server.RequestRejected, match="no agent 'nobody'"):
        desk.asks("agents", id="nobody")
    desk.rig.repository.complete = False
    with pytest.raises(server.NotNow, match="could not be read yet"):
        desk.asks("agent-out", id="late")
    assert desk.operations.counts() == {}
