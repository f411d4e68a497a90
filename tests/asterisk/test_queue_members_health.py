"""Seats that do not answer, at the queues' members: rung last, paused, read back, resumed."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from ivrd.asterisk.queue_members import QueueMembers
from ivrd.asterisk.seat_facts import (
    MemberChanged,
    SeatDropped,
    SeatResumed,
    SeatState,
    SeatUnanswered,
)
from ivrd.asterisk.snapshot import AsteriskSnapshot
from ivrd.core.seat_health import (
    LIMITS,
    SHORT_SECONDS,
    NotTaken,
    Reason,
    Rests,
    Resumed,
    SeatNotice,
)
from ivrd.core.seats import LAST, Member, Pool, SeatStatus
from tests.asterisk.test_queue_members import FakeQueues
from tests.fixtures.agents import NoAgents

SEAT, OTHER = "base-1", "base-2"
POOL = Pool("base", (SEAT, OTHER), ("red", "green"), fixed=True)
WHY = "ivrd: rang, and nobody answered"


@dataclass
class Rig:
    """Seats on queues that take every change; time stands still unless it is moved."""

    queues: FakeQueues = field(
        default_factory=lambda: FakeQueues(Member(q, s) for q in POOL.queues for s in POOL.seats)
    )
    now: float = 1000.0
    told: list[SeatNotice] = field(default_factory=list)
    hurried: int = 0

    def __post_init__(self) -> None:
        self.members = self.begin()

    def begin(self) -> QueueMembers:
        """An ivrd that has just connected."""
        link: Any = self.queues
        made = QueueMembers(link, (POOL,), lambda: self.now, (self,), self._hurry, NoAgents())
        made.read(
            AsteriskSnapshot(
                (), tuple(self.queues.members.values()), self._states(), frozenset(), {}
            )
        )
        return made

    def seat(self, pool: str, notice: SeatNotice) -> None:
        assert pool == "base"
        self.told.append(notice)

    def _hurry(self) -> None:
        self.hurried += 1

    def _states(self) -> dict[str, SeatStatus]:
        return dict.fromkeys(POOL.seats, SeatStatus.FREE)

    def settle(self) -> None:
        """What is wanted is sent, and Asterisk says what it has."""
        asyncio.run(self._settle())

    async def _settle(self) -> None:
        await self.members.reconcile()
        self.events_come()
        assert await self.members.reconcile() == []

    def events_come(self) -> None:
        for fact in self.queues.changed:
            self.members.changed(fact)
        self.queues.changed.clear()

    def missed(self) -> None:
        self.settle()
        self.members.changed(SeatUnanswered(SEAT, self.now, 15.0))
        self.settle()

    def of(self, seat: str) -> set[tuple[bool, str, int]]:
        """(paused, reason, penalty) in all of its queues."""
        found = [m for m in self.queues.members.values() if m.seat == seat]
        return {(m.paused, m.reason, m.penalty) for m in found}


def test_after_one_missed_call_a_seat_rests() -> None:
    rig = Rig()
    rig.missed()
    assert rig.hurried == 1  # app_queue rings again within a second
    assert rig.of(SEAT) == {(True, WHY, LAST)}
    assert rig.of(OTHER) == {(False, "", 0)}
    assert rig.members.here(POOL) == {SEAT: "paused", OTHER: "free"}
    assert rig.told == [
        NotTaken(SEAT, Reason.MISSED, rig.now),
        Rests(SEAT, WHY.removeprefix("ivrd: ")),
    ]


@pytest.mark.parametrize(("talk", "rung"), [(300.0, True), (10.0, False)])
def test_one_who_missed_one_call_is_rung_where_the_others_talk_for_long(
    talk: float, rung: bool
) -> None:
    rig = Rig()
    rig.missed()
    rig.members.lend([], dict.fromkeys(POOL.queues, talk))
    rig.members.changed(SeatState(OTHER, SeatStatus.BUSY))
    rig.now += SHORT_SECONDS
    rig.settle()
    assert rig.of(SEAT) == {(False, "", LAST) if rung else (True, WHY, LAST)}
    assert rig.members.doubted(SEAT)
    rig.members.changed(SeatState(OTHER, SeatStatus.FREE))
    rig.settle()
    assert rig.of(SEAT) == {(True, WHY, LAST)}


def test_when_the_pause_is_over_the_seat_is_rung_last_and_nobody_counts_on_it() -> None:
    rig = Rig()
    rig.missed()
    rig.now += LIMITS.first_pause
    rig.settle()
    assert rig.of(SEAT) == {(False, "", LAST)}
    assert rig.members.here(POOL)[SEAT] == "paused"
    rig.members.answered(SEAT, rig.now)
    rig.now += 5.0
    rig.settle()
    assert rig.of(SEAT) == {(False, "", 0)}
    assert rig.told[-1] == Resumed(SEAT, "answering")


@pytest.mark.parametrize("how", ["command", "phone", "key", "somebody in Asterisk"])
def test_what_brings_a_seat_back(how: str) -> None:
    rig = Rig()
    rig.missed()
    if how == "command":
        assert rig.members.resume(SEAT, "somchai")
    elif how == "somebody in Asterisk":
        for queue in POOL.queues:
            rig.queues.members[queue, SEAT] = Member(queue, SEAT, penalty=LAST)
            rig.members.changed(MemberChanged(SEAT, queue, True, False, "", SeatStatus.FREE, LAST))
    else:
        rig.members.changed(SeatResumed(SEAT, how))
    rig.settle()
    assert rig.of(SEAT) == {(False, "", 0)}
    assert isinstance(rig.told[-1], Resumed)
    assert not rig.members.resume(SEAT, "somchai")


def test_the_next_ivrd_reads_back_who_rests() -> None:
    rig = Rig()
    rig.missed()
    rig.members = rig.begin()
    rig.settle()
    assert rig.of(SEAT) == {(True, WHY, LAST)}
    (row,) = [row for row in rig.members.list_seats() if row["seat"] == SEAT]
    assert (row["state"], row["pool"]) == ("paused", "base")
    assert "nobody answered" in row["why"]


def test_a_closed_pool_is_closed_and_not_resting() -> None:
    rig = Rig()
    rig.missed()
    rig.members.open = set()
    rig.settle()
    assert {reason for _paused, reason, _penalty in rig.of(SEAT)} == {"ivrd: closed"}
    assert rig.members.here(POOL) == {}
    assert {row["state"] for row in rig.members.list_seats()} == {"closed"}
    rig.members.open = {"base"}
    asyncio.run(rig.members.reconcile())  # opened
    rig.events_come()
    rig.settle()
    assert rig.of(SEAT) == {(True, WHY, LAST)}


def test_an_agents_own_pause_stays_and_is_shown_with_its_reason() -> None:
    rig = Rig(FakeQueues(Member(q, s, True, "lunch") for q in POOL.queues for s in POOL.seats))
    rig.missed()
    assert {reason for _paused, reason, _penalty in rig.of(SEAT)} == {"lunch"}
    rows = {row["seat"]: row["why"] for row in rig.members.list_seats()}
    assert rows[OTHER] == "lunch"


def test_partners_and_strangers_are_none_of_ours() -> None:
    rig = Rig()
    for seat in ("bank/01", "carrier"):
        for _ in range(5):
            rig.members.changed(SeatUnanswered(seat, rig.now, 15.0))
            rig.members.answered(seat, rig.now)
    rig.settle()
    assert rig.told == []
    assert rig.queues.asked == []


def test_a_dropped_call_counts_and_a_hopeless_one_does_not() -> None:
    rig = Rig()
    rig.members.changed(SeatDropped(SEAT, rig.now, drops=1))
    rig.members.changed(SeatDropped(SEAT, rig.now, drops=3))
    assert rig.told == [NotTaken(SEAT, Reason.DROPPED, rig.now)]
