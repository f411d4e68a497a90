"""A certificate in words: whose it is, who has signed it, until when it is valid."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

MOST_NAMES = 3  # that are told of a certificate for many
LONGEST_NAME = 100


@dataclass(frozen=True)
class Certificate:
    """What a person must know of one; `names`: the hosts and addresses that it is for."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime

    def __str__(self) -> str:
        until = f"valid until {self.not_after:%Y-%m-%d %H:%M} UTC"
        return f"{self.subject}, signed by {self.issuer}, {until}"

    @property
    def names_in_words(self) -> str:
        """The hosts that it is for."""
        told = ", ".join(self.names[:MOST_NAMES]) or self.subject
        more = len(self.names) - MOST_NAMES
        return f"{told} and {more} more" if more > 0 else told


def parsed(der: bytes) -> Certificate:
    """A certificate as TLS has it.  Raises ValueError for what is none, or cannot be read."""
    try:
        return _certificate(x509.load_der_x509_certificate(der))
    except Exception as error:  # there is a type for each way in which one can be odd
        raise ValueError(f"no certificate: {error}") from None


def read(path: Path) -> Certificate | None:
    """The first one in a file, our own; None when there is none that can be read."""
    try:
        return _certificate(x509.load_pem_x509_certificates(path.read_bytes())[0])
    except Exception:  # as above, and all that a disk can say
        return None


def _certificate(one: x509.Certificate) -> Certificate:
    return Certificate(
        _plain(one.subject.rfc4514_string()),
        _plain(one.issuer.rfc4514_string()),
        tuple(_names(one)),
        one.not_valid_before_utc,
        one.not_valid_after_utc,
    )


def _names(one: x509.Certificate) -> list[str]:
    try:
        names = one.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    hosts = names.get_values_for_type(x509.DNSName)
    addresses = names.get_values_for_type(x509.IPAddress)
    return [_plain(str(name)) for name in (*hosts, *addresses)]


def _plain(name: str) -> str:
    """A name of the other side's, in one short line."""
    text = "".join(letter if letter.isprintable() else "?" for letter in name)
    return text if len(text) <= LONGEST_NAME else f"{text[:LONGEST_NAME]}…"
