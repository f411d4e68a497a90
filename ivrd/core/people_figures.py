"""People in figures: how many called, how often each, who was answered, and who never was.

Theory of operation
-------------------
A person is counted once in 24 hours, however often the telephone rings.  The first call begins an
*episode*; it is over 24 hours after the call in which the person first asked for somebody, or, of a
person who only ever was in menus, after the first one.  Until then the person is in exactly one
state: answered by somebody, trying (asked, and nobody has answered yet), or in menus only.  When
the episode is over, who was trying was never reached.  So at every moment

    people = answered + trying + never reached + menu only

To ask is to join a queue, to be told that all lines are busy or that the hotline is closed, to fail
by a fault of ours, or to be promised a call back.

Withheld numbers are nobody's, and are counted in calls, apart.  So are the calls of a number that
was seen with `shared_number_calls` calls at a time: many people use it, and how many nobody knows.

What may live here: counting people.  Not: their credit (people.py), calls (ledger.py).  Times are
seconds since the epoch.
"""

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf

from ivrd.core.call import Call, CallState, Direction, Outcome
from ivrd.core.day import CompletedCall
from ivrd.core.people_episodes import (
    EPISODE_SECONDS,
    NOBODY,
    Episode,
    EpisodeEnds,
    Episodes,
    joined,
)

ASKED = frozenset({Outcome.REJECTED, Outcome.FAILED, Outcome.CALLBACK})  # without a queue, too


class PersonState(StrEnum):
    """What became of a person; see above."""

    ANSWERED = "answered"
    TRYING = "trying"
    NEVER_REACHED = "never_reached"
    MENU_ONLY = "menu_only"


@dataclass(frozen=True, slots=True)
class PersonCall:
    """What a call says of its person.

    `ended_at`: None while it is here.  `answered`: the person talks with somebody, or did so at its
    end.  `direction`: who dialled, the person or the hotline, which calls back.
    """

    id: str
    caller: str
    began_at: float
    ended_at: float | None
    asked: bool
    answered: bool
    direction: Direction = Direction.INBOUND


def call_in_progress(call: Call) -> PersonCall:
    """What a call says that is here."""
    return PersonCall(
        id=call.id,
        caller=call.caller,
        began_at=call.received_at,
        ended_at=None,
        asked=call.joined_at is not None,
        answered=call.state is CallState.TALK or call.answered_at is not None,
        direction=call.direction,
    )


def call_over(call: CompletedCall) -> PersonCall:
    """What a call says that has ended."""
    return PersonCall(
        id=call.call_id,
        caller=call.caller,
        began_at=call.received_at,
        ended_at=call.received_at if call.ended_at is None else call.ended_at,
        asked=call.wait_seconds is not None or call.outcome in ASKED,
        answered=call.outcome is Outcome.ANSWERED,
        direction=call.direction,
    )


@dataclass(frozen=True)
class PeopleFigures:
    """People by state, and the calls of which they are made.

    `calls` of people, `withheld_calls` of nobody, `shared_calls` of `shared_numbers` numbers: these
    three are all calls.
    """

    people: Mapping[PersonState, int]
    calls: int
    withheld_calls: int
    shared_numbers: int
    shared_calls: int

    @property
    def total(self) -> int:
        """All people."""
        return sum(self.people.values())

    @property
    def redials(self) -> int:
        """Calls of people who had called before."""
        return self.calls - self.total


class PeopleCount:
    """Counts people, call by call.

    `finished`: people by what became of them in episodes that are over.
    """

    def __init__(self, shared_number_calls: int) -> None:
        self.shared_number_calls = shared_number_calls
        self.finished: Counter[PersonState] = Counter()
        self._episodes = Episodes()
        self._ends = EpisodeEnds(self._episodes)
        self._states: Counter[PersonState] = Counter()
        self._trying: list[float] = []  # when each of those asked first, in order
        self._calls = self._shared_calls = self._shared_numbers = 0
        self._withheld: dict[str, float] = {}  # calls, and when each began

    def __contains__(self, caller: str) -> bool:
        return caller in self._episodes

    def take(self, call: PersonCall) -> None:
        """A call has begun, has changed or has ended; once it has, it is not told again.

        Calls are told in the order in which they began.  One by which the hotline calls back says
        something of a person who is counted, and makes nobody one.
        """
        inbound = call.direction is Direction.INBOUND
        if not call.caller:
            if inbound:
                self._withheld[call.id] = call.began_at
            return
        self._episodes.settle(call.began_at)
        episode = self._episodes.get(call.caller)
        if episode is None and inbound:
            episode = self._begin(call.caller, call.began_at)
        if episode is not None:
            self._change(call.caller, episode, call)

    def later(self, call: PersonCall) -> None:
        """A call of a person who is counted already, from after the time that is counted."""
        episode = self._episodes.get(call.caller)
        if episode and call.answered and call.began_at < episode.over_at:
            self._change(call.caller, episode, replace(call, direction=Direction.CALLBACK))

    def rename(self, before: str, now: str) -> None:
        """The same person has another hash from now on; nothing if nobody has the one before."""
        old = self._episodes.pop(before)
        if old is None:
            return
        self._enter(old, -1)
        known = self._episodes.get(now)
        if known is not None:
            self._enter(known, -1)
        episode = old if known is None else joined(old, known)
        self._episodes.put(now, episode)
        self._enter(episode, 1)
        self._ends.add(now, episode.over_at)

    def forget(self, caller: str) -> None:
        """Count a person no more, nor the calls."""
        if episode := self._episodes.pop(caller):
            self._enter(episode, -1)

    def expire(self, now: float) -> None:
        """End the episodes that are over, and forget their people."""
        while (caller := self._ends.pop(now)) is not None:
            self._finish(caller)
        while self._withheld:
            call_id, began_at = next(iter(self._withheld.items()))
            if began_at + EPISODE_SECONDS > now:
                break
            del self._withheld[call_id]

    def figures(self) -> PeopleFigures:
        """All who are counted now; `finished` is not among them."""
        return PeopleFigures(
            people={state: self._states[state] for state in PersonState},
            calls=self._calls,
            withheld_calls=len(self._withheld),
            shared_numbers=self._shared_numbers,
            shared_calls=self._shared_calls,
        )

    def trying(self, at_least: Sequence[float], now: float) -> list[int]:
        """How many have been trying for at least so many seconds, each."""
        return [bisect_right(self._trying, now - seconds) for seconds in at_least]

    def longest_trying(self, now: float) -> float:
        """For how many seconds the one has been trying who has for longest; 0 when nobody is."""
        return max(0.0, now - self._trying[0]) if self._trying else 0.0

    # --- one person ------------------------------------------------------------------------

    def _begin(self, caller: str, at: float) -> Episode:
        episode = Episode(at)
        self._enter(episode, 1)
        self._ends.add(caller, episode.over_at)
        return episode

    def _change(self, caller: str, episode: Episode, call: PersonCall) -> None:
        """Change an episode by what a call says, and the sums with it."""
        over_at = episode.over_at
        self._enter(episode, -1)
        if call.direction is Direction.INBOUND:
            self._lines(episode, call)
        if call.asked and not episode.asked:
            episode.asked, episode.since = True, call.began_at
        if call.answered and call.ended_at is None:
            episode.talks |= {call.id}
        elif call.id in episode.talks:
            episode.talks = (episode.talks - {call.id}) or NOBODY
        episode.answered |= call.answered and call.ended_at is not None
        self._enter(episode, 1)
        self._episodes.put(caller, episode)
        if call.ended_at is not None:
            self._episodes.ended(caller, call.ended_at)
        if episode.over_at != over_at:
            self._ends.add(caller, episode.over_at)

    def _lines(self, episode: Episode, call: PersonCall) -> None:
        """Count the call once, and how many the number has at a time.

        Of a number that is shared only the calls matter that are here: there may be thousands.
        """
        lines, ended_at = episode.lines, inf if call.ended_at is None else call.ended_at
        episode.calls += call.id not in lines
        if episode.shared and call.ended_at is not None:
            lines.pop(call.id, None)
            return
        if not episode.shared and call.id not in lines:
            for other in [id_ for id_, ends in lines.items() if ends <= call.began_at]:
                del lines[other]
        lines[call.id] = ended_at
        episode.shared |= len(lines) >= self.shared_number_calls

    def _enter(self, episode: Episode, sign: int) -> None:
        """Add an episode to the sums, or take it out (sign: -1)."""
        if episode.shared:
            self._shared_numbers += sign
            self._shared_calls += sign * episode.calls
            return
        self._calls += sign * episode.calls
        state = _state(episode)
        self._states[state] += sign
        if state is PersonState.TRYING and sign > 0:
            insort(self._trying, episode.since)
        elif state is PersonState.TRYING:
            del self._trying[bisect_left(self._trying, episode.since)]

    def _finish(self, caller: str) -> None:
        episode = self._episodes.pop(caller)
        if episode is None:
            return
        self._enter(episode, -1)
        if not episode.shared:
            state = _state(episode)
            self.finished[PersonState.NEVER_REACHED if state is PersonState.TRYING else state] += 1


def _state(episode: Episode) -> PersonState:
    if episode.answered or episode.talks:
        return PersonState.ANSWERED
    return PersonState.TRYING if episode.asked else PersonState.MENU_ONLY


@dataclass(frozen=True)
class DayPeople:
    """A day in people.  `figures`: all of them, each once.

    `longest_trying_seconds`: of those who have asked for somebody, and may still be answered within
    24 hours; 0 when there is none.
    """

    figures: PeopleFigures
    longest_trying_seconds: float


def people_of_day(
    calls: Iterable[PersonCall],
    later: Iterable[PersonCall],
    now: float,
    shared_number_calls: int,
) -> DayPeople:
    """Count the people of a day's calls; `later`: the calls of the day after."""
    count = PeopleCount(shared_number_calls)
    for call in sorted(calls, key=lambda call: call.began_at):
        count.take(call)
    for call in later:
        count.later(call)
    figures = count.figures()
    count.expire(now)
    never = count.finished[PersonState.NEVER_REACHED]
    people = dict(figures.people)
    people[PersonState.TRYING] -= never
    people[PersonState.NEVER_REACHED] += never
    return DayPeople(replace(figures, people=people), count.longest_trying(now))
