"""What Asterisk has written into its log since the last look."""

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

MOST_BYTES = 1 << 20  # in one read; the rest comes with the next one
BEFORE_BYTES = 1 << 16
# How a line begins (logger.conf): the time, the level, the thread and maybe the call.  What
# strangers have sent is in some lines, too, and says whatever they like, but begins none.
LINE = rb"(?m)^\[[^]\n]{1,40}\] [A-Z]{1,10}\[\d{1,10}\](?:\[C-[0-9a-f]{1,16}\])? "


class LogFollower:
    """Follows Asterisk's log from its end.  Blocks on the disk: call it in a thread.

    A log that is not there, or may not be read, tells nothing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._rest = b""
        self._from_end = True  # what is there before the first look was before us

    def before(self) -> bytes:
        """The last lines that are there already, before the first `read`; never raises OSError."""
        with suppress(OSError), self._path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - BEFORE_BYTES))
            return file.read(BEFORE_BYTES)
        return b""

    def read(self) -> bytes:
        """Whole lines, written since the last time; never raises OSError."""
        found = b""
        with suppress(OSError):
            if self._file is None:
                self._open()
            found = self._take()
            if self._moved():
                found += self._take()  # what was written until it was moved
                self.close()
                self._open()
                found += self._take()
        return found

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
        self._file, self._rest = None, b""

    def _open(self) -> None:
        from_end, self._from_end = self._from_end, False
        self._file = self._path.open("rb")
        if from_end:
            self._file.seek(0, os.SEEK_END)

    def _take(self) -> bytes:
        assert self._file is not None
        text = self._rest + self._file.read(MOST_BYTES)
        whole, newline, self._rest = text.rpartition(b"\n")
        if not newline and len(self._rest) > MOST_BYTES:
            self._rest = b""  # no log of Asterisk's
        return whole + newline

    def _moved(self) -> bool:
        """Whether the log is another file now, or was emptied in its place."""
        assert self._file is not None
        mine, now = os.fstat(self._file.fileno()), self._path.stat()
        return (mine.st_dev, mine.st_ino) != (now.st_dev, now.st_ino) or (
            now.st_size < self._file.tell()
        )
