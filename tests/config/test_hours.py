from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ivrd.config.load import load
from ivrd.config.settings import closed_queues

BANGKOK = ZoneInfo("Asia/Bangkok")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BANGKOK)


@pytest.mark.parametrize(
    ("when", "is_open"),
    [
        ("2026-11-23 07:59", False),  # a Monday
        ("2026-11-23 08:00", True),
        ("2026-11-23 12:30", False),  # between two spans
        ("2026-11-23 15:59", True),
        ("2026-11-22 10:00", False),  # a Sunday
        ("2026-11-28 23:00", True),  # a Saturday
        ("2026-11-29 01:59", True),  # its hours run over midnight
        ("2026-11-29 02:00", False),
        ("2026-11-30 10:00", False),  # closed_on
        ("2026-12-10 10:00", True),  # Constitution Day, but open_on
        ("2027-12-10 10:00", False),  # Constitution Day
        ("2025-10-13 10:00", False),  # holidays of last year
        ("2028-04-13 10:00", False),  # and of the year after next
    ],
)
def test_a_queue_with_hours_is_closed_outside_them(folder: Path, when: str, is_open: bool) -> None:
    closed = closed_queues(load(folder), moment(when))
    assert closed == (frozenset() if is_open else {"vaccination"})


def test_hours_are_those_of_the_time_zone(folder: Path) -> None:
    utc = datetime(2026, 11, 23, 1, 0, tzinfo=ZoneInfo("UTC"))  # 08:00 in Bangkok
    assert closed_queues(load(folder), utc) == frozenset()


def test_holidays_are_those_of_any_year_however_long_ivrd_has_run(folder: Path) -> None:
    found = load(folder)
    for when in ("2031-04-14 10:00", "2040-04-13 10:00"):  # Songkran, on weekdays
        assert closed_queues(found, moment(when)) == {"vaccination"}
    assert closed_queues(found, moment("2040-04-20 10:00")) == frozenset()


@pytest.mark.parametrize("span", ['"18:00-24:00"', '"18:00-00:00"', "18:00-24:00"])
def test_a_day_may_end_at_midnight(
    folder: Path, change: Callable[[str, str, str], None], span: str
) -> None:
    change("hours.yaml", '"22:00-02:00"', span)
    found = load(folder)
    assert closed_queues(found, moment("2026-11-28 23:59")) == frozenset()
    assert closed_queues(found, moment("2026-11-29 00:00")) == {"vaccination"}


def test_a_range_of_days_may_run_over_sunday(
    folder: Path, change: Callable[[str, str, str], None]
) -> None:
    change("hours.yaml", "mon-fri", "sun-mon")
    found = load(folder)
    assert closed_queues(found, moment("2026-11-22 10:00")) == frozenset()
    assert closed_queues(found, moment("2026-11-23 10:00")) == frozenset()
    assert closed_queues(found, moment("2026-11-24 10:00")) == {"vaccination"}
