"""What partners have said of today: how many people they have.  Kind `pledges`.

A pledge is for one day and ends with it.  Seats are opened for the people who are there, and a
partner that has fewer than it was asked for is asked for no more on that day.
"""

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo

from ivrd.core.call_out import Pledge
from ivrd.partners.entries import PartnerEntries
from ivrd.store import WriteBehind

PLEDGES = "pledges"


class Pledges:
    """Days are those of `zone`; `clock` gives seconds since the epoch."""

    def __init__(self, write_behind: WriteBehind, zone: tzinfo, clock: Callable[[], float]) -> None:
        self.entries = PartnerEntries(PLEDGES, Pledge, write_behind)
        self._zone = zone
        self._clock = clock

    def configure(self, zone: tzinfo) -> None:
        """From now on, days are those of `zone`."""
        self._zone = zone

    def today(self, partner: str) -> Pledge | None:
        """What a partner has said of today; None when it has said nothing."""
        pledge = self.entries.get(partner)
        return pledge if pledge is not None and pledge.day == self._day() else None

    def people(self, partner: str) -> int | None:
        """The people whom a partner has today; None when it has said nothing."""
        pledge = self.today(partner)
        return None if pledge is None else pledge.people

    def give(self, partner: str, people: int, asked: int, given_at: float, by: str) -> Pledge:
        """From now on this is what the partner has today; `asked`: of it at this moment."""
        pledge = Pledge(self._day(), people, asked, given_at, by)
        self.entries.put(partner, pledge)
        return pledge

    def withdraw(self, partner: str) -> None:
        """It is as if the partner had said nothing."""
        self.entries.remove(partner)

    def _day(self) -> str:
        return datetime.fromtimestamp(self._clock(), UTC).astimezone(self._zone).date().isoformat()
