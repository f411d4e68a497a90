"""A booking is durable before anybody is told, one a person, and only for what is dialled."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from ivrd.core.book_result import BookResult
from ivrd.core.priority import NO_HEAD_START, HeadStart, PriorityRules, Urgency
from tests.callbacks.rig import E164, MOBILE, NOW, SETTINGS, Rig, also


def run(body: Callable[[Rig], Awaitable[None]]) -> None:
    async def inside() -> None:
        rig = await Rig().start()
        try:
            await body(rig)
        finally:
            rig.die()

    asyncio.run(inside())


def test_a_booking_is_in_the_store_when_the_caller_hears_of_it() -> None:
    async def body(rig: Rig) -> None:
        call = rig.calls(joined_at=NOW - 100.0)
        assert await rig.booker.book(call.id) is BookResult.BOOKED
        booking = rig.only()
        assert booking.id in {key for _kind, key in rig.shelf.entries}
        assert rig.vault.open(booking.number) == E164
        assert (booking.queue, booking.topic, booking.effective_at) == ("q", "t", NOW - 100.0)
        assert MOBILE[1:] not in "".join(rig.shelf.entries.values())

    run(body)


def test_who_books_in_the_menu_keeps_what_was_waited_in_earlier_calls() -> None:
    async def body(rig: Rig) -> None:
        rig.credit["#5678"] = 240.0
        call = rig.calls("c1", joined=False)
        assert await rig.booker.book(call.id) is BookResult.BOOKED
        assert rig.only().effective_at == NOW - 240.0

    run(body)


def test_who_waits_already_has_had_the_credit() -> None:
    async def body(rig: Rig) -> None:
        call = rig.calls()
        rig.ledger.note(call.id, effective_at=NOW - 240.0)
        rig.credit["#5678"] = 240.0
        rig.now += 30.0
        assert await rig.booker.book(call.id) is BookResult.BOOKED
        assert rig.only().effective_at == NOW - 240.0

    run(body)


def test_a_booking_has_the_head_start_of_its_call_or_of_its_topic() -> None:
    async def body(rig: Rig) -> None:
        red = HeadStart(Urgency.RED_FLAG, 3600.0)
        call = rig.calls()
        assert await rig.booker.book(call.id) is BookResult.BOOKED
        assert rig.only().turn_at == rig.only().effective_at
        rig.ledger.note(call.id, head_start=red)
        assert await rig.booker.book(call.id) is BookResult.BOOKED
        assert rig.only().head_start == red, "found since"
        assert rig.repository.booked_head_start(call.caller) == red
        assert rig.only().turn_at == rig.only().effective_at - 3600.0
        topics = PriorityRules(topics={"t": Urgency.RISK_GROUP})
        rig.booker.settings = replace(SETTINGS, priority=topics)
        other = rig.calls("c2", "0898765432")
        assert await rig.booker.book(other.id) is BookResult.BOOKED
        (booking,) = (one for one in rig.repository.open() if one.asked_by == other.caller)
        assert booking.head_start == HeadStart(Urgency.RISK_GROUP, 600.0)
        assert rig.repository.booked_head_start("nobody") == NO_HEAD_START

    run(body)


def test_a_slot_is_kept_with_the_place_and_what_is_chosen_last_counts() -> None:
    async def body(rig: Rig) -> None:
        call = rig.calls(joined_at=NOW - 100.0)
        for chosen in (NOW + 3600.0, NOW + 7200.0, 0.0):
            assert await rig.booker.book(call.id, not_before=chosen) is BookResult.BOOKED
            assert (rig.only().not_before, rig.only().effective_at) == (chosen, NOW - 100.0)

    run(body)


def test_slots_are_those_of_the_configuration_within_the_hours() -> None:
    async def body(rig: Rig) -> None:
        assert rig.booker.slots() == ()
        rig.booker.settings = also(slots=(9, 13))
        assert {slot.hour for slot in rig.booker.slots()} == {9, 13}
        assert all(NOW < slot.at <= NOW + 86_400.0 for slot in rig.booker.slots())

    run(body)


def test_what_cannot_be_written_is_not_booked_and_stays_so_when_the_store_is_back() -> None:
    async def body(rig: Rig) -> None:
        call = rig.calls()
        rig.shelf.down = True
        assert await rig.booker.book(call.id) is BookResult.NOT_STORED
        assert rig.repository.all() == []
        assert not rig.booker.offered(call.id)  # nor is it offered meanwhile
        rig.shelf.down = False
        assert await rig.repository.written()
        assert rig.shelf.entries == {}

    run(body)


def test_of_one_person_there_is_one_booking() -> None:
    async def body(rig: Rig) -> None:
        first, second = rig.calls("c1"), rig.calls("c2")
        results = await asyncio.gather(rig.booker.book(first.id), rig.booker.book(second.id))
        assert results == [BookResult.BOOKED] * 2
        assert rig.only().effective_at == NOW

    run(body)


def test_another_number_that_is_keyed_in_later_takes_the_place_of_the_first() -> None:
    async def body(rig: Rig) -> None:
        call = rig.calls()
        await rig.booker.book(call.id)
        before = rig.only()
        assert await rig.booker.book(call.id, "0898765432") is BookResult.BOOKED
        after = rig.only()
        assert rig.vault.open(after.number) == "+66898765432"
        assert (after.id, after.effective_at) == (before.id, before.effective_at)

    run(body)


@pytest.mark.parametrize(
    ("number", "result"),
    [
        ("anonymous", BookResult.NO_NUMBER),
        ("", BookResult.NO_NUMBER),
        ("081", BookResult.NO_NUMBER),
        ("1900222333", BookResult.NOT_ALLOWED),  # premium rate
        ("1800000000", BookResult.NOT_ALLOWED),  # toll free
        ("+12025550123", BookResult.NOT_ALLOWED),  # foreign
        ("00112025550123", BookResult.NOT_ALLOWED),
        ("0212345678901234567890", BookResult.NO_NUMBER),
        ("021234567", BookResult.BOOKED),
        (E164, BookResult.BOOKED),
    ],
)
def test_only_numbers_are_booked_that_the_hotline_dials(number: str, result: BookResult) -> None:
    async def body(rig: Rig) -> None:
        call = rig.calls(number=number)
        assert await rig.booker.book(call.id) is result

    run(body)


@pytest.mark.parametrize(
    ("number", "result"),
    [("0812345678", BookResult.BOOKED), ("021234567", BookResult.NOT_ALLOWED)],
)
def test_a_number_may_have_to_begin_as_the_list_says(number: str, result: BookResult) -> None:
    async def body(rig: Rig) -> None:
        rig.booker.settings = also(prefixes=("+668", "+669"))
        assert await rig.booker.book(rig.calls(number=number).id) is result

    run(body)


def test_a_call_that_asterisk_cannot_tell_of_is_not_booked() -> None:
    async def body(rig: Rig) -> None:
        call = rig.calls()
        rig.asterisk.lost = True
        assert await rig.booker.book(call.id) is BookResult.NOT_OFFERED
        assert await rig.booker.book("nobody") is BookResult.NOT_OFFERED

    run(body)


def test_a_call_back_is_offered_when_the_wait_is_long_and_calls_may_be_made() -> None:
    async def body(rig: Rig) -> None:
        assert rig.booker.worthwhile("q")
        rig.wait = 299.0
        assert not rig.booker.worthwhile("q")
        rig.wait = 600.0
        rig.booker.settings = also(trunk="")
        assert not rig.booker.worthwhile("q")
        assert not rig.booker.offered(rig.calls().id)

    run(body)
