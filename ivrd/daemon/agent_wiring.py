"""The parts about agents, built and connected; see wiring.py, which has all others."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from ivrd.agents.actions import AgentActions
from ivrd.agents.cards import Cards
from ivrd.agents.controller import AgentController
from ivrd.agents.conversation import CallSettings
from ivrd.agents.history import AgentHistory
from ivrd.agents.invitations import Invitations
from ivrd.agents.line import LineSeats
from ivrd.agents.phone import AgentPhoneCalls, CallMonitor
from ivrd.agents.pins import PinCheck
from ivrd.agents.recorder import DutyRecorder, SeatRecorder
from ivrd.agents.reminders import Reminders
from ivrd.agents.repository import AgentRepository
from ivrd.agents.supervision import Supervision
from ivrd.api.agent_operations import AgentOperations
from ivrd.api.agent_report import AgentReport
from ivrd.api.invitation_operations import InvitationOperations
from ivrd.api.supervision_operations import SupervisionOperations
from ivrd.asterisk.async_agi import Sessions
from ivrd.asterisk.call_request import CallRequests
from ivrd.asterisk.conversation_settings import ConversationSettings
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.callbacks.telephone import destination, dialable
from ivrd.config.routes import AGENTS
from ivrd.config.settings import Settings
from ivrd.core.agent_call import Request
from ivrd.daemon.repository_wiring import RepositoryParts
from ivrd.daemon.shared_wiring import SharedParts
from ivrd.metrics.agents import AgentCollector, ReminderMetrics, WrapUpMetrics
from ivrd.outbox.outbox import Outbox
from ivrd.people.vault import Vault, number_key


class AgentParts:
    """Who the agents are, what they have said, what they did, and who may listen."""

    def __init__(
        self, settings: Settings, shared: SharedParts, repositories: RepositoryParts
    ) -> None:
        self.settings = settings
        self._shared, self._audit_log = shared, repositories.partners
        self.repository = AgentRepository(shared.write_behind, shared.shift)
        vault = Vault(number_key(settings.number_key_file).keys())
        self.invitations = Invitations(shared.write_behind, vault, self._changed)
        days = settings.store.keep_days.history
        self.history = AgentHistory(
            shared.write_behind, settings.zone, days, time.time, shared.shift
        )
        self.reminder_metrics = ReminderMetrics(shared.registry)
        self._duties = DutyRecorder(self.history, WrapUpMetrics(shared.registry), _pools(settings))
        self.controller = AgentController(
            settings.agents,
            settings.wrap_up_seconds,
            self.repository,
            self._duties,
            shared.now,
            shared.reevaluate.set,
        )
        self.seats = SeatRecorder(self.history, self.controller)
        self.supervision = Supervision(
            shared.link,
            self._audit_log,
            shared.leadership,
            lambda: shared.asterisk_clock.reading(shared.now()),
        )
        self._changed()

    def configure(self, settings: Settings) -> None:
        """What a reload changes."""
        self.settings = settings
        self.cards.configure(settings.outbox, settings.number)
        self.reminders.settings, self.reminders.zone = settings.reminders, settings.zone
        self._duties.pools = _pools(settings)
        self.history.configure(settings.zone, settings.store.keep_days.history)
        self.report.configure(settings.zone)
        self.supervision_operations.settings = settings.supervision
        self._changed()

    def _changed(self) -> None:
        """There are other agents: of the configuration, whose ids come first, or invited ones."""
        settings, routing = self.settings, self.settings.tree.routing
        invited = [
            replace(agent, queues=frozenset(routing.spoken_in(agent.languages)))
            for agent in self.invitations.agents()
        ]
        agents = {agent.id: agent for agent in (*invited, *settings.agents)}
        self.controller.configure(
            agents.values(), settings.wrap_up_seconds, settings.agent_limits, routing.queues
        )

    def connect(self, queue_members: QueueMembers, outbox: Outbox, requests: CallRequests) -> None:
        """What is asked of agents, and by them: it takes their seats."""
        of, now = self.controller, self._shared.now
        self.pins = PinCheck(self.repository, self._audit_log, now)
        self.actions = AgentActions(of, queue_members, self._audit_log, now)
        self.line = LineSeats(
            self._shared.link,
            of,
            self._audit_log,
            now,
            queue_members,
            self._waits,
            lambda: self.settings.languages,
            lambda: self.settings.line_key_seconds > 0,
        )
        self._build_reminders(queue_members, requests)
        self._build_operations(queue_members, outbox)
        self.collector = AgentCollector(self._shared.registry, self.operations.counts, now)
        self._build_reports(queue_members)

    def _build_reminders(self, queue_members: QueueMembers, requests: CallRequests) -> None:
        """Who is rung because of a shift."""
        shared = self._shared
        self.reminders = Reminders(
            self.settings.reminders,
            self.settings.zone,
            self.controller,
            self.line,
            queue_members,
            shared.link,
            requests,
            self._address,
            shared.write_behind,
            self.reminder_metrics,
            time.time,
            shared.shift,
        )

    def _build_operations(self, queue_members: QueueMembers, outbox: Outbox) -> None:
        """What may be asked of agents, and of people who are invited to be some."""
        self.cards = Cards(self.settings.outbox, self.settings.number, outbox, time.time)
        self.invitation_operations = InvitationOperations(
            self.invitations,
            self.controller,
            queue_members,
            self.line,
            self._audit_log,
            self.cards,
            lambda: self.settings,
        )
        self.operations = AgentOperations(
            self.controller,
            queue_members,
            self.actions,
            self.pins,
            lambda: self.settings.agent_codes[Request.RESUME],
            self.line,
            self._audit_log,
            self._shared.now,
            self.reminders,
        )

    def _build_reports(self, queue_members: QueueMembers) -> None:
        """What agents did, and who may listen to what they do."""
        shared = self._shared
        self.report = AgentReport(
            self.controller,
            self.history,
            shared.ledger,
            self.settings.zone,
            shared.write_behind.flush,
            time.time,
            shared.shift,
        )
        self.supervision_operations = SupervisionOperations(
            self.settings.supervision,
            self.supervision,
            self.controller,
            shared.ledger,
            queue_members.pool_of,
            self.pins,
        )

    def _waits(self, queues: Sequence[str]) -> tuple[int, str]:
        """How many wait in these queues, and the prompt of their first topic, empty for none."""
        line = self._shared.ledger.present.line
        topics = (t for q in self.settings.queues if q.name in queues for t in q.topics)
        topic = next(topics, "")
        return sum(len(line(queue)) for queue in queues), f"topic-{topic}" if topic else ""

    def _address(self, number: str) -> str:
        """A number as the carrier's exchange gets it; empty for one that is not dialled."""
        of, home = self.settings.callback, self.settings.country
        if not of.trunk or not dialable(of, home, number):
            return ""
        return destination(of, home, number, AGENTS)

    def phone_calls(
        self, sessions: Sessions, ivr: Callable[[], ConversationSettings], monitor: CallMonitor
    ) -> AgentPhoneCalls:
        """Agents who call ivrd; `ivr()`: the settings of callers' menus in use."""

        def settings() -> CallSettings:
            of = ivr()
            return CallSettings(of.length, of.lease_seconds, of.tree.wait_seconds)

        self.phones = AgentPhoneCalls(
            sessions,
            settings,
            lambda: self.settings.agent_language,
            self.controller,
            self.actions,
            self.pins,
            self.line,
            monitor,
        )
        return self.phones


def _pools(settings: Settings) -> dict[str, str]:
    """Each seat's pool."""
    return {seat: pool.name for pool in settings.pools for seat in pool.seats}
