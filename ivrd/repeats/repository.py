"""The store's entries of served calls (kind `served`, by day and call)."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo

from pydantic import TypeAdapter, ValidationError

from ivrd.core.repeat_calls import ServedCall
from ivrd.store import WriteBehind

SERVED = "served"
SERVED_CALL = TypeAdapter(ServedCall)


class ServedCallRepository:
    """Whose call it was is not stored here: ended calls have that (ha/call_repository.py).

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

    def configure(self, zone: tzinfo, days: int) -> None:
        """From now on, days are those of `zone`, and so many of them are kept."""
        self._zone, self._days, self._today = zone, days, None

    def put(self, call: ServedCall) -> None:
        """Store a served call, also one whose person has dialled again by now."""
        call = replace(call, at=call.at + self._shift())
        key = f"{self._day(call.at)}/{call.call_id}"
        self._write_behind.put(SERVED, key, SERVED_CALL.dump_json(call).decode())
        today = self._day(self._clock())
        if today != self._today:
            self._today = today
            self._write_behind.forget(SERVED, f"{today - timedelta(days=self._days)}")

    def _day(self, at: float) -> date:
        return datetime.fromtimestamp(at, UTC).astimezone(self._zone).date()

    # --- reading: all of it raises `StoreDown` ---------------------------------------------

    async def of_day(self, day: date) -> list[ServedCall]:
        """Those of a day."""
        entries = await self._write_behind.load(SERVED, f"{day}/", f"{day + timedelta(days=1)}/")
        return list(self._read(entries))

    async def since(self, at: float) -> list[ServedCall]:
        """Those since a moment; it and theirs are on the timeline of the calls."""
        shift = self._shift()
        entries = await self._write_behind.load(SERVED, f"{self._day(at + shift)}/")
        calls = (replace(call, at=call.at - shift) for call in self._read(entries))
        return [call for call in calls if call.at >= at]

    async def between(self, start: float, end: float) -> AsyncIterator[list[ServedCall]]:
        """Those between two moments of the time of day, page by page."""
        async for page in self._write_behind.pages(SERVED, f"{self._day(start)}/"):
            calls = list(self._read(page))
            yield [call for call in calls if start <= call.at < end]
            if calls and calls[-1].at >= end + 86_400.0:
                return

    def _read(self, entries: Mapping[str, str]) -> Iterator[ServedCall]:
        """Entries that cannot be parsed are counted and left out."""
        for text in entries.values():
            try:
                yield SERVED_CALL.validate_json(text)
            except ValidationError:
                self.skipped += 1
