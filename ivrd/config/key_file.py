"""Files with a random key that ivrd makes itself, and how such a key is replaced.

A key is replaced by giving its file the name with `.previous` behind it: the next start makes a new
one, and what was made with the previous key is still understood as long as that file is there.
"""

import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

KEY_BYTES = 32
KEY_BYTES_AT_MOST = 4096
PREVIOUS = ".previous"


class KeyFileError(Exception):
    """The key cannot be had; the message names the file and what to do."""


@dataclass(frozen=True)
class KeyFile:
    """Where a key is.

    For messages: `setting`, its key in ivrd.yaml, and `lost`, what a new key in its place costs.
    """

    path: Path
    setting: str
    lost: str

    @property
    def previous_path(self) -> Path:
        """Where the key before this one is, if there is one."""
        return self.path.with_name(f"{self.path.name}{PREVIOUS}")

    def keys(self) -> tuple[bytes, ...]:
        """The key, and after it the previous one; a first one is made when the file is missing.

        Raises `KeyFileError`.
        """
        try:
            return (self._current(), *self._previous())
        except OSError as error:
            raise KeyFileError(
                f"{self.path}: the key cannot be read or made ({error.strerror}): let the user who "
                f"runs ivrd write to that folder, or set {self.setting}"
            ) from error

    def _current(self) -> bytes:
        try:
            return self._read(self.path)
        except FileNotFoundError:
            _make(self.path)
            return self._read(self.path)

    def _previous(self) -> tuple[bytes, ...]:
        try:
            return (self._read(self.previous_path),)
        except FileNotFoundError:
            return ()

    def _read(self, path: Path) -> bytes:
        # O_NONBLOCK: a pipe in the key's place must not make us wait for ever
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise KeyFileError(f"{path}: expected a file with the key for {self.setting}")
            if status.st_mode & stat.S_IRWXO:
                raise KeyFileError(
                    f"{path}: everybody on this machine can read the key: chmod o-rwx {path}"
                )
            key = file.read(KEY_BYTES_AT_MOST)
        if len(key) < KEY_BYTES:
            raise KeyFileError(
                f"{path}: expected a key of at least {KEY_BYTES} bytes, found {len(key)}: put the "
                f"right one back, or remove the file ({self.lost})"
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
