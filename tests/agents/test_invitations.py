"""Invited people are agents until their list is withdrawn, whatever becomes of ivrd and store."""

import asyncio
from dataclasses import replace

import pytest

from ivrd.agents.invitations import Invitation, Invitations, free_id
from ivrd.people.vault import CannotOpen
from ivrd.store import WriteBehind
from tests.agents.test_controller import Fencing
from tests.callbacks.rig import Shelf

MALEE = Invitation("1001", "flood", "Malee", "hash", "home.01", ("th",))
SUDA = Invitation("1002", "flood", "Suda", "hash", "home.02")
OTHER = Invitation("1003", "winter", "Other", "hash", "home.03")


class Rig:
    """One ivrd after the other on one store."""

    def __init__(self) -> None:
        self.shelf, self.changes = Shelf(), 0
        self.begin()

    def begin(self) -> None:
        self.writes = WriteBehind(self.shelf, Fencing(), lambda _up, _why: None)
        self.invitations = Invitations(self.writes, self, self._changed)

    def _changed(self) -> None:
        self.changes += 1

    def seal(self, number: str) -> str:
        return number[::-1]

    def open(self, text: str) -> str:
        if not text.endswith("+"):
            raise CannotOpen("another key")
        return text[::-1]

    def written(self) -> None:
        async def write() -> None:
            writing = asyncio.create_task(self.writes.run(lambda: None))
            assert await self.writes.flush(5.0)
            writing.cancel()

        asyncio.run(write())

    def restored(self) -> list[Invitation]:
        self.written()
        self.begin()
        asyncio.run(self.invitations.restore())
        return list(self.invitations)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_who_is_invited_is_an_agent_also_after_a_restart(rig: Rig) -> None:
    rig.invitations.add(MALEE)
    rig.invitations.add(OTHER)
    assert rig.restored() == [MALEE, OTHER]
    (agent, _other) = rig.invitations.agents()
    assert (agent.id, agent.name, agent.seat, agent.languages) == (
        *("1001", "Malee", "home.01"),
        ("th",),
    )


def test_a_number_is_stored_sealed_and_one_that_cannot_be_opened_is_none(rig: Rig) -> None:
    sealed = rig.invitations.sealed("+66812345678")
    rig.invitations.add(replace(MALEE, number=sealed, shift="office"))
    rig.invitations.add(replace(SUDA, number="another key's"))
    rig.invitations.add(OTHER)
    rig.restored()
    assert "+66812345678" not in str(rig.shelf.entries)
    found = [(agent.telephone, agent.shift) for agent in rig.invitations.agents()]
    assert found == [("+66812345678", "office"), ("", ""), ("", "")]
    assert rig.invitations.sealed("") == ""


def test_a_list_is_withdrawn_and_no_other(rig: Rig) -> None:
    for one in (MALEE, SUDA, OTHER):
        rig.invitations.add(one)
    assert rig.invitations.withdraw("flood") == [MALEE, SUDA]
    assert rig.invitations.withdraw("flood") == []
    assert rig.restored() == [OTHER]


def test_who_is_withdrawn_before_the_store_is_read_does_not_come_back(rig: Rig) -> None:
    rig.invitations.add(MALEE)
    rig.restored()
    rig.invitations.withdraw("flood")
    asyncio.run(rig.invitations.restore())
    assert list(rig.invitations) == []
    changes = rig.changes
    rig.shelf.down = True
    asyncio.run(rig.invitations.restore())  # nothing is known, and nothing is different
    assert rig.changes == changes


@pytest.mark.parametrize(
    ("taken", "expected"), [((), "1001"), (("1001", "a-1002", "x"), "1003"), (("1002",), "1001")]
)
def test_a_new_id_is_keyed_in_by_nobody_else(taken: tuple[str, ...], expected: str) -> None:
    assert free_id(taken) == expected
