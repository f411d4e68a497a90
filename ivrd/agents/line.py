"""Seats on the line: who has dialled in and stays there is signed in, and nobody else of these.

That is Asterisk's to know (app_agent_pool), also while there is no ivrd: here it is followed, each
second.  Somebody whom the configuration, or a list that was withdrawn, does not know any more, or
whose seat is gone, is let go when the talk is over.

Whether callers are put through does not wait for this: Asterisk does that, from the first moment.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Protocol, assert_never

from ivrd import log
from ivrd.agents.controller import AgentController
from ivrd.asterisk import dialplan_names
from ivrd.asterisk.ami_action import ConnectionLost
from ivrd.asterisk.ami_link import ActionRefused
from ivrd.asterisk.seat_facts import LineFact, LineJoined, LineLeft
from ivrd.config.settings import AgentSettings
from ivrd.core import agent as a
from ivrd.core.line_briefing import Briefing
from ivrd.core.seats import SeatStatus, on_line
from ivrd.store.audit_log import AuditLog

BY_LINE = "the line"  # who has signed somebody in or out, in the audit log

logger = logging.getLogger("ivrd")


class Link(Protocol):
    """What is sent to Asterisk; see asterisk/ami_client.py."""

    async def ask(self, action: str, **headers: str) -> object:
        """Send one action and wait for the answer."""

    async def get_global(self, name: str) -> str:
        """A variable, or a function, of the dialplan."""


class Seats(Protocol):
    """Where the people sit; see asterisk/queue_members.py."""

    def pool_of(self, seat: str) -> str:
        """Whose seat it is; empty for one that is gone."""

    def state(self, seat: str) -> SeatStatus:
        """What the person there is doing."""

    def serves(self, seat: str) -> Sequence[str]:
        """The queues whose callers are offered to the seat."""

    def resume(self, seat: str, by: str) -> bool:
        """Somebody is there again: callers are offered as before."""


class LineSeats:
    """`clock`: the timeline.  `waits(queues)`: how many callers wait, and a topic's prompt.

    `spoken()`: the hotline's languages; `by_key()`: whether a key takes each caller.
    """

    def __init__(
        self,
        link: Link,
        controller: AgentController,
        audit_log: AuditLog,
        clock: Callable[[], float],
        seats: Seats,
        waits: Callable[[Sequence[str]], tuple[int, str]],
        spoken: Callable[[], Collection[str]],
        by_key: Callable[[], bool],
    ) -> None:
        self.here: dict[str, str] = {}  # agents' ids by seat, as Asterisk has them
        self._link = link
        self._controller = controller
        self._audit_log = audit_log
        self._clock = clock
        self._seats = seats
        self._waits = waits
        self._spoken = spoken
        self._by_key = by_key

    # --- what Asterisk reports -------------------------------------------------------------

    def read(self, here: Mapping[str, str]) -> None:
        """Who is on the line now: agents' ids by seat."""
        self.here = dict(here)

    def changed(self, fact: LineFact) -> None:
        """Somebody has come to the line, or has left it."""
        match fact:
            case LineJoined(seat, agent_id):
                self.here[seat] = agent_id
            case LineLeft(seat):
                self.here.pop(seat, None)
            case _:
                assert_never(fact)

    async def look(self) -> None:
        """Each second, as the leader: sign in and out who has come and gone.  Does not raise."""
        if not self._controller.known:
            return
        for agent in self._controller.agents.values():
            if on_line(agent.seat):
                self._follow(agent)
        for seat, agent_id in list(self.here.items()):
            known = self._controller.agents.get(agent_id)
            if known is None or known.seat != seat or not self._seats.pool_of(seat):
                await self.hang_up(seat)
            elif agent_id in self._controller.away:
                await self._dismiss(seat, agent_id)

    def _follow(self, agent: AgentSettings) -> None:
        here = self.here.get(agent.seat) == agent.id
        if here == self._controller.get(agent.id).signed_in:
            return
        now = self._clock()
        self._controller.say(agent.id, a.SignedIn(now) if here else a.SignedOut(now))
        what = "agent signed in" if here else "agent signed out"
        log.event(logger, logging.INFO, what, agent=agent.id, seat=agent.seat, who=BY_LINE)
        self._audit_log.audit(BY_LINE, what, "", agent.id)
        if here:
            self._seats.resume(agent.seat, BY_LINE)

    async def _dismiss(self, seat: str, agent_id: str) -> None:
        """Let go of who does not take callers, with a word; done again until it has worked."""
        if self._seats.state(seat) is SeatStatus.BUSY:
            return
        with suppress(ActionRefused, ConnectionLost, TimeoutError):
            channel = await self._link.get_global(f"AGENT({seat}:fullchannel)")
            if channel:
                to = {"Context": dialplan_names.LINE_AWAY, "Exten": "s", "Priority": "1"}
                await self._link.ask("Redirect", Channel=channel, **to)
                self._controller.away.discard(agent_id)
                what = "who did not take callers is let go from the line"
                log.event(logger, logging.WARNING, what, agent=agent_id, seat=seat)
                self._audit_log.audit(BY_LINE, "agent taken from the line", "", agent_id)

    # --- what is asked for -----------------------------------------------------------------

    async def admit(self, agent: AgentSettings) -> Briefing:
        """The agent, whose PIN was right, may come to the line; what is to be said before.

        A line that broke, and that Asterisk has not noticed, is given up.  Raises `SeatTaken`.
        """
        other = self.here.get(agent.seat)
        if other and (other != agent.id or self._seats.state(agent.seat) is SeatStatus.BUSY):
            raise a.SeatTaken(f"cannot come to the line: {other} is at {agent.seat}")
        if other:
            await self.hang_up(agent.seat, at_once=True)
        waiting, topic = self._waits(self._seats.serves(agent.seat))
        trained = self._controller.get(agent.id).since > 0
        spoken = self._spoken()
        language = next((of for of in agent.languages if of in spoken), "")
        return Briefing(agent.seat, waiting, topic, trained, language, self._by_key())

    async def hang_up(self, seat: str, *, at_once: bool = False) -> None:
        """Hang up on who is there, when the talk is over.  Does not raise: it is tried again.

        `at_once`: of a line that is dead, on which nobody talks.
        """
        with suppress(ActionRefused, ConnectionLost, TimeoutError):
            await self._link.ask("AgentLogoff", Agent=seat, Soft=str(not at_once).lower())
