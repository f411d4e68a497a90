"""What an operator asks of people on the line: invites them, withdraws a list."""

import asyncio
from collections.abc import Awaitable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ivrd.agents.invitations import Invitations
from ivrd.api import server
from ivrd.api.invitation_operations import InvitationOperations
from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.config.settings import AgentSettings
from ivrd.core.seats import Pool
from ivrd.people.vault import Vault
from tests.agents.test_controller import Rig
from tests.callbacks.rig import CALLBACK
from tests.fixtures.agents import HASH

HOME = Pool("home", ("home.01", "home.02", "home.03"), ("q",), fixed=True)
BASE = Pool("base", ("base-01",), ("q",), fixed=True)
GOOD = {"list": "flood", "person": "Malee", "pin": HASH}
OWN = AgentSettings("1001", "Own", HASH, "home.01")


class Operator:
    """One operator; `hang_up`: the seats whose people were hung up on."""

    def __init__(self, runner: asyncio.Runner, *pools: Pool) -> None:
        self.runner, self.rig = runner, Rig()
        self.hang_up: list[str] = []
        self.audited: list[tuple[str, str]] = []
        self.here: dict[str, str] = {}
        runner.run(self.rig.repository.restore())
        self.invitations = Invitations(self.rig.writes, Vault([b"k" * 32]), self._changed)
        self._changed()
        members = QueueMembers(
            cast(AmiClient, None), pools, lambda: 0.0, (), lambda: None, self.rig.controller
        )
        line = SimpleNamespace(here=self.here, hang_up=self._hang_up)
        in_use = cast(
            Any,
            SimpleNamespace(
                languages=("th", "en"),
                line_number="1340",
                country="TH",
                callback=CALLBACK,
                reminders=SimpleNamespace(shifts={"office": None}),
            ),
        )
        self.cards: list[tuple[str, str, str]] = []
        self.no_cards_for: set[str] = set()
        self.operations = InvitationOperations(
            self.invitations,
            self.rig.controller,
            members,
            cast(Any, line),
            self,
            cast(Any, self),
            lambda: in_use,
        )

    def _changed(self) -> None:
        self.rig.controller.configure((OWN, *self.invitations.agents()), 20.0)

    async def _hang_up(self, seat: str) -> None:
        self.hang_up.append(seat)

    sent = True  # there is a way to send cards

    def send(self, agent: AgentSettings, pin: str, line_number: str) -> bool:
        self.cards.append((agent.id, agent.telephone, f"{line_number} {pin}"))
        return bool(agent.telephone)

    def withdraw(self, agent_ids: set[str]) -> None:
        self.no_cards_for |= agent_ids

    def audit(self, _who: str, what: str, _partner: str, detail: str) -> None:
        self.audited.append((what, detail))

    def asks(self, name: str, **query: str) -> dict[str, Any]:
        control = {**self.operations.queries(), **self.operations.commands()}[name]
        return dict(self.runner.run(cast("Any", self._await(control(query)))))

    async def _await(self, answer: Awaitable[server.Answer]) -> server.Answer:
        writing = asyncio.create_task(self.rig.writes.run(lambda: None))
        try:
            return await answer
        finally:
            writing.cancel()

    def invites(self, person: str, listed: str = "flood", **more: str) -> dict[str, Any]:
        return self.asks("invite", **{"list": listed, "person": person, "pin": HASH, **more})


@pytest.fixture
def operator() -> Iterator[Operator]:
    with asyncio.Runner() as runner:
        yield Operator(runner, BASE, HOME)


def test_each_gets_a_free_seat_and_an_id_of_its_own(operator: Operator) -> None:
    assert operator.asks("invited", list="flood")["free"] == 2
    assert operator.invites("Malee", languages="en") == {
        "id": "1002",
        "seat": "home.02",
        "sent": False,
        "note": "",
    }
    assert operator.invites("Suda")["seat"] == "home.03"
    with pytest.raises(server.NotNow, match="every seat of home has somebody"):
        operator.invites("Somchai")
    agent = operator.rig.controller.agents["1002"]
    assert (agent.name, agent.seat, agent.languages) == ("Malee", "home.02", ("en",))
    assert operator.audited == [
        ("invited to the line", "1002: flood"),
        ("invited to the line", "1003: flood"),
    ]


def test_a_seat_where_somebody_still_is_has_nobody_else(operator: Operator) -> None:
    operator.here["home.02"] = "1009"
    assert operator.invites("Malee")["seat"] == "home.03"


def test_a_list_is_withdrawn_and_who_is_on_the_line_is_let_go(operator: Operator) -> None:
    one = operator.invites("Malee")
    operator.invites("Suda", "winter")
    operator.here[one["seat"]] = one["id"]
    answer = operator.asks("withdraw", list="flood")
    assert (answer["withdrawn"], answer["on_line"]) == (1, 1)
    assert operator.hang_up == [one["seat"]]
    assert [*operator.rig.controller.agents] == ["1001", "1003"]
    with pytest.raises(server.RequestRejected, match="nobody is on a list 'flood'"):
        operator.asks("withdraw", list="flood")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"pin": "271828"}, "expected the hash of one"),
        ({"languages": "fr"}, "fr is none of ours"),
        ({"person": "two\nlines"}, "expected one line of text"),
        ({"list": ""}, "expected one line of text"),
        ({"pool": "base"}, "expected one of home, got 'base'"),
        ({"number": "0812"}, "number: expected a telephone number such as"),
        ({"number": "0812345678", "shift": "night"}, "shift: expected one of office, got 'night'"),
        ({"number": "1900123456", "shift": "office"}, "number: expected a telephone number|kind"),
    ],
)
def test_what_cannot_be(operator: Operator, more: dict[str, str], expected: str) -> None:
    with pytest.raises(server.RequestRejected, match=expected):
        operator.asks("invite", **GOOD | more)
    assert "271828" not in str(operator.audited)


def test_a_name_stands_on_a_list_once(operator: Operator) -> None:
    operator.invites("Malee")
    with pytest.raises(server.RequestRejected, match="Malee is on the list flood already"):
        operator.invites("Malee")
    operator.invites("Malee", "winter")


def test_without_seats_on_the_line_nobody_is_invited() -> None:
    with asyncio.Runner() as runner:
        operator = Operator(runner, BASE)
        with pytest.raises(server.RequestRejected, match="no pool of queues"):
            operator.invites("Malee")


def test_a_card_is_sent_and_the_pin_is_kept_nowhere(operator: Operator) -> None:
    answer = operator.invites("Malee", number="081 234 5678", shift="office", card="271828")
    assert answer["sent"]
    assert operator.cards == [("1002", "+66812345678", "1340 271828")]
    agent = operator.rig.controller.agents["1002"]
    assert (agent.telephone, agent.shift) == ("+66812345678", "office")
    stored = str(operator.rig.shelf.entries)
    assert "271828" not in stored
    assert "812345678" not in stored
    assert "271828" not in str(operator.audited)
    operator.invites("Suda", card="314159")  # who has no number
    operator.asks("withdraw", list="flood")
    assert operator.no_cards_for == {"1002", "1003"}


def test_without_a_card_nothing_is_sent(operator: Operator) -> None:
    assert not operator.invites("Malee", number="0812345678")["sent"]
    assert operator.cards == []
