"""Time slots: the next of each hour, within the hours in which people may be called."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.schedule import Schedule, Span
from ivrd.core.slots import Slot, next_slots, not_before, words

ZONE = ZoneInfo("Asia/Bangkok")
DAY = 86_400.0
# Monday to Friday, 8 to 18 h.
OFFICE = Schedule(ZONE, ((Span(480, 1080),),) * 5 + ((),) * 2)
MONDAY_NOON = datetime(2026, 12, 7, 12, 0, tzinfo=ZONE)
NOW = 5000.0


def test_an_hour_that_is_over_is_tomorrows_and_the_earliest_comes_first() -> None:
    assert next_slots((9, 12, 13), OFFICE, MONDAY_NOON, NOW) == (
        Slot(NOW + 3600.0, 13, tomorrow=False),
        Slot(NOW + 21 * 3600.0, 9, tomorrow=True),
        Slot(NOW + DAY, 12, tomorrow=True),
    )


def test_what_is_outside_the_hours_is_not_offered() -> None:
    friday = MONDAY_NOON.replace(day=11)
    assert [slot.hour for slot in next_slots((9, 13), OFFICE, friday, NOW)] == [13]
    assert next_slots((18, 23), OFFICE, MONDAY_NOON, NOW) == ()


@given(
    st.floats(1_767_225_600.0, 1_830_000_000.0),  # 2026 and 2027
    st.lists(st.integers(0, 23), unique=True, max_size=4),
    st.sampled_from(["Asia/Bangkok", "Europe/London"]),
)
def test_a_slot_begins_within_a_day_at_its_hour(now: float, hours: list[int], zone: str) -> None:
    moment = datetime.fromtimestamp(now, ZoneInfo(zone))
    found = next_slots(hours, None, moment, now)
    assert len(found) == len(hours)
    for slot in found:
        assert 0.0 < slot.at - now <= DAY + 3600.0  # a day of 25 hours
        begins = datetime.fromtimestamp(slot.at, ZoneInfo(zone))
        skipped = begins.utcoffset() != moment.utcoffset()  # an hour that this day has not
        assert skipped or (begins.hour, begins.minute) == (slot.hour, 0)
        assert (begins.date() != moment.date()) == slot.tomorrow


@pytest.mark.parametrize("language", ["th", "en"])
def test_each_slot_has_the_key_that_is_said_with_it(language: str) -> None:
    slots = next_slots((9, 13, 17, 21), None, MONDAY_NOON, NOW)
    for number, slot in enumerate(slots, start=2):
        assert not_before(slots, str(number)) == slot.at
        assert f"number-{number}" in words(slots, language)
    assert not_before(slots, "1") == 0.0
    assert [not_before(slots, key) for key in "06789*#"] == [None] * 7


def test_the_hour_is_said_as_a_number_is() -> None:
    (slot,) = next_slots((21,), None, MONDAY_NOON, NOW)
    assert words((slot,), "th")[1:4] == ("callback-slot-today", "number-20", "number-et")
