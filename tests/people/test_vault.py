"""Numbers at rest: sealed so that only who has the key can open them.

The numbers here are nobody's: none in Thailand begins with 01 since 2006.
"""

from base64 import urlsafe_b64encode
from pathlib import Path

import pytest
from cryptography.fernet import Fernet, InvalidToken
from hypothesis import given
from hypothesis import strategies as st

from ivrd.people.vault import CannotOpen, Vault, number_key

KEY, OTHER = bytes(range(32)), bytes(range(32, 64))
NUMBER = "0100000012"


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_what_is_sealed_can_be_opened(number: str) -> None:
    vault = Vault([KEY])
    assert vault.open(vault.seal(number)) == number


def test_sealed_it_shows_neither_the_number_nor_that_two_are_the_same() -> None:
    vault = Vault([KEY])
    sealed = [vault.seal(NUMBER), vault.seal(NUMBER)]
    assert sealed[0] != sealed[1]
    assert all(NUMBER not in text and text.isascii() for text in sealed)
    assert len(vault.seal("0" * 9)) == len(vault.seal("0" * 15))  # nor how long it is


def test_another_key_opens_nothing_and_the_error_names_nothing() -> None:
    sealed = Vault([KEY]).seal(NUMBER)
    with pytest.raises(CannotOpen) as caught:
        Vault([OTHER]).open(sealed)
    assert NUMBER not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("cut", [0, 1, 40, -1])
def test_what_was_changed_does_not_open(cut: int) -> None:
    sealed = Vault([KEY]).seal(NUMBER)
    with pytest.raises(CannotOpen):
        Vault([KEY]).open(sealed[:cut] + ("A" if sealed[cut] != "A" else "B") + sealed[cut:][1:])


@given(st.text(max_size=200))
def test_whatever_the_store_has_is_opened_or_refused(text: str) -> None:
    with pytest.raises(CannotOpen):
        Vault([KEY]).open(text)


def test_after_the_key_is_replaced_old_and_new_numbers_open() -> None:
    old, new = Vault([KEY]), Vault([OTHER, KEY])
    assert new.open(old.seal(NUMBER)) == NUMBER
    with pytest.raises(CannotOpen):
        old.open(new.seal(NUMBER))


def test_what_seals_is_not_the_key_in_the_file_itself(tmp_path: Path) -> None:
    """So that one file for hashes and numbers, by mistake, makes neither key known by the other."""
    (key,) = number_key(tmp_path / "number.key").keys()
    sealed = Vault([key]).seal(NUMBER)
    with pytest.raises(InvalidToken):
        Fernet(urlsafe_b64encode(key)).decrypt(sealed)
