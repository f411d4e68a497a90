"""What calls people back reaches who needs it: seen from outside, over a fake Asterisk."""

from dataclasses import replace
from pathlib import Path

from ivrd.asterisk.dialplan_names import ATTEMPT, ATTEMPT_EVENT
from ivrd.core.book_result import BookResult
from ivrd.core.booking import AttemptResult, Booking, BookingState
from ivrd.core.call import CallState
from ivrd.core.people import Person, Wait
from tests.asterisk.fake_ami import Headers, block
from tests.asterisk.fake_sip import fake_sip
from tests.daemon.hotline import Hotline, live, until

NUMBER = "0812345678"
E164 = "+66812345678"


def number_of(action: Headers) -> str:
    """What Asterisk says of a variable: of calls their number, of attempts nothing."""
    value = NUMBER if "Channel" in action else ""
    return block(Response="Success", Variable=action["Variable"], Value=value)


def at_any_hour(at: Hotline, port: int = 1) -> None:
    """People may be called, by the Asterisk that takes requests at `port`."""
    at.ami.answers["Getvar"] = number_of
    callbacks = at.wiring.callbacks
    for part in (callbacks.booker, callbacks.scheduler, callbacks.dialler):
        always = replace(part.settings.callback, schedule=None, offer_after_seconds=-1.0)
        callback = replace(always, port=port)
        part.settings = replace(part.settings, callback=callback)


async def in_menu(at: Hotline) -> str:
    call = at.call_id()
    at.arrive(call, NUMBER)
    await until(lambda: call in at.wiring.ledger.calls)
    return call


async def gone(at: Hotline, call: str) -> None:
    at.emit("Hangup", call)
    await until(lambda: call not in at.wiring.ledger.calls)


def a_seat_is_free(at: Hotline) -> None:
    seat = "PJSIP/base-01"
    at.emit("DeviceStateChange", "", Device=seat, State="NOT_INUSE")
    member = {"Queue": at.queue, "Interface": seat, "MemberName": seat, "StateInterface": seat}
    at.emit("QueueMemberAdded", "", **member, Status="1", Paused="0", Penalty="0")


async def books(at: Hotline, port: int = 1) -> Booking:
    """Somebody who has waited before books in the menu, and hangs up."""
    at_any_hour(at, port)
    callbacks, people = at.wiring.callbacks, at.wiring.people
    await until(lambda: callbacks.bookings.complete and people.registry.complete)
    now, person = at.wiring.timeline.now(), people.hasher.hash_number(E164)
    waited = Wait(now - 300.0, now - 300.0, now - 60.0)
    people.registry.people.restore(Person(person, now - 60.0, (waited,)))
    call = await in_menu(at)
    assert callbacks.booker.worthwhile(at.queue)
    assert await callbacks.booker.book(call) is BookResult.BOOKED
    await gone(at, call)
    (booking,) = callbacks.bookings.open()
    assert booking.person == person
    return booking


def test_who_books_in_the_menu_has_the_place_of_earlier_calls_and_keeps_it(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        booking = await books(at)
        assert abs(booking.booked_at - booking.effective_at - 240.0) < 1.0
        (row,) = (await at.ask("callbacks"))["callbacks"]
        assert row["id"] == booking.id
        assert at.series("ivrd_bookings") == 1
        # Whoever dials in meanwhile has the place of the booking, whatever else is known of them.
        at.wiring.people.registry.people.forget(booking.person)
        again = await in_menu(at)
        at.emit("QueueCallerJoin", again, Queue=at.queue)
        await until(lambda: at.wiring.ledger.present.waiting(at.queue))
        arrived = at.wiring.ledger.calls[again].effective_at
        assert arrived is not None
        assert abs(arrived - booking.effective_at) < 1.0

    live(tmp_path, body)


def test_when_a_seat_is_free_the_number_is_dialled_for_the_place_of_the_booking(
    tmp_path: Path,
) -> None:
    async def body(at: Hotline) -> None:
        async with fake_sip() as asterisk:
            booking = await dialled(at, asterisk.port)
            await until(lambda: asterisk.came)
        wanted = ATTEMPT + booking.id
        (told,) = (one for one in at.ami.named("Setvar") if wanted in one["Variable"])
        parts = told["Value"].split("|")
        assert parts[1] == f"{E164}@callback-trunk"
        effective_at = at.wiring.asterisk_clock.reading(booking.effective_at)
        assert abs(int(parts[6]) / 1000.0 - effective_at) < 1.0

    live(tmp_path, body)


async def dialled(at: Hotline, port: int) -> Booking:
    """The booking of somebody who is being called."""
    await books(at, port)
    a_seat_is_free(at)
    members = at.wiring.queue_members
    await until(lambda: any(map(members.here, members.pools)))
    at.wiring.partners.controller.evaluate(at.wiring.timeline.now())
    await at.wiring.callbacks.scheduler.evaluate()
    await until(lambda: at.wiring.callbacks.bookings.open()[0].on)
    return at.wiring.callbacks.bookings.open()[0]


def test_who_was_busy_is_dialled_again_later(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        async with fake_sip() as asterisk:
            booking = await dialled(at, asterisk.port)
            await until(lambda: asterisk.came)
            about = {"Token": booking.token, "State": "failed", "Detail": "BUSY:17:"}
            at.emit("UserEvent", "1.1", UserEvent=ATTEMPT_EVENT, **about)
            await until(lambda: not at.wiring.callbacks.bookings.open()[0].on)
        (again,) = at.wiring.callbacks.bookings.open()
        assert again.state is BookingState.WAITING
        assert [one.result for one in again.attempts] == [AttemptResult.BUSY]

    live(tmp_path, body)


def test_who_dials_in_and_is_answered_is_not_called_back(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        await books(at)
        again = await in_menu(at)
        at.emit("QueueCallerJoin", again, Queue=at.queue)
        at.emit("AgentConnect", again, Interface="PJSIP/base-01")
        await until(lambda: at.wiring.ledger.calls[again].state is CallState.TALK)
        await gone(at, again)
        await until(lambda: not at.wiring.callbacks.bookings.open())

    live(tmp_path, body)
