"""What is stored of calls, so that this ivrd after a restart, or another one, can go on.

Two kinds of entries: a call in progress (kind `calls`, by its id: as the ledger has it, and where
the caller is in the menu), and a call that has ended (kind `ended`, by its day and id), from which
a day's report is added up.  Writing never waits (see store/write_behind.py).
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from ivrd.calls.menu_call import MenuPosition
from ivrd.core.call import Call
from ivrd.core.call_notices import Ended, Notice
from ivrd.core.day import CompletedCall, completed_call
from ivrd.store import WriteBehind

CALLS, ENDED = "calls", "ended"
T = TypeVar("T")


@dataclass(frozen=True)
class StoredCall:
    """A call that was in progress when it was stored."""

    call: Call
    position: MenuPosition | None = None


STORED_CALL, COMPLETED_CALL = TypeAdapter(StoredCall), TypeAdapter(CompletedCall)


class CallRepository:
    """Stores calls as they move, once `begin` was called: a standby's are the leader's to store.

    Days are those of `zone`; `days` of them are kept.  `clock`: seconds since the epoch.
    `shift()`: what it is ahead of the timeline on which calls have their times; written down is
    the time of day.
    """

    def __init__(
        self,
        write_behind: WriteBehind,
        zone: tzinfo,
        days: int,
        clock: Callable[[], float],
        shift: Callable[[], float],
    ) -> None:
        self.skipped = 0  # entries that could not be read
        self._write_behind = write_behind
        self._zone = zone
        self._days = days
        self._clock = clock
        self._shift = shift
        self._today: date | None = None
        self._storing = False

    def begin(self) -> None:
        """Store from now on: this ivrd is the leader, and has read what was stored before."""
        self._storing = True

    def configure(self, zone: tzinfo, days: int) -> None:
        """From now on, days are those of `zone`, and so many of them are kept.

        Calls that have ended stay under the day that they were written down for.
        """
        self._zone, self._days, self._today = zone, days, None

    def moved(self, call: Call, position: MenuPosition | None) -> None:
        """A call is somewhere else than before."""
        if self._storing:
            written = StoredCall(_shifted(call, self._shift()), position)
            text = STORED_CALL.dump_json(written).decode()
            self._write_behind.put(CALLS, call.id, text)

    def notice(self, notice: Notice) -> None:
        """A call has ended: it belongs to its day now."""
        if self._storing and isinstance(notice, Ended):
            call = _shifted(notice.call, self._shift())
            day = self.day_at(call.received_at)
            text = COMPLETED_CALL.dump_json(completed_call(replace(notice, call=call))).decode()
            self._write_behind.put(ENDED, f"{day}/{notice.call.id}", text)
            self._write_behind.remove(CALLS, notice.call.id)
            self._forget_old_days()

    def day_at(self, at: float) -> date:
        """The hotline's day at a moment."""
        return datetime.fromtimestamp(at, UTC).astimezone(self._zone).date()

    def day_of(self, call: Call) -> date:
        """The day that a call in progress belongs to."""
        return self.day_at(call.received_at + self._shift())

    def oldest_day(self) -> date:
        """The first day whose calls are still kept."""
        return self.day_at(self._clock()) - timedelta(days=self._days)

    def _forget_old_days(self) -> None:
        today = self.day_at(self._clock())
        if today != self._today:
            self._today = today
            self._write_behind.forget(ENDED, f"{self.oldest_day()}")

    # --- reading: all of it raises `StoreDown` ---------------------------------------------

    async def calls(self) -> list[StoredCall]:
        """The calls that were in progress when they were last stored."""
        found: list[StoredCall] = []
        async for page in self._write_behind.pages(CALLS):
            back = -self._shift()
            for one in self._read(page, STORED_CALL):
                found.append(replace(one, call=_shifted(one.call, back)))
        return found

    async def ended_since(self, at: float) -> set[str]:
        """The ids of all calls that began at `at` or later and have ended.

        Asterisk's ids begin with the second in which the call did.  If the store loses them soon
        after this, they are written again: whoever wrote them has gone.
        """
        entries = await self._write_behind.adopt(ENDED, f"{self.day_at(at)}/{int(at)}")
        return {key.partition("/")[2] for key in entries}

    async def day(self, day: date) -> list[CompletedCall]:
        """All calls of a day that have ended."""
        entries = await self._write_behind.load(ENDED, f"{day}/", f"{day + timedelta(days=1)}/")
        return list(self._read(entries, COMPLETED_CALL))

    async def ended_calls(self, since: float) -> AsyncIterator[list[CompletedCall]]:
        """The calls that have ended and began since then, page by page in that order.

        Their moments, and `since`, are on the timeline on which calls have theirs.
        """
        ahead = self._shift()
        first = f"{self.day_at(since + ahead)}/{int(since + ahead)}"
        async for page in self._write_behind.pages(ENDED, first):
            yield [_back(call, ahead) for call in self._read(page, COMPLETED_CALL)]

    def _read(self, entries: Mapping[str, str], kind: TypeAdapter[T]) -> Iterator[T]:
        """Entries that cannot be parsed are counted and left out."""
        for text in entries.values():
            try:
                yield kind.validate_json(text)
            except ValidationError:
                self.skipped += 1


def _back(call: CompletedCall, seconds: float) -> CompletedCall:
    """The call with its moments earlier by so much."""
    if not seconds:
        return call
    ended_at = None if call.ended_at is None else call.ended_at - seconds
    return replace(call, received_at=call.received_at - seconds, ended_at=ended_at)


def _shifted(call: Call, seconds: float) -> Call:
    """The call with all its moments later by so much."""

    def later(at: float | None) -> float | None:
        return None if at is None else at + seconds

    if not seconds:
        return call
    return replace(
        call,
        received_at=call.received_at + seconds,
        joined_at=later(call.joined_at),
        effective_at=later(call.effective_at),
        connected_at=later(call.connected_at),
        ended_at=later(call.ended_at),
    )
