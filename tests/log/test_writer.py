"""The log's stream may be full, broken or unread: nobody waits for it, and what is lost is told."""

import io
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ivrd import log
from ivrd.core.call import Call
from ivrd.core.call_events import HungUp
from ivrd.core.call_notices import Ended
from ivrd.core.call_table import step
from ivrd.log.writer import LAST_SECONDS, LINES_AT_MOST

LOG = logging.getLogger("ivrd.test")


@pytest.fixture(autouse=True)
def _afterwards_as_before() -> Iterator[None]:
    yield
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, log.Handler)]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(logging.WARNING)
    logging.getLogger("ivrd").setLevel(logging.NOTSET)
    logging.captureWarnings(False)


def burst(lines: int) -> None:
    """Log the ends of so many calls."""
    for number in range(lines):
        _, (notice,) = step(Call(f"{number}.0", 100.0), HungUp(130.0))
        assert isinstance(notice, Ended)
        log.call_ended(LOG, notice)


@pytest.mark.parametrize("blocking", [True, False])
def test_a_stream_that_nobody_reads_holds_nobody_up(blocking: bool) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, blocking)
    said = LINES_AT_MOST + 3_000
    with os.fdopen(reader) as received:
        with os.fdopen(writer, "w") as stream:
            handler = log.setup("plain", "info", stream)
        burst(said)  # comes back although nobody reads
        dropped = handler.dropped
        assert dropped > 1_000  # the pipe and the queue hold the rest
        threading.Thread(target=handler.close).start()
        read = received.readlines()
    told = [int(line.split("count=")[1]) for line in read if " log lines dropped " in line]
    assert sum(told) == dropped
    assert len(read) - len(told) == said - dropped  # what was queued is all there
    assert handler.dropped == dropped


def socketpair() -> tuple[int, int]:
    """Two ends of a stream, as the journal has one for each service."""
    one, other = socket.socketpair()
    return one.detach(), other.detach()


@pytest.mark.parametrize("ends", [os.pipe, socketpair], ids=["pipe", "journal"])
def test_what_can_be_written_without_waiting_is_there_when_the_call_returns(
    ends: Callable[[], tuple[int, int]],
) -> None:
    reader, writer = ends()
    os.set_blocking(reader, False)
    with os.fdopen(writer, "w") as stream:
        log.setup("plain", "info", stream)
    burst(3)  # and no thread need have run
    assert os.read(reader, 4096).count(b" call ended ") == 3
    os.close(reader)


def test_lines_stay_in_order_when_a_reader_falls_behind_and_catches_up() -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader) as received:
        with os.fdopen(writer, "w") as stream:
            handler = log.setup("plain", "info", stream)
        read: list[str] = []
        for _ in range(3):
            burst(600)  # more than the pipe holds
            read += [received.readline() for _ in range(600)]
            handler.flush()
            burst(5)
            read += [received.readline() for _ in range(5)]
    calls = [int(line.split(" call=")[1].split(".")[0]) for line in read]
    assert calls == [*range(600), *range(5)] * 3


def test_lines_that_a_full_disk_refused_are_counted() -> None:
    with Path("/dev/full").open("w") as stream:
        handler = log.setup("plain", "info", stream)
        burst(10)
        handler.flush()
        assert handler.dropped == 10


def test_a_reader_that_went_away_is_no_fault_of_ours() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        handler = log.setup("json", "info", stream)
        burst(10)
        handler.flush()
        assert handler.dropped == 10


class Flaky(io.StringIO):
    """Takes no line while `full`."""

    full = True

    def write(self, text: str) -> int:
        if self.full:
            raise OSError(28, "No space left on device")
        return super().write(text)


def test_what_was_lost_is_told_once_lines_go_through_again() -> None:
    stream = Flaky()
    handler = log.setup("plain", "info", stream)
    burst(3)
    handler.flush()
    stream.full = False
    burst(2)
    handler.flush()
    lost, *lines = stream.getvalue().splitlines()
    assert lost.endswith(" WARNING log lines dropped count=3")
    assert len(lines) == 2


def test_the_end_waits_for_what_is_left_and_for_the_count_of_a_storm() -> None:
    stream = io.StringIO()
    handler = log.setup("plain", "info", stream)
    burst(2_000)
    for _ in range(30):
        log.event(LOG, logging.ERROR, "broken")
    handler.close()
    lines = stream.getvalue().splitlines()
    assert sum(" call ended " in line for line in lines) == 2_000
    assert lines[-1].endswith(" ERROR broken … and 25 more like this in 10 s")


PROGRAM = """
import logging, sys
from ivrd import log
log.setup("plain", "info", sys.stderr)
for number in range(int(sys.argv[1])):
    log.event(logging.getLogger("ivrd"), logging.INFO, f"line {number}")
"""


def test_what_was_logged_last_is_written_at_the_end() -> None:
    command = [sys.executable, "-c", PROGRAM, "900"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr.splitlines()[-1].endswith(" INFO line 899")
    assert len(done.stderr.splitlines()) == 900


def test_the_program_ends_though_nobody_reads_its_log() -> None:
    reader, writer = os.pipe()
    command = [sys.executable, "-c", PROGRAM, "5000"]
    begun = time.monotonic()
    with os.fdopen(reader), os.fdopen(writer, "w") as stream:
        done = subprocess.run(command, stderr=stream, timeout=60, check=False)
    assert done.returncode == 0
    assert time.monotonic() - begun < 2 * LAST_SECONDS + 10


DISK = """
import logging, resource, sys
from ivrd import log
handler = log.setup("plain", "info", sys.stderr)
for limit in (120, resource.RLIM_INFINITY):  # the disk is full after 120 bytes, then is not
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    log.event(logging.getLogger("ivrd"), logging.INFO, f"{limit:x} first", name="n" * 40)
    log.event(logging.getLogger("ivrd"), logging.INFO, f"{limit:x} second", name="n" * 40)
    handler.flush()
"""


def test_a_line_that_a_full_disk_cut_off_does_not_spoil_the_next(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as stream:
        subprocess.run([sys.executable, "-c", DISK], stderr=stream, timeout=60, check=True)
    lines = (tmp_path / "log").read_text().splitlines()
    words = [line.split(" name=")[0].split(" ", 3)[3] for line in lines]
    assert words == ["78 first", "78 second", "log lines dropped count=1", "-1 first", "-1 second"]


class WatchedLock:
    """A lock that tells when the writer asks for it."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self.asked = threading.Event()

    def acquire(self, blocking: bool = True) -> bool:
        if threading.current_thread().name == "ivrd-log":
            self.asked.set()
        return self._lock.acquire(blocking)

    def release(self) -> None:
        self._lock.release()


def test_the_end_does_not_wait_for_a_writer_that_waits_for_the_end() -> None:
    handler, lock = log.setup("plain", "info", io.StringIO()), WatchedLock()
    handler.lock = lock  # type: ignore[assignment]
    log.event(LOG, logging.INFO, "now the writer looks for storms that are over")
    handler.acquire()  # as logging.shutdown does
    assert lock.asked.wait(10)
    begun = time.monotonic()
    handler.flush()
    assert time.monotonic() - begun < LAST_SECONDS / 2
    handler.release()
