"""Asterisk's queue_log, followed line by line over rotations.

Theory of operation
-------------------
A place in the file is a `LogPosition`: which file (its inode and a hash of its first line) and
how far. The file is held open, so what is renamed or removed while we read is still read to its
end.  It is left for the next one only when that has a line in it: from then on Asterisk writes
there alone (main/logger.c closes the old file before it writes to the new).  A file whose inode is
the same but whose first line is another, or that is shorter than what was read of it, was emptied
in place; its old text is looked for among its neighbours (`queue_log*`), and so is the file of a
mark from an earlier run.  When that is nowhere, lines may be missing: `gaps` counts it, and reading
goes on at the beginning of the file that is there.

A line waits for its newline.  One that never gets it, that is over-long or that is none is counted
in `skipped`.  What the others say is in queue_lines.py.
"""

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ivrd.asterisk.queue_lines import LONGEST, entry_of
from ivrd.core.queue_log_replay import LogEntry

MOST_LINES = 5_000  # in one `read`: what they mean is worked out in the event loop
CHUNK = 1 << 20  # bytes; so many are in memory at most
HEAD = 256  # bytes of a first line that tell one file from another

FIRST_TIME = re.compile(rb"(?:^|\n)([0-9]{10})\|")


@dataclass(frozen=True)
class LogPosition:
    """A line's beginning.  first: hash of the file's first line, empty while it has none."""

    inode: int
    first: str
    offset: int

    def text(self) -> str:
        """As it is kept between two runs."""
        return json.dumps([self.inode, self.first, self.offset])

    @classmethod
    def of(cls, text: str) -> "LogPosition | None":
        """The mark that `text` gave; None when it is none."""
        try:
            inode, first, offset = json.loads(text)
        except (ValueError, TypeError):
            return None
        kinds = (type(inode), type(first), type(offset))
        return cls(inode, first, offset) if kinds == (int, str, int) and offset >= 0 else None


class QueueLogReader:
    """Reads one queue_log.  Blocks on the disk: call it in a thread, one call at a time.

    trouble: why nothing can be read, in words; empty while all is well.  behind: there is more
    to read at once.  `mark`: where the next line begins; None before a file was there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.trouble = ""
        self.behind = False
        self.skipped = 0
        self.gaps = 0
        self.mark: LogPosition | None = None
        self._file: BinaryIO | None = None
        self._from_end = False
        self._in_long_line = False
        self._last_look = False

    @property
    def readable(self) -> bool:
        """Whether there is a file to read."""
        return self._file is not None

    def start(self, mark: LogPosition | None) -> None:
        """Begin at `mark`; without one at the end of what is there: that was before us."""
        self.close()
        self.mark, self._from_end = mark, mark is None
        self._in_long_line = self._last_look = False
        try:
            self._open()
            self._looked()
        except OSError as error:
            self._fail(error)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
        self._file = None

    def read(self) -> list[tuple[LogEntry, LogPosition]]:
        """The lines that were written since, each with where it begins; never raises OSError."""
        lines: list[tuple[LogEntry, LogPosition]] = []
        self.behind = False
        left = MOST_LINES
        try:
            while left > 0 and (self._file is not None or self._open()):
                took = self._take(lines, left)
                left -= took
                if took == 0 and not self._next():
                    break
            self.behind = left <= 0
            self._looked()
        except OSError as error:
            self._fail(error)
        return lines

    def _looked(self) -> None:
        self.trouble = "" if self._file is not None else f"{self.path}: there is no such file"

    def _fail(self, error: OSError) -> None:
        self.close()
        self.trouble = f"{self.path}: {error.strerror or error}"

    # --- one file --------------------------------------------------------------------------

    def _take(self, lines: list[tuple[LogEntry, LogPosition]], most: int) -> int:
        """Read whole lines, `most` at most; how many there were, 0 at the end of the file."""
        assert self._file is not None
        assert self.mark is not None
        at, number = self.mark, self._file.fileno()
        chunk = os.pread(number, CHUNK, at.offset)
        first = _first(number)  # asked after reading: what is emptied from now on was read whole
        if os.fstat(number).st_size < at.offset or (at.first and first != at.first):
            self.close()  # emptied in place; `_open` looks for what it held
            return 1
        took = begin = 0
        while took < most and (end := chunk.find(b"\n", begin)) >= 0:
            self._one(chunk[begin:end], LogPosition(at.inode, first, at.offset + begin), lines)
            begin, took = end + 1, took + 1
        if took == 0 and len(chunk) > LONGEST:  # no end in sight: let it go by in pieces
            self.skipped += not self._in_long_line
            self._in_long_line = True
            begin, took = len(chunk), 1
        self.mark = LogPosition(at.inode, first, at.offset + begin)
        self._last_look = self._last_look and took == 0
        return took

    def _one(
        self, raw: bytes, here: LogPosition, lines: list[tuple[LogEntry, LogPosition]]
    ) -> None:
        if self._in_long_line:  # its last piece
            self._in_long_line = False
            return
        line, broken = entry_of(raw)
        self.skipped += broken
        if line is not None:
            lines.append((line, here))

    # --- from one file to the next ---------------------------------------------------------

    def _next(self) -> bool:
        """At the end of a file: go on to the next, if there is one; False to wait for more."""
        assert self._file is not None
        assert self.mark is not None
        try:
            newest = os.stat(self.path)
        except FileNotFoundError:
            return False
        if newest.st_ino == self.mark.inode or newest.st_size == 0:
            return False
        if not self._last_look:  # what was written between our last read and the rotation
            self._last_look = True
            return True
        unfinished = os.fstat(self._file.fileno()).st_size > self.mark.offset
        self._begin(_after(self.path, self._file, self.mark))
        self.skipped += unfinished
        return True

    def _open(self) -> bool:
        """Open the file of the mark, or the newest; False when there is none."""
        if self.mark is None:
            return self._open_new()
        # Twice: a file that is renamed while we look can be overlooked.
        file = _find(self.path, self.mark) or _find(self.path, self.mark)
        if file is not None:
            self._begin(file, self.mark.offset)
            return True
        try:
            self._begin(_opened(self.path))
        except FileNotFoundError:
            return False
        self.gaps += 1
        return True

    def _open_new(self) -> bool:
        try:
            file = _opened(self.path)
        except FileNotFoundError:
            self._from_end = False  # what comes now is ours
            return False
        self._begin(file, _last_line(file.fileno()) if self._from_end else 0)
        self._from_end = False
        return True

    def _begin(self, file: BinaryIO, offset: int = 0) -> None:
        self.close()
        self._file = file
        number = file.fileno()
        self.mark = LogPosition(os.fstat(number).st_ino, _first(number), offset)
        self._in_long_line = self._last_look = False


def _opened(path: Path) -> BinaryIO:
    """Open a plain file; a pipe or a device of that name must not hold us up."""
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise OSError(0, "is not a plain file")
    return os.fdopen(number, "rb", buffering=0)


def _first(number: int) -> str:
    """A hash of an open file's first line; empty while that is not whole."""
    head = os.pread(number, HEAD, 0)
    line, newline, _rest = head.partition(b"\n")
    return hashlib.sha256(line).hexdigest()[:16] if newline or len(head) == HEAD else ""


def _last_line(number: int) -> int:
    """Where the line begins that is still being written, or the next one."""
    size = os.fstat(number).st_size
    begin = max(0, size - LONGEST)
    newline = os.pread(number, LONGEST, begin).rfind(b"\n")
    return begin + newline + 1 if newline >= 0 or begin == 0 else size


def _neighbours(path: Path) -> Iterator[BinaryIO]:
    """The plain files whose names begin as this one's, itself left out, one after the other open;
    whoever keeps one gets it as a copy of its own."""
    try:
        with os.scandir(path.parent) as entries:
            found = [Path(e) for e in entries if e.name.startswith(path.name) and e.is_file()]
    except OSError:
        return
    for each in found:
        if each != path:
            with suppress(OSError), _opened(each) as file:
                yield file


def _find(path: Path, mark: LogPosition) -> BinaryIO | None:
    """The mark's file, or a copy of it that reaches as far."""
    with suppress(OSError):
        newest = _opened(path)
        if _holds(newest.fileno(), mark):
            return newest
        newest.close()
    copy: BinaryIO | None = None
    for file in _neighbours(path):
        if not _holds(file.fileno(), mark):
            continue
        itself = os.fstat(file.fileno()).st_ino == mark.inode
        if itself or copy is None:
            copy = _kept(file, instead_of=copy)
        if itself:
            break
    return copy


def _holds(number: int, mark: LogPosition) -> bool:
    there = os.fstat(number)
    same = _first(number) == mark.first if mark.first else there.st_ino == mark.inode
    return same and there.st_size >= mark.offset


def _after(path: Path, file: BinaryIO, mark: LogPosition) -> BinaryIO:
    """The file that follows this one: the oldest of those that are newer, or `path`."""
    here, best = _age(file.fileno()), _opened(path)
    newest = _first(best.fileno())
    oldest = (1 << 63, 0)
    for each in _neighbours(path):
        age, first = _age(each.fileno()), _first(each.fileno())
        if here < age < oldest and first not in ("", mark.first, newest):
            best, oldest = _kept(each, instead_of=best), age
    return best


def _kept(file: BinaryIO, instead_of: BinaryIO | None) -> BinaryIO:
    if instead_of is not None:
        instead_of.close()
    return os.fdopen(os.dup(file.fileno()), "rb", buffering=0)


def _age(number: int) -> tuple[int, int]:
    """By what files are put in order: the first time that they tell, then their last change.

    A file without a time, as a compressed one, is older than all.
    """
    found = FIRST_TIME.search(os.pread(number, LONGEST, 0))
    return (int(found[1]), os.fstat(number).st_mtime_ns) if found else (0, 0)
