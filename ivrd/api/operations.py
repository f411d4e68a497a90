"""What an operator can ask of a running ivrd: its status, seats, a new configuration."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Protocol

from ivrd import __version__, log
from ivrd.api import reload, server, status
from ivrd.api.peercred import asked_by
from ivrd.api.status import Limits, MissingPrompts
from ivrd.asterisk.ami_action import ConnectionLost
from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.ami_link import ActionRefused
from ivrd.asterisk.capacity import Capacity
from ivrd.asterisk.conversation_settings import ConversationSettings
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.calls.ivr import IvrSettings
from ivrd.calls.requeue import Requeue
from ivrd.calls.tracker import CallTracker
from ivrd.config.plans import in_force
from ivrd.config.problem import ConfigError, Problem
from ivrd.config.settings import Settings, closed_queues
from ivrd.config.sounds import Recordings
from ivrd.core.challenge import ChallengeLimits
from ivrd.core.menu_tree import Tree
from ivrd.core.plan import PlanState
from ivrd.core.status_schema import (
    AsteriskStatus,
    ConfigStatus,
    RefusalStatus,
    Status,
    TrunkStatus,
)
from ivrd.core.validity import tree_on
from ivrd.metrics.observer import Observer
from ivrd.partners.controller import PartnerController
from ivrd.partners.runtime import PartnerSetup
from ivrd.store.audit_log import AuditLog

MOVE_SECONDS = 20.0  # for which a reload waits until callers whose queue is gone are moved

logger = logging.getLogger("ivrd")


def ivr_settings(settings: Settings) -> IvrSettings:
    """What menus need of the configuration."""
    label = {
        topic: texts[settings.languages[0]]
        for queue in settings.queues
        for topic, texts in queue.topics.items()
    }

    def closed() -> frozenset[str]:
        return closed_queues(settings, datetime.now(settings.zone))

    def unplayable(problem: Problem) -> None:
        log.event(logger, logging.WARNING, "a recording cannot be played", problem=str(problem))

    @lru_cache(maxsize=1)
    def on(day: date) -> Tree:
        return tree_on(settings.tree, settings.validities, day)

    def today() -> Tree:
        return on(datetime.now(settings.zone).date())

    conversation = ConversationSettings(
        settings.tree,
        today,
        Recordings(settings, unplayable).length,
        label,
        settings.lease_seconds,
        settings.asterisk.silent_seconds,
        closed,
        lambda: datetime.now(settings.zone).date(),
    )
    return IvrSettings(conversation, settings.menus_at_most, settings.behind_seconds)


def partner_setup(settings: Settings) -> PartnerSetup:
    """What decisions on partners' seats need of the configuration."""
    topics = {queue.name: tuple(queue.topics) for queue in settings.queues}

    def open_partners() -> frozenset[str]:
        now = datetime.now(settings.zone)
        hours = settings.partner_schedules
        return frozenset(
            p for p, schedule in hours.items() if not schedule or schedule.is_open(now)
        )

    return PartnerSetup(
        settings.partners, topics, settings.policy, open_partners, settings.left_out
    )


class Refused(Protocol):
    """What was refused before it was a call; see metrics/refusals.py."""

    def status(self, now: float) -> RefusalStatus:
        """What was refused not long ago."""


class PlansInForce(Protocol):
    """The crisis plan that is on; see plans/controller.py."""

    state: PlanState

    def keeps_open(self, pool: str) -> str:
        """The plan that keeps a pool open now; empty when none does."""


class Screening(Protocol):
    """Who is asked for a key before anything else; see calls/screening.py."""

    limits: ChallengeLimits


class StoreState(Protocol):
    """Whether the store can be written now; see store/write_behind.py."""

    up: bool


@dataclass
class Operations:
    """What may be asked of a running ivrd, over its parts."""

    settings: Settings
    link: AmiClient
    tracker: CallTracker
    queue_members: QueueMembers
    observer: Observer
    partners: PartnerController
    screening: Screening
    leadership: status.Leader
    refused: Refused
    audit_log: AuditLog
    configure_others: Callable[[Settings], None]  # what else a new configuration changes
    store: StoreState
    requeue: Requeue
    plans: PlansInForce
    clock: Callable[[], float]  # this moment on the timeline of the calls
    capacity: Capacity
    not_answering: Callable[[], list[str]]  # agents whom ivrd has paused for it
    faulty_trunks: Callable[[], list[TrunkStatus]]
    absent: Callable[[], list[str]]  # agents who were called to their shift in vain

    def __post_init__(self) -> None:
        self.missing_prompts = MissingPrompts(time.monotonic)
        self.started = self.loaded = time.monotonic()
        self.reload_ok = True
        self.observer.metrics.reload(True, time.time())
        self._begun = self.settings.files  # a reload does not change what is read once

    def queries(self) -> Mapping[str, server.Control]:
        """What GET answers."""
        return {"status": self._status, "seats": self._list_seats}

    def commands(self) -> Mapping[str, server.Control]:
        """What POST does."""
        return {"seats": self._seats, "resume": self._resume, "reload": self._reload}

    def ready(self) -> str:
        """What is missing before callers can be served; empty when nothing is."""
        if self.tracker.ivr.draining:
            return "stopping"
        return "" if self.observer.connected else "not connected to Asterisk"

    def status(self, missing_prompts: Sequence[str]) -> Status:
        """Everything as it is now."""
        now, mono, ledger = self.clock(), time.monotonic(), self.tracker.ledger
        closed = self.tracker.ivr.settings.conversation.closed()
        calls = status.calls_of(ledger, self.observer.unattended_calls)
        return Status(
            version=__version__,
            up_seconds=mono - self.started,
            role=status.role_of(self.leadership),
            draining=self.tracker.ivr.draining,
            asterisk=AsteriskStatus(
                up=self.observer.connected,
                stopping=self.link.stopping,
                version=self.link.version,
                since_seconds=mono - self.observer.connection_changed,
            ),
            calls=calls,
            queues=status.queues_of(self.settings.queues, closed, ledger.present, now),
            pools=status.pools_of(self.queue_members),
            not_answering=self.not_answering(),
            absent=self.absent(),
            overflow=status.overflow_of(self.partners),
            partners=status.partners_of(self.partners, now),
            callbacks=status.callbacks_of(ledger),
            outcomes=status.outcomes_of(ledger),
            refused=self.refused.status(now),
            hour=self.observer.recent.totals(now),
            service_level_seconds=self.settings.service_level_seconds,
            store_up=self.store.up,
            limits=self._limits(calls["queue"]).reached(),
            missing_prompts=list(missing_prompts),
            languages_off={of: len(why) for of, why in self.settings.languages_off.items()},
            trunks=self.faulty_trunks(),
            plan=status.plan_of(self.plans.state.run, now, lower_limits=self._lower_limits()),
            config=ConfigStatus(
                folder=str(self.settings.folder),
                loaded_seconds_ago=mono - self.loaded,
                last_reload_ok=self.reload_ok,
            ),
        )

    def _limits(self, waiting: int) -> Limits:
        settings, ledger, ivr = self.settings, self.tracker.ledger, self.tracker.ivr
        return Limits(
            callers=settings.callers_at_most,
            room=self.capacity.room,
            music=settings.music_at_most,
            menus=settings.menus_at_most,
            behind_seconds=settings.behind_seconds,
            callers_now=len(ledger.calls),
            waiting_now=waiting,
            menus_now=len(ivr) - ivr.challenged_now(),
            challenged_now=ivr.challenged_now(),
            challenge_of="the plan" if self._lower_limits() else "ivrd.yaml",
            late_seconds=self.link.behind_seconds,
        )

    def _lower_limits(self) -> bool:
        """Whether the plan that is on has more callers asked for a key."""
        return self.screening.limits != self.settings.challenge

    async def _status(self, _query: Mapping[str, str]) -> server.Answer:
        return self.status(await self.missing_prompts.of(self.settings))

    async def _seats(self, query: Mapping[str, str]) -> server.Answer:
        """Open or close a pool: ?pool=NAME&open=true or false."""
        pools = {pool.name: pool for pool in self.queue_members.pools}
        pool = pools.get(query.get("pool", ""))
        if pool is None:
            raise server.RequestRejected(
                f"no pool {query.get('pool', '')!r}; there are: {', '.join(pools)}"
            )
        if self.queue_members.open is None or not self.observer.connected:
            raise server.NotNow("not connected to Asterisk: nothing was changed")
        wanted = query.get("open") == "true"
        if not wanted and (plan := self.plans.keeps_open(pool.name)):
            raise server.NotNow(f"the plan {plan} keeps {pool.name} open; `ivrd plan end` ends it")
        (self.queue_members.open.add if wanted else self.queue_members.open.discard)(pool.name)
        try:
            changes = await self.queue_members.reconcile()
        except (ActionRefused, ConnectionLost, TimeoutError) as error:
            raise server.NotNow(f"Asterisk refused: {error}") from None
        what = "seats opened" if wanted else "seats closed"
        who = asked_by(query)
        log.event(logger, logging.INFO, what, pool=pool.name, who=who)
        self.audit_log.audit(who, what, "", pool.name)
        return {
            "pool": pool.name,
            "open": wanted,
            "seats": len(pool.seats),
            "changes": len(changes),
        }

    async def _list_seats(self, _query: Mapping[str, str]) -> server.Answer:
        return {"seats": self.queue_members.list_seats()}

    async def _resume(self, query: Mapping[str, str]) -> server.Answer:
        """Ring a seat in its turn again: ?seat=NAME."""
        seat, who = query.get("seat", ""), asked_by(query)
        if not self.queue_members.pool_of(seat):
            raise server.RequestRejected(f"no seat {seat!r}; `ivrd seats list` names them")
        resumed = self.queue_members.resume(seat, who)
        try:
            await self.queue_members.reconcile()
        except (ActionRefused, ConnectionLost, TimeoutError) as error:
            raise server.NotNow(f"Asterisk did not take it: {error}") from None
        return {"seat": seat, "resumed": resumed}

    async def _reload(self, query: Mapping[str, str]) -> server.Answer:
        return (await self.reload(asked_by(query))).answer()

    async def reload(self, who: str) -> reload.Reload:
        """Read the configuration again: use all of it, or none."""
        try:
            settings, menus = await asyncio.to_thread(self._read)
        except ConfigError as error:
            self._reloaded(False)
            problems = [str(problem) for problem in error.problems]
            for problem in problems:
                log.event(logger, logging.ERROR, f"configuration refused: {problem}")
            self.audit_log.audit(who, "reload refused", "", problems[0])
            return reload.Reload(tuple(problems))
        found = reload.compared(self._begun, self.settings.files, settings.files)
        moved_before = self.requeue.moved.copy()
        self._adopt(settings, menus)
        reload.log_languages(settings)
        for bring in (self.queue_members.repeat, self.queue_members.reconcile, self._move):
            with suppress(ActionRefused, ConnectionLost, TimeoutError):
                await bring()
        if self.leadership.is_leader:
            moved = self.requeue.moved - moved_before
            found = replace(found, moved=reload.who_moved(moved, self.requeue.waiting_in_vain()))
        self._reloaded(True)
        what = found.summary()
        log.event(logger, logging.INFO, "configuration reloaded", who=who, changed=what)
        for key in found.restart:
            log.event(logger, logging.WARNING, f"takes effect after a restart: {key}")
        for key in found.asterisk_restart:
            log.event(logger, logging.WARNING, f"takes effect after a restart of Asterisk: {key}")
        self.audit_log.audit(who, "reload", "", what)
        return found

    async def _move(self) -> None:
        """Callers whose queue is gone to where their topic leads now: that is for the leader."""
        if self.leadership.is_leader and self.observer.connected:
            await self.requeue.all(MOVE_SECONDS)

    def _reloaded(self, ok: bool) -> None:
        self.reload_ok = ok
        self.observer.metrics.reload(ok, time.time())

    def _read(self) -> tuple[Settings, IvrSettings]:
        """The configuration as it stands in its folder now.  Raises `ConfigError`."""
        settings = reload.read(self.settings)
        return settings, ivr_settings(self._in_force(settings))

    def _in_force(self, settings: Settings) -> Settings:
        run = self.plans.state.run
        return in_force(settings, settings.plans.get(run.plan) if run else None)

    def plan_changed(self) -> None:
        """A crisis plan is on, or is not any more; conversations that are on keep their menus."""
        settings = self._in_force(self.settings)
        self.tracker.ivr.configure(ivr_settings(settings))
        self.partners.configure(partner_setup(settings))
        self.screening.limits = settings.challenge

    def _adopt(self, settings: Settings, menus: IvrSettings) -> None:
        """From now on the new configuration; conversations that are on keep theirs."""
        self.settings = settings
        self.loaded = time.monotonic()
        self.tracker.ivr.configure(menus)
        self.queue_members.configure(settings.pools)
        in_use = self._in_force(settings)
        self.partners.configure(partner_setup(in_use))
        self.screening.limits = in_use.challenge
        queues = [queue.name for queue in settings.queues]
        numbers = [of.number for of in settings.numbers]
        self.observer.configure(queues, numbers, settings.service_level_seconds)
        self.configure_others(settings)
