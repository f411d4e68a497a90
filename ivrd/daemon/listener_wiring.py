"""Who receives what happens to calls, each in its order; see wiring.py, which builds them."""

from ivrd.calls.listeners import CallListeners
from ivrd.daemon.agent_wiring import AgentParts
from ivrd.daemon.asterisk_wiring import AsteriskParts
from ivrd.daemon.callback_wiring import CallbackParts
from ivrd.daemon.case_wiring import RepeatParts
from ivrd.daemon.intake_wiring import IntakeParts
from ivrd.daemon.link_wiring import LinkParts
from ivrd.daemon.partner_wiring import PartnerParts
from ivrd.daemon.people_wiring import PeopleParts
from ivrd.daemon.repository_wiring import RepositoryParts
from ivrd.daemon.shared_wiring import SharedParts
from ivrd.daemon.trunk_wiring import TrunkParts
from ivrd.daemon.waiting_wiring import WaitingParts
from ivrd.ha.reconciliation import Reconciliation
from ivrd.metrics.handoff import HandoffMetrics
from ivrd.metrics.story import CallStory
from ivrd.metrics.urgency import UrgencyMetrics


class ListenerParts:
    """The listeners to calls, and those that only listen: the story in the log, some metrics."""

    def __init__(
        self,
        shared: SharedParts,
        repositories: RepositoryParts,
        asterisk: AsteriskParts,
        reconciliation: Reconciliation,
        agents: AgentParts,
        partners: PartnerParts,
        callbacks: CallbackParts,
        people: PeopleParts,
        links: LinkParts,
        intake: IntakeParts,
        repeats: RepeatParts,
        waiting: WaitingParts,
        trunks: TrunkParts,
    ) -> None:
        registry, leadership = shared.registry, shared.leadership
        story = CallStory(shared.ledger, leadership)
        handoffs = HandoffMetrics(registry, leadership, shared.now)
        urgent = UrgencyMetrics(registry, shared.ledger, leadership, shared.now)
        self.listeners = CallListeners(
            monitor=shared.observer,
            story=story,
            refusals=asterisk.refusals,
            notices=(
                shared.observer,
                story,
                partners.controller,
                repositories.calls,
                reconciliation,
                partners.recorder,
                people.registry,
                people.numbers,
                people.statistics,
                links.regret,
                intake.progress,
                repeats.tracker,
                callbacks.dialler,
                agents.controller,
                agents.seats,
                waiting.forecast,
                waiting.announcer,
                handoffs,
                urgent,
            ),
            positions=(
                repositories.calls,
                people.registry,
                people.statistics,
                links.regret,
                repeats.tracker,
            ),
            partner_legs=(
                story,
                partners.controller,
                partners.recorder,
                partners.drill_calls,
                trunks.monitor,
                trunks.leg_security,
            ),
            attempts=(callbacks.dialler, agents.reminders, trunks.monitor),
            seats=(handoffs,),
            agent_calls=agents.phones,
            supervision=agents.supervision,
            line=agents.line,
            trunks=trunks.monitor,
        )
