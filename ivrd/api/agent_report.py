"""What each agent did on a day, for supervisors: from what is stored, and what is going on."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime, tzinfo

from ivrd.agents.controller import AgentController
from ivrd.agents.history import AgentHistory, cut
from ivrd.api import server
from ivrd.core.agent_report import AgentFact, AgentSums, OnDuty, Talk
from ivrd.core.call import AnsweredBy, CallState
from ivrd.core.dates import day_span, past_day
from ivrd.core.ledger import Ledger
from ivrd.store import StoreDown

FLUSH_SECONDS = 1.0


class AgentReport:
    """Adds a day up.  `shift()`: what the time of day is ahead of the timeline.

    `flush(seconds)` waits until what has happened is stored, and returns whether it is.  `clock`:
    seconds since the epoch.  Only the leader knows who is signed in.
    """

    def __init__(
        self,
        controller: AgentController,
        history: AgentHistory,
        ledger: Ledger,
        zone: tzinfo,
        flush: Callable[[float], Awaitable[bool]],
        clock: Callable[[], float],
        shift: Callable[[], float],
    ) -> None:
        self._controller = controller
        self._history = history
        self._ledger = ledger
        self._zone = zone
        self._flush = flush
        self._clock = clock
        self._shift = shift

    def configure(self, zone: tzinfo) -> None:
        """From now on, days are those of `zone`."""
        self._zone = zone

    def queries(self) -> Mapping[str, server.Control]:
        """What GET answers."""
        return {"agent-report": self._report}

    async def _report(self, query: Mapping[str, str]) -> server.Answer:
        """What agents did on ?day=DATE, today without one."""
        day, missing = self._day(query.get("day", ""))
        if not self._controller.known:
            raise server.NotNow("what is stored of agents could not be read yet")
        start, end = day_span(day, self._zone)
        sums, skipped = AgentSums(start, end), 0
        try:
            if not await self._flush(FLUSH_SECONDS):
                raise server.NotNow("the store does not answer; ask again when it does")
            async for some in self._history.read(start, end):
                for fact in some:
                    if fact is None:
                        skipped += 1
                    else:
                        sums.add(fact)
        except StoreDown as error:
            raise server.NotNow(f"the store does not answer: {error}") from None
        for fact in self._going_on():
            sums.add(fact)
        names = {agent.id: agent.name for agent in self._controller.agents.values()}
        rows = await asyncio.to_thread(sums.rows, names)
        return {
            "day": day.isoformat(),
            "rows": [asdict(row) for row in rows],
            "unassigned_talks": sums.unassigned,
            "skipped": skipped,
            "missing": missing,
        }

    def _going_on(self) -> Iterator[AgentFact]:
        """What has not ended, and is not stored for that: as if it ended now."""
        ahead, now = self._shift(), self._clock()
        for one in self._controller.on_duty():
            start, end = cut(one.start + ahead), one.end + ahead
            yield OnDuty(one.agent, one.seat, one.duty, one.reason, start, end)
        for call in self._ledger.calls.values():
            inhouse = call.state is CallState.TALK and call.by is AnsweredBy.INHOUSE
            if inhouse and call.connected_at and self._controller.has_seat(call.seat):
                yield Talk(call.seat, call.connected_at + ahead, now)

    def _day(self, text: str) -> tuple[date, str]:
        """The day, and what of it is no longer kept; raises `RequestRejected`."""
        today = datetime.fromtimestamp(self._clock(), UTC).astimezone(self._zone).date()
        try:
            day = past_day(text, today) if text else today
        except ValueError as error:
            raise server.RequestRejected(str(error)) from None
        start, end = day_span(day, self._zone)
        oldest = self._history.oldest()
        first = datetime.fromtimestamp(oldest, UTC).astimezone(self._zone)
        if end <= oldest:
            say = (
                f"nothing is kept of what agents did on {day}: it is kept from {first:%Y-%m-%d} on"
            )
            raise server.RequestRejected(say)
        if start < oldest:
            return day, f"what happened before {first:%Y-%m-%d %H:%M} is no longer kept"
        return day, ""
