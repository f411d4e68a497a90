"""Callers who open the menu of their queue, over events as Asterisk makes them."""

import asyncio
from dataclasses import replace

import pytest
from panoramisk.message import Message

from ivrd.api.status import calls_of, queues_of
from ivrd.asterisk.queue_priority import priority_of
from ivrd.core.book_result import BookResult
from ivrd.core.call import CallState, Outcome, Stage
from ivrd.core.call_notices import Ended, Rejoined
from ivrd.core.menu_step import StepKind
from ivrd.core.seats import Pool
from ivrd.core.slots import Slot
from tests.asterisk.virtual import run
from tests.calls.rig import (
    MENU_KEY,
    NOW,
    SETTINGS,
    FakeBooking,
    Rig,
    answered,
    arrived,
    event,
    gone,
    joined,
    offered,
    pressed,
    settle,
)

POOL = Pool("base", ("base-01",), ("other",), fixed=True)


def opened(call_id: str) -> list[Message]:
    """Asterisk has taken the call out of the queue, and offers it."""
    return [event("UserEvent", call_id, UserEvent="IvrdQueueMenu"), offered(call_id)]


def member(state: str, there: str = "QueueMemberAdded") -> Message:
    """The seat is in the queue; 1: free, 2: in a talk."""
    common = {"Queue": "other", "Interface": "PJSIP/base-01", "Paused": "0", "Status": state}
    return event(there, "", **common)


class Hotline(Rig):
    """Callers a, b, … wait in one queue, one second after the other."""

    def __init__(self, booking: FakeBooking | None = None) -> None:
        self.booking = booking or FakeBooking()
        super().__init__(pools=(POOL,), booking=self.booking)

    async def wait(self, *callers: str) -> "Hotline":
        for n, call_id in enumerate(callers):
            await self.take(arrived(call_id))
            await self.take(event("QueueCallerJoin", call_id, NOW + n, Queue="other"))
        return self

    def sent(self, call_id: str) -> list[dict[str, str]]:
        """What was sent of this call, but commands and stops."""
        channel = f"PJSIP/c-{call_id}"
        actions = ("QueueWithdrawCaller", "Redirect", "Setvar")
        return [
            headers
            for headers in self.link.told
            if headers["Action"] in actions
            and channel in (headers.get("Channel"), headers.get("Caller"))
        ]

    def withdrawn(self, call_id: str) -> list[dict[str, str]]:
        return [of for of in self.sent(call_id) if of["Action"] == "QueueWithdrawCaller"]

    def redirected(self, call_id: str) -> list[str]:
        return [of["Context"] for of in self.sent(call_id) if of["Action"] == "Redirect"]

    def place(self, call_id: str) -> int:
        """The place that the caller would hear."""
        waits = self.tracker.queue_menus.waits(call_id)
        assert waits is not None
        return waits.place

    async def open(self, call_id: str) -> None:
        await self.take(pressed(call_id, MENU_KEY), *opened(call_id))

    async def back(self, call_id: str) -> None:
        await self.take(event("AsyncAGIEnd", call_id), joined(call_id))

    def state(self, call_id: str) -> CallState:
        return self.ledger.calls[call_id].state

    def waiting(self) -> list[str]:
        return [place.call_id for place in self.ledger.present.waiting("other")]

    def line(self) -> list[str]:
        return [place.call_id for place in self.ledger.present.line("other")]


def test_the_key_takes_the_caller_out_of_the_line_and_the_wait_goes_on() -> None:
    async def body() -> None:
        rig = await Hotline().wait("a", "b", "c")
        await rig.take(pressed("b", MENU_KEY))
        (withdrawn,) = rig.withdrawn("b")
        assert withdrawn["Queue"] == "other"
        assert rig.line() == ["a", "b", "c"]  # until Asterisk has done it
        await rig.take(*opened("b"))
        assert rig.state("b") is CallState.QUEUE_MENU
        assert (rig.line(), rig.waiting()) == (["a", "c"], ["a", "b", "c"])
        assert rig.told.steps[-1][1].kind is StepKind.QUEUE_MENU
        await rig.take(pressed("b", "3"))
        assert rig.state("b") is CallState.QUEUE_MENU
        await rig.back("b")
        assert rig.line() == ["a", "b", "c"]
        assert rig.ledger.calls["b"].joined_at == NOW + 1
        assert rig.told.refusals == []

    run(body())


@pytest.mark.parametrize("keys", ["1", "5", "0"])
def test_other_keys_open_nothing(keys: str) -> None:
    async def body() -> None:
        rig = await Hotline().wait("a")
        await rig.take(*(pressed("a", key) for key in keys))
        assert rig.sent("a") == []

    run(body())


def test_whoever_does_not_wait_opens_nothing() -> None:
    async def body() -> None:
        rig = await Hotline().wait("a")
        await rig.take(answered("a"), pressed("a", MENU_KEY), arrived("b"), pressed("b", MENU_KEY))
        assert rig.sent("a") == rig.sent("b") == []

    run(body())


def test_one_that_stands_by_opens_nothing_and_one_that_stops_neither() -> None:
    async def body() -> None:
        rig = await Hotline().wait("a")
        rig.tracker.ivr.active = False
        await rig.take(pressed("a", MENU_KEY))
        rig.tracker.ivr.active, rig.tracker.ivr.draining = True, True
        await rig.take(pressed("a", MENU_KEY))
        assert rig.sent("a") == []

    run(body())


def test_keys_that_are_typed_ahead_count_and_those_before_do_not() -> None:
    async def body() -> None:
        rig = await Hotline().wait("a")
        await rig.take(*(pressed("a", key) for key in f"2{MENU_KEY}12"), *opened("a"))
        kinds = [step.kind for call, step in rig.told.steps if call == "a"]
        assert kinds[-2:] == [StepKind.QUEUE_MENU, StepKind.PLACE]
        assert rig.booking.asked == ["a"]
        assert len(rig.withdrawn("a")) == 1

    run(body())


def test_the_place_that_is_heard_counts_all_who_wait_before_in_a_menu_or_not() -> None:
    async def body() -> None:
        rig = await Hotline().wait("a", "b", "c", "d")
        await rig.open("c")
        assert rig.place("c") == 3
        await rig.open("b")
        await rig.open("d")
        assert [rig.place(call) for call in "bcd"] == [2, 3, 4]
        await rig.take(gone("a"))
        assert [rig.place(call) for call in "bcd"] == [1, 2, 3]
        await rig.back("b")
        assert [rig.place(call) for call in "cd"] == [2, 3]

    run(body())


def test_when_a_seat_is_free_and_nobody_is_before_the_menu_gives_way() -> None:
    async def body() -> None:
        rig = await Hotline().wait("a", "b", "c")
        await rig.open("b")
        await rig.take(member("2"), answered("a"))
        rig.tracker.queue_menus.reconcile()
        assert rig.redirected("b") == []
        await rig.take(event("DeviceStateChange", "", Device="PJSIP/base-01", State="NOT_INUSE"))
        rig.tracker.queue_menus.reconcile()
        assert rig.redirected("b") == ["hotline-queue"]
        assert rig.told.steps[-1][1].kind is StepKind.TURN
        await rig.back("b")
        assert rig.line() == ["b", "c"]

    run(body())


def test_a_seat_that_is_free_is_for_whoever_is_before() -> None:
    async def body() -> None:
        rig = await Hotline().wait("a", "b")
        await rig.open("b")
        await rig.take(member("1"))
        rig.tracker.queue_menus.reconcile()
        assert rig.redirected("b") == []
        await rig.take(event("AgentCalled", "a", Interface="PJSIP/base-01"))
        rig.tracker.queue_menus.reconcile()  # a seat rings for a, and this one is free besides
        assert rig.redirected("b") == ["hotline-queue"]

    run(body())


def test_whoever_opens_the_menu_when_the_turn_has_come_is_sent_back_at_once() -> None:
    async def body() -> None:
        rig = await Hotline().wait("a")
        await rig.take(pressed("a", MENU_KEY), member("1"), *opened("a"))
        await settle()
        assert rig.redirected("a") == ["hotline-queue"]

    run(body())


def test_a_seat_that_becomes_free_ends_the_menu_before_anybody_behind_is_told_to_look() -> None:
    async def body() -> None:
        rig = await Hotline().wait("a", "b", "c")
        await rig.open("b")
        await rig.take(member("2"), gone("a"))
        rig.link.told.clear()
        await rig.take(member("1"))
        assert rig.redirected("b") == ["hotline-queue"]
        told = [h["Channel"] for h in rig.link.told if h["Action"] == "ControlPlayback"]
        assert "PJSIP/c-c" not in told

    run(body())


def test_the_slot_that_is_chosen_is_what_is_written_down() -> None:
    async def body() -> None:
        rig = await Hotline().wait("a")
        rig.booking.has_slots = (Slot(3600.0, 13, tomorrow=False), Slot(7200.0, 14, tomorrow=False))
        await rig.open("a")
        await rig.take(pressed("a", "2"))
        assert rig.booking.asked == []
        await rig.take(pressed("a", "3"))
        assert (rig.booking.asked, rig.booking.chosen) == (["a"], [7200.0])

    run(body())


def test_booked_is_told_and_counted_once_it_is_written_down() -> None:
    async def body() -> None:
        rig = await Hotline().wait("a")
        await rig.open("a")
        await rig.take(pressed("a", "2"))
        assert rig.state("a") is CallState.QUEUE_MENU
        rig.booking.answers.put_nowait(BookResult.BOOKED)
        await settle()
        assert rig.state("a") is CallState.BOOKED
        assert rig.waiting() == []
        await rig.take(event("AsyncAGIEnd", "a"), gone("a"))
        assert rig.ends() == {"a": (Outcome.CALLBACK, Stage.IVR)}

    run(body())


@pytest.mark.parametrize("answer", [BookResult.NOT_STORED, RuntimeError("a fault of ours")])
def test_whoever_cannot_be_booked_waits_on(answer: BookResult | Exception) -> None:
    async def body() -> None:
        rig = await Hotline().wait("a")
        await rig.open("a")
        await rig.take(pressed("a", "2"))
        rig.booking.answers.put_nowait(answer)
        await settle()
        assert rig.state("a") is CallState.QUEUE_MENU
        assert rig.told.steps[-1][1].to == BookResult.NOT_STORED
        assert len(rig.told.faults) == isinstance(answer, Exception)

    run(body())


def test_the_oldest_wait_and_the_counts_have_whoever_is_in_the_menu() -> None:
    async def body() -> None:
        rig = await Hotline().wait("a", "b")
        await rig.open("a")
        present = rig.ledger.present
        assert present.oldest_seconds("other", NOW + 10) == 10.0
        assert [place.call_id for place in present.in_menus("other")] == ["a"]
        (row,) = [r for r in queues_of(SETTINGS.queues, frozenset(), present, NOW + 10)
                  if r["name"] == "other"]  # fmt: skip
        assert (row["waiting"], row["oldest_seconds"]) == (2, 10.0)
        assert calls_of(rig.ledger, 0)["queue"] == 2
        await rig.take(event("AsyncAGIEnd", "a"), gone("a"))
        assert present.oldest_seconds("other", NOW + 10) == 9.0

    run(body())


def test_whoever_hangs_up_there_has_given_up_waiting() -> None:
    async def body() -> None:
        rig = await Hotline().wait("a", "b")
        await rig.open("a")
        await rig.take(event("AsyncAGIEnd", "a"), gone("a"))
        await rig.take(pressed("b", MENU_KEY), gone("b"))
        assert set(rig.ends().values()) == {(Outcome.ABANDONED, Stage.QUEUE)}
        assert rig.waiting() == []

    run(body())


def test_fifty_times_in_and_out_the_call_is_offered_once_and_stands_where_it_stood() -> None:
    async def body() -> None:
        rig = await Hotline().wait("a", "b", "c")
        for _time in range(50):
            await rig.open("b")
            await rig.take(pressed("b", "3"))
            await rig.back("b")
        assert rig.line() == ["a", "b", "c"]
        assert len(rig.withdrawn("b")) == 50
        assert rig.ledger.offered.total() == 3
        assert rig.told.refusals == rig.told.faults == []
        again = [n for n in rig.told.notices if isinstance(n, Rejoined)]
        assert len(again) == 50
        assert all(n.talked_seconds is None for n in again)
        await rig.take(answered("b"), gone("b"))
        (end,) = [n for n in rig.told.notices if isinstance(n, Ended)]
        assert end.call.wait_seconds() == 0.0 or end.call.joined_at == NOW + 1

    run(body())


def test_who_was_refused_by_asterisk_may_try_again() -> None:
    async def body() -> None:
        rig = await Hotline().wait("a")
        answers: list[asyncio.Future[Message]] = []
        tell = rig.link.tell

        def answering(action: str, **headers: str) -> "asyncio.Future[Message]":
            found = tell(action, **headers)
            if action == "QueueWithdrawCaller":
                answers.append(found)
            return found

        rig.link.tell = answering  # type: ignore[method-assign]
        await rig.take(pressed("a", MENU_KEY), pressed("a", MENU_KEY))
        assert len(answers) == 1
        answers[0].set_result(Message({"Response": "Error", "Message": "No such caller"}))
        await settle()
        await rig.take(pressed("a", MENU_KEY))
        assert len(answers) == 2

    run(body())


# --- losing and finding Asterisk -----------------------------------------------------------


def row(call_id: str, context: str, application: str, data: str, bridge: str = "") -> Message:
    """A caller of two minutes as CoreShowChannels shows it."""
    return Message(
        {
            "Event": "CoreShowChannel",
            "Channel": f"PJSIP/c-{call_id}",
            "Uniqueid": call_id,
            "AccountCode": "0200000001",
            "Context": context,
            "Application": application,
            "ApplicationData": data,
            "Duration": "00:02:00",
            "BridgeId": bridge,
        }
    )


def in_menu(call_id: str, queue: str = "other") -> Message:
    priority = priority_of(NOW - 100.0)
    return row(call_id, "hotline-queue-menu", "AGI", f"agi:async,{queue},{priority}")


async def rebuilt(rig: Hotline, *rows: Message, entries: tuple[Message, ...] = ()) -> None:
    rig.link.lists = {"CoreShowChannels": rows, "QueueStatus": entries}
    await rig.tracker.rebuild()
    await settle()
    assert rig.ledger.balance() == 0
    assert rig.told.refusals == []


def test_who_is_found_in_the_menu_waits_and_hears_it_from_the_beginning() -> None:
    async def body() -> None:
        rig = Hotline()
        await rebuilt(rig, in_menu("a"))
        call = rig.ledger.calls["a"]
        assert (call.state, call.queue) == (CallState.QUEUE_MENU, "other")
        assert call.joined_at == NOW - 120.0
        assert rig.ledger.offered == {"other": 1}
        assert [step.kind for _call, step in rig.told.steps] == [StepKind.QUEUE_MENU]
        rig.tracker.ivr.give_way("a")
        assert rig.redirected("a") == ["hotline-queue"]

    run(body())


def test_who_opened_it_unseen_keeps_the_wait() -> None:
    async def body() -> None:
        rig = await Hotline().wait("a")
        before = rig.ledger.calls["a"]
        await rebuilt(rig, in_menu("a"))
        assert rig.ledger.calls["a"] == replace(before, state=CallState.QUEUE_MENU)

    run(body())


def test_another_ivrd_goes_on_where_the_caller_was_with_the_keys_pressed_since() -> None:
    async def body() -> None:
        rig = await Hotline().wait("a")
        await rig.open("a")
        call, position = rig.ledger.calls["a"], rig.tracker.ivr.position("a")
        other = Hotline()
        other.tracker.restore(call, position)
        await rebuilt(other, in_menu("a"))
        assert other.ledger.calls["a"] == call
        assert [step.kind for _call, step in other.told.steps] == [StepKind.RESUMED]
        await other.take(pressed("a", "2"))
        assert other.booking.asked == ["a"]

    run(body())


def test_a_booking_that_was_being_written_down_is_asked_for_again_and_one_that_stands_is_told() -> (
    None
):
    async def body() -> None:
        rig = await Hotline().wait("a")
        await rig.open("a")
        await rig.take(pressed("a", "2"))
        for state in (CallState.QUEUE_MENU, CallState.BOOKED):
            other = Hotline()
            other.tracker.restore(rig.ledger.calls["a"], rig.tracker.ivr.position("a"))
            await rebuilt(other, in_menu("a"))
            assert other.state("a") is state
            assert other.booking.asked == ["a"] * (state is CallState.QUEUE_MENU)
            rig.booking.answers.put_nowait(BookResult.BOOKED)
            await settle()

    run(body())


def test_who_left_it_unseen_waits_or_talks() -> None:
    async def body() -> None:
        rig = await Hotline().wait("a", "b")
        for call_id in "ab":
            await rig.open(call_id)
        entry = {"Event": "QueueEntry", "Uniqueid": "a", "Queue": "other", "Wait": "1"}
        await rebuilt(
            rig,
            row("a", "hotline-queue", "Queue", "other,cib"),
            row("b", "hotline-queue", "Queue", "other,cib", bridge="1"),
            entries=(Message(entry),),
        )
        assert rig.places() == {"a": CallState.QUEUE, "b": CallState.TALK}
        assert rig.ledger.calls["a"].joined_at == NOW
        assert rig.ledger.offered == {"other": 2}

    run(body())
