"""Days and periods as people type them."""

import re
from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.dates import past_day, period

TODAY = date(2026, 11, 22)
BANGKOK = timezone(timedelta(hours=7))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2026-11-23", "2026-11-23 has not come yet; today is 2026-11-22"),
        ("9999-12-31", "9999-12-31 has not come yet; today is 2026-11-22"),
        ("2569-11-01", "expected a year of the common era, such as 2026-11-01"),
        ("2567-02-29", "expected a year of the common era, such as 2024-02-29"),  # a leap year here
        ("2570-01-01", "expected a year of the common era, such as 2027-01-01"),
        ("yesterday", "expected a day such as 2026-11-22, got 'yesterday'"),
        ("๒๕๖๙-๑๑-๐๑", "expected a day such as 2026-11-22, got '๒๕๖๙-๑๑-๐๑'"),
        ("", "expected a day such as 2026-11-22, got ''"),
    ],
)
def test_what_is_no_day_that_has_begun_is_told(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(says)}$"):
        past_day(text, TODAY)


@pytest.mark.parametrize("text", ["2026-11-22", "2026-11-01", "1983-01-01", "0001-01-01"])
def test_a_day_that_has_begun(text: str) -> None:
    assert past_day(text, TODAY) == date.fromisoformat(text)


@given(st.dates() | st.text(max_size=12), st.dates(date(1970, 1, 1), date(2900, 1, 1)))
def test_every_other_text_is_a_day_or_told(text: object, today: date) -> None:
    said = ""
    try:
        assert past_day(str(text), today) <= today
    except ValueError as error:
        said = str(error)
    assert said.isprintable()


@pytest.mark.parametrize(
    ("since", "until", "start", "end"),
    [
        ("2026-10-01", "2026-10-31", "2026-10-01T00:00+07:00", "2026-11-01T00:00+07:00"),
        ("", "", "2026-11-01T00:00+07:00", "2026-11-23T00:00+07:00"),
        ("", "2026-10-31", "2026-10-01T00:00+07:00", "2026-11-01T00:00+07:00"),
        ("2026-11-22", "2026-11-22", "2026-11-22T00:00+07:00", "2026-11-23T00:00+07:00"),
        ("", "9999-12-31", "2026-11-01T00:00+07:00", "2026-11-23T00:00+07:00"),
        ("2026-11-01", "2027-01-31", "2026-11-01T00:00+07:00", "2026-11-23T00:00+07:00"),
        ("2026-11-01", "2027-01-31T12:00", "2026-11-01T00:00+07:00", "2026-11-23T00:00+07:00"),
        ("0001-01-01", "", "0001-01-01T00:00+07:00", "2026-11-23T00:00+07:00"),
        ("2026-11-22T08:00", "2026-11-22T09:30Z", "2026-11-22T08:00+07:00", "2026-11-22T09:30Z"),
    ],
)
def test_a_period_has_its_first_and_its_last_day(
    since: str, until: str, start: str, end: str
) -> None:
    found = period(since, until, TODAY, BANGKOK)
    assert found == (datetime.fromisoformat(start), datetime.fromisoformat(end))


@pytest.mark.parametrize(
    ("since", "until", "says"),
    [
        ("yesterday", "", "from: expected a day such as 2026-11-22, got 'yesterday'"),
        ("", "2026-02-30", "to: expected a day such as 2026-11-22, got '2026-02-30'"),
        ("2569-11-01", "", "from: expected a year of the common era, such as 2026-11-01"),
        ("", "2569-11-30", "to: expected a year of the common era, such as 2026-11-30"),
        ("2026-11-22", "2026-11-21", "from '2026-11-22' is not before the end of '2026-11-21'"),
        ("2027-01-01", "", "from: '2027-01-01' has not come yet; today is 2026-11-22"),
        ("9999-12-31", "", "from: '9999-12-31' has not come yet; today is 2026-11-22"),
        ("9999-12-31T23:59:59-12:00", "", "from: expected a day such as .*"),
    ],
)
def test_what_is_no_period_is_said(since: str, until: str, says: str) -> None:
    with pytest.raises(ValueError, match="^" + says.replace("'", ".") + "$"):
        period(since, until, TODAY, BANGKOK)


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_text_makes_a_period_fail_in_another_way(since: str, until: str) -> None:
    said = ""
    try:
        start, end = period(since, until, TODAY, BANGKOK)
        assert start < end
    except ValueError as error:
        said = str(error)
    assert said.isprintable()
