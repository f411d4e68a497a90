"""Pools and queues that a reload renames, adds or takes away."""

import asyncio
import time
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ivrd.asterisk.queue_members import QueueMembers
from ivrd.core.seats import Member, Pool, open_after
from tests.asterisk.test_queue_members import BASE, FIXED, SURGE, FakeQueues
from tests.fixtures.agents import NoAgents

RENAMED = Pool("extra", tuple(f"extra-{n}" for n, _ in enumerate(SURGE.seats)), SURGE.queues, False)


def test_a_pool_by_another_name_is_as_open_as_it_was() -> None:
    assert open_after({"base", "surge"}, (BASE, SURGE), (BASE, RENAMED)) == {"base", "extra"}
    assert open_after({"base"}, (BASE, SURGE), (BASE, RENAMED)) == {"base"}
    closed = replace(BASE, name="home")
    assert open_after({"surge"}, (BASE, SURGE), (closed, SURGE)) == {"surge"}


def test_a_new_pool_is_open_if_the_configuration_says_so() -> None:
    more = Pool("more", ("more-1", "more-2", "more-3"), BASE.queues, fixed=True)
    assert open_after({"base"}, (BASE,), (BASE, more)) == {"base", "more"}
    assert open_after({"base"}, (BASE,), (BASE, replace(more, fixed=False))) == {"base"}


@given(st.sets(st.sampled_from(["base", "surge"])))
def test_without_a_change_nothing_opens_or_closes(wanted: set[str]) -> None:
    assert open_after(wanted, (BASE, SURGE), (BASE, SURGE)) == wanted


def seating(members: list[Member]) -> tuple[FakeQueues, QueueMembers]:
    queues = FakeQueues(members, "")
    found = QueueMembers(queues, (BASE, SURGE), time.time, (), lambda: None, NoAgents())  # type: ignore[arg-type]
    found.read(queues.snapshot())
    return queues, found


def test_seats_that_no_pool_has_any_more_leave_the_queues() -> None:
    async def body() -> None:
        surge = [Member(queue, seat) for queue in SURGE.queues for seat in SURGE.seats]
        queues, members = seating([*(Member(*key) for key in FIXED), *surge])
        members.configure((BASE, RENAMED))
        await members.reconcile()
        assert queues.seats() == {*BASE.seats, *RENAMED.seats}
        assert members.open == {"base", "extra"}

    asyncio.run(body())


def test_a_seat_leaves_the_queue_that_its_pool_no_longer_serves() -> None:
    async def body() -> None:
        surge = [Member(queue, seat) for queue in SURGE.queues for seat in SURGE.seats]
        queues, members = seating([*(Member(*key) for key in FIXED), *surge])
        members.configure((BASE, replace(SURGE, queues=SURGE.queues[:1])))
        await members.reconcile()
        left = {queue for queue, seat in queues.members if seat in SURGE.seats}
        assert left == {SURGE.queues[0]}

    asyncio.run(body())


def test_a_queue_that_asterisk_has_dropped_with_its_seats_is_no_trouble() -> None:
    async def body() -> None:
        queues, members = seating([Member(*key) for key in FIXED])
        without = tuple(queue for queue in BASE.queues if queue != "red")
        queues.without = "red"
        members.configure((replace(BASE, queues=without), replace(SURGE, queues=without)))
        await members.reconcile()
        queues.asked.clear()
        assert await members.reconcile() == []
        assert queues.asked == []

    asyncio.run(body())
