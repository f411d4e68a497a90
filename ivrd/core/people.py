"""Who calls again: what is known of each person, and since when a call has effectively waited.

Theory of operation
-------------------
A person is a keyed hash of a number; whoever withholds it is nobody.  Of each person `Person` has
the waits in calls that nobody answered, when each began and ended, and when somebody answered last.
An answer ends the matter: what was waited before it counts no more.

A call's effective arrival is its joining minus its person's credit: the seconds really waited in
earlier calls, as far as these follow one another with at most `redial_seconds` from one's end to
the next call, and `credit_at_most_seconds` at most.  Two calls that wait at the same time wait
together: such seconds count once.  So nobody loses by dialling again, and nobody gains by dialling
early, often or twice at a time.  What is waited is never added up in advance but counted from the
waits themselves, whenever it is asked for: it cannot count twice, whatever is restarted.

One call at a time has the credit (`claim`), until it ends.  Ends it unanswered, its own wait is one
more, and the person's next call has all of them, or another one that waits already.

A number that has `shared_number_calls` calls at a time is a company's exchange: not a person.  What
one caller there has waited is no other's credit, so it has none.

What may live here: what is known of people.  Not: how it is stored (ivrd/people), who is where
(present.py).  Times are seconds since the epoch.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import inf

from ivrd.core.call import Call
from ivrd.core.priority import Urgency

MOST_WAITS = 100  # of one person; the oldest are forgotten


@dataclass(frozen=True)
class FairnessRules:
    """What the configuration says of people; seconds, but for `shared_number_calls`.

    `keep_seconds`: for so long after the last call a person is remembered.
    """

    redial_seconds: float = 1800.0
    credit_at_most_seconds: float = 7200.0
    shared_number_calls: int = 3
    keep_seconds: float = 3 * 86_400.0


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait in a queue that nobody answered: when that call came, joined and ended."""

    dialled_at: float
    joined_at: float
    ended_at: float


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of a person.

    `waits` since the last answer, in the order of their ends.  `shared_at`: when the number was
    last seen to be shared; None for a person's own.  `seen_at`: when there was a call last.
    `number`: sealed, of who gave up and may be called back, until somebody answers; with it the
    `queue`, `topic`, `language` and `urgency` of the call that gave up last.  `no_callback`: has
    asked not to be called back.  `formerly`: the id by a key of hashes that was replaced.
    """

    id: str
    seen_at: float
    waits: tuple[Wait, ...] = ()
    answered_at: float | None = None
    shared_at: float | None = None
    number: str = ""
    no_callback: bool = False
    formerly: str = ""
    queue: str = ""
    topic: str = ""
    language: str = ""
    urgency: Urgency = Urgency.NONE

    def without_number(self) -> "Person":
        """The same, and nothing by which the person could be called back."""
        nothing = replace(self, number="", queue="", topic="", language="")
        return replace(nothing, urgency=Urgency.NONE)


def is_shared(person: Person, now: float, rules: FairnessRules) -> bool:
    """Whether the number is one that many people use."""
    return person.shared_at is not None and now - person.shared_at <= rules.keep_seconds


def credit(person: Person, dialled_at: float, joined_at: float, rules: FairnessRules) -> float:
    """Seconds that the person has waited before, for a call that came and joined so."""
    if is_shared(person, joined_at, rules):
        return 0.0
    waited, since, dialled = 0.0, joined_at, dialled_at
    for wait in _latest_first(person.waits):
        if dialled - wait.ended_at > rules.redial_seconds:
            break
        dialled = min(dialled, wait.dialled_at)
        waited += max(0.0, min(wait.ended_at, since) - wait.joined_at)
        since = min(since, wait.joined_at)
    return min(waited, rules.credit_at_most_seconds)


def _latest_first(waits: tuple[Wait, ...]) -> list[Wait]:
    return sorted(waits, key=lambda wait: wait.ended_at, reverse=True)


def merged(one: Person, other: Person) -> Person:
    """What is known of a person from two sides, such as from before a restart and since."""
    answered_at = _latest(one.answered_at, other.answered_at)
    waits = {*one.waits, *other.waits}
    since = {wait for wait in waits if answered_at is None or wait.ended_at > answered_at}
    latest = max(one, other, key=lambda p: (bool(p.number), p.seen_at, p.number))
    both = Person(
        one.id,
        max(one.seen_at, other.seen_at),
        tuple(sorted(since, key=lambda w: (w.ended_at, w.joined_at, w.dialled_at)))[-MOST_WAITS:],
        answered_at,
        _latest(one.shared_at, other.shared_at),
        number=latest.number,
        no_callback=one.no_callback or other.no_callback,
        formerly=max(one.formerly, other.formerly),
        queue=latest.queue,
        topic=latest.topic,
        language=latest.language,
        urgency=latest.urgency,
    )
    return both if since else both.without_number()


def _latest(one: float | None, other: float | None) -> float | None:
    return max((at for at in (one, other) if at is not None), default=None)


def _answered(person: str, at: float) -> Person:
    """One of whom nothing else is known than when somebody answered."""
    return Person(person, at, answered_at=at)


class People:
    """All people by id, and their calls that are here now.

    Whatever changes what is known of a person returns that; None: nothing that has to be stored.
    There are many people of whom little is known: of who was answered, and has not called since,
    only that moment is kept, and nothing of who only ever was in menus.
    """

    def __init__(self, rules: FairnessRules) -> None:
        self.rules = rules
        self._known: dict[str, Person] = {}  # but for those in `_answered`
        self._answered: dict[str, float] = {}  # when somebody did of whom nothing else is known
        self._here: dict[str, dict[str, float]] = {}  # by person: calls, and when they came
        self._renamed: dict[str, str] = {}  # ids by a key that was replaced, and those of today
        self._holders: dict[str, str] = {}  # by person: the call that has the credit

    def __iter__(self) -> Iterator[Person]:
        """All who are known."""
        yield from self._known.values()
        yield from (_answered(person, at) for person, at in self._answered.items())

    def __len__(self) -> int:
        return len(self._known) + len(self._answered)

    def get(self, person: str) -> Person | None:
        """What is known of a person."""
        at = self._answered.get(person)
        return self._known.get(person) if at is None else _answered(person, at)

    def abandoned(self) -> Iterator[Person]:
        """Those who have abandoned a wait, and have not been answered since."""
        return (person for person in self._known.values() if person.waits)

    def calls_here(self, person: str) -> Iterable[str]:
        """The person's calls that are here, in the order in which they came."""
        return self._here.get(person, ())

    def restore(self, stored: Person) -> Person:
        """Add what an earlier run has stored of a person, who may have another id by now."""
        person_id = self.current(stored.id)
        seen_at = max(stored.seen_at, *self._here.get(person_id, {}).values(), -inf)
        stored = replace(stored, id=person_id, seen_at=seen_at)
        known = self.get(stored.id)
        person = self._put(merged(known, stored) if known else stored)
        if person.formerly:
            self._renamed[person.formerly] = person.id
        return person

    def current(self, person: str) -> str:
        """Today's id of a person, for one from before the key of hashes was replaced."""
        return self._renamed.get(person, person)

    def former(self, person: str) -> str:
        """The id of a person before the key of hashes was replaced; empty when there is none."""
        known = self.get(person)
        return known.formerly if known else ""

    # --- what happens ----------------------------------------------------------------------

    def arrived(self, person: str, call_id: str, now: float) -> Person | None:
        """A call of a person is here, since now or before; to be told again changes nothing."""
        if not person:
            return None
        here = self._here.setdefault(person, {})
        if call_id in here:
            return None
        here[call_id] = now
        known = self.get(person)
        if known is not None:
            known = self._put(replace(known, seen_at=max(known.seen_at, now)))
        if len(here) < self.rules.shared_number_calls:
            return None
        known = known or Person(person, max(here.values()))
        return self._put(replace(known.without_number(), waits=(), shared_at=now))

    def credit(self, person: str, now: float) -> float:
        """Seconds of credit that a call would have that came and joined now, if none had it."""
        known = self.get(person)
        return credit(known, now, now, self.rules) if known else 0.0

    def claim(
        self, person: str, call_id: str, now: float, booked_since: float | None = None
    ) -> float:
        """The seconds of credit of a call that joins now; it has them until it ends.

        `booked_since`: the effective arrival of whoever is to be called back, and waits since then.
        0 for a call that is not known to be here, and while another one of the person has it.
        """
        known, dialled_at = self.get(person), self._here.get(person, {}).get(call_id)
        if dialled_at is None or self._holders.get(person, call_id) != call_id:
            return 0.0
        seconds = credit(known, dialled_at, now, self.rules) if known else 0.0
        if booked_since is not None and not (known and is_shared(known, now, self.rules)):
            seconds = max(seconds, now - booked_since)
        if seconds:
            self._holders[person] = call_id
        return seconds

    def holds(self, person: str, call_id: str) -> None:
        """A call is known to have the credit, from before a restart."""
        if person:
            self._holders.setdefault(person, call_id)

    def answered(self, person: str, now: float) -> Person | None:
        """Somebody has answered the person, and that stands."""
        return self._change(person, waits=(), answered_at=now, seen_at=now)

    def ended(self, call: Call, answered: bool) -> Person | None:
        """A call has ended; `answered`: with a person who had taken it."""
        person, left_at = call.caller, call.left_at or call.received_at
        self._gone(person, call.id)
        if answered:
            return self.answered(person, left_at)
        if call.joined_at is None:
            return None
        known = self.get(person) or Person(person, left_at)
        if not person or is_shared(known, left_at, self.rules):
            return None
        answered_at = known.answered_at
        if answered_at is not None and left_at <= answered_at:
            return None
        began = call.joined_at if answered_at is None else max(call.joined_at, answered_at)
        wait = Wait(call.received_at, began, max(began, left_at))
        if wait in known.waits:
            return None
        waits = (*known.waits, wait)[-MOST_WAITS:]
        return self._change(person, waits=waits, seen_at=max(known.seen_at, left_at))

    def _gone(self, person: str, call_id: str) -> None:
        if here := self._here.get(person):
            here.pop(call_id, None)
            if not here:
                del self._here[person]
        if self._holders.get(person) == call_id:
            del self._holders[person]

    def _change(
        self,
        person: str,
        *,
        waits: tuple[Wait, ...],
        seen_at: float,
        answered_at: float | None = None,
    ) -> Person | None:
        if not person:
            return None
        known = self.get(person) or Person(person, seen_at)
        changed = replace(
            known,
            waits=waits,
            seen_at=max(seen_at, known.seen_at),
            answered_at=_latest(known.answered_at, answered_at),
        )
        return self._put(changed if waits else changed.without_number())

    def _put(self, person: Person) -> Person:
        """This is what is known of a person from now on."""
        if person == _answered(person.id, person.seen_at):
            self._known.pop(person.id, None)
            self._answered[person.id] = person.seen_at
        else:
            self._answered.pop(person.id, None)
            self._known[person.id] = person
        return person

    def note_number(self, person: str, sealed: str, call: Call) -> Person:
        """Keep the number of one who gave up, sealed, and what that call was about."""
        known = replace(
            self.get(person) or Person(person, call.received_at),
            number=sealed,
            queue=call.queue,
            topic=call.topic,
            language=call.language,
            urgency=call.head_start.urgency,
        )
        return self._put(known)

    def refuse_callback(self, person: str, refused: bool, now: float) -> Person:
        """Note whether a person has asked not to be called back; one who has is not forgotten."""
        known = self.get(person) or Person(person, now)
        return self._put(replace(known.without_number() if refused else known, no_callback=refused))

    def rename(self, before: str, person: str, now: float) -> Person | None:
        """The person who was known as `before` has another id from now on; None if that is known.

        What one of both has done is the other's.
        """
        known, former = self.get(person) or Person(person, now), self.get(before)
        if former is None and known.formerly == before:
            return None
        if former is not None:
            self._remove(before)
            known = merged(known, replace(former, id=person))
        self._here.setdefault(person, {}).update(self._here.pop(before, {}))
        if not self._here[person]:
            del self._here[person]
        if before in self._holders:
            self._holders.setdefault(person, self._holders.pop(before))
        self._renamed[before] = person
        return self._put(replace(known, formerly=before))

    def forget(self, person: str) -> bool:
        """Forget all that is known of a person; False if nothing was."""
        known = self.get(person)
        if known is not None:
            self._remove(person)
            self._renamed.pop(known.formerly, None)
        return known is not None

    def _remove(self, person: str) -> None:
        self._known.pop(person, None)
        self._answered.pop(person, None)

    def forget_old(self, now: float) -> list[str]:
        """Forget who had no call for so long, and has none here; their ids."""
        latest = now - self.rules.keep_seconds
        old = [
            person.id
            for person in self._known.values()
            if person.seen_at < latest and person.id not in self._here and not person.no_callback
        ]
        old += [
            person_id
            for person_id, at in self._answered.items()
            if at < latest and person_id not in self._here
        ]
        for person_id in old:
            self.forget(person_id)
        return old
