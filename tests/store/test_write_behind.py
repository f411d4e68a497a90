"""Those who decide never wait, and what they decided is written in the end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum, auto

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivrd.store import Change, Fenced, Put, Remove, StoreDown, WriteBehind
from ivrd.store.interface import PAGE
from ivrd.store.write_behind import BATCH, REWRITE, STANDBY
from tests.examples import examples

PATIENCE = 60.0  # seconds; only a machine that is stuck takes so long


class Fault(Enum):
    """What may go wrong with one write."""

    NONE = auto()
    REFUSED = auto()  # it is not done
    UNANSWERED = auto()  # it is done, and nobody is told
    FAILED_OVER = auto()  # it is not done, and the writes before it are lost


@dataclass
class Memory:
    """A store in memory that fails as it is told, then no more."""

    faults: list[Fault] = field(default_factory=list)
    down: bool = False
    fence: int = 0
    entries: dict[str, dict[str, str]] = field(default_factory=dict)
    writes: list[list[Change]] = field(default_factory=list)
    epochs: list[int] = field(default_factory=list)
    _before: list[dict[str, dict[str, str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.begun = asyncio.Event()  # a write

    async def open(self) -> None:
        pass

    async def write(self, changes: Sequence[Change], epoch: int) -> None:
        self.begun.set()
        await asyncio.sleep(0)
        fault = self.faults.pop(0) if self.faults else Fault.NONE
        if self.down or fault is Fault.REFUSED:
            raise StoreDown("frozen")
        if epoch < self.fence:
            raise Fenced("later")
        if fault is Fault.FAILED_OVER:
            self.entries = self._before[0] if self._before else {}
            self._before.clear()
            raise StoreDown("failed over")
        self._before.append({kind: dict(of) for kind, of in self.entries.items()})
        for change in changes:
            self._apply(change)
        self.writes.append(list(changes))
        self.epochs.append(epoch)
        await asyncio.sleep(0)
        if fault is Fault.UNANSWERED:
            raise StoreDown("no answer")

    async def read(self, kind: str, first: str = "", before: str = "") -> dict[str, str]:
        if self.down:
            raise StoreDown("frozen")
        of = self.entries.get(kind, {})
        return {key: of[key] for key in sorted(of) if key >= first and (not before or key < before)}

    async def page(self, kind: str, first: str = "", before: str = "") -> dict[str, str]:
        return dict(list((await self.read(kind, first, before)).items())[:PAGE])

    async def close(self) -> None:
        pass

    def _apply(self, change: Change) -> None:
        of = self.entries.setdefault(change.kind, {})
        if isinstance(change, Put):
            of[change.key] = change.value
        elif isinstance(change, Remove):
            of.pop(change.key, None)
        else:
            for key in [key for key in of if key < change.before]:
                del of[key]


@dataclass
class Rig:
    """A keeper on a store in memory, its reports, and a clock to set."""

    store: Memory = field(default_factory=Memory)
    reports: list[tuple[bool, str]] = field(default_factory=list)
    epoch: int = 0
    times_fenced: int = 0
    recoveries: int = 0
    now: float = 1000.0
    most: int = 200_000

    def __post_init__(self) -> None:
        self.reported = asyncio.Event()
        self.write_behind = WriteBehind(
            self.store,
            self,
            self._report,
            most=self.most,
            pause=0,
            retry=0,
            clock=lambda: self.now,
        )

    def _recovered(self) -> None:
        assert self.reports[-1] == (True, "")
        self.recoveries += 1

    def fenced(self) -> None:
        self.times_fenced += 1

    def _report(self, up: bool, why: str) -> None:
        self.reports.append((up, why))
        self.reported.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[WriteBehind]:
        task = asyncio.create_task(self.write_behind.run(self._recovered))
        try:
            yield self.write_behind
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def flushed(self) -> None:
        async with self.running() as write_behind:
            assert await write_behind.flush(PATIENCE)


def test_the_last_value_of_each_key_is_written_in_the_order_of_decision() -> None:
    rig = Rig()
    rig.write_behind.put("calls", "a", "1")
    rig.write_behind.put("calls", "a", "2")
    rig.write_behind.put("ended", "a", "answered")
    rig.write_behind.remove("calls", "a")
    asyncio.run(rig.flushed())
    assert rig.store.writes == [[Put("ended", "a", "answered"), Remove("calls", "a")]]


def test_what_is_decided_while_it_is_being_written_is_written_next() -> None:
    async def act() -> None:
        async with rig.running() as write_behind:
            write_behind.put("calls", "a", "1")
            write_behind.put("calls", "b", "1")
            await rig.store.begun.wait()
            write_behind.put("calls", "a", "2")
            assert await write_behind.flush(PATIENCE)

    rig = Rig()
    asyncio.run(act())
    first = [Put("calls", "a", "1"), Put("calls", "b", "1")]
    assert rig.store.writes == [first, [Put("calls", "a", "2")]]


def test_a_batch_has_a_bound() -> None:
    rig = Rig()
    for at in range(BATCH + 1):
        rig.write_behind.put("ended", f"{at:05}", "1")
    asyncio.run(rig.flushed())
    assert [len(changes) for changes in rig.store.writes] == [BATCH, 1]


def test_a_store_that_is_down_is_reported_once_and_gets_all_when_it_is_back() -> None:
    async def act() -> None:
        async with rig.running() as write_behind:
            rig.store.down = True
            write_behind.put("calls", "a", "1")
            await rig.reported.wait()
            assert (write_behind.up, write_behind.waiting) == (False, 1)
            write_behind.put("calls", "a", "2")
            write_behind.put("partners", "x", "3")
            assert not await write_behind.flush(0)
            rig.store.down = False
            assert await write_behind.flush(PATIENCE)
            assert write_behind.up

    rig = Rig()
    asyncio.run(act())
    assert rig.reports == [(False, "frozen"), (True, "")]
    assert rig.recoveries == 1
    assert rig.store.entries == {"calls": {"a": "2"}, "partners": {"x": "3"}}


def test_a_store_that_cannot_be_read_is_told_of() -> None:
    async def act() -> None:
        rig.store.down = True
        with pytest.raises(StoreDown):
            await rig.write_behind.load("calls")
        assert rig.reports == [(False, "frozen")]
        rig.store.down = False
        rig.reported.clear()
        async with rig.running():
            await asyncio.wait_for(rig.reported.wait(), PATIENCE)  # without anything to write
        rig.store.entries = {"ended": {"1": "a", "2": "b", "3": "c"}}
        assert await rig.write_behind.load("ended", "2", "3") == {"2": "b"}

    rig = Rig()
    asyncio.run(act())
    assert rig.reports == [(False, "frozen"), (True, "")]


def test_ended_calls_of_the_last_seconds_are_written_again_before_any_mark() -> None:
    async def act() -> None:
        async with rig.running() as write_behind:
            write_behind.put("ended", "old", "1")
            assert await write_behind.flush(PATIENCE)
            rig.now += REWRITE + 1
            write_behind.put("ended", "new", "1")
            write_behind.put("ended", "taken back", "1")
            write_behind.put("ended", "corrected", "1")
            assert await write_behind.flush(PATIENCE)
            write_behind.remove("ended", "taken back")
            assert await write_behind.flush(PATIENCE)
            rig.store.faults = [Fault.FAILED_OVER]
            rig.store.writes.clear()
            write_behind.put("marks", "log", "17")
            write_behind.put("ended", "corrected", "2")
            assert await write_behind.flush(PATIENCE)

    rig = Rig()
    asyncio.run(act())
    again = [Put("ended", "new", "1"), Put("marks", "log", "17"), Put("ended", "corrected", "2")]
    assert rig.store.writes == [again]


@pytest.mark.parametrize("kind", ["ended", "history", "audit"])
def test_what_is_written_only_once_is_written_again_after_a_fail_over(kind: str) -> None:
    async def act() -> None:
        async with rig.running() as write_behind:
            write_behind.put(kind, "1", "1")
            assert await write_behind.flush(PATIENCE)
            rig.store.faults = [Fault.FAILED_OVER]
            write_behind.put("calls", "a", "1")
            assert await write_behind.flush(PATIENCE)

    rig = Rig()
    asyncio.run(act())
    assert rig.store.entries == {kind: {"1": "1"}, "calls": {"a": "1"}}


def test_what_the_leader_before_had_written_lately_is_written_again_after_a_fail_over() -> None:
    async def act() -> None:
        rig.store.entries = {"ended": {"1": "long ago", "2": "first", "3": "first"}}
        async with rig.running() as write_behind:
            write_behind.put("ended", "3", "second")
            assert await write_behind.flush(PATIENCE)
            found = await write_behind.adopt("ended", "2")
            assert found == {"2": "first", "3": "second"}
            rig.store.entries = {}
            rig.store.faults = [Fault.REFUSED]
            write_behind.put("ended", "4", "new")
            assert await write_behind.flush(PATIENCE)
            now = {"2": "first", "3": "second", "4": "new"}
            assert rig.store.entries == {"ended": now}
            rig.now += REWRITE + 1
            write_behind.put("ended", "5", "new")
            assert await write_behind.flush(PATIENCE)
            assert [change.key for change in write_behind._recent.changes()] == ["5"]

    rig = Rig()
    asyncio.run(act())


def test_another_ivrd_has_taken_over() -> None:
    async def act() -> None:
        rig.epoch = 1
        rig.store.fence = 2
        rig.write_behind.put("ended", "a", "1")
        async with rig.running() as write_behind:
            assert not await write_behind.flush(PATIENCE)  # at once: it may not
            assert (rig.times_fenced, write_behind.hold, write_behind.waiting) == (1, True, 1)
            rig.epoch = 3
            write_behind.hold = False
            assert await write_behind.flush(PATIENCE)

    rig = Rig()
    asyncio.run(act())
    assert rig.store.epochs == [3]
    assert rig.store.entries == {"ended": {"a": "1"}}
    assert rig.reports == []


def test_a_standby_writes_nothing_until_it_acts_and_then_what_is_recent() -> None:
    async def act() -> None:
        rig.write_behind.hold = True
        async with rig.running() as write_behind:
            write_behind.put("ended", "old", "1")
            write_behind.put("calls", "old", "1")
            write_behind.put("calls", "gone", "1")
            write_behind.remove("calls", "gone")
            rig.now += STANDBY - 1
            write_behind.put("ended", "new", "1")
            assert not await write_behind.flush(PATIENCE)
            assert write_behind.waiting == 4
            rig.now += 2
            write_behind.put("calls", "new", "1")
            while write_behind.waiting > 3:  # noqa: ASYNC110
                await asyncio.sleep(0)
            assert rig.store.writes == []
            write_behind.hold = False
            assert await write_behind.flush(PATIENCE)

    rig = Rig()
    asyncio.run(act())
    assert rig.store.entries == {"ended": {"new": "1"}, "calls": {"old": "1", "new": "1"}}


def test_too_many_lose_the_oldest_ended_and_then_every_mark() -> None:
    rig = Rig(most=4)
    rig.write_behind.put("calls", "a", "1")
    rig.write_behind.put("marks", "log", "1")
    rig.write_behind.put("ended", "1", "1")
    rig.write_behind.put("history", "2", "1")
    assert (rig.write_behind.waiting, rig.write_behind.lost) == (4, 0)
    rig.write_behind.put("partners", "x", "1")
    assert rig.write_behind.lost == 1
    rig.write_behind.put("marks", "log", "2")
    rig.write_behind.put("ended", "3", "1")
    asyncio.run(rig.flushed())
    expected = {"calls": {"a": "1"}, "history": {"2": "1"}}
    assert rig.store.entries == expected | {"partners": {"x": "1"}, "ended": {"3": "1"}}


def test_too_many_lose_what_can_be_healed_first_then_what_partners_did_and_never_acts() -> None:
    rig = Rig(most=3)
    rig.write_behind.put("history", "1", "1")
    rig.write_behind.put("audit", "1", "1")
    rig.write_behind.put("ended", "1", "1")
    rig.write_behind.put("calls", "a", "1")
    asyncio.run(rig.flushed())
    one = {"1": "1"}
    assert rig.store.entries == {"history": one, "audit": one, "calls": {"a": "1"}}
    rig = Rig(most=2)
    rig.write_behind.put("history", "1", "1")
    for number in "123":
        rig.write_behind.put("audit", number, "1")
    assert rig.write_behind.lost == 1
    asyncio.run(rig.flushed())
    assert rig.store.entries == {"audit": dict.fromkeys("123", "1")}


def test_pages_end_with_an_error_that_is_reported_when_the_store_is_down() -> None:
    rig = Rig()
    rig.store.entries["history"] = {f"{at:04}": "1" for at in range(PAGE + 1)}

    async def body() -> None:
        found = [len(page) async for page in rig.write_behind.pages("history", "0000", "0100")]
        assert found == [100]
        pages = rig.write_behind.pages("history")
        assert len(await anext(pages)) == PAGE
        rig.store.down = True
        with pytest.raises(StoreDown):
            await anext(pages)

    asyncio.run(body())
    assert rig.reports == [(False, "frozen")]


def test_too_many_of_what_must_not_be_lost_are_kept() -> None:
    rig = Rig(most=2)
    for at in range(5):
        rig.write_behind.put("calls", str(at), "1")
    assert (rig.write_behind.waiting, rig.write_behind.lost) == (5, 0)


def test_half_a_character_does_not_stop_the_rest() -> None:
    rig = Rig()
    rig.write_behind.put("calls", "\ud83d", '"\ud83d"')
    asyncio.run(rig.flushed())
    assert rig.store.entries == {"calls": {"?": '"?"'}}


def test_a_fault_in_the_store_itself_does_not_end_the_task(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Broken(Memory):
        async def write(self, changes: Sequence[Change], epoch: int) -> None:
            if not self.down:
                self.down = True
                raise ValueError("odd")
            self.down = False
            await super().write(changes, epoch)
            self.down = True

    rig = Rig(Broken())
    rig.write_behind.put("calls", "a", "1")
    asyncio.run(rig.flushed())
    assert rig.reports == [(False, "unexpected ValueError: odd"), (True, "")]


# Any decisions, any faults

KEYS = st.sampled_from("abc")
STEPS = st.one_of(
    st.tuples(st.just("put"), st.sampled_from(["calls", "marks", "audit", "history"]), KEYS),
    st.tuples(st.just("remove"), st.sampled_from(["calls", "marks"]), KEYS),
    st.tuples(st.just("forget"), st.sampled_from(["audit"]), KEYS),
    st.tuples(st.just("end"), st.just("ended"), st.just("")),
    st.tuples(st.just("pass"), st.just(""), st.just("")),
)
# What else a fail-over loses is lost, unless who decides it decides it again.
KINDS_REWRITTEN = ("ended", "history", "audit")


@settings(deadline=None, max_examples=examples(200))
@given(
    st.lists(STEPS, max_size=40),
    st.lists(st.sampled_from(Fault), max_size=12),
)
def test_the_store_ends_with_the_last_values_and_every_ended_call(
    steps: list[tuple[str, str, str]], faults: list[Fault]
) -> None:
    rig = Rig(Memory(faults=list(faults)))
    expected = Memory()

    async def act() -> None:
        async with rig.running() as write_behind:
            for at, (what, kind, key) in enumerate(steps):
                if what == "put":
                    write_behind.put(kind, key, str(at))
                    expected._apply(Put(kind, key, str(at)))
                elif what == "remove":
                    write_behind.remove(kind, key)
                    expected._apply(Remove(kind, key))
                elif what == "forget":
                    write_behind.forget(kind, key)
                    for old in [k for k in expected.entries.get(kind, {}) if k < key]:
                        del expected.entries[kind][old]
                elif what == "end":
                    write_behind.put("ended", f"{at:03}", "1")
                    expected._apply(Put("ended", f"{at:03}", "1"))
                else:
                    for _ in range(5):
                        await asyncio.sleep(0)
            assert await write_behind.flush(PATIENCE)

    asyncio.run(act())
    failed_over = Fault.FAILED_OVER in faults
    for kind in KINDS_REWRITTEN if failed_over else (*KINDS_REWRITTEN, "calls", "marks"):
        assert rig.store.entries.get(kind, {}) == expected.entries.get(kind, {})
    assert rig.write_behind.lost == 0
