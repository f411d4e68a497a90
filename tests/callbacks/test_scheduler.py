"""Each second: nobody outside the hours, nobody while the store is down or not read, once each."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from ivrd.callbacks.scheduler import Scheduler
from ivrd.core.booking import BookingState
from ivrd.core.call_events import HungUp
from ivrd.core.dialling import Limits, SeatsNow
from ivrd.core.schedule import Schedule, Span
from ivrd.core.skills import SkillRouting
from tests.callbacks.rig import NOW, SETTINGS, NobodyLost, Rig, also

BANGKOK = ZoneInfo("Asia/Bangkok")


class Seats:
    """So many are free."""

    free = 5

    def seats(self) -> Mapping[str, SeatsNow]:
        return {"q": SeatsNow(self.free, 0, 240.0, frozenset({"q"}))}


def run(body: Callable[[Rig, Scheduler], Awaitable[None]]) -> None:
    """With one booking, whose caller has hung up."""

    async def inside() -> None:
        rig = await Rig().start()
        call = rig.calls(joined_at=NOW - 100.0)
        await rig.booker.book(call.id)
        rig.ledger.apply(call.id, HungUp(NOW))
        scheduler = Scheduler(
            SETTINGS,
            rig.repository,
            rig.dialler,
            rig.ledger,
            Seats(),
            rig.write_behind,
            rig.people,
            NobodyLost(),
            lambda: rig.now,
        )
        try:
            await body(rig, scheduler)
        finally:
            rig.die()

    asyncio.run(inside())


async def turns(scheduler: Scheduler, rig: Rig, count: int = 3) -> None:
    for _ in range(count):
        await scheduler.evaluate()
        await rig.repository.written()
        for _ in range(20):
            await asyncio.sleep(0)


def test_whoever_is_due_is_dialled_once() -> None:
    async def body(rig: Rig, scheduler: Scheduler) -> None:
        (place,) = scheduler.places("q", rig.now)
        assert scheduler.places("another", rig.now) == []
        await turns(scheduler, rig)
        assert len(rig.asterisk.placed) == 1
        assert scheduler.places("q", rig.now) == [place]  # until the person has pressed the key

    run(body)


def test_who_gives_way_stands_behind_those_on_the_line_who_come_first() -> None:
    async def body(rig: Rig, scheduler: Scheduler) -> None:
        (before,) = scheduler.places("q", rig.now)
        scheduler.settings = also(limits=Limits(20, 10, give_way_seconds=600.0))
        (place,) = scheduler.places("q", rig.now)
        assert place.turn_at == before.turn_at + 600.0

    run(body)


def test_nobody_is_called_outside_the_hours() -> None:
    today = datetime.now(BANGKOK).date()
    days = frozenset[date]({today - timedelta(days=1), today, today + timedelta(days=1)})
    closed = Schedule(BANGKOK, tuple((Span(0, 1440),) for _ in range(7)), days)

    async def body(rig: Rig, scheduler: Scheduler) -> None:
        scheduler.settings = also(schedule=closed)
        await turns(scheduler, rig)
        assert rig.asterisk.placed == []

    run(body)


def test_nobody_is_called_who_is_in_a_call_to_the_hotline() -> None:
    async def body(rig: Rig, scheduler: Scheduler) -> None:
        rig.calls("c2")
        await turns(scheduler, rig)
        assert rig.asterisk.placed == []
        rig.ledger.apply("c2", HungUp(NOW))
        await turns(scheduler, rig)
        assert len(rig.asterisk.placed) == 1

    run(body)


def test_nobody_is_called_before_what_was_stored_is_read() -> None:
    async def body(rig: Rig, scheduler: Scheduler) -> None:
        rig.repository.complete = False
        rig.shelf.down = True
        await turns(scheduler, rig)
        assert rig.asterisk.placed == []
        rig.shelf.down = False
        assert await rig.repository.written()
        rig.now += 10.0
        await turns(scheduler, rig)
        assert len(rig.asterisk.placed) == 1

    run(body)


def test_an_event_that_was_lost_is_found_at_the_next_look() -> None:
    async def body(rig: Rig, scheduler: Scheduler) -> None:
        await turns(scheduler, rig)
        (name,) = rig.asterisk.variables
        rig.asterisk.variables[name] = "failed|BUSY:17:yes"
        await turns(scheduler, rig)
        assert rig.only().on
        rig.now += 5.0
        await turns(scheduler, rig)
        assert rig.only().state is BookingState.WAITING
        assert rig.only().not_before == rig.now + 300.0

    run(body)


def test_whose_queue_is_divided_by_a_reload_is_called_for_the_part_that_understands() -> None:
    async def body(rig: Rig, scheduler: Scheduler) -> None:
        (booking,) = rig.repository.open()
        heard_in = {("q", ""): {"th": "th", "en": "en"}}
        scheduler.settings = replace(
            SETTINGS, routing=SkillRouting({"t": "q"}, "q", heard_in=heard_in)
        )
        await turns(scheduler, rig, 1)
        name = f"q.{booking.language or 'th'}"
        assert [one.queue for one in rig.repository.open()] == [name]
        assert [place.call_id for place in scheduler.places(name, rig.now)] == [booking.id]

    run(body)
