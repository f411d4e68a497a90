"""The parts about crisis plans, built and connected; see wiring.py, which has all others."""

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry

from ivrd.api.plan_operations import PlanOperations
from ivrd.api.plan_report import PlanReport, ServiceLevelTarget
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.config.settings import Settings
from ivrd.core.clock import Timeline
from ivrd.core.plan import Run
from ivrd.ha.call_repository import CallRepository
from ivrd.ha.leadership import LeaderStatus
from ivrd.metrics.plans import PlanCollector, PlanMetrics
from ivrd.partners.controller import PartnerController
from ivrd.plans.controller import PlanController
from ivrd.plans.repository import PlanRepository
from ivrd.store import WriteBehind
from ivrd.store.audit_log import AuditLog


class PlanParts:
    """Plans, what is stored of them, and what may be asked of them."""

    def __init__(
        self,
        settings: Settings,
        write_behind: WriteBehind,
        timeline: Timeline,
        queue_members: QueueMembers,
        partners: PartnerController,
        call_repository: CallRepository,
        target: ServiceLevelTarget,
        apply: Callable[[], None],
        in_use: Callable[[], Settings],
        audit_log: AuditLog,
        leadership: LeaderStatus,
        registry: CollectorRegistry,
    ) -> None:
        self._partners = partners
        days = settings.store.keep_days.audit
        self.repository = PlanRepository(write_behind, days, timeline.now, lambda: timeline.shift)
        self.metrics = PlanMetrics(registry)
        self.metrics.plans(settings.plans)
        self.controller = PlanController(
            settings.plans,
            self.repository,
            queue_members,
            self._waiting,
            apply,
            self.metrics,
            audit_log,
            leadership,
            timeline.now,
        )
        PlanCollector(registry, lambda: self.controller.plans, self._run, lambda: timeline.shift)
        self.operations = PlanOperations(
            self.controller,
            self.repository,
            PlanReport(
                self.repository,
                lambda: self.controller.state,
                call_repository,
                target,
                time.time,
                lambda: timeline.shift,
            ),
            partners,
            in_use,
            lambda: timeline.shift,
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
