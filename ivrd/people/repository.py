"""What is stored of people: kind `people`, by the person's id, which is a keyed hash.

Writing never waits (see store/write_behind.py).  Moments are stored by the time of day, as calls'
are: `shift()` is what that is ahead of the timeline on which calls have theirs.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from pydantic import TypeAdapter, ValidationError

from ivrd.core.people import Person, Wait
from ivrd.store import WriteBehind

PEOPLE, COUNTED, UNTIL = "people", "people_counted", "until"
PERSON = TypeAdapter(Person)


class PeopleRepository:
    """Writes people into the store and reads them again."""

    def __init__(self, write_behind: WriteBehind, shift: Callable[[], float]) -> None:
        self.skipped = 0  # entries that could not be read
        self._write_behind = write_behind
        self._shift = shift

    def put(self, person: Person) -> None:
        """Keep what is known of a person."""
        text = PERSON.dump_json(_shifted(person, self._shift()), exclude_defaults=True).decode()
        self._write_behind.put(PEOPLE, person.id, text)

    def remove(self, person_id: str) -> None:
        """Keep nothing of a person."""
        self._write_behind.remove(PEOPLE, person_id)

    async def read(self) -> AsyncIterator[list[Person]]:
        """All who are stored, page by page; raises `StoreDown`.

        Entries that cannot be parsed are counted and left out.
        """
        async for page in self._write_behind.pages(PEOPLE):
            back, found = -self._shift(), []
            for text in page.values():
                try:
                    found.append(_shifted(PERSON.validate_json(text), back))
                except ValidationError:
                    self.skipped += 1
            yield found


class CountedUntil:
    """Until when it is counted what became of people; `shift` as above."""

    def __init__(self, write_behind: WriteBehind, shift: Callable[[], float]) -> None:
        self._write_behind = write_behind
        self._shift = shift

    def put(self, at: float) -> None:
        """It is, until this moment."""
        self._write_behind.put(COUNTED, UNTIL, f"{at + self._shift():.3f}")

    async def read(self) -> float | None:
        """The moment that was stored last; None for none.  Raises `StoreDown`."""
        text = (await self._write_behind.load(COUNTED)).get(UNTIL, "")
        try:
            return float(text) - self._shift()
        except ValueError:
            return None


def _shifted(person: Person, seconds: float) -> Person:
    """The person with all moments later by so much."""

    def later(at: float | None) -> float | None:
        return None if at is None else at + seconds

    if not seconds:
        return person
    return replace(
        person,
        seen_at=person.seen_at + seconds,
        waits=tuple(
            Wait(wait.dialled_at + seconds, wait.joined_at + seconds, wait.ended_at + seconds)
            for wait in person.waits
        ),
        answered_at=later(person.answered_at),
        shared_at=later(person.shared_at),
    )
