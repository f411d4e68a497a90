"""The parts about partners, built and connected; see wiring.py, which has all others."""

import time
from collections.abc import Callable, Mapping

from ivrd.api.call_out_operations import CallOutOperations
from ivrd.api.operations import partner_setup
from ivrd.api.partner_operations import PartnerOperations
from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.asterisk.second_calls import SecondCalls
from ivrd.config.settings import Settings
from ivrd.core.clock import Timeline
from ivrd.core.ledger import Ledger
from ivrd.daemon.outbox_wiring import OutboxParts
from ivrd.ha.leadership import Leadership
from ivrd.metrics.observer import Observer
from ivrd.metrics.partners import PartnerMetrics
from ivrd.partners.call_outs import CallOuts
from ivrd.partners.controller import PartnerController
from ivrd.partners.drill_calls import DrillCalls
from ivrd.partners.pledges import Pledges
from ivrd.partners.recorder import PartnerRecorder
from ivrd.partners.repository import PartnerRepository
from ivrd.repeats.repository import ServedCallRepository
from ivrd.store import WriteBehind


class PartnerParts:
    """What partners' call centres do, and what is stored and published of that.

    `backlog(now)`: who is to be called back now, by queue.  `trunk_words(partner)`: what is wrong
    with a partner's trunk.  `standby()`: why this ivrd cannot do what only the leader can.
    """

    def __init__(
        self,
        settings: Settings,
        link: AmiClient,
        ledger: Ledger,
        queue_members: QueueMembers,
        repository: PartnerRepository,
        observer: Observer,
        outbox: OutboxParts,
        served_calls: ServedCallRepository,
        write_behind: WriteBehind,
        timeline: Timeline,
        leadership: Leadership,
        backlog: Callable[[float], Mapping[str, int]],
        trunk_words: Callable[[str], str],
        standby: Callable[[], str],
        hurry: Callable[[], None],
    ) -> None:
        self._timeline = timeline
        self.pledges = Pledges(write_behind, settings.zone, time.time)
        self.controller = PartnerController(
            partner_setup(settings),
            ledger,
            queue_members,
            repository,
            observer,
            hurry,
            backlog,
            self.pledges.people,
            trunk_words,
        )
        self.second_calls = SecondCalls(link)
        self.drill_calls = DrillCalls()
        self.call_outs = CallOuts(
            settings.call_outs,
            settings.number,
            settings.zone,
            write_behind,
            self.pledges,
            outbox.outbox,
            repository,
            time.time,
            time.monotonic,
        )
        self.call_out_operations = CallOutOperations(
            self.call_outs,
            self.pledges,
            outbox.backlog,
            repository,
            lambda: [partner.id for partner in self.controller.setup.partners],
            standby,
            time.time,
        )
        self.operations = PartnerOperations(
            self.controller,
            repository,
            self.call_out_operations,
            served_calls,
            settings.zone,
            self.drill_calls.wait,
            timeline.now,
        )
        self.recorder = PartnerRecorder(
            ledger,
            PartnerMetrics(observer.metrics.registry, self.operations.gauges),
            repository,
            leadership,
        )

    async def call_out(self) -> None:
        """Tell partners whether their people are needed, by the decision of this moment."""
        if self.controller.snapshot and self.controller.decision:
            await self.call_outs.look(self.controller.snapshot, self.controller.decision)

    async def tell_second_calls(self) -> None:
        """Tell the dialplan when partners are called a second time for the same caller."""
        await self.second_calls.tell(self.controller.second_calls(self._timeline.now()))

    def configure(self, settings: Settings) -> None:
        """What a reload changes, besides the controller's setup."""
        self.operations.configure(settings.zone)
        self.pledges.configure(settings.zone)
        self.call_outs.configure(settings.call_outs, settings.number, settings.zone)
