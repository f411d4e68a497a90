"""What the dialplan is told of second calls: each change once, and all anew after a restart."""

import asyncio
from typing import cast

from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.second_calls import SecondCall, SecondCalls


class Globals:
    """Remembers the global variables that are set."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    async def set_global(self, name: str, value: str) -> None:
        self.told.append((name, value))


def test_each_change_is_told_once() -> None:
    async def body() -> None:
        link = Globals()
        calls = SecondCalls(cast(AmiClient, link))
        wanted = {"bank": SecondCall(3.5, 12), "shop": None}
        await calls.tell(wanted)
        await calls.tell(wanted)
        assert link.told == [("IVRD_SECOND_bank", "3.5:12"), ("IVRD_SECOND_shop", "")]
        await calls.tell({**wanted, "bank": SecondCall(3.5, 11)})
        assert link.told[2:] == [("IVRD_SECOND_bank", "3.5:11")]
        await calls.tell({**wanted, "bank": None})
        assert link.told[3:] == [("IVRD_SECOND_bank", "")]
        calls.forget()
        await calls.tell(wanted)
        assert link.told[4:] == link.told[:2]

    asyncio.run(body())
