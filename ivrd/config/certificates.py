"""The certificates that TLS needs: whether they are there, belong together, and are valid today."""

import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from ivrd.config.trunk_settings import TlsSettings
from ivrd.config.yamlfile import Key

TLS = ("asterisk", "tls")
CA, CERTIFICATE, KEY = ((*TLS, name) for name in ("ca_file", "cert_file", "key_file"))
SOON = timedelta(days=21)  # as the alert in monitoring/rules.yml


def wrong(of: TlsSettings, now: datetime) -> Iterator[tuple[Key, str]]:
    """What is wrong with the files: the key in ivrd.yaml, and what."""
    trusted = _read(of.ca_file)
    if isinstance(trusted, str):
        yield CA, trusted
    elif not any(_valid(one, now) for one in trusted):
        yield CA, f"{of.ca_file}: none of its certificates is valid today"
    if of.cert_file is None or of.key_file is None:
        return
    own = _read(of.cert_file)
    if isinstance(own, str):
        yield CERTIFICATE, own
    elif not _valid(own[0], now):
        first, last = own[0].not_valid_before_utc, own[0].not_valid_after_utc
        say = f"is valid from {first:%Y-%m-%d} to {last:%Y-%m-%d}; expected one that is today"
        yield CERTIFICATE, f"{of.cert_file}: {say}"
    elif problem := _key_problem(of.cert_file, of.key_file):
        yield KEY, f"{of.key_file}: {problem}"


def soon(of: TlsSettings, now: datetime) -> Iterator[tuple[Key, str]]:
    """What will be wrong before long: our own certificate, which is right today."""
    own = _read(of.cert_file) if of.cert_file else ""
    if isinstance(own, list) and _valid(own[0], now) and not _valid(own[0], now + SOON):
        yield CERTIFICATE, f"{of.cert_file}: expires on {own[0].not_valid_after_utc:%Y-%m-%d}"


def _read(path: Path) -> list[x509.Certificate] | str:
    """The certificates in a file, or what is wrong with it."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as error:
        return f"{path}: cannot be read: {error.strerror}"
    except ValueError:
        return f"{path}: expected certificates in PEM form"


def _valid(one: x509.Certificate, now: datetime) -> bool:
    return one.not_valid_before_utc <= now <= one.not_valid_after_utc


def _key_problem(cert: Path, key: Path) -> str:
    try:
        # Without a way to ask: a key with a password would be asked for at the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password="")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            return f"is not the key of {cert}"
        return "expected a key in PEM form, without a password"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return ""
