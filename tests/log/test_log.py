"""The log as it is read: what is said, how it looks, and storms."""

import io
import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd import log as ivrd_log
from ivrd.core.call import AnsweredBy, Call
from ivrd.core.call_events import Connected, CutOff, HungUp, JoinedQueue, MediaLost
from ivrd.core.call_notices import Ended
from ivrd.core.call_table import step
from ivrd.log.formatters import FORMATTERS
from ivrd.log.rate_limit import FIRST_LINES, WINDOW_SECONDS, RateLimit

LOG = logging.getLogger("ivrd.test")
BANGKOK = ZoneInfo("Asia/Bangkok")
STARTED = Call("1795308674.0", 100.0, "9f2c0a11b3d4", language="th", topic="lab-results")


class Clock:
    """Seconds that only pass when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Logged:
    """A log in memory."""

    def __init__(self, format: str, level: str) -> None:
        self.clock = Clock()
        self._stream = io.StringIO()
        self.handler = ivrd_log.setup(format, level, self._stream, zone=BANGKOK, clock=self.clock)

    def lines(self) -> list[str]:
        self.handler.flush()
        return self._stream.getvalue().splitlines()

    def line(self) -> str:
        (line,) = self.lines()
        return line

    def entry(self) -> dict[str, object]:
        entry = json.loads(self.line())
        assert isinstance(entry, dict)
        return entry


Start = Callable[..., Logged]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a log in memory: start("plain" or "json", level)."""
    yield lambda format="plain", level="info": Logged(format, level)
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, ivrd_log.Handler)]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(logging.WARNING)
    logging.getLogger("ivrd").setLevel(logging.NOTSET)
    logging.captureWarnings(False)


def ended(last: type[HungUp | CutOff] = HungUp, call: Call = STARTED) -> Ended:
    """The end of a call that waited 12.34 s and talked 180 s."""
    call, _ = step(call, JoinedQueue(110.0, "vaccination"))
    call, _ = step(call, Connected(122.34, AnsweredBy.INHOUSE, "base-1"))
    _, (notice,) = step(call, last(302.34))
    assert isinstance(notice, Ended)
    return notice


# --- what is said ------------------------------------------------------------------------------


def test_the_closing_line_says_what_became_of_the_call(start: Start) -> None:
    logged = start()
    ivrd_log.call_ended(LOG, ended())
    assert re.sub(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "03:12:09", logged.line()) == (
        "03:12:09 INFO call ended call=1795308674.0 case=08674-000 queue=vaccination"
        " outcome=answered by=inhouse stage=talk wait=12.3s talk=180.0s topic=lab-results"
        " language=th caller=9f2c0a11b3d4"
    )


def test_the_closing_line_as_json_has_base_units_and_a_time_with_offset(start: Start) -> None:
    logged = start("json")
    ivrd_log.call_ended(LOG, ended())
    entry = logged.entry()
    moment = datetime.fromisoformat(str(entry.pop("time")))
    assert moment.utcoffset() == timedelta(hours=7)
    assert abs(moment.timestamp() - time.time()) < 60
    assert entry.pop("wait_seconds") == pytest.approx(12.34)
    assert entry.pop("talk_seconds") == pytest.approx(180.0)
    expected = {"level": "info", "event": "call ended", "logger": "ivrd.test", "language": "th"}
    expected |= {"call": "1795308674.0", "case": "08674-000"}
    expected |= {"queue": "vaccination", "outcome": "answered"}
    expected |= {"by": "inhouse", "stage": "talk", "topic": "lab-results"}
    assert entry == {**expected, "caller": "9f2c0a11b3d4"}


def test_a_call_that_never_queued_has_no_wait(start: Start) -> None:
    _, (notice,) = step(STARTED, HungUp(130.0))
    logged = start()
    ivrd_log.notice(LOG, notice)
    assert "outcome=abandoned stage=ivr topic=" in logged.line()
    assert "wait" not in logged.line()


def test_the_closing_line_says_that_the_phone_had_gone(start: Start) -> None:
    _, (notice,) = step(STARTED, MediaLost(160.0, 30.0))
    logged = start()
    ivrd_log.notice(LOG, notice)
    assert "outcome=abandoned stage=ivr media_lost=yes" in logged.line()


def test_a_call_lost_through_our_fault_stands_out(start: Start) -> None:
    logged = start(level="warning")
    ivrd_log.notice(LOG, ended(CutOff))
    ivrd_log.notice(LOG, ended())
    assert " WARNING call ended " in logged.line()


@pytest.mark.parametrize(("level", "said"), [("debug", 3), ("info", 3), ("error", 0)])
def test_joining_answering_and_ending_are_info(start: Start, level: str, said: int) -> None:
    logged = start(level=level)
    call, joined = step(STARTED, JoinedQueue(110.0, "vaccination"))
    call, answered = step(call, Connected(122.0, AnsweredBy.PARTNER, "bank-3"))
    for notice in (*joined, *answered, *step(call, HungUp(130.0))[1]):
        ivrd_log.notice(LOG, notice)
    lines = logged.lines()
    assert len(lines) == said
    for line, what in zip(lines, ("joined", "answered", "ended"), strict=False):
        assert f" call {what} call=1795308674.0 case=08674-000 queue=vaccination " in line


def test_who_is_sent_back_has_a_line_and_every_line_about_a_call_its_case(start: Start) -> None:
    logged = start()
    ivrd_log.call_received(LOG, STARTED)
    call, _ = step(STARTED, JoinedQueue(110.0, "vaccination"))
    call, _ = step(call, Connected(122.0, AnsweredBy.PARTNER, "bank-3"))
    ivrd_log.notice(LOG, step(call, JoinedQueue(123.5, "vaccination"))[1][0])
    ivrd_log.event(LOG, logging.WARNING, "something else about it", call=STARTED.id)
    received, again, other = logged.lines()
    assert " call received call=1795308674.0 case=08674-000 caller=9f2c0a11b3d4" in received
    assert again.endswith(
        "joined again call=1795308674.0 case=08674-000 queue=vaccination talked=1.5s"
    )
    assert other.endswith(" something else about it call=1795308674.0 case=08674-000")


def test_a_fault_has_its_trace_indented_below_it(start: Start) -> None:
    logged = start()
    try:
        raise ValueError("evil\n03:12:09 INFO call ended")
    except ValueError as error:
        ivrd_log.event(LOG, logging.ERROR, "menu broke off", error=error, call="1.0")
    first, *trace = logged.lines()
    assert first.endswith(" ERROR menu broke off call=1.0 case=1-000")
    assert trace
    assert all(line.startswith("    ") for line in trace)


def test_libraries_are_heard_from_warning_on_with_their_name(start: Start) -> None:
    logged = start(level="debug")
    logging.getLogger("panoramisk").debug("Secret: hunter2")
    logging.getLogger("panoramisk").warning("gone: %s", "peer")
    assert logged.line().endswith(" WARNING panoramisk: gone: peer")


@pytest.mark.parametrize(
    ("format", "level", "message"),
    [
        ("xml", "info", "log format: expected plain or json, not 'xml'"),
        ("plain", "loud", "log level: expected one of debug, info, warning, error, not 'loud'"),
    ],
)
def test_wrong_settings_are_named(format: str, level: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        ivrd_log.setup(format, level, io.StringIO())


# --- what comes from outside -------------------------------------------------------------------


@given(st.text(st.characters(codec=None), max_size=40))
def test_no_value_begins_a_line_or_reaches_the_terminal(value: str) -> None:
    record = logging.LogRecord("lib", logging.INFO, "", 0, value, None, None)
    record.fields = {"name": value, "end": "here"}
    for form in ("plain", "json"):
        line = FORMATTERS[form](BANGKOK).format(record)
        assert line.isprintable()
        assert line.encode("utf-8")
    assert line.isascii()
    assert json.loads(line)["end"] == "here"


def test_no_value_passes_for_another_field(start: Start) -> None:
    logged = start()
    ivrd_log.event(LOG, logging.INFO, "x", name='a" outcome=answered', other="ไทย\x1b[2J\u202e\r\n")
    assert logged.line().endswith(r' x name="a\" outcome=answered" other="ไทย\u001b[2J\u202e\r\n"')


def test_a_long_value_is_cut(start: Start) -> None:
    logged = start()
    ivrd_log.event(LOG, logging.INFO, "x", name="n" * 4096)
    assert logged.line().endswith("n…")
    assert len(logged.line()) < 600


@pytest.mark.parametrize("number", ["0100000012", "+66100000012", "1100000000123"])
def test_numbers_are_blotted_out_wherever_they_turn_up(start: Start, number: str) -> None:
    logged = start()
    ivrd_log.event(LOG, logging.INFO, "x", why=f"from <sip:{number}@192.0.2.1>", call=STARTED.id)
    logging.getLogger("lib").warning("call from %s.", number)
    try:
        int(f"x{number}")
    except ValueError as error:
        ivrd_log.event(LOG, logging.INFO, "y", error=error)
    text = "\n".join(logged.lines())
    assert number not in text
    assert text.count("[number]") >= 3
    assert f"call={STARTED.id}" in text


def test_a_hash_that_happens_to_be_all_digits_is_kept(start: Start) -> None:
    logged = start()
    ivrd_log.notice(LOG, ended(call=replace(STARTED, caller="123456789012")))
    assert logged.line().endswith("caller=123456789012")


def test_a_faulty_call_of_the_log_is_reported_and_raises_nothing(start: Start) -> None:
    logged = start()
    logged.handler.handle(
        logging.LogRecord("lib", logging.INFO, "", 0, "%d calls", ("many",), None)
    )
    assert logged.line().endswith(" WARNING a line of lib cannot be written: TypeError")


# --- the rate limit ----------------------------------------------------------------------------


def test_a_storm_is_a_few_lines_and_one_count(start: Start) -> None:
    logged = start()
    for number in range(FIRST_LINES + 1234):
        ivrd_log.event(LOG, logging.WARNING, "event refused", call=f"{number}.0")
    assert len(logged.lines()) == FIRST_LINES
    logged.clock.now = WINDOW_SECONDS
    for number in range(2):  # the next window
        ivrd_log.event(LOG, logging.WARNING, "event refused", call=f"9{number}.0")
    lines = logged.lines()[FIRST_LINES:]
    assert lines[0].endswith(" WARNING event refused … and 1,234 more like this in 10 s")
    assert [line.split()[-2] for line in lines[1:]] == ["call=90.0", "call=91.0"]


def test_a_storm_that_is_over_is_counted_though_nothing_more_is_logged(start: Start) -> None:
    logged = start("json")
    for _ in range(FIRST_LINES + 7):
        logging.getLogger("lib").error("broken: %s", "pipe")
    logged.clock.now = WINDOW_SECONDS
    last = json.loads(logged.lines()[-1])
    assert (last["event"], last["suppressed"], last["window_seconds"]) == ("broken: %s", 7, 10.0)
    assert len(logged.lines()) == FIRST_LINES + 1  # said once


def test_a_running_storm_is_counted_by_the_writer_itself() -> None:
    stream, told = io.StringIO(), threading.Event()
    clock = Clock()

    class Watched(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            if hasattr(record, "spoken"):
                told.set()
            return super().format(record)

    handler = ivrd_log.Handler(stream, Watched(), RateLimit(clock))
    for _ in range(FIRST_LINES + 1):
        handler.handle(logging.LogRecord("a", logging.ERROR, "", 0, "x", None, None))
    clock.now = WINDOW_SECONDS
    assert told.wait(10)
    handler.close()


def test_what_differs_in_logger_level_or_words_is_another_kind(start: Start) -> None:
    logged = start()
    for _ in range(FIRST_LINES + 1):
        ivrd_log.event(LOG, logging.WARNING, "a")
        ivrd_log.event(LOG, logging.ERROR, "a")
        ivrd_log.event(LOG, logging.WARNING, "b")
        ivrd_log.event(logging.getLogger("ivrd.x"), logging.WARNING, "a")
    assert len(logged.lines()) == 4 * FIRST_LINES


def test_words_that_never_repeat_do_not_fill_the_memory(start: Start) -> None:
    logged = start()
    for number in range(5_000):
        logging.getLogger("lib").warning(f"garbage {number}")
    assert len(logged.lines()) < 1_100
    logged.clock.now = WINDOW_SECONDS
    assert logged.lines()[-1].endswith("lib: other lines … and 3,995 more like this in 10 s")


def test_closing_lines_are_never_held_back(start: Start) -> None:
    logged = start()
    for number in range(300):
        ivrd_log.call_ended(LOG, ended(call=replace(STARTED, id=f"{number}.0")))
    assert [line.split()[5] for line in logged.lines()] == [f"call={n}.0" for n in range(300)]


# --- a reload ----------------------------------------------------------------------------------


def test_a_log_goes_on_in_another_form_zone_and_level(start: Start) -> None:
    logged = start("plain", "info")
    ivrd_log.event(LOG, logging.INFO, "before")
    ivrd_log.reconfigure("json", "warning", zone=ZoneInfo("Asia/Tokyo"))
    ivrd_log.event(LOG, logging.INFO, "not any more")
    ivrd_log.event(LOG, logging.WARNING, "after")
    before, after = logged.lines()
    assert before.endswith("INFO before")
    entry = json.loads(after)
    assert entry["event"] == "after"
    assert datetime.fromisoformat(entry["time"]).utcoffset() == timedelta(hours=9)


def test_a_log_that_was_not_set_up_is_left_alone() -> None:
    level = LOG.parent.level if LOG.parent else 0
    ivrd_log.reconfigure("json", "error")
    assert (LOG.parent.level if LOG.parent else 0) == level


@pytest.mark.parametrize(("format", "level"), [("xml", "info"), ("plain", "loud")])
def test_a_log_cannot_go_on_in_no_such_way(start: Start, format: str, level: str) -> None:
    start("plain", "info")
    with pytest.raises(ValueError, match="expected"):
        ivrd_log.reconfigure(format, level)
