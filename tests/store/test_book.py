"""The book of partners in both stores, over restarts, takeovers and more entries than a page."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ivrd.core.breaker import Breaker, BreakerState
from ivrd.core.partner import Override
from ivrd.core.report import PartnerEvent, PartnerEventKind, Sums
from ivrd.partners.repository import DAY_SECONDS, PartnerRepository
from ivrd.store import WriteBehind
from ivrd.store.interface import PAGE
from tests.store.conftest import MakeStore

NOW = 1_795_312_060.0
PATIENCE = 60.0  # seconds; only a machine that is stuck takes so long
PAUSED = Breaker(state=BreakerState.OPEN, until=NOW + 60, pause=60.0, why="unreachable")


class Ivrd:
    """One ivrd's keeper and book; of two, each with its epoch."""

    def __init__(self, make: MakeStore, epoch: int = 0, acts: bool = True) -> None:
        self.is_leader = acts
        self.epoch = epoch
        self.now = NOW
        self.write_behind = WriteBehind(make(), self, lambda _up, _why: None)
        self.write_behind.hold = not acts
        self.book = PartnerRepository(self.write_behind, 92, 400, lambda: self.now, self)

    def fenced(self) -> None: ...

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Ivrd"]:
        task = asyncio.create_task(self.write_behind.run(lambda: None))
        yield self
        if self.is_leader:
            assert await self.write_behind.flush(PATIENCE)
        task.cancel()
        await self.write_behind._store.close()

    async def talks(self) -> list[tuple[str, float]]:
        found = self.book.history(0.0, NOW + DAY_SECONDS)
        return [(line.partner, line.seconds) async for some in found for line in some if line]

    def talked(self, number: int, seconds: float = 60.0) -> None:
        line = PartnerEvent("alpha", PartnerEventKind.TALKED, seconds, caller=f"{number:012x}")
        self.book.record(line, f"{int(NOW)}.{number}", NOW, "alpha/01")


def test_what_one_life_wrote_the_next_one_reads(make: MakeStore) -> None:
    async def body() -> None:
        async with Ivrd(make).running() as ivrd:
            ivrd.talked(1)
            ivrd.book.overridden("alpha", Override.CLOSED)
            ivrd.book.drilled("alpha", "2026-11-20")
            ivrd.book.breaker("alpha", PAUSED)
            ivrd.book.audit("somchai", "override closed", "alpha", "none -> ปิด")
        async with Ivrd(make).running() as again:
            assert await again.book.read() == {"alpha": PAUSED}
            assert again.book.override("alpha") is Override.CLOSED
            assert again.book.verified("alpha") == "2026-11-20"
            again.talked(2, 30.0)
            again.now += 0.001
            again.book.audit("malee", "override none", "alpha", "closed -> none")
            assert await again.book.written(PATIENCE)
            assert await again.talks() == [("alpha", 60.0), ("alpha", 30.0)]
            acts = [
                act async for some in again.book.audit_entries(0.0, NOW + 1) for act in some if act
            ]
            assert [act.who for act in acts] == ["somchai", "malee"]

    asyncio.run(body())


def test_what_operators_did_just_before_a_start_is_written_again_if_the_store_fails(
    make: MakeStore,
) -> None:
    """It is rewritten as it was read: a store that has it still has it once."""

    async def body() -> None:
        async with Ivrd(make).running() as ivrd:
            ivrd.book.audit("somchai", "override closed", "alpha", "none -> closed")
            ivrd.now += 20.0
            ivrd.book.audit("malee", "override none", "alpha", "closed -> none")
        async with Ivrd(make).running() as again:
            again.now += 40.0
            await again.book.read()
            assert again.write_behind.waiting == 0
            again.write_behind._failed("it was down")
            assert again.write_behind.waiting == 1
            assert await again.book.written(PATIENCE)
            acts = [
                act async for some in again.book.audit_entries(0.0, NOW + 60) for act in some if act
            ]
            assert [act.who for act in acts] == ["somchai", "malee"]

    asyncio.run(body())


def test_who_takes_over_writes_what_the_other_did_not_and_nothing_twice(make: MakeStore) -> None:
    """Both hear everything; the one that acts ends before it has written its last talk."""

    async def body() -> None:
        standby = Ivrd(make, 2, acts=False)
        async with standby.running():
            async with Ivrd(make, 1).running() as is_leader:
                for number in (1, 2):
                    is_leader.talked(number)
            for number in (1, 2, 3):
                standby.talked(number)
            assert await standby.book.written(PATIENCE)  # nothing is for it to write
            assert len(await standby.talks()) == 2
            standby.is_leader, standby.write_behind.hold = True, False
            assert await standby.book.written(PATIENCE)
            assert len(await standby.talks()) == 3

    asyncio.run(body())


def test_more_than_fits_into_a_page_adds_up_and_others_have_their_turn(make: MakeStore) -> None:
    count = 10 * PAGE + 17

    async def body() -> None:
        async with Ivrd(make).running() as ivrd:
            for number in range(count):
                ivrd.talked(number, 1.0)
            assert await ivrd.book.written(PATIENCE)
            sums, most = Sums(), 0
            async for some in ivrd.book.history(NOW - 1, NOW + 1):
                most = max(most, len(some))
                for line in some:
                    assert line is not None
                    sums.add(line)
            (row,) = sums.rows(())
            assert (row.people, row.talk_seconds) == (count, float(count))
            assert most <= PAGE  # a few milliseconds at most, then it is others' turn

    asyncio.run(body())


def test_what_is_old_goes_from_the_store(make: MakeStore) -> None:
    async def body() -> None:
        async with Ivrd(make).running() as ivrd:
            ivrd.talked(1)
            ivrd.book.audit("somchai", "override open", "alpha", "")
            ivrd.now += 93 * DAY_SECONDS
            ivrd.book.forget_old()
            assert await ivrd.book.written(PATIENCE)
            assert await ivrd.talks() == []
            acts = [some async for some in ivrd.book.audit_entries(0.0, NOW + 1)]
            assert [len(some) for some in acts] == [1]

    asyncio.run(body())
