"""Who may listen to whom, and that it is written down before."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from ivrd.agents.pins import PinCheck
from ivrd.agents.supervision import ALLOWED_SECONDS, Supervision
from ivrd.api import server
from ivrd.api.supervision_operations import SupervisionOperations
from ivrd.asterisk.seat_facts import Supervised
from ivrd.config.settings import AgentSettings, SupervisionSettings
from ivrd.core import agent as a
from ivrd.core.call import CallState
from ivrd.core.ledger import Ledger
from tests.agents.test_controller import Rig
from tests.agents.test_history import CALL
from tests.fixtures.agents import HASH, PIN

AGENTS = (
    AgentSettings("a-1", "Somchai", HASH, "base-01"),
    AgentSettings("s-1", "Malee", HASH, "base-02"),
)
SETTINGS = SupervisionSettings(frozenset({"s-1"}), "*19", announced=False)
ASKED = {"id": "a-1", "as": "s-1", "pin": PIN}


class Office:
    """Asterisk's variables, the audit log, and an agent who talks."""

    is_leader = True

    def __init__(self, settings: SupervisionSettings = SETTINGS) -> None:
        self.variables: dict[str, str] = {}
        self.audited: list[tuple[str, str, str]] = []
        self.writes = True
        self.rig, self.ledger = Rig(), Ledger()
        asyncio.run(self.rig.repository.restore())
        self.rig.controller.configure(AGENTS, 20.0)
        self.rig.controller.say("a-1", a.SignedIn(1.0))
        self.ledger.calls["1"] = replace(CALL, id="1", connected_at=1.0, state=CallState.TALK)
        self.supervision = Supervision(self, self, self, lambda: 1000.9)
        self.operations = SupervisionOperations(
            *(settings, self.supervision, self.rig.controller, self.ledger),
            lambda seat: "base" if seat.startswith("base-") else "",
            PinCheck(self.rig.repository, self, lambda: 1000.9),
        )

    def audit(self, who: str, what: str, _partner: str, detail: str) -> None:
        self.audited.append((who, what, detail))

    async def written(self, _seconds: float) -> bool:
        return self.writes

    async def set_global(self, name: str, value: str) -> None:
        assert self.audited, "written down before"
        self.variables[name] = value

    def asks(self, mode: str = "listen", **query: str) -> Any:
        command = self.operations.commands()[f"agent-{mode}"]
        return asyncio.run(_of(command, {**ASKED, **query}))


async def _of(command: server.Control, query: dict[str, str]) -> server.Answer:
    return await command(query)


@pytest.mark.parametrize("mode", ["listen", "whisper", "join"])
def test_what_is_allowed_is_for_one_phone_and_one_minute_and_is_audited(mode: str) -> None:
    office = Office()
    assert office.asks(mode) == {"dial": "*19", "seat": "base-02", "seconds": ALLOWED_SECONDS}
    assert office.variables == {"IVRD_SUPERVISION_base-02": f"{mode}|base-01|1060|s-1|a-1"}
    ((_who, what, detail),) = office.audited
    assert (what, detail) == ("supervisor allowed", f"s-1 may {mode} to a-1 at base-02")
    office.asks(mode, seat="base-03")
    assert "IVRD_SUPERVISION_base-03" in office.variables


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"pin": "0000"}, "wrong PIN for s-1"),
        ({"pin": ""}, "wrong PIN for s-1"),
        ({"as": "a-1"}, "'a-1' is none of the supervisors in agents.yaml"),
        ({"as": ""}, "'' is none of the supervisors in agents.yaml"),
        ({"id": "a-9"}, "no agent 'a-9'"),
        ({"seat": "partner-x"}, "no seat 'partner-x'"),
        ({"seat": "base-01"}, "base-01 is where a-1 talks; use another phone"),
        ({"id": "s-1", "seat": "base-03"}, "s-1 talks to no caller now"),
    ],
)
def test_nobody_else_may(query: dict[str, str], said: str) -> None:
    office = Office()
    with pytest.raises((server.RequestRejected, server.NotNow), match=said):
        office.asks(**query)
    assert not office.variables
    wrong = "wrong PIN"
    assert [what for _who, what, _detail in office.audited] == [wrong] * ("PIN" in said)


def test_an_agent_who_talks_to_nobody_is_left_alone() -> None:
    office = Office()
    office.ledger.calls.clear()  # the phone may be busy all the same, with the agent's own call
    with pytest.raises(server.NotNow, match="a-1 talks to no caller now"):
        office.asks()
    assert not office.variables


def test_without_supervisors_nobody_may_and_without_the_store_neither() -> None:
    office = Office(replace(SETTINGS, supervisors=frozenset()))
    with pytest.raises(server.RequestRejected, match="names no supervisors"):
        office.asks()
    office = Office()
    office.writes = False
    with pytest.raises(server.NotNow, match="the store is down"):
        office.asks()
    assert not office.variables


def test_when_it_begins_and_ends_is_audited_by_the_leader() -> None:
    office = Office()
    fact = Supervised(begun=True, mode="join", seat="base-02", supervisor="s-1", agent="a-1")
    office.supervision.supervised(fact)
    office.supervision.supervised(replace(fact, begun=False))
    office.is_leader = False
    office.supervision.supervised(fact)
    detail = "s-1 at base-02, join: a-1"
    assert office.audited == [
        ("s-1", "supervision begun", detail),
        ("s-1", "supervision ended", detail),
    ]
