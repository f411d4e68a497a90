"""Callers' numbers: who each caller is, and the numbers of those who gave up.

The number of a call is in memory while the call is here, and in clear nowhere else.  Of one who
gave up after `recover_after_seconds` it is sealed and stored with the person, until somebody
answers, the number proves to be shared, or the person refuses to be called back or is forgotten.

While a key of hashes is replaced, whoever was known by the previous one is known by both.
"""

from collections.abc import Sequence
from typing import Protocol

from ivrd.core.call_notices import Ended, Notice
from ivrd.core.people import People, Person
from ivrd.core.recovery import lost


class Hashes(Protocol):
    """What stands for a number; see calls/caller_hash.py."""

    def hash_number(self, number: str) -> str:
        """The number's hash; empty when it is withheld."""

    def previous_hashes(self, number: str) -> Sequence[str]:
        """What its hash was by keys that were replaced."""


class Seal(Protocol):
    """Encrypts a number; see people/vault.py."""

    def seal(self, number: str) -> str:
        """The number as it may be stored."""


class Keeper(Protocol):
    """Keeps what is known of people; see people/registry.py."""

    people: People

    def keep(self, person: Person) -> None:
        """Store what has changed of a person."""

    def renamed(self, before: str, person_id: str) -> None:
        """A person has another id from now on."""


class CallerNumbers:
    """The callers who are here."""

    def __init__(
        self, keeper: Keeper, hashes: Hashes, vault: Seal, recover_after_seconds: float
    ) -> None:
        self.recover_after_seconds = recover_after_seconds
        self._keeper = keeper
        self._hashes = hashes
        self._vault = vault
        self._numbers: dict[str, str] = {}  # by call

    def identify(self, call_id: str, number: str) -> str:
        """Who the caller of a call is that is here: a keyed hash; empty when it is withheld."""
        person = self._hashes.hash_number(number)
        if not person:
            return ""
        self._numbers[call_id] = number
        for before in self._hashes.previous_hashes(number):
            self._keeper.renamed(before, person)
        return person

    def number(self, call_id: str) -> str:
        """The number of a call that is here; empty when it is withheld or not known."""
        return self._numbers.get(call_id, "")

    def notice(self, notice: Notice) -> None:
        """A call may have ended; the people's keeper has been told before."""
        if not isinstance(notice, Ended):
            return
        number = self._numbers.pop(notice.call.id, "")
        person = self._keeper.people.get(notice.call.caller)
        if not number or person is None or person.no_callback or notice.call.joined_at is None:
            return
        if lost(person, self.recover_after_seconds, self._keeper.people.rules):
            sealed = person.number or self._vault.seal(number)
            self._keeper.keep(self._keeper.people.note_number(person.id, sealed, notice.call))
