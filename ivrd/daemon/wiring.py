"""All parts of one ivrd, built and connected: here and in the modules *_wiring.py, nowhere else.

Each part gets what it needs as an argument of its constructor, so what is built first knows nothing
of what comes later: what all parts share, then what is stored, then agents and partners, then what
callers are offered, then calls, then failover, then what an operator can ask.
"""

from collections.abc import Callable, Mapping, Sequence

from ivrd import log
from ivrd.api import server
from ivrd.api.operations import Operations
from ivrd.asterisk.async_agi import Sessions
from ivrd.asterisk.call_request import CallRequests
from ivrd.asterisk.queue_log import QueueLogReader
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.config.settings import Settings
from ivrd.core.priority import Place
from ivrd.daemon import metrics_wiring
from ivrd.daemon.agent_wiring import AgentParts
from ivrd.daemon.asterisk_wiring import AsteriskParts
from ivrd.daemon.call_wiring import CallParts
from ivrd.daemon.callback_wiring import CallbackParts
from ivrd.daemon.case_wiring import CaseParts, RepeatParts
from ivrd.daemon.control_wiring import ControlParts
from ivrd.daemon.failover_wiring import FailoverParts
from ivrd.daemon.intake_wiring import IntakeParts
from ivrd.daemon.link_wiring import LinkParts
from ivrd.daemon.listener_wiring import ListenerParts
from ivrd.daemon.outbox_wiring import OutboxParts
from ivrd.daemon.partner_wiring import PartnerParts
from ivrd.daemon.people_wiring import PeopleParts
from ivrd.daemon.plan_wiring import PlanParts
from ivrd.daemon.queue_seats import QueueSeats
from ivrd.daemon.repository_wiring import RepositoryParts
from ivrd.daemon.shared_wiring import SharedParts
from ivrd.daemon.trunk_wiring import TrunkParts
from ivrd.daemon.waiting_wiring import WaitingParts
from ivrd.ha.reconciliation import Reconciliation
from ivrd.links.regret import LinkRegret


class Wiring:
    """Built from settings.  `stepped_down(why)` is called when another ivrd becomes the leader."""

    def __init__(self, settings: Settings, stepped_down: Callable[[str], None]) -> None:
        self.settings = settings
        self.shared = shared = SharedParts(settings, stepped_down)
        self.ledger, self.timeline = shared.ledger, shared.timeline
        self.link, self.asterisk_clock = shared.link, shared.asterisk_clock
        self.leadership, self.write_behind = shared.leadership, shared.write_behind
        self.observer, self.reevaluate = shared.observer, shared.reevaluate
        self.asterisk = AsteriskParts(settings, shared)
        self.requests = CallRequests()
        self.trunks = TrunkParts(settings, shared, self.requests)
        self.repositories = RepositoryParts(settings, shared, self._current_id)
        self._build_agents()
        self._build_partners()
        self._build_people()
        self._build_callbacks()
        self._build_listeners()
        self._build_calls()
        self._build_plans()
        self._build_failover()
        self._build_operations()
        self._build_control()

    def _build_agents(self) -> None:
        """Who the agents are, and the seats; what is stored of them leaves by the outbox too."""
        settings, shared, repositories = self.settings, self.shared, self.repositories
        self.agents = AgentParts(settings, shared, repositories)
        self.queue_members = QueueMembers(
            shared.link,
            settings.pools,
            shared.now,
            (shared.observer, repositories.partners, self.agents.controller, self.agents.seats),
            shared.reevaluate.set,
            self.agents.controller,
        )
        self.outbox = OutboxParts(settings, shared, repositories)
        self.agents.connect(self.queue_members, self.outbox.outbox, self.requests)

    def _current_id(self, person: str) -> str:
        """Today's id of a person, for one from before the key of hashes was replaced."""
        return self.people.registry.people.current(person)

    def _build_partners(self) -> None:
        """Partners' seats, and how long callers will wait for people."""
        self.partners = PartnerParts(
            self.settings,
            self.shared,
            self.repositories,
            self.queue_members,
            self.outbox,
            self._backlog,
            self.trunks.monitor.words_of_partner,
        )
        self.waiting = WaitingParts(
            self.shared,
            self.queue_members,
            self.partners.controller,
            self._beside,
            self._in_use,
        )

    def _backlog(self, now: float) -> Mapping[str, int]:
        """Who is to be called back now, by queue, for the partners' seats."""
        return self.callbacks.scheduler.backlog(now)

    def _beside(self, queue: str) -> Sequence[Place]:
        """Who waits for a queue's people, and not in Asterisk's line."""
        booked = self.callbacks.scheduler.places(queue, self.timeline.now())
        return sorted((*self.ledger.present.in_menus(queue), *booked))

    def _in_use(self) -> Settings:
        """The configuration that is in use."""
        return self.operations.settings

    def _build_people(self) -> None:
        """Who the people are who call, also again, and the links that they can be sent."""
        settings, shared, repositories = self.settings, self.shared, self.repositories
        self.repeats = RepeatParts(settings, shared, repositories)
        regret = LinkRegret(settings.links, repositories.calls, self.ledger.calls, shared.now)
        self.people = PeopleParts(
            settings,
            shared,
            repositories,
            self.outbox.outbox,
            (self.repeats.tracker, regret),
        )
        self.links = LinkParts(settings, shared, self.outbox, self.people, regret)

    def _build_callbacks(self) -> None:
        """What else a caller can have instead of waiting."""
        settings, shared = self.settings, self.shared
        self.queue_seats = QueueSeats(
            lambda: self.partners.controller.snapshot, self.agents.controller.wraps_up
        )
        self.intake = IntakeParts(settings, shared, self.outbox, self.people)
        self.cases = CaseParts(settings, shared)
        self.callbacks = CallbackParts(
            settings,
            shared,
            self.repositories,
            self.people,
            self.outbox.messages,
            self.queue_seats,
            lambda queue: self.waiting.forecast.arriving(queue).mean,
            self.requests,
        )

    def _build_listeners(self) -> None:
        """Who receives what happens to calls, also when only queue_log has it."""
        metrics = self.observer.metrics
        self.sessions = Sessions(self.link, metrics.agi, metrics.decision)
        self.agents.phone_calls(
            self.sessions, lambda: self.tracker.ivr.settings.conversation, self.observer
        )
        self.reconciliation = Reconciliation(
            QueueLogReader(self.settings.asterisk.queue_log),
            self.ledger.calls,
            self.asterisk_clock.written,
            self.repositories.bookings.person_of,
            self.repeats.tracker.answered,
        )
        self.listeners = ListenerParts(
            self.shared,
            self.repositories,
            self.asterisk,
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
        ).listeners

    def _build_calls(self) -> None:
        """Calls and their menus, and what is published of that."""
        calls = CallParts(
            self.settings,
            self.shared,
            self.queue_members,
            self.sessions,
            self.listeners,
            self.reconciliation,
            self.people,
            self.callbacks,
            self.links,
            self.intake,
            self.cases,
            self.waiting,
            self.queue_seats,
            self._in_use,
        )
        self.tracker, self.screening = calls.tracker, calls.screening
        self.requeue, self.rejoin = calls.requeue, calls.rejoin
        metrics_wiring.publish(
            self.shared,
            self.tracker,
            self.screening,
            self.reconciliation,
            self.asterisk.capacity,
            self.people,
            self._in_use,
        )

    def _build_plans(self) -> None:
        """What is decided in a crisis."""
        self.plans = PlanParts(
            self.settings,
            self.shared,
            self.repositories,
            self.queue_members,
            self.partners.controller,
            self._plan_changed,
            self._in_use,
        )

    def _plan_changed(self) -> None:
        self.operations.plan_changed()

    def _build_failover(self) -> None:
        """What outlives a process, and what follows when the connection to Asterisk comes up."""
        parts = FailoverParts(
            self.shared,
            self.repositories,
            self.tracker,
            self.reconciliation,
            self.asterisk.capacity,
            self.agents,
            self.partners,
            self.callbacks,
            self.people,
            self.links,
            self.repeats,
            self.outbox,
            self.plans,
            self.trunks,
        )
        self.failover, self.connection = parts.failover, parts.connection

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
            self.asterisk.refusals,
            self.repositories.partners,
            self._configure,
            self.write_behind,
            self.requeue,
            self.plans.controller,
            self.timeline.now,
            self.asterisk.capacity,
            self.agents.operations.not_answering,
            self.trunks.operations.faulty,
            self.agents.operations.absent,
        )

    def _build_control(self) -> None:
        """What can be asked over HTTP and the control socket."""
        self.control = ControlParts(
            self.shared,
            self.repositories,
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
        )

    def scrape(self) -> bytes:
        """The metrics of this moment."""
        return self.observer.scrape(self.ledger, self.queue_members)

    def _configure(self, settings: Settings) -> None:
        """What a reload changes besides operations.  The socket stays where it is."""
        self.asterisk.configure(settings)
        log.reconfigure(settings.log_format, settings.log_level, zone=settings.zone)
        server.set_mode(self.settings.control_socket, settings.control_mode)
        self.repositories.configure(settings)
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
        self.tracker.placement.rules = settings.priority
        self.waiting.configure(settings)
