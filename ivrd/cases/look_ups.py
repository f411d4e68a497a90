"""Looks cases up for callers: from a cache, from the system that has them, or not now.

Answers are kept in memory for a set time, under a keyed hash of what was asked, so that no citizen
number stays here.  A breaker, as partners have one (core/breaker.py), keeps callers from waiting
for a system that failed again and again: after a pause one question is tried.
"""

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Callable
from typing import Protocol

from ivrd import log
from ivrd.cases.crm import Crm, Found, written
from ivrd.config.cases import CrmSettings
from ivrd.core import breaker as breakers
from ivrd.core.breaker import Breaker, BreakerState, Limits
from ivrd.core.breaker_events import Failure, FailureKind, Lasted, NoResponse, Refused
from ivrd.core.cases import CaseQuestion, CaseResult
from ivrd.core.inputs import CaseAnswer

MOST_KEPT = 10_000  # answers
LONGEST_PAUSES = 10  # times the first one
ANSWERED = (CaseResult.FOUND, CaseResult.UNKNOWN, CaseResult.NOT_IN_TABLE)

logger = logging.getLogger("ivrd")


class LookUpListener(Protocol):
    """Counts; see metrics/cases.py."""

    def looked_up(self, result: CaseResult, seconds: float) -> None:
        """The system was asked, and answered, or did not, after so long."""

    def not_asked(self, result: CaseResult) -> None:
        """It was not asked: the answer was known, or it is paused."""


class LookUps:
    """See `calls.cases.Cases`.  `clock`: any that does not jump; `wall`: the wall clock."""

    def __init__(
        self,
        settings: CrmSettings | None,
        listener: LookUpListener,
        clock: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self._listener = listener
        self._clock = clock
        self._wall = wall
        self._key = secrets.token_bytes(32)
        self._retiring: set[asyncio.Task[None]] = set()
        self._begin(settings)

    def _begin(self, settings: CrmSettings | None) -> None:
        self.settings = settings
        self._crm = Crm(settings, self._wall) if settings else None
        self._kept: dict[bytes, tuple[float, Found]] = {}  # and until when
        self.breaker = Breaker(_limits(settings)) if settings else Breaker()
        self._trying = False

    def configure(self, settings: CrmSettings | None) -> None:
        """From now on these; what is being asked is answered still."""
        if settings != self.settings:
            if self._crm is not None:
                task = asyncio.ensure_future(self._crm.retire())
                self._retiring.add(task)
                task.add_done_callback(self._retiring.discard)
            self._begin(settings)

    async def close(self) -> None:
        """Close the connections."""
        await asyncio.gather(*self._retiring)
        if self._crm is not None:
            await self._crm.retire()

    @property
    def paused(self) -> bool:
        """Whether nothing is asked now."""
        return breakers.at(self.breaker, self._clock()).state is BreakerState.OPEN

    async def look_up(self, call_id: str, question: CaseQuestion) -> CaseAnswer:
        """See `Cases`."""
        crm, settings = self._crm, self.settings
        if crm is None or settings is None:
            return self._without_asking(call_id, Found(CaseResult.PAUSED))
        name = hashlib.blake2b(written(question).encode(), key=self._key).digest()
        until, known = self._kept.get(name, (0.0, None))
        if known is not None and self._clock() < until:
            return self._without_asking(call_id, known)
        half_open = breakers.at(self.breaker, self._clock()).state is BreakerState.HALF_OPEN
        if self.paused or (half_open and self._trying):
            return self._without_asking(call_id, Found(CaseResult.PAUSED))
        began, self._trying = self._clock(), half_open
        try:
            found = await crm.ask(question)
        finally:
            if half_open:
                self._trying = False  # and not at the end of one that was asked before
        if crm is self._crm:
            self._keep(name, found, settings.cache_seconds)
            self._note(found)
        self._listener.looked_up(found.result, self._clock() - began)
        _report(call_id, found)
        return CaseAnswer(found.result, found.state)

    def _without_asking(self, call_id: str, found: Found) -> CaseAnswer:
        self._listener.not_asked(found.result)
        _report(call_id, found)
        return CaseAnswer(found.result, found.state)

    def _keep(self, name: bytes, found: Found, seconds: float) -> None:
        if found.result not in ANSWERED or seconds <= 0:
            return
        self._kept.pop(name, None)
        self._kept[name] = (self._clock() + seconds, found)
        oldest = next(iter(self._kept))
        if len(self._kept) > MOST_KEPT or self._kept[oldest][0] <= self._clock():
            del self._kept[oldest]

    def _note(self, found: Found) -> None:
        """What an answer, or none, means for the breaker."""
        now = self._clock()
        before = breakers.at(self.breaker, now).state
        event = Lasted(now) if found.result in ANSWERED else _failure(found.result, now)
        self.breaker = breakers.step(self.breaker, event)
        after = self.breaker.state
        if after is BreakerState.OPEN and before is not BreakerState.OPEN:
            what = "cases are not looked up for a while: that failed again and again"
            seconds = round(self.breaker.pause)
            log.event(logger, logging.WARNING, what, why=found.why, for_seconds=seconds)
        elif after is BreakerState.CLOSED and before is not BreakerState.CLOSED:
            log.event(logger, logging.INFO, "cases are looked up again")


def _failure(result: CaseResult, at: float) -> Failure:
    return NoResponse(at) if result is CaseResult.SLOW else Refused(at, 0)


def _limits(settings: CrmSettings) -> Limits:
    """So many in a row of one kind: no answer in time, or none that is right."""
    return Limits(
        in_a_row=dict.fromkeys(FailureKind, settings.failures),
        first_pause=settings.pause_seconds,
        longest_pause=settings.pause_seconds * LONGEST_PAUSES,
    )


def _report(call_id: str, found: Found) -> None:
    level = logging.INFO if found.result in ANSWERED else logging.WARNING
    what, result = "case looked up", found.result.value
    if found.why:
        log.event(logger, level, what, call=call_id, result=result, why=found.why)
    else:
        log.event(logger, level, what, call=call_id, result=result)
