"""Calls agents: whose shift on the line begins, and who was paused for not answering.

What is due is core/reminder.py's.  A call is made as one to somebody who is called back
(docs/decisions/0034-callbacks.md): it is written down, Asterisk gets what is to be dialled in a
variable of the call's token, and is asked to make it.  Whether the agent has come is seen where it
is seen of all others: on the line, and by the agent's duty.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter, ValidationError

from ivrd import log
from ivrd.agents.controller import NO_ANSWER, AgentController
from ivrd.asterisk import dialplan_names
from ivrd.asterisk.ami_action import BadValue, ConnectionLost
from ivrd.asterisk.ami_link import ActionRefused
from ivrd.asterisk.call_request import NotPlaced
from ivrd.asterisk.facts import AttemptReport
from ivrd.config.settings import AgentSettings, ReminderSettings
from ivrd.core import reminder as r
from ivrd.core.agent import Duty
from ivrd.core.clock import LEAST_SECONDS
from ivrd.core.reminder import CallResult, Occasion, Reminder
from ivrd.core.seats import SeatStatus, on_line
from ivrd.store import StoreDown, WriteBehind

REMINDERS = "reminders"
STORED_REMINDER = TypeAdapter(Reminder)
WRITTEN_SECONDS = 2.0
READ_AGAIN_SECONDS = 10.0
WANTED = "agent"  # before what the dialplan is to know; see dialplans/agent-calls.conf
LOST = (ActionRefused, ConnectionLost, TimeoutError, BadValue)

logger = logging.getLogger("ivrd")


class Link(Protocol):
    """What is sent to Asterisk; see asterisk/ami_client.py."""

    async def set_global(self, name: str, value: str) -> None:
        """Set a global variable of the dialplan's."""


class CallPlacer(Protocol):
    """Has Asterisk make a call; see asterisk/call_request.py."""

    async def place(self, port: int, token: str) -> None:
        """Have it made.  Raises `NotPlaced`."""


class Line(Protocol):
    """Who is on the line; see line.py."""

    here: dict[str, str]


class Seats(Protocol):
    """What the seats' phones are doing; see asterisk/queue_members.py."""

    def state(self, seat: str) -> SeatStatus:
        """What one is doing."""


class ReminderListener(Protocol):
    """Counts calls; see metrics/agents.py."""

    def reminded(self, occasion: Occasion, result: CallResult) -> None:
        """A call has ended so."""


class Reminders:
    """Every agent's present occasion.

    `address(number)`: how the carrier gets a number (E.164); empty for one that is not dialled.
    `wall()`: the wall clock; `shift()`: what it is ahead of the timeline.
    """

    def __init__(
        self,
        settings: ReminderSettings,
        zone: ZoneInfo,
        controller: AgentController,
        line: Line,
        seats: Seats,
        link: Link,
        placer: CallPlacer,
        address: Callable[[str], str],
        write_behind: WriteBehind,
        listener: ReminderListener,
        wall: Callable[[], float],
        shift: Callable[[], float],
    ) -> None:
        self.complete = False  # what was stored before is read
        self.settings = settings
        self.zone = zone
        self._controller = controller
        self._line = line
        self._seats = seats
        self._link = link
        self._placer = placer
        self.address = address
        self._write_behind = write_behind
        self._listener = listener
        self._wall = wall
        self._shift = shift
        self._all: dict[str, Reminder] = {}
        self._on: dict[str, str] = {}  # agents by the tokens of calls that are on
        self._began: dict[str, datetime | None] = {}  # when each shift has that is on
        self._read_again_at = 0.0
        self._by = shift()  # what the clock was ahead of the timeline at the last look
        self._tasks: set[asyncio.Task[None]] = set()

    # --- each second -----------------------------------------------------------------------

    def look(self) -> None:
        """As the leader: call whoever is due.  Never waits."""
        self._follow_clock()
        now = self._wall()
        if not self.complete and self._write_behind.up and now >= self._read_again_at:
            self._read_again_at = now + READ_AGAIN_SECONDS
            self._start(self.restore())
        if not (self.complete and self._controller.known):
            return
        moment, shifts = datetime.fromtimestamp(now, self.zone), self.settings.shifts
        self._began = {name: hours.began(moment) for name, hours in shifts.items()}
        for agent in self._controller.agents.values():
            self._look_at(agent)
        for agent_id in self._all.keys() - self._controller.agents.keys():
            self._forget(agent_id)
        for agent in self._due(now):
            if len(self._on) >= self.settings.limits.at_once:
                break
            self._begin(agent, now)

    def _follow_clock(self) -> None:
        """Whoever sets the clock begins no pause, and has nobody called earlier or later."""
        step = self._shift() - self._by
        if abs(step) < LEAST_SECONDS:
            return
        self._by += step
        for agent_id, one in self._all.items():
            self._put(agent_id, r.moved(one, step))

    def _look_at(self, agent: AgentSettings) -> None:
        """Bring what is known of one agent's occasion to this moment."""
        one, present = self._all.get(agent.id), self._occasion(agent)
        if one is not None and one.token and self._wall() >= one.until:
            one = self._ended(agent.id, CallResult.UNKNOWN)
        if present is None:
            if one is not None and one.occasion is Occasion.PAUSED and one.token:
                self._ended(agent.id, CallResult.CAME)
            if one is not None and not one.token:
                self._forget(agent.id)
            return
        occasion, since = present
        if one is None or not one.is_of(occasion, since):
            one = r.begin(occasion, since, self.settings.limits)
            self._put(agent.id, one)
        if occasion is Occasion.SHIFT and not one.came and self._is_here(agent):
            self._ended(agent.id, CallResult.CAME)

    def _occasion(self, agent: AgentSettings) -> tuple[Occasion, float] | None:
        """What the agent is to be reminded of, and since when."""
        if on_line(agent.seat):
            began = self._began.get(agent.shift)
            return (Occasion.SHIFT, began.timestamp()) if began and agent.telephone else None
        here = self._controller.get(agent.id)
        paused = here.duty is Duty.PAUSED and here.reason == NO_ANSWER
        if not (paused and self.settings.when_paused):
            return None
        return Occasion.PAUSED, here.since + self._shift()

    def _is_here(self, agent: AgentSettings) -> bool:
        return self._line.here.get(agent.seat) == agent.id

    def _due(self, now: float) -> Iterator[AgentSettings]:
        """Who is to be called now, whoever has waited longest first."""
        limits = self.settings.limits
        due = [(one.next_at, i) for i, one in self._all.items() if one.due(limits, now)]
        for _next_at, agent_id in sorted(due):
            agent = self._controller.agents[agent_id]
            taken = agent.seat in self._line.here  # by somebody else
            free = self._seats.state(agent.seat) in (SeatStatus.FREE, SeatStatus.PAUSED)
            if not taken if on_line(agent.seat) else free:
                yield agent

    # --- a call ----------------------------------------------------------------------------

    def _begin(self, agent: AgentSettings, now: float) -> None:
        one = r.dialled(self._all[agent.id], secrets.token_hex(8), self.settings.limits, now)
        self._put(agent.id, one)
        what, occasion = "an agent is called", one.occasion
        log.event(logger, logging.INFO, what, agent=agent.id, occasion=occasion, call=one.calls)
        self._start(self._call(agent, one.token))

    async def _call(self, agent: AgentSettings, token: str) -> None:
        """Have one made, once that is on the disk: better none than one again and again."""
        where = self.address(agent.telephone) if on_line(agent.seat) else agent.seat
        language = next(iter(agent.languages), "") or self.settings.language
        wanted = (WANTED, agent.id, where, str(self.settings.limits.ring_seconds), language)
        variable = dialplan_names.ATTEMPT + token
        try:
            if not where:
                raise NotPlaced("the hotline does not dial numbers of this kind")
            if not await self._write_behind.flush(WRITTEN_SECONDS):
                raise NotPlaced("the store is down")
            await self._link.set_global(variable, "|".join(wanted))
            try:
                await self._placer.place(self.settings.port, token)
            except NotPlaced:
                await self._link.set_global(variable, "")  # nor is it made later
                raise
        except (NotPlaced, *LOST) as error:
            what = "an agent could not be called"
            log.event(logger, logging.WARNING, what, agent=agent.id, why=str(error))
            if self._token(agent.id) == token:
                self._ended(agent.id, CallResult.NOT_MADE)

    def attempt(self, report: AttemptReport) -> None:
        """Asterisk says how a call ended; those of people who are called back are others'."""
        agent_id = self._on.get(report.token, "")
        if not agent_id:
            return
        if report.state == "failed":
            self._ended(agent_id, r.result_of(report.detail))
        else:
            self._ended(agent_id, CallResult.DID_NOT_COME)

    def _token(self, agent_id: str) -> str:
        one = self._all.get(agent_id)
        return one.token if one else ""

    def _ended(self, agent_id: str, result: CallResult) -> Reminder:
        before, now = self._all[agent_id], self._wall()
        one = r.ended(before, result, self.settings.limits, now)
        self._put(agent_id, one)
        if before.token:
            self._listener.reminded(one.occasion, result)
            what = "call to an agent ended"
            log.event(logger, logging.INFO, what, agent=agent_id, result=result)
        if before.token and one.in_vain(self.settings.limits, now):
            what, why = "an agent was called in vain", one.occasion
            log.event(logger, logging.WARNING, what, agent=agent_id, occasion=why, calls=one.calls)
        return one

    async def settled(self) -> None:
        """Wait until all calls are made that were begun."""
        await asyncio.gather(*self._tasks)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- looking ---------------------------------------------------------------------------

    def absent(self) -> list[str]:
        """The ids of agents whose shift has begun, who were called in vain and have not come."""
        now, limits = self._wall(), self.settings.limits
        found = ((i, one) for i, one in self._all.items() if one.occasion is Occasion.SHIFT)
        return [i for i, one in found if one.calls and one.in_vain(limits, now)]

    def of(self, agent_id: str) -> Reminder | None:
        """The agent's present occasion, if there were calls for it."""
        one = self._all.get(agent_id)
        return one if one is not None and one.calls else None

    # --- the store -------------------------------------------------------------------------

    async def restore(self) -> None:
        """Read what was stored before; what is here already stands.  Does not raise."""
        try:
            stored = await self._write_behind.load(REMINDERS)
        except StoreDown:
            return
        found: dict[str, Reminder] = {}
        for agent_id, text in stored.items():
            with suppress(ValidationError):  # then the agent may be called once more
                found[agent_id] = STORED_REMINDER.validate_json(text)
        self._all = found | self._all
        self._on = {one.token: i for i, one in self._all.items() if one.token}
        self.complete = True

    def write_again(self) -> None:
        """The store is back, and may have lost what it had."""
        for agent_id, one in self._all.items():
            self._put(agent_id, one)

    def _put(self, agent_id: str, one: Reminder) -> None:
        self._on.pop(self._token(agent_id), None)
        if one.token:
            self._on[one.token] = agent_id
        self._all[agent_id] = one
        self._write_behind.put(REMINDERS, agent_id, STORED_REMINDER.dump_json(one).decode())

    def _forget(self, agent_id: str) -> None:
        self._on.pop(self._token(agent_id), None)
        del self._all[agent_id]
        self._write_behind.remove(REMINDERS, agent_id)


def calls_in_words(one: Reminder | None, zone: ZoneInfo) -> str:
    """What became of the calls, in words; empty if there were none."""
    if one is None or one.came:
        return ""
    began = datetime.fromtimestamp(one.since, zone)
    what = "the shift began" if one.occasion is Occasion.SHIFT else "the pause began"
    times = "once" if one.calls == 1 else f"{one.calls} times"
    last = "is being called" if one.token else one.result.replace("_", " ")
    return f"called {times} since {what} at {began:%H:%M}: {last}"
