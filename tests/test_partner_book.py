"""The book of partners: it outlives ivrd, bears a bad disk, and never stands in the way."""

import json
import logging
import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivrd.core.partner import Pin
from ivrd.core.report import Cause, Kind, Line
from ivrd.partner_book import Book, Kept

NOVEMBER = datetime(2026, 11, 22, 1, 47, tzinfo=UTC).timestamp()
DAY = 86_400.0
HISTORY = "partners-2026-11.jsonl"
LINE = Line(NOVEMBER, "alpha", Kind.TALKED, 61.5, caller="0a1b2c3d4e5f")
LINES = st.builds(
    Line,
    at=st.floats(NOVEMBER, NOVEMBER + 100 * DAY).map(lambda at: round(at, 3)),
    partner=st.sampled_from(("alpha", "beta-2")),
    kind=st.sampled_from(Kind),
    seconds=st.floats(0, 1e5).map(lambda seconds: round(seconds, 3)),
    cause=st.sampled_from((None, *Cause)),
    caller=st.text("0123456789abcdef", max_size=12),
)
EVER = (0.0, NOVEMBER + 1000 * DAY)


@contextmanager
def book(folder: Path) -> Iterator[Book]:
    made = Book(folder)
    try:
        yield made
    finally:
        made.close()


# --- what was written is read again --------------------------------------------------------


@settings(max_examples=30)
@given(lines=st.lists(LINES, max_size=20))
def test_what_is_recorded_comes_back(
    tmp_path_factory: pytest.TempPathFactory, lines: list[Line]
) -> None:
    folder = tmp_path_factory.mktemp("book")
    with book(folder) as made:
        for line in lines:
            made.record(line)
    history = Book(folder).history(*EVER)
    assert sorted(map(repr, history)) == sorted(map(repr, lines))
    assert history.skipped == 0


def test_a_period_ends_before_its_end_and_reaches_over_months(tmp_path: Path) -> None:
    with book(tmp_path) as made:
        for day in range(40):
            made.record(Line(NOVEMBER + day * DAY, "alpha", Kind.OFFERED))
        made.flush()
        found = [line.at for line in made.history(NOVEMBER + DAY, NOVEMBER + 38 * DAY)]
    assert found == [NOVEMBER + day * DAY for day in range(1, 38)]
    months = [f"partners-2026-{month}.jsonl" for month in (11, 12)]
    assert sorted(os.listdir(tmp_path)) == months


def test_pins_and_drills_are_there_after_a_restart(tmp_path: Path) -> None:
    with book(tmp_path) as made:
        assert made.kept("alpha") == Kept()
        made.keep("alpha", Kept(Pin.DRAINING))
        made.keep("beta", Kept(None, "2026-11-22"))
        made.keep("alpha", Kept(Pin.CLOSED, "2026-11-20"))
    with book(tmp_path) as again:
        assert again.kept("alpha") == Kept(Pin.CLOSED, "2026-11-20")
        assert again.kept("beta") == Kept(None, "2026-11-22")
        assert os.listdir(tmp_path) == ["partners.json"]  # no draft is left
        again.keep("beta", Kept())
        again.flush()
        before = (tmp_path / "partners.json").stat().st_ino
        again.record(LINE)
        again.flush()
        assert (tmp_path / "partners.json").stat().st_ino == before  # not for each line


def test_an_act_is_one_line_with_who_when_and_what(tmp_path: Path) -> None:
    with book(tmp_path / "made" / "when needed") as made:
        made.audit("somchai", "pin closed", "alpha", 'none -> closed\n"ไทย"\udcff', NOVEMBER)
        assert made.flush()
        (line,) = (made.folder / "audit.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line) == {
        "at": "2026-11-22T01:47:00.000+00:00",
        "who": "somchai",
        "what": "pin closed",
        "partner": "alpha",
        "detail": 'none -> closed\n"ไทย"\udcff',
    }
    assert stat.S_IMODE((made.folder / "audit.jsonl").stat().st_mode) & 0o007 == 0


# --- torn and damaged files ----------------------------------------------------------------


@pytest.mark.parametrize(
    "torn",
    [
        b'{"at":1795312020.0,"partner":"alp',
        b'{"at":1795312020.0,"partner":"alpha","kind":"flown"}',
        b'{"at":1e999,"partner":"alpha","kind":"offered"}',
        b'{"at":1795312020.0,"partner":7,"kind":"offered"}',
        b'["alpha"]',
        b"\xff\xfe",
    ],
)
def test_a_torn_line_costs_itself_alone(tmp_path: Path, torn: bytes) -> None:
    with book(tmp_path) as made:
        made.record(LINE)
    with open(tmp_path / HISTORY, "ab") as file:
        file.write(torn)
    with book(tmp_path) as again:
        again.record(LINE)
        again.flush()
        history = again.history(*EVER)
        assert list(history) == [LINE, LINE]
        assert history.skipped == 1


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(junk=st.binary(max_size=80))
def test_no_file_makes_reading_fail(tmp_path: Path, junk: bytes) -> None:
    (tmp_path / HISTORY).write_bytes(junk)
    (tmp_path / "partners.json").write_bytes(junk)
    with book(tmp_path) as made:
        list(made.history(*EVER))
        assert made.kept("alpha") == Kept()


def test_a_deeply_nested_line_is_skipped(tmp_path: Path) -> None:
    (tmp_path / HISTORY).write_bytes(b"[" * 200_000 + b"\n")
    with book(tmp_path) as made:
        history = made.history(*EVER)
        assert (list(history), history.skipped) == ([], 1)


def test_a_damaged_file_of_pins_is_put_aside_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "partners.json").write_text('{"partners": {"alpha"')
    with book(tmp_path) as made:
        made.keep("beta", Kept(Pin.OPEN))
    assert caplog.messages == ["pins and drills of partners cannot be read"]
    assert (tmp_path / "partners.damaged").read_text() == '{"partners": {"alpha"'
    with book(tmp_path) as again:
        assert again.kept("beta") == Kept(Pin.OPEN)


def test_one_wrong_entry_costs_the_others_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    entries = {
        "alpha": {"pin": "ajar"},
        "beta": {"verified": "lately"},
        "gamma": 5,
        "delta": {"pin": "open", "verified": "2026-11-22"},
    }
    (tmp_path / "partners.json").write_text(json.dumps({"partners": entries}))
    with book(tmp_path) as made:
        assert made.kept("delta") == Kept(Pin.OPEN, "2026-11-22")
        assert {made.kept(name) for name in ("alpha", "beta", "gamma")} == {Kept()}
    assert len(caplog.messages) == 3


# --- a bad disk ----------------------------------------------------------------------------


def test_a_disk_that_takes_nothing_is_said_once_counted_and_borne(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A file where the folder should be; then it goes away."""
    caplog.set_level(logging.INFO)
    folder = tmp_path / "state"
    with book(folder) as made:
        folder.write_text("in the way")
        for _ in range(3):
            made.record(LINE)
        made.audit("somchai", "pin open", "alpha", "", NOVEMBER)
        made.keep("alpha", Kept(Pin.OPEN))
        assert made.flush()
        assert made.lost == 4
        assert str(folder) in made.trouble
        assert caplog.messages == ["the book of partners cannot be written"]
        folder.unlink()
        made.record(LINE)
        assert made.flush()
        assert (made.lost, made.trouble) == (4, "")
        assert caplog.messages[1:] == ["the book of partners can be written again"]
        assert list(made.history(*EVER)) == [LINE]
    with book(folder) as again:
        assert again.kept("alpha") == Kept(Pin.OPEN)  # it was tried again


def test_a_full_disk_leaves_half_a_line_and_the_next_stands_by_itself(tmp_path: Path) -> None:
    """As the kernel does it at a file's limit: the first bytes fit, the rest does not."""
    with book(tmp_path) as made:
        made.record(LINE)
        assert made.flush()
        size = (tmp_path / HISTORY).stat().st_size
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, hard))
        try:
            made.record(LINE)
            assert made.flush()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert made.lost == 1
        assert (tmp_path / HISTORY).stat().st_size == size + 10
        made.record(LINE)
        assert made.flush()
        history = made.history(*EVER)
        assert list(history) == [LINE, LINE]
        assert history.skipped == 1


@pytest.mark.parametrize("at", [1e300, float("nan"), -1e18])
def test_a_time_that_is_none_is_a_lost_line(tmp_path: Path, at: float) -> None:
    with book(tmp_path) as made:
        made.record(Line(at, "alpha", Kind.OFFERED))
        made.audit("somchai", "pin open", "alpha", "", at)
        assert made.flush()
        assert made.lost == 2
        made.record(LINE)
        assert made.flush()
        assert list(made.history(*EVER)) == [LINE]
