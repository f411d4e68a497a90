"""What is known of people reaches who needs it: seen from outside, over a fake Asterisk."""

from datetime import datetime
from pathlib import Path

import pytest

from ivrd.api.server import NotNow
from ivrd.calls.caller_hash import Hasher, caller_key
from ivrd.config.key_file import KeyFile
from ivrd.core.book_result import BookResult
from ivrd.daemon.wiring import Wiring
from tests.asterisk.fake_ami import block
from tests.daemon.hotline import Hotline, live, until

NUMBER = "0200000098"
SHOWN = "0812345678"  # made up, and one that may be dialled


async def waits(at: Hotline, number: str) -> str:
    call = at.call_id()
    at.arrive(call, number)
    at.emit("QueueCallerJoin", call, Queue=at.queue)
    await until(lambda: call in at.wiring.ledger.calls)
    return call


async def gone(at: Hotline, *calls: str) -> None:
    for call in calls:
        at.emit("Hangup", call)
    await until(lambda: not set(calls) & at.wiring.ledger.calls.keys())


ERASED = {"person": True, "entries": 1, "callbacks": 0, "messages": 0}


async def gives_up(at: Hotline, number: str) -> None:
    await gone(at, await waits(at, number))


def at_once(wiring: Wiring) -> None:
    """Whoever gives up is one of the lost."""
    wiring.people.numbers.recover_after_seconds = 0.0


def test_people_are_counted_in_metrics_and_in_the_day(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        waiting = await waits(at, NUMBER)
        await until(lambda: at.series("ivrd_people_trying") > 0)
        await gone(at, waiting)
        await gives_up(at, NUMBER)  # with the next one three calls, of which none is there
        again = await waits(at, NUMBER)
        at.emit("AgentConnect", again, Interface="PJSIP/base-01")
        await gone(at, again)
        assert at.series("ivrd_people") == 1
        assert at.series("ivrd_people_calls") == 3
        day = await at.ask("day")
        assert (day["people"]["answered"], day["people"]["redials"]) == (1, 2)

    live(tmp_path, body)


def test_a_restart_counts_the_people_of_before(tmp_path: Path) -> None:
    async def before(at: Hotline) -> None:
        await gives_up(at, NUMBER)
        assert await at.wiring.write_behind.flush(30.0)

    async def after(at: Hotline) -> None:
        await until(lambda: at.series("ivrd_people_calls") == 1)
        await until(lambda: at.wiring.people.registry.complete)
        assert len(at.wiring.people.registry.people) == 1

    live(tmp_path, before)
    live(tmp_path, after)


def test_of_the_lost_the_number_can_be_opened_after_a_restart_and_is_nowhere_in_clear(
    tmp_path: Path,
) -> None:
    async def before(at: Hotline) -> None:
        at_once(at.wiring)
        await gives_up(at, NUMBER)
        assert await at.wiring.write_behind.flush(30.0)

    async def after(at: Hotline) -> None:
        at_once(at.wiring)
        await until(lambda: at.wiring.people.registry.complete)
        listed = await at.do("recover")
        assert [row["number"] for row in listed["people"]] == [NUMBER]
        now = datetime.now(at.wiring.settings.zone)
        last_at = datetime.fromisoformat(listed["people"][0]["last_at"])
        assert abs((now - last_at).total_seconds()) < 600.0
        shown = await at.do("person", number=NUMBER)
        assert (shown["person"]["number"], len(shown["calls"])) == (NUMBER, 1)
        await at.do("no-callback", number=NUMBER)
        assert (await at.do("recover"))["people"] == []
        assert await at.do("erase-person", number=NUMBER) == ERASED
        entries = (await at.ask("audit"))["entries"]
        assert {"person erased", "no callback"} <= {entry["what"] for entry in entries}

    live(tmp_path, before)
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("store.sqlite*"))
    assert b"number" in stored
    assert NUMBER.encode() not in stored
    live(tmp_path, after)


def test_who_is_on_the_line_is_not_erased(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        call = at.call_id()
        at.arrive(call, NUMBER)  # in the menu, and in no queue yet
        await until(lambda: call in at.wiring.ledger.calls)
        with pytest.raises(NotNow, match="a call of this person is here"):
            await at.do("erase-person", number=NUMBER)
        await gone(at, call)

    live(tmp_path, body)


def test_after_the_key_is_replaced_who_has_booked_and_is_answered_is_not_called(
    tmp_path: Path,
) -> None:
    async def before(at: Hotline) -> None:
        booking = at.wiring.callbacks.booker
        call = at.call_id()
        at.arrive(call, SHOWN)
        at.ami.answers["Getvar"] = lambda _action: block(Response="Success", Value=SHOWN)
        await until(lambda: call in at.wiring.ledger.calls and booking.takes())
        assert await booking.book(call) is BookResult.BOOKED
        await gone(at, call)

    async def after(at: Hotline) -> None:
        bookings = at.wiring.callbacks.bookings
        call = at.call_id()
        at.arrive(call, SHOWN)  # perhaps before the bookings of before are read
        await until(lambda: call in at.wiring.ledger.calls and bookings.complete)
        (booking,) = bookings.open()
        assert booking.person == booking.asked_by == at.wiring.ledger.calls[call].caller
        at.ami.answers["Getvar"] = lambda _action: block(Response="Success", Value=SHOWN)
        assert await at.wiring.callbacks.booker.book(call) is BookResult.BOOKED
        assert len(bookings.all()) == 1
        at.emit("QueueCallerJoin", call, Queue=at.queue)
        at.emit("AgentConnect", call, Interface="PJSIP/base-01")
        await gone(at, call)
        await until(lambda: not bookings.open())

    live(tmp_path, before)
    replace_key(tmp_path)
    live(tmp_path, after)


def replace_key(folder: Path) -> None:
    keys = KeyFile(folder / "caller.key", "caller_key_file", "")
    keys.path.rename(keys.previous_path)


def test_after_the_key_is_replaced_who_calls_is_the_person_that_was_known(tmp_path: Path) -> None:
    async def before(at: Hotline) -> None:
        at_once(at.wiring)
        await gives_up(at, NUMBER)
        assert await at.wiring.write_behind.flush(30.0)

    async def after(at: Hotline) -> None:
        at_once(at.wiring)
        people = at.wiring.people.registry.people
        await until(lambda: at.wiring.people.registry.complete)
        hasher = Hasher(caller_key(tmp_path / "caller.key").keys(), "TH")
        (old,) = hasher.previous_hashes(NUMBER)
        assert people.get(old)
        await gives_up(at, NUMBER)
        new = hasher.hash_number(NUMBER)
        assert people.get(old) is None
        known = people.get(new)
        assert known is not None
        assert len(known.waits) == 2
        figures = (await at.ask("day"))["people"]
        assert (figures["total"], figures["redials"]) == (1, 1)
        await until(lambda: at.series("ivrd_people_calls") == 2)
        assert at.series("ivrd_people") == 1
        await at.wiring.write_behind.flush(30.0)
        stored = await at.wiring.write_behind.load("people")
        assert list(stored) == [new]

    live(tmp_path, before)
    replace_key(tmp_path)
    live(tmp_path, after)
