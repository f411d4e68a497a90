"""All parts of one ivrd, built and connected: the only place that does.

Each part gets what it needs as an argument of its constructor, so what is built first knows nothing
of what comes later: state (leadership, ledger, metrics), then what is stored, then partners, then
calls, then failover, then what an operator can ask.
"""

import asyncio
import socket
import time
from collections.abc import Callable, Mapping, Sequence

from ivrd import __version__, log
from ivrd.api import server
from ivrd.api.leader_only import LeaderOnly
from ivrd.api.operations import Operations, ivr_settings
from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.async_agi import Sessions
from ivrd.asterisk.call_request import CallRequests
from ivrd.asterisk.capacity import Capacity
from ivrd.asterisk.leader_guard import LeaderGuard
from ivrd.asterisk.log_follower import LogFollower
from ivrd.asterisk.queue_log import QueueLogReader
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.asterisk.render.system import MESSAGES_LOG
from ivrd.asterisk.translate import EVENTS
from ivrd.callbacks.repository import BookingRepository
from ivrd.calls.rejoin import Rejoin
from ivrd.calls.requeue import Destinations, Requeue
from ivrd.calls.screening import Screening
from ivrd.calls.tracker import AsteriskControl, CallTracker
from ivrd.config.settings import Settings
from ivrd.core.clock import AsteriskClock, Timeline
from ivrd.core.ledger import Ledger
from ivrd.core.priority import Place
from ivrd.core.recent import Recent
from ivrd.core.refusals import Refusals
from ivrd.daemon.agent_wiring import AgentParts
from ivrd.daemon.ami_address import ami_address
from ivrd.daemon.callback_wiring import CallbackParts
from ivrd.daemon.case_wiring import CaseParts, RepeatParts, served_calls
from ivrd.daemon.connection import AsteriskConnection
from ivrd.daemon.control_wiring import ControlParts
from ivrd.daemon.intake_wiring import IntakeParts
from ivrd.daemon.link_wiring import LinkParts
from ivrd.daemon.listener_wiring import ListenerParts
from ivrd.daemon.outbox_wiring import OutboxParts
from ivrd.daemon.partner_wiring import PartnerParts
from ivrd.daemon.people_wiring import PeopleParts
from ivrd.daemon.plan_wiring import PlanParts
from ivrd.daemon.queue_seats import QueueSeats
from ivrd.daemon.trunk_wiring import TrunkParts
from ivrd.daemon.waiting_wiring import WaitingParts
from ivrd.ha.call_repository import CallRepository
from ivrd.ha.election import Election
from ivrd.ha.failover import Failover, Persistence
from ivrd.ha.leadership import Leadership
from ivrd.ha.reconciliation import Reconciliation
from ivrd.links.regret import LinkRegret
from ivrd.metrics.calls import CallMetrics
from ivrd.metrics.capacity import CapacityMetrics
from ivrd.metrics.observer import Observer
from ivrd.metrics.people import PeopleMetrics
from ivrd.metrics.persistence import PersistenceMetrics
from ivrd.metrics.prompts import PromptMetrics
from ivrd.metrics.refusals import RefusalMonitor
from ivrd.metrics.screening import ScreeningMetrics
from ivrd.partners.repository import PartnerRepository
from ivrd.store import WriteBehind
from ivrd.store.factory import open_store


class Wiring:
    """Built from settings.  `stepped_down(why)` is called when another ivrd becomes the leader."""

    def __init__(self, settings: Settings, stepped_down: Callable[[str], None]) -> None:
        self.settings = settings
        self.ledger = Ledger()
        self.timeline = Timeline(time.time, time.monotonic)
        self.asterisk_clock = AsteriskClock(self.timeline)
        self.reevaluate = asyncio.Event()  # partners' seats are to be decided on at once
        store, lease = open_store(settings.store)
        guard = LeaderGuard()
        name = f"{socket.gethostname()}:{settings.web_port}"
        self.leadership = Leadership(name, lease is None, guard, stepped_down)
        self.leader_only = LeaderOnly(self.leadership)
        self.observer = self._observer()
        self.link = AmiClient(
            ami_address(settings), guard, self.observer.connection_report, wanted=EVENTS
        )
        self._build_link_parts()
        self.write_behind = WriteBehind(store, self.leadership, self.observer.store)
        self._build_agents()
        self._build_partners()
        self._build_waiting()
        self._build_stored_calls()
        self._build_people()
        self._build_callbacks()
        self._build_tracker()
        self._build_metrics()
        self._build_plans()
        self._build_failover(Election(self.leadership, lease, self.link, guard))
        self._build_requeue()
        self._build_operations()
        self._build_control()

    def _observer(self) -> Observer:
        settings = self.settings
        metrics = CallMetrics(
            [queue.name for queue in settings.queues],
            settings.service_level_seconds,
            __version__,
            pools=[pool.name for pool in settings.pools],
            clock=self.timeline.now,
            numbers=[of.number for of in settings.numbers],
        )
        recent = Recent(settings.service_level_seconds)
        return Observer(metrics, recent, self.leadership, self.timeline.now)

    def _build_link_parts(self) -> None:
        """What else is read of Asterisk, and of its log."""
        settings = self.settings
        self.refusals = RefusalMonitor(
            self.observer.metrics.registry,
            Refusals(name for name, _addresses in settings.asterisk.carriers),
            self.link,
            self.leadership,
            settings.asterisk.carriers_at,
            self.timeline.now,
        )
        # Asterisk's log is where its queue_log is: both in astlogdir.
        self.messages_log = LogFollower(settings.asterisk.queue_log.with_name(MESSAGES_LOG))
        self.trunks = TrunkParts(
            settings,
            self.link,
            self.leadership,
            self.timeline.now,
            self.observer.metrics.registry,
        )
        self.capacity = Capacity(self.link, settings.callers_at_most, settings.line_seats)

    def _build_agents(self) -> None:
        """Who the agents are, and the seats; what is stored of them leaves by the outbox too."""
        settings = self.settings
        days = settings.store.keep_days
        self.partner_repository = PartnerRepository(
            self.write_behind, days.history, days.audit, time.time, self.leadership
        )
        self.agents = AgentParts(
            settings,
            self.link,
            self.write_behind,
            self.partner_repository,
            self.leadership,
            self.timeline,
            lambda: self.asterisk_clock.reading(self.timeline.now()),
            self.observer.metrics.registry,
            self.reevaluate.set,
        )
        self.queue_members = QueueMembers(
            self.link,
            settings.pools,
            self.timeline.now,
            (self.observer, self.partner_repository, self.agents.controller, self.agents.seats),
            self.reevaluate.set,
            self.agents.controller,
        )
        self._build_outbox()
        self.requests = CallRequests()
        self.agents.connect(
            self.link,
            self.queue_members,
            self.partner_repository,
            self.ledger,
            self.outbox.outbox,
            self.requests,
        )

    def _build_outbox(self) -> None:
        """What leaves for other systems; the first who have something to say are bookings."""
        self.bookings = BookingRepository(
            self.write_behind,
            self.timeline.now,
            lambda: self.timeline.shift,
            self.settings.callback.keep_days,
            self._current_id,
        )
        self.outbox = OutboxParts(
            self.settings,
            self.write_behind,
            self.timeline,
            self.bookings,
            self.leadership,
            self.observer.metrics.registry,
            self.partner_repository,
            self.leader_only.refusal,
        )

    def _current_id(self, person: str) -> str:
        """Today's id of a person, for one from before the key of hashes was replaced."""
        return self.people.registry.people.current(person)

    def _build_partners(self) -> None:
        """Their seats, and what is stored and published of what they do."""
        self.served_calls = served_calls(self.settings, self.write_behind, self.timeline)
        self.partners = PartnerParts(
            self.settings,
            self.link,
            self.ledger,
            self.queue_members,
            self.partner_repository,
            self.observer,
            self.outbox,
            self.served_calls,
            self.write_behind,
            self.timeline,
            self.leadership,
            self._backlog,
            self.trunks.monitor.words_of_partner,
            self.leader_only.refusal,
            self.reevaluate.set,
        )

    def _backlog(self, now: float) -> Mapping[str, int]:
        """Who is to be called back now, by queue, for the partners' seats."""
        return self.callbacks.scheduler.backlog(now)

    def _build_waiting(self) -> None:
        """How long callers will wait, and how they hear of it."""
        self.waiting = WaitingParts(
            self.link,
            self.ledger,
            self.queue_members,
            self.partners.controller,
            self._beside,
            lambda: self.operations.settings,
            self.timeline,
            self.observer.metrics.registry,
        )

    def _beside(self, queue: str) -> Sequence[Place]:
        """Who waits for a queue's people, and not in Asterisk's line."""
        booked = self.callbacks.scheduler.places(queue, self.timeline.now())
        return sorted((*self.ledger.present.in_menus(queue), *booked))

    def _build_stored_calls(self) -> None:
        """What is stored of calls, and who dials again after having been served."""
        settings = self.settings
        self.call_repository = CallRepository(
            self.write_behind,
            settings.zone,
            settings.store.keep_days.calls,
            time.time,
            lambda: self.timeline.shift,
        )
        self.repeats = RepeatParts(
            settings,
            self.served_calls,
            self.timeline,
            self.call_repository,
            self.ledger,
            self.leadership,
            self.observer.metrics.registry,
        )
        self.reconciliation = Reconciliation(
            QueueLogReader(settings.asterisk.queue_log),
            self.ledger.calls,
            self.asterisk_clock.written,
            self.bookings.person_of,
            self.repeats.tracker.answered,
        )

    def _build_people(self) -> None:
        """Who the people are who call, and the links that they can be sent."""
        settings = self.settings
        regret = LinkRegret(
            settings.links, self.call_repository, self.ledger.calls, self.timeline.now
        )
        self.people = PeopleParts(
            settings,
            self.write_behind,
            self.ledger,
            self.timeline,
            self.call_repository,
            self.bookings,
            self.outbox.outbox,
            (self.repeats.tracker, regret),
            self.partner_repository,
        )
        self.links = LinkParts(
            settings,
            self.ledger,
            self.timeline,
            self.outbox,
            self.people,
            regret,
            self.observer.metrics.registry,
        )

    def _build_callbacks(self) -> None:
        """What a caller can have instead of waiting."""
        settings, metrics = self.settings, self.observer.metrics
        self.queue_seats = QueueSeats(
            lambda: self.partners.controller.snapshot, self.agents.controller.wraps_up
        )
        self.intake = IntakeParts(settings, self.ledger, self.outbox, self.people, metrics.registry)
        self.cases = CaseParts(settings, metrics.registry)
        self.callbacks = CallbackParts(
            settings,
            self.link,
            self.ledger,
            self.timeline,
            self.asterisk_clock,
            self.write_behind,
            self.bookings,
            self.people,
            self.outbox.messages,
            self.queue_seats,
            lambda queue: self.waiting.forecast.arriving(queue).mean,
            metrics.registry,
            self.partner_repository,
            self.requests,
        )

    def _build_tracker(self) -> None:
        """Calls and their menus, and who receives what happens to them."""
        settings, metrics = self.settings, self.observer.metrics
        sessions = Sessions(self.link, metrics.agi, metrics.decision)
        self.agents.phone_calls(
            sessions, lambda: self.tracker.ivr.settings.conversation, self.observer
        )
        listening = ListenerParts(
            self.ledger,
            self.leadership,
            self.timeline,
            self.observer,
            self.refusals,
            self.call_repository,
            self.reconciliation,
            self.agents,
            self.partners,
            self.callbacks,
            self.people,
            self.links,
            self.intake,
            self.repeats,
            self.waiting,
            self.trunks,
        )
        self.screening = Screening(settings.challenge, self.ledger, self.timeline.now)
        self.tracker = CallTracker(
            AsteriskControl(self.link, self.queue_members, sessions, self.asterisk_clock),
            self.ledger,
            ivr_settings(settings),
            listening.listeners,
            self.reconciliation,
            self.people.registry,
            self.callbacks.booker,
            self.links.sender,
            self.intake.tickets,
            self.cases.look_ups,
            self.people.numbers.identify,
            self.timeline.now,
            self.waiting.announcer,
            self.screening,
            settings.priority,
            self.queue_seats.staffed,
        )

    def _build_metrics(self) -> None:
        """What is published of all that."""
        metrics = self.observer.metrics
        ScreeningMetrics(metrics.registry, self.screening, self.tracker.ivr.challenged_now)
        PersistenceMetrics(
            metrics.registry,
            self.leadership,
            self.write_behind,
            self.reconciliation,
            self.tracker.ivr,
        )
        PeopleMetrics(metrics.registry, self.people.statistics, self.timeline.now)
        CapacityMetrics(metrics.registry, self.capacity, self.tracker)
        PromptMetrics(metrics.registry, lambda: self.operations.settings)

    def _build_plans(self) -> None:
        """What is decided in a crisis."""
        settings = self.settings
        self.plans = PlanParts(
            settings,
            self.write_behind,
            self.timeline,
            self.queue_members,
            self.partners.controller,
            self.call_repository,
            self.observer.recent,
            self._plan_changed,
            lambda: self.operations.settings,
            self.partner_repository,
            self.leadership,
            self.observer.metrics.registry,
        )

    def _build_failover(self, election: Election) -> None:
        """What outlives a process, and what follows when the connection to Asterisk comes up."""
        persistence = Persistence(
            self.write_behind,
            self.call_repository,
            self.partners.operations,
            (
                self.people.registry,
                self.people.statistics,
                self.links.regret,
                self.repeats.tracker,
                self.agents.invitations,
                self.agents.repository,
                self.agents.reminders,
                self.outbox.outbox,
                self.partners.call_outs,
                self.plans.controller,
            ),
            self.callbacks.bookings,
        )
        self.failover = Failover(
            election,
            self.link,
            self.tracker,
            self.reconciliation,
            persistence,
            self.capacity,
            self.timeline,
        )
        self.connection = AsteriskConnection(
            self.tracker,
            self.failover,
            self.observer,
            self.capacity,
            self.partners.second_calls,
            self.reevaluate.set,
            self.agents.phones.detach_all,
            self.trunks.monitor.connected,
        )

    def _build_requeue(self) -> None:
        """What moves callers in Asterisk's queues."""
        self.requeue = Requeue(
            self.link,
            self.ledger,
            self.tracker.ivr,
            self._destinations,
            self.tracker.placement.variables,
            time.monotonic,
        )
        self.rejoin = Rejoin(
            self.link,
            self.ledger,
            self.tracker.ivr,
            self.asterisk_clock,
            self.tracker.placement.variables,
        )

    def _build_operations(self) -> None:
        """What an operator sees and changes, and what a reload does."""
        self.operations = Operations(
            self.settings,
            self.link,
            self.tracker,
            self.queue_members,
            self.observer,
            self.partners.controller,
            self.screening,
            self.leadership,
            self.refusals,
            self.partner_repository,
            self._configure,
            self.write_behind,
            self.requeue,
            self.plans.controller,
            self.timeline.now,
            self.capacity,
            self.agents.operations.not_answering,
            self.trunks.operations.faulty,
            self.agents.operations.absent,
        )

    def _build_control(self) -> None:
        """What can be asked over HTTP and the control socket."""
        self.control = ControlParts(
            self.operations,
            self.tracker,
            self.queue_members,
            self.agents,
            self.partners,
            self.callbacks,
            self.people,
            self.outbox,
            self.plans,
            self.trunks,
            self.waiting,
            self._beside,
            self.call_repository,
            self.served_calls,
            self.write_behind,
            self.observer.recent,
            self.timeline,
            self.leader_only,
        )

    def _plan_changed(self) -> None:
        self.operations.plan_changed()

    def _destinations(self) -> Destinations:
        """Where callers wait by the configuration that is in use."""
        settings = self.operations.settings
        return Destinations(settings.tree.routing, settings.languages)

    def scrape(self) -> bytes:
        """The metrics of this moment."""
        return self.observer.scrape(self.ledger, self.queue_members)

    def _configure(self, settings: Settings) -> None:
        """What a reload changes besides operations.  The socket stays where it is."""
        days = settings.store.keep_days
        self.capacity.callers = settings.callers_at_most
        self.capacity.on_line = settings.line_seats
        self.refusals.refusals.configure(name for name, _of in settings.asterisk.carriers)
        self.refusals.where = settings.asterisk.carriers_at
        log.reconfigure(settings.log_format, settings.log_level, zone=settings.zone)
        server.set_mode(self.settings.control_socket, settings.control_mode)
        self.call_repository.configure(settings.zone, days.calls)
        self.partner_repository.configure(days.history, days.audit)
        self.partners.configure(settings)
        self.people.configure(settings)
        self.callbacks.configure(settings)
        self.agents.configure(settings)
        self.outbox.configure(settings)
        self.plans.configure(settings)
        self.trunks.configure(settings)
        self.links.configure(settings)
        self.intake.configure(settings)
        self.cases.configure(settings)
        self.repeats.configure(settings)
        self.tracker.placement.rules = settings.priority
        self.waiting.configure(settings)
