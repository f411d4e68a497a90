"""The plan that is on: starts and ends it, by an operator, by load, at its time.

What a plan changes of menus and of the policy takes effect by `apply`, which has all of that made
anew; its pools are kept open here.  Only the leader has a plan on.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Protocol

from ivrd import log
from ivrd.core import plan as core
from ivrd.core.plan import EndedRun, EndReason, Plan, PlanRefused, PlanState, Run
from ivrd.core.seats import Pool
from ivrd.ha.leadership import LeaderStatus
from ivrd.plans.repository import PlanRepository
from ivrd.store import StoreDown
from ivrd.store.audit_log import AuditLog

IVRD = "ivrd"  # in the audit log: what no operator has done

logger = logging.getLogger("ivrd")


class Pools(Protocol):
    """The hotline's own seats; see asterisk/queue_members.py."""

    pools: tuple[Pool, ...]
    open: set[str] | None


class PlanListener(Protocol):
    """Receives what becomes of plans; see metrics/plans.py."""

    def plan_started(self, run: Run) -> None:
        """A plan is on."""

    def plan_ended(self, ended: EndedRun) -> None:
        """It is not any more."""


class PlanController:
    """`waiting()`: people who wait for a person.  `apply()`: what is in force has changed."""

    def __init__(
        self,
        plans: Mapping[str, Plan],
        repository: PlanRepository,
        pools: Pools,
        waiting: Callable[[], int],
        apply: Callable[[], None],
        listener: PlanListener,
        audit_log: AuditLog,
        leadership: LeaderStatus,
        clock: Callable[[], float],
    ) -> None:
        self.plans = plans
        self.state = PlanState()
        self._repository = repository
        self._pools = pools
        self._waiting = waiting
        self._apply = apply
        self._listener = listener
        self._audit_log = audit_log
        self._leadership = leadership
        self._clock = clock
        self._complete = False  # what was stored before is read
        self._mine = False  # something was decided here: what is stored is older
        self._reading: asyncio.Task[None] | None = None

    @property
    def plan(self) -> Plan | None:
        """The plan that is on."""
        return self.plans.get(self.state.run.plan) if self.state.run else None

    def keeps_open(self, pool: str) -> str:
        """The plan that keeps a pool open now; empty when none does."""
        plan = self.plan
        return plan.name if plan is not None and pool in plan.pools else ""

    # --- what an operator does -------------------------------------------------------------

    def start(self, plan: Plan, by: str, seconds: float) -> Run:
        """Start a plan for so many seconds.  Raises `PlanRefused`."""
        return self._start(plan, by, seconds, False)

    def end(self, by: str) -> EndedRun:
        """End the plan that is on.  Raises `PlanRefused`."""
        state, ended = core.end(self.state, EndReason.OPERATOR, self._clock(), by)
        self._ended(state, ended)
        return ended

    # --- what time and load do -------------------------------------------------------------

    def look(self) -> None:
        """Each second, as the leader."""
        self._keep_pools()
        if self._pools.open is None or not (self._complete or self._mine):
            return  # one may be on, of which only the store knows
        before = self.state
        self.state, due = core.look(before, self.plans, self._waiting(), self._clock())
        match due:
            case EndedRun():
                self._ended(self.state, due)
            case Plan():
                self._start(due, IVRD, due.lasts_seconds, True)
            case None if before.held_off != self.state.held_off:
                self._repository.put(self.state)
            case None:
                pass

    def _start(self, plan: Plan, by: str, seconds: float, by_load: bool) -> Run:
        if self._pools.open is None:
            raise PlanRefused("Asterisk has not reported yet which seats are open")
        closed = tuple(pool for pool in plan.pools if pool not in self._pools.open)
        self.state = core.start(self.state, plan, by, self._clock(), seconds, closed, by_load)
        run = self.state.run
        assert run is not None
        self._changed()
        self._listener.plan_started(run)
        self._tell(by, "plan started", f"{plan.name}{', by load' if by_load else ''}")
        return run

    def _ended(self, state: PlanState, ended: EndedRun) -> None:
        self.state = state
        self._repository.ended(ended)
        self._changed()
        self._listener.plan_ended(ended)
        why = "" if ended.why is EndReason.OPERATOR else f", by {ended.why}"
        self._tell(ended.ended_by or IVRD, "plan ended", f"{ended.run.plan}{why}")

    def _changed(self) -> None:
        self._mine = True
        self._repository.put(self.state)
        self._keep_pools()
        self._apply()

    def _tell(self, who: str, what: str, detail: str) -> None:
        log.event(logger, logging.INFO, what, plan=detail, who=who)
        self._audit_log.audit(who, what, "", detail)

    def _keep_pools(self) -> None:
        """Open the plan's pools, and close those that one before it has opened."""
        open_now, plan = self._pools.open, self.plan
        if open_now is None:
            return  # Asterisk has not reported yet
        known = {pool.name for pool in self._pools.pools}
        if plan is not None:
            open_now |= known.intersection(plan.pools)
        if self.state.closing:
            open_now.difference_update(self.state.closing)
            self.state = core.closed(self.state)
            self._repository.put(self.state)

    # --- over restarts ---------------------------------------------------------------------

    def configure(self, plans: Mapping[str, Plan]) -> None:
        """From now on these; the plan that is on is as it is there, or ends."""
        self.plans = plans

    async def restore(self) -> None:
        """Read what the leader before this one, or an earlier run, has stored.  Does not raise."""
        try:
            state = await self._repository.state()
        except StoreDown:
            return  # read when it is back: see `write_again`
        self._complete = True
        if not self._mine:
            self.state = state
            if state.run is not None:
                log.event(logger, logging.INFO, "a plan is on", plan=state.run.plan)
            self._apply()

    def write_again(self) -> None:
        """The store is back: it may have lost what it had, or have what could not be read."""
        if not self._complete and not self._mine:
            self._reading = asyncio.ensure_future(self.restore())
        elif self._leadership.is_leader:
            self._repository.put(self.state)
