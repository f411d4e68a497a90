"""Leave to act: held while nobody knows who acts, refused when another one does."""

import asyncio
from math import inf

import pytest

from ivrd.asterisk.ami_action import ConnectionLost
from ivrd.asterisk.leader_guard import HELD_AT_MOST, READ_ONLY_ACTIONS, LeaderGuard, NotLeader
from tests.asterisk.virtual import run


class Door:
    """A gate, and what has gone through it; its clock stands where the test puts it."""

    def __init__(self) -> None:
        self.now = 100.0
        self.guard = LeaderGuard(lambda: self.now)
        self.sent: list[str] = []
        self.answers: dict[str, asyncio.Future[str]] = {}

    def ask(self, action: str, name: str = "") -> "asyncio.Future[str]":
        def send() -> "asyncio.Future[str]":
            self.sent.append(name or action)
            return self.answers.setdefault(
                name or action, asyncio.get_running_loop().create_future()
            )

        return self.guard.submit(action, send)


def test_one_that_is_alone_may_always_act() -> None:
    async def body() -> None:
        door = Door()
        door.now = inf
        door.guard._clock = lambda: 1e18
        door.ask("QueueAdd")
        assert door.sent == ["QueueAdd"]
        assert not door.guard.requested.is_set()

    run(body())


def test_leave_lasts_until_its_moment_and_no_longer() -> None:
    async def body() -> None:
        door = Door()
        door.guard.allow(101.0)
        door.now = 100.999
        door.ask("AGI", "before")
        door.now = 101.0
        door.ask("AGI", "after")
        assert door.sent == ["before"]
        assert door.guard.requested.is_set()

    run(body())


def test_what_was_held_goes_out_in_its_order_with_its_answers() -> None:
    async def body() -> None:
        door = Door()
        door.guard.allow(0.0)
        held = [door.ask("AGI", name) for name in ("one", "two", "three")]
        held[1].cancel()  # whoever asked has given up
        door.guard.allow(200.0)
        assert door.sent == ["one", "three"]
        door.answers["one"].set_result("done")
        door.answers["three"].set_exception(ConnectionLost("gone"))
        assert await held[0] == "done"
        with pytest.raises(ConnectionLost, match=r"^gone$"):
            await held[2]

    run(body())


def test_what_was_held_is_not_sent_when_another_one_acts() -> None:
    async def body() -> None:
        door = Door()
        door.guard.allow(0.0)
        held = door.ask("Setvar")
        door.guard.refuse()
        with pytest.raises(NotLeader):
            await held
        with pytest.raises(NotLeader):
            door.ask("Setvar")
        assert door.sent == []

    run(body())


def test_looking_needs_no_leave_and_everything_else_does() -> None:
    async def body() -> None:
        door = Door()
        door.guard.refuse()
        for action in READ_ONLY_ACTIONS:
            door.ask(action)
        assert set(door.sent) == READ_ONLY_ACTIONS
        for action in ("AGI", "Setvar", "QueueAdd", "QueuePause", "Redirect", "ControlPlayback"):
            with pytest.raises(NotLeader):
                door.ask(action)

    run(body())


def test_a_held_action_that_cannot_be_sent_any_more_fails_for_who_asked() -> None:
    async def body() -> None:
        guard = LeaderGuard(lambda: 1.0)
        guard.allow(0.0)

        def send() -> "asyncio.Future[str]":
            raise ConnectionLost("not connected to Asterisk")

        held = guard.submit("AGI", send)
        guard.allow(2.0)
        with pytest.raises(ConnectionLost, match="not connected"):
            await held

    run(body())


def test_no_more_is_held_than_fits() -> None:
    async def body() -> None:
        door = Door()
        door.guard.allow(0.0)
        held = [door.ask("AGI") for _ in range(HELD_AT_MOST)]
        with pytest.raises(NotLeader):
            door.ask("AGI")
        door.guard.allow(200.0)
        assert len(door.sent) == len(held)

    run(body())
