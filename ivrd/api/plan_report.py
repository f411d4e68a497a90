"""What plans have changed: each run's calls, and those of as long before it."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Protocol

from ivrd.api import server
from ivrd.core.day import CompletedCall
from ivrd.core.plan import EndedRun, PlanState
from ivrd.core.plan_report import Span, figures
from ivrd.ha.call_repository import CallRepository
from ivrd.plans.repository import PlanRepository
from ivrd.store import StoreDown

REPORTED = 20  # runs, the last ones


class ServiceLevelTarget(Protocol):
    """The seconds within which a call is to be answered; see core/recent.py."""

    service_level_seconds: float


class PlanReport:
    """`clock`: seconds since the epoch; `shift()`: what that is ahead of the timeline."""

    def __init__(
        self,
        repository: PlanRepository,
        state: Callable[[], PlanState],
        calls: CallRepository,
        target: ServiceLevelTarget,
        clock: Callable[[], float],
        shift: Callable[[], float],
    ) -> None:
        self._repository = repository
        self._state = state
        self._calls = calls
        self._target = target
        self._clock = clock
        self._shift = shift

    async def rows(self, plan: str) -> list[dict[str, Any]]:
        """The last runs of a plan, or of all (empty), the earliest first; one that is on is last.

        Calls in progress are in none.
        """
        if not await self._repository.written():
            raise server.NotNow("the store does not answer, so calls cannot be added up")
        try:
            ended = [one for one in await self._repository.runs() if plan in ("", one.run.plan)]
            rows = [await self._row(one) for one in ended[-REPORTED:]]
            run, shift = self._state().run, self._shift()
            if run is not None and plan in ("", run.plan):
                span = Span(run.started_at + shift, self._clock())
                rows.append(await self._of(run.plan, run.by, run.by_load, span, None, ""))
        except StoreDown as error:
            raise server.NotNow(f"the store does not answer: {error}") from None
        return rows

    async def _row(self, one: EndedRun) -> dict[str, Any]:
        run, span = one.run, Span(one.run.started_at, one.ended_at)
        return await self._of(run.plan, run.by, run.by_load, span, one.why.value, one.ended_by)

    async def _of(
        self, plan: str, by: str, by_load: bool, span: Span, why: str | None, ended_by: str
    ) -> dict[str, Any]:
        before = span.before
        found = await self._received(before.start, span.end)
        target = self._target.service_level_seconds
        during, earlier = await asyncio.to_thread(
            lambda: [asdict(figures(found, one, target)) for one in (span, before)]
        )
        return {
            "plan": plan,
            "started_at": span.start,
            "ended_at": span.end if why else None,
            "started_by": by,
            "by_load": by_load,
            "why": why,
            "ended_by": ended_by,
            "calls_kept": self._calls.day_at(before.start) >= self._calls.oldest_day(),
            "during": during,
            "before": earlier,
        }

    async def _received(self, start: float, end: float) -> list[CompletedCall]:
        """The ended calls of the days from `start` to `end`."""
        day, last = self._calls.day_at(start), self._calls.day_at(end)
        found: list[CompletedCall] = []
        while day <= last:
            found += await self._calls.day(day)
            day += timedelta(days=1)
        return found
