"""What outlives a process, built and connected; see wiring.py, which has all other parts."""

from ivrd.asterisk.capacity import Capacity
from ivrd.calls.tracker import CallTracker
from ivrd.daemon.agent_wiring import AgentParts
from ivrd.daemon.callback_wiring import CallbackParts
from ivrd.daemon.case_wiring import RepeatParts
from ivrd.daemon.connection import AsteriskConnection
from ivrd.daemon.link_wiring import LinkParts
from ivrd.daemon.outbox_wiring import OutboxParts
from ivrd.daemon.partner_wiring import PartnerParts
from ivrd.daemon.people_wiring import PeopleParts
from ivrd.daemon.plan_wiring import PlanParts
from ivrd.daemon.repository_wiring import RepositoryParts
from ivrd.daemon.shared_wiring import SharedParts
from ivrd.daemon.trunk_wiring import TrunkParts
from ivrd.ha.failover import Failover, Persistence
from ivrd.ha.reconciliation import Reconciliation


class FailoverParts:
    """Who restores and stores what, and what follows when the connection to Asterisk comes up."""

    def __init__(
        self,
        shared: SharedParts,
        repositories: RepositoryParts,
        tracker: CallTracker,
        reconciliation: Reconciliation,
        capacity: Capacity,
        agents: AgentParts,
        partners: PartnerParts,
        callbacks: CallbackParts,
        people: PeopleParts,
        links: LinkParts,
        repeats: RepeatParts,
        outbox: OutboxParts,
        plans: PlanParts,
        trunks: TrunkParts,
    ) -> None:
        persistence = Persistence(
            shared.write_behind,
            repositories.calls,
            partners.operations,
            (
                people.registry,
                people.statistics,
                links.regret,
                repeats.tracker,
                agents.invitations,
                agents.repository,
                agents.reminders,
                outbox.outbox,
                partners.call_outs,
                plans.controller,
            ),
            repositories.bookings,
        )
        self.failover = Failover(
            shared.election,
            shared.link,
            tracker,
            reconciliation,
            persistence,
            capacity,
            shared.timeline,
        )
        self.connection = AsteriskConnection(
            tracker,
            self.failover,
            shared.observer,
            capacity,
            partners.second_calls,
            shared.reevaluate.set,
            agents.phones.detach_all,
            trunks.connected,
        )
