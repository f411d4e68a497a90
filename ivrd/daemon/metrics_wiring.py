"""What is published of parts that publish nothing themselves; see wiring.py for all others."""

from collections.abc import Callable

from ivrd.asterisk.capacity import Capacity
from ivrd.calls.screening import Screening
from ivrd.calls.tracker import CallTracker
from ivrd.config.settings import Settings
from ivrd.daemon.people_wiring import PeopleParts
from ivrd.daemon.shared_wiring import SharedParts
from ivrd.ha.reconciliation import Reconciliation
from ivrd.metrics.capacity import CapacityMetrics
from ivrd.metrics.people import PeopleMetrics
from ivrd.metrics.persistence import PersistenceMetrics
from ivrd.metrics.prompts import PromptMetrics
from ivrd.metrics.screening import ScreeningMetrics


def publish(
    shared: SharedParts,
    tracker: CallTracker,
    screening: Screening,
    reconciliation: Reconciliation,
    capacity: Capacity,
    people: PeopleParts,
    in_use: Callable[[], Settings],
) -> None:
    """Have the registry ask them.  `in_use()`: the configuration that is in use."""
    registry = shared.registry
    ScreeningMetrics(registry, screening, tracker.ivr.challenged_now)
    PersistenceMetrics(
        registry, shared.leadership, shared.write_behind, reconciliation, tracker.ivr
    )
    PeopleMetrics(registry, people.statistics, shared.now)
    CapacityMetrics(registry, capacity, tracker)
    PromptMetrics(registry, in_use)
