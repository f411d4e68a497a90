"""Whoever has waited before has the place in Asterisk's line that the effective arrival says."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from panoramisk.message import Message

from ivrd.asterisk.queue_priority import A_SECOND, arrival_of, milliseconds, priority_of
from ivrd.calls.placement import Placement
from ivrd.core.call import AnsweredBy, Call, CallState, Connected, Direction, HungUp, JoinedQueue
from ivrd.core.clock import AsteriskClock, Timeline
from ivrd.core.ledger import Ledger
from ivrd.core.people import FairnessRules, People
from ivrd.people.registry import PeopleRegistry
from ivrd.people.repository import PeopleRepository
from tests.calls.rig import NOW
from tests.partners.rig import Shelf

WHO = "0a1b2c3d4e5f"


class Rig:
    """Calls on a timeline, and what Asterisk was told."""

    def __init__(self, rules: FairnessRules | None = None) -> None:
        self.now = NOW
        self.wall = 0.0  # by how much Asterisk's clock is ahead
        self.ledger = Ledger()
        self.told: list[dict[str, str]] = []
        self.booked: dict[str, float] = {}  # who is to be called back, and since when they wait
        timeline = Timeline(lambda: self.now, lambda: self.now)
        self.clock = AsteriskClock(timeline)
        shelf: object = Shelf()
        self.people = PeopleRegistry(
            People(rules or FairnessRules()),
            PeopleRepository(shelf, lambda: 0.0),  # type: ignore[arg-type]
            lambda: self.now,
            self.booked.get,
        )
        self.moved: list[str] = []
        self.placement = Placement(
            self,  # type: ignore[arg-type]
            self.ledger,
            self.people,
            self.clock,
            lambda call_id: f"PJSIP/{call_id}",
            lambda: self.now,
            self.moved.append,
        )

    def tell(self, action: str, **headers: str) -> "asyncio.Future[Message]":
        self.told.append({"Action": action, **headers})
        return asyncio.get_running_loop().create_future()

    def arrives(self, call_id: str, who: str = WHO) -> None:
        call = Call(call_id, self.now, who)
        self.ledger.receive(call)
        self.people.here(call)

    def joins(self, call_id: str, queue: str = "care") -> None:
        self.ledger.apply(call_id, JoinedQueue(self.now, queue))

    def hangs_up(self, call_id: str) -> None:
        for notice in self.ledger.apply(call_id, HungUp(self.now)):
            self.people.notice(notice)
            self.placement.ended(notice.call)

    def gives_up(self, call_id: str, seconds: float, who: str = WHO) -> None:
        self.arrives(call_id, who)
        self.joins(call_id)
        self.now += seconds
        self.hangs_up(call_id)

    def line(self) -> list[str]:
        return [place.call_id for place in self.ledger.present.line("care")]

    def priorities(self) -> dict[str, int]:
        """What app_queue was told last of each channel in a line."""
        return {
            of["Caller"].removeprefix("PJSIP/"): int(of["Priority"])
            for of in self.told
            if of["Action"] == "QueueChangePriorityCaller"
        }


def run(body: Callable[[Rig], Awaitable[None]]) -> None:
    async def main() -> None:
        await body(Rig())

    asyncio.run(main())


def test_the_dialplan_is_told_before_the_caller_joins() -> None:
    async def body(rig: Rig) -> None:
        rig.gives_up("1", 60.0)
        rig.arrives("other", "ffff")
        rig.joins("other")
        rig.now += 10.0
        rig.arrives("2")
        assert rig.placement.arrival("2") == milliseconds(rig.now - 60.0)
        rig.joins("2")
        rig.placement.joined("2")
        assert rig.line() == ["2", "other"]
        assert rig.told == [], "Asterisk knows"
        assert rig.placement.arrival("other") == milliseconds(NOW + 60.0), "as it had joined"

    run(body)


def test_who_has_not_waited_before_arrives_when_joining() -> None:
    async def body(rig: Rig) -> None:
        rig.arrives("1")
        assert rig.placement.arrival("1") == ""
        assert rig.placement.arrival("stranger") == ""

    run(body)


def test_who_is_to_be_called_back_and_dials_in_has_the_place_of_the_booking() -> None:
    async def body(rig: Rig) -> None:
        rig.booked[WHO] = NOW - 600.0
        rig.arrives("other", "ffff")
        rig.joins("other")
        rig.now += 10.0
        rig.arrives("1")
        assert rig.placement.arrival("1") == milliseconds(NOW - 600.0)
        rig.joins("1")
        assert rig.line() == ["1", "other"]
        rig.arrives("2")
        assert rig.placement.arrival("2") == "", "one call at a time has it"

    run(body)


def test_a_booking_at_a_number_that_many_use_is_no_place_for_all_of_them() -> None:
    async def body(rig: Rig) -> None:
        for call_id in "123":
            rig.arrives(call_id)
        rig.booked[WHO] = NOW - 600.0
        assert rig.placement.arrival("1") == ""

    run(body)


def test_who_joined_without_ivrd_is_brought_to_the_place() -> None:
    async def body(rig: Rig) -> None:
        rig.gives_up("1", 60.0)
        rig.arrives("2")
        rig.joins("2")
        rig.placement.joined("2")
        assert rig.priorities() == {"2": priority_of(rig.now - 60.0)}
        (variable,) = [of for of in rig.told if of["Action"] == "Setvar"]
        assert variable["Variable"] == "IVRD_EFFECTIVE"
        assert variable["Value"] == milliseconds(rig.now - 60.0)
        assert rig.moved == ["2"], "it is stored"

    run(body)


def test_a_first_call_that_ends_only_now_gives_its_wait_to_the_second() -> None:
    """As of a phone that had lost its line: Asterisk notices half a minute later."""

    async def body(rig: Rig) -> None:
        rig.arrives("1")
        rig.joins("1")
        rig.now += 60.0
        rig.arrives("2")
        rig.joins("2")
        rig.placement.joined("2")
        assert rig.priorities() == {}
        rig.now += 20.0
        rig.hangs_up("1")
        assert rig.ledger.calls["2"].effective_at == NOW, "as if the first one had gone on"
        assert rig.priorities() == {"2": priority_of(NOW)}

    run(body)


def test_people_who_are_read_from_the_store_later_have_their_places_then() -> None:
    async def body(rig: Rig) -> None:
        rig.arrives("2")
        rig.joins("2")
        rig.placement.joined("2")
        earlier = Rig()
        earlier.now = NOW - 100.0
        earlier.gives_up("1", 60.0)
        for person in earlier.people.people:
            rig.people.people.restore(person)
        rig.people.revision += 1
        await rig.placement.reconcile()
        assert rig.ledger.calls["2"].effective_at == NOW - 60.0
        assert rig.priorities() == {"2": priority_of(NOW - 60.0)}
        rig.told.clear()
        await rig.placement.reconcile()
        assert rig.told == []

    run(body)


@pytest.mark.parametrize("step", [3600.0, -3600.0])
def test_when_asterisks_clock_is_set_all_places_are_told_by_the_new_one(step: float) -> None:
    async def body(rig: Rig) -> None:
        for call_id in ("1", "2", "3"):
            rig.arrives(call_id, call_id * 4)
            rig.joins(call_id)
            rig.now += 5.0
        rig.ledger.apply("2", Connected(rig.now, AnsweredBy.INHOUSE, "base-01"))
        rig.clock.answered(rig.now + step, rig.now, rig.now)
        await rig.placement.reconcile()
        assert rig.priorities() == {"1": priority_of(NOW + step), "3": priority_of(NOW + 10 + step)}
        channels = [of["Channel"] for of in rig.told if of["Action"] == "Setvar"]
        assert channels == ["PJSIP/1", "PJSIP/2", "PJSIP/3"], "who talks may come back"

    run(body)


def test_what_asterisk_lists_tells_a_new_ivrd_who_had_waited_before() -> None:
    async def body(rig: Rig) -> None:
        rig.arrives("1")
        rig.joins("1")
        rig.placement.seen("1", priority_of(NOW - 60.0))
        call = rig.ledger.calls["1"]
        assert call.effective_at == pytest.approx(NOW - 60.0, abs=1 / A_SECOND)
        assert rig.told == []

    run(body)


def test_who_is_called_back_may_have_asked_for_that_any_time_ago() -> None:
    async def body(rig: Rig) -> None:
        call = Call("1", rig.now, WHO, CallState.DIALLED, direction=Direction.CALLBACK)
        rig.ledger.receive(call)
        rig.joins("1")
        booked_at = NOW - 2 * rig.people.most_seconds
        rig.placement.seen("1", priority_of(booked_at))
        here = rig.ledger.calls["1"]
        assert here.effective_at == pytest.approx(booked_at, abs=1 / A_SECOND)
        assert rig.told == []

    run(body)


@pytest.mark.parametrize(
    ("priority", "why"),
    [
        (0, "joined by an earlier dialplan"),
        (priority_of(NOW + 30.0), "the arrival was never told"),
        (priority_of(NOW - 90_000.0), "by a clock that has been set since"),
    ],
)
def test_a_wrong_place_in_asterisks_line_is_put_right(priority: int, why: str) -> None:
    async def body(rig: Rig) -> None:
        rig.arrives("1")
        rig.joins("1")
        rig.placement.seen("1", priority)
        assert rig.priorities() == {"1": priority_of(NOW)}, why
        assert rig.ledger.calls["1"].effective_at == NOW

    run(body)


def test_who_talks_or_has_gone_needs_no_place() -> None:
    async def body(rig: Rig) -> None:
        rig.gives_up("1", 60.0)
        rig.arrives("2")
        rig.joins("2")
        rig.ledger.apply("2", Connected(rig.now, AnsweredBy.INHOUSE, "base-01"))
        rig.people.revision += 1
        await rig.placement.reconcile()
        assert rig.told == []
        assert rig.ledger.calls["2"].state is CallState.TALK

    run(body)


MOMENTS = st.floats(NOW - 1e7, NOW + 1e7)


@given(MOMENTS, MOMENTS)
def test_who_arrived_earlier_never_has_the_lower_priority(one: float, other: float) -> None:
    earlier, later = sorted((one, other))
    assert priority_of(earlier) >= priority_of(later)
    if later - earlier >= 1.0 / A_SECOND + 1e-6:
        assert priority_of(earlier) > priority_of(later)


@given(MOMENTS)
def test_a_priority_is_read_as_it_was_written(moment: float) -> None:
    clock = AsteriskClock(Timeline(lambda: NOW + 2e7, lambda: 0.0))
    back = arrival_of(priority_of(moment), clock)
    assert back == pytest.approx(moment, abs=1.0 / A_SECOND + 1e-6)
    assert arrival_of(0, clock) is None
