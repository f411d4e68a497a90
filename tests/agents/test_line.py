"""Who is on the line of a seat is signed in there, whatever ivrd has seen of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from ivrd.agents.line import LineSeats
from ivrd.asterisk.ami_action import ConnectionLost
from ivrd.asterisk.seat_facts import LineJoined, LineLeft
from ivrd.config.settings import AgentLimits, AgentSettings
from ivrd.core.agent import Duty, SeatTaken
from ivrd.core.call import Call
from ivrd.core.call_notices import Answered
from ivrd.core.line_briefing import Briefing
from ivrd.core.seat_health import NotTaken, Reason
from ivrd.core.seats import SeatStatus
from tests.agents.test_controller import Rig

AGENTS = (
    AgentSettings("1001", "Malee", "", "home.01", ("th", "en")),
    AgentSettings("1002", "Suda", "", "home.01"),
    AgentSettings("a-101", "Somchai", "", "base-01"),
)


class Line:
    """One ivrd after the other.  `sent`: what was asked of Asterisk."""

    def __init__(self) -> None:
        self.rig = Rig()
        self.sent: list[dict[str, str]] = []
        self.audited: list[tuple[str, str]] = []
        self.resumed: list[str] = []
        self.states: dict[str, SeatStatus] = {}
        self.gone: set[str] = set()
        self.lost = False
        self.by_key = False
        self.begin()

    def begin(self) -> None:
        self.rig.begin()
        self.rig.controller.configure(AGENTS, 20.0)
        now = lambda: self.rig.now  # noqa: E731
        waits = lambda queues: (len(queues), "topic-other")  # noqa: E731
        spoken = lambda: ("th", "en")  # noqa: E731
        self.seats = LineSeats(
            self, self.rig.controller, self, now, self, waits, spoken, lambda: self.by_key
        )

    async def ask(self, _action: str, **headers: str) -> object:
        self.sent.append(headers)
        if self.lost:
            raise ConnectionLost("gone")
        return None

    async def get_global(self, name: str) -> str:
        assert name == "AGENT(home.01:fullchannel)"
        return "PJSIP/carrier-00000001" if "home.01" in self.seats.here else ""

    def audit(self, _who: str, what: str, _partner: str, detail: str) -> None:
        self.audited.append((what, detail))

    def pool_of(self, seat: str) -> str:
        return "" if seat in self.gone else "home"

    def state(self, seat: str) -> SeatStatus:
        return self.states.get(seat, SeatStatus.AWAY)

    def serves(self, _seat: str) -> Sequence[str]:
        return ("q", "r")

    def resume(self, seat: str, _by: str) -> bool:
        self.resumed.append(seat)
        return True

    def look(self) -> None:
        asyncio.run(self.seats.look())

    def admit(self, agent: AgentSettings) -> Briefing:
        return asyncio.run(self.seats.admit(agent))

    def duty(self, agent_id: str) -> Duty:
        return self.rig.controller.get(agent_id).duty


@pytest.fixture
def line() -> Line:
    made = Line()
    asyncio.run(made.rig.repository.restore())
    return made


def test_who_comes_to_the_line_is_signed_in_and_who_hangs_up_is_signed_out(line: Line) -> None:
    line.seats.changed(LineJoined("home.01", "1001"))
    line.look()
    assert line.duty("1001") is Duty.READY
    assert line.duty("1002") is Duty.SIGNED_OUT
    assert line.resumed == ["home.01"]
    line.seats.changed(LineLeft("home.01"))
    line.look()
    line.look()
    assert line.duty("1001") is Duty.SIGNED_OUT
    assert line.audited == [("agent signed in", "1001"), ("agent signed out", "1001")]


def test_who_stayed_while_there_was_no_ivrd_is_signed_in_and_who_left_is_not(line: Line) -> None:
    line.seats.changed(LineJoined("home.01", "1001"))
    line.look()
    asyncio.run(line.rig.written())
    line.begin()
    line.look()  # what is stored is not read yet: nobody is signed out for that
    asyncio.run(line.rig.repository.restore())
    line.seats.read({"home.01": "1002"})
    line.look()
    assert (line.duty("1001"), line.duty("1002")) == (Duty.SIGNED_OUT, Duty.READY)


def test_an_agent_at_a_phone_is_none_of_the_lines(line: Line) -> None:
    line.look()
    assert line.audited == []
    assert line.rig.controller.pause_reason("base-01")  # nobody is there
    assert line.rig.controller.pause_reason("home.01") == ""  # which Asterisk knows by itself
    assert line.rig.controller.has_seat("home.02")  # to which somebody may be invited


def test_who_is_no_agent_any_more_is_let_go_when_the_talk_is_over(line: Line) -> None:
    line.seats.read({"home.01": "1003"})
    line.lost = True
    line.look()
    line.look()  # again, until it has worked
    assert line.sent == [{"Agent": "home.01", "Soft": "true"}] * 2


def test_whose_seat_is_gone_is_let_go(line: Line) -> None:
    line.seats.changed(LineJoined("home.01", "1001"))
    line.look()
    assert line.sent == []
    line.gone.add("home.01")
    line.look()
    assert line.sent == [{"Agent": "home.01", "Soft": "true"}]


def test_the_first_time_there_is_a_drill_and_later_there_is_none(line: Line) -> None:
    assert line.admit(AGENTS[0]) == Briefing("home.01", 2, "topic-other", False, "th")
    line.seats.changed(LineJoined("home.01", "1001"))
    line.look()
    line.seats.changed(LineLeft("home.01"))
    line.look()
    assert line.admit(AGENTS[0]).trained


def test_who_does_not_take_callers_is_let_go_with_a_word(line: Line) -> None:
    limits = AgentLimits(missed_calls=2, paused_at_most=0)
    line.rig.controller.configure(AGENTS, 20.0, limits)
    line.seats.changed(LineJoined("home.01", "1001"))
    line.look()
    refused = NotTaken("home.01", Reason.REFUSED, 1000.0)  # in the moment of the login
    missed = NotTaken("home.01", Reason.MISSED, 1000.0)
    for notice in (refused, refused, missed):
        line.rig.controller.seat("home", notice)
    line.look()
    assert line.sent == []
    assert line.rig.controller.pause_reason("home.01") == ""
    line.rig.controller.seat("home", missed)
    line.states["home.01"] = SeatStatus.BUSY  # it is tried once more when that is over
    line.look()
    assert line.sent == []
    line.states["home.01"] = SeatStatus.FREE
    line.lost = True
    line.look()
    line.lost = False
    line.look()
    line.look()
    to = {"Context": "line-away", "Exten": "s", "Priority": "1"}
    assert line.sent == [{"Channel": "PJSIP/carrier-00000001", **to}] * 2
    line.seats.changed(LineLeft("home.01"))
    line.look()
    assert line.duty("1001") is Duty.SIGNED_OUT


def test_who_takes_a_caller_begins_anew(line: Line) -> None:
    line.rig.controller.configure(AGENTS, 20.0, AgentLimits(2, 0))
    line.seats.changed(LineJoined("home.01", "1001"))
    line.look()
    missed = NotTaken("home.01", Reason.MISSED, 1000.0)
    line.rig.controller.seat("home", missed)
    line.rig.controller.notice(Answered(Call("1", 900.0, seat="home.01"), 1.0))
    line.rig.controller.seat("home", missed)
    line.look()
    assert line.sent == []


def test_where_a_key_takes_the_caller_the_drill_says_so(line: Line) -> None:
    line.by_key = True
    assert line.admit(AGENTS[0]).by_key


def test_a_line_that_broke_is_given_up_for_the_same_person_and_no_other(line: Line) -> None:
    line.seats.read({"home.01": "1001"})
    line.states["home.01"] = SeatStatus.FREE
    with pytest.raises(SeatTaken):
        line.admit(AGENTS[1])
    assert line.admit(AGENTS[0]).seat == "home.01"
    assert line.sent == [{"Agent": "home.01", "Soft": "false"}]
    line.states["home.01"] = SeatStatus.BUSY  # a caller is there
    with pytest.raises(SeatTaken):
        line.admit(AGENTS[0])


def test_a_helper_has_callers_of_the_own_languages_alone(line: Line) -> None:
    english = frozenset({"q.en", "other"})
    agents = (replace(AGENTS[0], queues=english), AGENTS[1])
    line.rig.controller.configure(agents, 20.0, queues=("q.th", "q.en", "other"))
    line.seats.changed(LineJoined("home.01", "1001"))
    line.look()
    assert line.rig.controller.barred("home.01") == {"q.th"}
    line.seats.changed(LineJoined("home.01", "1002"))  # of whom nothing is said
    line.look()
    assert line.rig.controller.barred("home.01") == frozenset()
