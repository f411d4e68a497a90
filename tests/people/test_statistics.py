"""People are counted across restarts, whenever the store can be read."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from ivrd.core.call import AnsweredBy, Call, CallState, Outcome, Stage
from ivrd.core.call_notices import Ended
from ivrd.core.day import CompletedCall, completed_call
from ivrd.core.people import FairnessRules, People
from ivrd.core.people_figures import PersonState
from ivrd.people.statistics import READ_SECONDS, PeopleStatistics
from ivrd.store import StoreDown

NOW = 1_700_000_000.0
HOUR = 3600.0


class History:
    """The calls that have ended; `reading` is set when they are read, which `go` lets end."""

    def __init__(self) -> None:
        self.calls: list[CompletedCall] = []
        self.down = False
        self.since = 0.0
        self.reading, self.go = asyncio.Event(), asyncio.Event()
        self.go.set()

    async def ended_calls(self, since: float) -> AsyncIterator[list[CompletedCall]]:
        self.since = since
        if self.down:
            raise StoreDown("gone")
        self.reading.set()
        yield list(self.calls)
        await self.go.wait()


class Rig:
    """One ivrd."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.now = NOW
        self.here: dict[str, Call] = {}
        self.people = People(FairnessRules())
        self.made = PeopleStatistics(history, self.here, 3, self.people, lambda: self.now)

    async def restore(self) -> None:
        await self.made.restore()
        await settled()

    def begins(self, call_id: str, who: str, at: float) -> Call:
        call = Call(call_id, at, who, CallState.QUEUE, joined_at=at)
        self.here[call_id] = call
        self.made.moved(call, None)
        return call

    def ends(self, call_id: str, *, answered: bool = False) -> None:
        ended = over(self.here.pop(call_id), answered=answered)
        self.history.calls.append(completed_call(ended))
        self.made.notice(ended)

    def people_now(self) -> dict[str, int]:
        figures = self.made.count.figures()
        found = {state.value: people for state, people in figures.people.items() if people}
        return found | {"calls": figures.calls}


def over(call: Call, *, answered: bool) -> Ended:
    call = replace(call, state=CallState.ENDED, ended_at=call.received_at + 60.0)
    if answered:
        call = replace(call, by=AnsweredBy.INHOUSE, connected_at=call.received_at)
        return Ended(call, Outcome.ANSWERED, Stage.TALK)
    return Ended(call, Outcome.ABANDONED, Stage.QUEUE)


async def settled() -> None:
    await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})


def test_a_restart_counts_on_where_the_other_ended() -> None:
    async def body() -> None:
        history = History()
        first, second = Rig(history), Rig(history)
        await first.restore()
        for number, who in enumerate(("a", "b", "a"), 1):
            first.begins(str(number), who, NOW - HOUR + number)
            first.ends(str(number), answered=number == 3)
        first.begins("4", "c", NOW - 60.0)
        assert first.people_now() == {"answered": 1, "trying": 2, "calls": 4}
        second.here = {**first.here}
        second.made = PeopleStatistics(history, second.here, 3, second.people, lambda: NOW)
        await second.restore()
        assert second.people_now() == first.people_now()
        assert history.since == NOW - READ_SECONDS
        second.ends("4", answered=True)
        assert second.people_now() == {"answered": 2, "trying": 1, "calls": 4}

    asyncio.run(body())


def test_what_happens_while_the_calls_before_are_read_counts_once() -> None:
    async def body() -> None:
        history = History()
        before = Rig(history)
        await before.restore()
        before.begins("1", "a", NOW - 300.0)
        before.ends("1")
        history.go.clear()
        rig = Rig(history)
        await rig.made.restore()
        rig.begins("2", "a", NOW - 90.0)
        await history.reading.wait()
        rig.ends("2", answered=True)
        rig.begins("3", "b", NOW - 1.0)
        history.go.set()
        await settled()
        assert rig.people_now() == {"answered": 1, "trying": 1, "calls": 3}

    asyncio.run(body())


def test_a_store_that_is_down_is_read_when_it_is_back() -> None:
    async def body() -> None:
        history = History()
        before = Rig(history)
        await before.restore()
        before.begins("1", "a", NOW - 300.0)
        before.ends("1")
        history.down = True
        rig = Rig(history)
        await rig.restore()
        rig.begins("2", "a", NOW - 90.0)
        rig.ends("2", answered=True)  # the store has it twice by now: what waited is written
        assert rig.people_now() == {"answered": 1, "calls": 1}
        history.down = False
        rig.made.write_again()
        await settled()
        assert rig.people_now() == {"answered": 1, "calls": 2}
        rig.made.write_again()
        await settled()
        assert rig.people_now() == {"answered": 1, "calls": 2}

    asyncio.run(body())


def test_a_standby_counts_nobody() -> None:
    async def body() -> None:
        rig = Rig(History())
        rig.begins("1", "a", NOW)
        rig.ends("1")
        assert rig.people_now() == {"calls": 0}

    asyncio.run(body())


def test_who_had_another_hash_by_the_key_before_is_the_same_person() -> None:
    async def body() -> None:
        history = History()
        before = Rig(history)
        await before.restore()
        before.begins("1", "old", NOW - 300.0)
        before.ends("1")
        before.people.rename("old", "new", NOW)
        before.begins("2", "new", NOW - 100.0)
        assert before.people_now() == {"trying": 1, "calls": 2}
        before.ends("2", answered=True)
        after = Rig(history)
        after.people.rename("old", "new", NOW)
        await after.restore()
        assert after.people_now() == before.people_now() == {"answered": 1, "calls": 2}

    asyncio.run(body())


def test_never_reached_is_counted_by_who_was_there_then() -> None:
    """Of those who were over before a restart the one before has told."""

    async def body() -> None:
        history = History()
        before = Rig(history)
        await before.restore()
        before.now = NOW - 40 * HOUR
        before.begins("1", "a", before.now)
        before.ends("1")
        before.now = NOW
        before.begins("2", "b", NOW)
        assert before.made.count.finished == {PersonState.NEVER_REACHED: 1}
        after = Rig(history)
        await after.restore()
        assert not after.made.count.finished

    asyncio.run(body())
