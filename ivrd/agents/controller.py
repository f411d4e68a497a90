"""Agents at work: what they say, what their talks are followed by, and what follows for seats.

Nothing here is sent to Asterisk: QueueMembers asks why a seat is not to be rung, and brings
Asterisk to that.  While what was stored before cannot be read nobody is taken to be signed out:
seats stay as Asterisk has them, and nothing can be said.
"""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Protocol, assert_never

from ivrd import log
from ivrd.agents.repository import AgentRepository
from ivrd.config.settings import NO_LIMITS, AgentLimits, AgentSettings
from ivrd.core import agent as a
from ivrd.core.agent import Agent, Duty
from ivrd.core.agent_report import OnDuty
from ivrd.core.call import AnsweredBy
from ivrd.core.call_notices import Answered, Ended, Notice, Offered, PassedOn, Rejoined, TakenOver
from ivrd.core.seat_health import NotTaken, Reason, SeatNotice
from ivrd.core.seats import BY_AGENT, on_line

NOBODY = f"{BY_AGENT}signed out"
NO_ANSWER = "no answer"  # the reason of a pause that ivrd has made
NOT_ANSWERED = (Reason.MISSED, Reason.REFUSED)
READ_AGAIN_SECONDS = 10.0

logger = logging.getLogger("ivrd")


class DutyListener(Protocol):
    """Receives what agents' duties were; see recorder.py."""

    def over(self, agent: AgentSettings, before: Agent, at: float) -> None:
        """An agent's duty has changed; `before`: as it was stored."""


class AgentController:
    """All agents of the configuration.  `hurry()` has the seats reconciled before their time."""

    def __init__(
        self,
        agents: Iterable[AgentSettings],
        wrap_up_seconds: float,
        repository: AgentRepository,
        recorder: DutyListener,
        clock: Callable[[], float],
        hurry: Callable[[], None],
    ) -> None:
        self._repository = repository
        self._recorder = recorder
        self._clock = clock
        self._hurry = hurry
        self._read_again_at = 0.0
        self._missed: Counter[str] = Counter()  # by seat: calls in a row
        self.away: set[str] = set()  # who is on the line, takes no callers, and is to be let go
        self.configure(agents, wrap_up_seconds)

    def configure(
        self,
        agents: Iterable[AgentSettings],
        wrap_up_seconds: float,
        limits: AgentLimits = NO_LIMITS,
        queues: Collection[str] = (),
    ) -> None:
        """From now on these agents; one who is back is as when the configuration lost them.

        `queues`: all in Asterisk.
        """
        self._queues = frozenset(queues)
        self.agents = {agent.id: agent for agent in agents}
        self.wrap_up_seconds = wrap_up_seconds
        self.limits = limits
        self._at_seat: dict[str, list[str]] = {}
        for agent in self.agents.values():
            self._at_seat.setdefault(agent.seat, []).append(agent.id)

    @property
    def known(self) -> bool:
        """Whether what was stored before is read."""
        return self._repository.complete

    async def look(self) -> None:
        """Each second, as the leader: read what could not be read before; end wrap-ups.

        Does not raise.
        """
        now = self._clock()
        if not self.known and self._repository.readable and now >= self._read_again_at:
            self._read_again_at = now + READ_AGAIN_SECONDS
            await self._repository.restore()
        for agent_id in self.agents:
            stored = self._repository.get(agent_id)
            if (here := a.at(stored, now)) is not stored:  # wrap-up has ended
                self._put(agent_id, here)

    # --- what happens ----------------------------------------------------------------------

    def notice(self, notice: Notice) -> None:
        """A talk has ended, or was sent on: whoever had it is in wrap-up."""
        match notice:
            case Ended(call) if call.by is AnsweredBy.INHOUSE:
                self._talked(call.seat, call.ended_at or self._clock())
            case PassedOn(_, seat, at):
                self._talked(seat, at)
            case Answered(call) | TakenOver(call):
                self._missed.pop(call.seat, None)
            case Offered() | Rejoined() | Ended():
                pass
            case _:
                assert_never(notice)

    def _talked(self, seat: str, ended_at: float) -> None:
        for agent_id in self._signed_in(seat) if self.known else ():
            self.say(agent_id, a.Talked(ended_at, self.wrap_up_seconds))

    def seat(self, pool: str, notice: SeatNotice) -> None:
        """A seat did not take a call: who does not answer again and again is paused.

        Who is on the line, with whom nobody else can talk to say so, is to be let go.
        """
        if not isinstance(notice, NotTaken) or not self.known:
            return
        if notice.reason not in ((Reason.MISSED,) if on_line(notice.seat) else NOT_ANSWERED):
            return
        for agent_id in self._signed_in(notice.seat):
            self._missed[notice.seat] += 1
            most = self.limits.missed_calls
            if most and self._missed[notice.seat] >= most:
                self._does_not_answer(agent_id, notice.seat)

    def _does_not_answer(self, agent_id: str, seat: str) -> None:
        if on_line(seat):
            self.away.add(agent_id)
            self._hurry()
        elif self.get(agent_id).duty is Duty.READY:
            self.say(agent_id, a.Paused(self._clock(), NO_ANSWER))
            what = "an agent who did not answer is paused"
            log.event(logger, logging.WARNING, what, agent=agent_id, seat=seat)

    def say(self, agent_id: str, event: a.Event) -> Agent:
        """An agent says something, or a talk has ended.

        Raises `InvalidTransition`, of which `SeatTaken` is one.
        """
        before = self.get(agent_id)
        self._check_seat(agent_id, event)
        after = a.step(before, event)
        if after != before:
            self._put(agent_id, after)
            self._hurry()
        if not isinstance(event, a.Talked):
            self._missed.pop(self.agents[agent_id].seat, None)
            self.away.discard(agent_id)
        return after

    def _check_seat(self, agent_id: str, event: a.Event) -> None:
        seat = self.agents[agent_id].seat
        other = self.at_seat(seat)
        if isinstance(event, a.SignedIn) and other not in ("", agent_id):
            words = f"cannot sign in: {other} is signed in at {seat}; sign that agent out first"
            raise a.SeatTaken(words)

    def _put(self, agent_id: str, after: Agent) -> None:
        """From now on it is so; what was before is written down first."""
        stored = self._repository.get(agent_id)
        if after.since != stored.since:
            self._recorder.over(self.agents[agent_id], stored, after.since)
        self._repository.put(agent_id, after)

    def forget(self, agent_id: str) -> None:
        """There is no such agent any more, and may be another of that id some day."""
        self._repository.remove(agent_id)
        self._hurry()

    async def written(self) -> bool:
        """Wait until what was said outlives this process; False if it is not known to."""
        return await self._repository.written()

    # --- looking ---------------------------------------------------------------------------

    def on_duty(self) -> Iterator[OnDuty]:
        """What the duty of each agent who is signed in has been since it last changed."""
        now = self._clock()
        for agent in self.agents.values():
            for duty, reason, (start, end) in a.duty_spans(self._repository.get(agent.id), now):
                yield OnDuty(agent.id, agent.seat, duty, reason, start, end)

    def get(self, agent_id: str) -> Agent:
        """An agent at this moment."""
        return a.at(self._repository.get(agent_id), self._clock())

    def _signed_in(self, seat: str) -> list[str]:
        return [one for one in self._at_seat.get(seat, ()) if self.get(one).signed_in]

    def at_seat(self, seat: str) -> str:
        """The agent who is signed in at the seat; empty if nobody is."""
        return next(iter(self._signed_in(seat)), "")

    def wraps_up(self, queue: str) -> bool:
        """Whether somebody who serves the queue is in wrap-up, and there again before long."""
        serve = (agent.id for agent in self.agents.values() if queue in agent.queues)
        return any(self.get(one).duty is a.Duty.WRAP_UP for one in serve)

    def has_seat(self, seat: str) -> bool:
        """Whether the seat is one of an agent's: rung only while somebody is signed in there."""
        return seat in self._at_seat or on_line(seat)

    def barred(self, seat: str) -> Collection[str] | None:
        """Queues whose callers the one who is signed in there cannot help, and others there can.

        None while it is not known who that is.
        """
        if not self.known:
            return None
        agent_id = self.at_seat(seat)
        if not agent_id:
            return ()
        if on_line(seat):  # who was invited is not in the configuration that has made the queues
            return self._queues - (self.agents[agent_id].queues or self._queues)
        sits_there = (self.agents[one].queues for one in self._at_seat[seat])
        return frozenset[str]().union(*sits_there) - self.agents[agent_id].queues

    def pause_reason(self, seat: str) -> str | None:
        """Why it is not to be rung, empty if it is to be; None while that is not known."""
        if not self.known:
            return None
        agent_id = self.at_seat(seat)
        if not agent_id:
            return "" if on_line(seat) else NOBODY  # Asterisk knows who is on the line
        return a.pause_reason(self.get(agent_id))
