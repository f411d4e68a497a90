"""Crisis plans: what one changes, and when it starts and ends.

Theory of operation
-------------------
A `Plan` says what is other than usual while it is on.  One plan is on at most: its `Run` knows
since when and until when.  An operator starts and ends it, or the load does (`look`): when at least
`Trigger.waiting` people have waited all the time for so long, and until at most `until_waiting`
have for so long.  What an operator has started, load does not end.  Every run ends at its time,
also when nobody looked then.

Whoever or whatever ends a plan at a peak would see the load start it again in the next minute.  So
after an end that was not by load, load starts that plan only once it has been low (`held_off`).

Times are seconds on one clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from ivrd.core.challenge import NO_LIMITS, ChallengeLimits
from ivrd.core.menu_mode import MenuMode


class EndReason(StrEnum):
    """Why a run has ended."""

    OPERATOR = "operator"
    LOAD = "load"
    TIME = "time"
    REMOVED = "removed"  # the configuration has no such plan any more


class PlanRefused(Exception):
    """A plan cannot be started or ended now; the message is for the operator."""


@dataclass(frozen=True)
class Trigger:
    """Load that starts a plan: so many waiting for so many seconds on end; and that ends it."""

    waiting: int
    for_seconds: float
    until_waiting: int
    until_for_seconds: float


@dataclass(frozen=True)
class Plan:
    """What is other than usual; None, or empty, where all is as ever.

    `message`: prompts that are said before the first menu.  `menu`: where callers begin.  `floor`
    and `ceiling`: partners' seats in all; `target_ratio`: of callers who are to be answered in
    time.  `partners`: the only ones that get seats.  `pools`: those whose seats are open.
    `users`: who may start it; empty: whoever may ask ivrd for anything.  `challenge`: limits that
    are lower than usual, over which callers are asked for a key first.
    `mode`: what callers are offered who ask for a person.
    """

    name: str
    lasts_seconds: float
    message: tuple[str, ...] = ()
    menu: str = ""
    floor: int | None = None
    ceiling: int | None = None
    target_ratio: float | None = None
    partners: frozenset[str] | None = None
    pools: tuple[str, ...] = ()
    users: frozenset[str] = frozenset()
    trigger: Trigger | None = None
    challenge: ChallengeLimits = NO_LIMITS
    mode: MenuMode = MenuMode.FULL


@dataclass(frozen=True)
class Run:
    """A plan that is on.  `opened`: pools that were closed before, and are so again after it."""

    plan: str
    started_at: float
    ends_at: float
    by: str
    by_load: bool = False
    opened: tuple[str, ...] = ()


@dataclass(frozen=True)
class EndedRun:
    """A run that is over; `ended_by`: the operator, or empty."""

    run: Run
    ended_at: float
    why: EndReason
    ended_by: str = ""


@dataclass(frozen=True)
class PlanState:
    """What is on now, and what is remembered.

    `held_off`: the plan that load does not start before it has been low.  `closing`: pools that a
    run has opened, and that are still to be closed.  `since`: since when the load has been such
    that the next thing it does is near; not worth storing.
    """

    run: Run | None = None
    held_off: str = ""
    closing: tuple[str, ...] = ()
    since: float | None = None


def start(
    state: PlanState,
    plan: Plan,
    by: str,
    now: float,
    seconds: float,
    opened: tuple[str, ...],
    by_load: bool = False,
) -> PlanState:
    """Start a plan for so many seconds.  Raises `PlanRefused`.

    `opened`: which of its pools were closed until now.
    """
    if state.run is not None:
        same = state.run.plan == plan.name
        other = "is on already" if same else "is on; end it first: two at once would contradict"
        raise PlanRefused(f"the plan {state.run.plan} {other}")
    if not by_load and plan.users and by not in plan.users:
        allowed = ", ".join(sorted(plan.users))
        raise PlanRefused(f"{by} may not start the plan {plan.name}; these may: {allowed}")
    again = tuple(pool for pool in state.closing if pool in plan.pools)  # it was to be closed
    run = Run(plan.name, now, now + seconds, by, by_load, (*opened, *again))
    left = tuple(pool for pool in state.closing if pool not in plan.pools)
    return PlanState(run, state.held_off, left)


def end(state: PlanState, why: EndReason, now: float, by: str = "") -> tuple[PlanState, EndedRun]:
    """End the plan that is on.  Raises `PlanRefused` when none is."""
    run = state.run
    if run is None:
        raise PlanRefused("no plan is on")
    held_off = run.plan if why in (EndReason.OPERATOR, EndReason.TIME) else ""
    after = PlanState(None, held_off, (*state.closing, *run.opened))
    return after, EndedRun(run, now, why, by)


def closed(state: PlanState) -> PlanState:
    """What was to be closed is."""
    return replace(state, closing=())


def look(
    state: PlanState, plans: Mapping[str, Plan], waiting: int, now: float
) -> tuple[PlanState, Plan | EndedRun | None]:
    """What time and load do now: end the plan that is on, or ask for one to be started.

    `waiting`: people who wait for a person.
    """
    run = state.run
    if run is None:
        return _rising(state, plans, waiting, now)
    plan = plans.get(run.plan)
    if now >= run.ends_at:
        return end(state, EndReason.TIME, run.ends_at)
    if plan is None:
        return end(state, EndReason.REMOVED, now)
    if not run.by_load or plan.trigger is None:
        return state, None
    low = waiting <= plan.trigger.until_waiting
    state = _since(state, low, now)
    if state.since is not None and now - state.since >= plan.trigger.until_for_seconds:
        return end(state, EndReason.LOAD, now)
    return state, None


def _rising(
    state: PlanState, plans: Mapping[str, Plan], waiting: int, now: float
) -> tuple[PlanState, Plan | None]:
    """No plan is on: the one that load may start, if it is high enough for long enough."""
    found = next(((plan, plan.trigger) for plan in plans.values() if plan.trigger), None)
    if found is None:
        return state, None
    plan, trigger = found
    if state.held_off == plan.name and waiting <= trigger.until_waiting:
        state = replace(state, held_off="")
    high = waiting >= trigger.waiting and state.held_off != plan.name
    state = _since(state, high, now)
    due = state.since is not None and now - state.since >= trigger.for_seconds
    return state, plan if due else None


def _since(state: PlanState, holds: bool, now: float) -> PlanState:
    """Remember since when the load has been so; unchanged as long as it is."""
    if holds == (state.since is not None):
        return state
    return replace(state, since=now if holds else None)
