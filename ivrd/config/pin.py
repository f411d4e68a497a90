"""Agents' PINs: only what hashlib.scrypt makes of one is ever written down.

A hash stands in the configuration as `scrypt:SALT:KEY`, both in base64.
"""

import base64
import hashlib
import hmac
import re
import secrets

DIGITS = re.compile(r"[0-9]{4,12}")
EXPECTED = "4 to 12 digits"
HASH = re.compile(r"scrypt:[A-Za-z0-9_-]{22}==:[A-Za-z0-9_-]{43}=")
SALT_BYTES = 16
# 16 MiB and some 50 ms for each guess.
COST, BLOCK_SIZE, KEY_BYTES = 2**14, 8, 32


def is_pin(text: str) -> bool:
    """Whether it may be a PIN: what a telephone has keys for."""
    return DIGITS.fullmatch(text) is not None


def pin_hash(pin: str) -> str:
    """The hash of a PIN, with a salt of its own.  Takes some 50 ms."""
    salt = secrets.token_bytes(SALT_BYTES)
    return ":".join(("scrypt", _text(salt), _text(_key(pin, salt))))


def is_hash(text: str) -> bool:
    """Whether it has the form of a hash."""
    return HASH.fullmatch(text) is not None


def matches(pin: str, hashed: str) -> bool:
    """Whether the hash is of this PIN.  Takes some 50 ms."""
    _name, salt, key = hashed.split(":")
    return hmac.compare_digest(_key(pin, _bytes(salt)), _bytes(key))


def _key(pin: str, salt: bytes) -> bytes:
    return hashlib.scrypt(pin.encode(), salt=salt, n=COST, r=BLOCK_SIZE, p=1, dklen=KEY_BYTES)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text)
