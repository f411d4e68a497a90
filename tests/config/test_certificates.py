"""Certificates for TLS: missing, past, of another key."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ivrd.config import certificates
from ivrd.config.trunk_settings import TlsSettings
from lab.exchange import certificate

NOW = datetime.now(UTC)


def wrong(of: TlsSettings, now: datetime) -> list[str]:
    return [f"{'.'.join(map(str, key))}: {say}" for key, say in certificates.wrong(of, now)]


def soon(of: TlsSettings, now: datetime) -> list[str]:
    return [f"{'.'.join(map(str, key))}: {say}" for key, say in certificates.soon(of, now)]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> TlsSettings:
    own = certificate(tmp_path_factory.mktemp("tls") / "own.pem", "192.0.2.1")
    return TlsSettings("0.0.0.0", 5061, own, own.with_suffix(".key"), own)


def test_what_is_right_is_not_told(good: TlsSettings) -> None:
    assert not list(wrong(good, NOW + timedelta(hours=1)))


def test_our_own_that_expires_before_long(good: TlsSettings) -> None:
    (told,) = soon(good, NOW + timedelta(hours=1))
    end = NOW + timedelta(days=2)
    assert told.startswith(f"asterisk.tls.cert_file: {good.cert_file}: expires on {end:%Y-%m-%d}")
    assert not list(soon(good, NOW + timedelta(days=30)))  # that is wrong already
    assert not list(soon(replace(good, cert_file=None), NOW))
    assert not list(soon(replace(good, cert_file=good.key_file), NOW))


def test_what_is_past(good: TlsSettings) -> None:
    authorities, own = wrong(good, NOW + timedelta(days=30))
    assert "asterisk.tls.ca_file" in authorities
    assert "none of its certificates is valid today" in authorities
    assert "asterisk.tls.cert_file" in own
    assert "expected one that is today" in own


def test_what_is_not_there_or_something_else(good: TlsSettings, tmp_path: Path) -> None:
    (words := tmp_path / "words").write_text("none\n")
    (told,) = wrong(replace(good, ca_file=tmp_path / "none"), NOW + timedelta(hours=1))
    assert told.endswith("none: cannot be read: No such file or directory")
    (told,) = wrong(replace(good, cert_file=words), NOW + timedelta(hours=1))
    assert told.endswith("words: expected certificates in PEM form")
    (told,) = wrong(replace(good, key_file=tmp_path / "none.key"), NOW + timedelta(hours=1))
    assert (
        told
        == f"asterisk.tls.key_file: {tmp_path}/none.key: cannot be read: No such file or directory"
    )
    (told,) = wrong(replace(good, key_file=words), NOW + timedelta(hours=1))
    assert told.endswith("words: expected a key in PEM form, without a password")


def test_the_key_of_another_certificate(good: TlsSettings, tmp_path: Path) -> None:
    other = certificate(tmp_path / "other.pem", "192.0.2.2").with_suffix(".key")
    (told,) = wrong(replace(good, key_file=other), NOW + timedelta(hours=1))
    assert told.endswith(f"other.key: is not the key of {good.cert_file}")
