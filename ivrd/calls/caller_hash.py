"""What stands for a caller's number everywhere: a keyed hash.

The hash is the same for the same number as long as the key is the same, so redials can be seen;
without the key nobody can find the number again by trying all of them.  When the key is replaced,
the hash by the previous key says under which one the caller was known until then.
"""

import hashlib
import hmac
from collections.abc import Sequence
from pathlib import Path

import phonenumbers

from ivrd.config.key_file import KeyFile

HASH_CHARACTERS = 12  # 48 bits: a million callers' hashes all differ, 562 times in 563


class Hasher:
    """Turns callers' numbers into what may be written down.

    `keys`: the key, and after it those it has replaced.  `country`: two letters; what carriers give
    without a country is a number there.
    """

    def __init__(self, keys: Sequence[bytes], country: str) -> None:
        self._key, *self._previous = keys
        self._country = country

    def hash_number(self, number: str) -> str:
        """12 hexadecimal characters for a number; empty when it has no digit (withheld).

        Spellings of one number give one hash: in Thailand +66 81 …, 6681… and 081-….
        """
        digits = self._international(number)
        return _digest(self._key, digits) if digits else ""

    def previous_hashes(self, number: str) -> tuple[str, ...]:
        """What the number's hash was by the keys before; none of a withheld number."""
        digits = self._international(number) if self._previous else ""
        return tuple(_digest(key, digits) for key in self._previous) if digits else ()

    def _international(self, number: str) -> str:
        """The number with its country (E.164); its digits alone when it is too short for that."""
        digits = "".join(c for c in number if c in "0123456789")
        plus = "+" if number.strip().startswith("+") else ""
        try:
            parsed = phonenumbers.parse(plus + digits, self._country)
        except phonenumbers.NumberParseException:
            return digits
        if not phonenumbers.is_possible_number(parsed):
            return digits
        return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def caller_key(path: Path) -> KeyFile:
    """The file with the key for callers' hashes."""
    return KeyFile(path, "caller_key_file", "callers' hashes then match those of before no more")


def _digest(key: bytes, digits: str) -> str:
    return hmac.new(key, digits.encode("ascii"), hashlib.sha256).hexdigest()[:HASH_CHARACTERS]
