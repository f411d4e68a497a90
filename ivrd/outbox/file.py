"""Messages as lines of JSON in a file that only its owner can read: to try it, and for the demo."""

import asyncio
import json
import os
from dataclasses import asdict
from pathlib import Path

from ivrd.core.outbox import Delivered, Failed, Result
from ivrd.outbox.message import Message


class LogFile:
    """A `Channel`."""

    at_once = 1  # lines stand in the order in which they were sent
    per_second = 100.0

    def __init__(self, path: Path) -> None:
        self._path = path

    async def send(self, key: str, message: Message) -> Result:
        """See `Channel`."""
        line = json.dumps({"key": key, **asdict(message)}, ensure_ascii=False)
        try:
            await asyncio.to_thread(self._append, f"{line}\n".encode())
        except OSError as error:
            why = f"{self._path}: cannot be written: {error.strerror}"
            return Failed(why, whole_channel=True)
        return Delivered()

    async def close(self) -> None:
        """See `Channel`."""

    def _append(self, line: bytes) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
        file = os.open(self._path, flags, 0o600)
        try:
            if os.write(file, line) < len(line):
                raise OSError(0, "the disk is full")
        finally:
            os.close(file)
