"""Which calls were served, and who dials again after them; see core/repeat_calls.py.

Whether a matter was settled is asked after the talk, when the call is over for all counts, and
stands in queue_log alone (`answered`), a second or two later.  Whether a caller has heard the state
of a case is where the call was in its menu (`moved`).

A new leader reads what was stored of the last day, and marks the redials that happened while nobody
led.  A standby keeps whose no call was: the leader would not reach it when it erases a person.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from ivrd.calls.menu_call import MenuPosition
from ivrd.core.call import Call, Direction, Outcome
from ivrd.core.call_notices import Ended, Notice
from ivrd.core.case_menu import has_heard
from ivrd.core.day import CompletedCall
from ivrd.core.queue_log_replay import SettledEntry
from ivrd.core.repeat_calls import DAY_SECONDS, After, RepeatCalls, ServedCall
from ivrd.core.skills import queue_in_words
from ivrd.ha.leadership import LeaderStatus
from ivrd.repeats.repository import ServedCallRepository
from ivrd.store import StoreDown

LONGEST_CALL_SECONDS = 4 * 3600.0  # of one that is still found by its id
MOST_ENDED = 10_000  # calls that may still be said to be settled


class CallHistory(Protocol):
    """The calls that have ended; see ha/call_repository.py."""

    def ended_calls(self, since: float) -> AsyncIterator[list[CompletedCall]]:
        """Those that began since then, page by page; raises `StoreDown`."""


class ServedListener(Protocol):
    """Counts; see metrics/repeats.py."""

    def served(self, call: ServedCall) -> None:
        """A call was served."""

    def redialled(self, call: ServedCall) -> None:
        """Its person has dialled again within a day."""


class RepeatTracker:
    """`here`: the calls in progress, as the ledger has them.  `clock`: their timeline."""

    def __init__(
        self,
        repository: ServedCallRepository,
        history: CallHistory,
        here: Mapping[str, Call],
        leadership: LeaderStatus,
        listener: ServedListener,
        clock: Callable[[], float],
    ) -> None:
        self.repeats = RepeatCalls()
        self._repository = repository
        self._history = history
        self._calls = here
        self._leadership = leadership
        self._listener = listener
        self._clock = clock
        self._here: set[str] = set()  # calls whose beginning is counted
        self._case_told: set[str] = set()  # calls that have heard the state of a case
        # Of ended calls, the oldest first: whose each was, and when it was received.
        self._ended: dict[str, tuple[str, float]] = {}
        self._known: dict[str, float] = {}  # served calls of the last day, and when each ended
        self._early: list[SettledEntry] = []  # until the store is read
        self._read = False
        self._reading: asyncio.Task[None] | None = None
        self._forget_at = 0.0

    # --- what happens to calls -------------------------------------------------------------

    def moved(self, call: Call, position: MenuPosition | None) -> None:
        """A call is here; it may be about a case whose state the caller has just heard."""
        if call.received and call.id not in self._here:
            self._here.add(call.id)
            self._redialled(self.repeats.called(call.caller, call.received_at))
        if position is not None and has_heard(position.visit):
            self._case_told.add(call.id)

    def notice(self, notice: Notice) -> None:
        """A call may have ended."""
        if not isinstance(notice, Ended):
            return
        call = notice.call
        self.moved(call, None)
        self._here.discard(call.id)
        if self._leadership.is_leader:
            self._remember(call.id, call.caller, call.received_at)
        case_told = call.id in self._case_told
        self._case_told.discard(call.id)
        if case_told and notice.outcome is Outcome.SELF_SERVED:
            at = self._clock() if call.ended_at is None else call.ended_at
            self._serve(ServedCall(call.id, at, After.CASE_TOLD))

    def answered(self, entry: SettledEntry) -> None:
        """queue_log has what a caller answered, perhaps once more."""
        if not self._read:
            self._early.append(entry)
        elif entry.call_id not in self._known:
            after = After(entry.answer)
            queue = queue_in_words(entry.queue)
            self._serve(ServedCall(entry.call_id, entry.at, after, queue, entry.partner))

    @property
    def complete(self) -> bool:
        """Whether the calls before are read."""
        return self._read

    def erase(self, person: str) -> None:
        """Forget whose the calls of this person were: they are those of a withheld number now."""
        self.repeats.erase(person)
        for call_id, (whose, received_at) in self._ended.items():
            if whose == person:
                self._ended[call_id] = ("", received_at)

    def _remember(self, call_id: str, person: str, received_at: float) -> None:
        self._ended[call_id] = (person, received_at)
        if len(self._ended) > MOST_ENDED:
            del self._ended[next(iter(self._ended))]

    def _serve(self, call: ServedCall) -> None:
        if not self._leadership.is_leader:
            return  # the leader counts it, and has it stored
        person, _received_at = self._ended.get(call.call_id, ("", 0.0))
        call = replace(call, known=bool(person))
        self._known[call.call_id] = call.at
        self._repository.put(call)
        self._listener.served(call)
        if person:
            self.repeats.served(call, person)
        self._forget()

    def _redialled(self, calls: Iterable[ServedCall]) -> None:
        for call in calls:
            if self._leadership.is_leader:
                self._repository.put(call)
                self._listener.redialled(call)

    def _forget(self) -> None:
        now = self._clock()
        if now >= self._forget_at:
            self._forget_at = now + DAY_SECONDS / 24
            self.repeats.forget(now - DAY_SECONDS)
            known = self._known.items()
            self._known = {call_id: at for call_id, at in known if at >= now - DAY_SECONDS}

    # --- what happened before --------------------------------------------------------------

    async def restore(self) -> None:
        """Begin to read what is stored of the last day; the store may be down."""
        self._begin()

    def write_again(self) -> None:
        """The store is back: what could not be read before may be read now."""
        self._begin()

    def _begin(self) -> None:
        if not self._read and (self._reading is None or self._reading.done()):
            self._reading = asyncio.ensure_future(self._read_history())

    async def _read_history(self) -> None:
        since = self._clock() - DAY_SECONDS
        calls: list[CompletedCall] = []
        try:
            served = await self._repository.since(since)
            async for page in self._history.ended_calls(since - LONGEST_CALL_SECONDS):
                calls += [call for call in page if call.caller]
        except StoreDown:
            return
        self._known.update((call.call_id, call.at) for call in served)
        persons = {call.call_id: call.caller for call in calls}
        for call in served:
            if call.known and not call.redialled and (person := persons.get(call.call_id)):
                self.repeats.served(call, person)
        seen, self._ended = self._ended, {}
        for each in calls:
            self._remember(each.call_id, each.caller, each.received_at)
            if each.direction is Direction.INBOUND:
                self._redialled(self.repeats.called(each.caller, each.received_at))
        here = [(call.caller, call.received_at) for call in self._calls.values() if call.received]
        for call_id, (person, received_at) in seen.items():
            self._remember(call_id, person, received_at)
        for person, received_at in (*seen.values(), *here):  # while it was being read
            self._redialled(self.repeats.called(person, received_at))
        self._read, early, self._early = True, self._early, []
        for entry in early:
            self.answered(entry)
