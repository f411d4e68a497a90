"""Agents over a store: what follows from talks, and what outlives a process."""

import asyncio
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from ivrd.agents.controller import NO_ANSWER, NOBODY, AgentController
from ivrd.agents.history import AgentHistory
from ivrd.agents.recorder import DutyRecorder, SeatRecorder
from ivrd.agents.repository import AgentRepository
from ivrd.config.settings import AgentLimits, AgentSettings
from ivrd.core import agent as a
from ivrd.core import seat_health
from ivrd.core.agent import Duty
from ivrd.core.call import AnsweredBy, Call, CallState, Outcome, Stage
from ivrd.core.call_notices import Answered, Ended, PassedOn
from ivrd.core.seat_health import NotTaken, Reason
from ivrd.core.seats import WRAP_UP
from ivrd.store import WriteBehind
from tests.callbacks.rig import Shelf

AGENTS = (
    AgentSettings("early", "Early", "", "base-01"),
    AgentSettings("late", "Late", "", "base-01"),
    AgentSettings("other", "Other", "", "base-02"),
)
WRAP_UP_SECONDS = 20.0
ZONE = ZoneInfo("Asia/Bangkok")


class Fencing:
    epoch = 0

    def fenced(self) -> None: ...


class Rig:
    """One ivrd after the other on one store.  `shift`: the time of day ahead of the timeline."""

    def __init__(self) -> None:
        self.shelf, self.now, self.hurried = Shelf(), 1000.0, 0
        self.begin()

    def begin(self, shift: float = 0.0) -> None:
        """A new ivrd, which has read nothing yet."""
        self.writes = WriteBehind(self.shelf, Fencing(), lambda _up, _why: None)
        repository = AgentRepository(self.writes, lambda: shift)
        self.repository = repository
        self.history = AgentHistory(self.writes, ZONE, 92, lambda: self.now + shift, lambda: shift)
        self.wrap_ups: list[tuple[str, float]] = []
        duties = DutyRecorder(self.history, self, {"base-01": "base"})
        self.controller = AgentController(
            AGENTS, WRAP_UP_SECONDS, repository, duties, lambda: self.now, self._hurry
        )
        self.seats = SeatRecorder(self.history, self.controller)

    def wrapped_up(self, pool: str, seconds: float) -> None:
        self.wrap_ups.append((pool, seconds))

    def _hurry(self) -> None:
        self.hurried += 1

    async def written(self) -> None:
        writing = asyncio.create_task(self.writes.run(lambda: None))
        assert await self.controller.written()
        writing.cancel()

    def talked(self, seat: str, by: AnsweredBy = AnsweredBy.INHOUSE) -> None:
        call = Call("1", 900.0, connected_at=950.0, ended_at=self.now, by=by, seat=seat)
        self.controller.notice(Ended(call, Outcome.ANSWERED, Stage.TALK))


@pytest.fixture
def rig() -> Rig:
    made = Rig()
    asyncio.run(made.repository.restore())
    return made


def test_a_seat_is_rung_while_one_of_its_agents_is_ready(rig: Rig) -> None:
    assert rig.controller.pause_reason("base-01") == NOBODY
    rig.controller.say("late", a.SignedIn(rig.now))
    assert rig.controller.pause_reason("base-01") == ""
    assert rig.controller.at_seat("base-01") == "late"
    assert rig.controller.pause_reason("base-02") == NOBODY
    assert rig.hurried == 1
    assert not rig.controller.has_seat("base-03")


def test_a_talk_is_followed_by_wrap_up_and_that_by_the_next_call(rig: Rig) -> None:
    rig.controller.say("late", a.SignedIn(rig.now))
    rig.talked("base-02")
    rig.talked("base-01", AnsweredBy.PARTNER)
    assert rig.controller.pause_reason("base-01") == ""
    rig.talked("base-01")
    assert rig.controller.pause_reason("base-01") == WRAP_UP
    assert rig.hurried == 2
    rig.now += WRAP_UP_SECONDS
    assert rig.controller.pause_reason("base-01") == ""


def test_who_sends_a_caller_on_is_in_wrap_up_while_the_call_goes_on(rig: Rig) -> None:
    rig.controller.say("late", a.SignedIn(rig.now))
    rig.controller.notice(PassedOn(Call("1", 900.0, state=CallState.TRANSFER), "base-01", rig.now))
    assert rig.controller.pause_reason("base-01") == WRAP_UP


def test_the_next_ivrd_has_every_agent_as_before_also_when_the_clock_was_set(rig: Rig) -> None:
    async def body() -> None:
        rig.controller.say("late", a.SignedIn(rig.now))
        rig.controller.say("other", a.SignedIn(rig.now))
        rig.controller.say("other", a.Paused(rig.now, "lunch"))
        rig.talked("base-01")
        await rig.written()
        rig.begin(shift=50.0)
        rig.now -= 50.0
        assert rig.controller.pause_reason("base-01") is None  # nobody is signed out meanwhile
        rig.talked("base-01")  # and nothing is said of whom nobody knows
        await rig.repository.restore()
        assert rig.controller.pause_reason("base-01") == WRAP_UP
        assert rig.controller.get("late").until == rig.now + WRAP_UP_SECONDS
        assert rig.controller.get("other").reason == "lunch"
        assert rig.controller.get("early").duty is Duty.SIGNED_OUT

    asyncio.run(body())


def test_a_store_that_is_down_at_the_start_is_read_when_it_is_back(rig: Rig) -> None:
    async def body() -> None:
        rig.controller.say("late", a.SignedIn(rig.now))
        await rig.written()
        rig.begin()
        rig.shelf.down = True
        await rig.repository.restore()
        assert not rig.controller.known
        rig.shelf.down = False
        rig.repository.put("early", a.Agent())  # shows that the store is back
        await rig.written()
        await rig.controller.look()
        assert rig.controller.at_seat("base-01") == "late"

    asyncio.run(body())


def test_whoever_is_signed_in_is_barred_from_whom_only_others_there_can_help() -> None:
    rig = Rig()
    agents = (
        replace(AGENTS[0], queues=frozenset({"care.th"})),
        replace(AGENTS[1], queues=frozenset({"care.th", "care.en"})),
    )
    rig.controller.configure(agents, WRAP_UP_SECONDS)
    assert rig.controller.barred("base-01") is None  # nobody knows yet who is there
    asyncio.run(rig.repository.restore())
    assert not rig.controller.barred("base-01")
    rig.controller.say("early", a.SignedIn(rig.now))
    assert rig.controller.barred("base-01") == {"care.en"}
    rig.controller.say("early", a.SignedOut(rig.now))
    rig.controller.say("late", a.SignedIn(rig.now))
    assert rig.controller.barred("base-01") == frozenset()


def test_who_does_not_answer_twice_is_paused_and_that_is_told(rig: Rig) -> None:
    rig.controller.configure(AGENTS, WRAP_UP_SECONDS, AgentLimits(2, 0))
    rig.controller.say("late", a.SignedIn(rig.now))
    rig.controller.seat("base", NotTaken("base-01", Reason.MISSED, rig.now))
    assert rig.controller.pause_reason("base-01") == ""
    rig.controller.seat("base", NotTaken("base-01", Reason.REFUSED, rig.now))
    assert rig.controller.get("late") == a.Agent(Duty.PAUSED, rig.now, NO_ANSWER)
    rig.controller.say("late", a.Resumed(rig.now))  # and is counted anew
    rig.controller.seat("base", NotTaken("base-01", Reason.MISSED, rig.now))
    assert rig.controller.pause_reason("base-01") == ""


def test_who_has_answered_between_is_not_paused(rig: Rig) -> None:
    rig.controller.configure(AGENTS, WRAP_UP_SECONDS, AgentLimits(2, 0))
    rig.controller.say("late", a.SignedIn(rig.now))
    rig.controller.seat("base", NotTaken("base-01", Reason.MISSED, rig.now))
    rig.controller.notice(Answered(Call("1", 900.0, seat="base-01"), 5.0))
    rig.controller.seat("base", NotTaken("base-01", Reason.MISSED, rig.now))
    assert rig.controller.get("late").duty is Duty.READY


@pytest.mark.parametrize("reason", [Reason.DROPPED, Reason.LOST])
def test_a_line_that_broke_is_not_the_agents_fault(rig: Rig, reason: Reason) -> None:
    rig.controller.configure(AGENTS, WRAP_UP_SECONDS, AgentLimits(1, 0))
    rig.controller.say("late", a.SignedIn(rig.now))
    rig.controller.seat("base", NotTaken("base-01", reason, rig.now))
    assert rig.controller.get("late").duty is Duty.READY


def test_phones_that_register_again_and_again_change_no_agents_state(rig: Rig) -> None:
    rig.controller.configure(AGENTS, WRAP_UP_SECONDS, AgentLimits(2, 0))
    for agent in ("late", "other"):
        rig.controller.say(agent, a.SignedIn(rig.now))
    rig.controller.say("other", a.Paused(rig.now, "lunch"))
    before = [rig.controller.get(agent.id) for agent in AGENTS]
    hurried = rig.hurried
    for _ in range(1_000):
        for seat in ("base-01", "base-02"):
            rig.controller.seat("base", seat_health.Resumed(seat, "phone"))
    assert [rig.controller.get(agent.id) for agent in AGENTS] == before
    assert rig.hurried == hurried
