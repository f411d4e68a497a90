"""What is written down of calls is what is read again, and days are the hotline's own."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from ivrd.calls.menu_call import MenuPosition
from ivrd.core.call import AnsweredBy, Call, CallState, Direction, Outcome, Stage
from ivrd.core.call_notices import Ended, Offered
from ivrd.core.day import completed_call
from ivrd.core.menu import Visit
from ivrd.ha.call_repository import CALLS, ENDED, CallRepository, StoredCall

BANGKOK = ZoneInfo("Asia/Bangkok")
NOON = datetime(2026, 11, 1, 12, tzinfo=BANGKOK).timestamp()
MIDNIGHT = datetime(2026, 11, 2, tzinfo=BANGKOK).timestamp()


class Shelf:
    """A keeper that has written everything at once."""

    def __init__(self) -> None:
        self.entries: dict[str, dict[str, str]] = {CALLS: {}, ENDED: {}}
        self.forgot: list[tuple[str, str]] = []

    def put(self, kind: str, key: str, value: str) -> None:
        self.entries[kind][key] = value

    def remove(self, kind: str, key: str) -> None:
        self.entries[kind].pop(key, None)

    def forget(self, kind: str, before: str) -> None:
        self.forgot.append((kind, before))

    async def load(self, kind: str, first: str = "", before: str = "") -> Mapping[str, str]:
        found = sorted(self.entries[kind].items())
        return {k: v for k, v in found if k >= first and (not before or k < before)}

    async def adopt(self, kind: str, first: str) -> Mapping[str, str]:
        return await self.load(kind, first)

    async def pages(self, kind: str) -> AsyncIterator[Mapping[str, str]]:
        for key, value in (await self.load(kind)).items():
            yield {key: value}


class Rig:
    """A keeping over a shelf; its clock stands where the test puts it."""

    def __init__(self) -> None:
        self.shelf = Shelf()
        self.now, self.shift = NOON, 0.0
        self.call_repository = CallRepository(
            self.shelf, BANGKOK, 92, lambda: self.now, lambda: self.shift
        )
        self.call_repository.begin()

    def end(self, call_id: str, received_at: float, **more: object) -> Ended:
        call = Call(call_id, received_at, state=CallState.ENDED, ended_at=received_at + 9.0, **more)  # type: ignore[arg-type]
        ended = Ended(call, Outcome.ABANDONED, Stage.IVR)
        self.call_repository.notice(ended)
        return ended


words = st.text(max_size=12)
moments = st.floats(1e9, 2e9)


@given(
    st.builds(
        Call,
        id=st.text(min_size=1, max_size=12),
        received_at=moments,
        caller=words,
        state=st.sampled_from(list(CallState)),
        queue=words,
        topic=words,
        language=words,
        joined_at=st.none() | moments,
        direction=st.sampled_from(Direction),
        effective_at=st.none() | moments,
        connected_at=st.none() | moments,
        by=st.sampled_from(list(AnsweredBy)),
        seat=words,
    ),
    st.none()
    | st.builds(MenuPosition, st.builds(Visit, language=words, menu=words), st.floats(0.0, 2e9)),
)
def test_a_call_is_read_as_it_was_written(call: Call, position: MenuPosition | None) -> None:
    rig = Rig()
    rig.call_repository.moved(call, position)
    assert asyncio.run(rig.call_repository.calls()) == [StoredCall(call, position)]
    assert rig.call_repository.skipped == 0


def test_a_call_that_has_ended_belongs_to_its_day_and_is_here_no_more() -> None:
    rig = Rig()
    rig.call_repository.moved(Call("a", NOON), None)
    ended = rig.end("a", NOON, caller="hash", topic="other")
    assert asyncio.run(rig.call_repository.calls()) == []
    assert asyncio.run(rig.call_repository.day(date(2026, 11, 1))) == [completed_call(ended)]


def test_other_news_of_a_call_ends_nothing() -> None:
    rig = Rig()
    rig.call_repository.notice(Offered(Call("a", NOON, state=CallState.QUEUE, joined_at=NOON)))
    assert rig.shelf.entries[ENDED] == {}


def test_a_day_begins_at_midnight_where_the_hotline_is() -> None:
    rig = Rig()
    rig.end("late", MIDNIGHT - 0.001)
    rig.end("early", MIDNIGHT)
    days = [asyncio.run(rig.call_repository.day(date(2026, 11, day))) for day in (1, 2, 3)]
    assert [[call.call_id for call in calls] for calls in days] == [["late"], ["early"], []]
    assert rig.call_repository.day_at(datetime(2026, 11, 1, 17, tzinfo=UTC).timestamp()).day == 2


def test_an_end_that_is_told_twice_is_one_end() -> None:
    rig = Rig()
    rig.end("a", NOON)
    rig.end("a", NOON)
    assert len(asyncio.run(rig.call_repository.day(date(2026, 11, 1)))) == 1


def test_which_calls_have_ended_since_goes_on_over_midnight() -> None:
    rig = Rig()
    for at in (MIDNIGHT - 100, MIDNIGHT - 10, MIDNIGHT + 10):
        rig.end(f"{int(at)}.7", at)
    known = asyncio.run(rig.call_repository.ended_since(MIDNIGHT - 10.5))
    assert known == {f"{int(at)}.7" for at in (MIDNIGHT - 10, MIDNIGHT + 10)}


def test_entries_that_are_torn_or_strange_are_counted_and_left_out() -> None:
    rig = Rig()
    rig.call_repository.moved(Call("good", NOON), None)
    rig.shelf.put(CALLS, "torn", '{"call": {"id"')
    rig.shelf.put(CALLS, "strange", '{"call": 7}')
    rig.shelf.put(ENDED, "2026-11-01/x", "[]")
    assert [kept.call.id for kept in asyncio.run(rig.call_repository.calls())] == ["good"]
    assert asyncio.run(rig.call_repository.day(date(2026, 11, 1))) == []
    assert rig.call_repository.skipped == 3


def test_old_days_go_once_a_day() -> None:
    rig = Rig()
    for _ in range(3):
        rig.end("a", NOON)
    assert rig.shelf.forgot == [(ENDED, "2026-08-01")]
    rig.now = MIDNIGHT
    rig.end("b", MIDNIGHT)
    assert rig.shelf.forgot[1:] == [(ENDED, "2026-08-02")]


def test_what_is_written_down_has_the_time_of_day_and_is_read_on_the_timeline() -> None:
    """Somebody has set the clock forward by a day since ivrd started."""
    rig = Rig()
    rig.shift = 86_400.0
    call = Call("a", NOON, state=CallState.QUEUE, queue="q", joined_at=NOON + 5.0)
    rig.call_repository.moved(call, None)
    assert [stored.call for stored in asyncio.run(rig.call_repository.calls())] == [call]
    assert rig.call_repository.day_of(call) == date(2026, 11, 2)
    rig.end("a", NOON, joined_at=NOON + 5.0)
    (ended,) = asyncio.run(rig.call_repository.day(date(2026, 11, 2)))
    assert (ended.received_at, ended.wait_seconds) == (NOON + 86_400.0, 4.0)
