"""The parts about agents, built and connected; see wiring.py, which has all others."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from prometheus_client import CollectorRegistry

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
from ivrd.agents.supervision import DurableAuditLog, Supervision
from ivrd.api.agent_operations import AgentOperations
from ivrd.api.agent_report import AgentReport
from ivrd.api.invitation_operations import InvitationOperations
from ivrd.api.supervision_operations import SupervisionOperations
from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.async_agi import Sessions
from ivrd.asterisk.call_request import CallRequests
from ivrd.asterisk.conversation_settings import ConversationSettings
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.callbacks.telephone import destination, dialable
from ivrd.config.routes import AGENTS
from ivrd.config.settings import Settings
from ivrd.core.agent_call import Request
from ivrd.core.clock import Timeline
from ivrd.core.ledger import Ledger
from ivrd.ha.leadership import LeaderStatus
from ivrd.metrics.agents import AgentCollector, ReminderMetrics, WrapUpMetrics
from ivrd.outbox.outbox import Outbox
from ivrd.people.vault import Vault, number_key
from ivrd.store import WriteBehind
from ivrd.store.audit_log import AuditLog


class AgentParts:
    """Who the agents are, what they have said, what they did, and who may listen.

    `reading()`: what Asterisk's clock shows.
    """

    def __init__(
        self,
        settings: Settings,
        link: AmiClient,
        write_behind: WriteBehind,
        audit_log: DurableAuditLog,
        leadership: LeaderStatus,
        timeline: Timeline,
        reading: Callable[[], float],
        registry: CollectorRegistry,
        hurry: Callable[[], None],
    ) -> None:
        def shift() -> float:
            return timeline.shift

        self.settings = settings
        self.repository = AgentRepository(write_behind, shift)
        self._write_behind = write_behind
        self._timeline = timeline
        vault = Vault(number_key(settings.number_key_file).keys())
        self.invitations = Invitations(write_behind, vault, self._changed)
        days = settings.store.keep_days.history
        self.history = AgentHistory(write_behind, settings.zone, days, time.time, shift)
        self.reminder_metrics = ReminderMetrics(registry)
        self._duties = DutyRecorder(self.history, WrapUpMetrics(registry), _pools(settings))
        self.controller = AgentController(
            settings.agents,
            settings.wrap_up_seconds,
            self.repository,
            self._duties,
            timeline.now,
            hurry,
        )
        self.seats = SeatRecorder(self.history, self.controller)
        self.supervision = Supervision(link, audit_log, leadership, reading)
        self._now = timeline.now
        self._registry = registry
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

    def connect(
        self,
        link: AmiClient,
        queue_members: QueueMembers,
        audit_log: AuditLog,
        ledger: Ledger,
        outbox: Outbox,
        requests: CallRequests,
    ) -> None:
        """What is asked of agents, and by them: it takes their seats."""

        def waits(queues: Sequence[str]) -> tuple[int, str]:
            waiting = sum(len(ledger.present.line(queue)) for queue in queues)
            topics = (t for q in self.settings.queues if q.name in queues for t in q.topics)
            topic = next(topics, "")
            return waiting, f"topic-{topic}" if topic else ""

        of = self.controller
        self.pins = PinCheck(self.repository, audit_log, self._now)
        self.actions = AgentActions(of, queue_members, audit_log, self._now)
        self.line = LineSeats(
            link,
            of,
            audit_log,
            self._now,
            queue_members,
            waits,
            lambda: self.settings.languages,
            lambda: self.settings.line_key_seconds > 0,
        )
        self.reminders = Reminders(
            self.settings.reminders,
            self.settings.zone,
            of,
            self.line,
            queue_members,
            link,
            requests,
            self._address,
            self._write_behind,
            self.reminder_metrics,
            time.time,
            lambda: self._timeline.shift,
        )
        self.cards = Cards(self.settings.outbox, self.settings.number, outbox, time.time)
        self.invitation_operations = InvitationOperations(
            self.invitations,
            of,
            queue_members,
            self.line,
            audit_log,
            self.cards,
            lambda: self.settings,
        )
        self.operations = AgentOperations(
            of,
            queue_members,
            self.actions,
            self.pins,
            lambda: self.settings.agent_codes[Request.RESUME],
            self.line,
            audit_log,
            self._now,
            self.reminders,
        )
        self.collector = AgentCollector(self._registry, self.operations.counts, self._now)
        self.report = AgentReport(
            of,
            self.history,
            ledger,
            self.settings.zone,
            self._write_behind.flush,
            time.time,
            lambda: self._timeline.shift,
        )
        self.supervision_operations = SupervisionOperations(
            self.settings.supervision,
            self.supervision,
            of,
            ledger,
            queue_members.pool_of,
            self.pins,
        )

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
