"""The parts that foresee and announce waits, built and connected; see wiring.py for all others."""

from collections.abc import Callable, Sequence

from ivrd.asterisk.queue_members import QueueMembers
from ivrd.config.settings import Settings
from ivrd.core.priority import Place
from ivrd.daemon.shared_wiring import SharedParts
from ivrd.metrics.waiting import ExpectedWaitCollector, WaitMetrics
from ivrd.partners.controller import PartnerController
from ivrd.waiting.announcer import AnnouncerSettings, WaitAnnouncer
from ivrd.waiting.forecast import WaitForecast


class WaitingParts:
    """How long callers will wait, and how they hear of it.

    `beside(queue)`: who waits for a queue's people, and not in Asterisk's line.  `settings()`: the
    configuration that is in use.
    """

    def __init__(
        self,
        shared: SharedParts,
        queue_members: QueueMembers,
        partners: PartnerController,
        beside: Callable[[str], Sequence[Place]],
        settings: Callable[[], Settings],
    ) -> None:
        self._partners = partners
        self._settings = settings
        self._metrics = WaitMetrics(shared.registry, self._queues())
        self.forecast = WaitForecast(
            shared.ledger,
            queue_members,
            partners,
            beside,
            self._metrics,
            shared.now,
        )
        self.announcer = WaitAnnouncer(
            shared.link,
            shared.ledger,
            self.forecast,
            self._announcer_settings,
            self._metrics,
            shared.now,
        )
        ExpectedWaitCollector(shared.registry, self.forecast, self._queues)

    def _queues(self) -> list[str]:
        """The queues in use."""
        return [*self._partners.setup.topics]

    def _announcer_settings(self) -> AnnouncerSettings:
        waiting = self._settings().waiting
        return AnnouncerSettings(waiting.say_expected, waiting.trusted_ratio)

    def look(self) -> None:
        """Learn how long callers wait, and who is at work now."""
        self.forecast.look(self._queues(), self._partners.setup.policy)

    def configure(self, settings: Settings) -> None:
        """What a reload changes."""
        self._metrics.queues([queue.name for queue in settings.queues])
