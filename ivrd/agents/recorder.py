"""Counts and stores what agents do; decides nothing.

Only the leader knows who is signed in, so it alone writes down duties.  Talks, and calls that were
not taken, are noted by both of two ivrd, by seat: whoever goes on has those of its predecessor's
last seconds as well.
"""

from collections.abc import Mapping
from typing import Protocol, assert_never

from ivrd.agents.history import AgentHistory
from ivrd.config.settings import AgentSettings
from ivrd.core.agent import Agent, Duty, duty_spans
from ivrd.core.agent_report import OnDuty, Talk, Untaken
from ivrd.core.call import AnsweredBy, Call
from ivrd.core.call_notices import Answered, Ended, Notice, Offered, PassedOn, Rejoined, TakenOver
from ivrd.core.seat_health import NotTaken, SeatNotice


class WrapUps(Protocol):
    """Measures wrap-up; see metrics/agents.py."""

    def wrapped_up(self, pool: str, seconds: float) -> None:
        """A wrap-up has ended, after so long."""


class DutyRecorder:
    """What agents' duties were.  `pools`: by seat."""

    def __init__(self, history: AgentHistory, wrap_ups: WrapUps, pools: Mapping[str, str]) -> None:
        self._history = history
        self._wrap_ups = wrap_ups
        self.pools = pools

    def over(self, agent: AgentSettings, before: Agent, at: float) -> None:
        """An agent's duty has changed; `before`: as it was stored."""
        for duty, reason, (start, end) in duty_spans(before, at):
            self._history.on_duty(OnDuty(agent.id, agent.seat, duty, reason, start, end))
            if duty is Duty.WRAP_UP:
                self._wrap_ups.wrapped_up(self.pools.get(agent.seat, ""), end - start)


class AgentSeats(Protocol):
    """Which seats are agents'; see controller.py."""

    def has_seat(self, seat: str) -> bool:
        """Whether the seat is one of an agent's."""


class SeatRecorder:
    """What happened at agents' seats: receives notices of calls and of seats, and never waits."""

    def __init__(self, history: AgentHistory, agents: AgentSeats) -> None:
        self._history = history
        self._agents = agents
        self._talking: dict[str, Talk] = {}  # by call, and as if it ended when it began

    def notice(self, notice: Notice) -> None:
        """A talk begins, or is over."""
        self._history.forget_old()
        call = notice.call
        match notice:
            case Answered() | TakenOver():
                if call.by is AnsweredBy.INHOUSE and call.connected_at is not None:
                    self._talking[call.id] = Talk(call.seat, call.connected_at, call.connected_at)
            case Rejoined(_, seconds):
                talk = self._talking.pop(call.id, None)
                if talk and seconds is not None and notice.answer_stands:
                    self._talked(call, Talk(talk.seat, talk.start, talk.start + seconds), on=True)
            case PassedOn(_, _, at):
                if talk := self._talking.pop(call.id, None):
                    self._talked(call, Talk(talk.seat, talk.start, at), on=True)
            case Ended():
                self._talking.pop(call.id, None)
                if call.by is AnsweredBy.INHOUSE and call.connected_at is not None:
                    end = call.connected_at + (call.talk_seconds() or 0.0)
                    self._talked(call, Talk(call.seat, call.connected_at, end))
            case Offered():
                pass
            case _:
                assert_never(notice)

    def _talked(self, call: Call, talk: Talk, *, on: bool = False) -> None:
        if self._agents.has_seat(talk.seat):
            self._history.talked(call.id, talk, on=on)

    def seat(self, _pool: str, notice: SeatNotice) -> None:
        """A seat did not take a call."""
        if isinstance(notice, NotTaken) and self._agents.has_seat(notice.seat):
            self._history.untaken(Untaken(notice.seat, notice.at, notice.reason))
