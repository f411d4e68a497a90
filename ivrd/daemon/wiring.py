"""All parts of one ivrd, built and wired together: the only place that does.

Configuration, Asterisk, books, store, partners, metrics and log know one another only as far as
they must; who hears of what is written here.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Mapping

from ivrd import __version__, log
from ivrd.api import server
from ivrd.api.day_report import DayReport
from ivrd.api.operations import Operations, conversation_settings, partner_setup
from ivrd.api.partner_operations import PartnerOperations
from ivrd.asterisk.ami_client import AmiAddress, AmiClient
from ivrd.asterisk.async_agi import Sessions
from ivrd.asterisk.capacity import Capacity
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.asterisk.translate import EVENTS, PartnerLegEvent
from ivrd.calls.caller_hash import Hasher, load_key
from ivrd.calls.tracker import CallTracker
from ivrd.config.secret import AMI_SECRET, read_secret
from ivrd.config.settings import Settings
from ivrd.core.call import Notice
from ivrd.core.recent import Recent
from ivrd.daemon import systemd
from ivrd.ha.call_repository import CallRepository
from ivrd.ha.failover import Failover
from ivrd.metrics.calls import CallMetrics
from ivrd.metrics.capacity import CapacityMetrics, CapacitySources
from ivrd.metrics.observer import Observer
from ivrd.metrics.partners import PartnerMetrics
from ivrd.metrics.persistence import PersistenceMetrics
from ivrd.partners.controller import PartnerController
from ivrd.partners.recorder import PartnerRecorder
from ivrd.partners.repository import PartnerRepository
from ivrd.partners.test_calls import DrillCalls
from ivrd.store.factory import open_store

logger = logging.getLogger("ivrd")


class Wiring:
    """Built from settings.  `stepped_down(why)` is called when another ivrd acts."""

    def __init__(self, settings: Settings, stepped_down: Callable[[str], None]) -> None:
        self.settings = settings
        self.observer = self._reports()
        self.link = AmiClient(
            _address(settings),
            self._event,
            self._up,
            self._down,
            self.observer.link_says,
            wanted=EVENTS,
        )
        self.capacity = Capacity()
        self.queue_members = QueueMembers(self.link, settings.pools)
        self.tracker = self._tracker()
        self.failover = self._continuity(stepped_down)
        self.partners = PartnerController(
            partner_setup(settings), self.tracker.ledger, self.queue_members
        )
        self.drill_calls = DrillCalls()
        self.partner_repository = self._book()
        self.partner_operations = self._partner_desk()
        self._partner_watch = self._watch_partners()
        self.operations = Operations(
            settings,
            self.link,
            self.tracker,
            self.queue_members,
            self.observer,
            self.partners,
            self.failover.election,
        )
        self.operations.taken = self._configured
        self.operations.audit = lambda who, what, detail: self.partner_repository.audit(
            who, what, "", detail
        )
        self.hurry = asyncio.Event()  # partners' seats are to be looked at before their time
        self.partners.hurry = self.hurry.set
        self._tell_each_other()

    # --- building --------------------------------------------------------------------------

    def _reports(self) -> Observer:
        settings = self.settings
        metrics = CallMetrics(
            [queue.name for queue in settings.queues],
            settings.service_level_seconds,
            __version__,
            pools=[pool.name for pool in settings.pools],
        )
        metrics.reload(True, time.time())
        return Observer(metrics, Recent(settings.service_level_seconds))

    def _tracker(self) -> CallTracker:
        settings = self.settings
        tracker = CallTracker(
            self.link,
            conversation_settings(settings),
            self.queue_members,
            Sessions(self.link, self.observer.metrics.agi, self.observer.metrics.decision),
            self.observer.watch(),
            Hasher(load_key(settings.caller_key_file)).hash_number,
            time.time,
        )
        tracker.ivr.most = settings.menus_at_most
        tracker.ivr.late = self._late
        return tracker

    def _continuity(self, stepped_down: Callable[[str], None]) -> Failover:
        """The store, and what rests on it."""
        settings = self.settings
        return Failover(
            f"{socket.gethostname()}:{settings.web_port}",
            *open_store(settings.store),
            settings.asterisk.queue_log,
            self.link,
            self.tracker,
            lambda write_behind: CallRepository(
                write_behind, settings.zone, settings.store.keep_days.calls, time.time
            ),
            stepped_down,
        )

    def _book(self) -> PartnerRepository:
        days, write_behind = self.settings.store.keep_days, self.failover.write_behind
        return PartnerRepository(write_behind, days.history, days.audit, time.time, self.is_leader)

    def _partner_desk(self) -> PartnerOperations:
        return PartnerOperations(
            self.partners,
            self.partner_repository,
            self.settings.zone,
            self.drill_calls.wait,
            snapshot=lambda: self.partners.snapshot,
        )

    def _watch_partners(self) -> PartnerRecorder:
        metrics = PartnerMetrics(self.observer.metrics.registry, self.partner_operations.gauges)
        return PartnerRecorder(
            self.tracker.ledger, metrics, self.partner_repository, self.is_leader
        )

    def _tell_each_other(self) -> None:
        """Who hears of what."""
        registry, ivr = self.observer.metrics.registry, self.tracker.ivr
        PersistenceMetrics(registry, self.failover, lambda: ivr.sent_to_queue)
        CapacityMetrics(
            registry,
            CapacitySources(
                lambda: self.operations.settings.callers_at_most,
                lambda: self.capacity.room,
                lambda: self.tracker.lines_busy,
            ),
        )
        self.observer.counts = self.is_leader
        self.observer.moved = self.failover.moved
        self.observer.also = self._call_news
        self.tracker.on_partner_leg = self.partners.leg_event
        self.partners.told = self._partner_leg_event
        self.partners.learned = self.partner_repository.breaker
        self.failover.also_begin = self.partner_operations.begin
        self.failover.also_back = self.partner_operations.back

    # --- what the control socket can ask ---------------------------------------------------

    def queries(self) -> Mapping[str, server.Control]:
        """What GET answers."""
        day = DayReport(
            self.tracker.ledger,
            self.failover.call_repository,
            self.failover.write_behind.flush,
            lambda: self.operations.settings.service_level_seconds,
            time.time,
        )
        answers = {**self.operations.queries(), **self.partner_operations.queries()}
        return {**answers, "day": self._leader_only(day.answer)}

    def commands(self, hand_over: server.Control) -> Mapping[str, server.Control]:
        """What POST does."""
        commands = {
            **self.operations.commands(),
            **self.partner_operations.commands(),
            "handover": hand_over,
        }
        either = {"reload"}
        return {
            name: command if name in either else self._leader_only(command)
            for name, command in commands.items()
        }

    def _leader_only(self, control: server.Control) -> server.Control:
        """What only the leader can answer or do; a standby says so."""

        async def answer(query: Mapping[str, str]) -> server.Answer:
            if not self.is_leader():
                who = self.failover.election.leader
                ask = f"ask {who}, the leader" if who else "no leader is known"
                raise server.RequestRejected(f"this ivrd is the standby; {ask}")
            return await control(query)

        return answer

    def scrape(self) -> bytes:
        """The metrics of this moment."""
        return self.observer.scrape(self.tracker.ledger, self.queue_members)

    def shortage(self) -> str:
        """What to say when Asterisk has room for fewer callers than the configuration wants."""
        return self.capacity.shortage(self.operations.settings.callers_at_most)

    # --- who hears of what -----------------------------------------------------------------

    def is_leader(self) -> bool:
        """Whether this ivrd speaks to callers, moves seats and counts."""
        return self.failover.is_leader

    def _late(self) -> bool:
        """Whether we hear Asterisk so late that a menu would be no help."""
        return self.link.behind_seconds > self.operations.settings.behind_seconds

    def _partner_leg_event(self, leg_event: PartnerLegEvent) -> None:
        self._partner_watch.leg_event(leg_event)
        self.drill_calls.leg_event(leg_event)

    def _call_news(self, notice: Notice) -> None:
        self.partners.notice(notice)
        self.failover.notice(notice)
        self._partner_watch.notice(notice)

    def _configured(self, settings: Settings) -> None:
        """A new configuration is in use: a partner that is back has its override and its drill."""
        for partner in settings.partners:
            self.partner_operations.recall(partner.id)

    # --- the link --------------------------------------------------------------------------

    def _event(self, message: object) -> None:
        self.tracker.take(message)

    async def _up(self) -> None:
        await self.failover.up()
        await self.capacity.read(self.link)
        if shortage := self.shortage():
            log.event(logger, logging.WARNING, shortage)
        self.observer.link(True)
        self.hurry.set()  # seats that were wanted when the link went are due at once
        systemd.status("connected to Asterisk")

    def _down(self) -> None:
        self.observer.link(False)
        self.tracker.ivr.detach_all("the link to Asterisk was lost")
        systemd.status("waiting for Asterisk")


def _address(settings: Settings) -> AmiAddress:
    ami = settings.asterisk
    secret = read_secret(ami.ami_secret_file, AMI_SECRET)
    return AmiAddress(ami.ami_host, ami.ami_port, ami.ami_user, secret)
