"""Watches who dials again after a link, and withdraws it when too many do."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from ivrd import log
from ivrd.calls.menu_call import MenuPosition
from ivrd.core.call import Call, Outcome
from ivrd.core.call_notices import Ended, Notice
from ivrd.core.day import CompletedCall
from ivrd.core.deflection import REDIAL_SECONDS, WINDOW_SECONDS, Deflections, Rules
from ivrd.store import StoreDown

logger = logging.getLogger("ivrd")

READ_SECONDS = WINDOW_SECONDS + REDIAL_SECONDS
PRUNED_AT_A_TIME = 4


@dataclass(frozen=True)
class _Seen:
    """A received call.  deflected_at: None of one that was not."""

    person: str
    began_at: float
    deflected_at: float | None = None


class CallHistory(Protocol):
    """The calls that have ended; see ha/call_repository.py."""

    def ended_calls(self, since: float) -> AsyncIterator[list[CompletedCall]]:
        """Those that began since then, page by page; raises `StoreDown`."""


class LinkRegret:
    """Follows the calls once this ivrd leads (`restore`), and reads those that have ended before.

    A standby keeps nothing of them: the leader would not reach it when it erases a person.  What a
    restart ends is a pause: it begins anew when the share is still above the limit.

    `here`: the calls in progress, as the ledger has them.  `clock`: their timeline.
    """

    def __init__(
        self,
        rules: Rules,
        history: CallHistory,
        here: Mapping[str, Call],
        clock: Callable[[], float],
    ) -> None:
        self.deflections = Deflections(rules)
        self._history = history
        self._calls = here
        self._clock = clock
        self._leads = False
        self._reading: asyncio.Task[None] | None = None
        # All since this ivrd leads, until those before are read; the oldest first.
        self._seen: dict[str, _Seen] | None = {}
        self._here: set[str] = set()  # calls whose beginning is counted

    # --- what happens to calls -------------------------------------------------------------

    def moved(self, call: Call, _position: MenuPosition | None) -> None:
        """A call is here."""
        if self._leads and call.received and call.id not in self._here:
            self._here.add(call.id)
            self.deflections.called(call.caller, call.received_at)
            self._note(call.id, _Seen(call.caller, call.received_at))

    def notice(self, notice: Notice) -> None:
        """A call may have ended."""
        if not self._leads or not isinstance(notice, Ended):
            return
        self.moved(notice.call, None)
        self._here.discard(notice.call.id)
        if notice.outcome is Outcome.DEFLECTED and notice.call.received:
            at = notice.call.ended_at or self._clock()
            self.deflections.deflected(notice.call.caller, at)
            seen = _Seen(notice.call.caller, notice.call.received_at, at)
            self._note(notice.call.id, seen)

    def _note(self, call_id: str, seen: "_Seen") -> None:
        if self._seen is None:
            return
        self._seen[call_id] = seen
        since = self._clock() - READ_SECONDS
        for first in list(islice(self._seen, PRUNED_AT_A_TIME)):
            if self._seen[first].began_at < since:
                del self._seen[first]

    @property
    def complete(self) -> bool:
        """Whether the calls before are read."""
        return self._seen is None

    def erase(self, person: str) -> None:
        """Forget whose the calls of this person were: they are those of a withheld number now."""
        self.deflections.erase(person)

    # --- whether it is offered -------------------------------------------------------------

    def offered(self) -> bool:
        """Whether the link is offered now."""
        return self.deflections.offered(self._clock())

    def look(self) -> None:
        """Each second: withdraw it when too many of those who were sent one dial again."""
        now = self._clock()
        share = self.deflections.look(now)
        if share is not None:
            seconds = self.deflections.rules.pause_seconds
            what = "links are not offered any more: too many dial again"
            limit = self.deflections.rules.most
            log.event(logger, logging.WARNING, what, share=share, limit=limit, for_seconds=seconds)

    # --- what happened before --------------------------------------------------------------

    async def restore(self) -> None:
        """Follow the calls from now on, and begin to read those before; the store may be down."""
        self._leads = True
        for call in self._calls.values():
            self.moved(call, None)
        self._begin()

    def write_again(self) -> None:
        """The store is back: what could not be read before may be read now."""
        self._begin()

    def _begin(self) -> None:
        if self._seen is not None and (self._reading is None or self._reading.done()):
            self._reading = asyncio.ensure_future(self._read_history())

    async def _read_history(self) -> None:
        found: dict[str, _Seen] = {}
        try:
            async for page in self._history.ended_calls(self._clock() - READ_SECONDS):
                found.update((call.call_id, _seen(call)) for call in page if call.result is None)
        except StoreDown:
            return
        before, seen = self.deflections, {**found, **(self._seen or {})}
        self._seen, self.deflections = None, _replayed(before.rules, seen.values())
        # Counted are those that were seen here.
        self.deflections.regretted = before.regretted
        self.deflections.withdrawn_until = before.withdrawn_until


def _seen(call: CompletedCall) -> _Seen:
    deflected = call.outcome is Outcome.DEFLECTED
    at = call.received_at if call.ended_at is None else call.ended_at
    return _Seen(call.caller, call.received_at, at if deflected else None)


def _replayed(rules: Rules, calls: Collection[_Seen]) -> Deflections:
    """What there is after these, in the order of time."""
    deflections = Deflections(rules)
    moments = [(call.began_at, False, call.person) for call in calls]
    moments += [(c.deflected_at, True, c.person) for c in calls if c.deflected_at is not None]
    for at, deflected, person in sorted(moments):
        if deflected:
            deflections.deflected(person, at)
        else:
            deflections.called(person, at)
    return deflections
