"""Calls that ended unseen: booked once, from the record, after their event had its time."""

import asyncio
import functools
import logging
import threading
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivrd.asterisk.queue_log import LogPosition, QueueLogReader
from ivrd.calls.listeners import LastSeen, Resolution
from ivrd.core.call import AnsweredBy, Call, CallState, Direction, Outcome, Stage
from ivrd.core.call_events import (
    Booked,
    Connected,
    Deflected,
    Event,
    HungUp,
    JoinedQueue,
    OpenedQueueMenu,
    PlayedMessage,
)
from ivrd.core.call_notices import Ended, Notice, Offered
from ivrd.core.call_table import InvalidTransition
from ivrd.core.ledger import Ledger
from ivrd.core.queue_log_replay import EntryType, LogEntry, QueueLogEntry, SettledEntry
from ivrd.ha import reconciliation as module
from ivrd.ha.reconciliation import MOST_AT_ONCE, Reconciliation
from tests.core.lives import BEGINNINGS, Step, begun, days
from tests.examples import examples


class Script:
    """A reader that gives what the test has written; a mark's offset is the line's number."""

    def __init__(self) -> None:
        self.lines: list[LogEntry] = []
        self.taken = 0
        self.trouble = ""
        self.behind = False
        self.skipped = 0
        self.gaps = 0
        self.readable = True
        self.guard = threading.Event()
        self.guard.set()

    @property
    def mark(self) -> LogPosition | None:
        return LogPosition(1, "a", self.taken)

    def start(self, mark: LogPosition | None) -> None:
        self.taken = mark.offset if mark else len(self.lines)

    def read(self) -> list[tuple[LogEntry, LogPosition]]:
        self.guard.wait(60)
        begin, self.taken = self.taken, len(self.lines)
        return [(self.lines[n], LogPosition(1, "a", n)) for n in range(begin, self.taken)]


class Rig:
    """Books, a record and their healing; time goes by when the test says so."""

    def __init__(self, known: tuple[str, ...] | None = (), reader: Script | None = None) -> None:
        self.ledger = Ledger()
        self.notices: list[Notice] = []
        self.now = 1000.0
        self.reader = reader or Script()
        self.heard: list[SettledEntry] = []
        self.bookings_known = True
        self.reconciliation = Reconciliation(
            self.reader,
            self.ledger.calls,
            lambda at: at,
            lambda token: f"person of {token}" if self.bookings_known else None,
            self.heard.append,
        )
        self.reconciliation.begin(known, self.now)

    def record(self, ends: Iterable[Resolution]) -> None:
        for end in ends:
            if isinstance(end, LastSeen):
                self.book(end.call_id, end.event)
            else:
                self.say(self.ledger.record_reconciled(end))

    def miss(self, call_id: str) -> None:
        """Asterisk no longer has the call."""
        self.record(self.reconciliation.missing([call_id], self.now))

    def say(self, notices: tuple[Notice, ...]) -> None:
        for notice in notices:
            self.notices.append(notice)
            self.reconciliation.notice(notice)

    def receive(self, call_id: str = "a") -> None:
        self.ledger.receive(Call(call_id, 990.5, caller="hash"))

    def book(self, call_id: str, *events: Event) -> None:
        for event in events:
            if call_id in self.ledger.calls:
                self.say(self.ledger.apply(call_id, event))

    def write(self, *lines: LogEntry) -> None:
        self.reader.lines += lines

    async def tick(self, seconds: float = 0.0) -> None:
        self.now += seconds
        self.record(await self.reconciliation.tick(self.now))
        assert self.ledger.balance() == 0

    def ends(self) -> dict[str, tuple[Outcome, Stage]]:
        ended = [notice for notice in self.notices if isinstance(notice, Ended)]
        assert len({notice.call.id for notice in ended}) == len(ended)
        return {notice.call.id: (notice.outcome, notice.stage) for notice in ended}


def live(test):
    """Let an asynchronous test run in a loop of its own."""

    @functools.wraps(test)
    def body(*args, **kwargs):
        asyncio.run(test(*args, **kwargs))

    return body


RECEIVED = QueueLogEntry(990.0, EntryType.RECEIVED, "a")
JOINED = QueueLogEntry(991.0, EntryType.JOINED, "a", "red")
TAKEN = QueueLogEntry(995.0, EntryType.CONNECTED, "a", "red", "good/01", AnsweredBy.PARTNER, 4.0)
END = QueueLogEntry(999.0, EntryType.ENDED, "a", state=CallState.QUEUE)
TALK = (RECEIVED, JOINED, TAKEN, END)
ANSWERED = (Outcome.ANSWERED, Stage.TALK)
LEFT_QUEUE = (Outcome.ABANDONED, Stage.QUEUE)
LEFT_MENU = (Outcome.ABANDONED, Stage.IVR)


@live
async def test_a_call_that_nobody_saw_is_booked_after_the_grace():
    rig = Rig()
    rig.write(*TALK)
    await rig.tick()
    await rig.tick(1.9)
    assert rig.notices == []
    await rig.tick(0.1)
    assert rig.ends() == {"a": ANSWERED}
    assert (rig.ledger.received, rig.ledger.reconciled) == (1, 1)
    assert rig.reconciliation.reconciled == {Outcome.ANSWERED: 1}


@live
async def test_an_end_whose_event_comes_in_time_is_not_booked_again():
    rig = Rig()
    rig.receive()
    rig.write(RECEIVED, JOINED, END)
    await rig.tick()
    rig.book("a", JoinedQueue(991.2, "red"), HungUp(999.3))
    await rig.tick(5.0)
    assert rig.ends() == {"a": LEFT_QUEUE}
    assert (rig.ledger.reconciled, rig.reconciliation.differences) == (0, 0)


@live
async def test_an_end_whose_event_came_before_its_line_is_not_booked_again():
    rig = Rig()
    rig.receive()
    rig.book("a", HungUp(999.3))
    rig.write(RECEIVED, END)
    await rig.tick()
    await rig.tick(5.0)
    assert rig.ends() == {"a": LEFT_MENU}
    assert rig.reconciliation.mark == rig.reader.mark


@live
@pytest.mark.parametrize(("known", "kept"), [((), False), (None, True)])
async def test_an_end_is_kept_only_while_queue_log_may_bring_it(known, kept):
    """A day has some 50,000 ends.  Before the store could be read queue_log is read once more."""
    rig = Rig(known=known)
    rig.receive()
    rig.book("a", HungUp(999.3))
    await rig.tick()
    assert rig.reconciliation.recorded("a")
    rig.write(RECEIVED, END)
    rig.write(*(replace(line, call_id="b") for line in (RECEIVED, JOINED, END)))
    await rig.tick()
    await rig.tick(5.0)
    assert rig.ends() == {"a": LEFT_MENU, "b": LEFT_QUEUE}
    assert [rig.reconciliation.recorded(call) for call in "ab"] == [kept, kept]


@live
async def test_what_an_earlier_run_has_booked_is_not_booked_again():
    rig = Rig(known=("a",))
    rig.write(*TALK)
    await rig.tick()
    await rig.tick(5.0)
    assert rig.notices == []
    assert rig.reconciliation.mark == rig.reader.mark


@live
async def test_a_call_in_the_books_ends_as_the_record_has_it_and_keeps_its_caller():
    rig = Rig()
    rig.receive()
    rig.book("a", JoinedQueue(991.2, "red"))
    rig.write(*TALK)
    await rig.tick()
    await rig.tick(2.0)
    end = rig.notices[-1]
    assert rig.ends() == {"a": ANSWERED}
    assert (end.call.caller, end.call.joined_at, end.call.by) == ("hash", 991.2, AnsweredBy.PARTNER)
    assert sum(isinstance(notice, Offered) for notice in rig.notices) == 1


@live
async def test_the_mark_waits_for_the_booking():
    rig = Rig()
    rig.write(QueueLogEntry(980.0, EntryType.JOINED, "elsewhere", "red"), *TALK)
    await rig.tick()
    await rig.tick(1.0)
    assert rig.reconciliation.mark == LogPosition(1, "a", 1)
    await rig.tick(1.0)
    assert rig.reconciliation.mark == LogPosition(1, "a", 5)


@live
async def test_a_booked_call_whose_end_has_no_line_does_not_hold_the_mark_for_ever():
    rig = Rig()
    rig.receive()
    rig.write(RECEIVED)
    rig.book("a", HungUp(1000.0))
    await rig.tick(module.LATE_SECONDS - 1)
    assert rig.reconciliation.mark == LogPosition(1, "a", 0)
    await rig.tick(1.0)
    assert rig.reconciliation.mark == LogPosition(1, "a", 1)


# --- calls that Asterisk has no more -------------------------------------------------------


@live
async def test_a_missed_call_is_booked_as_soon_as_the_record_has_its_end():
    rig = Rig()
    rig.receive()
    rig.miss("a")
    await rig.tick()
    assert rig.notices == []
    rig.write(*TALK)
    await rig.tick(1.0)
    assert rig.ends() == {"a": ANSWERED}


@live
async def test_a_missed_call_whose_end_is_known_is_booked_at_once():
    rig = Rig()
    rig.receive()
    rig.write(*TALK)
    await rig.tick()
    rig.miss("a")
    assert rig.ends() == {"a": ANSWERED}


OPENED = QueueLogEntry(993.0, EntryType.WITHDRAWN, "a", "red")
IN_MENU = (JoinedQueue(991.0, "red"), OpenedQueueMenu())  # that of one who waits
WITHOUT_END = [
    # what the record has, where the books last saw the call, how it ends
    ((), (), LEFT_MENU),
    ((), (PlayedMessage(),), (Outcome.SELF_SERVED, Stage.IVR)),
    ((RECEIVED,), (PlayedMessage(),), (Outcome.SELF_SERVED, Stage.IVR)),
    ((RECEIVED,), (JoinedQueue(991.0, "red"),), LEFT_QUEUE),
    ((RECEIVED, JOINED, TAKEN), (JoinedQueue(991.0, "red"),), ANSWERED),
    ((RECEIVED, JOINED), (), LEFT_QUEUE),
    ((RECEIVED, JOINED, OPENED), IN_MENU, LEFT_QUEUE),
    ((RECEIVED, JOINED, OPENED), (*IN_MENU, PlayedMessage()), (Outcome.SELF_SERVED, Stage.IVR)),
    ((RECEIVED, JOINED, OPENED), (*IN_MENU, Booked()), (Outcome.CALLBACK, Stage.IVR)),
    ((RECEIVED, JOINED, OPENED), (*IN_MENU, Deflected()), (Outcome.DEFLECTED, Stage.IVR)),
    ((RECEIVED, JOINED, OPENED), (), LEFT_QUEUE),
]


@pytest.mark.parametrize(("lines", "events", "end"), WITHOUT_END)
@live
async def test_a_missed_call_without_an_end_is_booked_where_it_was_last_seen(lines, events, end):
    rig = Rig()
    rig.receive()
    rig.book("a", *events)
    rig.write(*lines)
    rig.miss("a")
    await rig.tick(2.9)
    assert rig.ends() == {}
    await rig.tick(0.1)
    assert rig.ends() == {"a": end}
    assert rig.notices[-1].call.ended_at == 1000.0
    rig.write(*TALK[len(lines) :])  # it comes after all
    await rig.tick(1.0)
    await rig.tick(5.0)
    assert rig.ends() == {"a": end}
    assert rig.reconciliation.mark == rig.reader.mark


RESTARTED = QueueLogEntry(1005.0, EntryType.RESTARTED)
FAILED_IN_MENU = (Outcome.FAILED, Stage.IVR)
FAILED_IN_QUEUE = (Outcome.FAILED, Stage.QUEUE)
CUT_OFF = [
    # what queue_log has before Asterisk began anew, where the ledger has the call, how it ends
    ((), (), FAILED_IN_MENU),  # it was there before queue_log was read
    ((RECEIVED,), (), FAILED_IN_MENU),
    ((replace(RECEIVED, at=1005.0),), (), FAILED_IN_MENU),  # it crashed, and was back in a second
    ((RECEIVED,), (PlayedMessage(),), FAILED_IN_MENU),
    ((RECEIVED,), (JoinedQueue(991.0, "red"),), FAILED_IN_QUEUE),
    ((RECEIVED, JOINED), (), FAILED_IN_QUEUE),
    ((RECEIVED, JOINED, TAKEN), (JoinedQueue(991.0, "red"),), ANSWERED),
    ((RECEIVED, JOINED, OPENED), IN_MENU, FAILED_IN_QUEUE),
    ((RECEIVED, JOINED, OPENED), (*IN_MENU, PlayedMessage()), FAILED_IN_MENU),  # has registered
    ((RECEIVED, JOINED, OPENED), (*IN_MENU, Booked()), (Outcome.CALLBACK, Stage.IVR)),
    ((RECEIVED, JOINED, OPENED), (*IN_MENU, Deflected()), (Outcome.DEFLECTED, Stage.IVR)),
    ((RECEIVED, JOINED, OPENED), (), FAILED_IN_QUEUE),  # the ledger did not see it join
    ((RECEIVED, JOINED, OPENED, JOINED), (*IN_MENU, PlayedMessage()), FAILED_IN_QUEUE),
    ((RECEIVED,), (Booked(),), (Outcome.CALLBACK, Stage.IVR)),
    ((RECEIVED,), (Deflected(),), (Outcome.DEFLECTED, Stage.IVR)),
    (TALK, (JoinedQueue(991.0, "red"),), ANSWERED),  # hung up a moment before
    ((RECEIVED, JOINED, END), (JoinedQueue(991.0, "red"),), LEFT_QUEUE),
]


@pytest.mark.parametrize(("lines", "events", "end"), CUT_OFF)
@live
async def test_calls_that_an_asterisk_took_with_it_are_cut_off(lines, events, end):
    rig = Rig()
    rig.receive()
    rig.book("a", *events)
    rig.write(*lines, RESTARTED)
    rig.now = 1007.0
    rig.miss("a")
    await rig.tick()
    await rig.tick(3.0)
    assert rig.ends() == {"a": end}
    last = rig.notices[-1].call
    assert last.cut_off is (END not in lines)
    assert last.ended_at is not None
    assert last.ended_at <= 1005.0
    assert rig.reconciliation.unresolved == 0
    assert rig.reconciliation.reconciled == {end[0]: 1}


@live
async def test_calls_that_an_asterisk_took_with_it_while_no_ivrd_ran_are_cut_off():
    waits = [replace(each, call_id="b") for each in (RECEIVED, JOINED)]
    rig = Rig()
    rig.write(RECEIVED, *waits, *(replace(each, call_id="c") for each in TALK), RESTARTED)
    await rig.tick()
    await rig.tick(2.0)
    assert rig.ends() == {"a": FAILED_IN_MENU, "b": FAILED_IN_QUEUE, "c": ANSWERED}
    assert rig.ledger.outcomes.total() == 3


@live
async def test_a_new_call_that_is_missed_after_a_restart_is_unresolved():
    rig = Rig()
    rig.ledger.receive(Call("b", 1006.5))
    rig.write(RESTARTED)
    rig.record(rig.reconciliation.missing(["b"], 1010.0))
    await rig.tick(1.0)
    await rig.tick(5.0)
    assert rig.ends() == {"b": LEFT_MENU}
    assert rig.reconciliation.unresolved == 1


@live
async def test_an_entry_that_only_says_cut_off_leaves_the_place_to_the_ledger():
    rig = Rig()
    rig.receive()
    rig.book("a", JoinedQueue(991.0, "red"))
    rig.write(replace(END, cut_off=True))
    await rig.tick()
    await rig.tick(2.0)
    assert rig.ends() == {"a": FAILED_IN_QUEUE}


@live
async def test_who_vanished_while_no_ivrd_ran_has_left():
    rig = Rig()
    rig.write(RECEIVED, JOINED, replace(END, at=1060.0, silent_seconds=30.0))
    await rig.tick()
    await rig.tick(2.0)
    assert rig.ends() == {"a": LEFT_QUEUE}
    last = rig.notices[-1].call
    assert (last.media_lost, last.left_at) == (True, 1030.0)


@live
async def test_an_entry_that_only_says_media_lost_leaves_the_place_to_the_ledger():
    rig = Rig()
    rig.receive()
    rig.book("a", JoinedQueue(991.0, "red"))
    rig.write(replace(END, silent_seconds=30.0))
    await rig.tick()
    await rig.tick(2.0)
    assert rig.ends() == {"a": LEFT_QUEUE}
    assert rig.notices[-1].call.media_lost
    assert rig.reconciliation.unresolved == 0


@live
async def test_while_there_is_more_to_read_a_missed_call_waits():
    rig = Rig()
    rig.receive()
    rig.reader.behind = True
    rig.miss("a")
    await rig.tick()
    await rig.tick(60.0)
    assert rig.notices == []
    rig.write(*TALK)
    rig.reader.behind = False
    await rig.tick(1.0)
    assert rig.ends() == {"a": ANSWERED}


@live
async def test_a_call_missed_at_a_takeover_waits_for_what_is_stored():
    """What the record has of it was written before the place where this ivrd began to read."""
    rig = Rig(known=None)
    rig.receive()
    rig.book("a", JoinedQueue(991.0, "red"))
    rig.write(*TALK)
    rig.reader.start(None)
    rig.miss("a")
    await rig.tick(5.0)
    assert rig.ends() == {}
    rig.reconciliation.read_again(LogPosition(1, "a", 0), ())
    await rig.tick(1.0)
    assert rig.ends() == {"a": ANSWERED}


@live
async def test_without_a_record_missed_calls_are_booked_at_once():
    rig = Rig()
    rig.reader.readable = False
    rig.receive()
    rig.book("a", JoinedQueue(991.0, "red"), Connected(992.0, AnsweredBy.INHOUSE, "base-01"))
    rig.miss("a")
    assert rig.ends() == {"a": ANSWERED}
    assert (rig.reconciliation.unresolved, rig.ledger.reconciled) == (1, 0)


@live
async def test_a_missed_call_whose_event_comes_is_booked_once():
    rig = Rig()
    rig.receive()
    rig.miss("a")
    rig.book("a", HungUp(1001.0))
    await rig.tick(5.0)
    assert rig.ends() == {"a": LEFT_MENU}
    assert rig.reconciliation.unresolved == 0


@live
async def test_a_disk_that_hangs_holds_no_missed_call_up(monkeypatch):
    monkeypatch.setattr(module, "READ_SECONDS", 0.01)
    rig = Rig()
    rig.receive("b")
    rig.write(*TALK)
    rig.reader.guard.clear()
    rig.miss("b")
    await rig.tick()
    await rig.tick(9.0)
    assert rig.ends() == {}
    await rig.tick(1.0)
    assert rig.ends() == {"b": LEFT_MENU}
    rig.reader.guard.set()
    monkeypatch.setattr(module, "READ_SECONDS", 60.0)
    await rig.tick()
    await rig.tick(2.0)
    assert rig.ends() == {"b": LEFT_MENU, "a": ANSWERED}


@live
async def test_a_machine_too_busy_to_read_decides_nothing(monkeypatch):
    """The read that shows how a call ended ends long after the call was missed."""
    monkeypatch.setattr(module, "READ_SECONDS", 0.01)
    rig = Rig()
    rig.receive()
    rig.reader.guard.clear()
    rig.miss("a")
    await rig.tick()
    await rig.tick(5.0)
    rig.write(*TALK)
    rig.reader.guard.set()
    monkeypatch.setattr(module, "READ_SECONDS", 60.0)
    await rig.tick(1.0)
    assert rig.ends() == {"a": ANSWERED}
    assert rig.reconciliation.unresolved == 0


@live
async def test_a_cancelled_tick_loses_no_line():
    rig = Rig()
    rig.write(*TALK)
    rig.reader.guard.clear()
    tick = asyncio.create_task(rig.tick())
    await asyncio.sleep(0)
    tick.cancel()
    await asyncio.gather(tick, return_exceptions=True)
    rig.reader.guard.set()
    await rig.tick()
    await rig.tick(2.0)
    assert rig.ends() == {"a": ANSWERED}


# --- what the record does not know ---------------------------------------------------------


@live
async def test_the_end_of_a_call_that_began_before_us_is_only_counted():
    rig = Rig()
    rig.write(TAKEN, END)
    await rig.tick()
    await rig.tick(2.0)
    assert (rig.notices, rig.reconciliation.strangers) == ([], 1)


@live
async def test_of_a_call_that_the_record_saw_only_the_end_of_the_books_know_more():
    rig = Rig()
    rig.receive()
    rig.book("a", JoinedQueue(991.0, "red"), Connected(992.0, AnsweredBy.INHOUSE, "base-01"))
    rig.write(END)
    await rig.tick()
    await rig.tick(2.0)
    assert rig.ends() == {"a": ANSWERED}
    assert rig.notices[-1].call.ended_at == 999.0


@live
async def test_a_record_that_says_otherwise_is_counted_and_changes_nothing(caplog):
    rig = Rig()
    rig.receive()
    rig.book("a", HungUp(999.0))
    rig.write(*TALK)
    with caplog.at_level(logging.DEBUG, "ivrd"):
        await rig.tick()
        await rig.tick(5.0)
    assert rig.ends() == {"a": LEFT_MENU}
    assert rig.reconciliation.differences == 1
    assert len([r for r in caplog.records if "another end" in r.getMessage()]) == 1


@live
async def test_a_record_that_saw_only_the_end_does_not_say_otherwise():
    rig = Rig()
    rig.receive()
    rig.book(
        "a", JoinedQueue(991.0, "red"), Connected(992.0, AnsweredBy.INHOUSE, "b"), HungUp(999.0)
    )
    rig.write(END)
    await rig.tick()
    assert rig.ends() == {"a": ANSWERED}
    assert rig.reconciliation.differences == 0


@live
async def test_whom_an_unseen_call_of_ours_has_reached_is_known_by_its_attempt():
    rig = Rig()
    rig.write(
        QueueLogEntry(990.0, EntryType.DIALLED, "a", token="0af001"),
        *(each for each in TALK if each.entry_type is not EntryType.RECEIVED),
    )
    await rig.tick(9.0)
    await rig.tick(9.0)
    assert rig.ends() == {"a": ANSWERED}
    end = rig.notices[-1]
    assert (end.call.caller, end.call.direction) == ("person of 0af001", Direction.CALLBACK)


@live
async def test_the_end_of_a_call_of_ours_waits_until_it_is_known_whom_it_reached():
    """The store answers again, and has the bookings."""
    rig = Rig()
    rig.bookings_known = False
    rig.write(QueueLogEntry(990.0, EntryType.DIALLED, "a", token="0af001"), *TALK[1:])
    await rig.tick()
    await rig.tick(30.0)
    assert rig.ends() == {}
    rig.bookings_known = True
    await rig.tick(1.0)
    assert [end.call.caller for end in rig.notices if isinstance(end, Ended)] == [
        "person of 0af001"
    ]


@live
async def test_a_call_of_ours_ends_though_the_bookings_stay_unknown():
    rig = Rig()
    rig.bookings_known = False
    rig.write(QueueLogEntry(990.0, EntryType.DIALLED, "a", token="0af001"), *TALK[1:])
    await rig.tick()
    await rig.tick(60.0)
    assert rig.ends() == {"a": ANSWERED}


@live
async def test_troubles_are_named_once(caplog):
    rig = Rig()
    with caplog.at_level(logging.INFO, "ivrd"):
        rig.reader.trouble, rig.reader.gaps = "queue_log: Permission denied", 1
        for _ in range(3):
            await rig.tick(1.0)
        rig.reader.trouble = ""
        for _ in range(3):
            await rig.tick(1.0)
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING", "INFO"]


# --- everything together -------------------------------------------------------------------


EPOCH = 1795312000
FORMS = {
    EntryType.RECEIVED: "{at}|{id}|hotline|NONE|RECEIVED|",
    EntryType.DIALLED: "{at}|{id}|hotline|NONE|DIALLED|",
    EntryType.JOINED: "{at}|{id}|{queue}|NONE|ENTERQUEUE||0200000001|1",
    EntryType.WITHDRAWN: "{at}|{id}|{queue}|NONE|WITHDRAW|1|1|0|",
    EntryType.CONNECTED: "{at}|{id}|{queue}|{seat}|CONNECT|0|1.1|0",
    EntryType.TRANSFERRED: "{at}|{id}|hotline|NONE|TRANSFERRED|base-01",
    EntryType.TAKEN_OVER: "{at}|{id}|hotline|{seat}|TAKEN|",
    EntryType.GAVE_UP: "{at}|{id}|{queue}|NONE|ABANDON|1|1|0",
    EntryType.LEFT: "{at}|{id}|hotline|NONE|RETURNED|TIMEOUT",
    EntryType.ENDED: "{at}|{id}|hotline|NONE|ENDED|{stage}||{cut}",
}
STAGES = {
    CallState.MENU: "ivr",
    CallState.INFO: "info",
    CallState.CLOSED: "closed",
    CallState.QUEUE: "queue",
    CallState.DIALLED: "hung_up",
    CallState.BOOKED: "booked",
    CallState.DEFLECTED: "deflected",
}


def text_of(line: QueueLogEntry) -> str:
    at, more = EPOCH + int(line.at), {"queue": line.queue, "seat": line.seat}
    lost = f"lost|{line.silent_seconds:g}" if line.silent_seconds else ""
    more |= {"stage": line.result or STAGES[line.state], "cut": "cut" if line.cut_off else lost}
    return FORMS[line.entry_type].format(at=at, id=line.call_id, **more) + "\n"


class World:
    """A real file that grows and is rotated, and ivrd, which is away, dies and starts again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch()
        self.kept: LogPosition | None = LogPosition(path.stat().st_ino, "", 0)
        self.rotations = 0
        self.ended: Counter[str] = Counter()
        self.start()

    def start(self) -> None:
        self.reader = QueueLogReader(self.path)
        self.reader.start(self.kept)
        self.rig = Rig(tuple(self.ended), self.reader)

    def stop(self) -> None:
        self.ended.update(self.rig.ends().keys())
        self.reader.close()

    def crash(self) -> None:
        """What is kept: the mark, who has ended, and who was here."""
        here = self.rig.ledger.calls
        self.stop()
        self.start()
        for call in here.values():
            self.rig.ledger.receive(call, adopted=True)

    def rotate(self, at: int) -> None:
        self.rotations += 1
        self.path.rename(self.path.with_name(f"queue_log.{self.rotations}"))
        self.write(f"{EPOCH + at}|NONE|NONE|NONE|CONFIGRELOAD|\n")

    def write(self, text: str) -> None:
        with self.path.open("a") as file:
            file.write(text)

    def hear(self, moment: Step) -> None:
        if moment.event is not None:
            with suppress(InvalidTransition):  # what led there was not heard
                self.rig.book(moment.call_id, moment.event)
        elif moment.line is not None and moment.line.entry_type in BEGINNINGS:
            self.rig.ledger.receive(begun(moment.line))

    def tick(self) -> None:
        asyncio.run(self.rig.tick(1.0))
        self.kept = self.rig.reconciliation.mark


@settings(max_examples=examples(50))
@given(days(), st.data())
def test_across_any_crashes_and_rotations_each_call_is_counted_once(
    tmp_path_factory: pytest.TempPathFactory, moments: list[Step], data: st.DataObject
) -> None:
    world = World(tmp_path_factory.mktemp("record") / "queue_log")
    for second, moment in enumerate(moments):
        if moment.line is not None:
            world.write(text_of(replace(moment.line, at=2.0 * second)))
        happening = data.draw(st.sampled_from(["heard", "heard", "unheard", "crash", "rotate"]))
        if happening == "heard":
            world.hear(moment)
        elif happening == "crash":
            world.crash()
        elif happening == "rotate":
            world.rotate(2 * second + 1)
        if data.draw(st.booleans()):
            world.tick()
    for _ in range(4):
        world.tick()
    world.stop()
    assert set(world.ended.values()) <= {1}
    assert world.ended.keys() == {moment.call_id for moment in moments}
    assert world.rig.ledger.calls == {}
    assert (world.rig.ledger.balance(), world.rig.ledger.callback_balance()) == (0, 0)
    assert world.reader.gaps == 0


@live
async def test_ends_of_thousands_are_recorded_in_parts_and_none_is_left():
    rig = Rig()
    calls = [f"c{n}" for n in range(3 * MOST_AT_ONCE)]
    for call_id in calls:
        rig.receive(call_id)
        rig.write(*(replace(each, call_id=call_id) for each in TALK))
    found = rig.reconciliation.missing(calls, rig.now)
    assert found == []
    parts = []
    while len(rig.ends()) < len(calls):
        ends = await rig.reconciliation.tick(rig.now)
        rig.record(ends)
        parts.append(len(ends))
    assert max(parts) == MOST_AT_ONCE
    assert rig.ends() == dict.fromkeys(calls, ANSWERED)


def test_what_a_caller_answered_after_the_talk_is_passed_on_and_no_call_is_open() -> None:
    rig = Rig()
    said = SettledEntry(1001.0, "a", "settled", "red", "good")
    rig.write(*TALK, said)
    asyncio.run(rig.tick())
    assert rig.heard == [said]
    assert rig.reconciliation.open == 0
