"""Seats are brought to where the open pools want them, whatever was there before."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.asterisk.ami_link import ActionRefused
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.asterisk.seat_facts import MemberChanged, SeatState, SeatUnanswered
from ivrd.asterisk.snapshot import AsteriskSnapshot
from ivrd.core.seats import CLOSED_BY_US, Member, Pool, SeatStatus
from tests.fixtures.agents import NoAgents

BASE = Pool("base", ("base-1", "base-2"), ("red", "green"), fixed=True)
SURGE = Pool("surge", ("surge-1", "surge-2", "surge-3"), ("red", "green"), fixed=False)
POOLS = (BASE, SURGE)
PLACES = [(queue, seat) for pool in POOLS for queue in pool.queues for seat in pool.seats]
FIXED = {(queue, seat) for queue in BASE.queues for seat in BASE.seats}
FOREIGN = Member("red", "a-doctor")


class FakeQueues:
    """app_queue's members, and what it says to changes of them; stands where the link stands."""

    def __init__(self, members: Iterable[Member], without: str = "") -> None:
        self.members = {(member.queue, member.seat): member for member in members}
        self.without = without  # a queue that this Asterisk does not have
        self.asked: list[dict[str, str]] = []
        self.changed: list[MemberChanged] = []  # events, still on their way

    async def ask(self, action: str, **headers: str) -> None:
        await asyncio.sleep(0)
        self.asked.append({"Action": action, **headers})
        queue, interface = headers["Queue"], headers["Interface"]
        assert interface.startswith("PJSIP/")
        key = (queue, interface.removeprefix("PJSIP/"))
        if queue == self.without:
            raise ActionRefused(f"{action}: Unable to add interface to queue: No such queue")
        if action == "QueueAdd":
            self._add(key, headers)
        elif action == "QueueRemove":
            self._remove(key)
        elif action == "QueuePenalty":
            self._set(replace(self.members[key], penalty=int(headers["Penalty"])))
        else:
            self._pause(key, headers["Paused"] == "true", headers["Reason"])

    def _add(self, key: tuple[str, str], headers: dict[str, str]) -> None:
        if key in self.members:
            raise ActionRefused("QueueAdd: Unable to add interface: Already there")
        assert headers["MemberName"] == key[1]
        assert headers["StateInterface"] == headers["Interface"]
        paused = headers.get("Paused") == "true"
        self._set(Member(*key, paused=paused, reason=headers.get("Reason", "")))

    def _remove(self, key: tuple[str, str]) -> None:
        if key not in self.members:
            raise ActionRefused("QueueRemove: Unable to remove interface: Not there")
        if key in FIXED:
            raise ActionRefused("QueueRemove: Member not dynamic")
        del self.members[key]
        self.changed.append(MemberChanged(key[1], key[0], False, False, "", SeatStatus.FREE))

    def _pause(self, key: tuple[str, str], paused: bool, reason: str) -> None:
        if key not in self.members:
            raise ActionRefused("QueuePause: Interface not found")
        self._set(replace(self.members[key], paused=paused, reason=reason))

    def _set(self, member: Member) -> None:
        self.members[member.queue, member.seat] = member
        self.changed.append(
            MemberChanged(
                member.seat,
                member.queue,
                True,
                member.paused,
                member.reason,
                SeatStatus.FREE,
                member.penalty,
            )
        )

    def snapshot(self) -> AsteriskSnapshot:
        return AsteriskSnapshot(
            (),
            tuple(self.members.values()),
            dict.fromkeys(self.seats(), SeatStatus.FREE),
            frozenset(),
            {},
        )

    def seats(self) -> set[str]:
        return {seat for _queue, seat in self.members}

    def taking(self) -> set[tuple[str, str]]:
        return {key for key, member in self.members.items() if not member.paused}


class Rig:
    def __init__(
        self,
        members: Iterable[Member],
        without: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.queues = FakeQueues(members, without)
        self.seating = QueueMembers(  # type: ignore[arg-type]
            self.queues, POOLS, clock, (), lambda: None, NoAgents()
        )

    def events_come(self) -> None:
        for fact in self.queues.changed:
            self.seating.changed(fact)
        self.queues.changed.clear()


PAUSES = [(False, ""), (True, "lunch"), (True, CLOSED_BY_US)]


@st.composite
def members(draw: st.DrawFn) -> list[Member]:
    """Fixed seats are always there; the others somewhere; anyone may be paused by anybody."""
    here = FIXED | draw(st.sets(st.sampled_from(PLACES)))
    return [FOREIGN, *(Member(*key, *draw(st.sampled_from(PAUSES))) for key in sorted(here))]


@given(
    members=members(),
    wanted=st.sets(st.sampled_from(["base", "surge"])),
    late=st.booleans(),
)
def test_after_the_changes_exactly_the_open_pools_take_calls(
    members: list[Member], wanted: set[str], late: bool
) -> None:
    async def body() -> None:
        rig = Rig(members)
        rig.seating.read(rig.queues.snapshot())
        rig.seating.open = set(wanted)
        await rig.seating.reconcile()
        if late:  # the same again before Asterisk's events are here
            await rig.seating.reconcile()
        rig.events_come()
        at_lunch = {(m.queue, m.seat) for m in members if m.reason == "lunch"}
        open_places = {
            (queue, seat)
            for pool in POOLS
            if pool.name in wanted
            for queue in pool.queues
            for seat in pool.seats
        }
        assert rig.queues.taking() == open_places - at_lunch | {("red", "a-doctor")}
        assert rig.queues.members["red", "a-doctor"] == FOREIGN
        assert await rig.seating.reconcile() == []
        rig.seating.open = {"base", "surge"}  # what we closed we open again
        await rig.seating.reconcile()
        assert rig.queues.taking() & FIXED == FIXED - at_lunch

    asyncio.run(body())


def test_changes_do_not_wait_for_one_another_and_go_out_in_order() -> None:
    """A partner's seats are closed at once, however long Asterisk takes for an answer."""

    async def body() -> None:
        surge = [Member(queue, seat) for queue in SURGE.queues for seat in SURGE.seats]
        rig = Rig([Member(*key) for key in FIXED] + surge)
        rig.seating.read(rig.queues.snapshot())
        rig.seating.open = {"base"}
        sent: list[tuple[str, str, str]] = []
        all_out = asyncio.Event()

        async def ask(action: str, **headers: str) -> None:
            sent.append((action, headers["Queue"], headers["Interface"]))
            if len(sent) == 2 * len(surge):
                all_out.set()
            await all_out.wait()

        rig.queues.ask = ask  # type: ignore[method-assign, assignment]
        async with asyncio.timeout(5):
            await rig.seating.reconcile()
        for pause, removal in zip(sent[::2], sent[1::2], strict=True):
            assert (pause[0], removal[0]) == ("QueuePause", "QueueRemove")
            assert pause[1:] == removal[1:]

    asyncio.run(body())


def test_before_asterisk_has_told_nothing_is_changed() -> None:
    async def body() -> None:
        rig = Rig([])
        assert await rig.seating.reconcile() == []
        assert rig.queues.asked == []

    asyncio.run(body())


def test_what_is_open_is_read_once_and_then_wanted() -> None:
    """A second reading, after a lost link, must not take Asterisk's word for what we want."""

    async def body() -> None:
        surge = [Member(queue, seat) for queue in SURGE.queues for seat in SURGE.seats]
        base = [Member(*key) for key in FIXED]
        rig = Rig([*base, *surge])
        rig.seating.read(rig.queues.snapshot())
        assert rig.seating.open == {"base", "surge"}
        for member in surge:  # Asterisk was restarted and has forgotten them
            del rig.queues.members[member.queue, member.seat]
        rig.seating.read(rig.queues.snapshot())
        await rig.seating.reconcile()
        assert rig.queues.taking() == set(PLACES)

    asyncio.run(body())


def test_one_refused_seat_does_not_keep_the_others_out() -> None:
    async def body() -> None:
        rig = Rig([Member("green", seat) for seat in BASE.seats], without="red")
        rig.seating.read(rig.queues.snapshot())
        rig.seating.open = {"base", "surge"}
        with pytest.raises(ActionRefused, match="No such queue"):
            await rig.seating.reconcile()
        assert {seat for queue, seat in rig.queues.taking() if queue == "green"} == {
            *BASE.seats,
            *SURGE.seats,
        }

    asyncio.run(body())


def test_a_seat_that_has_left_meanwhile_is_no_fault() -> None:
    async def body() -> None:
        rig = Rig([Member(*key) for key in FIXED])
        rig.seating.read(rig.queues.snapshot())
        rig.queues.members.clear()
        rig.seating.open = set()
        await rig.seating.reconcile()
        assert len(rig.queues.asked) == len(FIXED)

    asyncio.run(body())


def test_closed_seats_are_shown_as_long_as_they_talk() -> None:
    async def body() -> None:
        rig = Rig([Member(queue, "surge-1") for queue in SURGE.queues])
        rig.seating.read(rig.queues.snapshot())
        assert rig.seating.here(SURGE) == {"surge-1": SeatStatus.FREE}
        rig.seating.changed(SeatState("surge-1", SeatStatus.BUSY))
        assert rig.seating.here(SURGE) == {"surge-1": SeatStatus.BUSY}
        rig.seating.open = set()
        await rig.seating.reconcile()
        rig.queues.changed = [  # the phone still talks
            MemberChanged(f.seat, f.queue, f.there, f.paused, f.reason, SeatStatus.BUSY)
            for f in rig.queues.changed
        ]
        rig.events_come()
        assert rig.seating.here(SURGE) == {"surge-1": SeatStatus.BUSY}
        rig.seating.changed(SeatState("surge-1", SeatStatus.FREE))
        assert rig.seating.here(SURGE) == {}

    asyncio.run(body())


def test_a_seat_that_the_agent_paused_is_shown_as_paused() -> None:
    rig = Rig([Member(queue, "surge-1", True, "lunch") for queue in SURGE.queues])
    rig.seating.read(rig.queues.snapshot())
    assert rig.seating.here(SURGE) == {"surge-1": "paused"}


def test_the_last_one_that_rests_is_rung_and_goes_on_resting_when_asterisk_tells_of_it() -> None:
    now = 100.0
    rig = Rig([Member("red", "base-1"), Member("red", "base-2")], clock=lambda: now)
    rig.seating.read(rig.queues.snapshot())
    rig.seating.open = {"base"}
    for seat in ("base-1", "base-2"):
        for _ in range(3):
            rig.seating.changed(SeatUnanswered(seat, now, 0.0))
            now += 1.0
    asyncio.run(rig.seating.reconcile())
    rig.events_come()
    assert rig.queues.taking() & {("red", "base-1"), ("red", "base-2")} == set()
    now += 3.0
    asyncio.run(rig.seating.reconcile())  # base-1 has had its five seconds
    rig.events_come()
    rig.seating.read(rig.queues.snapshot())  # as after a lost connection
    assert rig.queues.taking() & {("red", "base-1"), ("red", "base-2")} == {("red", "base-1")}
    rows = {row["seat"]: row for row in rig.seating.list_seats()}
    assert rows["base-1"]["why"].startswith(
        "rung all the same, for too few others are there: rests"
    )
    assert rows["base-2"]["why"].startswith("rests for")
    rig.seating.changed(SeatState("base-1", SeatStatus.AWAY))
    now += 5.0
    asyncio.run(rig.seating.reconcile())
    assert ("red", "base-2") in rig.queues.taking()
