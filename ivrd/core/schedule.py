"""Opening hours: a weekly table in a time zone, days closed, days open all the same.

Pure: the moment is an argument.  Minutes count from midnight of the local day; a range that ends
before it begins runs over midnight into the next day.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True, order=True)
class Span:
    """Open from `start` to `end`, minutes from midnight; end > 1440 runs into the next day."""

    start: int
    end: int

    def overlaps(self, other: "Span") -> bool:
        """Whether both contain the same minute."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True)
class Schedule:
    """When something is open.  `week` has seven tuples of spans, Monday first."""

    zone: ZoneInfo
    week: tuple[tuple[Span, ...], ...]
    closed_on: frozenset[date] = frozenset()

    def is_open(self, moment: datetime) -> bool:
        """Whether `moment` (with a time zone) falls into the opening hours."""
        local = moment.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        today, yesterday = local.date(), local.date() - timedelta(days=1)
        return any(s.start <= minute < s.end for s in self._spans(today)) or any(
            minute + MINUTES_A_DAY < s.end for s in self._spans(yesterday)
        )

    def _spans(self, day: date) -> tuple[Span, ...]:
        return () if day in self.closed_on else self.week[day.weekday()]


def overlap(week: tuple[tuple[Span, ...], ...]) -> tuple[int, Span, Span] | None:
    """The first two spans that share a minute, with the weekday (0 = Monday) of the first."""
    for day, spans in enumerate(week):
        ordered = sorted(spans)
        for first, second in pairwise(ordered):
            if first.overlaps(second):
                return day, first, second
        tomorrow = sorted(week[(day + 1) % 7])
        if ordered and tomorrow and ordered[-1].end - MINUTES_A_DAY > tomorrow[0].start:
            return day, ordered[-1], tomorrow[0]
    return None
