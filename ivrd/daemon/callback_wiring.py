"""The parts that call people back, built and connected; see wiring.py, which has all others."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry

from ivrd.api.callback_operations import CallbackOperations
from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.call_request import CallRequests
from ivrd.callbacks.booker import Booker, BookingSettings
from ivrd.callbacks.dialler import Dialler
from ivrd.callbacks.messages import CallbackMessages
from ivrd.callbacks.recovery import Recovery
from ivrd.callbacks.repository import BookingRepository
from ivrd.callbacks.scheduler import Scheduler
from ivrd.config.settings import Settings
from ivrd.core.clock import AsteriskClock, Timeline
from ivrd.core.ledger import Ledger
from ivrd.daemon.people_wiring import PeopleParts
from ivrd.daemon.queue_seats import QueueSeats
from ivrd.metrics.bookings import BookingMetrics
from ivrd.partners.repository import PartnerRepository
from ivrd.store import WriteBehind


class CallbackParts:
    """Bookings, the calls that are made for them, and what may be asked of them."""

    def __init__(
        self,
        settings: Settings,
        link: AmiClient,
        ledger: Ledger,
        timeline: Timeline,
        clock: AsteriskClock,
        write_behind: WriteBehind,
        bookings: BookingRepository,
        people: PeopleParts,
        messages: CallbackMessages,
        seats: QueueSeats,
        expected_wait: Callable[[str], float],
        registry: CollectorRegistry,
        audit: PartnerRepository,
        requests: CallRequests,
    ) -> None:
        now, of = timeline.now, booking_settings(settings)
        self.bookings = bookings
        self.dialler = Dialler(
            of,
            self.bookings,
            ledger,
            link,
            requests,
            people.vault,
            people.registry,
            audit,
            BookingMetrics(registry, lambda: bookings.counts),
            messages,
            now,
            clock.reading,
        )
        self.recovery = Recovery(
            of, self.bookings, people.registry, people.numbers, people.vault, audit, now
        )
        self.scheduler = Scheduler(
            of,
            self.bookings,
            self.dialler,
            ledger,
            seats,
            write_behind,
            people.registry,
            self.recovery,
            now,
        )
        self.booker = Booker(
            of,
            self.bookings,
            ledger,
            link,
            people.vault,
            write_behind,
            people.registry,
            messages,
            people.numbers.person_with,
            people.registry.people.credit,
            expected_wait,
            now,
        )
        self.operations = CallbackOperations(
            self.bookings, self.dialler, audit, now, lambda: timeline.shift
        )

    def configure(self, settings: Settings) -> None:
        """What a reload changes."""
        self.bookings.days = settings.callback.keep_days
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
