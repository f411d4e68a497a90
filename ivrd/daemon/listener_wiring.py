"""Who receives what happens to calls, each in its order; see wiring.py, which builds them."""

from ivrd.calls.listeners import CallListeners
from ivrd.core.clock import Timeline
from ivrd.core.ledger import Ledger
from ivrd.daemon.agent_wiring import AgentParts
from ivrd.daemon.callback_wiring import CallbackParts
from ivrd.daemon.case_wiring import RepeatParts
from ivrd.daemon.intake_wiring import IntakeParts
from ivrd.daemon.link_wiring import LinkParts
from ivrd.daemon.partner_wiring import PartnerParts
from ivrd.daemon.people_wiring import PeopleParts
from ivrd.daemon.trunk_wiring import TrunkParts
from ivrd.daemon.waiting_wiring import WaitingParts
from ivrd.ha.call_repository import CallRepository
from ivrd.ha.leadership import Leadership
from ivrd.ha.reconciliation import Reconciliation
from ivrd.metrics.handoff import HandoffMetrics
from ivrd.metrics.observer import Observer
from ivrd.metrics.refusals import RefusalMonitor
from ivrd.metrics.story import CallStory
from ivrd.metrics.urgency import UrgencyMetrics


class ListenerParts:
    """The listeners to calls, and those that only listen: the story in the log, some metrics."""

    def __init__(
        self,
        ledger: Ledger,
        leadership: Leadership,
        timeline: Timeline,
        observer: Observer,
        refusals: RefusalMonitor,
        call_repository: CallRepository,
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
        story = CallStory(ledger, leadership)
        handoffs = HandoffMetrics(observer.metrics.registry, leadership, timeline.now)
        urgent = UrgencyMetrics(observer.metrics.registry, ledger, leadership, timeline.now)
        self.listeners = CallListeners(
            monitor=observer,
            story=story,
            refusals=refusals,
            notices=(
                observer,
                story,
                partners.controller,
                call_repository,
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
                call_repository,
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
