"""queue_log replayed, against the ledger; and what it makes of entries that are not there."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core import queue_log_replay as module
from ivrd.core.call import AnsweredBy, CallbackResult, CallState, Outcome, Stage
from ivrd.core.call_events import CutOff, JoinedQueue, OpenedQueueMenu, PlayedMessage
from ivrd.core.call_events import End as Ending
from ivrd.core.call_notices import Ended
from ivrd.core.ledger import Ledger
from ivrd.core.queue_log_replay import EntryType, QueueLogEntry, QueueLogReplay, ReplayedCall
from tests.core.lives import BEGINNINGS, Step, begun, days

End = tuple[Outcome, Stage, str, AnsweredBy, CallbackResult | None]


# Where only the entry of the end would tell what became of the caller.
IN_MENUS = (
    *(CallState.MENU, CallState.INFO, CallState.CLOSED, CallState.QUEUE_MENU),
    *(CallState.BOOKED, CallState.DEFLECTED),
)


def booked(moments: list[Step]) -> dict[str, End]:
    """How the books end these calls."""
    ledger = Ledger()
    ends = heard(ledger, moments)
    assert (ledger.balance(), ledger.callback_balance()) == (0, 0)
    return ends


def heard(ledger: Ledger, moments: list[Step]) -> dict[str, End]:
    """How the calls end that do."""
    ends = dict[str, End]()
    for moment in moments:
        if moment.line is not None and moment.line.entry_type in BEGINNINGS:
            ledger.receive(begun(moment.line))
        elif moment.event is not None:
            for notice in ledger.apply(moment.call_id, moment.event):
                if isinstance(notice, Ended):
                    ends[notice.call.id] = (
                        notice.outcome,
                        notice.stage,
                        notice.call.queue,
                        notice.call.by,
                        notice.call.result,
                    )
    return ends


def lines_of(moments: list[Step]) -> list[QueueLogEntry]:
    return [moment.line for moment in moments if moment.line is not None]


def told(lines: list[QueueLogEntry]) -> list[ReplayedCall]:
    record: QueueLogReplay[int] = QueueLogReplay()
    return [finished for line in lines for finished in record.take(line)]


def ends(found: list[ReplayedCall]) -> dict[str, End]:
    by_id = {f.call.id: (f.outcome, f.stage, f.call.queue, f.call.by, f.call.result) for f in found}
    assert len(by_id) == len(found)
    return by_id


@given(days())
def test_the_record_ends_every_call_as_the_books_do(moments: list[Step]) -> None:
    found = told(lines_of(moments))
    assert ends(found) == booked(moments)
    assert all(f.whole for f in found)


@given(days(), st.data())
def test_double_lines_change_nothing(moments: list[Step], data: st.DataObject) -> None:
    lines = lines_of(moments)
    twice = [line for line in lines for _ in range(data.draw(st.integers(1, 2)))]
    assert ends(told(twice)) == booked(moments)


@given(days(), st.data())
def test_read_again_from_the_oldest_mark_each_call_counts_once(
    moments: list[Step], data: st.DataObject
) -> None:
    lines = lines_of(moments)
    cut = data.draw(st.integers(0, len(lines)))
    first: QueueLogReplay[int] = QueueLogReplay()
    done = dict[str, End]()
    for state, line in enumerate(lines[:cut]):
        for finished in first.take(line, state):
            if data.draw(st.booleans()):  # booked before the cut; the others are still waiting
                done |= ends([finished])
                first.done(finished.call.id)
    begin = cut if first.oldest is None else first.oldest
    again = [f for f in told(lines[begin:]) if f.call.id not in done]
    assert all(f.whole for f in again)
    assert not ends(again).keys() & done.keys()
    assert done | ends(again) == booked(moments)


@given(days(), st.randoms(use_true_random=False))
def test_no_order_of_lines_raises_or_counts_a_call_twice(moments: list[Step], random) -> None:
    lines = lines_of(moments) * 2
    random.shuffle(lines)
    assert ends(told(lines)).keys() == booked(moments).keys()


def line(entry_type: EntryType, at: float = 10.0, **more) -> QueueLogEntry:
    return QueueLogEntry(at, entry_type, "a", **more)


RECEIVED = line(EntryType.RECEIVED, 1.0)
TAKEN = line(
    EntryType.CONNECTED, queue="red", seat="good/01", by=AnsweredBy.PARTNER, waited_seconds=4.0
)
END = line(EntryType.ENDED, 20.0, state=CallState.QUEUE, topic="certificate")


def test_who_was_taken_had_joined_the_queue() -> None:
    (found,) = told([RECEIVED, TAKEN, END])
    call = found.call
    assert (found.outcome, found.stage, call.by) == (
        Outcome.ANSWERED,
        Stage.TALK,
        AnsweredBy.PARTNER,
    )
    assert (call.received_at, call.joined_at, call.connected_at, call.ended_at) == (1, 6, 10, 20)
    assert call.topic == "certificate"


def test_who_hung_up_in_the_moment_of_the_answer_gave_up() -> None:
    """The end stands before the connection that app_queue tells of all the same."""
    joined = line(EntryType.JOINED, 6.0, queue="red")
    found = told([RECEIVED, joined, replace(END, at=9.0), TAKEN, END])
    assert [(f.outcome, f.stage, f.whole, f.sure) for f in found] == [
        (Outcome.ABANDONED, Stage.QUEUE, True, True)
    ]
    assert found[0].call.wait_seconds() == 3.0


def test_who_gave_up_had_joined_the_queue() -> None:
    (found,) = told([RECEIVED, line(EntryType.GAVE_UP, queue="red", waited_seconds=7.0), END])
    assert (found.outcome, found.stage, found.sure) == (Outcome.ABANDONED, Stage.QUEUE, True)
    assert (found.call.joined_at, found.call.queue) == (3.0, "red")


def test_a_caller_whose_return_has_no_line_is_where_the_end_says() -> None:
    back_in_menu = replace(END, state=CallState.MENU)
    (found,) = told([RECEIVED, line(EntryType.JOINED, queue="red"), back_in_menu])
    assert (found.outcome, found.stage) == (Outcome.ABANDONED, Stage.IVR)


RESTARTED = QueueLogEntry(30.0, EntryType.RESTARTED)
JOINED = line(EntryType.JOINED, 6.0, queue="red")
OPENED = line(EntryType.WITHDRAWN, queue="red", waited_seconds=4.0)


def test_who_opened_the_menu_while_waiting_may_have_been_told_anything_there() -> None:
    """A caller who registers there, and hears that it is filed, does not wait any more."""
    ledger = Ledger()
    ledger.receive(begun(RECEIVED))
    for event in (JoinedQueue(6.0, "red"), OpenedQueueMenu(), PlayedMessage()):
        ledger.apply("a", event)
    (known,) = ledger.apply("a", CutOff(10.0))
    assert isinstance(known, Ended)
    assert known.stage is Stage.IVR
    (found,) = told([RECEIVED, JOINED, OPENED, RESTARTED])
    assert (found.outcome, found.stage, found.sure) == (Outcome.FAILED, Stage.QUEUE, False)


@pytest.mark.parametrize("state", [CallState.QUEUE, *IN_MENUS[:3], *IN_MENUS[4:]])
def test_the_end_of_a_call_in_the_menu_while_waiting_tells_where_it_was(state: CallState) -> None:
    (found,) = told([RECEIVED, OPENED, line(EntryType.ENDED, 20.0, state=state)])
    stage = Stage.QUEUE if state is CallState.QUEUE else Stage.IVR
    assert (found.stage, found.sure, found.call.joined_at) == (stage, True, 6.0)


def test_who_has_gone_back_from_the_menu_while_waiting_waits() -> None:
    (found,) = told([RECEIVED, JOINED, OPENED, replace(JOINED, at=20.0), RESTARTED])
    assert (found.outcome, found.stage, found.sure) == (Outcome.FAILED, Stage.QUEUE, True)
    assert found.call.joined_at == 6.0


SURENESS = [
    # lines, whole, sure
    (
        [RECEIVED, END],
        True,
        False,
    ),  # came as far as the queue, and nobody wrote what happened there
    ([END], False, False),
    ([TAKEN, END], False, True),
    ([replace(END, state=CallState.INFO)], False, True),
    ([RECEIVED, TAKEN, END], True, True),
]


@pytest.mark.parametrize(("lines", "whole", "sure"), SURENESS)
def test_it_says_how_much_it_knows(lines: list[QueueLogEntry], whole: bool, sure: bool) -> None:
    (found,) = told(lines)
    assert (found.whole, found.sure) == (whole, sure)


def test_a_call_that_began_before_us_does_not_hold_the_mark() -> None:
    record: QueueLogReplay[int] = QueueLogReplay()
    record.take(TAKEN, 1)
    assert record.oldest is None
    record.take(QueueLogEntry(11.0, EntryType.RECEIVED, "b"), 2)
    record.take(QueueLogEntry(12.0, EntryType.RECEIVED, "c"), 3)
    assert record.oldest == 2
    record.take(QueueLogEntry(13.0, EntryType.ENDED, "b"), 4)
    assert record.oldest == 2  # it is not booked yet
    record.done("b")
    assert record.oldest == 3


def test_a_first_line_that_comes_twice_keeps_the_first_mark() -> None:
    record: QueueLogReplay[int] = QueueLogReplay()
    record.take(RECEIVED, 1)
    record.take(RECEIVED, 2)
    assert record.oldest == 1


def test_a_restart_of_asterisk_ends_what_was_there_up_to_the_same_second() -> None:
    talking = [replace(each, call_id="b") for each in (RECEIVED, TAKEN)]
    new = QueueLogEntry(30.0, EntryType.RECEIVED, "c")
    record: QueueLogReplay[int] = QueueLogReplay()
    for each in (RECEIVED, *talking, new):
        record.take(each)
    found = record.take(QueueLogEntry(30.0, EntryType.RESTARTED))
    assert ends(list(found)) == {
        "a": (Outcome.FAILED, Stage.IVR, "", AnsweredBy.NOBODY, None),
        "b": (Outcome.ANSWERED, Stage.TALK, "red", AnsweredBy.PARTNER, None),
        "c": (Outcome.FAILED, Stage.IVR, "", AnsweredBy.NOBODY, None),
    }
    assert [(f.call.ended_at, f.sure) for f in found] == [
        (30.0, False),
        (30.0, True),
        (30.0, False),
    ]
    assert record.open == {}


def test_the_time_without_an_asterisk_is_nobodys() -> None:
    """The last entry before is the last that is known of the old one."""
    record: QueueLogReplay[int] = QueueLogReplay()
    for each in (RECEIVED, TAKEN, QueueLogEntry(25.0, EntryType.RECEIVED, "b")):
        record.take(each)
    talked, _menu = record.take(QueueLogEntry(3600.0, EntryType.RESTARTED))
    assert (talked.call.ended_at, talked.call.talk_seconds()) == (25.0, 15.0)
    assert (record.restarted_at, record.stopped_at) == (3600.0, 25.0)


@given(days(), st.data())
def test_a_restart_cuts_off_whoever_has_not_ended(moments: list[Step], data: st.DataObject) -> None:
    moments = moments[: data.draw(st.integers(0, len(moments)))]
    last = {moment.call_id: moment for moment in moments}
    ended = {c for c, moment in last.items() if isinstance(moment.event, Ending)}
    ledger = Ledger()
    heard(ledger, moments)
    in_menus = {c for c, call in ledger.calls.items() if call.state in IN_MENUS}
    at = 100.0 + len(moments)
    cut = [Step(call_id, CutOff(at), None) for call_id in last.keys() - ended]
    found = told([*lines_of(moments), QueueLogEntry(at, EntryType.RESTARTED)])
    assert {f.call.id for f in found if not f.sure} == in_menus
    sure = {c: end for c, end in booked([*moments, *cut]).items() if c not in in_menus}
    assert ends([f for f in found if f.sure]) == sure
    assert {f.call.id for f in found if f.call.cut_off} >= last.keys() - ended


def test_a_call_that_we_know_to_be_over_ends_where_the_record_saw_it() -> None:
    record: QueueLogReplay[int] = QueueLogReplay()
    record.take(RECEIVED)
    record.take(TAKEN)
    found = record.over("a", 15.0)
    assert found is not None
    assert (found.outcome, found.call.ended_at, found.sure) == (Outcome.ANSWERED, 15.0, True)
    assert record.over("a", 16.0) is None
    assert record.take(END) == ()


def test_a_call_open_for_longer_than_a_day_is_let_go() -> None:
    record: QueueLogReplay[int] = QueueLogReplay()
    record.take(RECEIVED, 1)
    record.take(QueueLogEntry(1.0 + module.MOST_SECONDS, EntryType.RECEIVED, "b"), 2)
    assert (record.oldest, record.dropped) == (1, 0)
    record.take(QueueLogEntry(2.0 + module.MOST_SECONDS, EntryType.JOINED, "b", "red"), 3)
    assert (record.oldest, record.dropped, list(record.open)) == (2, 1, ["b"])


def test_garbage_takes_a_bounded_amount_of_memory() -> None:
    record: QueueLogReplay[int] = QueueLogReplay()
    for n in range(module.MOST_OPEN + 100):
        record.take(QueueLogEntry(1.0, EntryType.RECEIVED, f"open-{n}"), n)
        record.take(QueueLogEntry(1.0, EntryType.ENDED, f"ended-{n}"), n)
    assert len(record.open) == module.MOST_OPEN
    assert record.oldest == 100
    assert max(len(held) for held in vars(record).values() if isinstance(held, dict)) <= (
        module.MOST_OPEN
    )


@pytest.mark.parametrize("waited", [3.0, 3603.0])
def test_a_wait_begins_with_its_call_at_the_earliest(waited: float) -> None:
    """Asterisk's own measure of it may have a step of the clock in it."""
    replay: QueueLogReplay[int] = QueueLogReplay()
    found = [
        *replay.take(line(EntryType.RECEIVED, 10.0), 0),
        *replay.take(line(EntryType.CONNECTED, 15.0, queue="q", waited_seconds=waited), 1),
        *replay.take(line(EntryType.ENDED, 20.0, state=CallState.QUEUE), 2),
    ]
    assert [one.call.wait_seconds() for one in found] == [min(waited, 5.0)]
