"""`callback:` in ivrd.yaml: off without a trunk; hours in which nobody could ever be called."""

from pathlib import Path

import pytest

from ivrd.callbacks.telephone import destination
from ivrd.config.load import load
from ivrd.config.problem import ConfigError
from tests.fixtures.hotline import HOTLINE


def with_callback(folder: Path, text: str) -> None:
    path = folder / "ivrd.yaml"
    path.write_text(path.read_text("utf-8") + f"callback: {text}\n", "utf-8")


def test_without_a_trunk_nobody_is_called_back() -> None:
    assert load(HOTLINE).callback.trunk == ""


ROUTES = """
  trunk: 192.0.2.1
  number_form: national
  routes:
    staff: {trunk: 192.0.2.4, calls: [agents]}
    mobile: {trunk: {addresses: [192.0.2.2], at_once: 30}, kinds: [mobile], number_form: e164}
    bangkok: {trunk: 192.0.2.3, prefixes: ["+662", "+6653"]}
"""
MOBILE, BANGKOK, NORTH, SOUTH = "+66812345678", "+6621234567", "+6653123456", "+6674123456"


@pytest.mark.parametrize(
    ("number", "calls", "where"),
    [
        (MOBILE, "callbacks", "+66812345678@callback-trunk-mobile"),
        (MOBILE, "agents", "0812345678@callback-trunk-staff"),
        (BANGKOK, "callbacks", "021234567@callback-trunk-bangkok"),
        (NORTH, "callbacks", "053123456@callback-trunk-bangkok"),
        (SOUTH, "callbacks", "074123456@callback-trunk"),
        (SOUTH, "agents", "074123456@callback-trunk-staff"),
    ],
)
def test_the_first_route_that_fits_takes_a_call(
    folder: Path, number: str, calls: str, where: str
) -> None:
    with_callback(folder, ROUTES)
    found = load(folder)
    assert destination(found.callback, "TH", number, calls) == where
    assert found.trunks["callback-trunk-mobile"].network.at_once == 30
    assert found.trunks["callback-trunk-bangkok"].addresses == ("192.0.2.3",)


@pytest.mark.parametrize(
    ("routes", "told"),
    [
        ("a: {trunk: 192.0.2.2}", r"routes\.a: it takes all calls, and callback\.trunk none"),
        ("a: {kinds: [mobile]}", r"routes\.a\.trunk: missing"),
        ("a: {trunk: 192.0.2.2, kinds: [voip]}", r"a\.kinds\.?0?: no voip number is called"),
        ("a: {trunk: 192.0.2.2, kinds: [cell]}", r"expected one of fixed_line, mobile"),
        ("a: {trunk: 192.0.2.2, calls: []}", r"a\.calls: expected at least one"),
        ('a: {trunk: 192.0.2.2, prefixes: ["+668", "+668"]}', r"\+668 is named twice"),
        ('a: {trunk: 192.0.2.2, prefixes: ["08"]}', r"expected the beginning of a number"),
        (
            "a: {trunk: {addresses: [a.example], user: me}, kinds: [mobile]}",
            r"routes\.a\.trunk\.user: its password is missing",
        ),
        (
            "a: {trunk: {addresses: [a.example], transport: tls}, kinds: [mobile]}",
            r"routes\.a\.trunk\.transport: the other side needs our certificate",
        ),
        (
            'a: {trunk: 192.0.2.2, prefixes: ["+66"]}, '
            'b: {trunk: 192.0.2.3, kinds: [mobile], prefixes: ["+668"]}',
            r"routes\.b: nothing is left for it: a above takes all of its calls",
        ),
    ],
)
def test_routes_that_cannot_be(folder: Path, routes: str, told: str) -> None:
    with_callback(folder, f"{{trunk: 192.0.2.1, routes: {{{routes}}}}}")
    with pytest.raises(ConfigError, match=rf"ivrd\.yaml:\d+: callback\..*{told}"):
        load(folder)


def test_routes_leave_the_rest_to_the_trunk(folder: Path) -> None:
    with_callback(folder, "{routes: {a: {trunk: 192.0.2.2, kinds: [mobile]}}}")
    with pytest.raises(ConfigError, match=r"callback\.routes: without callback\.trunk"):
        load(folder)


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
