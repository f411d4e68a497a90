"""What partners and operators did in a period, read from the store page by page.

A year may have millions of entries: they are added up page by page, so that neither
memory nor callers' menus suffer.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Protocol, TypeVar

from ivrd.api import server
from ivrd.core import report
from ivrd.core.dates import period
from ivrd.core.repeat_calls import ServedCall
from ivrd.partners.repository import AuditEntry, PartnerRepository
from ivrd.partners.runtime import PartnerSetup
from ivrd.store import StoreDown

FLUSH_SECONDS = 1.0
MOST_ENTRIES = 10_000  # in one answer
T = TypeVar("T")


class ConfiguredPartners(Protocol):
    """The partners of the configuration; see partners/controller.py."""

    @property
    def setup(self) -> PartnerSetup:
        """As last reloaded."""


class ServedCalls(Protocol):
    """Calls that were served; see repeats/repository.py."""

    def between(self, start: float, end: float) -> AsyncIterator[Sequence[ServedCall]]:
        """Those between two moments, page by page; raises `StoreDown`."""


class PartnerReport:
    """Answers with what is stored of a period; days are those of `zone`.

    `clock` gives seconds since the epoch.
    """

    def __init__(
        self,
        repository: PartnerRepository,
        partners: ConfiguredPartners,
        served: ServedCalls,
        zone: tzinfo,
        clock: Callable[[], float],
    ) -> None:
        self._repository = repository
        self._partners = partners
        self._served = served
        self._zone = zone
        self._clock = clock

    def configure(self, zone: tzinfo) -> None:
        """From now on, days are those of `zone`."""
        self._zone = zone

    def queries(self) -> Mapping[str, server.Control]:
        """What GET answers."""
        return {"report": self._report, "audit": self._audit}

    async def _report(self, query: Mapping[str, str]) -> server.Answer:
        """What partners did for callers who came in ?from=DAY&to=DAY, both in the period."""
        start, end = self._period(query, self._repository.oldest_history())
        sums = report.Sums()
        pages = self._repository.history(start.timestamp(), end.timestamp())
        skipped = await self._each(pages, sums.add)
        served = self._served.between(start.timestamp(), end.timestamp())
        await self._each(served, sums.add_served)
        rows = [asdict(row) for row in sums.rows(self._partners.setup.partners)]
        missing = self._missing(start, self._repository.oldest_history())
        return _answer(start, end, skipped, missing, rows=rows)

    async def _audit(self, query: Mapping[str, str]) -> server.Answer:
        """What operators did in ?from=DAY&to=DAY, both in the period."""
        start, end = self._period(query, self._repository.oldest_audit())
        entries: list[dict[str, Any]] = []

        def take(entry: AuditEntry) -> None:
            if len(entries) == MOST_ENTRIES:
                say = f"more than {MOST_ENTRIES:,} entries: ask for a shorter period (from, to)"
                raise server.RequestRejected(say)
            at = datetime.fromtimestamp(entry.at, UTC).astimezone(self._zone)
            entries.append({**asdict(entry), "at": at.isoformat(timespec="milliseconds")})

        pages = self._repository.audit_entries(start.timestamp(), end.timestamp())
        skipped = await self._each(pages, take)
        missing = self._missing(start, self._repository.oldest_audit())
        return _answer(start, end, skipped, missing, entries=entries)

    def _period(self, query: Mapping[str, str], oldest: float) -> tuple[datetime, datetime]:
        """Raises `RequestRejected` for what is no period, and for one of which nothing is kept."""
        today = datetime.fromtimestamp(self._clock(), UTC).astimezone(self._zone).date()
        try:
            start, end = period(query.get("from", ""), query.get("to", ""), today, self._zone)
        except ValueError as error:
            raise server.RequestRejected(str(error)) from None
        if end.timestamp() <= oldest:
            day = (end - timedelta(microseconds=1)).date()
            what = self._missing(start, oldest)
            raise server.RequestRejected(f"nothing is kept of {day} any more: {what}")
        return start, end

    def _missing(self, start: datetime, oldest: float) -> str:
        """What of a period is no longer kept, in words; empty when all is."""
        if start.timestamp() >= oldest:
            return ""
        first = datetime.fromtimestamp(oldest, UTC).astimezone(self._zone)
        return f"what happened before {first:%Y-%m-%d %H:%M} is no longer kept"

    async def _each(
        self, pages: AsyncIterator[Sequence[T | None]], take: Callable[[T], None]
    ) -> int:
        """Give each entry to `take`; returns how many could not be read."""
        skipped = 0
        try:
            if not await self._repository.written(FLUSH_SECONDS):
                raise server.NotNow("the store does not answer; ask again when it does")
            async for some in pages:
                for entry in some:
                    if entry is None:
                        skipped += 1
                    else:
                        take(entry)
        except StoreDown as error:
            raise server.NotNow(f"the store does not answer: {error}") from None
        return skipped


def _answer(
    start: datetime, end: datetime, skipped: int, missing: str, **what: object
) -> server.Answer:
    """`missing`: what of the period is no longer kept, in words."""
    days = {"from": start.isoformat(), "to": end.isoformat()}
    return {**days, "skipped": skipped, "missing": missing, **what}
