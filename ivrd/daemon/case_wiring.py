"""The parts that look cases up, and that follow who dials again; see wiring.py for all others."""

import time

from prometheus_client import CollectorRegistry

from ivrd.cases.look_ups import LookUps
from ivrd.config.settings import Settings
from ivrd.core.clock import Timeline
from ivrd.core.ledger import Ledger
from ivrd.core.skills import queue_in_words
from ivrd.ha.call_repository import CallRepository
from ivrd.ha.leadership import Leadership
from ivrd.metrics.cases import CaseMetrics
from ivrd.metrics.repeats import RepeatMetrics
from ivrd.repeats.repository import ServedCallRepository
from ivrd.repeats.tracker import RepeatTracker
from ivrd.store import WriteBehind


class CaseParts:
    """Who is told the state of a case."""

    def __init__(self, settings: Settings, registry: CollectorRegistry) -> None:
        metrics = CaseMetrics(registry)
        self.look_ups = LookUps(settings.crm, metrics, time.monotonic, time.time)
        metrics.watch(lambda: self.look_ups.paused)

    def configure(self, settings: Settings) -> None:
        """What a reload changes."""
        self.look_ups.configure(settings.crm)


def served_calls(
    settings: Settings, write_behind: WriteBehind, timeline: Timeline
) -> ServedCallRepository:
    """What is stored of served calls."""
    days = settings.store.keep_days.calls
    return ServedCallRepository(
        write_behind, settings.zone, days, time.time, lambda: timeline.shift
    )


class RepeatParts:
    """Which calls were served, and who dials again within a day."""

    def __init__(
        self,
        settings: Settings,
        repository: ServedCallRepository,
        timeline: Timeline,
        calls: CallRepository,
        ledger: Ledger,
        leadership: Leadership,
        registry: CollectorRegistry,
    ) -> None:
        self.repository = repository
        queues = {queue_in_words(queue.name) for queue in settings.queues}
        self.tracker = RepeatTracker(
            repository,
            calls,
            ledger.calls,
            leadership,
            RepeatMetrics(registry, sorted(queues)),
            timeline.now,
        )

    def configure(self, settings: Settings) -> None:
        """What a reload changes."""
        self.repository.configure(settings.zone, settings.store.keep_days.calls)
