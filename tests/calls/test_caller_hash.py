"""Callers' numbers: what stands for them, and the key that makes it so.

The numbers here are nobody's: none in Thailand begins with 01 since 2006.
"""

import hashlib
import hmac
import os
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.calls.caller_hash import CallerKeyError, Hasher, load_key

KEY = bytes(range(32))
MOBILE = "0100000012"  # ten digits, as a mobile phone has


def test_the_hash_is_the_first_of_hmac_sha256_over_the_number_with_its_country() -> None:
    expected = hmac.new(KEY, b"+66100000012", hashlib.sha256).hexdigest()[:12]
    assert Hasher(KEY, "TH").hash_number(MOBILE) == expected


@pytest.mark.parametrize(
    "spelling",
    [MOBILE, "+66100000012", "66100000012", "+66 10 000 0012", "010-000-0012", "+66(0)100000012"],
)
def test_one_number_is_one_caller_however_it_is_written(spelling: str) -> None:
    assert Hasher(KEY, "TH").hash_number(spelling) == Hasher(KEY, "TH").hash_number(MOBILE)


def test_a_landline_with_its_country_is_the_one_without() -> None:
    hasher = Hasher(KEY, "TH")
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
    hasher = Hasher(KEY, country)
    assert len({hasher.hash_number(spelling) for spelling in spellings}) == 1


def test_a_number_of_one_country_is_not_that_of_another() -> None:
    assert Hasher(KEY, "TH").hash_number("021234567") != Hasher(KEY, "GB").hash_number("021234567")


@pytest.mark.parametrize("short", ["66", "6612", "661234"])
def test_a_short_number_that_begins_with_66_is_left_as_it_is(short: str) -> None:
    hasher = Hasher(KEY, "TH")
    assert hasher.hash_number(short) != hasher.hash_number("0" + short[2:])


@pytest.mark.parametrize("number", ["", " ", "anonymous", "+", "ไม่แสดงเบอร์"])
def test_a_withheld_number_is_nobody(number: str) -> None:
    assert Hasher(KEY, "TH").hash_number(number) == ""


@given(st.text(max_size=200))
def test_whatever_arrives_gives_twelve_hexadecimal_characters_or_none(number: str) -> None:
    result = Hasher(KEY, "TH").hash_number(number)
    assert len(result) in (0, 12)
    assert set(result) <= set("0123456789abcdef")


def test_another_key_gives_another_hash() -> None:
    assert Hasher(KEY, "TH").hash_number(MOBILE) != Hasher(KEY[::-1], "TH").hash_number(MOBILE)


def test_a_key_is_made_once_for_its_owner_alone_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "lib" / "ivrd" / "caller.key"
    old_mask = os.umask(0)  # even then nobody else may read it
    try:
        first = load_key(path)
    finally:
        os.umask(old_mask)
    assert len(first) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_key(path) == first
    assert list(path.parent.iterdir()) == [path]  # no draft is left behind
    assert load_key(tmp_path / "other.key") != first


def test_processes_that_begin_together_agree_on_one_key(tmp_path: Path) -> None:
    path, keys, start = tmp_path / "caller.key", [], threading.Barrier(8)

    def begin() -> None:
        start.wait()
        keys.append(load_key(path))

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert keys == [path.read_bytes()] * 8


def test_a_key_that_everybody_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "caller.key"
    path.write_bytes(KEY)
    path.chmod(0o644)
    with pytest.raises(CallerKeyError, match=f"{path}: everybody .*: chmod o-rwx {path}"):
        load_key(path)
    path.chmod(0o640)  # a group of its own is how system users share a secret
    assert load_key(path) == KEY


@pytest.mark.parametrize("length", [0, 31])
def test_a_key_that_is_cut_short_is_refused_and_not_replaced(tmp_path: Path, length: int) -> None:
    path = tmp_path / "caller.key"
    path.write_bytes(KEY[:length])
    path.chmod(0o600)
    with pytest.raises(CallerKeyError, match=rf"{path}: expected .* 32 bytes, found {length}: put"):
        load_key(path)
    assert path.read_bytes() == KEY[:length]


def test_a_folder_in_the_way_is_named(tmp_path: Path) -> None:
    with pytest.raises(CallerKeyError, match=rf"^{tmp_path}: "):
        load_key(tmp_path)


def test_a_pipe_in_the_way_does_not_make_us_wait(tmp_path: Path) -> None:
    path = tmp_path / "caller.key"
    os.mkfifo(path, 0o600)
    with pytest.raises(CallerKeyError, match=f"{path}: expected a file"):
        load_key(path)


def test_a_place_that_cannot_be_had_is_one_plain_line(tmp_path: Path) -> None:
    (tmp_path / "lib").write_text("")  # a file where a folder is needed
    path = tmp_path / "lib" / "caller.key"
    with pytest.raises(CallerKeyError) as caught:
        load_key(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "caller_key_file" in message
    assert "\n" not in message
