"""Served calls are stored once, and who dials again is marked, also over a restart."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

from ivrd.calls.menu_call import MenuPosition
from ivrd.core.call import AnsweredBy, Call
from ivrd.core.call_events import Connected, HungUp, JoinedQueue, PlayedMessage
from ivrd.core.call_table import step
from ivrd.core.case_menu import At, CaseVisit
from ivrd.core.day import CompletedCall, completed_call
from ivrd.core.menu import Visit
from ivrd.core.queue_log_replay import SettledEntry
from ivrd.core.repeat_calls import DAY_SECONDS, After, ServedCall
from ivrd.repeats.tracker import RepeatTracker
from ivrd.store import StoreDown

NOW = 1_795_312_060.0
TOLD = MenuPosition(CaseVisit(At.TOLD, "other", "th", Visit("main", "th"), state="bed"))


@dataclass
class Shelf:
    """The store; a `ServedCallRepository` and a `CallHistory`."""

    served: dict[str, ServedCall] = field(default_factory=dict)
    ended: list[CompletedCall] = field(default_factory=list)
    down: bool = False

    def put(self, call: ServedCall) -> None:
        self.served[call.call_id] = call

    async def since(self, at: float) -> list[ServedCall]:
        if self.down:
            raise StoreDown("gone")
        return [call for call in self.served.values() if call.at >= at]

    async def ended_calls(self, since: float) -> AsyncIterator[list[CompletedCall]]:
        yield [call for call in self.ended if call.received_at >= since]


class Rig:
    """A tracker, the leader's own unless it is said otherwise."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.is_leader = True
        self.counted: list[tuple[str, bool]] = []
        self.now = NOW
        self.here: dict[str, Call] = {}
        self.tracker = RepeatTracker(shelf, shelf, self.here, self, self, lambda: self.now)  # type: ignore[arg-type]

    def served(self, call: ServedCall) -> None:
        self.counted.append((call.after, False))

    def redialled(self, call: ServedCall) -> None:
        self.counted.append((call.after, True))

    async def begin(self) -> None:
        await self.tracker.restore()
        reading = self.tracker._reading
        assert reading is not None
        await reading

    def call(self, call_id: str, at: float, *events: object, who: str = "x") -> None:
        """A whole call."""
        call = Call(call_id, at, who)
        self.tracker.moved(call, None)
        for event in events:
            if isinstance(event, MenuPosition):
                self.tracker.moved(call, event)
                continue
            call, notices = step(call, event)  # type: ignore[arg-type]
            for notice in notices:
                self.tracker.notice(notice)
                if isinstance(event, HungUp):
                    self.shelf.ended.append(completed_call(notice))  # type: ignore[arg-type]

    def talk(self, call_id: str, at: float, who: str = "x") -> None:
        taken = Connected(at + 2, AnsweredBy.PARTNER, "good/01")
        self.call(call_id, at, JoinedQueue(at + 1, "other"), taken, HungUp(at + 60), who=who)


def said(call_id: str, answer: str = "settled", at: float = NOW + 66) -> SettledEntry:
    return SettledEntry(at, call_id, answer, "other.th", "good")


def test_what_was_said_is_counted_once_and_the_first_redial() -> None:
    async def body() -> None:
        rig = Rig(Shelf())
        await rig.begin()
        rig.talk("1.1", NOW)
        for _ in range(2):  # queue_log may be read twice
            rig.tracker.answered(said("1.1"))
        call = ServedCall("1.1", NOW + 66, After.SETTLED, "other", "good", known=True)
        assert rig.shelf.served == {"1.1": call}
        for again in ("2.1", "3.1"):
            rig.talk(again, NOW + 3000, "x")
        assert rig.shelf.served == {"1.1": replace(call, redialled=True)}
        assert rig.counted == [("settled", False), ("settled", True)]

    asyncio.run(body())


def test_of_a_withheld_number_nobody_is_known_to_dial_again() -> None:
    async def body() -> None:
        rig = Rig(Shelf())
        await rig.begin()
        rig.talk("1.1", NOW, who="")
        rig.tracker.answered(said("1.1", "no_answer"))
        rig.talk("2.1", NOW + 3000, who="")
        assert not rig.shelf.served["1.1"].known
        assert rig.counted == [("no_answer", False)]

    asyncio.run(body())


def test_who_heard_the_state_of_a_case_and_hung_up_is_served_and_who_went_on_is_not() -> None:
    async def body() -> None:
        rig = Rig(Shelf())
        await rig.begin()
        rig.call("1.1", NOW, PlayedMessage(), TOLD, HungUp(NOW + 30))
        rig.call("2.1", NOW, PlayedMessage(), HungUp(NOW + 30), who="y")  # another message
        taken = Connected(NOW + 40, AnsweredBy.INHOUSE, "base-01")
        joined = JoinedQueue(NOW + 35, "other")
        rig.call("3.1", NOW, PlayedMessage(), TOLD, joined, taken, HungUp(NOW + 90), who="z")
        assert [*rig.shelf.served] == ["1.1"]
        assert rig.counted == [("case_told", False)]

    asyncio.run(body())


def test_over_a_restart_nothing_is_lost_and_nothing_counted_twice() -> None:
    async def body() -> None:
        shelf = Shelf()
        before = Rig(shelf)
        await before.begin()
        for call_id, who in (("1.1", "x"), ("1.2", "y"), ("1.3", "z")):
            before.talk(call_id, NOW, who)
            before.tracker.answered(said(call_id, "not_settled"))
        assert len(before.counted) == 3
        shelf.ended.append(replace(shelf.ended[0], call_id="9.1", received_at=NOW + 500))
        after = Rig(shelf)
        after.tracker.answered(said("1.1", "not_settled"))  # before the store is read
        after.tracker.answered(said("1.4"))
        after.here["4.1"] = Call("4.1", NOW + 4000, "z")
        await after.begin()
        assert shelf.served["1.1"].redialled  # while nobody led
        after.talk("2.1", NOW + 3600, "y")
        assert [call.redialled for call in shelf.served.values()] == [True, True, True, False]
        again = ("not_settled", True)
        assert after.counted == [again, again, ("settled", False), again]

    asyncio.run(body())


def test_a_store_that_is_down_is_read_when_it_is_back() -> None:
    async def body() -> None:
        rig = Rig(Shelf(down=True))
        await rig.begin()
        rig.talk("1.1", NOW)
        rig.tracker.answered(said("1.1"))
        assert rig.counted == []
        rig.shelf.down = False
        rig.tracker.write_again()
        reading = rig.tracker._reading
        assert reading is not None
        await reading
        assert rig.counted == [("settled", False)]

    asyncio.run(body())


def test_a_standby_counts_and_stores_nothing_and_a_day_later_nobody_is_followed() -> None:
    async def body() -> None:
        rig = Rig(Shelf())
        await rig.begin()
        rig.is_leader = False
        rig.talk("1.1", NOW)
        rig.tracker.answered(said("1.1"))
        assert (rig.shelf.served, rig.counted) == ({}, [])
        assert not rig.tracker._ended  # nobody's hash, which the leader could not erase here
        rig.is_leader = True
        rig.talk("2.1", NOW)
        rig.tracker.answered(said("2.1"))
        assert len(rig.tracker.repeats) == 1
        rig.now += 2 * DAY_SECONDS
        rig.talk("3.1", rig.now, "y")
        rig.tracker.answered(said("3.1", at=rig.now + 66))
        assert len(rig.tracker.repeats) == len(rig.tracker._known) == 1

    asyncio.run(body())


def test_who_is_erased_is_followed_no_more() -> None:
    async def body() -> None:
        rig = Rig(Shelf())
        await rig.begin()
        for call_id, who in (("1.1", "x"), ("1.2", "y"), ("1.3", "x")):
            rig.talk(call_id, NOW, who)
        rig.tracker.answered(said("1.1"))
        rig.tracker.answered(said("1.2"))
        rig.tracker.erase("x")
        rig.tracker.answered(said("1.3"))  # written down only now
        assert not rig.shelf.served["1.3"].known
        for again, who in (("2.1", "x"), ("2.2", "y")):
            rig.talk(again, NOW + 3000, who)
        assert [call.redialled for call in rig.shelf.served.values()] == [False, True, False]

    asyncio.run(body())
