"""What an operator asks of agents, over the parts that there are."""

import asyncio
from collections.abc import Awaitable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from ivrd.agents.actions import AgentActions
from ivrd.agents.controller import NO_ANSWER
from ivrd.agents.pins import PinCheck
from ivrd.api import server
from ivrd.api.agent_operations import AgentOperations
from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.config.settings import AgentLimits, AgentSettings
from ivrd.core import agent as a
from ivrd.core.agent import AgentState
from ivrd.core.reminder import CallResult, Occasion, Reminder
from ivrd.core.seats import Pool, SeatStatus
from tests.agents.test_controller import Rig
from tests.fixtures.agents import HASH, PIN

POOL = Pool("base", ("base-01", "base-02"), ("q",), fixed=True)
AGENTS = (
    AgentSettings("early", "Early", HASH, "base-01"),
    AgentSettings("late", "Late", HASH, "base-01"),
)


class Operator:
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
        controller, clock = self.rig.controller, lambda: self.rig.now
        pins = PinCheck(self.rig.repository, self, clock)
        actions = AgentActions(controller, members, self, clock)
        self.hang_up: list[str] = []
        self.called: dict[str, Reminder] = {}
        self.reminders = cast(
            Any,
            SimpleNamespace(
                of=self.called.get, absent=lambda: [*self.called], zone=ZoneInfo("UTC")
            ),
        )
        line = cast(Any, SimpleNamespace(hang_up=self._hang_up))
        self.operations = AgentOperations(
            controller, members, actions, pins, lambda: "*14", line, self, clock, self.reminders
        )

    async def _hang_up(self, seat: str) -> None:
        self.hang_up.append(seat)

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
def operator() -> Iterator[Operator]:
    with asyncio.Runner() as runner:
        yield Operator(runner)


def test_an_agent_signs_in_with_the_pin_and_pauses_resumes_signs_out(operator: Operator) -> None:
    assert operator.asks("agents", id="late")["state"] == "signed_out"
    assert operator.asks("agent-in", id="late", pin=PIN)["state"] == "ready"
    paused = operator.asks("agent-pause", id="late", reason="lunch")
    assert (paused["state"], paused["reason"]) == ("paused", "lunch")
    assert operator.operations.counts() == {
        "base": {AgentState.SIGNED_OUT: 1, AgentState.PAUSED: 1}
    }
    assert operator.asks("agent-resume", id="late")["state"] == "ready"
    assert operator.asks("agent-out", id="late")["state"] == "signed_out"
    operator.rig.begin()  # all of it is written when it is answered
    operator.runner.run(operator.rig.repository.restore())
    assert operator.rig.controller.get("late").since == operator.rig.now
    assert [what for what, _agent in operator.audited] == [
        *("agent signed in", "agent paused", "agent resumed", "agent signed out")
    ]


@pytest.mark.parametrize("pin", ["", "1234", PIN + "0"])
def test_a_wrong_pin_signs_nobody_in_and_is_audited_without_it(
    operator: Operator, pin: str
) -> None:
    with pytest.raises(server.RequestRejected, match="wrong PIN for late"):
        operator.asks("agent-in", id="late", pin=pin)
    assert operator.asks("agents", id="late")["state"] == "signed_out"
    assert operator.audited == [("wrong PIN", "late")]


def test_who_is_paused_for_not_answering_is_named_with_the_way_back(operator: Operator) -> None:
    operator.asks("agent-in", id="late", pin=PIN)
    assert operator.operations.not_answering() == []
    operator.rig.controller.say("late", a.Paused(operator.rig.now, NO_ANSWER))
    assert operator.operations.not_answering() == ["late"]
    assert operator.asks("agents", id="late")["back"].startswith("To be rung again: dial *14")
    operator.asks("agent-resume", id="late")
    assert operator.operations.not_answering() == []


def test_nobody_is_signed_in_twice_or_at_a_seat_that_is_taken(operator: Operator) -> None:
    operator.asks("agent-in", id="late", pin=PIN)
    with pytest.raises(server.NotNow, match="late is signed in already"):
        operator.asks("agent-in", id="late", pin=PIN)
    with pytest.raises(server.NotNow, match="early cannot sign in: late is signed in at base-01"):
        operator.asks("agent-in", id="early", pin=PIN)
    operator.members.states["base-01"] = SeatStatus.BUSY
    with pytest.raises(server.NotNow, match="signed in already"):  # while talking
        operator.asks("agent-in", id="late", pin=PIN)


@pytest.mark.parametrize("reason", ["", "x" * 25, "two\nlines"])
def test_a_reason_that_asterisk_cannot_keep_is_refused(operator: Operator, reason: str) -> None:
    operator.asks("agent-in", id="late", pin=PIN)
    with pytest.raises(server.RequestRejected, match="expected one line of text"):
        operator.asks("agent-pause", id="late", reason=reason)


def test_an_agent_that_there_is_not_and_agents_that_are_not_known_yet(operator: Operator) -> None:
    with pytest.raises(server.RequestRejected, match="no agent 'nobody'"):
        operator.asks("agents", id="nobody")
    operator.rig.repository.complete = False
    with pytest.raises(server.NotNow, match="could not be read yet"):
        operator.asks("agent-out", id="late")
    assert operator.operations.counts() == {}


def test_wrap_up_is_extended_and_nothing_else_is(operator: Operator) -> None:
    operator.asks("agent-in", id="late", pin=PIN)
    with pytest.raises(server.NotNow, match="late is not in wrap-up"):
        operator.asks("agent-extend", id="late")
    operator.rig.talked("base-01")
    operator.rig.now += 15.0
    assert operator.asks("agent-extend", id="late")["duty"] == "wrap_up"
    operator.rig.now += 15.0
    assert operator.asks("agents", id="late")["duty"] == "wrap_up"


def test_only_so_many_of_a_pool_are_paused_at_a_time(operator: Operator) -> None:
    agents = (*AGENTS[1:], AgentSettings("second", "Second", HASH, "base-02"))
    operator.rig.controller.configure(agents, 20.0, AgentLimits(0, paused_at_most=1))
    for agent in ("late", "second"):
        operator.asks("agent-in", id=agent, pin=PIN)
    operator.asks("agent-pause", id="late", reason="lunch")
    with pytest.raises(server.NotNow, match="second cannot pause: 1 of base are paused, and 1 may"):
        operator.asks("agent-pause", id="second", reason="lunch")
    assert operator.asks("agents", id="second")["duty"] == "ready"
    operator.asks("agent-pause", id="late", reason="training")  # is paused already
    operator.asks("agent-resume", id="late")
    assert operator.asks("agent-pause", id="second", reason="lunch")["duty"] == "paused"


def test_a_locked_pin_is_told_with_how_long_it_is(operator: Operator) -> None:
    for _ in range(5):
        with pytest.raises(server.RequestRejected):
            operator.asks("agent-in", id="late", pin="1111")
    with pytest.raises(server.NotNow, match="too many wrong PINs for late: try in 60 s"):
        operator.asks("agent-in", id="late", pin=PIN)


def test_who_is_on_a_line_comes_by_a_call_and_leaves_when_the_talk_is_over(
    operator: Operator,
) -> None:
    home = AgentSettings("1001", "Malee", HASH, "home.01")
    operator.rig.controller.configure((*AGENTS, home), 20.0)
    with pytest.raises(server.RequestRejected, match="by a call to the number of the line"):
        operator.asks("agent-in", id="1001", pin=PIN)
    with pytest.raises(server.NotNow, match="1001 is not signed in"):
        operator.asks("agent-out", id="1001")
    operator.rig.controller.say("1001", a.SignedIn(operator.rig.now))
    assert operator.asks("agent-out", id="1001")["duty"] == "ready"  # until then
    assert operator.hang_up == ["home.01"]
    assert operator.audited == [("agent taken from the line", "1001")]


def test_that_an_agent_was_called_is_told(operator: Operator) -> None:
    assert operator.asks("agents", id="late")["called"] == ""
    one = Reminder(Occasion.SHIFT, 8 * 3600.0, 0.0, calls=3, result=CallResult.NO_ANSWER)
    operator.called["late"] = one
    said = operator.asks("agents", id="late")["called"]
    assert said == "called 3 times since the shift began at 08:00: no answer"
    assert operator.operations.absent() == ["late"]
    on = replace(one, calls=1, token="abc")
    operator.called["late"] = on
    assert operator.asks("agents", id="late")["called"].endswith("08:00: is being called")
    operator.called["late"] = replace(one, result=CallResult.CAME)
    assert operator.asks("agents", id="late")["called"] == ""
