"""Whoever has waited before has the place in Asterisk's line that the effective arrival says."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from panoramisk.message import Message

from ivrd.asterisk.queue_priority import (
    A_SECOND,
    head_start_of,
    milliseconds,
    priority_of,
    turn_of,
    written,
)
from ivrd.calls.placement import Placement
from ivrd.core.call import AnsweredBy, Call, CallState, Direction
from ivrd.core.call_events import Connected, HungUp, JoinedQueue
from ivrd.core.clock import AsteriskClock, Timeline
from ivrd.core.ledger import Ledger
from ivrd.core.people import FairnessRules, People
from ivrd.core.priority import NO_HEAD_START, HeadStart, PriorityRules, Urgency
from ivrd.people.registry import PeopleRegistry
from ivrd.people.repository import PeopleRepository
from tests.calls.rig import NOW
from tests.partners.rig import Shelf

WHO = "0a1b2c3d4e5f"
RULES = PriorityRules(3600.0, 300.0, {"chest": Urgency.RED_FLAG, "worse": Urgency.RISK_GROUP})


class Rig:
    """Calls on a timeline, and what Asterisk was told."""

    def __init__(self, rules: FairnessRules | None = None) -> None:
        self.now = NOW
        self.wall = 0.0  # by how much Asterisk's clock is ahead
        self.ledger = Ledger()
        self.told: list[dict[str, str]] = []
        self.booked_urgent = NO_HEAD_START
        self.booked: dict[str, float] = {}  # who is to be called back, and since when they wait
        timeline = Timeline(lambda: self.now, lambda: self.now)
        self.clock = AsteriskClock(timeline)
        shelf: object = Shelf()
        self.people = PeopleRegistry(
            People(rules or FairnessRules()),
            PeopleRepository(shelf, lambda: 0.0),  # type: ignore[arg-type]
            lambda: self.now,
            self.booked.get,
            lambda _person: self.booked_urgent,
        )
        self.moved: list[str] = []
        self.on_channel = ""  # what an earlier ivrd has put on each channel
        self.placement = Placement(
            RULES,
            self,  # type: ignore[arg-type]
            self.ledger,
            self.people,
            self.clock,
            lambda call_id: f"PJSIP/{call_id}",
            lambda: self.now,
            self.moved.append,
        )

    async def ask(self, action: str, **headers: str) -> Message:
        assert (action, headers["Variable"]) == ("Getvar", "IVRD_HEAD_START")
        return Message({"Response": "Success", "Value": self.on_channel})

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


def arrival(rig: Rig, call_id: str) -> str | None:
    """What the dialplan is told of the arrival of a caller who is about to join."""
    return rig.placement.before_joining(call_id).get("IVRD_EFFECTIVE")


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
        assert arrival(rig, "2") == milliseconds(rig.now - 60.0)
        rig.joins("2")
        rig.placement.joined("2")
        assert rig.line() == ["2", "other"]
        assert rig.told == [], "Asterisk knows"
        assert arrival(rig, "other") == milliseconds(NOW + 60.0), "as it had joined"

    run(body)


def test_who_has_not_waited_before_arrives_when_joining() -> None:
    async def body(rig: Rig) -> None:
        rig.arrives("1")
        assert arrival(rig, "1") is None
        assert arrival(rig, "stranger") is None

    run(body)


def test_who_is_to_be_called_back_and_dials_in_has_the_place_of_the_booking() -> None:
    async def body(rig: Rig) -> None:
        rig.booked[WHO] = NOW - 600.0
        rig.arrives("other", "ffff")
        rig.joins("other")
        rig.now += 10.0
        rig.arrives("1")
        assert arrival(rig, "1") == milliseconds(NOW - 600.0)
        rig.joins("1")
        assert rig.line() == ["1", "other"]
        rig.arrives("2")
        assert arrival(rig, "2") is None, "one call at a time has it"

    run(body)


def test_who_has_booked_with_a_red_flag_and_dials_in_has_that_as_well() -> None:
    async def body(rig: Rig) -> None:
        rig.booked[WHO], rig.booked_urgent = NOW - 600.0, RULES.head_start(Urgency.RED_FLAG)
        rig.arrives("1")
        told = rig.placement.before_joining("1")
        assert told["IVRD_EFFECTIVE"] == milliseconds(NOW - 600.0)
        assert told["IVRD_HEAD_START"] == "red_flag:3600000"

    run(body)


def test_a_booking_at_a_number_that_many_use_is_no_place_for_all_of_them() -> None:
    async def body(rig: Rig) -> None:
        for call_id in "123":
            rig.arrives(call_id)
        rig.booked[WHO] = NOW - 600.0
        assert arrival(rig, "1") is None

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
        await rig.placement.seen("1", priority_of(NOW - 60.0))
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
        await rig.placement.seen("1", priority_of(booked_at))
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
        await rig.placement.seen("1", priority)
        assert rig.priorities() == {"1": priority_of(NOW)}, why
        assert rig.ledger.calls["1"].effective_at == NOW

    run(body)


def test_a_topic_makes_a_caller_urgent_before_joining() -> None:
    async def body(rig: Rig) -> None:
        for call_id, topic in (("1", "other"), ("2", "worse"), ("3", "chest")):
            rig.arrives(call_id, call_id * 4)
            rig.ledger.note(call_id, topic=topic)
        told = {call_id: rig.placement.before_joining(call_id) for call_id in "123"}
        assert told["1"] == {}
        assert told["2"] == {"IVRD_HEAD_START": "risk_group:300000"}
        assert told["3"] == {"IVRD_HEAD_START": "red_flag:3600000"}
        for call_id in "123":
            rig.joins(call_id)
            rig.placement.joined(call_id)
        assert rig.line() == ["3", "2", "1"]
        assert rig.told == [], "Asterisk knows"
        assert rig.moved == ["2", "3"], "it is stored"

    run(body)


def test_who_is_found_to_be_urgent_while_waiting_is_brought_to_the_place_at_once() -> None:
    async def body(rig: Rig) -> None:
        for call_id in "12":
            rig.arrives(call_id, call_id * 4)
            rig.joins(call_id)
            rig.now += 10.0
        assert rig.placement.mark("2", Urgency.RED_FLAG)
        assert rig.line() == ["2", "1"]
        assert rig.priorities() == {"2": priority_of(NOW + 10.0 - 3600.0)}
        told = {of["Variable"]: of["Value"] for of in rig.told if of["Action"] == "Setvar"}
        assert told["IVRD_HEAD_START"] == "red_flag:3600000"
        rig.told.clear()
        assert not rig.placement.mark("2", Urgency.RISK_GROUP), "it counts already"
        assert not rig.placement.mark("gone", Urgency.RED_FLAG)
        assert rig.told == []

    run(body)


def test_who_is_found_to_be_urgent_in_a_menu_has_it_on_the_channel_and_keeps_it() -> None:
    async def body(rig: Rig) -> None:
        rig.arrives("1")
        rig.placement.mark("1", Urgency.RED_FLAG)
        assert [(of["Action"], of["Value"]) for of in rig.told] == [("Setvar", "red_flag:3600000")]
        rig.joins("1")
        rig.placement.joined("1")
        assert rig.priorities() == {}, "the dialplan has made the place of it"
        assert rig.ledger.calls["1"].head_start == HeadStart(Urgency.RED_FLAG, 3600.0)

    run(body)


def test_a_new_ivrd_that_knows_nothing_reads_who_is_urgent_from_the_channel() -> None:
    """A head start is more than anybody's credit, and would be taken for a clock that was set."""

    async def body(rig: Rig) -> None:
        rig.arrives("1")
        rig.joins("1")
        rig.on_channel = "red_flag:90000000"
        await rig.placement.seen("1", priority_of(NOW - 60.0 - 90_000.0))
        call = rig.ledger.calls["1"]
        assert call.head_start == HeadStart(Urgency.RED_FLAG, 90_000.0)
        assert call.effective_at == pytest.approx(NOW - 60.0, abs=1 / A_SECOND)
        assert rig.told == []
        assert "1" in rig.moved

    run(body)


def test_a_head_start_that_asterisk_was_not_told_is_told_when_it_is_seen() -> None:
    async def body(rig: Rig) -> None:
        rig.arrives("1")
        rig.joins("1")
        rig.ledger.note("1", head_start=RULES.head_start(Urgency.RED_FLAG))
        await rig.placement.seen("1", priority_of(NOW))
        assert rig.priorities() == {"1": priority_of(NOW - 3600.0)}

    run(body)


def test_a_caller_who_is_sent_on_to_an_urgent_topic_is_urgent_there() -> None:
    async def body(rig: Rig) -> None:
        rig.arrives("1")
        rig.joins("1")
        rig.ledger.apply("1", Connected(rig.now, AnsweredBy.INHOUSE, "base-01"))
        rig.ledger.note("1", topic="chest")
        rig.joins("1")
        rig.placement.joined("1")
        assert rig.priorities() == {"1": priority_of(NOW - 3600.0)}

    run(body)


def test_a_reload_takes_nobodys_head_start() -> None:
    async def body(rig: Rig) -> None:
        rig.arrives("1")
        rig.placement.mark("1", Urgency.RED_FLAG)
        rig.placement.rules = PriorityRules(600.0, 300.0)
        rig.joins("1")
        rig.placement.joined("1")
        assert rig.ledger.calls["1"].head_start.seconds == 3600.0

    run(body)


@given(st.sampled_from([Urgency.RED_FLAG, Urgency.RISK_GROUP]), st.integers(0, 10**9))
def test_a_head_start_is_read_as_it_was_written(urgency: Urgency, milliseconds_: int) -> None:
    head_start = HeadStart(urgency, milliseconds_ / 1000)
    assert head_start_of(written(head_start)) == head_start


@given(st.text() | st.sampled_from(["", ":", "red_flag", "red_flag:", ":5", "red_flag:-5"]))
def test_what_is_no_head_start_is_none(text: str) -> None:
    found = head_start_of(text)
    assert found == NO_HEAD_START or written(found) == text


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
    back = turn_of(priority_of(moment), clock)
    assert back == pytest.approx(moment, abs=1.0 / A_SECOND + 1e-6)
    assert turn_of(0, clock) is None
