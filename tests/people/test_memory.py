"""What a person who has called costs, in bytes, once the calls have ended."""

import asyncio
import gc
import tracemalloc
from dataclasses import replace
from typing import cast

from ivrd.core.call import AnsweredBy, Call, CallState, Outcome, Stage
from ivrd.core.call_notices import Ended
from ivrd.core.people import FairnessRules, People
from ivrd.people.registry import PeopleRegistry
from ivrd.people.repository import PeopleRepository
from ivrd.people.statistics import PeopleStatistics
from ivrd.store import WriteBehind
from tests.fixtures.booked import Booked
from tests.partners.rig import Shelf
from tests.people.test_statistics import History, settled

PEOPLE = 6000
BYTES = 300  # measured: 193; with an object and its calls for each of them 776
NOW = 1_700_000_000.0
WAIT, TALK = 90.0, 180.0  # seconds
SEALED = "g" * 100


class Hotline:
    """What follows each person, as the daemon has it."""

    def __init__(self) -> None:
        self.now = NOW
        self.people = People(FairnessRules())
        repository = PeopleRepository(cast(WriteBehind, Shelf()), lambda: 0.0)
        self.registry = PeopleRegistry(self.people, repository, lambda: self.now, Booked())
        self.statistics = PeopleStatistics(
            History(), {}, 3, self.people, History().counted, lambda: self.now
        )

    def calls(self, person: int, number: int) -> None:
        """One call: every second one only in menus, of the others every third gives up."""
        call = Call(f"{self.now:.0f}.{number}", self.now + 0.25, f"{person:012x}")
        self._tell(call)
        if number % 2:
            self._end(replace(call, ended_at=self.now + WAIT), Outcome.ABANDONED, Stage.IVR)
            return
        call = replace(call, state=CallState.QUEUE, joined_at=self.now + 0.5, queue="other")
        self._tell(call)
        if number % 6:
            call = replace(call, by=AnsweredBy.INHOUSE, connected_at=self.now + WAIT)
            self._end(replace(call, ended_at=self.now + TALK), Outcome.ANSWERED, Stage.TALK)
            return
        call = replace(call, ended_at=self.now + WAIT)
        self._end(call, Outcome.ABANDONED, Stage.QUEUE)
        self.people.note_number(call.caller, f"{SEALED}{number}", call)

    def _tell(self, call: Call) -> None:
        self.registry.moved(call, None)
        self.statistics.moved(call, None)

    def _end(self, call: Call, outcome: Outcome, stage: Stage) -> None:
        ended = Ended(replace(call, state=CallState.ENDED), outcome, stage)
        self.registry.notice(ended)
        self.statistics.notice(ended)


async def bytes_a_person() -> float:
    hotline = Hotline()
    await hotline.statistics.restore()
    await settled()
    tracemalloc.start()
    try:
        for number in range(PEOPLE * 4 // 3):  # each third person calls a second time
            hotline.calls(number if number < PEOPLE else 3 * (number - PEOPLE), number)
            hotline.now += 1.0
        hotline.now += 3600.0
        hotline.calls(0, 1)
        gc.collect()
        taken, _most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert hotline.statistics.count.figures().total == PEOPLE
    return taken / PEOPLE


def test_of_who_has_no_call_here_little_is_kept() -> None:
    assert asyncio.run(bytes_a_person()) < BYTES
