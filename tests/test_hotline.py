"""The hotline's books and menus over what Asterisk reports, whatever order it comes in."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from panoramisk.message import Message

from ivrd.asterisk.agi import Sessions
from ivrd.asterisk.conversation import Script
from ivrd.asterisk.link import Refused
from ivrd.asterisk.seating import Seating
from ivrd.asterisk.wire import LinkLost
from ivrd.config import load
from ivrd.core.call import Answered, Call, Ended, Notice, Offered, Outcome, Place, Stage
from ivrd.core.seats import Pool
from ivrd.hotline import Hotline, Watch
from tests.asterisk.recording import ALONE, CALLS, messages, rows
from tests.asterisk.virtual import run

SETTINGS = load(Path(__file__).parents[1] / "config")
TREE = replace(SETTINGS.tree, retries=0)
SCRIPT = Script(
    tree=TREE,
    seconds={},
    label={topic: topic for topic in TREE.queue_of},
    lease_seconds=5.0,
    closed=frozenset,
)
NOW = 1795312060.0
FIRST, SECOND, THIRD, FOURTH, FIFTH = CALLS
EVERYONE = [*CALLS, ALONE]


class FakeLink:
    """Takes commands, answers with the lists that the test put in."""

    def __init__(self) -> None:
        self.lists: dict[str, Sequence[Message]] = {"CoreShowChannels": [], "QueueStatus": []}
        self.gate = asyncio.Event()  # the second list waits for it
        self.gate.set()
        self.told: list[dict[str, str]] = []
        self.refuses = False
        self.lost = False
        self.hears: Callable[[Message], None] = lambda _event: None

    async def ask_list(self, action: str) -> Sequence[Message]:
        if action == "QueueStatus":
            await self.gate.wait()
        if self.lost:
            raise LinkLost("gone")
        return self.lists.get(action, [])

    async def ask(self, action: str, **headers: str) -> None:
        if self.refuses:
            raise Refused(f"{action}: No such queue")

    def tell(self, action: str, **headers: str) -> "asyncio.Future[Message]":
        self.told.append({"Action": action, **headers})
        loop = asyncio.get_running_loop()
        if action == "AGI" and not headers["Command"].startswith("STREAM FILE"):
            done = {"CommandID": headers["CommandID"], "Result": "200 result=1"}
            loop.call_soon(self.hears, Message({"Event": "AsyncAGIExec", **done}))
        return loop.create_future()

    def commands(self, channel: str) -> list[str]:
        return [h.get("Command", h["Action"]) for h in self.told if h["Channel"] == channel]


@dataclass
class Told:
    """What the hotline tells its watch."""

    received: list[Call] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    unattended: list[Call] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    broken: list[tuple[str, BaseException]] = field(default_factory=list)

    def watch(self) -> Watch:
        return Watch(
            self.received.append,
            self.notices.append,
            lambda _seconds: None,
            self.unattended.append,
            lambda *what: self.refused.append(what),
            lambda *what: self.broken.append(what),
        )

    def ends(self) -> dict[str, tuple[Outcome, Stage]]:
        ended = [notice for notice in self.notices if isinstance(notice, Ended)]
        assert len({notice.call.id for notice in ended}) == len(ended)
        return {notice.call.id: (notice.outcome, notice.stage) for notice in ended}


class Rig:
    """A hotline on a fake link."""

    def __init__(self, script: Script = SCRIPT, pools: tuple[Pool, ...] = ()) -> None:
        self.link = FakeLink()
        self.told = Told()
        self.hotline = Hotline(
            self.link,  # type: ignore[arg-type]
            script,
            Seating(self.link, pools),  # type: ignore[arg-type]
            Sessions(self.link, lambda _s: None),  # type: ignore[arg-type]
            self.told.watch(),
            lambda number: f"#{number[-3:]}",
            lambda: NOW,
        )
        self.ledger = self.hotline.ledger
        self.link.hears = self.hotline.take

    async def take(self, *several: Message) -> None:
        for message in several:
            self.hotline.take(message)
            await settle()
            assert self.ledger.balance() == 0

    def places(self) -> dict[str, Place]:
        return {call_id: call.place for call_id, call in self.ledger.calls.items()}

    def ends(self) -> dict[str, tuple[Outcome, Stage]]:
        """How each call ended; the counts say the same."""
        ends = self.told.ends()
        counted: Counter[tuple[Outcome, Stage]] = Counter()
        for row, count in self.ledger.outcomes.items():
            counted[row.outcome, row.stage] += count
        assert counted == Counter(ends.values())
        return ends


async def settle() -> None:
    """Let the conversations do what they can without time going by."""
    for _ in range(6):
        await asyncio.sleep(0)


# --- events as Asterisk makes them ---------------------------------------------------------


def event(name: str, call_id: str, at: float = NOW, **headers: str) -> Message:
    base = {"Event": name, "Uniqueid": call_id, "Channel": f"PJSIP/c-{call_id}"}
    return Message({**base, "Timestamp": f"{at:.6f}", **headers})


def arrived(call_id: str, number: str = "0200000001") -> Message:
    return event("UserEvent", call_id, UserEvent="IvrdReceived", CallerIDNum=number)


def offered(call_id: str) -> Message:
    return event("AsyncAGIStart", call_id)


def pressed(call_id: str, digit: str) -> Message:
    return event("DTMFEnd", call_id, Digit=digit, Direction="Received")


def joined(call_id: str, queue: str = "other") -> Message:
    return event("QueueCallerJoin", call_id, Queue=queue)


def answered(call_id: str) -> Message:
    return event("AgentConnect", call_id, Interface="PJSIP/base-01")


def gone(call_id: str) -> Message:
    return event("Hangup", call_id)


MAKERS = {
    "arrived": arrived,
    "offered": offered,
    "key 1": lambda c: pressed(c, "1"),
    "key 2": lambda c: pressed(c, "2"),
    "key 4": lambda c: pressed(c, "4"),
    "key 0": lambda c: pressed(c, "0"),
    "over": lambda c: event("AsyncAGIEnd", c),
    "joined": joined,
    "returned": lambda c: event("UserEvent", c, UserEvent="IvrdReturned"),
    "unattended": lambda c: event("UserEvent", c, UserEvent="IvrdUnattended"),
    "answered": answered,
    "gone": gone,
}


# --- what Asterisk reports, into the books -------------------------------------------------


async def whole_recording() -> Rig:
    rig = Rig()
    await rig.take(*messages("calls"))
    return rig


def test_the_recorded_calls_end_as_their_callers_say() -> None:
    async def body() -> None:
        rig = await whole_recording()
        assert rig.ends() == {
            FIRST: (Outcome.ANSWERED, Stage.TALK),
            SECOND: (Outcome.ANSWERED, Stage.TALK),
            THIRD: (Outcome.ABANDONED, Stage.QUEUE),
            FOURTH: (Outcome.ABANDONED, Stage.IVR),
            FIFTH: (Outcome.SELF_SERVED, Stage.IVR),
            ALONE: (Outcome.ANSWERED, Stage.TALK),
        }
        assert rig.ledger.calls == {}
        assert rig.ledger.received == len(rig.told.received) == 6
        assert rig.hotline._lines == {}  # nothing is kept of calls that are gone
        assert [call.id for call in rig.told.unattended] == [ALONE]
        assert rig.told.refused == []
        assert rig.told.broken == []

    run(body())


def test_what_is_known_of_a_call_at_its_end() -> None:
    async def body() -> None:
        rig = await whole_recording()
        ended = {n.call.id: n.call for n in rig.told.notices if isinstance(n, Ended)}
        first = ended[FIRST]
        assert (first.queue, first.topic) == ("home_isolation", "hi-symptoms")
        assert (first.language, first.seat, first.caller) == ("th", "base-01", "#001")
        assert first.wait_seconds() == pytest.approx(6.6, abs=1.0)
        assert first.talk_seconds() == pytest.approx(6.0, abs=1.0)
        assert ended[SECOND].language == "en"
        waits = [n.wait_seconds for n in rig.told.notices if isinstance(n, Answered)]
        assert len(waits) == 3
        assert sum(isinstance(n, Offered) for n in rig.told.notices) == 4

    run(body())


@given(st.lists(st.tuples(st.sampled_from(list(MAKERS)), st.sampled_from("abc")), max_size=40))
def test_the_books_balance_after_any_events_in_any_order_twice_or_never(
    happenings: list[tuple[str, str]],
) -> None:
    async def body() -> None:
        rig = Rig()
        for name, call_id in happenings:
            await rig.take(MAKERS[name](call_id))
        assert rig.ledger.received == len(rig.told.received)
        assert rig.told.broken == []
        await rig.take(*(gone(call_id) for call_id in "abc"))
        assert rig.ledger.calls == {}
        ends = sum(isinstance(notice, Ended) for notice in rig.told.notices)
        assert rig.ledger.received == ends == sum(rig.ledger.outcomes.values())
        assert rig.hotline.talking() == 0

    run(body())


def test_calls_of_others_are_not_in_the_books() -> None:
    async def body() -> None:
        rig = Rig()
        await rig.take(joined("x"), answered("x"), pressed("x", "1"), gone("x"))
        assert rig.ledger.received == 0
        assert rig.told == Told()

    run(body())


def test_a_number_is_nowhere_but_hashed() -> None:
    async def body() -> None:
        rig = Rig()
        await rig.take(arrived("a", "0812345678"), offered("a"), gone("a"))
        assert "0812345678" not in repr(rig.told) + repr(rig.link.told)
        assert rig.told.received[0].caller == "#678"

    run(body())


# --- menus ---------------------------------------------------------------------------------


def test_keys_pressed_before_the_menu_has_begun_are_not_lost() -> None:
    async def body() -> None:
        rig = Rig()
        for message in (arrived("a"), offered("a"), *(pressed("a", digit) for digit in "14")):
            rig.hotline.take(message)  # all in one packet
        await settle()
        assert rig.ledger.calls["a"].topic == "other"

    run(body())


def test_a_fault_in_one_menu_is_reported_and_does_not_touch_the_others() -> None:
    async def body() -> None:
        rig = Rig(replace(SCRIPT, label={}))  # leaving the menu will fail
        for call_id in ("a", "b"):
            await rig.take(arrived(call_id), offered(call_id))
        rig.hotline._lines["a"].conversation._saying = None  # type: ignore[union-attr]
        await rig.take(pressed("a", "0"))
        assert [call_id for call_id, _error in rig.told.broken] == ["a"]
        assert rig.hotline.talking() == 1
        await rig.take(pressed("b", "2"))
        assert rig.ledger.calls["b"].language == "en"
        assert rig.places() == {"a": Place.MENU, "b": Place.MENU}
        await rig.take(event("AsyncAGIEnd", "a"), joined("a"), gone("a"), gone("b"))
        assert rig.hotline.talking() == 0

    run(body())


def test_a_fault_in_the_watch_is_reported_and_costs_no_other_event() -> None:
    async def body() -> None:
        rig = Rig()

        def broken(_notice: Notice) -> None:
            raise RuntimeError("the metrics are full")

        rig.hotline._watch = replace(rig.hotline._watch, notice=broken)
        await rig.take(arrived("a"), joined("a"), arrived("b"))
        assert [(c, str(e)) for c, e in rig.told.broken] == [("a", "the metrics are full")]
        assert rig.places() == {"a": Place.QUEUE, "b": Place.MENU}

    run(body())


def test_a_second_session_of_a_channel_ends_the_first() -> None:
    async def body() -> None:
        rig = Rig()
        await rig.take(arrived("a"), offered("a"), offered("a"))
        assert rig.hotline.talking() == 1
        await rig.take(gone("a"))
        assert rig.hotline.talking() == 0

    run(body())


# --- losing and finding Asterisk -----------------------------------------------------------


def channel_row(call: Call, in_agi: bool = True) -> Message:
    """A call as CoreShowChannels shows it."""
    app = {Place.QUEUE: "Queue", Place.TALK: "Queue"}.get(call.place, "AGI" if in_agi else "Wait")
    context = "hotline-queue" if app == "Queue" else "hotline"
    return Message(
        {
            "Event": "CoreShowChannel",
            "Channel": f"PJSIP/c-{call.id}",
            "Uniqueid": call.id,
            "CallerIDNum": "0200000001",
            "Context": context,
            "Application": app,
            "ApplicationData": f"{call.queue},b(seat-headers^s^1())",
            "Duration": "00:00:30",
            "BridgeId": f"bridge-{call.id}" if call.place is Place.TALK else "",
        }
    )


def lists(calls: Sequence[Call], in_agi: bool = True) -> dict[str, Sequence[Message]]:
    """What Asterisk answers when these calls are there."""
    entries = [
        Message({"Event": "QueueEntry", "Uniqueid": c.id, "Queue": c.queue, "Wait": "12"})
        for c in calls
        if c.place is Place.QUEUE
    ]
    return {
        "CoreShowChannels": [channel_row(call, in_agi) for call in calls],
        "QueueStatus": entries,
    }


def test_calls_that_were_there_before_us_are_adopted_where_they_are() -> None:
    async def body() -> None:
        rig = Rig()
        rig.link.lists = {"CoreShowChannels": rows("channels"), "QueueStatus": rows("queues")}
        await rig.hotline.rebuild()
        assert rig.places() == {
            FIRST: Place.QUEUE,
            SECOND: Place.TALK,
            THIRD: Place.QUEUE,
            FIFTH: Place.MENU,
        }
        assert rig.ledger.received == rig.ledger.adopted == 4
        assert rig.ledger.calls[THIRD].wait_seconds(NOW) == pytest.approx(2, abs=1)
        assert rig.ledger.calls[FIRST].caller == "#001"
        assert rig.ledger.calls[SECOND].connected_at == NOW
        assert rig.ledger.calls[SECOND].wait_seconds() is None  # nobody knows it now
        # nobody knows where in the menu the fifth is: the lease brings him to a person
        assert rig.link.told == []
        assert rig.ledger.balance() == 0

    run(body())


def test_calls_that_are_not_there_any_more_have_ended() -> None:
    async def body() -> None:
        rig = Rig()
        await rig.take(arrived("a"), joined("a"), arrived("b"))
        rig.hotline.lost()
        await rig.hotline.rebuild()
        assert rig.ends() == {
            "a": (Outcome.ABANDONED, Stage.QUEUE),
            "b": (Outcome.ABANDONED, Stage.IVR),
        }

    run(body())


def test_events_that_come_while_the_snapshot_is_read_wait_for_it() -> None:
    async def body() -> None:
        rig = Rig()
        await rig.take(arrived("a"), joined("a"))
        rig.hotline.lost()
        rig.link.lists = lists([rig.ledger.calls["a"]])
        rig.link.gate.clear()
        rebuilding = asyncio.ensure_future(rig.hotline.rebuild())
        await settle()
        await rig.take(answered("a"), arrived("b"), offered("b"), pressed("b", "2"), gone("a"))
        assert rig.places() == {"a": Place.QUEUE}  # held
        rig.link.gate.set()
        await rebuilding
        await settle()
        assert rig.ends() == {"a": (Outcome.ANSWERED, Stage.TALK)}
        assert rig.ledger.calls["b"].language == "en"
        assert rig.ledger.adopted == 0

    run(body())


def test_a_rebuild_that_fails_loses_no_event() -> None:
    async def body() -> None:
        rig = Rig()
        rig.link.gate.clear()
        rebuilding = asyncio.ensure_future(rig.hotline.rebuild())
        await settle()
        await rig.take(arrived("a"))
        rig.link.lost = True
        rig.link.gate.set()
        with pytest.raises(LinkLost):
            await rebuilding
        assert rig.places() == {"a": Place.MENU}

    run(body())


def test_a_caller_goes_on_in_the_menu_after_a_short_loss() -> None:
    async def body() -> None:
        rig = Rig()
        await rig.take(arrived("a"), offered("a"), pressed("a", "2"), pressed("a", "1"))
        rig.hotline.lost()
        await settle()
        assert rig.hotline.talking() == 0
        before = len(rig.link.told)
        rig.link.lists = lists([rig.ledger.calls["a"]])
        await rig.hotline.rebuild()
        await settle()
        after = rig.link.told[before:]
        assert [h.get("Command", h.get("Control")) for h in after] == [
            "stop",
            'SET VARIABLE TIMEOUT(absolute) "65.0"',
            'STREAM FILE "en/ivrd/home-isolation-menu" ""',
        ]
        await rig.take(pressed("a", "2"))
        assert rig.ledger.calls["a"].topic == "hi-symptoms"

    run(body())


@pytest.mark.parametrize("still_here", [True, False])
def test_a_caller_whom_the_dialplan_took_is_left_alone_after_a_loss(still_here: bool) -> None:
    async def body() -> None:
        rig = Rig()
        await rig.take(arrived("a"), offered("a"), pressed("a", "1"))
        rig.hotline.lost()
        call = replace(rig.ledger.calls["a"], place=Place.QUEUE, queue="other")
        rig.link.lists = lists([call], in_agi=False) if still_here else lists([])
        before = len(rig.link.told)
        await rig.hotline.rebuild()
        await settle()
        assert len(rig.link.told) == before
        assert rig.places() == ({"a": Place.QUEUE} if still_here else {})

    run(body())


def test_seats_that_asterisk_refuses_do_not_cost_the_link() -> None:
    async def body() -> None:
        rig = Rig(pools=(Pool("surge", ("surge-1",), ("red",), fixed=False),))
        rig.hotline.seating.open = {"surge"}
        rig.link.refuses = True
        await rig.hotline.rebuild()
        assert rig.told.refused == [("Seats", "QueueAdd: No such queue")]

    run(body())


async def _truths() -> list[list[Call]]:
    """The calls that are there before each message of the recording, and after the last."""
    rig = Rig()
    truths = []
    for message in messages("calls"):
        truths.append(list(rig.ledger.calls.values()))
        await rig.take(message)
    return [*truths, []]


def test_joining_at_any_moment_is_safe() -> None:
    """From each message on, a new ivrd sees the rest of the recording and its calls' true ends."""

    async def body() -> None:
        recording, truths = messages("calls"), await _truths()
        ends = (await whole_recording()).ends()
        for start, there in enumerate(truths):
            rig = Rig()
            rig.link.lists = lists(there)
            await rig.hotline.rebuild()
            assert rig.ledger.adopted == len(there)
            await rig.take(*recording[start:])
            assert rig.ledger.calls == {}
            for call_id, end in rig.ends().items():
                was = next((call.place for call in there if call.id == call_id), Place.MENU)
                # what a caller had heard in the menu before us nobody can tell
                heard = was is Place.INFO or (call_id == FIFTH and was is Place.MENU)
                assert end == ends[call_id] or (heard and end == ends[FOURTH]), (start, call_id)

    run(body())


@pytest.mark.parametrize("missed", [1, 7, 40])
def test_losing_any_stretch_of_events_costs_no_call(missed: int) -> None:
    """A link that is lost over so many messages: every call is counted once, and ends."""

    async def body() -> None:
        recording, truths = messages("calls"), await _truths()
        ends = (await whole_recording()).ends()
        for start in range(0, len(recording) - missed, 3):
            rig = Rig()
            await rig.take(*recording[:start])
            rig.hotline.lost()
            rig.link.lists = lists(truths[start + missed])
            await rig.hotline.rebuild()
            await rig.take(*recording[start + missed :])
            assert rig.ledger.calls == {}
            assert rig.told.broken == []
            unseen = {m.uniqueid for m in recording[start : start + missed]}
            assert set(rig.ends()) >= {call_id for call_id in EVERYONE if call_id not in unseen}
            for call_id, end in rig.ends().items():
                assert end == ends[call_id] or call_id in unseen, (start, call_id)

    run(body())


# --- stopping ------------------------------------------------------------------------------


def test_a_stop_with_nobody_in_a_menu_is_over_at_once() -> None:
    async def body() -> None:
        rig = Rig()
        await rig.take(arrived("a"), joined("a"))
        await rig.hotline.drain(3600.0)
        assert asyncio.get_running_loop().time() == 0.0
        assert rig.places() == {"a": Place.QUEUE}

    run(body())


def test_a_stop_takes_nobody_new_and_brings_everybody_to_a_person() -> None:
    async def body() -> None:
        rig = Rig()
        await rig.take(arrived("a"), offered("a"), arrived("b"), offered("b"))
        asyncio.get_running_loop().call_later(5.0, rig.hotline.take, gone("b"))
        draining = asyncio.ensure_future(rig.hotline.drain(20.0))
        await asyncio.sleep(1.0)
        await rig.take(arrived("late"), offered("late"))
        assert rig.link.commands("PJSIP/c-late") == ["ASYNCAGI BREAK"]
        await asyncio.sleep(20.0)
        assert rig.ledger.calls["a"].topic == TREE.operator
        assert rig.link.commands("PJSIP/c-a")[-1] == "ControlPlayback"  # makes room for `connect`
        await rig.take(event("AsyncAGIEnd", "a"))
        await asyncio.wait_for(draining, 5.0)
        assert rig.hotline.talking() == 0

    run(body())
