"""What an operator can ask about partners, and do with them.

Queries: the partners as they are now, and why the seats are as they are.  What happened in a period
is in partner_report.py.  Commands: overrides and drills; each goes into the audit log with who,
when and what.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime, tzinfo
from math import isfinite
from typing import Any, Protocol

from ivrd import log
from ivrd.api import server
from ivrd.api.partner_report import PartnerReport, ServedCalls
from ivrd.api.peercred import asked_by
from ivrd.asterisk.ami_action import ConnectionLost
from ivrd.asterisk.ami_link import ActionRefused
from ivrd.config.problem import unknown
from ivrd.core import breaker as b
from ivrd.core.forecast import combine_loads
from ivrd.core.overflow import Snapshot
from ivrd.core.partner import Override, Partner, PartnerSnapshot, PartnerState
from ivrd.core.report import PartnerEventKind
from ivrd.core.skills import group_of
from ivrd.metrics.partners import PartnerGauges
from ivrd.partners.controller import PartnerController
from ivrd.partners.repository import PartnerRepository
from ivrd.store import StoreDown

logger = logging.getLogger("ivrd")

NO_OVERRIDE = "none"
FLUSH_SECONDS = 1.0
NOT_DECIDED = "nothing was decided yet"
DRILL_SPARE_SECONDS = 20.0  # until Asterisk has placed a test call, and ended it
# A test call to a partner by its id, within so many seconds: whether a person confirmed it, and
# what happened.
Drill = Callable[[str, float], Awaitable[tuple[bool, str]]]


class CallOutView(Protocol):
    """What partners were asked for, and have said; see api/call_out_operations.py."""

    async def refresh(self) -> None:
        """Read what the leader has stored."""

    def row(self, partner: str) -> Mapping[str, Any]:
        """A partner's, as JSON."""

    def asked(self, partner: str) -> int:
        """The people whom a partner is asked for now."""

    def pledged(self, partner: str) -> int | None:
        """The people whom a partner has said it has today; None when it has said nothing."""


class PartnerOperations:
    """Partners, what is stored of them, and what may be asked of both.

    `call_outs`: what partners were asked for, and have said.  `drill` waits for a test call.  `now`
    gives this moment on the timeline of the calls, `clock` seconds since the epoch; days are those
    of `zone`.
    """

    def __init__(
        self,
        partners: PartnerController,
        repository: PartnerRepository,
        call_outs: CallOutView,
        served: ServedCalls,
        zone: tzinfo,
        drill: Drill,
        now: Callable[[], float],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._partners = partners
        self._repository = repository
        self._call_outs = call_outs
        self._zone = zone
        self._drill_by_call = drill
        self._now = now
        self._clock = clock
        self._drilled: set[str] = set()  # partners whose drill is going on
        self._report = PartnerReport(repository, partners, served, zone, clock)
        self._read = False  # whether what was stored before is known
        self._reading: asyncio.Task[None] | None = None

    def configure(self, zone: tzinfo) -> None:
        """From now on, days are those of `zone`."""
        self._zone = zone
        self._report.configure(zone)

    async def restore(self) -> None:
        """Read what the leader before this one, or an earlier run, has stored.

        A store that is down is read when it is back: see `write_again`.
        """
        with suppress(StoreDown):
            breakers = await self._repository.read()
            self._partners.restore(breakers)
            self._partners.recall()
            self._read = True

    def write_again(self) -> None:
        """The store is back: it may have lost what it had, or have what could not be read."""
        self._repository.write_again()
        if not self._read:
            self._reading = asyncio.ensure_future(self.restore())

    def queries(self) -> Mapping[str, server.Control]:
        """What GET answers."""
        return {"partners": self._list, "explain": self._explain, **self._report.queries()}

    def commands(self) -> Mapping[str, server.Control]:
        """What POST does."""
        return {
            "override": self._override,
            "drill": self._drill,
            "resume-partner": self._resume,
        }

    # --- partners as they are now ----------------------------------------------------------

    def gauges(self) -> dict[str, PartnerGauges]:
        """Each partner as it is now, for the metrics."""
        now = self._now()
        return {of.id: self._gauges_of(of, now) for of in self._partners.snapshots(now)}

    def _gauges_of(self, of: PartnerSnapshot, now: float) -> PartnerGauges:
        runtime = self._partners.runtime(of.id)
        return PartnerGauges(
            wanted=self._seats().get(of.id, 0),
            open=of.open,
            ringing=len(runtime.ringing),
            busy=of.busy,
            breaker=b.at(runtime.breaker, now).state,
            learned=b.capacity(runtime.breaker, now),
            called_out=self._call_outs.asked(of.id),
            pledged_today=self._call_outs.pledged(of.id),
        )

    def _seats(self) -> dict[str, int]:
        decision = self._partners.decision
        return decision.seats if decision else {}

    async def _list(self, query: Mapping[str, str]) -> server.Answer:
        """All partners, or ?partner=ID alone."""
        if not self._read or not self._repository.is_leader:
            await self.restore()  # the leader decides on overrides and knows the breakers
            await self._call_outs.refresh()
        now = self._now()
        only = self._known(query).id if "partner" in query else None
        found = [of for of in self._partners.snapshots(now) if only in (None, of.id)]
        return {"partners": [self._row(of, now) for of in found]}

    def _row(self, of: PartnerSnapshot, now: float) -> dict[str, Any]:
        runtime, moment, partner = (
            self._partners.runtime(of.id),
            self._gauges_of(of, now),
            of.partner,
        )
        decision = self._partners.decision
        reasons = {share.partner: share.reason for share in decision.shares} if decision else {}
        return {
            "id": of.id,
            "name_th": partner.name_th,
            "name_en": partner.name_en,
            "trunk": partner.trunk,
            "state": partner.state,
            "verified": runtime.verified or None,
            "pledged": partner.pledged,
            "cap": partner.cap,
            "hours": partner.hours,
            "topics": list(partner.topics),
            "barred": of.clear_trunk,
            "languages": list(partner.languages),
            "confirm": partner.confirm,
            "response_seconds": partner.response_seconds,
            "ring_seconds": partner.ring_seconds,
            "key_seconds": partner.key_seconds,
            "queues": sorted(str(group_of(queue)) for queue in of.queues),
            "override": of.override,
            "in_hours": of.in_hours,
            "health": of.condition,
            "obstacle": of.obstacle,
            "allowed": of.allowed,
            "wanted": moment.wanted,
            "open": moment.open,
            "ringing": moment.ringing,
            "busy": moment.busy,
            "offers": runtime.results[PartnerEventKind.OFFERED],
            "answers": runtime.results[PartnerEventKind.CONFIRMED],
            "results": dict(runtime.results),
            "causes": dict(runtime.causes),
            "drilling": of.id in self._drilled,
            **self._call_outs.row(of.id),
            "reason": reasons.get(of.id, NOT_DECIDED),
        }

    async def _explain(self, _query: Mapping[str, str]) -> server.Answer:
        """Why the seats are as they are."""
        decision, snapshot = self._partners.decision, self._partners.snapshot
        return {
            "reason": decision.reason if decision else NOT_DECIDED,
            "wanted": decision.wanted if decision else 0,
            "partners": [
                {"id": share.partner, "seats": share.seats, "reason": share.reason}
                for share in (decision.shares if decision else ())
            ],
            "numbers": numbers(snapshot) if snapshot else {},
        }

    # --- commands --------------------------------------------------------------------------

    def _known(self, query: Mapping[str, str]) -> Partner:
        name = query.get("partner", "")
        known = {partner.id: partner for partner in self._partners.setup.partners}
        if name not in known:
            raise server.RequestRejected(unknown("partner", name, known))
        return known[name]

    async def _override(self, query: Mapping[str, str]) -> server.Answer:
        """Override a partner, or release it: ?partner=ID&override=open, closed, draining, none."""
        partner, wish = self._known(query), query.get("override", "")
        if wish not in (*Override, NO_OVERRIDE):
            raise server.RequestRejected(
                f"override: expected {', '.join(Override)} or {NO_OVERRIDE}, got {wish!r}"
            )
        if not self._read:
            await self.restore()  # the override before this one
        override = None if wish == NO_OVERRIDE else Override(wish)
        runtime = self._partners.runtime(partner.id)
        before, runtime.override = runtime.override, override
        self._repository.overridden(partner.id, override)
        detail = f"{before or NO_OVERRIDE} -> {wish}"
        if override is Override.OPEN:  # whoever says so expects calls there now
            detail += self._end_pause(partner.id)
        note = await self._written(query, f"override {wish}", partner.id, detail)
        (of,) = (each for each in self._partners.snapshots(self._now()) if each.id == partner.id)
        answer = {
            "partner": partner.id,
            "override": override,
            "busy": of.busy,
            "obstacle": of.obstacle,
        }
        return answer | {"note": note}

    def _end_pause(self, partner: str) -> str:
        """End a partner's pause; for the audit log which, and nothing when there was none."""
        now, runtime = self._now(), self._partners.runtime(partner)
        was = b.describe(runtime.breaker, now)
        return f", was {was}" if self._partners.resume(partner, now) else ""

    async def _resume(self, query: Mapping[str, str]) -> server.Answer:
        """End a partner's pause now: ?partner=ID."""
        partner = self._known(query)
        if not self._read:
            await self.restore()  # the pause may be one that was stored
        ended = self._end_pause(partner.id)
        note = await self._written(query, "partner resumed", partner.id, ended.removeprefix(", "))
        (of,) = (each for each in self._partners.snapshots(self._now()) if each.id == partner.id)
        answer = {"partner": partner.id, "resumed": bool(ended), "health": of.condition}
        return answer | {"obstacle": of.obstacle, "note": note}

    async def _drill(self, query: Mapping[str, str]) -> server.Answer:
        """Call the partner; a person there must confirm by key: ?partner=ID."""
        partner = self._known(query)
        if partner.id in self._drilled:
            raise server.NotNow(f"a drill of {partner.id} is going on")
        self._drilled.add(partner.id)
        try:
            seconds = partner.offer_seconds + DRILL_SPARE_SECONDS
            ok, detail = await self._drill_by_call(partner.id, seconds)
        except (ActionRefused, ConnectionLost, TimeoutError) as error:
            ok, detail = False, f"the test call could not be placed: {error}"
        finally:
            self._drilled.discard(partner.id)
        if not ok and (fault := self._fault(partner.id)) and fault not in detail:
            detail = f"{detail}; {fault}"
        verified = self._repository.verified(partner.id)
        if ok:
            moment = datetime.fromtimestamp(self._clock(), UTC).astimezone(self._zone)
            verified = moment.date().isoformat()
            self._partners.runtime(partner.id).verified = verified
            self._repository.drilled(partner.id, verified)
        outcome = "drill confirmed" if ok else "drill failed"
        note = await self._written(query, outcome, partner.id, detail)
        state = partner.state
        if state is PartnerState.ONBOARDING and verified:
            state = PartnerState.ACTIVE
        answer = {"partner": partner.id, "ok": ok, "detail": detail, "state": state}
        return answer | {"verified": verified or None, "note": note}

    def _fault(self, partner: str) -> str:
        """What is wrong with its trunk; empty for nothing."""
        now = self._now()
        return next((of.fault for of in self._partners.snapshots(now) if of.id == partner), "")

    async def _written(self, query: Mapping[str, str], what: str, partner: str, detail: str) -> str:
        """Write an action into the audit log; a note for the operator if that was not possible."""
        who = asked_by(query)
        log.event(logger, logging.INFO, "operator action", who=who, what=what, partner=partner)
        self._repository.audit(who, what, partner, detail)
        if await self._repository.written(FLUSH_SECONDS):
            return ""
        return "done, but the store does not answer: a restart before it is back forgets it"


def numbers(snapshot: Snapshot) -> dict[str, Any]:
    """What a decision rested on.  Rates are calls a minute, times seconds, None for no end."""
    load, policy = combine_loads(queue.load for queue in snapshot.queues), snapshot.policy
    return {
        "queues": {
            str(group_of(queue.name)): {
                "waiting": len(queue.ages),
                "oldest_seconds": max(queue.ages, default=0.0),
                "arrivals_per_minute": queue.load.arrivals * 60.0,
                "handling_seconds": _finite(queue.load.handling),
                "patience_seconds": _finite(queue.load.patience),
            }
            for queue in snapshot.queues
        },
        "arrivals_per_minute": load.arrivals * 60.0,
        "handling_seconds": _finite(load.handling),
        "patience_seconds": _finite(load.patience),
        "agents": sum(agent_group.present for agent_group in snapshot.agent_groups),
        "agents_busy": sum(agent_group.busy for agent_group in snapshot.agent_groups),
        "policy": asdict(policy),
    }


def _finite(number: float) -> float | None:
    """JSON has no infinity."""
    return number if isfinite(number) else None
