"""Attempts: begun once whoever begins them, followed to their end, whatever is lost on the way."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from ivrd.core.booking import AttemptResult, Booking, BookingState
from ivrd.core.call import AnsweredBy
from ivrd.core.call_events import Connected, HungUp, JoinedQueue
from ivrd.core.priority import HeadStart, Urgency
from tests.callbacks.rig import E164, NOW, Rig, variable


def run(body: Callable[[Rig], Awaitable[None]]) -> None:
    """With one booking, whose caller has hung up."""

    async def inside() -> None:
        rig = await booked()
        try:
            await body(rig)
        finally:
            rig.die()

    asyncio.run(inside())


async def booked() -> Rig:
    rig = await Rig().start()
    call = rig.calls(joined_at=NOW - 100.0)
    await rig.booker.book(call.id)
    rig.ledger.apply(call.id, HungUp(NOW))
    return rig


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def begin(rig: Rig) -> Booking:
    await rig.dialler.begin(rig.only())
    return rig.only()


def happens(rig: Rig, call_id: str, *events: object) -> None:
    for event in events:
        for notice in rig.ledger.apply(call_id, event):  # type: ignore[arg-type]
            rig.dialler.notice(notice)


def test_an_attempt_is_stored_before_it_is_dialled() -> None:
    async def body(rig: Rig) -> None:
        booking = await begin(rig)
        assert booking.state is BookingState.DIALLING
        assert rig.asterisk.placed == [booking.token]
        wanted = rig.asterisk.variables[variable(booking)].split("|")
        assert wanted[:6] == ["dial", E164, "30", "", "q", "t"]
        assert wanted[6:] == [f"{NOW - 100:.0f}000", "topic", "asked", ""]
        assert '"dialling"' in rig.shelf.entries["bookings", booking.id]

    run(body)


def test_nothing_is_dialled_while_it_cannot_be_stored() -> None:
    async def body(rig: Rig) -> None:
        rig.shelf.down = True
        assert (await begin(rig)).state is BookingState.WAITING
        assert rig.asterisk.placed == []

    run(body)


def test_from_the_ringing_to_the_talk() -> None:
    async def body(rig: Rig) -> None:
        await begin(rig)
        rig.dials()
        rig.report("ringing")
        assert rig.ledger.calls["back1"].effective_at == NOW - 100.0
        rig.now += 10.0
        rig.report("announcement")
        rig.now += 5.0
        rig.report("confirmed")
        assert rig.told.leads == [15.0]
        happens(
            rig,
            "back1",
            JoinedQueue(rig.now, "q"),
            Connected(rig.now + 2.0, AnsweredBy.INHOUSE, "base-01"),
            HungUp(rig.now + 60.0),
        )
        booking = rig.only()
        assert (booking.state, booking.number) == (BookingState.REACHED, "")
        assert rig.told.waits == [2.0]
        rig_report_after_the_end(rig, booking)
        assert rig.told.results == {AttemptResult.REACHED: 1}

    run(body)


def test_the_head_start_of_a_booking_is_that_of_its_call() -> None:
    async def body(rig: Rig) -> None:
        red = HeadStart(Urgency.RED_FLAG, 3600.0)
        rig.repository.put(replace(rig.only(), head_start=red))
        await begin(rig)
        assert rig.asterisk.variables[variable(rig.only())].split("|")[9] == "red_flag:3600000"
        rig.dials()
        rig.report("ringing")
        assert rig.ledger.calls["back1"].head_start == red

    run(body)


def rig_report_after_the_end(rig: Rig, booking: Booking) -> None:
    """The variable says so as well, a moment later."""
    before = rig.only()
    rig.asterisk.variables[variable(booking)] = "reached|back1"
    assert rig.only() is before


def test_who_hangs_up_in_the_moment_of_the_answer_is_called_again() -> None:
    async def body(rig: Rig) -> None:
        await begin(rig)
        rig.dials()
        rig.report("confirmed")
        happens(rig, "back1", JoinedQueue(NOW, "q"))
        rig.report("reached")  # the seat had answered, and nobody was connected
        assert rig.only().state is BookingState.WAITING
        assert rig.told.results == {AttemptResult.LEFT: 1}

    run(body)


@pytest.mark.parametrize(
    ("state", "detail", "result"),
    [
        ("failed", "BUSY:17:yes", AttemptResult.BUSY),
        ("no_key", "back1", AttemptResult.NO_KEY),
        ("hung_up", "back1", AttemptResult.HUNG_UP),
        ("failed", "CONGESTION:34:no", AttemptResult.TRUNK),
    ],
)
def test_what_came_of_an_attempt_is_forgotten_by_asterisk_once_it_is_stored(
    state: str, detail: str, result: AttemptResult
) -> None:
    async def body(rig: Rig) -> None:
        booking = await begin(rig)
        rig.report(state, detail)
        assert rig.told.results == {result: 1}
        assert await rig.repository.written()
        await settle()
        assert rig.asterisk.variables[variable(booking)] == ""

    run(body)


@pytest.mark.parametrize("state", ["dialling", "ringing|back1", "announcement|back1"])
def test_the_next_ivrd_goes_on_with_an_attempt_and_begins_no_second(state: str) -> None:
    async def body(rig: Rig) -> None:
        booking = await begin(rig)
        rig.die()
        rig.asterisk.variables[variable(booking)] = state
        after = await Rig(rig.shelf, rig.asterisk).start()
        await after.dialler.look()
        assert after.only().on
        after.report("confirmed")
        assert after.only().state is BookingState.IN_QUEUE
        after.report("reached")
        assert after.only().state is BookingState.REACHED
        assert len(rig.asterisk.placed) == 1
        after.die()

    run(body)


def test_an_attempt_that_nobody_had_begun_is_begun_again_later() -> None:
    async def body(rig: Rig) -> None:
        booking = await begin(rig)
        rig.die()  # the request was not placed
        after = await Rig(rig.shelf, rig.asterisk).start()
        await after.dialler.look()
        await settle()
        assert rig.asterisk.variables[variable(booking)] == ""  # nor will it be, if it comes late
        assert after.only().state is BookingState.WAITING
        after.die()

    run(body)


def test_an_attempt_that_was_made_before_the_store_lost_it_is_not_made_twice() -> None:
    """A store that failed over has an older state of the booking."""

    async def body(rig: Rig) -> None:
        old = dict(rig.shelf.entries)
        booking = await begin(rig)
        rig.die()
        rig.shelf.entries = old
        rig.asterisk.variables[variable(booking)] = "reached|back1"
        after = await Rig(rig.shelf, rig.asterisk).start()
        await after.dialler.begin(after.only())
        assert after.only().state is BookingState.REACHED
        assert len(rig.asterisk.placed) == 1
        after.die()

    run(body)


def test_an_asterisk_that_was_started_anew_has_lost_the_attempt() -> None:
    async def body(rig: Rig) -> None:
        await begin(rig)
        rig.asterisk.variables.clear()
        await rig.dialler.look()
        assert rig.only().state is BookingState.WAITING
        assert rig.told.results == {AttemptResult.FAULT: 1}

    run(body)


def test_a_request_that_asterisk_refuses_is_a_fault_that_does_not_count() -> None:
    async def body(rig: Rig) -> None:
        rig.asterisk.refuses = True
        booking = await begin(rig)
        assert booking.state is BookingState.WAITING
        assert booking.counted == 0

    run(body)


def test_a_lost_connection_leaves_the_attempt_to_be_looked_at() -> None:
    async def body(rig: Rig) -> None:
        rig.asterisk.lost = True
        assert (await begin(rig)).on
        rig.asterisk.lost = False
        await rig.dialler.look()
        assert rig.only().state is BookingState.WAITING

    run(body)


def test_a_number_that_cannot_be_opened_ends_in_a_booking_that_is_given_up() -> None:
    async def body(rig: Rig) -> None:
        rig.vault.lost = True
        for _ in range(3):
            await begin(rig)
        assert rig.only().state is BookingState.GIVEN_UP
        assert rig.asterisk.placed == []

    run(body)


def test_who_dials_in_and_is_answered_is_not_called_back() -> None:
    async def body(rig: Rig) -> None:
        rig.calls("c2")
        happens(rig, "c2", Connected(NOW, AnsweredBy.INHOUSE, "base-01"))
        assert rig.only().answered_at == NOW
        happens(rig, "c2", HungUp(NOW + 60.0))
        assert rig.only().state is BookingState.REACHED

    run(body)


def test_a_talk_whose_end_nobody_reported_closes_the_booking_in_time() -> None:
    async def body(rig: Rig) -> None:
        rig.calls("c2")
        happens(rig, "c2", Connected(NOW, AnsweredBy.INHOUSE, "base-01"))
        rig.dialler.close_talked({"#5678"}, NOW + 100.0)
        assert rig.only().open
        rig.dialler.close_talked(set(), NOW + 100.0)
        assert rig.only().state is BookingState.REACHED

    run(body)


def test_a_store_that_cannot_be_read_is_read_later() -> None:
    async def body(rig: Rig) -> None:
        rig.shelf.down = True
        after = await Rig(rig.shelf, rig.asterisk).start()
        assert not after.repository.complete
        rig.shelf.down = False
        await after.repository.restore()
        assert after.only() == rig.only()
        after.die()

    run(body)


def test_a_text_that_is_no_booking_is_left_out() -> None:
    async def body(rig: Rig) -> None:
        rig.shelf.entries["bookings", "x"] = "[]"
        after = await Rig(rig.shelf, rig.asterisk).start()
        assert after.only() == rig.only()
        after.die()

    run(body)
