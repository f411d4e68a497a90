"""The book of partners: what is written is what is read, and it bears whatever the store has."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.breaker import Breaker, BreakerState
from ivrd.core.breaker_codec import text_of
from ivrd.core.partner import Override
from ivrd.core.report import Cause, PartnerEvent, PartnerEventKind
from ivrd.partners.repository import (
    AUDIT,
    BREAKERS,
    DAY_SECONDS,
    DRILLS,
    HISTORY,
    LETTERS,
    OVERRIDES,
    AuditEntry,
    PartnerRepository,
)
from ivrd.store import StoreDown, WriteBehind
from tests.partners.rig import NOW, Shelf

EVER = (0.0, NOW + 1000 * DAY_SECONDS)
TALK = PartnerEvent("alpha", PartnerEventKind.TALKED, 61.5, caller="0a1b2c3d4e5f")
PAUSED = Breaker(state=BreakerState.OPEN, until=NOW + 60, pause=60.0, why="unreachable")
LINES = st.builds(
    PartnerEvent,
    partner=st.sampled_from(("alpha", "beta-2", "ก")),
    kind=st.sampled_from([*LETTERS]),
    seconds=st.floats(0, 1e5).map(lambda seconds: round(seconds, 3)),
    caller=st.text("0123456789abcdef", max_size=12),
) | st.builds(
    PartnerEvent,
    partner=st.just("alpha"),
    kind=st.just(PartnerEventKind.REFUSED),
    cause=st.sampled_from(Cause),
)


class Rig:
    """A book on a shelf, with a clock."""

    def __init__(self, shelf: Shelf | None = None, acts: bool = True) -> None:
        self.shelf = shelf or Shelf()
        self.now = NOW
        self.is_leader = acts
        write_behind = cast(WriteBehind, self.shelf)
        self.book = PartnerRepository(write_behind, 92, 400, lambda: self.now, self)

    def read(self) -> dict[str, Breaker]:
        return asyncio.run(self.book.read())

    def history(self, since: float = EVER[0], until: float = EVER[1]) -> list[PartnerEvent | None]:
        return asyncio.run(self._all(since, until))

    async def _all(self, since: float, until: float) -> list[PartnerEvent | None]:
        return [line async for some in self.book.history(since, until) for line in some]

    def audit(self) -> list[AuditEntry | None]:
        async def read() -> list[AuditEntry | None]:
            return [act async for some in self.book.audit_entries(*EVER) for act in some]

        return asyncio.run(read())

    def wrote(self, lines: Iterable[PartnerEvent]) -> None:
        """Each of them of another call."""
        for number, line in enumerate(lines):
            self.book.record(line, f"{int(NOW)}.{number}", NOW + 1.5, "alpha/01")


# --- what happened at partners ---------------------------------------------------------------


@given(st.lists(LINES, max_size=20))
def test_what_is_written_is_what_is_read(lines: list[PartnerEvent]) -> None:
    rig = Rig()
    rig.wrote(lines)
    assert sorted(map(repr, rig.history())) == sorted(map(repr, lines))


def test_all_that_happens_to_one_call_is_there_and_each_of_it_once() -> None:
    """Two ivrd hear the same, and one of them learns an end a second time, in whole seconds."""
    rig = Rig()
    call = f"{int(NOW)}.7"
    offered, refused = (
        PartnerEvent("alpha", PartnerEventKind.OFFERED),
        PartnerEvent("alpha", PartnerEventKind.REFUSED, cause=Cause.BUSY),
    )
    for book in (rig.book, Rig(rig.shelf, acts=False).book):
        for at, line, seat in (
            (NOW + 2.25, offered, "alpha/01"),
            (NOW + 2.25, offered, "alpha/02"),  # at the same moment
            (NOW + 2.25, refused, "alpha/01"),
            (NOW + 9.125, offered, "alpha/01"),  # once more
        ):
            book.record(line, call, at, seat)
        book.record(TALK, call, NOW, "alpha/02")
    rig.book.record(replace(TALK, seconds=61.0), call, NOW + 0.5, "alpha/03")
    kinds = [line.kind for line in rig.history() if line]
    assert sorted(kinds) == ["offered"] * 3 + ["refused", "talked"]


def test_a_period_is_of_the_callers_who_came_in_it() -> None:
    rig = Rig()
    for day in range(4):
        came = NOW + day * DAY_SECONDS
        rig.book.record(TALK, f"{int(came)}.1", came + 1.5 * DAY_SECONDS, "alpha/01")
    assert len(rig.history(NOW + DAY_SECONDS, NOW + 3 * DAY_SECONDS)) == 2
    assert rig.history(1e12, 1e13) == []


@pytest.mark.parametrize("call", ["", "a caller", "hotline-1795312060.1", "1.1", "9" * 400])
@pytest.mark.parametrize("at", [NOW, 0.0, -1e18, 1e300, float("nan"), float("inf")])
def test_no_call_and_no_moment_makes_writing_fail(call: str, at: float) -> None:
    rig = Rig()
    rig.book.record(TALK, call, at, "alpha/01")
    rig.book.record(PartnerEvent("alpha", PartnerEventKind.OFFERED), call, at, "alpha/01")
    assert len(rig.history(0.0, 1e13)) in (0, 2)  # none: after all that can be asked for


KEY = "1795312060.1 o 5 alpha/01"
TORN = [
    *((KEY, text) for text in ("", "[", "{}", "7", "null", "[7]", "[" * 100_000)),
    *((KEY, text) for text in ('["a",1,2]', '["a","b"]', '["a",1e999]', '["a",[]]')),
    *((key, '["alpha"]') for key in ("1795312060", "1795312060.1", "1795312060.1 x")),
]


@pytest.mark.parametrize(("key", "text"), TORN)
def test_a_torn_entry_costs_itself_alone(key: str, text: str) -> None:
    rig = Rig()
    rig.wrote([TALK])
    rig.shelf.put(HISTORY, key, text)
    assert sorted(rig.history(), key=bool) == [None, TALK]


@given(key=st.text(max_size=20), text=st.text(max_size=40))
def test_no_text_makes_reading_fail(key: str, text: str) -> None:
    rig = Rig()
    for kind in (OVERRIDES, DRILLS, BREAKERS):
        rig.shelf.put(kind, key, text)
    for kind in (HISTORY, AUDIT):
        rig.shelf.put(kind, f"1795312060{key}", text)
    assert rig.read() == {}
    assert len(rig.history()) == len(rig.audit()) == 1


def test_once_a_day_what_is_old_is_forgotten_and_acts_are_kept_longer() -> None:
    rig = Rig()
    rig.wrote([TALK])
    rig.book.audit("somchai", "override open", "alpha", "")
    rig.book.forget_old()
    rig.now += 91.9 * DAY_SECONDS
    rig.book.forget_old()
    assert (len(rig.history()), len(rig.audit())) == (1, 1)
    rig.now += 0.9 * DAY_SECONDS
    rig.book.forget_old()
    assert (len(rig.history()), len(rig.audit())) == (1, 1)  # not each second
    rig.now += DAY_SECONDS
    rig.book.forget_old()
    assert (len(rig.history()), len(rig.audit())) == (0, 1)
    rig.now += 310 * DAY_SECONDS
    rig.book.forget_old()
    assert rig.audit() == []


def test_one_that_stands_by_forgets_nothing() -> None:
    rig = Rig(acts=False)
    rig.wrote([TALK])
    rig.now += 1000 * DAY_SECONDS
    rig.book.forget_old()
    assert rig.history() == [TALK]


# --- what operators did ----------------------------------------------------------------------


def test_an_act_says_who_when_and_what_and_acts_of_one_moment_stay_two() -> None:
    rig = Rig()
    rig.now = NOW + 0.25
    rig.book.audit("somchai", "override closed", "alpha", 'none -> closed\n"ไทย"')
    rig.book.audit("malee", "override none", "alpha", "closed -> none")
    other = Rig(rig.shelf)  # of another life
    other.now = rig.now
    other.book.audit("malee", "override open", "beta", "none -> open")
    acts = rig.audit()
    expected = AuditEntry(
        NOW + 0.25, "somchai", "override closed", "alpha", 'none -> closed\n"ไทย"'
    )
    assert expected in acts
    mine = [act.detail for act in acts if act and act.partner == "alpha"]
    assert mine == [expected.detail, "closed -> none"]
    assert len(acts) == 3


# --- pins, drills, breakers ------------------------------------------------------------------


def test_what_stands_is_there_after_a_restart() -> None:
    rig = Rig()
    assert (rig.book.override("alpha"), rig.book.verified("alpha")) == (None, "")
    rig.book.overridden("alpha", Override.DRAINING)
    rig.book.drilled("beta", "2026-11-22")
    rig.book.overridden("alpha", Override.CLOSED)
    rig.book.drilled("alpha", "2026-11-20")
    rig.book.overridden("beta", None)
    rig.book.breaker("alpha", PAUSED)
    again = Rig(rig.shelf)
    assert again.read() == {"alpha": PAUSED}
    assert (again.book.override("alpha"), again.book.verified("alpha")) == (
        Override.CLOSED,
        "2026-11-20",
    )
    assert (again.book.override("beta"), again.book.verified("beta")) == (None, "2026-11-22")


def test_a_breaker_of_one_that_stands_by_is_not_written() -> None:
    rig = Rig(acts=False)
    rig.book.breaker("alpha", PAUSED)
    assert rig.shelf.entries == {}


def test_one_wrong_entry_costs_the_others_nothing_and_all_are_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shelf = Shelf()
    for name, text in {"alpha": '"ajar"', "beta": "5", "gamma": "{", "delta": '"open"'}.items():
        shelf.put(OVERRIDES, name, text)
    for name, text in {"alpha": '"lately"', "beta": "null", "delta": '"2026-11-22"'}.items():
        shelf.put(DRILLS, name, text)
    shelf.put(BREAKERS, "alpha", "{}")
    shelf.put(BREAKERS, "delta", text_of(PAUSED))
    rig = Rig(shelf)
    assert rig.read() == rig.read() == {"delta": PAUSED}
    assert (rig.book.override("delta"), rig.book.verified("delta")) == (
        Override.OPEN,
        "2026-11-22",
    )
    for name in ("alpha", "beta", "gamma"):
        assert (rig.book.override(name), rig.book.verified(name)) == (None, "")
    assert caplog.messages == ["some stored entries of partners cannot be parsed and are left out"]


def test_what_was_decided_here_is_newer_than_what_a_store_has_that_is_back() -> None:
    before = Rig()
    before.book.overridden("alpha", Override.CLOSED)
    before.book.drilled("alpha", "2026-11-20")
    before.book.overridden("beta", Override.CLOSED)
    before.book.breaker("alpha", PAUSED)
    rig = Rig(before.shelf)
    rig.shelf.down = True
    with pytest.raises(StoreDown):
        rig.read()
    rig.book.overridden("alpha", None)
    rig.book.breaker("alpha", Breaker(known=True))
    rig.shelf.down = False
    assert rig.read() == {}
    assert (rig.book.override("alpha"), rig.book.verified("alpha")) == (None, "2026-11-20")
    assert rig.book.override("beta") is Override.CLOSED


def test_a_store_that_comes_back_empty_gets_all_that_stands_again() -> None:
    before = Rig()
    before.book.overridden("alpha", Override.CLOSED)
    before.book.drilled("alpha", "2026-11-20")
    before.book.breaker("beta", PAUSED)
    rig = Rig(before.shelf)
    rig.read()
    had = {kind: dict(entries) for kind, entries in rig.shelf.entries.items()}
    rig.shelf.entries.clear()
    rig.book.write_again()
    assert rig.shelf.entries == had
