"""What is stored of plans: kind `plans`, the one that is on; kind `plan_runs`, those that were.

All moments are written as seconds since the epoch.
"""

import logging
from collections.abc import Callable
from dataclasses import replace

from pydantic import TypeAdapter, ValidationError

from ivrd import log
from ivrd.core.plan import EndedRun, PlanState, Run
from ivrd.store import WriteBehind

PLANS, STATE, RUNS = "plans", "state", "plan_runs"
STORED_STATE, STORED_RUN = TypeAdapter(PlanState), TypeAdapter(EndedRun)
WRITTEN_SECONDS = 2.0  # how long an operator waits for the store
DAY_SECONDS = 86_400.0

logger = logging.getLogger("ivrd")


class PlanRepository:
    """Runs are kept for so many days, as what operators did is.

    `clock()`: the timeline; `shift()`: what the time of day is ahead of it.
    """

    def __init__(
        self,
        write_behind: WriteBehind,
        days: int,
        clock: Callable[[], float],
        shift: Callable[[], float],
    ) -> None:
        self.days = days
        self._write_behind = write_behind
        self._clock = clock
        self._shift = shift

    def put(self, state: PlanState) -> None:
        """From now on it is so."""
        stored = _shifted(state, self._shift())
        self._write_behind.put(PLANS, STATE, STORED_STATE.dump_json(stored).decode())

    def ended(self, ended: EndedRun) -> None:
        """A run is over; those that are too old are forgotten."""
        stored = _ended_shifted(ended, self._shift())
        key = f"{stored.run.started_at:014.3f} {stored.run.plan}"
        self._write_behind.put(RUNS, key, STORED_RUN.dump_json(stored).decode())
        oldest = self._clock() + self._shift() - self.days * DAY_SECONDS
        self._write_behind.forget(RUNS, f"{max(0.0, oldest):014.3f}")

    async def state(self) -> PlanState:
        """What was stored before.  Raises `StoreDown`."""
        text = (await self._write_behind.load(PLANS)).get(STATE)
        if text is None:
            return PlanState()
        try:
            return _shifted(STORED_STATE.validate_json(text), -self._shift())
        except ValidationError:
            what = "what is stored of plans cannot be parsed: none is on"
            log.event(logger, logging.WARNING, what)
            return PlanState()

    async def runs(self) -> list[EndedRun]:
        """All that are kept, the earliest first, in seconds since the epoch.  Raises `StoreDown`.

        Entries that cannot be parsed are left out.
        """
        found = []
        for text in (await self._write_behind.load(RUNS)).values():
            try:
                found.append(STORED_RUN.validate_json(text))
            except ValidationError:
                log.event(logger, logging.WARNING, "a stored run of a plan cannot be parsed")
        return found

    async def written(self) -> bool:
        """Wait until all so far is written; False if it is not known to be."""
        return await self._write_behind.flush(WRITTEN_SECONDS)


def _later(run: Run, seconds: float) -> Run:
    return replace(run, started_at=run.started_at + seconds, ends_at=run.ends_at + seconds)


def _shifted(state: PlanState, seconds: float) -> PlanState:
    """The state, with later moments; how near the load is to a change is not among what is kept."""
    return replace(state, run=state.run and _later(state.run, seconds), since=None)


def _ended_shifted(ended: EndedRun, seconds: float) -> EndedRun:
    return replace(ended, run=_later(ended.run, seconds), ended_at=ended.ended_at + seconds)
