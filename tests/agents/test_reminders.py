"""Agents are called when their shift begins, and when they were paused, and by one ivrd only."""

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from ivrd.agents.controller import NO_ANSWER
from ivrd.agents.reminders import Reminders
from ivrd.asterisk.ami_action import ConnectionLost
from ivrd.asterisk.call_request import NotPlaced
from ivrd.asterisk.dialplan_names import ATTEMPT
from ivrd.asterisk.facts import AttemptReport
from ivrd.config.settings import AgentSettings, ReminderSettings
from ivrd.core import agent as a
from ivrd.core.reminder import CallResult, Limits, Occasion
from ivrd.core.schedule import Schedule, Span
from ivrd.core.seats import SeatStatus
from tests.agents.test_controller import Rig as Agents

ZONE = ZoneInfo("Asia/Bangkok")
EIGHT = datetime(2026, 12, 7, 8, tzinfo=ZONE).timestamp()  # a Monday
OFFICE = Schedule(ZONE, ((Span(480, 960),),) * 7)
MALEE = AgentSettings(
    "1001", "Malee", "", "home.01", ("en",), telephone="+66812345678", shift="office"
)
SUDA = AgentSettings("1002", "Suda", "", "home.02", telephone="+66812345679", shift="office")
SOMCHAI = AgentSettings("a-101", "Somchai", "", "base-01")
AGENTS = (MALEE, SUDA, SOMCHAI)


class Rig:
    """One ivrd after the other on one store, and what each asked of Asterisk."""

    def __init__(self, at_once: int = 10, *, when_paused: bool = True) -> None:
        self.agents = Agents()
        self.now = EIGHT - 60.0
        limits = Limits(2, 300.0, 30, at_once)
        self.settings = ReminderSettings(limits, when_paused, {"office": OFFICE}, "th", 5062)
        self.here: dict[str, str] = {}
        self.states: dict[str, SeatStatus] = {}
        self.placed: list[str] = []  # what was to be dialled
        self.tokens: list[str] = []
        self.results: list[tuple[Occasion, CallResult]] = []
        self.variables: dict[str, str] = {}
        self.fails: Exception | None = None
        self.shift = 0.0
        self.begin()

    def begin(self) -> None:
        self.agents.now = self.now
        self.agents.begin()
        self.agents.controller.configure(AGENTS, 20.0)
        self.reminders = Reminders(
            self.settings,
            ZONE,
            self.agents.controller,
            self,
            self,
            self,
            self,
            lambda number: f"{number}@callback-trunk",
            self.agents.writes,
            self,
            lambda: self.now,
            lambda: self.shift,
        )

    async def restore(self) -> None:
        await self.agents.repository.restore()
        await self.reminders.restore()

    def state(self, seat: str) -> SeatStatus:
        return self.states.get(seat, SeatStatus.FREE)

    async def set_global(self, name: str, value: str) -> None:
        self.variables[name] = value

    async def place(self, port: int, token: str) -> None:
        assert port == 5062
        if self.fails:
            raise self.fails
        self.placed.append(self.variables[ATTEMPT + token])
        self.tokens.append(token)

    def reminded(self, occasion: Occasion, result: CallResult) -> None:
        self.results.append((occasion, result))

    async def look(self, seconds: float = 0.0) -> list[str]:
        """Time passes; what is dialled then."""
        self.now += seconds
        self.agents.now = self.now
        self.placed = []
        writing = asyncio.create_task(self.agents.writes.run(lambda: None))
        self.reminders.look()
        await self.reminders.settled()
        writing.cancel()
        return self.placed

    def report(self, token: str, state: str, detail: str = "") -> None:
        self.reminders.attempt(AttemptReport(token, state, detail, self.now, ""))


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_whose_shift_begins_is_called_and_nobody_before(rig: Rig) -> None:
    async def life() -> None:
        assert await rig.look() == []  # nothing is known yet
        await rig.restore()
        assert await rig.look() == []
        assert await rig.look(61) == [
            "agent|1001|+66812345678@callback-trunk|30|en",
            "agent|1002|+66812345679@callback-trunk|30|th",
        ]
        assert await rig.look(1) == []

    asyncio.run(life())


def test_who_does_not_answer_is_called_again_within_the_limit_and_named(rig: Rig) -> None:
    async def life() -> None:
        await rig.restore()
        rig.here["home.02"] = "1002"  # is there already
        await rig.look(61)
        assert rig.reminders.absent() == []
        rig.report(rig.tokens[0], "failed", "NOANSWER")
        assert await rig.look(299) == []
        assert len(await rig.look(1)) == 1
        rig.report(rig.tokens[1], "answered")
        assert await rig.look(3000) == []
        assert rig.reminders.absent() == ["1001"]
        occasion = Occasion.SHIFT
        expected = [(occasion, CallResult.NO_ANSWER), (occasion, CallResult.DID_NOT_COME)]
        assert rig.results == expected
        await rig.look(10 * 3600)  # the shift is over
        assert rig.reminders.absent() == []

    asyncio.run(life())


def test_who_comes_is_not_called_again_also_when_leaving_later(rig: Rig) -> None:
    async def life() -> None:
        await rig.restore()
        await rig.look(61)
        rig.here.update({"home.01": "1001", "home.02": "1002"})
        await rig.look(20)
        assert rig.results == [(Occasion.SHIFT, CallResult.CAME)] * 2
        rig.here.clear()
        rig.report(rig.tokens[0], "answered")
        assert await rig.look(1200) == []
        assert rig.reminders.absent() == []
        assert len(await rig.look(24 * 3600 - 1200)) == 2  # the next day's

    asyncio.run(life())


def test_the_next_ivrd_does_not_call_once_more(rig: Rig) -> None:
    async def life() -> None:
        await rig.restore()
        assert len(await rig.look(61)) == 2
        rig.begin()
        assert await rig.look(1) == []  # what was stored is not read yet
        await rig.restore()
        assert await rig.look(1) == []
        rig.report(rig.tokens[0], "failed", "BUSY")  # and has what becomes of it
        assert rig.results == [(Occasion.SHIFT, CallResult.BUSY)]
        assert await rig.look(300) == ["agent|1001|+66812345678@callback-trunk|30|en"]

    asyncio.run(life())


def test_nobody_is_called_while_the_store_is_down(rig: Rig) -> None:
    async def life() -> None:
        await rig.restore()
        rig.agents.shelf.down = True
        assert await rig.look(61) == []
        assert rig.results == [(Occasion.SHIFT, CallResult.NOT_MADE)] * 2

    asyncio.run(life())


def test_what_could_not_be_read_is_read_later_and_nobody_called_before(rig: Rig) -> None:
    async def life() -> None:
        rig.agents.shelf.down = True
        await rig.restore()
        await rig.look(61)
        rig.agents.shelf.down = False
        rig.agents.writes.up = True
        await rig.agents.repository.restore()
        assert await rig.look(11) == []
        assert len(await rig.look(1)) == 2

    asyncio.run(life())


@pytest.mark.parametrize("error", [NotPlaced("no"), ConnectionLost("gone"), TimeoutError()])
def test_a_call_that_cannot_be_made_is_made_later(rig: Rig, error: Exception) -> None:
    async def life() -> None:
        await rig.restore()
        rig.here["home.02"] = "1002"
        rig.fails = error
        assert await rig.look(61) == []
        rig.fails = None
        assert len(await rig.look(300)) == 1

    asyncio.run(life())


def test_so_many_at_once_and_no_more() -> None:
    async def life() -> None:
        rig = Rig(at_once=1)
        await rig.restore()
        assert len(await rig.look(61)) == 1
        rig.report(rig.tokens[0], "failed", "BUSY")
        assert len(await rig.look(1)) == 1

    asyncio.run(life())


def test_a_call_of_which_nothing_is_heard_is_over_some_time(rig: Rig) -> None:
    async def life() -> None:
        await rig.restore()
        await rig.look(61)
        await rig.look(600)
        assert rig.results == [(Occasion.SHIFT, CallResult.UNKNOWN)] * 2

    asyncio.run(life())


def test_who_was_paused_for_not_answering_is_called_at_the_seat(rig: Rig) -> None:
    async def life() -> None:
        await rig.restore()
        controller = rig.agents.controller
        rig.agents.now = rig.now
        controller.say("a-101", a.SignedIn(rig.now))
        controller.say("a-101", a.Paused(rig.now, "lunch"))
        assert await rig.look(30) == []
        controller.say("a-101", a.Paused(rig.now, NO_ANSWER))
        assert await rig.look(0) == []
        rig.states["base-01"] = SeatStatus.BUSY
        rig.here.update({"home.01": "1001", "home.02": "1002"})  # the shift has begun meanwhile
        assert await rig.look(301) == []
        rig.states["base-01"] = SeatStatus.RINGING  # another agent sends a caller on
        assert await rig.look(1) == []
        rig.states["base-01"] = SeatStatus.PAUSED
        assert await rig.look(1) == ["agent|a-101|base-01|30|th"]
        controller.say("a-101", a.Resumed(rig.now))
        await rig.look(1)
        assert rig.results == [(Occasion.PAUSED, CallResult.CAME)]
        assert rig.reminders.absent() == []

    asyncio.run(life())


def test_a_pause_is_the_same_however_little_the_readings_of_two_clocks_differ(rig: Rig) -> None:
    """Once the machine's clock was set, each second's difference to the timeline is another."""

    async def life() -> None:
        await rig.restore()
        rig.here.update({"home.01": "1001", "home.02": "1002"})
        controller = rig.agents.controller
        controller.say("a-101", a.SignedIn(rig.now))
        controller.say("a-101", a.Paused(float(int(rig.now)), NO_ANSWER))
        calls: list[str] = []
        for second in range(20):
            rig.shift = 3600.5 + (1e-6 if second % 2 else -1e-6)
            calls += await rig.look(3900 if second == 0 else 1)
        assert calls == ["agent|a-101|base-01|30|th"]

    asyncio.run(life())


@pytest.mark.parametrize("step", [3600.0, -3600.0])
def test_who_is_paused_is_called_as_often_and_as_late_when_the_clock_is_set_meanwhile(
    rig: Rig, step: float
) -> None:
    async def life() -> None:
        await rig.restore()
        rig.here.update({"home.01": "1001", "home.02": "1002"})
        controller = rig.agents.controller
        began = rig.now
        controller.say("a-101", a.SignedIn(began))
        controller.say("a-101", a.Paused(began, NO_ANSWER))
        await rig.look(1)
        called: list[float] = []
        for second in range(1200):
            if second in (100, 500, 900):  # before the first call, between two, after the last
                rig.shift += step
                rig.now += step
            if await rig.look(1):
                called.append(rig.now - rig.shift - began)
                rig.report(rig.tokens[-1], "failed", "NOANSWER")
        assert called == [300.0, 600.0]

    asyncio.run(life())


def test_unless_it_is_not_wanted() -> None:
    async def life() -> None:
        rig = Rig(when_paused=False)
        await rig.restore()
        rig.agents.controller.say("a-101", a.SignedIn(rig.now))
        rig.agents.controller.say("a-101", a.Paused(rig.now, NO_ANSWER))
        rig.here.update({"home.01": "1001", "home.02": "1002"})
        assert await rig.look(400) == []

    asyncio.run(life())
