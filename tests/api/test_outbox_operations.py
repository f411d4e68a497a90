"""What an operator can ask of the outbox and do with it; no answer says to whom, or what."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from ivrd.api import server
from ivrd.api.outbox_operations import OutboxOperations
from ivrd.core.outbox import Refused, Result
from ivrd.store import SqliteStore
from tests.store.test_outbox import NOW, NUMBER, Gateway, Ivrd


class Audit:
    """What operators did."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, ...]] = []

    def audit(self, who: str, what: str, partner: str, detail: str) -> None:
        self.entries.append((who, what, partner, detail))


Act = Callable[[Ivrd, OutboxOperations, Audit], Awaitable[None]]


def run(folder: Path, act: Act, fails: Result | None = None) -> None:
    """With two messages, of which attempts were made."""

    async def inside() -> None:
        gateway = Gateway(lambda: (fails, False) if fails else None)
        ivrd = await Ivrd(lambda: SqliteStore(folder / "s.sqlite"), gateway, lambda: NOW).start()
        audit = Audit()
        operations = OutboxOperations(
            ivrd.outbox, ivrd.sender, audit, lambda: NOW + 60.0, lambda: 0.0
        )
        for n in range(2):
            ivrd.post(n)
        ivrd.sender.look()
        await ivrd.sender.idle()
        try:
            await act(ivrd, operations, audit)
        finally:
            await ivrd.die()

    asyncio.run(inside())


def test_dead_letters_are_listed_and_sent_again_one_or_all(tmp_path: Path) -> None:
    async def act(ivrd: Ivrd, operations: OutboxOperations, audit: Audit) -> None:
        listed, retry = operations.queries()["outbox"], operations.commands()["outbox-retry"]
        rows = (await listed({}))["entries"]
        assert [row["state"] for row in rows] == ["dead", "dead"]
        assert {row["why"] for row in rows} == {"answered 422"}
        assert NUMBER[1:] not in json.dumps(rows)
        (row,) = (await listed({"id": rows[0]["id"][:8]}))["entries"]
        assert row["age_seconds"] == 60.0
        one = await retry({"id": row["id"], "who": "malee"})
        assert one["count"] == 1
        (waits,) = (await listed({"state": "waiting"}))["entries"]
        assert (waits["id"], waits["due_in_seconds"]) == (row["id"], 0.0)
        everything = await retry({"dead": "gateway", "who": "malee"})
        assert everything["count"] == 1
        assert [entry[:2] for entry in audit.entries] == [("malee", "message sent again")] * 2
        assert audit.entries[1][3] == "1 dead letters of gateway"
        with pytest.raises(server.NotNow, match="gateway has no dead letters"):
            await retry({"dead": "gateway"})

    run(tmp_path, act, Refused("answered 422"))


def test_what_is_dropped_is_gone_and_who_did_it_is_known(tmp_path: Path) -> None:
    async def act(ivrd: Ivrd, operations: OutboxOperations, audit: Audit) -> None:
        listed, drop = operations.queries()["outbox"], operations.commands()["outbox-drop"]
        first, second = (await listed({}))["entries"]
        await drop({"id": first["id"], "who": "malee"})
        assert [row["id"] for row in (await listed({}))["entries"]] == [second["id"]]
        assert ivrd.told.lost_ones == {"dropped": 1}
        assert audit.entries == [
            ("malee", "message dropped", "", f"{first['id']} ({first['use']})")
        ]

    run(tmp_path, act, Refused("answered 422"))


def test_what_was_delivered_is_neither_sent_again_nor_listed_unless_asked_for(
    tmp_path: Path,
) -> None:
    async def act(_ivrd: Ivrd, operations: OutboxOperations, _audit: Audit) -> None:
        listed, retry = operations.queries()["outbox"], operations.commands()["outbox-retry"]
        assert (await listed({}))["entries"] == []
        one, _two = (await listed({"state": "delivered", "channel": "gateway"}))["entries"]
        assert (await listed({"state": "delivered", "channel": "other"}))["entries"] == []
        with pytest.raises(server.NotNow, match="is delivered"):
            await retry({"id": one["id"]})
        with pytest.raises(server.RequestRejected, match="there is no message 'xyz'"):
            await retry({"id": "xyz"})

    run(tmp_path, act)
