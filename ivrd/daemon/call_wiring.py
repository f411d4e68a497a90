"""The calls that are here, built and connected; see wiring.py, which has all other parts."""

import time
from collections.abc import Callable

from ivrd.api.operations import ivr_settings
from ivrd.asterisk.async_agi import Sessions
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.calls.listeners import CallListeners
from ivrd.calls.rejoin import Rejoin
from ivrd.calls.requeue import Destinations, Requeue
from ivrd.calls.screening import Screening
from ivrd.calls.tracker import AsteriskControl, CallTracker
from ivrd.config.settings import Settings
from ivrd.daemon.callback_wiring import CallbackParts
from ivrd.daemon.case_wiring import CaseParts
from ivrd.daemon.intake_wiring import IntakeParts
from ivrd.daemon.link_wiring import LinkParts
from ivrd.daemon.people_wiring import PeopleParts
from ivrd.daemon.queue_seats import QueueSeats
from ivrd.daemon.shared_wiring import SharedParts
from ivrd.daemon.waiting_wiring import WaitingParts
from ivrd.ha.reconciliation import Reconciliation


class CallParts:
    """Who is let in, calls and their menus, and what moves callers in Asterisk's queues.

    `in_use()`: the configuration that is in use.
    """

    def __init__(
        self,
        settings: Settings,
        shared: SharedParts,
        queue_members: QueueMembers,
        sessions: Sessions,
        listeners: CallListeners,
        reconciliation: Reconciliation,
        people: PeopleParts,
        callbacks: CallbackParts,
        links: LinkParts,
        intake: IntakeParts,
        cases: CaseParts,
        waiting: WaitingParts,
        seats: QueueSeats,
        in_use: Callable[[], Settings],
    ) -> None:
        self._in_use = in_use
        self.screening = Screening(settings.challenge, shared.ledger, shared.now)
        self.tracker = CallTracker(
            AsteriskControl(shared.link, queue_members, sessions, shared.asterisk_clock),
            shared.ledger,
            ivr_settings(settings),
            listeners,
            reconciliation,
            people.registry,
            callbacks.booker,
            links.sender,
            intake.tickets,
            cases.look_ups,
            people.numbers.identify,
            shared.now,
            waiting.announcer,
            self.screening,
            settings.priority,
            seats.staffed,
        )
        self._build_moves(shared)

    def _build_moves(self, shared: SharedParts) -> None:
        """What moves callers in Asterisk's queues."""
        self.requeue = Requeue(
            shared.link,
            shared.ledger,
            self.tracker.ivr,
            self._destinations,
            self.tracker.placement.variables,
            time.monotonic,
        )
        self.rejoin = Rejoin(
            shared.link,
            shared.ledger,
            self.tracker.ivr,
            shared.asterisk_clock,
            self.tracker.placement.variables,
        )

    def _destinations(self) -> Destinations:
        """Where callers wait by the configuration that is in use."""
        settings = self._in_use()
        return Destinations(settings.tree.routing, settings.languages)
