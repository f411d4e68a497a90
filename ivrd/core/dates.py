"""Days as people type them; what no day can be is told in plain words.

Thailand counts years from the Buddha: 2026 is 2569.  Such a year is a date far in the future to a
computer, and a report of it would say that nothing had happened.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, tzinfo

BUDDHIST_YEARS = 543
OLDEST_MEANT = 43  # years before this one that somebody may mean by a Buddhist year
YEAR = re.compile(r"[0-9]{4}")
ONE_DAY = timedelta(days=1)


def past_day(text: str, today: date) -> date:
    """The day of `text`, such as 2026-11-22.  Raises ValueError unless it has begun."""
    _check_era(text, today)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"expected a day such as {today}, got {text[:40]!r}") from None
    if day > today:
        raise ValueError(f"{day} has not come yet; today is {today}")
    return day


def day_span(day: date, zone: tzinfo) -> tuple[float, float]:
    """A day's first moment, and the first after it, in seconds since the epoch."""
    first, after = _midnight(day, zone), _midnight(day + ONE_DAY, zone)
    return first.timestamp(), after.timestamp()


def by_day(start: float, end: float, zone: tzinfo) -> Iterator[tuple[float, float]]:
    """The time from `start` to `end` (seconds since the epoch) in pieces, none over midnight."""
    while start < end:
        _first, midnight = day_span(datetime.fromtimestamp(start, zone).date(), zone)
        yield start, min(end, midnight)
        start = midnight


def period(since: str, until: str, today: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """The first moment of a period and the first after it, from days or moments in ISO 8601.

    A day as `until` is still in the period.  Empty: from the first of `until`'s month; until
    today.  No period ends after today.  A moment without an offset is in `zone`.  Raises ValueError
    in plain words.
    """
    tomorrow = _midnight(today + ONE_DAY, zone)
    end = min(_moment("to", until, today, zone, ONE_DAY), tomorrow) if until else tomorrow
    last = (end - timedelta(microseconds=1)).astimezone(zone)
    first = _midnight(last.date().replace(day=1), zone)
    start = _moment("from", since, today, zone) if since else first
    if start >= tomorrow:
        raise ValueError(f"from: {since[:40]!r} has not come yet; today is {today}")
    if start >= end:
        raise ValueError(f"from {since[:40]!r} is not before the end of {until[:40] or 'today'!r}")
    return start, end


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _moment(
    what: str, text: str, today: date, zone: tzinfo, more: timedelta = timedelta()
) -> datetime:
    """A moment, or the start of a day and `more`; a day that has not come counts as tomorrow."""
    try:
        _check_era(text, today)
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from None
    try:
        if len(text) == len("2026-11-22"):
            return _midnight(min(date.fromisoformat(text), today + ONE_DAY) + more, zone)
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        moment.astimezone(zone)  # in the calendar there, too
    except (ValueError, OverflowError):
        raise ValueError(f"{what}: expected a day such as {today}, got {text[:40]!r}") from None
    return moment


def _check_era(text: str, today: date) -> None:
    """Raises ValueError for a Buddhist year."""
    found = YEAR.match(text)
    common = int(found[0]) - BUDDHIST_YEARS if found else 0
    if today.year - OLDEST_MEANT <= common <= today.year + 1:
        meant = f"{common}{text[4:40]}"
        raise ValueError(f"expected a year of the common era, such as {meant}")
