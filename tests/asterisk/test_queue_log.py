"""Asterisk's queue_log: what its lines mean, and that none is lost or read twice.

`recorded/queue_log.txt` holds four files of real runs one after the other: Asterisk stopped and
started again with callers on the line; a closed topic; a message that somebody listened to; and a
caller whom a partner sent back to the queue.
"""

import gzip
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.asterisk import queue_log
from ivrd.asterisk.queue_lines import LONGEST, entry_of
from ivrd.asterisk.queue_log import LogPosition, QueueLogReader
from ivrd.core.call import AnsweredBy, CallbackResult, CallState, Outcome, Stage
from ivrd.core.queue_log_replay import EntryType, QueueLogEntry, QueueLogReplay, SettledEntry

REAL = Path(__file__).with_name("recorded") / "queue_log.txt"


def received(number: int) -> str:
    return f"{1795312000 + number}|1795312000.{number}|hotline|NONE|RECEIVED|\n"


class Log:
    """A queue_log as Asterisk and logrotate leave it; numbered lines come and go."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "queue_log"
        self.written = 0
        self.reader = QueueLogReader(self.path)

    def write(self, count: int = 1, *, to: Path | None = None) -> None:
        with (to or self.path).open("a") as file:
            for _ in range(count):
                file.write(received(self.written))
                self.written += 1

    def raw(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(data)

    def shift(self) -> None:
        """As logrotate does: the newest is .1."""
        for number in range(30, 0, -1):
            old = self.path.with_name(f"queue_log.{number}")
            if old.exists():
                old.rename(self.path.with_name(f"queue_log.{number + 1}"))

    def rotate(self) -> Path:
        self.shift()
        return self.path.rename(self.path.with_name("queue_log.1"))

    def copy_and_truncate(self) -> None:
        self.shift()
        shutil.copy2(self.path, self.path.with_name("queue_log.1"))
        os.truncate(self.path, 0)

    def read(self) -> list[int]:
        """The numbers of the lines that are new."""
        return [int(line.call_id.partition(".")[2]) for line, _mark in self.reader.read()]

    def restart(self, mark: LogPosition | None) -> None:
        self.reader.close()
        self.reader = QueueLogReader(self.path)
        self.reader.start(mark)


@pytest.fixture
def log(tmp_path):
    log = Log(tmp_path)
    log.write()
    log.reader.start(None)
    yield log
    log.reader.close()


# --- what lines mean -----------------------------------------------------------------------


def test_a_real_record_ends_its_calls_as_they_ended(tmp_path):
    shutil.copy(REAL, tmp_path / "queue_log")
    reader, record = QueueLogReader(tmp_path / "queue_log"), QueueLogReplay[LogPosition]()
    reader.start(None)
    assert reader.read() == []
    reader.start(LogPosition(os.stat(tmp_path / "queue_log").st_ino, "", 0))
    found = [end for line, mark in reader.read() for end in record.take(line, mark)]
    assert Counter((f.outcome, f.stage, f.call.queue, f.call.by) for f in found) == {
        (Outcome.ABANDONED, Stage.IVR, "", ""): 6,
        (Outcome.ABANDONED, Stage.QUEUE, "other", ""): 4,
        (Outcome.ANSWERED, Stage.TALK, "other", AnsweredBy.INHOUSE): 2,
        (Outcome.REJECTED, Stage.IVR, "", ""): 1,
        (Outcome.SELF_SERVED, Stage.IVR, "", ""): 1,
        (Outcome.ANSWERED, Stage.TALK, "home_isolation", AnsweredBy.INHOUSE): 1,
        (Outcome.ANSWERED, Stage.TALK, "vaccination", AnsweredBy.PARTNER): 2,
    }
    assert all(f.whole and f.sure for f in found)
    assert (record.open, reader.skipped, reader.gaps) == ({}, 0, 0)
    first_sent_back = next(f.call for f in found if f.call.seat == "good/01")
    assert (first_sent_back.joined_at, first_sent_back.connected_at) == (1795318378, 1795318392)
    assert first_sent_back.topic == "lab-results"
    reader.close()


MEANINGS = [
    ("hotline|NONE|RECEIVED|", QueueLogEntry(5e9, EntryType.RECEIVED, "1.2")),
    ("hotline|NONE|RETURNED|TIMEOUT", QueueLogEntry(5e9, EntryType.LEFT, "1.2")),
    ("hotline|NONE|ENDED|info|", QueueLogEntry(5e9, EntryType.ENDED, "1.2", state=CallState.INFO)),
    (
        "hotline|NONE|ENDED|queue|lab-results",
        QueueLogEntry(5e9, EntryType.ENDED, "1.2", state=CallState.QUEUE, topic="lab-results"),
    ),
    (
        "hotline|NONE|ENDED|queue|lab-results|cut",
        QueueLogEntry(
            5e9,
            EntryType.ENDED,
            "1.2",
            state=CallState.QUEUE,
            topic="lab-results",
            cut_off=True,
        ),
    ),
    (
        "hotline|NONE|ENDED|queue|other|lost|30",
        QueueLogEntry(
            5e9,
            EntryType.ENDED,
            "1.2",
            state=CallState.QUEUE,
            topic="other",
            silent_seconds=30.0,
        ),
    ),
    (
        "hotline|NONE|ENDED|ivr||lost|?",
        QueueLogEntry(5e9, EntryType.ENDED, "1.2", silent_seconds=1.0),
    ),
    ("hotline|NONE|DIALLED|", QueueLogEntry(5e9, EntryType.DIALLED, "1.2")),
    (
        "hotline|NONE|DIALLED|0a1f003",
        QueueLogEntry(5e9, EntryType.DIALLED, "1.2", token="0a1f003"),
    ),
    ("hotline|NONE|DIALLED|+660000", QueueLogEntry(5e9, EntryType.DIALLED, "1.2")),
    (
        "hotline|NONE|ENDED|no_answer|other|",
        QueueLogEntry(
            *(5e9, EntryType.ENDED, "1.2"),
            state=CallState.DIALLED,
            topic="other",
            result=CallbackResult.NO_ANSWER,
        ),
    ),
    ("hotline|NONE|ENDED|reached||", QueueLogEntry(5e9, EntryType.ENDED, "1.2")),  # not so
    (
        "hotline|NONE|ENDED|booked|care|",
        QueueLogEntry(5e9, EntryType.ENDED, "1.2", state=CallState.BOOKED, topic="care"),
    ),
    (
        "hotline|NONE|SETTLED|not_settled|home_isolation+hi.th|north-bank",
        SettledEntry(5e9, "1.2", "not_settled", "home_isolation+hi.th", "north-bank"),
    ),
    ("hotline|NONE|SETTLED|no_answer", SettledEntry(5e9, "1.2", "no_answer")),
    ("hotline|NONE|SETTLED|case_told|other|", None),
    ("hotline|NONE|SETTLED|settled|\x1b[31m|", None),
    ("hotline|NONE|ENDED|ivr||?", QueueLogEntry(5e9, EntryType.ENDED, "1.2")),
    ("hotline|NONE|ENDED|?|\x1b[31m", QueueLogEntry(5e9, EntryType.ENDED, "1.2")),
    ("hotline|NONE|ENDED|", QueueLogEntry(5e9, EntryType.ENDED, "1.2")),
    ("red|NONE|ENTERQUEUE||0200000001|1", QueueLogEntry(5e9, EntryType.JOINED, "1.2", "red")),
    (
        "red|NONE|ABANDON|1|1|17",
        QueueLogEntry(5e9, EntryType.GAVE_UP, "1.2", "red", waited_seconds=17.0),
    ),
    (
        "red|NONE|WITHDRAW|1|1|17|",
        QueueLogEntry(5e9, EntryType.WITHDRAWN, "1.2", "red", waited_seconds=17.0),
    ),
    (
        "red|base-01|CONNECT|3|1.4|1",
        QueueLogEntry(5e9, EntryType.CONNECTED, "1.2", "red", "base-01", AnsweredBy.INHOUSE, 3.0),
    ),
    (
        "red|Local/01@partner-good/n|CONNECT|nan|1.4|1",
        QueueLogEntry(5e9, EntryType.CONNECTED, "1.2", "red", "good/01", AnsweredBy.PARTNER),
    ),
    (
        "red|good/01|CONNECT|",
        QueueLogEntry(5e9, EntryType.CONNECTED, "1.2", "red", "good/01", AnsweredBy.PARTNER),
    ),
    ("NONE|NONE|QUEUESTART|", QueueLogEntry(5e9, EntryType.RESTARTED)),
    ("red|base-01|COMPLETEAGENT|3|9|1", None),
    ("red|NONE|RECEIVED|", None),
    ("hotline|NONE|CONNECT|3|1.4|1", None),
]


@pytest.mark.parametrize(("text", "meaning"), MEANINGS)
def test_a_line_means(text, meaning):
    assert entry_of(f"5000000000|1.2|{text}".encode()) == (meaning, 0)


@given(st.binary(max_size=300) | st.binary(max_size=60).map(lambda b: b"1795312000|1.2|" + b))
def test_no_line_raises(raw):
    line, broken = entry_of(raw)
    assert broken in (0, 1)
    assert line is None or len(line.call_id) <= 150


WHOLE = b"1795312900|1795312900.7|hotline|NONE|RECEIVED|"


@given(st.data())
def test_a_line_written_into_one_that_was_torn_is_read(data):
    torn = data.draw(st.sampled_from(REAL.read_bytes().splitlines()))
    torn = torn[: data.draw(st.integers(1, len(torn) - 1))]
    assert entry_of(torn + WHOLE) == (
        QueueLogEntry(1795312900.0, EntryType.RECEIVED, "1795312900.7"),
        1,
    )


# --- following the file --------------------------------------------------------------------


def test_what_was_there_before_us_is_not_ours(log):
    assert log.read() == []
    log.write(3)
    assert log.read() == [1, 2, 3]
    assert log.read() == []


def test_a_file_that_does_not_exist_yet_is_read_from_its_beginning(tmp_path):
    log = Log(tmp_path)
    log.reader.start(None)
    assert log.read() == []
    assert not log.reader.readable
    assert log.reader.trouble.endswith("queue_log: there is no such file")
    log.write(2)
    assert log.read() == [0, 1]
    assert (log.reader.readable, log.reader.trouble, log.reader.gaps) == (True, "", 0)
    log.reader.close()


@pytest.mark.parametrize("begun", [0, 1])
def test_a_torn_line_waits_for_its_newline(log, begun):
    log.write(begun)
    for byte in received(log.written).encode()[:-1]:
        log.raw(bytes([byte]))
        assert log.read() == ([1] if begun else [])
        begun = 0
    log.raw(b"\n")
    assert log.read() == [log.written]
    assert log.reader.skipped == 0


def test_one_who_starts_in_the_middle_of_a_line_reads_that_line(tmp_path):
    log = Log(tmp_path)
    log.write()
    log.raw(received(1).encode()[:20])
    log.reader.start(None)
    log.raw(received(1).encode()[20:])
    assert log.read() == [1]
    log.reader.close()


GARBAGE = [
    b"\n",
    b"\x00" * 5000 + b"\n",
    b"\xff\xfe\xfd\n",
    b"x" * (LONGEST + 1) + b"\n",
    b"x" * 3_000_000 + b"\n",
    b"1795312000|a b|hotline|NONE|RECEIVED|\n",
    b"17953120|1.2|hotline|NONE|RECEIVED|\n",
    b"1795312000|1.2|hotline|NONE|RECEIVED|" + b"x" * LONGEST + b"\n",
]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_is_counted_and_goes_by(log, garbage):
    log.write()
    log.raw(garbage)
    log.write()
    assert log.read() == [1, 2]
    assert log.reader.skipped == 1


def test_a_line_without_an_end_takes_a_bounded_amount_of_memory(log, monkeypatch):
    monkeypatch.setattr(queue_log, "CHUNK", 10_000)
    for _ in range(5):
        log.raw(b"x" * 25_000)
        assert log.read() == []
        assert log.reader.mark.offset > log.path.stat().st_size - LONGEST - 1
    log.raw(b"\n")
    log.write()
    assert log.read() == [1]
    assert log.reader.skipped == 1


def test_one_read_gives_a_bounded_number_of_lines_and_says_that_there_are_more(log, monkeypatch):
    monkeypatch.setattr(queue_log, "MOST_LINES", 10)
    log.write(7)
    log.rotate()
    log.write(8)
    assert log.read() == list(range(1, 11))
    assert log.reader.behind
    assert log.read() == list(range(11, 16))
    assert not log.reader.behind


# --- rotation ------------------------------------------------------------------------------


def test_rotation_by_renaming_loses_nothing(log):
    log.write(2)
    old = log.rotate()
    assert log.read() == [1, 2]
    log.write(1, to=old)  # Asterisk has the old one open still
    log.path.touch()  # logrotate's `create`
    assert log.read() == [3]
    log.write(1, to=old)
    log.write(2)
    assert log.read() == [4, 5, 6]
    assert (log.reader.gaps, log.reader.skipped) == (0, 0)


def test_what_comes_between_the_last_look_and_the_rotation_is_read(log, monkeypatch):
    """The old file gets a line after its end was seen and before the new one is noticed."""
    old = log.path
    stat = os.stat
    moved = []

    def late(path, *args, **kwargs):
        if path == log.path and not moved:
            moved.append(log.rotate())
            log.write(1, to=moved[0])
            log.write(1)
        return stat(path, *args, **kwargs)

    monkeypatch.setattr(queue_log.os, "stat", late)
    assert log.read() == [1, 2]
    assert moved
    assert old.exists()


def test_several_rotations_between_two_reads(log):
    for _ in range(3):
        log.write(2)
        log.rotate()
    log.write(1)
    assert log.read() == list(range(1, 8))
    assert log.reader.gaps == 0


@pytest.mark.parametrize("suffix", ["-20260101", ".1795312000", ".0", ".old"])
def test_rotated_files_have_many_names(log, suffix):
    log.write(2)
    mark = log.reader.mark
    log.path.rename(log.path.with_name(f"queue_log{suffix}"))
    log.write(2)
    log.restart(mark)
    assert log.read() == [1, 2, 3, 4]


def test_an_operators_copies_are_not_read_again(log):
    log.write(2)
    shutil.copy(log.path, log.path.with_name("queue_log.bak"))
    log.rotate()
    log.write(2)
    shutil.copy(log.path, log.path.with_name("queue_log.bak2"))
    assert log.read() == [1, 2, 3, 4]
    log.write()
    assert log.read() == [5]


def test_a_line_that_was_torn_by_the_rotation_is_counted(log):
    log.raw(received(1).encode()[:20])
    log.rotate()
    log.write(1)
    assert log.read() == [1]
    assert log.reader.skipped == 1


def test_a_file_that_is_removed_while_it_is_read_is_read_to_its_end(log):
    log.write(2)
    log.path.unlink()
    assert log.read() == [1, 2]
    log.write(1)
    assert log.read() == [3]
    assert log.reader.gaps == 0


def test_copytruncate_loses_nothing(log):
    log.write(2)
    log.copy_and_truncate()
    assert log.read() == [1, 2]
    log.write(3)
    assert log.read() == [3, 4, 5]
    log.write(3)
    log.copy_and_truncate()
    log.write(20)  # longer than before: only the first line tells
    assert log.read() == list(range(6, 29))
    assert log.reader.gaps == 0


def test_a_file_emptied_in_place_is_read_from_its_beginning_and_is_a_gap(log):
    log.write(2)
    os.truncate(log.path, 0)
    log.write(1)
    assert log.read() == [3]
    assert log.reader.gaps == 1
    log.read()
    assert log.reader.gaps == 1


def test_a_file_cut_short_behind_its_first_line_is_read_from_its_beginning(log):
    log.write(2)
    assert log.read() == [1, 2]
    os.truncate(log.path, len(received(0)))
    log.write(1)
    assert log.read() == [0, 3]
    assert log.reader.gaps == 1


def test_the_file_itself_is_read_rather_than_an_older_copy_of_it(log):
    log.write(1)
    mark = log.reader.mark
    for name in "abcdefgh":
        shutil.copy(log.path, log.path.with_name(f"queue_log.{name}"))
    log.write(1)
    log.rotate()
    log.write(1)
    log.restart(mark)
    assert log.read() == [1, 2, 3]


@pytest.mark.parametrize("compressed", [True, False])
def test_a_file_that_is_gone_is_a_gap_and_reading_goes_on(log, compressed):
    log.write(5)
    mark = log.reader.mark
    old = log.rotate()
    if compressed:
        old.with_name("queue_log.1.gz").write_bytes(gzip.compress(old.read_bytes()))
    old.unlink()
    log.write(2)
    log.restart(mark)
    assert log.read() == [6, 7]
    assert log.read() == []
    assert log.reader.gaps == 1


def test_a_directory_or_a_pipe_of_that_name_holds_nobody_up(tmp_path):
    log = Log(tmp_path)
    os.mkfifo(log.path)
    log.reader.start(None)
    assert log.read() == []
    assert (log.reader.readable, "not a plain file" in log.reader.trouble) == (False, True)


def test_a_file_that_must_not_be_read_is_named_and_is_no_gap(log, monkeypatch):
    mark = log.reader.mark
    log.write(2)

    def forbidden(path):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(queue_log, "_opened", forbidden)
        log.restart(mark)
        assert log.read() == []
        assert log.reader.trouble == f"{log.path}: Permission denied"
        assert not log.reader.readable
    assert log.read() == [1, 2]
    assert (log.reader.trouble, log.reader.gaps) == ("", 0)


# --- restarts ------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "x", "[]", "[1,2,3]", '[1,"a",-1]', "{}", "[1]", "null"])
def test_a_mark_that_is_none_is_none(text):
    assert LogPosition.of(text) is None


def test_a_mark_is_kept_as_text():
    mark = LogPosition(7, "ab", 42)
    assert LogPosition.of(mark.text()) == mark


ACTS = st.lists(
    st.sampled_from(["write", "rotate", "rotate", "truncate", "read", "restart", "crash"]),
    max_size=25,
)


@given(ACTS)
def test_whatever_happens_every_line_is_read_once(acts: list[str]) -> None:
    """`restart` goes on from the last mark, `crash` from that of a line read before."""
    with tempfile.TemporaryDirectory() as folder:
        log = Log(Path(folder))
        log.write()
        log.reader.start(LogPosition(os.stat(log.path).st_ino, "", 0))
        seen: list[int] = []
        marks: list[LogPosition] = []
        for act in [*acts, "write", "read"]:
            if act == "write":
                log.write(2)
            elif act in ("rotate", "truncate") and log.path.stat().st_size:
                log.rotate() if act == "rotate" else log.copy_and_truncate()
                log.write(1)
            elif act == "read":
                for line, mark in log.reader.read():
                    seen.append(int(line.call_id.partition(".")[2]))
                    marks.append(mark)
            elif act == "restart":
                log.restart(log.reader.mark)
            elif act == "crash" and marks:
                log.restart(LogPosition.of(marks[len(marks) // 2].text()))
                del seen[len(marks) // 2 :], marks[len(marks) // 2 :]
        assert seen == list(range(log.written))
        assert (log.reader.gaps, log.reader.skipped) == (0, 0)
        log.reader.close()


@pytest.mark.parametrize("rotated", [False, True])
def test_from_the_mark_of_every_byte_at_which_a_reader_may_stop(tmp_path, rotated):
    """The file grows byte by byte; whoever stops there and starts again reads the rest once."""
    log = Log(tmp_path)
    text = "".join(received(n) for n in range(4)).encode()
    for stop in range(len(text) + 1):
        for old in tmp_path.iterdir():
            old.unlink()
        log.path.write_bytes(text[:stop])
        log.restart(LogPosition(os.stat(log.path).st_ino, "", 0))
        seen = log.read()
        log.raw(text[stop:])
        mark = log.reader.mark
        if rotated:
            log.rotate()
            log.path.write_text(received(4))
        log.restart(LogPosition.of(mark.text()))
        assert seen + log.read() == list(range(5 if rotated else 4))
        assert log.reader.gaps == 0
