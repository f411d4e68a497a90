"""Bookings of people whose ids have changed since: the key of hashes was replaced."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from ivrd.callbacks.repository import BOOKINGS, STORED_BOOKING
from ivrd.core.book_result import BookResult
from tests.callbacks.rig import MOBILE, Rig

OLD, NEW = f"#{MOBILE[-4:]}", "new"


async def booked() -> Rig:
    """Somebody who was known as `OLD` is to be called back, and that ivrd has ended."""
    rig = await Rig().start()
    assert await rig.booker.book(rig.calls().id) is BookResult.BOOKED
    rig.die()
    return rig


def test_who_called_before_the_bookings_were_read_has_them_under_the_new_id() -> None:
    async def body() -> None:
        before = await booked()
        after = Rig(before.shelf)
        after.renamed = {OLD: NEW}
        after.repository.rename(OLD, NEW)  # the person has called: nothing is read yet
        assert after.repository.of_person(NEW) is None
        await after.start()
        (booking,) = after.repository.all()
        assert (booking.person, booking.asked_by) == (NEW, NEW)
        assert after.repository.of_person(OLD) is None
        assert await after.write_behind.flush(2.0)
        ((_key, text),) = (await after.write_behind.load(BOOKINGS)).items()
        assert STORED_BOOKING.validate_json(text).person == NEW
        after.die()

    asyncio.run(body())


def test_who_calls_after_that_has_them_at_once() -> None:
    async def body() -> None:
        before = await booked()
        after = await Rig(before.shelf).start()
        after.repository.rename(OLD, NEW)
        (booking,) = after.repository.all()
        assert (booking.person, booking.asked_by) == (NEW, NEW)
        after.die()

    asyncio.run(body())


@given(st.lists(st.integers(0, 10**6), unique=True, max_size=200))
def test_a_standby_keeps_nothing_of_who_calls_while_the_key_is_replaced(callers: list[int]) -> None:
    rig = Rig()
    kept = {name: repr(value) for name, value in vars(rig.repository).items()}
    for caller in callers:
        rig.repository.rename(f"old {caller}", f"new {caller}")
    assert {name: repr(value) for name, value in vars(rig.repository).items()} == kept
