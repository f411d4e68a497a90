"""The parts about people, built and connected; see wiring.py, which has all others."""

from collections.abc import Collection

from ivrd.api.people_operations import Followed, PeopleOperations
from ivrd.calls.caller_hash import Hasher, caller_key
from ivrd.config.settings import Settings
from ivrd.core.people import People
from ivrd.daemon.repository_wiring import RepositoryParts
from ivrd.daemon.shared_wiring import SharedParts
from ivrd.outbox.outbox import Outbox
from ivrd.people.caller_numbers import CallerNumbers
from ivrd.people.registry import PeopleRegistry
from ivrd.people.repository import CountedUntil, PeopleRepository
from ivrd.people.statistics import PeopleStatistics
from ivrd.people.stored_calls import StoredCalls
from ivrd.people.vault import Vault, number_key


class PeopleParts:
    """What is known of people, who they are, how many there are, and what may be asked of that."""

    def __init__(
        self,
        settings: Settings,
        shared: SharedParts,
        repositories: RepositoryParts,
        outbox: Outbox,
        followed: Collection[Followed],
    ) -> None:
        self.hasher = hasher = Hasher(caller_key(settings.caller_key_file).keys(), settings.country)
        self.vault = Vault(number_key(settings.number_key_file).keys())
        self.registry = PeopleRegistry(
            People(settings.people),
            PeopleRepository(shared.write_behind, shared.shift),
            shared.now,
            repositories.bookings,
        )
        self.numbers = CallerNumbers(
            self.registry, hasher, self.vault, settings.recover_after_seconds
        )
        self.statistics = PeopleStatistics(
            repositories.calls,
            shared.ledger.calls,
            settings.people.shared_number_calls,
            self.registry.people,
            CountedUntil(shared.write_behind, shared.shift),
            shared.now,
        )
        self.operations = PeopleOperations(
            self.registry,
            hasher,
            self.vault.open,
            StoredCalls(shared.write_behind),
            self.statistics,
            repositories.bookings,
            outbox,
            followed,
            repositories.partners,
            self.numbers,
            settings.zone,
            shared.shift,
            shared.now,
        )

    def configure(self, settings: Settings) -> None:
        """What a reload changes."""
        self.registry.people.rules = settings.people
        self.statistics.count.shared_number_calls = settings.people.shared_number_calls
        self.numbers.recover_after_seconds = settings.recover_after_seconds
        self.operations.configure(settings.zone)
