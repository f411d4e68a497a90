"""Nobody waits for the log: what can't be written at once goes into a bounded queue for one thread.

A line that can be written without waiting is written by whoever logs it: to wake the thread costs
ten times as much.  When the stream is full, broken or not read, lines are dropped and counted; the
count is logged as soon as lines go through again.
"""

import errno
import logging
import os
import queue
import select
import threading
import time
from typing import TextIO

from ivrd.log import formatters
from ivrd.log.rate_limit import RateLimit

LINES_AT_MOST = 10_000  # that wait to be written
TICK_SECONDS = 1.0  # how often the writer looks for storms that are over
LAST_SECONDS = 2.0  # how long the end waits for the writer


class Handler(logging.Handler):
    """Writes finished lines, or queues them for the thread that does; never waits, never raises."""

    def __init__(self, stream: TextIO, formatter: logging.Formatter, storm: RateLimit) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self._storm = storm
        # The garbage collector may log in the middle of a put (asyncio does, for a task that
        # failed unseen): that would lock up a queue.Queue, but not this one.
        self._lines: queue.SimpleQueue[str | threading.Event | None] = queue.SimpleQueue()
        self._overflowed = 0  # counted by those who log
        self._unwritten = 0  # counted by the writer
        self._reported = 0
        self._queued = 0  # lines so far, counted by those who log
        self._done = 0  # of these the writer is done with
        self._sink = _sink(stream)
        self._thread = threading.Thread(target=self._run, name="ivrd-log", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Lines that were lost since the beginning."""
        return self._overflowed + self._unwritten

    def emit(self, record: logging.LogRecord) -> None:
        """Write, or queue, what is to be written now that `record` came."""
        calm = not self._storm.windows
        for each in self._storm.admit(record):
            self._take(each)
        if calm and self._storm.windows:
            self._lines.put("")  # the writer has to look for the storm's end

    def _take(self, record: logging.LogRecord) -> None:
        if self._lines.qsize() >= LINES_AT_MOST:
            self._overflowed += 1
            return
        try:
            line = self.format(record)
        except Exception as error:  # a faulty call of the log must not cost a caller the menu
            words = f"a line of {record.name} cannot be written: {type(error).__name__}"
            line = self.format(formatters.record(words))
        if not (self._idle and self._sink.write_at_once(line)):
            self._queued += 1
            self._lines.put(line)

    @property
    def _idle(self) -> bool:
        """Whether the writer has written all lines, and told what was lost: none is overtaken.

        Whoever logs holds the handler's lock.
        """
        return self._done == self._queued and self.dropped == self._reported

    def flush(self) -> None:
        """Wait until what was logged is written, LAST_SECONDS at most. Not for the event loop."""
        self._summarise()
        written = threading.Event()
        self._lines.put(written)
        written.wait(LAST_SECONDS)

    def close(self) -> None:
        """Write what is left, for LAST_SECONDS at most, and end the writer."""
        if self._thread.is_alive():
            self._summarise(all_of_them=True)
            self._lines.put(None)
            self._thread.join(LAST_SECONDS)
        super().close()

    def _summarise(self, *, all_of_them: bool = False) -> None:
        """Queue the summaries of storms that are over, unless somebody logs just now."""
        assert self.lock is not None
        # Without waiting: logging.shutdown holds the lock while it waits for the writer.
        if self.lock.acquire(blocking=False):
            try:
                for record in self._storm.over(all_of_them=all_of_them):
                    self._take(record)
            finally:
                self.lock.release()

    # --- the writer's thread ---------------------------------------------------------------

    def _run(self) -> None:
        looked = time.monotonic()
        while True:
            try:
                item = self._lines.get(timeout=TICK_SECONDS if self._storm.windows else None)
            except queue.Empty:
                item = ""
            if item is None:
                break
            if isinstance(item, threading.Event):
                item.set()
            elif item:
                self._put_out(item)
                self._done += 1
            if time.monotonic() - looked >= TICK_SECONDS:
                looked = time.monotonic()
                self._summarise()
        if self.dropped > self._reported:
            self._put_out("")
        self._sink.close()

    def _put_out(self, line: str) -> None:
        """Write a line, and before it how many were lost, if that was not reported yet."""
        lost = self.dropped - self._reported
        if lost:
            line = f"{self.format(formatters.record('log lines dropped', count=lost))}\n{line}"
        try:
            self._sink.write(line.rstrip("\n"))
        except Exception:  # whatever the stream has: the next line may go through
            self._unwritten += 1
        else:
            self._reported += lost


class _Memory:
    """A stream without a descriptor: it is in memory and takes every line at once."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, line: str) -> None:
        self._stream.write(line + "\n")

    def write_at_once(self, _line: str) -> bool:
        """Not: only the writer's thread has it."""
        return False

    def close(self) -> None:
        """The stream is its owner's."""


class _Descriptor:
    """Writes past Python's own buffer: a thread stuck in that would break the program's exit.

    The journal's socket and pipes take lines without waiting; most files do not, whose disk may
    hang.  Nobody makes the descriptor itself so: others share it.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._torn = False  # the last line was cut off
        self._never_waits = True  # until the kernel says that it can't write so to this

    def write_at_once(self, line: str) -> bool:
        """Write the whole line if that takes no waiting; whether it is written (pwritev2(2))."""
        data = f"{line.rstrip()}\n".encode("utf-8", "backslashreplace")
        if not self._never_waits or self._torn or len(data) > select.PIPE_BUF:
            return False
        try:
            written = os.pwritev(self._descriptor, [data], -1, os.RWF_NOWAIT)
        except OSError as error:  # full, or broken: the writer's thread finds out
            self._never_waits = error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)
            return False
        self._torn = 0 < written < len(data)
        return written == len(data)

    def write(self, line: str) -> None:
        """Write the whole line, waiting for a reader if there must be. Raises OSError."""
        start = "\n" if self._torn else ""
        rest = f"{start}{line}\n".encode("utf-8", "backslashreplace")
        while rest:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
                self._torn = bool(rest)
            except BlockingIOError:  # somebody made it so for all who share it
                waiting = select.poll()
                waiting.register(self._descriptor, select.POLLOUT)
                waiting.poll()

    def close(self) -> None:
        os.close(self._descriptor)


def _sink(stream: TextIO) -> _Memory | _Descriptor:
    try:
        return _Descriptor(os.dup(stream.fileno()))
    except (OSError, ValueError):
        return _Memory(stream)
