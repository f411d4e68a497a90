"""Numbers that have to be dialled again, sealed: encrypted, so that the store has none in clear.

Sealed is by Fernet (AES-128 in CBC mode with HMAC-SHA256, github.com/fernet/spec) with a key
derived by HKDF (RFC 5869) from the one in the file.
"""

import base64
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ivrd.config.key_file import KeyFile

PURPOSE = b"ivrd: numbers that are to be called back"
FERNET_KEY_BYTES = 32


class CannotOpen(Exception):
    """What was sealed cannot be opened: with another key, or changed since.  Names no number."""


class Vault:
    """Seals with the first of `keys` and opens what any of them has sealed."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._fernet = MultiFernet([_fernet(key) for key in keys])

    def seal(self, number: str) -> str:
        """The number as it may be stored: ASCII text, another one each time."""
        return self._fernet.encrypt(number.encode()).decode("ascii")

    def open(self, text: str) -> str:
        """The number that was sealed.  Raises `CannotOpen`."""
        try:
            return self._fernet.decrypt(text.encode()).decode()
        except (InvalidToken, UnicodeError):
            raise CannotOpen("a stored number cannot be opened with the keys there are") from None


def number_key(path: Path) -> KeyFile:
    """The file with the key for numbers."""
    return KeyFile(path, "people.number_key_file", "numbers that were kept with it are lost then")


def _fernet(key: bytes) -> Fernet:
    derived = HKDF(SHA256(), FERNET_KEY_BYTES, salt=None, info=PURPOSE).derive(key)
    return Fernet(base64.urlsafe_b64encode(derived))
