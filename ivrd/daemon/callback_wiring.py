"""The parts that call people back, built and connected; see wiring.py, which has all others."""

from collections.abc import Callable

from ivrd.api.callback_operations import CallbackOperations
from ivrd.asterisk.call_request import CallRequests
from ivrd.callbacks.booker import Booker, BookingSettings
from ivrd.callbacks.dialler import Dialler
from ivrd.callbacks.messages import CallbackMessages
from ivrd.callbacks.recovery import Recovery
from ivrd.callbacks.scheduler import Scheduler
from ivrd.config.settings import Settings
from ivrd.daemon.people_wiring import PeopleParts
from ivrd.daemon.queue_seats import QueueSeats
from ivrd.daemon.repository_wiring import RepositoryParts
from ivrd.daemon.shared_wiring import SharedParts
from ivrd.metrics.bookings import BookingMetrics


class CallbackParts:
    """Bookings, the calls that are made for them, and what may be asked of them.

    `expected_wait(queue)`: how long who comes now will wait, in seconds.
    """

    def __init__(
        self,
        settings: Settings,
        shared: SharedParts,
        repositories: RepositoryParts,
        people: PeopleParts,
        messages: CallbackMessages,
        seats: QueueSeats,
        expected_wait: Callable[[str], float],
        requests: CallRequests,
    ) -> None:
        of = booking_settings(settings)
        self.bookings = repositories.bookings
        self._shared, self._people, self._audit_log = shared, people, repositories.partners
        self._build_dialler(of, messages, requests)
        self._build_scheduler(of, seats)
        self.booker = Booker(
            of,
            self.bookings,
            shared.ledger,
            shared.link,
            people.vault,
            shared.write_behind,
            people.registry,
            messages,
            people.numbers.person_with,
            people.registry.people.credit,
            expected_wait,
            shared.now,
        )
        self.operations = CallbackOperations(
            self.bookings, self.dialler, self._audit_log, shared.now, shared.shift
        )

    def _build_dialler(
        self, of: BookingSettings, messages: CallbackMessages, requests: CallRequests
    ) -> None:
        """Who makes the calls."""
        shared, people = self._shared, self._people
        self.dialler = Dialler(
            of,
            self.bookings,
            shared.ledger,
            shared.link,
            requests,
            people.vault,
            people.registry,
            self._audit_log,
            BookingMetrics(shared.registry, lambda: self.bookings.counts),
            messages,
            shared.now,
            shared.asterisk_clock.reading,
        )

    def _build_scheduler(self, of: BookingSettings, seats: QueueSeats) -> None:
        """Who is called when, also of those who gave up."""
        shared, people = self._shared, self._people
        self.recovery = Recovery(
            of,
            self.bookings,
            people.registry,
            people.numbers,
            people.vault,
            self._audit_log,
            shared.now,
        )
        self.scheduler = Scheduler(
            of,
            self.bookings,
            self.dialler,
            shared.ledger,
            seats,
            shared.write_behind,
            people.registry,
            self.recovery,
            shared.now,
        )

    def configure(self, settings: Settings) -> None:
        """What a reload changes."""
        for part in (self.dialler, self.scheduler, self.recovery, self.booker):
            part.settings = booking_settings(settings)


def booking_settings(settings: Settings) -> BookingSettings:
    """What calling back needs of the configuration."""
    return BookingSettings(
        settings.callback,
        settings.country,
        settings.zone,
        settings.tree.routing,
        {
            topic: texts[settings.languages[0]]
            for queue in settings.queues
            for topic, texts in queue.topics.items()
        },
        settings.priority,
        settings.languages,
    )
