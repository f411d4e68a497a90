"""The parts that look cases up, and that follow who dials again; see wiring.py for all others."""

import time

from ivrd.cases.look_ups import LookUps
from ivrd.config.settings import Settings
from ivrd.core.skills import queue_in_words
from ivrd.daemon.repository_wiring import RepositoryParts
from ivrd.daemon.shared_wiring import SharedParts
from ivrd.metrics.cases import CaseMetrics
from ivrd.metrics.repeats import RepeatMetrics
from ivrd.repeats.tracker import RepeatTracker


class CaseParts:
    """Who is told the state of a case."""

    def __init__(self, settings: Settings, shared: SharedParts) -> None:
        metrics = CaseMetrics(shared.registry)
        self.look_ups = LookUps(settings.crm, metrics, time.monotonic, time.time)
        metrics.watch(lambda: self.look_ups.paused)

    def configure(self, settings: Settings) -> None:
        """What a reload changes."""
        self.look_ups.configure(settings.crm)


class RepeatParts:
    """Which calls were served, and who dials again within a day."""

    def __init__(
        self, settings: Settings, shared: SharedParts, repositories: RepositoryParts
    ) -> None:
        queues = {queue_in_words(queue.name) for queue in settings.queues}
        self.tracker = RepeatTracker(
            repositories.served_calls,
            repositories.calls,
            shared.ledger.calls,
            shared.leadership,
            RepeatMetrics(shared.registry, sorted(queues)),
            shared.now,
        )
