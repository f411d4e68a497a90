"""Bookings at bad moments: nobody is told 'booked' who is not, nobody is lost, nobody called twice.

The store is full, frozen or gone; the clock is set back; many people share a number; somebody has
asked never to be called.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import cast

import pytest

from ivrd.callbacks import repository
from ivrd.core.book_result import BookResult
from ivrd.core.booking import BookingState
from ivrd.core.call import AnsweredBy
from ivrd.core.call_events import Connected, HungUp
from ivrd.store import Change, Put, Remove, SqliteStore, StoreDown
from tests.callbacks.rig import E164, MOBILE, NOW, Rig, Shelf
from tests.callbacks.test_scheduler import run as scheduled
from tests.callbacks.test_scheduler import turns

SLOW = 20.0  # seconds: nothing here ends by this deadline


def run(body: Callable[[Rig], Awaitable[None]], shelf: Shelf | None = None) -> None:
    async def inside() -> None:
        rig = await Rig(shelf).start()
        try:
            await body(rig)
        finally:
            rig.die()

    asyncio.run(inside())


# --- the store at the moment of booking ----------------------------------------------------


def test_a_full_disk(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "ivrd.sqlite", SLOW, max_pages=8)
    filled: list[Change] = []

    async def fill() -> None:
        await store.open()
        for size in (3000, 1000, 300, 100, 30):
            while True:
                change = Put("fill", f"{len(filled)}", "x" * size)
                try:
                    await store.write([change], 0)
                except StoreDown:
                    break
                filled.append(change)

    async def body(rig: Rig) -> None:
        await fill()
        await nobody_is_booked(rig)
        await store.write([Remove("fill", change.key) for change in filled], 0)  # type: ignore[union-attr]
        await nothing_is_left(rig, store)

    run(body, cast(Shelf, store))


def test_a_disk_that_is_gone(tmp_path: Path) -> None:
    disk, no_disk, mounted = tmp_path / "disk", tmp_path / "none", tmp_path / "mounted"
    disk.mkdir()
    no_disk.write_text("no folder")
    mount(disk, mounted)
    store = SqliteStore(mounted / "ivrd.sqlite", SLOW)

    async def body(rig: Rig) -> None:
        await store.close()
        mount(no_disk, mounted)
        again = rig.write_behind._store = SqliteStore(mounted / "ivrd.sqlite", SLOW)
        await nobody_is_booked(rig)
        mount(disk, mounted)
        await nothing_is_left(rig, again)

    run(body, cast(Shelf, store))


def mount(what: Path, where: Path) -> None:
    """In one step, so that who looks sees one or the other."""
    new = where.with_name("new")
    new.symlink_to(what)
    new.replace(where)


class Frozen(Shelf):
    """Does not answer until it thaws, and then does what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.thaws = asyncio.Event()

    async def write(self, changes: Sequence[Change], epoch: int) -> None:
        await self.thaws.wait()
        await super().write(changes, epoch)


def test_a_store_that_is_frozen_and_writes_it_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "DURABLE_SECONDS", 0.05)
    shelf = Frozen()

    async def body(rig: Rig) -> None:
        await nobody_is_booked(rig)
        shelf.thaws.set()
        monkeypatch.setattr(repository, "DURABLE_SECONDS", SLOW)
        assert await rig.repository.written()
        assert shelf.entries == {}

    run(body, shelf)


async def nobody_is_booked(rig: Rig) -> None:
    """The caller hears so, and waits on in the place of before."""
    call = rig.calls(joined_at=NOW - 100.0)
    assert await rig.booker.book(call.id) is BookResult.NOT_STORED
    assert rig.repository.all() == []
    assert [place.call_id for place in rig.ledger.present.line("q")] == [call.id]


async def nothing_is_left(rig: Rig, store: SqliteStore) -> None:
    assert await rig.write_behind.flush(SLOW)
    assert await store.read("bookings") == {}
    await store.close()


# --- a clock that is set back --------------------------------------------------------------


def test_a_clock_set_back_before_a_restart_delays_no_call_and_repeats_none() -> None:
    async def body(rig: Rig) -> None:
        call = rig.calls(joined_at=NOW - 100.0)
        await rig.booker.book(call.id)
        rig.ledger.apply(call.id, HungUp(NOW))
        await rig.dialler.begin(rig.only())
        rig.now += 30.0
        rig.report("failed", "BUSY:17:yes")
        assert await rig.repository.written()
        rig.die()
        after = Rig(rig.shelf, rig.asterisk)
        after.now = NOW - 86_400.0
        await after.start()
        booking = after.only()
        assert booking.not_before == after.now + 300.0  # as long as it was
        assert booking.attempts[0].ended_at == after.now
        assert booking.booked_at - booking.effective_at == 100.0
        assert booking.tries == 1
        after.die()

    run(body)


def test_an_hour_that_was_chosen_is_that_hour_when_the_clock_was_set_back() -> None:
    async def body(rig: Rig) -> None:
        call = rig.calls()
        await rig.booker.book(call.id, "", NOW + 7200.0)
        assert await rig.repository.written()
        rig.die()
        after = Rig(rig.shelf, rig.asterisk)
        after.now = NOW - 3600.0
        await after.start()
        booking = after.only()
        assert (booking.not_before, booking.booked_at) == (NOW + 7200.0, after.now)
        after.die()

    run(body)


# --- ten from one exchange -----------------------------------------------------------------


def test_ten_from_one_exchange_are_ten_people_each_with_a_number_of_their_own() -> None:
    async def body(rig: Rig) -> None:
        rig.people.shared.add(f"#{MOBILE[-4:]}")
        calls = [rig.calls(f"c{n}") for n in range(10)]
        for n, call in enumerate(calls):
            # Whoever answers there is somebody else: the menu asks for another number.
            assert await rig.booker.book(call.id) is BookResult.NO_NUMBER
            assert await rig.booker.book(call.id, MOBILE) is BookResult.NO_NUMBER
            assert await rig.booker.book(call.id, f"081234560{n}") is BookResult.BOOKED
        assert len({one.person for one in rig.repository.open()}) == 10
        for notice in rig.ledger.apply("c0", Connected(NOW, AnsweredBy.INHOUSE, "base-01")):
            rig.dialler.notice(notice)
        assert {one.answered_at for one in rig.repository.open()} == {None}

    run(body)


def test_colleagues_on_the_line_hold_up_nobodys_call() -> None:
    async def body(rig: Rig, scheduler: object) -> None:
        rig.people.shared.add("#5678")  # found out after it was booked
        rig.calls("c9")
        await turns(scheduler, rig)  # type: ignore[arg-type]
        assert len(rig.asterisk.placed) == 1

    scheduled(body)


def test_a_colleague_who_is_answered_ends_nobodys_booking() -> None:
    async def body(rig: Rig, _scheduler: object) -> None:
        rig.people.shared.add("#5678")
        rig.calls("c9")
        answer = Connected(NOW, AnsweredBy.INHOUSE, "base-01")
        for event in (answer, HungUp(NOW + 60.0)):
            for notice in rig.ledger.apply("c9", event):
                rig.dialler.notice(notice)
        assert rig.only().state is BookingState.WAITING

    scheduled(body)


def test_ten_redials_of_one_person_are_one_booking() -> None:
    async def body(rig: Rig) -> None:
        for n in range(10):
            call = rig.calls(f"c{n}", joined_at=NOW + n)
            assert await rig.booker.book(call.id) is BookResult.BOOKED
            rig.ledger.apply(call.id, HungUp(NOW + n))
        assert rig.only().effective_at == NOW

    run(body)


# --- who has asked not to be called --------------------------------------------------------


@pytest.mark.parametrize("number", ["", E164, MOBILE])
def test_who_has_asked_not_to_be_called_is_not_booked_by_whomever(number: str) -> None:
    async def body(rig: Rig) -> None:
        rig.people.refused.add("#5678")
        call = rig.calls(number="0211111111" if number else MOBILE)
        assert await rig.booker.book(call.id, number) is BookResult.NOT_ALLOWED
        assert rig.repository.all() == []

    run(body)


def test_who_asks_not_to_be_called_after_booking_is_not() -> None:
    async def body(rig: Rig, scheduler: object) -> None:
        rig.people.refused.add("#5678")
        await turns(scheduler, rig)  # type: ignore[arg-type]
        assert rig.asterisk.placed == []
        assert (rig.only().state, rig.only().number) == (BookingState.CANCELLED, "")

    scheduled(body)


def test_9_after_a_call_that_was_asked_for_ends_that_one_only() -> None:
    async def body(rig: Rig, scheduler: object) -> None:
        await turns(scheduler, rig)  # type: ignore[arg-type]
        rig.report("declined")
        assert rig.only().state is BookingState.CANCELLED
        assert rig.people.refused == set()

    scheduled(body)
