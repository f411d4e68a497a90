"""Opening hours, held against a list of every single open minute."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain, permutations, product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivrd.core.schedule import MINUTES_A_DAY, Schedule, Span, overlap
from tests.examples import examples

Week = tuple[tuple[Span, ...], ...]

# Zones with days worth looking at: clocks go forward or back, in Cairo at midnight and in
# Lord Howe by half an hour; Bangkok has none of that.
DAYS = [
    (ZoneInfo(zone), date.fromisoformat(day))
    for zone, days in {
        "Asia/Bangkok": ("2026-11-22", "2026-12-31", "2028-02-28"),
        "Europe/Berlin": ("2026-03-29", "2026-10-25"),
        "America/New_York": ("2026-03-08", "2026-11-01"),
        "Africa/Cairo": ("2026-04-24", "2026-10-29"),
        "Australia/Lord_Howe": ("2026-04-05", "2026-10-04"),
    }.items()
    for day in days
]
MINUTE = timedelta(minutes=1)


@st.composite
def spans(draw: st.DrawFn) -> Span:
    """From a minute to two hours, or up to a whole day, from any minute of the day."""
    start = draw(st.integers(0, MINUTES_A_DAY - 1))
    length = draw(st.integers(1, 120) | st.integers(1, MINUTES_A_DAY))
    return Span(start, start + length)


def weeks(most: int) -> st.SearchStrategy[Week]:
    """Seven days of up to `most` spans."""
    return st.tuples(*[st.lists(spans(), max_size=most).map(tuple)] * 7)


def open_minutes(schedule: Schedule, first: date, days: int) -> set[datetime]:
    """Every minute of wall clock time that belongs to a span which begins on one of these days."""
    return {
        datetime.combine(day, time()) + minute * MINUTE
        for day in (first + timedelta(days=n) for n in range(days))
        if day not in schedule.closed_on
        for span in schedule.week[day.weekday()]
        for minute in range(span.start, span.end)
    }


@settings(max_examples=examples(30))
@given(st.sampled_from(DAYS), weeks(2), st.sets(st.integers(-1, 2)))
def test_open_is_what_the_table_lists_minute_by_minute(
    where: tuple[ZoneInfo, date], week: Week, closed: set[int]
) -> None:
    zone, day = where
    schedule = Schedule(zone, week, frozenset(day + timedelta(days=n) for n in closed))
    listed = open_minutes(schedule, day - timedelta(days=3), 7)
    moment = datetime.combine(day - timedelta(days=1), time(), zone).astimezone(UTC)
    for _ in range(3 * MINUTES_A_DAY):
        wall = moment.astimezone(zone).replace(tzinfo=None)
        assert schedule.is_open(moment) is (wall in listed), wall
        moment += MINUTE


OFFICE = Schedule(
    zone=ZoneInfo("Asia/Bangkok"),
    week=(*((Span(8 * 60, 20 * 60),),) * 5, (Span(22 * 60, 26 * 60),), ()),
    closed_on=frozenset({date(2026, 12, 7)}),
)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-12-04T07:59:59.999+07:00", False),  # a Friday
        ("2026-12-04T08:00:00+07:00", True),
        ("2026-12-04T19:59:59.999+07:00", True),
        ("2026-12-04T20:00:00+07:00", False),
        ("2026-12-05T21:59:59+07:00", False),  # Saturday night
        ("2026-12-05T22:00:00+07:00", True),
        ("2026-12-06T01:59:59+07:00", True),
        ("2026-12-06T02:00:00+07:00", False),
        ("2026-12-07T12:00:00+07:00", False),  # a Monday off
        ("2026-12-08T00:59:59Z", False),  # the same in other zones
        ("2026-12-08T01:00:00Z", True),
        ("2026-12-07T20:00:00-05:00", True),
    ],
)
def test_opening_and_closing_are_sharp(moment: str, is_open: bool) -> None:
    assert OFFICE.is_open(datetime.fromisoformat(moment)) is is_open


def test_an_opening_has_begun_when_its_span_says() -> None:
    zone, saturday = OFFICE.zone, datetime(2026, 12, 5, 22, tzinfo=OFFICE.zone)
    assert OFFICE.began(datetime(2026, 12, 4, 12, 30, 5, tzinfo=UTC)) == datetime(
        2026, 12, 4, 8, tzinfo=zone
    )
    assert OFFICE.began(saturday) == saturday
    assert OFFICE.began(datetime(2026, 12, 6, 1, 59, tzinfo=zone)) == saturday
    assert OFFICE.began(datetime(2026, 12, 6, 2, tzinfo=zone)) is None


def test_where_one_range_follows_the_other_nothing_begins() -> None:
    zone = ZoneInfo("Asia/Bangkok")
    evening_and_night = (Span(0, 240), Span(1200, 1320), Span(1320, 1440))
    shift = Schedule(zone, (evening_and_night,) * 7)
    at_eight = datetime(2022, 2, 20, 20, tzinfo=zone)
    for hours in (0, 1, 3, 4, 7):
        assert shift.began(at_eight + timedelta(hours=hours)) == at_eight
    assert shift.began(at_eight + timedelta(hours=8)) is None
    always = Schedule(zone, ((Span(0, 1440),),) * 7)
    began = always.began(at_eight)
    assert began is not None
    assert at_eight - began > timedelta(days=6)


def test_a_day_off_takes_its_own_night_along_and_not_the_one_before() -> None:
    nights = ((Span(22 * 60, 26 * 60),),) * 7
    off = Schedule(ZoneInfo("Asia/Bangkok"), nights, frozenset({date(2026, 12, 7)}))
    assert off.is_open(datetime(2026, 12, 7, 1, tzinfo=off.zone))
    assert not off.is_open(datetime(2026, 12, 7, 23, tzinfo=off.zone))
    assert not off.is_open(datetime(2026, 12, 8, 1, tzinfo=off.zone))
    assert off.is_open(datetime(2026, 12, 8, 23, tzinfo=off.zone))


SHORT = st.builds(lambda start, length: Span(start, start + length), *[st.integers(1, 4)] * 2)


@given(SHORT, SHORT)
def test_spans_overlap_when_both_have_a_minute(one: Span, two: Span) -> None:
    shared = set(range(one.start, one.end)).intersection(range(two.start, two.end))
    assert one.overlaps(two) is bool(shared)


def minutes(day: int, span: Span) -> set[int]:
    """The minutes that a span takes, in a week that goes round from Sunday to Monday."""
    return {(day * MINUTES_A_DAY + m) % (7 * MINUTES_A_DAY) for m in range(span.start, span.end)}


def clashes(week: Week) -> Iterator[tuple[int, Span, Span]]:
    """All pairs that share a minute, with the day of the first."""
    for day, spans_today in enumerate(week):
        next_day = (day + 1) % 7
        today = ((day, *pair) for pair in permutations(spans_today, 2))
        over_night = ((next_day, *pair) for pair in product(spans_today, week[next_day]))
        for where, first, second in chain(today, over_night):
            if minutes(day, first) & minutes(where, second):
                yield day, first, second


@settings(max_examples=examples(300))
@given(weeks(1) | weeks(2))
def test_overlap_finds_a_pair_on_the_first_day_that_has_one_and_nothing_else(week: Week) -> None:
    every, found = set(clashes(week)), overlap(week)
    if found is None:
        assert not every
    else:
        assert found in every
        assert found[0] == min(day for day, _, _ in every)


ALL_DAY, MORNING, NOON, NIGHT = Span(0, 1440), Span(480, 780), Span(720, 840), Span(1320, 1560)


@pytest.mark.parametrize(
    ("monday", "tuesday", "found"),
    [
        ((ALL_DAY,), (ALL_DAY,), None),  # neighbours do not overlap
        ((ALL_DAY, ALL_DAY), (), (0, ALL_DAY, ALL_DAY)),
        ((MORNING, NIGHT, NOON), (), (0, MORNING, NOON)),  # in any order
        ((NIGHT, MORNING), (NOON, ALL_DAY), (0, NIGHT, ALL_DAY)),
        ((NIGHT, MORNING), (Span(120, 240),), None),
    ],
)
def test_overlap_does_not_depend_on_the_order(
    monday: tuple[Span, ...], tuesday: tuple[Span, ...], found: tuple[int, Span, Span] | None
) -> None:
    assert overlap((monday, tuesday, (), (), (), (), ())) == found
