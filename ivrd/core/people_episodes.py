"""A person's calls within 24 hours, kept for each who called, whether they are still here or not.

Most people have no call here, and of them little matters: how their 24 hours stand, and since when
these are counted.  Many are alike but for that moment, so all who are alike are in one dict.
Whoever has a call here, or had one a moment ago, has an `Episode` with these calls.

What may live here: how episodes are kept, and when they end.  Not: what they are counted for
(people_figures.py).  Times are seconds since the epoch.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from math import inf
from typing import NamedTuple

EPISODE_SECONDS = 24 * 3600.0
LATE_SECONDS = 60.0  # for which a call may still be told that began before another one ended
LOOK_SECONDS = 600.0
NOBODY: frozenset[str] = frozenset()  # one for all who talk with nobody


@dataclass(slots=True)
class Episode:
    """A person's calls within 24 hours.

    `since`: when the call began in which the person `asked` for somebody first, or, until there is
    one, the first call.  `lines`: when those end that may still be there.  `talks`: the calls in
    which the person talks now; one that comes back into a queue was not answered after all.
    """

    since: float
    calls: int = 0
    asked: bool = False
    answered: bool = False
    shared: bool = False
    lines: dict[str, float] = field(default_factory=dict)
    talks: frozenset[str] = NOBODY

    @property
    def over_at(self) -> float:
        """When the 24 hours end."""
        return self.since + EPISODE_SECONDS


def joined(one: Episode, other: Episode) -> Episode:
    """Two episodes that were one person's."""
    asked = [each.since for each in (one, other) if each.asked]
    return Episode(
        since=min(asked or (one.since, other.since)),
        calls=one.calls + other.calls,
        asked=bool(asked),
        answered=one.answered or other.answered,
        shared=one.shared or other.shared,
        lines=one.lines | other.lines,
        talks=one.talks | other.talks,
    )


class _Alike(NamedTuple):
    """What is the same of many people who have no call here."""

    calls: int
    asked: bool
    answered: bool
    shared: bool


class Episodes:
    """The episodes of all people.

    `get` gives a person's episode; whoever changes it gives it back with `put`.
    """

    def __init__(self) -> None:
        self._here: dict[str, Episode] = {}  # of who has a call here, or had one a moment ago
        self._since: dict[_Alike, dict[str, float]] = {}  # of all others
        self._ended: deque[tuple[float, str]] = deque()  # calls, as they were told to have ended

    def __contains__(self, caller: str) -> bool:
        return caller in self._here or self._alike(caller) is not None

    def get(self, caller: str) -> Episode | None:
        """A person's episode; None for who has none."""
        if (episode := self._here.get(caller)) is not None:
            return episode
        if (alike := self._alike(caller)) is None:
            return None
        return Episode(self._since[alike][caller], *alike)

    def put(self, caller: str, episode: Episode) -> None:
        """A person's episode is this from now on."""
        here = bool(episode.lines or episode.talks)
        if here and self._here.get(caller) is episode:
            return
        self._remove(caller)
        if here:
            self._here[caller] = episode
        else:
            alike = _Alike(episode.calls, episode.asked, episode.answered, episode.shared)
            self._since.setdefault(alike, {})[caller] = episode.since

    def pop(self, caller: str) -> Episode | None:
        """Forget a person's episode; None if there was none."""
        episode = self.get(caller)
        self._remove(caller)
        return episode

    def ended(self, caller: str, at: float) -> None:
        """It was told of one of a person's calls that it ends, or has ended, `at`."""
        self._ended.append((at, caller))

    def ends(self) -> Iterator[tuple[float, str]]:
        """When each person's episode ends."""
        yield from ((episode.over_at, caller) for caller, episode in self._here.items())
        for people in self._since.values():
            yield from ((since + EPISODE_SECONDS, caller) for caller, since in people.items())

    def settle(self, now: float) -> None:
        """Keep no calls of those of whom none is here any more, now that a call begins."""
        while self._ended and self._ended[0][0] + LATE_SECONDS <= now:
            _at, caller = self._ended.popleft()
            episode = self._here.get(caller)
            if episode is None or episode.talks:
                continue
            if all(ends + LATE_SECONDS <= now for ends in episode.lines.values()):
                episode.lines = {}
                self.put(caller, episode)

    def _alike(self, caller: str) -> _Alike | None:
        return next((alike for alike, people in self._since.items() if caller in people), None)

    def _remove(self, caller: str) -> None:
        if self._here.pop(caller, None) is None and (alike := self._alike(caller)) is not None:
            people = self._since[alike]
            del people[caller]
            if not people:
                del self._since[alike]


class EpisodeEnds:
    """Whose episodes are over, in the order in which they are.

    All are looked through each `LOOK_SECONDS` for those that end until the next time.  Of one that
    begins, or whose end moves, the end is added.
    """

    def __init__(self, episodes: Episodes) -> None:
        self._episodes = episodes
        self._until = -inf  # until when the ends are known
        self._next: list[tuple[float, str]] = []  # a heap of those

    def add(self, caller: str, over_at: float) -> None:
        """A person's episode ends then."""
        if over_at < self._until:
            heappush(self._next, (over_at, caller))

    def pop(self, now: float) -> str | None:
        """One whose episode is over; None when there is nobody."""
        if now >= self._until:
            self._until = now + LOOK_SECONDS
            self._next = [end for end in self._episodes.ends() if end[0] < self._until]
            heapify(self._next)
        while self._next and self._next[0][0] <= now:
            over_at, caller = heappop(self._next)
            episode = self._episodes.get(caller)
            if episode is not None and episode.over_at == over_at:
                return caller
        return None
