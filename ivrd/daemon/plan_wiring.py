"""The parts about crisis plans, built and connected; see wiring.py, which has all others."""

import time
from collections.abc import Callable

from ivrd.api.plan_operations import PlanOperations
from ivrd.api.plan_report import PlanReport
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.config.settings import Settings
from ivrd.core.plan import Run
from ivrd.daemon.repository_wiring import RepositoryParts
from ivrd.daemon.shared_wiring import SharedParts
from ivrd.metrics.plans import PlanCollector, PlanMetrics
from ivrd.partners.controller import PartnerController
from ivrd.plans.controller import PlanController
from ivrd.plans.repository import PlanRepository


class PlanParts:
    """Plans, what is stored of them, and what may be asked of them.

    `apply()` has the settings of a plan taken; `in_use()`: the configuration that is in use.
    """

    def __init__(
        self,
        settings: Settings,
        shared: SharedParts,
        repositories: RepositoryParts,
        queue_members: QueueMembers,
        partners: PartnerController,
        apply: Callable[[], None],
        in_use: Callable[[], Settings],
    ) -> None:
        self._partners = partners
        days = settings.store.keep_days.audit
        self.repository = PlanRepository(shared.write_behind, days, shared.now, shared.shift)
        self.metrics = PlanMetrics(shared.registry)
        self.metrics.plans(settings.plans)
        self.controller = PlanController(
            settings.plans,
            self.repository,
            queue_members,
            self._waiting,
            apply,
            self.metrics,
            repositories.partners,
            shared.leadership,
            shared.now,
        )
        PlanCollector(shared.registry, lambda: self.controller.plans, self._run, shared.shift)
        self.operations = PlanOperations(
            self.controller,
            self.repository,
            PlanReport(
                self.repository,
                lambda: self.controller.state,
                repositories.calls,
                shared.observer.recent,
                time.time,
                shared.shift,
            ),
            partners,
            in_use,
            shared.shift,
        )

    def configure(self, settings: Settings) -> None:
        """What a reload changes."""
        self.repository.days = settings.store.keep_days.audit
        self.metrics.plans(settings.plans)
        self.controller.configure(settings.plans)

    def _run(self) -> Run | None:
        return self.controller.state.run

    def _waiting(self) -> int:
        """People who wait for a person, as at the last decision on seats: callers, and bookings."""
        snapshot = self._partners.snapshot
        return sum(queue.backlog for queue in snapshot.queues) if snapshot else 0
