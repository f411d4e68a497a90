"""What was allowed when it was made up is sent only if it still is: a process may be frozen."""

import asyncio
from typing import Any

import pytest

from ivrd.asterisk.ami_action import ConnectionLost
from ivrd.asterisk.ami_protocol import AmiProtocol
from ivrd.asterisk.leader_guard import LeaderGuard, NotLeader
from tests.asterisk.test_ami_protocol import GREETING, Socket
from tests.asterisk.virtual import run


class Leader:
    """A wire whose guard has a clock that stands where the test puts it; granted until 101."""

    def __init__(self) -> None:
        self.now = 100.0
        self.guard = LeaderGuard(lambda: self.now)
        self.guard.allow(101.0)
        self.socket = Socket()
        self.wire = AmiProtocol(lambda _event: None, lambda _why: None, guard=self.guard)
        self.socket.wire = self.wire
        self.wire.connection_made(self.socket)
        self.wire.data_received(GREETING)

    def send(self, action: str, *, guarded: bool = True) -> "asyncio.Future[Any]":
        headers = {"Action": action}
        return self.guard.submit(action, lambda: self.wire.send(headers, guarded=guarded))

    async def sent(self) -> list[str]:
        """The names of the actions that have been sent."""
        await asyncio.sleep(0)
        lines = self.socket.sent.decode().split("\r\n")
        return [line.partition(": ")[2] for line in lines if line.startswith("Action:")]


def test_what_was_made_up_before_a_freeze_waits_until_it_is_known_who_leads() -> None:
    async def body() -> None:
        at = Leader()
        at.send("AGI")
        at.send("Redirect")
        at.now = 110.0  # frozen before the turn of the loop was over
        assert await at.sent() == []
        assert at.guard.requested.is_set()
        at.send("QueueAdd")
        at.guard.allow(111.0)
        assert await at.sent() == ["AGI", "Redirect", "QueueAdd"]

    run(body())


def test_it_is_never_sent_when_another_one_leads() -> None:
    async def body() -> None:
        at = Leader()
        asked = [at.send("AGI"), at.send("Redirect")]
        at.now = 110.0
        assert await at.sent() == []
        at.guard.refuse()
        for each in asked:
            with pytest.raises(NotLeader):
                await each
        assert await at.sent() == []
        assert not at.wire.responses

    run(body())


def test_nor_when_that_is_known_before_it_is_sent() -> None:
    async def body() -> None:
        at = Leader()
        asked = at.send("AGI")
        at.guard.refuse()
        with pytest.raises(NotLeader):
            await asked
        assert await at.sent() == []

    run(body())


def test_looking_and_what_makes_a_leader_are_sent_all_the_same() -> None:
    async def body() -> None:
        at = Leader()
        at.send("Redirect")
        at.send("Getvar")
        at.wire.send({"Action": "Setvar"}, guarded=False)
        at.now = 110.0
        assert await at.sent() == ["Getvar", "Setvar"]

    run(body())


def test_what_waited_when_the_connection_ended_is_not_sent_by_the_next_one() -> None:
    async def body() -> None:
        at = Leader()
        asked = at.send("AGI")
        at.now = 110.0
        assert await at.sent() == []
        at.wire.connection_lost(ConnectionResetError(104, "Connection reset by peer"))
        at.guard.allow(111.0)
        with pytest.raises(ConnectionLost, match="reset by peer"):
            await asked
        assert await at.sent() == []

    run(body())
