"""The state of this moment, as `ivrd status`, `ivrd top` and other programs read it."""

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, cast

from ivrd.asterisk.queue_members import QueueMembers
from ivrd.config.settings import QueueSettings, Settings
from ivrd.config.sounds import missing_defaults, prompt_files
from ivrd.core import breaker as b
from ivrd.core.call import CallbackResult, CallState, Outcome
from ivrd.core.ledger import Ledger
from ivrd.core.partner import PartnerSnapshot
from ivrd.core.plan import Run
from ivrd.core.present import Present
from ivrd.core.report import PartnerEventKind
from ivrd.core.seats import SeatStatus
from ivrd.core.skills import group_of
from ivrd.core.status_schema import (
    CallbackCounts,
    CallCounts,
    OutcomeCounts,
    OverflowStatus,
    PartnerStatus,
    RoleStatus,
    RunStatus,
)
from ivrd.core.status_schema import PoolStatus as PoolRow
from ivrd.core.status_schema import QueueStatus as QueueRow
from ivrd.partners.controller import PartnerController
from ivrd.partners.runtime import PartnerRuntime

PROMPTS_SECONDS = 60.0  # between two looks at all recordings


class Leader(Protocol):
    """Which of two ivrd is the leader; see ha/leadership.py."""

    name: str

    @property
    def role(self) -> str:
        """`alone`, `leader` or `standby`."""

    @property
    def leader(self) -> str:
        """The leader's name; empty when none is known."""

    @property
    def is_leader(self) -> bool:
        """Whether this ivrd speaks to callers, changes seats and counts."""


def role_of(leadership: Leader) -> RoleStatus:
    """The role of this ivrd, and who the leader is."""
    return RoleStatus(role=str(leadership.role), name=leadership.name, leader=leadership.leader)


def plan_of(run: Run | None, now: float, *, lower_limits: bool) -> RunStatus | None:
    """The crisis plan that is on; whether it has more callers asked for a key."""
    if run is None:
        return None
    by = "load" if run.by_load else run.by
    return RunStatus(
        name=run.plan,
        started_by=by,
        ends_in_seconds=max(0.0, run.ends_at - now),
        lower_limits=lower_limits,
    )


def calls_of(ledger: Ledger, unattended: int) -> CallCounts:
    """Calls by where they are now, and how many there have been."""
    places = Counter(call.state for call in ledger.calls.values())
    return CallCounts(
        received=ledger.received,
        adopted=ledger.adopted,
        menu=places[CallState.MENU] + places[CallState.BOOKED] + places[CallState.DEFLECTED],
        info=places[CallState.INFO],
        closed=places[CallState.CLOSED],
        queue=places[CallState.QUEUE] + places[CallState.QUEUE_MENU],
        talk=places[CallState.TALK] + places[CallState.TRANSFER],
        ended=sum(ledger.outcomes.values()),
        unattended=unattended,
    )


def callbacks_of(ledger: Ledger) -> CallbackCounts:
    """Calls that the hotline makes: how many there have been, and what came of them."""
    made = [call for call in ledger.calls.values() if not call.received]
    return CallbackCounts(
        dialled=ledger.dialled,
        in_progress=len(made),
        talking=sum(call.state is CallState.TALK for call in made),
        results={result.value: ledger.results[result] for result in CallbackResult},
    )


@dataclass(frozen=True)
class Limits:
    """How many callers there may be, and where ivrd stands.

    `room`: for how many Asterisk has files, None when that cannot be seen.  `late_seconds`: by how
    much Asterisk's events are late now, `behind_seconds`: over which nobody gets a menu.
    `challenged_now`: callers who are asked for a key, because there are too many calls;
    `challenge_of`: whose limits on those they are.
    """

    callers: int
    room: int | None
    music: int
    menus: int
    behind_seconds: float
    callers_now: int
    waiting_now: int
    menus_now: int
    late_seconds: float
    challenged_now: int
    challenge_of: str

    def reached(self) -> list[str]:
        """Each that is reached now, or that Asterisk cannot keep, in words."""
        room = self.callers if self.room is None else min(self.callers, self.room)
        told = []
        if room < self.callers:
            told.append(f"Asterisk has room for {room} callers, not {self.callers}: see ivrd check")
        if self.callers_now >= room:
            told.append(f"{self.callers_now} callers: the next one hears that all lines are busy")
        if self.waiting_now > self.music:
            told.append(
                f"{self.waiting_now} callers wait, and music is for {self.music}: the others have "
                "some of it with each word"
            )
        if self.menus_now >= self.menus:
            told.append(f"{self.menus_now} callers in menus: the next one goes straight to a queue")
        if self.challenged_now:
            told.append(
                f"{self.challenged_now} callers are asked for a key first: too many calls "
                f"(challenge in {self.challenge_of})"
            )
        if self.late_seconds > self.behind_seconds:
            told.append(f"{self.late_seconds:.1f} s behind Asterisk: new callers get no menu")
        return told


class MissingPrompts:
    """Recordings that cannot be played, looked for once a minute at most, and not in the loop."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._looked_at = -math.inf
        self._of: Settings | None = None
        self._found: list[str] = []

    async def of(self, settings: Settings) -> list[str]:
        """Each recording of these settings that cannot be played, with what is wrong with it."""
        now = self._clock()
        if settings is not self._of or now - self._looked_at >= PROMPTS_SECONDS:
            self._of, self._looked_at = settings, now
            self._found = await asyncio.to_thread(_unplayable, settings)
        return self._found


def _unplayable(settings: Settings) -> list[str]:
    return [str(problem) for problem in (*prompt_files(settings), *missing_defaults(settings))]


def outcomes_of(ledger: Ledger) -> OutcomeCounts:
    """Ended calls by outcome, since this process began."""
    totals: Counter[Outcome] = Counter()
    for row, count in ledger.outcomes.items():
        totals[row.outcome] += count
    return cast(OutcomeCounts, {outcome.value: totals[outcome] for outcome in Outcome})


def queues_of(
    queues: Iterable[QueueSettings], closed: frozenset[str], present: Present, now: float
) -> list[QueueRow]:
    """Each queue, and where its people do not all speak every language each of them apart."""
    found: dict[tuple[str, str], list[str]] = {}
    for queue in queues:
        group = group_of(queue.name)
        found.setdefault((group.queue, group.language), []).append(queue.name)
    return [
        QueueRow(
            name=name,
            language=language,
            open=name not in closed,
            waiting=sum(len(present.waiting(part)) for part in parts),
            oldest_seconds=max(present.oldest_seconds(part, now) for part in parts),
            talking=sum(len(present.talking(part)) for part in parts),
        )
        for (name, language), parts in found.items()
    ]


def pools_of(queue_members: QueueMembers) -> list[PoolRow]:
    """Each pool: whether it is open, and what its seats are doing."""
    rows = []
    for pool in queue_members.pools:
        states = Counter(queue_members.here(pool).values())
        rows.append(
            PoolRow(
                name=pool.name,
                open=pool.name in (queue_members.open or ()),
                seats=len(pool.seats),
                free=states[SeatStatus.FREE],
                ringing=states[SeatStatus.RINGING],
                busy=states[SeatStatus.BUSY],
                away=states[SeatStatus.AWAY],
                paused=states[SeatStatus.PAUSED],
            )
        )
    return rows


def overflow_of(partners: PartnerController) -> OverflowStatus:
    """The seats wanted of all partners by the last decision."""
    decision = partners.decision
    if decision is None:
        return OverflowStatus(wanted=0, why="nothing was decided yet")
    return OverflowStatus(wanted=decision.wanted, why=decision.summary)


def partners_of(partners: PartnerController, now: float) -> list[PartnerStatus]:
    """Each partner at `now` (seconds since the epoch), in the configuration's order."""
    wanted = partners.decision.seats if partners.decision else {}
    return [
        _partner(of, partners.runtime(of.id), wanted.get(of.id, 0), now)
        for of in partners.snapshots(now)
    ]


def _partner(
    of: PartnerSnapshot, runtime: PartnerRuntime, wanted: int, now: float
) -> PartnerStatus:
    return PartnerStatus(
        name=of.id,
        wanted=wanted,
        open=of.open,
        ringing=len(runtime.ringing),
        talking=of.busy,
        taken=runtime.results[PartnerEventKind.CONFIRMED],
        breaker=b.at(runtime.breaker, now).state.value,
        held_to=b.capacity(runtime.breaker, now),
        override="" if of.override is None else of.override.value,
        able=not of.obstacle,
        why=_why(of),
    )


def _why(of: PartnerSnapshot) -> str:
    """What an operator must know of a partner; an override first, since a person has ordered it."""
    ordered = f"{of.override} by override" if of.override else ""
    said = (ordered, of.obstacle or of.condition)
    return "; ".join(dict.fromkeys(text for text in said if text))
