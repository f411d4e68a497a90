"""Callers' numbers: what stands for them.

The numbers here are nobody's: none in Thailand begins with 01 since 2006.
"""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.calls.caller_hash import Hasher

KEY = bytes(range(32))
MOBILE = "0100000012"  # ten digits, as a mobile phone has


def test_the_hash_is_the_first_of_hmac_sha256_over_the_number_with_its_country() -> None:
    expected = hmac.new(KEY, b"+66100000012", hashlib.sha256).hexdigest()[:12]
    assert Hasher([KEY], "TH").hash_number(MOBILE) == expected


@pytest.mark.parametrize(
    "spelling",
    [MOBILE, "+66100000012", "66100000012", "+66 10 000 0012", "010-000-0012", "+66(0)100000012"],
)
def test_one_number_is_one_caller_however_it_is_written(spelling: str) -> None:
    assert Hasher([KEY], "TH").hash_number(spelling) == Hasher([KEY], "TH").hash_number(MOBILE)


def test_a_landline_with_its_country_is_the_one_without() -> None:
    hasher = Hasher([KEY], "TH")
    assert hasher.hash_number("6610000012") == hasher.hash_number("010000012")


# From the ranges that Ofcom and the North American plan keep for drama.
@pytest.mark.parametrize(
    ("country", "spellings"),
    [
        ("GB", ["020 7946 0958", "+44 20 7946 0958", "442079460958", "+44 (0)20 7946 0958"]),
        ("US", ["(202) 555-0123", "1 202 555 0123", "12025550123", "+1 202-555-0123"]),
        ("TH", ["+44 20 7946 0958", "001 44 20 7946 0958"]),  # a call from abroad
    ],
)
def test_each_country_writes_its_numbers_in_its_own_way(country: str, spellings: list[str]) -> None:
    hasher = Hasher([KEY], country)
    assert len({hasher.hash_number(spelling) for spelling in spellings}) == 1


def test_a_number_of_one_country_is_not_that_of_another() -> None:
    assert Hasher([KEY], "TH").hash_number("021234567") != Hasher([KEY], "GB").hash_number(
        "021234567"
    )


@pytest.mark.parametrize("short", ["66", "6612", "661234"])
def test_a_short_number_that_begins_with_66_is_left_as_it_is(short: str) -> None:
    hasher = Hasher([KEY], "TH")
    assert hasher.hash_number(short) != hasher.hash_number("0" + short[2:])


@pytest.mark.parametrize("number", ["", " ", "anonymous", "+", "ไม่แสดงเบอร์"])
def test_a_withheld_number_is_nobody(number: str) -> None:
    assert Hasher([KEY], "TH").hash_number(number) == ""


@given(st.text(max_size=200))
def test_whatever_arrives_gives_twelve_hexadecimal_characters_or_none(number: str) -> None:
    result = Hasher([KEY], "TH").hash_number(number)
    assert len(result) in (0, 12)
    assert set(result) <= set("0123456789abcdef")


def test_another_key_gives_another_hash() -> None:
    assert Hasher([KEY], "TH").hash_number(MOBILE) != Hasher([KEY[::-1]], "TH").hash_number(MOBILE)


def test_a_replaced_key_still_says_who_it_was() -> None:
    before, after = Hasher([KEY], "TH"), Hasher([KEY[::-1], KEY], "TH")
    assert after.previous_hashes("+66 10 000 0012") == (before.hash_number(MOBILE),)
    assert after.hash_number(MOBILE) == Hasher([KEY[::-1]], "TH").hash_number(MOBILE)
    assert before.previous_hashes(MOBILE) == after.previous_hashes("anonymous") == ()
