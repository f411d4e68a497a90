"""A certificate in words."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.trunks.certificate import Certificate, parsed, read
from lab.certificates import certificate


def test_whose_it_is_who_has_signed_it_and_until_when(tmp_path: Path) -> None:
    own = read(certificate(tmp_path / "own.pem", host="sip.example", ends=timedelta(days=9)))
    assert own is not None
    assert str(own) == (
        "CN=bank.example, signed by CN=bank.example, "
        f"valid until {own.not_after:%Y-%m-%d %H:%M} UTC"
    )
    assert own.names_in_words == "sip.example"


def test_names_of_others_stay_in_one_short_line(tmp_path: Path) -> None:
    odd = read(certificate(tmp_path / "odd.pem", name="a\x1b[2J\u202e" + 50 * "b"))
    assert odd is not None
    assert odd.subject.isprintable()
    many = Certificate("CN=a", "CN=b", tuple("abcde"), odd.not_before, odd.not_after)
    assert many.names_in_words == "a, b, c and 2 more"


@given(st.binary(max_size=200))
def test_what_is_no_certificate(der: bytes) -> None:
    with pytest.raises(ValueError, match="no certificate"):
        parsed(der)


def test_files_that_have_none(tmp_path: Path) -> None:
    (empty := tmp_path / "empty.pem").touch()
    assert read(empty) is None
    assert read(tmp_path / "none.pem") is None
