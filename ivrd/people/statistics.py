"""The people of the last 24 hours, counted as calls come and go.

A leader begins with the calls that were stored in the two days before, whose people may not be
over yet: it reads them page by page, and counts them beside the calls, while it counts what it sees
itself.  Where both have a call, what was seen here counts.

Whose 24 hours end is counted once, also when that is while nobody leads: until when it is counted
is stored, and the next leader counts on from there.
"""

import asyncio
import logging
from bisect import bisect_right
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from ivrd import log
from ivrd.calls.menu_call import MenuPosition
from ivrd.core.call import Call
from ivrd.core.call_notices import Ended, Notice
from ivrd.core.day import CompletedCall, completed_call
from ivrd.core.people_episodes import EPISODE_SECONDS
from ivrd.core.people_figures import PeopleCount, PersonCall, call_in_progress, call_over
from ivrd.store import StoreDown

READ_SECONDS = 2 * EPISODE_SECONDS  # whoever called earlier than that first is over

logger = logging.getLogger("ivrd")


class CallHistory(Protocol):
    """The calls that have ended; see ha/call_repository.py."""

    def ended_calls(self, since: float) -> AsyncIterator[list[CompletedCall]]:
        """Those that began since then, page by page; raises `StoreDown`."""


class Ids(Protocol):
    """People's ids before and after the key of hashes was replaced; see core/people.py."""

    def current(self, person: str) -> str:
        """Today's id of a person."""

    def former(self, person: str) -> str:
        """The id before that; empty when there is none."""


class Counted(Protocol):
    """Until when it is counted what became of people; see repository.py."""

    def put(self, at: float) -> None:
        """It is, until this moment."""

    async def read(self) -> float | None:
        """The moment that was stored last; None for none.  Raises `StoreDown`."""


class PeopleStatistics:
    """Counts people once this ivrd leads (`restore`).

    `clock` gives this moment on the timeline of the calls.
    """

    def __init__(
        self,
        history: CallHistory,
        calls: Mapping[str, Call],
        shared_number_calls: int,
        people: Ids,
        counted: Counted,
        clock: Callable[[], float],
    ) -> None:
        self.count = PeopleCount(shared_number_calls)
        self._history = history
        self._calls = calls
        self._people = people
        self._counted = counted
        self._clock = clock
        self._leads = False
        self._told: dict[str, PersonCall] = {}  # calls that are here, as they were counted last
        self._seen: dict[str, PersonCall] | None = {}  # all since the start, until the others are
        self._reading: asyncio.Task[None] | None = None

    # --- what happens to calls -------------------------------------------------------------

    def moved(self, call: Call, _position: MenuPosition | None) -> None:
        """A call is here, and may have joined a queue or talk with somebody."""
        if call.id not in self._told and call.caller not in self.count:
            self.count.rename(self._people.former(call.caller), call.caller)
        said = call_in_progress(call)
        if self._leads and self._told.get(call.id) != said:
            self._told[call.id] = said
            self._take(said)

    def notice(self, notice: Notice) -> None:
        """A call may have ended."""
        if self._leads and isinstance(notice, Ended):
            self._told.pop(notice.call.id, None)
            self._take(call_over(completed_call(notice)))

    def _take(self, call: PersonCall) -> None:
        self.expire()
        self.count.take(call)
        if self._seen is not None:
            self._seen[call.id] = call

    def expire(self) -> None:
        """Count what became of those whose 24 hours are over by now."""
        now, before = self._clock(), self.count.finished.total()
        self.count.expire(now)
        if self._seen is None and self.count.finished.total() > before:
            self._counted.put(now)

    # --- what happened before --------------------------------------------------------------

    @property
    def complete(self) -> bool:
        """Whether the calls before are counted."""
        return self._seen is None

    async def restore(self) -> None:
        """Count from now on, and begin to read the calls before; the store may be down."""
        self._leads = True
        for call in self._calls.values():
            self.moved(call, None)
        self._read()

    def write_again(self) -> None:
        """The store is back: what could not be read before may be read now."""
        self._read()

    def _read(self) -> None:
        if self._seen is not None and (self._reading is None or self._reading.done()):
            self._reading = asyncio.ensure_future(self._read_history())

    async def _read_history(self) -> None:
        past: list[PersonCall] = []
        try:
            since = await self._counted.read()
            async for page in self._history.ended_calls(self._clock() - READ_SECONDS):
                past += map(call_over, page)
        except StoreDown:
            return
        seen, self._seen = self._seen or {}, {}
        older = [call for call in past if call.id not in seen]
        threshold, until = self.count.shared_number_calls, self._clock()
        since = until if since is None else min(since, until)
        calls = [*older, *seen.values()]
        count = await asyncio.to_thread(_counted, calls, threshold, self._now, since, until)
        for call in self._seen.values():
            count.take(call)
        count.finished.update(self.count.finished)
        self.count, self._seen = count, None
        self._counted.put(until)
        log.event(logger, logging.INFO, "people are counted since yesterday", calls=len(older))

    def _now(self, call: PersonCall) -> PersonCall:
        """A call with its caller's hash of today."""
        caller = self._people.current(call.caller)
        return call if caller == call.caller else replace(call, caller=caller)


def _counted(
    calls: Iterable[PersonCall],
    threshold: int,
    now: Callable[[PersonCall], PersonCall],
    since: float,
    until: float,
) -> PeopleCount:
    """All calls, counted; `finished` has those alone whose 24 hours were over between two moments.

    `now(call)`: the call with its caller's hash of today.
    """
    count = PeopleCount(threshold)
    ordered = sorted(map(now, calls), key=lambda call: call.began_at)
    first_later = bisect_right(ordered, since, key=lambda call: call.began_at)
    _take(count, ordered[:first_later], since)
    before = Counter(count.finished)
    _take(count, ordered[first_later:], until)
    count.finished.subtract(before)
    return count


def _take(count: PeopleCount, calls: Iterable[PersonCall], until: float) -> None:
    for call in calls:
        count.expire(call.began_at)
        count.take(call)
    count.expire(until)
