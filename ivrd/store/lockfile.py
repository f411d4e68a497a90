"""One ivrd for each file: two that write to the same store would count every call twice."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class Claimed(Exception):
    """Another ivrd works with this file; one line for a person."""


@contextmanager
def claim(file: Path) -> Iterator[None]:
    """Lock the file; the kernel releases it when the process ends, however it does.

    Raises `Claimed`.  On a file system without such locks, or one that cannot be written, nobody
    is refused.
    """
    beside = file.with_name(f"{file.name}.lock")  # SQLite uses locks on the file itself
    handle = None
    with suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(beside, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if handle is not None:
            _lock(handle, file)
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _lock(handle: int, file: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Claimed(f"another ivrd uses the store {file}; each needs its own") from None
    except OSError:
        pass
