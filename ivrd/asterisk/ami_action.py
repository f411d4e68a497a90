"""An action of AMI: how it is made up, and why it was not carried out."""

import asyncio
import math
import os
from collections.abc import Mapping
from typing import Any

from ivrd.asterisk.ami_message import LINE_END

LINE_LIMIT = 1024  # bytes with the line's end; Asterisk drops longer ones (manager.c, get_input)
LONGEST = LINE_LIMIT - len(LINE_END)


class BadValue(ValueError):
    """A header that must not be sent; the message says which and why."""


class ConnectionLost(ConnectionError):
    """The link to Asterisk went away before the answer came."""


def encoded(headers: Mapping[str, object]) -> bytes:
    """One action.  Raises `BadValue` if a header would break out of its line, or Asterisk would
    drop it."""
    lines = []
    for name, value in headers.items():
        line = f"{name}: {value}"
        if not isinstance(value, str) or ":" in name or not line.isprintable():
            raise BadValue(f"{name!r}: a value must be one line of text")
        if 4 * len(line) > LONGEST and len(line.encode()) > LONGEST:
            raise BadValue(f"{name!r}: longer than the {LINE_LIMIT} bytes that Asterisk takes")
        lines.append(line)
    return (LINE_END.join(lines) + LINE_END * 2).encode()


def mark_retrieved(future: "asyncio.Future[Any]") -> None:
    """Mark a failure as seen: nobody need be waiting for this result."""
    if not future.cancelled():
        future.exception()


def in_seconds(text: str) -> float:
    """A number of seconds; 0 for anything else."""
    try:
        number = float(text)
    except ValueError:
        return 0.0
    return number if math.isfinite(number) else 0.0


def in_words(error: BaseException) -> str:
    """Why something failed, for a person: the operating system's words without a module's."""
    if isinstance(error, TimeoutError):
        return "no answer"
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno)
    return str(error) or type(error).__name__
