"""What an operator can ask of bookings and do with one; no answer has a number."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest

from ivrd.api import server
from ivrd.api.callback_operations import CallbackOperations
from ivrd.core.book_result import BookResult
from tests.callbacks.rig import MOBILE, Rig


class Audit:
    """What operators did."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, ...]] = []

    def audit(self, who: str, what: str, partner: str, detail: str) -> None:
        self.entries.append((who, what, partner, detail))


def run(body: Callable[[Rig, CallbackOperations, Audit], Awaitable[None]]) -> None:
    """With one booking."""

    async def inside() -> None:
        rig, audit = await Rig().start(), Audit()
        assert await rig.booker.book(rig.calls().id) is BookResult.BOOKED
        operations = CallbackOperations(
            rig.repository, rig.dialler, audit, lambda: rig.now, lambda: 0.0
        )
        try:
            await body(rig, operations, audit)
        finally:
            rig.die()

    asyncio.run(inside())


def test_the_list_has_the_open_ones_and_all_when_asked() -> None:
    async def body(rig: Rig, operations: CallbackOperations, _audit: Audit) -> None:
        listed = operations.queries()["callbacks"]
        (row,) = (await listed({}))["callbacks"]
        assert (row["state"], row["queue"], row["attempts"]) == ("waiting", "q", [])
        assert MOBILE[1:] not in json.dumps(row)
        await operations.commands()["callback-cancel"]({"id": row["id"], "who": "somsri"})
        assert (await listed({}))["callbacks"] == []
        (row,) = (await listed({"all": "yes"}))["callbacks"]
        assert row["state"] == "cancelled"

    run(body)


def test_who_cancelled_is_in_the_audit_log() -> None:
    async def body(rig: Rig, operations: CallbackOperations, audit: Audit) -> None:
        beginning = rig.only().id[:4]
        answer = await operations.commands()["callback-cancel"]({"id": beginning, "who": "somsri"})
        assert answer["note"] == ""
        assert audit.entries == [("somsri", "callback cancelled", "", rig.only().id)]

    run(body)


def test_what_cannot_be_done_is_said() -> None:
    async def body(rig: Rig, operations: CallbackOperations, audit: Audit) -> None:
        cancel, retry = (operations.commands()[f"callback-{a}"] for a in ("cancel", "retry"))
        for unknown in ("", "zz"):
            with pytest.raises(server.RequestRejected, match="ivrd callback list"):
                await cancel({"id": unknown})
        await rig.dialler.begin(rig.only())
        with pytest.raises(server.NotNow, match="is dialling"):
            await cancel({"id": rig.only().id})
        rig.report("declined")
        with pytest.raises(server.NotNow, match="number is not kept"):
            await retry({"id": rig.only().id})
        rig.repository.complete = False
        with pytest.raises(server.NotNow, match="could not be read"):
            await operations.queries()["callbacks"]({})
        assert audit.entries == []

    run(body)


def test_a_retry_is_due_at_once() -> None:
    async def body(rig: Rig, operations: CallbackOperations, _audit: Audit) -> None:
        await rig.dialler.begin(rig.only())
        rig.report("failed", "BUSY:17:yes")
        assert rig.only().not_before > rig.now
        await operations.commands()["callback-retry"]({"id": rig.only().id})
        assert rig.only().not_before == rig.now

    run(body)
