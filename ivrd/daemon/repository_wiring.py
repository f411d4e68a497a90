"""What is stored of partners, bookings and calls, built and connected; see wiring.py for others."""

import time
from collections.abc import Callable

from ivrd.callbacks.repository import BookingRepository
from ivrd.config.settings import Settings
from ivrd.daemon.shared_wiring import SharedParts
from ivrd.ha.call_repository import CallRepository
from ivrd.partners.repository import PartnerRepository
from ivrd.repeats.repository import ServedCallRepository


class RepositoryParts:
    """The repositories in which several parts read or write.  `partners` has the audit log.

    `current_id` gives today's id of a person, also for an older one.
    """

    def __init__(
        self, settings: Settings, shared: SharedParts, current_id: Callable[[str], str]
    ) -> None:
        days, store = settings.store.keep_days, shared.write_behind
        self.partners = PartnerRepository(
            store, days.history, days.audit, time.time, shared.leadership
        )
        self.bookings = BookingRepository(
            store, shared.now, shared.shift, settings.callback.keep_days, current_id
        )
        self.calls = CallRepository(store, settings.zone, days.calls, time.time, shared.shift)
        self.served_calls = ServedCallRepository(
            store, settings.zone, days.calls, time.time, shared.shift
        )

    def configure(self, settings: Settings) -> None:
        """What a reload changes."""
        days = settings.store.keep_days
        self.partners.configure(days.history, days.audit)
        self.bookings.days = settings.callback.keep_days
        self.calls.configure(settings.zone, days.calls)
        self.served_calls.configure(settings.zone, days.calls)
