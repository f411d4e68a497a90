"""Opening hours: a weekly table in a time zone, days closed, days open all the same.

Pure: the moment is an argument.  Minutes count from midnight of the local day; a range that ends
before it begins runs over midnight into the next day.
"""

from collections.abc import Container
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

MINUTES_A_DAY = 24 * 60
A_WEEK = 7 * MINUTES_A_DAY


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
    """When something is open.  `week` has seven tuples of spans, Monday first.

    `holidays` are closed as well, but for those in `open_on`; whatever says of a day whether it is
    one will do.
    """

    zone: ZoneInfo
    week: tuple[tuple[Span, ...], ...]
    closed_on: frozenset[date] = frozenset()
    holidays: Container[date] = frozenset()
    open_on: frozenset[date] = frozenset()

    def is_open(self, moment: datetime) -> bool:
        """Whether `moment` (with a time zone) falls into the opening hours."""
        return self._opening(moment) is not None

    def began(self, moment: datetime) -> datetime | None:
        """When the opening began that `moment` (with a time zone) falls into; None outside them.

        Where one range ends and another begins, at midnight say, nothing begins.  Of hours that
        never end it is some moment a week ago.
        """
        opening = self._opening(moment)
        if opening is None:
            return None
        day, start = opening
        latest = day - timedelta(days=7)
        while day > latest and (before := self._ending(day, start)):
            day, start = before
        return datetime.combine(day, time(), self.zone) + timedelta(minutes=start)

    def _opening(self, moment: datetime) -> tuple[date, int] | None:
        """The day and the minute in which the range begins that a moment falls into."""
        local = moment.astimezone(self.zone)
        minute, today = local.hour * 60 + local.minute, local.date()
        for days in (0, 1):
            day, at = today - timedelta(days=days), minute + days * MINUTES_A_DAY
            for span in self._spans(day):
                if span.start <= at < span.end:
                    return day, span.start
        return None

    def _ending(self, day: date, minute: int) -> tuple[date, int] | None:
        """The same of the range that ends in this minute of a day."""
        for days in (0, 1):
            begins, at = day - timedelta(days=days), minute + days * MINUTES_A_DAY
            for span in self._spans(begins):
                if span.end == at:
                    return begins, span.start
        return None

    def _spans(self, day: date) -> tuple[Span, ...]:
        off = day in self.closed_on or (day in self.holidays and day not in self.open_on)
        return () if off else self.week[day.weekday()]

    def meets(self, other: "Schedule") -> bool:
        """Whether there is a minute in a usual week in which both are open."""
        return any(
            one.start + shift < two.end and two.start < one.end + shift
            for one in self._minutes()
            for two in other._minutes()
            for shift in (-A_WEEK, 0, A_WEEK)
        )

    def _minutes(self) -> list[Span]:
        """The spans of a usual week, in minutes from Monday's midnight."""
        return [
            Span(day * MINUTES_A_DAY + span.start, day * MINUTES_A_DAY + span.end)
            for day, spans in enumerate(self.week)
            for span in spans
        ]


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
