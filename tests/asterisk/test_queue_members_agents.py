"""Seats of agents: paused for what their agents say, beside the pauses that there are."""

import asyncio
from collections.abc import Collection
from typing import Any

from ivrd.asterisk.queue_members import QueueMembers
from ivrd.asterisk.seat_facts import SeatUnanswered
from ivrd.asterisk.snapshot import AsteriskSnapshot
from ivrd.core.seats import CLOSED_BY_US, SKILLS, WRAP_UP, Member, Pool, SeatStatus
from tests.asterisk.test_queue_members import FakeQueues

MINE, OTHER = "base-1", "base-2"  # the agent's, and nobody's
FIXED = Pool("base", (MINE, OTHER), ("red", "green"), fixed=True)
DYNAMIC = Pool("base", (MINE, OTHER), ("red", "green"), fixed=False)
OUT = "agent: signed out"


class Rig:
    """One agent, at one of two seats."""

    def __init__(self, pool: Pool = FIXED) -> None:
        self.pool = pool
        members = (Member(q, s) for q in pool.queues for s in pool.seats) if pool.fixed else ()
        self.queues = FakeQueues(members)
        self.reason: str | None = OUT
        self.barred_from: Collection[str] = ()
        self.now = 1000.0
        self.members = self.begin()

    def has_seat(self, seat: str) -> bool:
        return seat == MINE

    def barred(self, seat: str) -> Collection[str] | None:
        if seat != MINE:
            return ()
        return self.barred_from if self.reason is not None else None

    def pause_reason(self, seat: str) -> str | None:
        assert seat == MINE
        return self.reason

    def begin(self) -> QueueMembers:
        """An ivrd that has just connected."""
        link: Any = self.queues
        made = QueueMembers(link, (self.pool,), lambda: self.now, (), lambda: None, self)
        states = dict.fromkeys(self.pool.seats, SeatStatus.FREE)
        found = tuple(self.queues.members.values())
        made.read(AsteriskSnapshot((), found, states, frozenset(), {}))
        return made

    def settle(self) -> None:
        async def body() -> None:
            for _ in range(2):  # the second changes nothing
                changes = await self.members.reconcile()
                for fact in self.queues.changed:
                    self.members.changed(fact)
                self.queues.changed.clear()
            assert changes == []

        asyncio.run(body())

    def says(self, reason: str | None) -> set[tuple[bool, str]]:
        """What Asterisk has of the agent's seat when that is the reason."""
        self.reason = reason
        self.settle()
        return self.of(MINE)

    def of(self, seat: str) -> set[tuple[bool, str]]:
        found = [m for m in self.queues.members.values() if m.seat == seat]
        return {(m.paused, m.reason) for m in found}


def test_a_seat_is_paused_for_what_its_agent_says_and_nobodys_is_not() -> None:
    rig = Rig()
    for reason in (OUT, "", WRAP_UP, "agent: lunch", "agent: paused", ""):
        assert rig.says(reason) == {(bool(reason), reason)}
        assert rig.of(OTHER) == {(False, "")}


def test_only_who_can_take_a_caller_is_there() -> None:
    rig = Rig()
    rig.settle()
    assert rig.members.here(FIXED) == {OTHER: SeatStatus.FREE}
    rig.says("agent: lunch")
    assert rig.members.here(FIXED) == {OTHER: SeatStatus.FREE}
    rig.says(WRAP_UP)
    assert rig.members.here(FIXED)[MINE] is SeatStatus.BUSY
    rig.says("")
    assert rig.members.here(FIXED)[MINE] is SeatStatus.FREE
    rig.says(OUT)
    rig.members.states[MINE] = SeatStatus.BUSY
    assert rig.members.here(FIXED)[MINE] is SeatStatus.BUSY  # the talk goes on


def test_a_seat_of_a_pool_that_opens_is_never_rung_without_its_agent() -> None:
    rig = Rig(DYNAMIC)
    rig.members.open = {"base"}
    rig.settle()
    added = [of for of in rig.queues.asked if of.get("MemberName") == MINE]
    assert [(of["Paused"], of["Reason"]) for of in added] == [("true", OUT)] * 2
    assert "QueuePause" not in {of["Action"] for of in rig.queues.asked}


def test_a_closed_pool_whose_agents_are_signed_out_is_closed_for_the_next_ivrd() -> None:
    rig = Rig()
    rig.settle()
    rig.members.open = set()
    assert rig.says(OUT) == {(True, CLOSED_BY_US)}
    rig.members = rig.begin()
    assert rig.members.open == set()
    rig.members.open = {"base"}
    assert rig.says(OUT) == {(True, OUT)}


def test_while_the_agents_are_not_known_seats_stay_as_they_are() -> None:
    rig = Rig()
    for reason in (OUT, ""):
        before = rig.says(reason)
        rig.members = rig.begin()
        assert rig.says(None) == before


def test_a_seat_that_does_not_answer_is_told_apart_and_forgotten_by_nobody() -> None:
    rig = Rig()
    rig.says("")
    for _ in range(2):
        rig.members.changed(SeatUnanswered(MINE, rig.now, 15.0))
    (health,) = rig.says("")
    assert health[1].startswith("ivrd: ")
    assert rig.says("agent: lunch") == {(True, "agent: lunch")}
    rig.members.read(
        AsteriskSnapshot(
            (), tuple(rig.queues.members.values()), rig.members.states, frozenset(), {}
        )
    )
    assert rig.says("") == {health}


def test_what_somebody_else_has_paused_is_left_alone() -> None:
    rig = Rig()
    rig.says("")
    for queue in FIXED.queues:
        rig.queues.members[queue, MINE] = Member(queue, MINE, paused=True, reason="by hand")
    rig.members = rig.begin()
    assert rig.says(OUT) == {(True, "by hand")}


def barred(rig: Rig, queue: str) -> bool:
    found = rig.queues.members[queue, MINE]
    return found.paused and found.reason == SKILLS


def test_an_agent_is_rung_for_no_caller_who_cannot_be_helped_and_counts_for_the_others() -> None:
    rig = Rig()
    rig.barred_from = {"green"}
    assert rig.says("") == {(False, ""), (True, SKILLS)}
    assert barred(rig, "green")
    assert rig.members.serves(MINE) == ["red"]
    crews = rig.members.crews(FIXED)
    assert crews[frozenset({"red"})] == {MINE: SeatStatus.FREE}
    assert crews[frozenset({"red", "green"})] == {OTHER: SeatStatus.FREE}
    assert rig.says("agent: lunch") == {(True, "agent: lunch")}
    rig.barred_from = ()
    assert rig.says("") == {(False, "")}


def test_who_cannot_help_whom_stays_as_it_is_while_agents_are_not_known() -> None:
    rig = Rig()
    rig.barred_from = {"green"}
    rig.says("")
    rig.members = rig.begin()
    assert rig.says(None) == {(False, ""), (True, SKILLS)}
    assert barred(rig, "green")


def test_a_seat_whose_people_cannot_help_everybody_is_in_fewer_queues() -> None:
    rig = Rig(Pool("base", (MINE, OTHER), ("red", "green"), fixed=False, fewer={MINE: ("red",)}))
    rig.members.open = {"base"}
    rig.says("")
    assert set(rig.queues.members) == {("red", MINE), ("red", OTHER), ("green", OTHER)}
