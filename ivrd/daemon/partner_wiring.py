"""The parts about partners, built and connected; see wiring.py, which has all others."""

import time
from collections.abc import Callable, Mapping

from ivrd.api.call_out_operations import CallOutOperations
from ivrd.api.operations import partner_setup
from ivrd.api.partner_operations import PartnerOperations
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.asterisk.second_calls import SecondCalls
from ivrd.config.settings import Settings
from ivrd.daemon.outbox_wiring import OutboxParts
from ivrd.daemon.repository_wiring import RepositoryParts
from ivrd.daemon.shared_wiring import SharedParts
from ivrd.metrics.partners import PartnerMetrics
from ivrd.partners.call_outs import CallOuts
from ivrd.partners.controller import PartnerController
from ivrd.partners.drill_calls import DrillCalls
from ivrd.partners.pledges import Pledges
from ivrd.partners.recorder import PartnerRecorder


class PartnerParts:
    """What partners' call centres do, and what is stored and published of that.

    `backlog(now)`: who is to be called back now, by queue.  `trunk_words(partner)`: what is wrong
    with a partner's trunk.
    """

    def __init__(
        self,
        settings: Settings,
        shared: SharedParts,
        repositories: RepositoryParts,
        queue_members: QueueMembers,
        outbox: OutboxParts,
        backlog: Callable[[float], Mapping[str, int]],
        trunk_words: Callable[[str], str],
    ) -> None:
        self._shared = shared
        self.pledges = Pledges(shared.write_behind, settings.zone, time.time)
        self.controller = PartnerController(
            partner_setup(settings),
            shared.ledger,
            queue_members,
            repositories.partners,
            shared.observer,
            shared.reevaluate.set,
            backlog,
            self.pledges.people,
            trunk_words,
        )
        self.second_calls = SecondCalls(shared.link)
        self.drill_calls = DrillCalls()
        self._build_call_outs(settings, repositories, outbox)
        self.operations = PartnerOperations(
            self.controller,
            repositories.partners,
            self.call_out_operations,
            repositories.served_calls,
            settings.zone,
            self.drill_calls.wait,
            shared.now,
        )
        self.recorder = PartnerRecorder(
            shared.ledger,
            PartnerMetrics(shared.registry, self.operations.gauges),
            repositories.partners,
            shared.leadership,
        )

    def _build_call_outs(
        self, settings: Settings, repositories: RepositoryParts, outbox: OutboxParts
    ) -> None:
        """What partners are asked for, and what they answer."""
        self.call_outs = CallOuts(
            settings.call_outs,
            settings.number,
            settings.zone,
            self._shared.write_behind,
            self.pledges,
            outbox.outbox,
            repositories.partners,
            time.time,
            time.monotonic,
        )
        self.call_out_operations = CallOutOperations(
            self.call_outs,
            self.pledges,
            outbox.backlog,
            repositories.partners,
            lambda: [partner.id for partner in self.controller.setup.partners],
            self._shared.leader_only.refusal,
            time.time,
        )

    async def call_out(self) -> None:
        """Tell partners whether their people are needed, by the decision of this moment."""
        if self.controller.snapshot and self.controller.decision:
            await self.call_outs.look(self.controller.snapshot, self.controller.decision)

    async def tell_second_calls(self) -> None:
        """Tell the dialplan when partners are called a second time for the same caller."""
        await self.second_calls.tell(self.controller.second_calls(self._shared.now()))

    def configure(self, settings: Settings) -> None:
        """What a reload changes, besides the controller's setup."""
        self.operations.configure(settings.zone)
        self.pledges.configure(settings.zone)
        self.call_outs.configure(settings.call_outs, settings.number, settings.zone)
