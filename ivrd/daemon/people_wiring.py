"""The parts about people, built and connected; see wiring.py, which has all others."""

from collections.abc import Collection

from ivrd.api.people_operations import Followed, PeopleOperations
from ivrd.callbacks.repository import BookingRepository
from ivrd.calls.caller_hash import Hasher, caller_key
from ivrd.config.settings import Settings
from ivrd.core.clock import Timeline
from ivrd.core.ledger import Ledger
from ivrd.core.people import People
from ivrd.outbox.outbox import Outbox
from ivrd.partners.repository import PartnerRepository
from ivrd.people.caller_numbers import CallerNumbers
from ivrd.people.registry import PeopleRegistry
from ivrd.people.repository import CountedUntil, PeopleRepository
from ivrd.people.statistics import CallHistory, PeopleStatistics
from ivrd.people.stored_calls import StoredCalls
from ivrd.people.vault import Vault, number_key
from ivrd.store import WriteBehind


class PeopleParts:
    """What is known of people, who they are, how many there are, and what may be asked of that."""

    def __init__(
        self,
        settings: Settings,
        write_behind: WriteBehind,
        ledger: Ledger,
        timeline: Timeline,
        history: CallHistory,
        bookings: BookingRepository,
        outbox: Outbox,
        followed: Collection[Followed],
        audit: PartnerRepository,
    ) -> None:
        self.hasher = hasher = Hasher(caller_key(settings.caller_key_file).keys(), settings.country)
        self.vault = Vault(number_key(settings.number_key_file).keys())
        self.registry = PeopleRegistry(
            People(settings.people),
            PeopleRepository(write_behind, lambda: timeline.shift),
            timeline.now,
            bookings,
        )
        self.numbers = CallerNumbers(
            self.registry, hasher, self.vault, settings.recover_after_seconds
        )
        self.statistics = PeopleStatistics(
            history,
            ledger.calls,
            settings.people.shared_number_calls,
            self.registry.people,
            CountedUntil(write_behind, lambda: timeline.shift),
            timeline.now,
        )
        self.operations = PeopleOperations(
            self.registry,
            hasher,
            self.vault.open,
            StoredCalls(write_behind),
            self.statistics,
            bookings,
            outbox,
            followed,
            audit,
            self.numbers,
            settings.zone,
            lambda: timeline.shift,
            timeline.now,
        )

    def configure(self, settings: Settings) -> None:
        """What a reload changes."""
        self.registry.people.rules = settings.people
        self.statistics.count.shared_number_calls = settings.people.shared_number_calls
        self.numbers.recover_after_seconds = settings.recover_after_seconds
        self.operations.configure(settings.zone)
