"""Who gave up and has not been answered since: whom the hotline still owes an answer.

What may live here: who is one of the lost, and who comes first.  Not: when and how they are called.
Times are seconds since the epoch.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ivrd.core.people import FairnessRules, Person, credit, is_shared

RECOVER_AFTER_SECONDS = 60.0  # unless the configuration says otherwise


@dataclass(frozen=True)
class Lost:
    """A person who gave up.

    `effective_at`: the effective arrival that a call would have had which had gone on waiting.
    `last_at`: when the person gave up last.
    """

    person: Person
    effective_at: float
    waited_seconds: float
    last_at: float


def lost(person: Person, after_seconds: float, rules: FairnessRules) -> Lost | None:
    """The person as one of the lost; None for who is not.

    That is who has waited for `after_seconds`, in one call or in several that followed one another
    as redials do, gave up, and has not been answered since.
    """
    if not person.waits or is_shared(person, person.seen_at, rules):
        return None
    last_at = max(wait.ended_at for wait in person.waits)
    waited = credit(person, last_at, last_at, rules)
    if waited < after_seconds:
        return None
    return Lost(person, last_at - waited, waited, last_at)


def all_lost(people: Iterable[Person], after_seconds: float, rules: FairnessRules) -> list[Lost]:
    """All of the lost whom the hotline may call back, the oldest effective arrival first."""
    found = (lost(person, after_seconds, rules) for person in people if not person.no_callback)
    return sorted(filter(None, found), key=lambda each: (each.effective_at, each.person.id))
