"""What is known of people outlives ivrd, whatever the store does meanwhile."""

import asyncio
from dataclasses import replace
from typing import cast

from ivrd.core.call import Call, CallState, Outcome, Stage
from ivrd.core.call_notices import Ended
from ivrd.core.people import FairnessRules, People
from ivrd.people.registry import PeopleRegistry
from ivrd.people.repository import PEOPLE, PeopleRepository
from ivrd.store import WriteBehind
from tests.fixtures.booked import Booked
from tests.partners.rig import Shelf

NOW = 1_700_000_000.0
WHO = "0a1b2c3d4e5f"


async def settled() -> None:
    """What goes on in the background is over."""
    await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})


class Rig:
    """People on a shelf, on a clock that was set forward by `shift` seconds."""

    def __init__(self, shelf: Shelf, shift: float = 0.0) -> None:
        self.shelf, self.now = shelf, NOW
        self.people = People(FairnessRules())
        self.repository = PeopleRepository(cast(WriteBehind, shelf), lambda: shift)
        self.registry = PeopleRegistry(
            self.people,
            self.repository,
            lambda: self.now,
            Booked(),
        )

    async def restore(self) -> None:
        await self.registry.restore()
        await settled()

    def gives_up(self, call_id: str, seconds: float, who: str = WHO) -> None:
        call = Call(call_id, self.now, who, CallState.QUEUE, joined_at=self.now)
        self.registry.moved(call, None)
        self.now += seconds
        call = replace(call, state=CallState.ENDED, ended_at=self.now)
        self.registry.notice(Ended(call, Outcome.ABANDONED, Stage.QUEUE))


def test_a_restart_keeps_what_was_waited() -> None:
    shelf = Shelf()
    first, second = Rig(shelf), Rig(shelf)
    asyncio.run(first.restore())
    first.gives_up("1", 60.0)
    asyncio.run(second.restore())
    assert second.people.credit(WHO, NOW + 70.0) == 60.0


def test_whom_the_leader_has_erased_the_standby_knows_no_more_once_it_leads() -> None:
    shelf = Shelf()
    leader, standby = Rig(shelf), Rig(shelf)
    asyncio.run(leader.restore())
    for rig in (leader, standby):
        rig.gives_up("1", 60.0)
        rig.now += 600.0
        rig.gives_up("2", 60.0, "of somebody else")
    leader.registry.erase(WHO)
    standby.now += 600.0
    standby.gives_up("3", 60.0, "of whom the leader has not written yet")
    asyncio.run(standby.restore())
    known = {person.id for person in standby.people}
    assert known == {"of somebody else", "of whom the leader has not written yet"}


def test_a_store_that_has_lost_everything_makes_the_standby_forget_nobody() -> None:
    standby = Rig(Shelf())
    standby.gives_up("1", 60.0)
    standby.now += 600.0
    asyncio.run(standby.restore())
    assert [person.id for person in standby.people] == [WHO]


def test_a_standby_follows_and_stores_nothing() -> None:
    shelf = Shelf()
    rig = Rig(shelf)
    rig.gives_up("1", 60.0)
    assert not shelf.of(PEOPLE)
    assert rig.people.credit(WHO, NOW + 70.0) == 60.0


def test_a_standby_forgets_who_has_not_called_for_long_with_the_id_before_and_stores_nothing() -> (
    None
):
    """However long it is the standby, also while the key of hashes is replaced."""
    shelf = Shelf()
    rig = Rig(shelf)
    for n in range(20):
        rig.registry.renamed(f"old {n}", f"new {n}")
        rig.gives_up(f"{n}", 60.0, f"new {n}")
        rig.now += 86_400.0
    assert len(rig.people) <= 5  # people.keep_days, as shipped, is 3
    assert len(rig.people._renamed) == len(rig.people)
    assert rig.people.current("old 19") == "new 19"
    assert not shelf.of(PEOPLE)


def test_what_was_stored_while_the_store_was_down_is_added() -> None:
    """The first ivrd's store has one wait; the next one starts without it and sees another."""
    shelf = Shelf()
    first, second = Rig(shelf), Rig(shelf)
    asyncio.run(first.restore())
    first.gives_up("1", 60.0)
    shelf.down = True
    asyncio.run(second.restore())
    second.now = first.now
    second.gives_up("2", 30.0)
    shelf.down = False

    async def back() -> None:
        second.registry.write_again()
        await settled()

    asyncio.run(back())
    third = Rig(shelf)
    asyncio.run(third.restore())
    assert third.people.credit(WHO, second.now) == 90.0


def test_a_clock_that_was_set_changes_no_credit() -> None:
    shelf = Shelf()
    first, second = Rig(shelf), Rig(shelf, shift=3600.0)
    asyncio.run(first.restore())
    first.gives_up("1", 60.0)
    asyncio.run(second.restore())
    assert second.people.credit(WHO, NOW + 70.0 - 3600.0) == 60.0


def test_broken_entries_cost_nobody_else() -> None:
    shelf = Shelf()
    first, second = Rig(shelf), Rig(shelf)
    asyncio.run(first.restore())
    first.gives_up("1", 60.0)
    cast(WriteBehind, shelf).put(PEOPLE, "ffff", '{"id": 1, "waits": "many"}')
    asyncio.run(second.restore())
    assert second.people.credit(WHO, NOW + 70.0) == 60.0
    assert second.repository.skipped == 1


def test_who_has_not_called_for_long_is_forgotten_in_the_store_as_well() -> None:
    shelf = Shelf()
    rig = Rig(shelf)
    asyncio.run(rig.restore())
    rig.gives_up("1", 60.0)
    rig.now += 4 * 86_400.0
    call = Call("2", rig.now, "other", CallState.ENDED, joined_at=rig.now, ended_at=rig.now)
    rig.registry.notice(Ended(call, Outcome.ABANDONED, Stage.QUEUE))
    assert list(shelf.of(PEOPLE)) == ["other"]
