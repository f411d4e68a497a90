"""`callback:` in ivrd.yaml: off without a trunk; hours in which nobody could ever be called."""

from pathlib import Path

import pytest

from ivrd.config.load import load
from ivrd.config.problem import ConfigError
from tests.fixtures.hotline import HOTLINE


def with_callback(folder: Path, text: str) -> None:
    path = folder / "ivrd.yaml"
    path.write_text(path.read_text("utf-8") + f"callback: {text}\n", "utf-8")


def test_without_a_trunk_nobody_is_called_back() -> None:
    assert load(HOTLINE).callback.trunk == ""


def test_hours_in_which_nobody_may_be_called_are_refused(folder: Path) -> None:
    (folder / "hours.yaml").write_text("hours:\n  office:\n    days:\n      mon-sun: []\n", "utf-8")
    with_callback(folder, "{trunk: 192.0.2.1, hours: office}")
    with pytest.raises(ConfigError, match=r"callback\.hours: office is closed on all days"):
        load(folder)


def test_minutes_are_seconds_and_the_country_is_the_hotlines(folder: Path) -> None:
    with_callback(folder, '{trunk: "192.0.2.1:5060", retry_minutes: [1, 2], fault_minutes: 0.5}')
    found = load(folder).callback
    assert found.trunk == "192.0.2.1"
    assert found.retries.after_seconds == (60.0, 120.0)
    assert found.retries.fault_seconds == 30.0
    assert found.countries == ("TH",)
    assert found.schedule is None


def with_recovery(folder: Path, more: str) -> None:
    with_callback(folder, f"{{recover_at_free_percent: 40, {more}}}")


def test_who_did_not_ask_is_called_back_only_when_that_is_set(folder: Path) -> None:
    with_callback(folder, "{trunk: 192.0.2.1, hours: office}")
    assert load(folder).callback.recover_at_free is None


def test_the_share_of_seats_that_is_to_be_free(folder: Path) -> None:
    with_recovery(folder, "trunk: 192.0.2.1, hours: office")
    assert load(folder).callback.recover_at_free == 0.4


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("hours: office", r"recover_at_free_percent: nobody can be called without callback\.trunk"),
        (
            "trunk: 192.0.2.1",
            r"callback\.hours: .*called at night; expected hours from hours\.yaml",
        ),
        ("trunk: 192.0.2.1, hours: office, keep_days: 2", r"2 is less than people\.keep_days, 3"),
    ],
)
def test_who_did_not_ask_is_never_called_at_night_nor_twice(
    folder: Path, more: str, said: str
) -> None:
    with_recovery(folder, more)
    with pytest.raises(ConfigError, match=said):
        load(folder)


def test_slots_are_full_hours_within_the_hours(folder: Path) -> None:
    assert load(HOTLINE).callback.slots == ()
    (folder / "hours.yaml").write_text(
        'hours:\n  office:\n    days:\n      mon-fri: ["08:00-17:00"]\n      sat: ["22:00-02:00"]\n'
    )
    with_callback(folder, '{trunk: 192.0.2.1, hours: office, slots: ["09:00", "01:00"]}')
    assert load(folder).callback.slots == (9, 1)


@pytest.mark.parametrize(
    ("slots", "message"),
    [
        ('"09:30"', r"slots: expected a full hour from \"00:00\" to \"23:00\", got \"09:30\""),
        ("17", r"slots: expected a full hour .*; write it in quotes"),
        ('"08:00"', r"slots: 08:00 is named twice"),
        ('"17:00"', r"slots: 17:00 is outside office on all days"),
        ('"09:00", "10:00", "11:00", "12:00"', r"slots: expected 4 slots at most, got 5"),
    ],
)
def test_bad_slots_are_told_by_line_and_key(folder: Path, slots: str, message: str) -> None:
    (folder / "hours.yaml").write_text(
        'hours:\n  office:\n    days:\n      mon-fri: ["08:00-17:00"]\n', "utf-8"
    )
    with_callback(folder, f'{{trunk: 192.0.2.1, hours: office, slots: ["08:00", {slots}]}}')
    with pytest.raises(ConfigError, match=r"ivrd\.yaml:\d+: callback\." + message):
        load(folder)
