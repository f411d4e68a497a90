"""All parts of one ivrd, built and connected: the only place that does.

Each part gets what it needs as an argument of its constructor, so what is built first knows nothing
of what comes later: state (leadership, ledger, metrics), then what is stored, then partners, then
calls, then failover, then what an operator can ask.
"""

import asyncio
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from ivrd import __version__, log
from ivrd.api import server
from ivrd.api.agent_report import AgentReport
from ivrd.api.call_explanation import CallExplanation
from ivrd.api.call_out_operations import CallOutOperations
from ivrd.api.day_report import DayReport
from ivrd.api.operations import Operations, ivr_settings, partner_setup
from ivrd.api.partner_operations import PartnerOperations
from ivrd.api.supervision_operations import SupervisionOperations
from ivrd.asterisk.ami_client import AmiAddress, AmiClient
from ivrd.asterisk.async_agi import Sessions
from ivrd.asterisk.call_request import CallRequests
from ivrd.asterisk.capacity import Capacity
from ivrd.asterisk.leader_guard import LeaderGuard
from ivrd.asterisk.log_follower import LogFollower
from ivrd.asterisk.queue_log import QueueLogReader
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.asterisk.render.system import MESSAGES_LOG
from ivrd.asterisk.second_calls import SecondCalls
from ivrd.asterisk.translate import EVENTS
from ivrd.callbacks.repository import BookingRepository
from ivrd.calls.listeners import CallListeners
from ivrd.calls.rejoin import Rejoin
from ivrd.calls.requeue import Destinations, Requeue
from ivrd.calls.screening import Screening
from ivrd.calls.tracker import AsteriskControl, CallTracker
from ivrd.config.problem import ConfigError
from ivrd.config.secret import AMI_SECRET, read_secret
from ivrd.config.settings import Settings
from ivrd.core.clock import AsteriskClock, Timeline
from ivrd.core.ledger import Ledger
from ivrd.core.priority import Place
from ivrd.core.recent import Recent
from ivrd.core.refusals import Refusals
from ivrd.daemon.agent_wiring import AgentParts
from ivrd.daemon.callback_wiring import CallbackParts
from ivrd.daemon.case_wiring import CaseParts, RepeatParts, served_calls
from ivrd.daemon.connection import AsteriskConnection
from ivrd.daemon.intake_wiring import IntakeParts
from ivrd.daemon.link_wiring import LinkParts
from ivrd.daemon.outbox_wiring import OutboxParts
from ivrd.daemon.people_wiring import PeopleParts
from ivrd.daemon.plan_wiring import PlanParts
from ivrd.daemon.queue_seats import QueueSeats
from ivrd.daemon.trunk_wiring import TrunkParts
from ivrd.ha.call_repository import CallRepository
from ivrd.ha.election import Election
from ivrd.ha.failover import Failover, Persistence
from ivrd.ha.leadership import Leadership
from ivrd.ha.reconciliation import Reconciliation
from ivrd.metrics.agents import AgentCollector
from ivrd.metrics.calls import CallMetrics
from ivrd.metrics.capacity import CapacityMetrics
from ivrd.metrics.handoff import HandoffMetrics
from ivrd.metrics.observer import Observer
from ivrd.metrics.partners import PartnerMetrics
from ivrd.metrics.people import PeopleMetrics
from ivrd.metrics.persistence import PersistenceMetrics
from ivrd.metrics.prompts import PromptMetrics
from ivrd.metrics.refusals import RefusalMonitor
from ivrd.metrics.screening import ScreeningMetrics
from ivrd.metrics.story import CallStory
from ivrd.metrics.urgency import UrgencyMetrics
from ivrd.metrics.waiting import ExpectedWaitCollector, WaitMetrics
from ivrd.partners.call_outs import CallOuts
from ivrd.partners.controller import PartnerController
from ivrd.partners.drill_calls import DrillCalls
from ivrd.partners.pledges import Pledges
from ivrd.partners.recorder import PartnerRecorder
from ivrd.partners.repository import PartnerRepository
from ivrd.store import WriteBehind
from ivrd.store.factory import open_store
from ivrd.waiting.announcer import AnnouncerSettings, WaitAnnouncer
from ivrd.waiting.forecast import WaitForecast


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
        self.observer = self._observer()
        self.link = AmiClient(
            _address(settings), guard, self.observer.connection_report, wanted=EVENTS
        )
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
        self.write_behind = WriteBehind(store, self.leadership, self.observer.store)
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
        self.agent_operations = self.agents.connect(
            self.link,
            self.queue_members,
            self.partner_repository,
            self.ledger,
            self.outbox.outbox,
            self.requests,
        )
        self.agent_collector = AgentCollector(
            self.observer.metrics.registry, self.agent_operations.counts, self.timeline.now
        )
        self.agent_report = AgentReport(
            self.agents.controller,
            self.agents.history,
            self.ledger,
            settings.zone,
            self.write_behind.flush,
            time.time,
            lambda: self.timeline.shift,
        )
        self.supervision_operations = SupervisionOperations(
            settings.supervision,
            self.agents.supervision,
            self.agents.controller,
            self.ledger,
            self.queue_members.pool_of,
            self.agents.pins,
        )
        self._build_partners()
        self._build_waiting()
        self._build_calls()
        self.plans = PlanParts(
            settings,
            self.write_behind,
            self.timeline,
            self.queue_members,
            self.partners,
            self.call_repository,
            self.observer.recent,
            self._plan_changed,
            lambda: self.operations.settings,
            self.partner_repository,
            self.leadership,
            self.observer.metrics.registry,
        )
        election = Election(self.leadership, lease, self.link, guard)
        persistence = Persistence(
            self.write_behind,
            self.call_repository,
            self.partner_operations,
            (
                self.people.registry,
                self.people.statistics,
                self.links.regret,
                self.repeats.tracker,
                self.agents.invitations,
                self.agents.repository,
                self.agents.reminders,
                self.outbox.outbox,
                self.call_outs,
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
            self.second_calls,
            self.reevaluate.set,
            self.agents.phones.detach_all,
            self.trunks.monitor.connected,
        )
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
        self.operations = Operations(
            settings,
            self.link,
            self.tracker,
            self.queue_members,
            self.observer,
            self.partners,
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
            self.agent_operations.not_answering,
            self.trunks.operations.faulty,
            self.agent_operations.absent,
        )

    def _plan_changed(self) -> None:
        self.operations.plan_changed()

    def _destinations(self) -> Destinations:
        """Where callers wait by the configuration that is in use."""
        settings = self.operations.settings
        return Destinations(settings.tree.routing, settings.languages)

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

    def _build_outbox(self) -> None:
        """What leaves for other systems; the first who have something to say are bookings."""
        self.bookings = BookingRepository(
            self.write_behind,
            self.timeline.now,
            lambda: self.timeline.shift,
            self.settings.callback.keep_days,
        )
        self.outbox = OutboxParts(
            self.settings,
            self.write_behind,
            self.timeline,
            self.bookings,
            self.leadership,
            self.observer.metrics.registry,
            self.partner_repository,
            self._standby,
        )

    def _build_partners(self) -> None:
        """What their call centres do, and what is stored and published of that."""
        self.served_calls = served_calls(self.settings, self.write_behind, self.timeline)
        self.pledges = Pledges(self.write_behind, self.settings.zone, time.time)
        self.partners = PartnerController(
            partner_setup(self.settings),
            self.ledger,
            self.queue_members,
            self.partner_repository,
            self.observer,
            self.reevaluate.set,
            self._backlog,
            self.pledges.people,
            self.trunks.monitor.words_of_partner,
        )
        self.second_calls = SecondCalls(self.link)
        self.drill_calls = DrillCalls()
        self.call_outs = CallOuts(
            self.settings.call_outs,
            self.settings.number,
            self.settings.zone,
            self.write_behind,
            self.pledges,
            self.outbox.outbox,
            self.partner_repository,
            time.time,
            time.monotonic,
        )
        self.call_out_operations = CallOutOperations(
            self.call_outs,
            self.pledges,
            self.outbox.backlog,
            self.partner_repository,
            lambda: [partner.id for partner in self.partners.setup.partners],
            self._standby,
            time.time,
        )
        self.partner_operations = PartnerOperations(
            self.partners,
            self.partner_repository,
            self.call_out_operations,
            self.served_calls,
            self.settings.zone,
            self.drill_calls.wait,
            self.timeline.now,
        )
        self.partner_recorder = PartnerRecorder(
            self.ledger,
            PartnerMetrics(self.observer.metrics.registry, self.partner_operations.gauges),
            self.partner_repository,
            self.leadership,
        )

    async def call_partners_out(self) -> None:
        """Tell partners whether their people are needed, by the decision of this moment."""
        if self.partners.snapshot and self.partners.decision:
            await self.call_outs.look(self.partners.snapshot, self.partners.decision)

    async def tell_second_calls(self) -> None:
        """Tell the dialplan when partners are called a second time for the same caller."""
        await self.second_calls.tell(self.partners.second_calls(self.timeline.now()))

    def _backlog(self, now: float) -> Mapping[str, int]:
        """Who is to be called back now, by queue, for the partners' seats."""
        return self.callbacks.scheduler.backlog(now)

    def _build_waiting(self) -> None:
        """How long callers will wait, and how they hear of it."""
        registry = self.observer.metrics.registry
        self.wait_metrics = WaitMetrics(registry, self._queues())
        self.wait_forecast = WaitForecast(
            self.ledger,
            self.queue_members,
            self.partners,
            self._beside,
            self.wait_metrics,
            self.timeline.now,
        )
        self.wait_announcer = WaitAnnouncer(
            self.link,
            self.ledger,
            self.wait_forecast,
            self._announcer_settings,
            self.wait_metrics,
            self.timeline.now,
        )
        ExpectedWaitCollector(registry, self.wait_forecast, self._queues)

    def _beside(self, queue: str) -> Sequence[Place]:
        """Who waits for a queue's people, and not in Asterisk's line."""
        booked = self.callbacks.scheduler.places(queue, self.timeline.now())
        return sorted((*self.ledger.present.in_menus(queue), *booked))

    def _queues(self) -> list[str]:
        """The queues in use."""
        return [*self.partners.setup.topics]

    def _announcer_settings(self) -> AnnouncerSettings:
        waiting = self.operations.settings.waiting
        return AnnouncerSettings(waiting.say_expected, waiting.trusted_ratio)

    def look_at_queues(self) -> None:
        """Learn how long callers wait, and who is at work now."""
        self.wait_forecast.look(self._queues(), self.partners.setup.policy)

    def _build_calls(self) -> None:
        """Calls and their menus, and what is stored and published of them."""
        settings, metrics = self.settings, self.observer.metrics
        self.call_repository = CallRepository(
            self.write_behind,
            settings.zone,
            settings.store.keep_days.calls,
            time.time,
            lambda: self.timeline.shift,
        )
        bookings = self.bookings
        self.repeats = RepeatParts(
            settings,
            self.served_calls,
            self.timeline,
            self.call_repository,
            self.ledger,
            self.leadership,
            metrics.registry,
        )
        self.reconciliation = Reconciliation(
            QueueLogReader(settings.asterisk.queue_log),
            self.ledger.calls,
            self.asterisk_clock.written,
            bookings.person_of,
            self.repeats.tracker.answered,
        )
        self.people = PeopleParts(
            settings,
            self.write_behind,
            self.ledger,
            self.timeline,
            self.call_repository,
            bookings,
            self.outbox.outbox,
            self.repeats.tracker,
            self.partner_repository,
        )
        self.links = LinkParts(
            settings,
            self.ledger,
            self.timeline,
            self.outbox,
            self.people,
            self.call_repository,
            metrics.registry,
        )
        queue_seats = QueueSeats(lambda: self.partners.snapshot, self.agents.controller.wraps_up)
        self.intake = IntakeParts(settings, self.ledger, self.outbox, self.people, metrics.registry)
        self.cases = CaseParts(settings, metrics.registry)
        self.callbacks = CallbackParts(
            settings,
            self.link,
            self.ledger,
            self.timeline,
            self.asterisk_clock,
            self.write_behind,
            bookings,
            self.people,
            self.outbox.messages,
            queue_seats,
            lambda queue: self.wait_forecast.arriving(queue).mean,
            metrics.registry,
            self.partner_repository,
            self.requests,
        )
        sessions = Sessions(self.link, metrics.agi, metrics.decision)
        self.agents.phone_calls(
            sessions, lambda: self.tracker.ivr.settings.conversation, self.observer
        )
        self.screening = Screening(settings.challenge, self.ledger, self.timeline.now)
        self.tracker = CallTracker(
            AsteriskControl(self.link, self.queue_members, sessions, self.asterisk_clock),
            self.ledger,
            ivr_settings(settings),
            self._listeners(),
            self.reconciliation,
            self.people.registry,
            self.callbacks.booker,
            self.links.sender,
            self.intake.tickets,
            self.cases.look_ups,
            self.people.numbers.identify,
            self.timeline.now,
            self.wait_announcer,
            self.screening,
            settings.priority,
            queue_seats.staffed,
        )
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

    def _listeners(self) -> CallListeners:
        """Who receives what happens to calls, in this order."""
        story = CallStory(self.ledger, self.leadership)
        handoffs = HandoffMetrics(
            self.observer.metrics.registry, self.leadership, self.timeline.now
        )
        urgent = UrgencyMetrics(
            self.observer.metrics.registry, self.ledger, self.leadership, self.timeline.now
        )
        return CallListeners(
            monitor=self.observer,
            story=story,
            refusals=self.refusals,
            notices=(
                self.observer,
                story,
                self.partners,
                self.call_repository,
                self.reconciliation,
                self.partner_recorder,
                self.people.registry,
                self.people.numbers,
                self.people.statistics,
                self.links.regret,
                self.intake.progress,
                self.repeats.tracker,
                self.callbacks.dialler,
                self.agents.controller,
                self.agents.seats,
                self.wait_forecast,
                self.wait_announcer,
                handoffs,
                urgent,
            ),
            positions=(
                self.call_repository,
                self.people.registry,
                self.people.statistics,
                self.links.regret,
                self.repeats.tracker,
            ),
            partner_legs=(
                story,
                self.partners,
                self.partner_recorder,
                self.drill_calls,
                self.trunks.monitor,
                self.trunks.leg_security,
            ),
            attempts=(self.callbacks.dialler, self.agents.reminders, self.trunks.monitor),
            seats=(handoffs,),
            agent_calls=self.agents.phones,
            supervision=self.agents.supervision,
            line=self.agents.line,
            trunks=self.trunks.monitor,
        )

    # --- what can be asked over HTTP and the control socket --------------------------------

    def queries(self) -> Mapping[str, server.Control]:
        """What GET answers."""
        day = DayReport(
            self.ledger,
            self.call_repository,
            self.write_behind.flush,
            self.observer.recent,
            self.people.registry.people,
            self.served_calls,
            time.time,
        )
        answers = {
            **self.operations.queries(),
            **self.partner_operations.queries(),
            **self.trunks.operations.queries(),
        }
        stored = {
            **self.callbacks.operations.queries(),
            **self.agent_operations.queries(),
            **self.outbox.operations.queries(),
            **self.agent_report.queries(),
            **self.plans.operations.queries(),
            **self.agents.invitation_operations.queries(),
        }
        stored = {name: self._leader_only(query) for name, query in stored.items()}
        explanation = CallExplanation(
            self.ledger,
            self.queue_members,
            self.tracker.rung,
            self._beside,
            self.bookings,
            self.partners,
            self.wait_forecast,
            self.call_repository,
            self.write_behind.flush,
            self.timeline.now,
            time.time,
        )
        more = {"day": day.answer, "explain-call": explanation.answer}
        return {**answers, **stored, **{name: self._leader_only(of) for name, of in more.items()}}

    def commands(self, hand_over: server.Control) -> Mapping[str, server.Control]:
        """What POST does."""
        commands = {
            **self.operations.commands(),
            **self.partner_operations.commands(),
            **self.call_out_operations.commands(),
            **self.callbacks.operations.commands(),
            **self.people.operations.commands(),
            **self.agent_operations.commands(),
            **self.outbox.operations.commands(),
            **self.plans.operations.commands(),
            **self.supervision_operations.commands(),
            **self.agents.invitation_operations.commands(),
            "handover": hand_over,
        }
        either = {"reload"}  # each of two has its own configuration
        return {
            name: command if name in either else self._leader_only(command)
            for name, command in commands.items()
        }

    def _leader_only(self, control: server.Control) -> server.Control:
        """What only the leader can answer or do; a standby says so."""

        async def answer(query: Mapping[str, str]) -> server.Answer:
            if refusal := self._standby():
                raise server.NotNow(refusal)
            return await control(query)

        return answer

    def _standby(self) -> str:
        """Why this ivrd cannot do what only the leader can; empty when it is the leader."""
        if self.leadership.is_leader:
            return ""
        who = self.leadership.leader
        ask = f"ask {who}, the leader" if who else "no leader is known"
        return f"this ivrd is the standby; {ask}"

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
        self.partner_operations.configure(settings.zone)
        self.pledges.configure(settings.zone)
        self.call_outs.configure(settings.call_outs, settings.number, settings.zone)
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
        self.agent_report.configure(settings.zone)
        self.supervision_operations.settings = settings.supervision
        self.tracker.placement.rules = settings.priority
        self.wait_metrics.queues([queue.name for queue in settings.queues])


def _address(settings: Settings) -> AmiAddress:
    ami = settings.asterisk
    known = read_secret(ami.ami_secret_file, AMI_SECRET)

    def secret() -> str:
        """As its file has it now; while that cannot be read, as it was."""
        nonlocal known
        with suppress(ConfigError):
            known = read_secret(ami.ami_secret_file, AMI_SECRET)
        return known

    return AmiAddress(ami.ami_host, ami.ami_port, ami.ami_user, secret)
