"""What stands for a caller's number everywhere: a keyed hash, and the key's file.

The hash is the same for the same number as long as the key is the same, so redials can be seen;
without the key nobody can find the number again by trying all of them.
"""

import hashlib
import hmac
import os
import secrets
import stat
from pathlib import Path

import phonenumbers

KEY_BYTES = 32
KEY_BYTES_AT_MOST = 4096
HASH_CHARACTERS = 12  # 48 bits: a million callers' hashes all differ, 562 times in 563


class CallerKeyError(Exception):
    """The key cannot be had; the message names the file and what to do."""


class Hasher:
    """Turns callers' numbers into what may be written down.

    `country`: two letters; what carriers give without a country is a number there.
    """

    def __init__(self, key: bytes, country: str) -> None:
        self._key = key
        self._country = country

    def hash_number(self, number: str) -> str:
        """12 hexadecimal characters for a number; empty when it has no digit (withheld).

        Spellings of one number give one hash: in Thailand +66 81 …, 6681… and 081-….
        """
        digits = self._international(number)
        if not digits:
            return ""
        digest = hmac.new(self._key, digits.encode("ascii"), hashlib.sha256)
        return digest.hexdigest()[:HASH_CHARACTERS]

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


def load_key(path: Path) -> bytes:
    """The key in `path`; a new one is made there when the file is missing.

    Raises PrivacyError.
    """
    try:
        try:
            return _read(path)
        except FileNotFoundError:
            _make(path)
            return _read(path)
    except OSError as error:
        raise CallerKeyError(
            f"{path}: the key for callers' numbers cannot be read or made ({error.strerror}): "
            "let the user who runs ivrd write to that folder, or set caller_key_file"
        ) from error


def _read(path: Path) -> bytes:
    # O_NONBLOCK: a pipe in the key's place must not make us wait for ever
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise CallerKeyError(f"{path}: expected a file with the key for callers' numbers")
        if status.st_mode & stat.S_IRWXO:
            raise CallerKeyError(
                f"{path}: everybody on this machine can read the key: chmod o-rwx {path}"
            )
        key = file.read(KEY_BYTES_AT_MOST)
    if len(key) < KEY_BYTES:
        raise CallerKeyError(
            f"{path}: expected a key of at least {KEY_BYTES} bytes, found {len(key)}: put the "
            "right one back, or remove the file to get a new one (old hashes then match no more)"
        )
    return key


def _make(path: Path) -> None:
    """Write a new key beside its place, then give it its name, unless another was faster."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(handle)
        try:
            os.link(draft, path)  # unlike a rename this never replaces a key
        except FileExistsError:
            return
    finally:
        draft.unlink()
