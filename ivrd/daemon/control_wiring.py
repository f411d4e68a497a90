"""What can be asked of ivrd over HTTP and the control socket, each name with who answers."""

import time
from collections.abc import Callable, Mapping, Sequence

from ivrd.api import server
from ivrd.api.call_explanation import CallExplanation
from ivrd.api.day_report import DayReport
from ivrd.api.operations import Operations
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.calls.tracker import CallTracker
from ivrd.core.priority import Place
from ivrd.daemon.agent_wiring import AgentParts
from ivrd.daemon.callback_wiring import CallbackParts
from ivrd.daemon.outbox_wiring import OutboxParts
from ivrd.daemon.partner_wiring import PartnerParts
from ivrd.daemon.people_wiring import PeopleParts
from ivrd.daemon.plan_wiring import PlanParts
from ivrd.daemon.repository_wiring import RepositoryParts
from ivrd.daemon.shared_wiring import SharedParts
from ivrd.daemon.trunk_wiring import TrunkParts
from ivrd.daemon.waiting_wiring import WaitingParts


class ControlParts:
    """Queries and commands, of all parts.

    `beside(queue)`: who waits for a queue's people, and not in Asterisk's line.
    """

    def __init__(
        self,
        shared: SharedParts,
        repositories: RepositoryParts,
        operations: Operations,
        tracker: CallTracker,
        queue_members: QueueMembers,
        agents: AgentParts,
        partners: PartnerParts,
        callbacks: CallbackParts,
        people: PeopleParts,
        outbox: OutboxParts,
        plans: PlanParts,
        trunks: TrunkParts,
        waiting: WaitingParts,
        beside: Callable[[str], Sequence[Place]],
    ) -> None:
        self._operations = operations
        self._agents = agents
        self._partners = partners
        self._callbacks = callbacks
        self._people = people
        self._outbox = outbox
        self._plans = plans
        self._trunks = trunks
        self._leader_only = shared.leader_only.guarded
        self._day = DayReport(
            tracker.ledger,
            repositories.calls,
            shared.write_behind.flush,
            shared.observer.recent,
            people.registry.people,
            repositories.served_calls,
            time.time,
        )
        self._explanation = CallExplanation(
            tracker.ledger,
            queue_members,
            tracker.rung,
            beside,
            callbacks.bookings,
            partners.controller,
            waiting.forecast,
            repositories.calls,
            shared.write_behind.flush,
            shared.now,
            time.time,
        )

    def queries(self) -> Mapping[str, server.Control]:
        """What GET answers."""
        answers = {
            **self._operations.queries(),
            **self._partners.operations.queries(),
            **self._trunks.operations.queries(),
        }
        stored = {
            **self._callbacks.operations.queries(),
            **self._agents.operations.queries(),
            **self._outbox.operations.queries(),
            **self._agents.report.queries(),
            **self._plans.operations.queries(),
            **self._agents.invitation_operations.queries(),
        }
        stored = {name: self._leader_only(query) for name, query in stored.items()}
        more = {"day": self._day.answer, "explain-call": self._explanation.answer}
        return {**answers, **stored, **{name: self._leader_only(of) for name, of in more.items()}}

    def commands(self, hand_over: server.Control) -> Mapping[str, server.Control]:
        """What POST does."""
        commands = {
            **self._operations.commands(),
            **self._partners.operations.commands(),
            **self._partners.call_out_operations.commands(),
            **self._callbacks.operations.commands(),
            **self._people.operations.commands(),
            **self._agents.operations.commands(),
            **self._outbox.operations.commands(),
            **self._plans.operations.commands(),
            **self._agents.supervision_operations.commands(),
            **self._agents.invitation_operations.commands(),
            "handover": hand_over,
        }
        either = {"reload"}  # each of two has its own configuration
        return {
            name: command if name in either else self._leader_only(command)
            for name, command in commands.items()
        }
