"""The books, held against a count made in another way."""

from collections import Counter
from copy import deepcopy
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.call import (
    UNREACHED,
    AnsweredBy,
    Call,
    CallbackResult,
    CallState,
    Direction,
    Outcome,
    Stage,
)
from ivrd.core.call_events import (
    Connected,
    CutOff,
    Event,
    HungUp,
    JoinedQueue,
    LeftQueue,
    MediaLost,
    PlayedMessage,
    Rejected,
    ReturnedToMenu,
    Unreached,
)
from ivrd.core.call_notices import Answered, Ended, Notice, Offered
from ivrd.core.call_table import InvalidTransition
from ivrd.core.ledger import Ledger, OutcomeKey
from ivrd.core.present import place_of
from ivrd.core.queue_log_replay import QueueLogReplay, ReplayedCall
from tests.core.lives import BEGINNINGS, Step, begun, lives

IDS = st.sampled_from(["a", "b", "c", "d"])
QUEUES = st.sampled_from(["red", "green"])
TIMES = st.floats(0, 100)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(PlayedMessage),
    st.builds(Rejected),
    st.builds(ReturnedToMenu),
    st.builds(JoinedQueue, TIMES, QUEUES),
    st.builds(LeftQueue),
    st.builds(Connected, TIMES, st.just(AnsweredBy.INHOUSE), st.just("seat")),
    st.builds(Connected, TIMES, st.just(AnsweredBy.PARTNER), st.just("bank/01")),
    st.builds(Unreached, TIMES, st.sampled_from(UNREACHED)),
    st.builds(HungUp, TIMES),
    st.builds(MediaLost, TIMES, st.just(30.0)),
    st.builds(CutOff, TIMES),
)
ARRIVALS = st.booleans()  # whether the call is adopted
DIALLED = "dialled"
HAPPENINGS = st.lists(st.tuples(IDS, ARRIVALS | st.just(DIALLED) | EVENTS), max_size=80)


class Tally:
    """Counts what the books report, and compares."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.here: set[str] = set()
        self.made: set[str] = set()  # those of them that the hotline makes
        self.received = 0
        self.adopted = 0
        self.offered: Counter[str] = Counter()
        self.ended: Counter[Outcome] = Counter()
        self.results: Counter[CallbackResult | None] = Counter()

    def arrive(self, call_id: str, adopted: bool) -> None:
        new = self.ledger.receive(Call(call_id, 0.0), adopted=adopted)
        assert new is (call_id not in self.here)
        self.here.add(call_id)
        self.received += new
        self.adopted += new and adopted

    def dial(self, call_id: str) -> None:
        call = Call(call_id, 0.0, state=CallState.DIALLED, direction=Direction.CALLBACK)
        if self.ledger.receive(call):
            self.here.add(call_id)
            self.made.add(call_id)

    def happen(self, call_id: str, event: Event) -> None:
        before = deepcopy(vars(self.ledger))
        if call_id not in self.here:
            with pytest.raises(KeyError):
                self.ledger.apply(call_id, event)
            assert vars(self.ledger) == before
            return
        try:
            notices = self.ledger.apply(call_id, event)
        except InvalidTransition:
            assert vars(self.ledger) == before
            return
        made = call_id in self.made
        for notice in notices:
            if isinstance(notice, Offered):
                self.offered[notice.call.queue] += not made
            if isinstance(notice, Ended):
                self.ended[notice.outcome] += not made
                self.results[notice.call.result] += made
                self.here.remove(call_id)
                self.made.discard(call_id)

    def agree(self) -> None:
        books = self.ledger
        by_outcome: Counter[Outcome] = Counter()
        for row, count in books.outcomes.items():
            by_outcome[row.outcome] += count
        theirs = len(self.here) - len(self.made)
        assert books.received == self.received == by_outcome.total() + theirs
        assert books.in_progress().total() == theirs
        assert +by_outcome == +self.ended
        assert books.dialled == books.results.total() + len(self.made)
        assert (+books.results, books.callback_balance()) == (+self.results, 0)
        assert books.calls.keys() == self.here
        assert books.balance() == 0
        assert books.adopted == self.adopted <= books.received
        assert +books.offered == +self.offered
        self.agree_where()

    def agree_where(self) -> None:
        """Whoever is found by queue or by partner is found by looking at all calls."""
        books, here = self.ledger, self.ledger.calls.values()
        waiting = [call for call in here if call.state is CallState.QUEUE]
        talking = [call for call in here if call.state is CallState.TALK]
        for queue in {*books.offered, "none"}:
            mine = sorted((c for c in waiting if c.queue == queue), key=lambda c: c.joined_at)
            assert [c.joined_at for c in books.waiting(queue)] == [c.joined_at for c in mine]
            assert set(books.present.line(queue)) == {place_of(call) for call in mine}
            assert {*books.present.talking(queue)} == {c.id for c in talking if c.queue == queue}
        assert {*books.present.queues()} == {call.queue for call in waiting}
        lent = [call for call in talking if call.by is AnsweredBy.PARTNER]
        assert sorted(c.id for c in books.with_partner("bank")) == sorted(c.id for c in lent)


@given(HAPPENINGS)
def test_no_order_of_events_loses_or_doubles_a_call(
    happenings: list[tuple[str, bool | str | Event]],
) -> None:
    tally = Tally()
    for call_id, what in happenings:
        if isinstance(what, bool):
            tally.arrive(call_id, what)
        elif isinstance(what, str):
            tally.dial(call_id)
        else:
            tally.happen(call_id, what)
        tally.agree()
    for call_id in sorted(tally.here):
        tally.happen(call_id, HungUp(100.0))
    tally.agree()
    assert sum(tally.ledger.outcomes.values()) == tally.received


def test_a_call_that_is_in_the_books_is_not_entered_again() -> None:
    ledger = Ledger()
    first = Call("a", 1.0, caller="hash")
    assert ledger.receive(first)
    assert not ledger.receive(Call("a", 2.0), adopted=True)
    assert ledger.calls == {"a": first}
    assert (ledger.received, ledger.adopted) == (1, 0)


def test_a_call_is_counted_under_where_it_was_and_who_had_it() -> None:
    ledger = Ledger()
    ledger.receive(Call("a", 0.0))
    ledger.note("a", language="en", topic="certificate")
    ledger.apply("a", JoinedQueue(1.0, "red"))
    assert ledger.in_progress() == {Stage.QUEUE: 1}
    ledger.apply("a", Connected(2.0, AnsweredBy.PARTNER, "seat"))
    (notice,) = ledger.apply("a", HungUp(3.0))
    assert (notice.call.language, notice.call.topic) == ("en", "certificate")
    assert ledger.outcomes == {
        OutcomeKey("red", Outcome.ANSWERED, Stage.TALK, AnsweredBy.PARTNER): 1
    }
    assert ledger.offered == {"red": 1}
    assert ledger.in_progress() == {}


@given(st.dictionaries(st.integers(0, 20), st.tuples(TIMES, QUEUES, st.booleans())))
def test_the_longest_waiting_comes_first_and_keeps_the_place(
    callers: dict[int, tuple[float, str, bool]],
) -> None:
    ledger = Ledger()
    for number, (at, queue, returns) in callers.items():
        call_id = str(number)
        ledger.receive(Call(call_id, 50.0))
        ledger.apply(call_id, JoinedQueue(at, queue))
        if returns:  # the queue could not keep the call; it comes back later
            ledger.apply(call_id, LeftQueue())
            ledger.apply(call_id, JoinedQueue(200.0, queue))
    for queue in ("red", "green"):
        waiting = ledger.waiting(queue)
        assert {call.id for call in waiting} == {
            str(number) for number, (_, where, _) in callers.items() if where == queue
        }
        joined = [callers[int(call.id)][0] for call in waiting]
        assert joined == sorted(joined)


def test_only_who_waits_is_waiting() -> None:
    ledger = Ledger()
    for call_id in "abc":
        ledger.receive(Call(call_id, 0.0))
    ledger.apply("b", JoinedQueue(1.0, "red"))
    ledger.apply("c", JoinedQueue(1.0, "red"))
    ledger.apply("c", Connected(2.0, AnsweredBy.INHOUSE, "seat"))
    assert [call.id for call in ledger.waiting("red")] == ["b"]
    ledger.apply("b", LeftQueue())
    assert ledger.waiting("red") == []
    assert ledger.calls["b"].state is CallState.MENU


@given(st.sets(IDS), st.sets(IDS))
def test_missing_are_the_calls_that_asterisk_has_not(booked: set[str], present: set[str]) -> None:
    ledger = Ledger()
    for call_id in booked:
        ledger.receive(Call(call_id, 0.0))
    assert ledger.missing(iter(present)) == sorted(booked - present)


@st.composite
def cut_lives(draw: st.DrawFn) -> tuple[list[Step], int]:
    """A call's life, and after how many of its moments the books heard no more of it."""
    life = [moment.at(100.0 + second) for second, moment in enumerate(draw(lives()))]
    return life, draw(st.integers(0, len(life) - 1))


def heard(ledger: Ledger, life: list[Step]) -> list[Notice]:
    notices: list[Notice] = []
    for moment in life:
        if moment.line is not None and moment.line.entry_type in BEGINNINGS:
            ledger.receive(replace(begun(moment.line), caller="hash", language="en"))
        elif moment.event is not None:
            notices += ledger.apply(moment.call_id, moment.event)
    return notices


def recorded(life: list[Step]) -> ReplayedCall:
    record: QueueLogReplay[int] = QueueLogReplay()
    lines = [moment.line for moment in life if moment.line is not None]
    (finished,) = (found for line in lines for found in record.take(line))
    return finished


@given(cut_lives())
def test_a_healed_call_is_counted_as_one_that_was_seen_to_its_end(
    cut_life: tuple[list[Step], int],
) -> None:
    life, cut = cut_life
    seen, reconciled = Ledger(), Ledger()
    offered = sum(isinstance(notice, Offered) for notice in heard(seen, life))
    before = heard(reconciled, life[:cut])
    end = recorded(life)
    after = reconciled.record_reconciled(end)
    received = end.call.received
    assert (reconciled.outcomes, reconciled.results) == (seen.outcomes, seen.results)
    assert reconciled.offered.total() == seen.offered.total() == (offered if received else 0)
    assert (reconciled.received, reconciled.dialled) == (received, not received)
    assert (reconciled.balance(), reconciled.callback_balance(), reconciled.calls) == (0, 0, {})
    assert (reconciled.adopted, reconciled.reconciled) == (received and cut == 0, 1)
    kinds = [type(notice) for notice in (*before, *after)]
    assert kinds.count(Offered) == offered
    assert kinds.count(Ended) == 1
    assert kinds[-1] is Ended
    if end.outcome is Outcome.ANSWERED:
        assert Answered in kinds


def test_a_healed_call_keeps_what_the_books_knew_better() -> None:
    ledger = Ledger()
    ledger.receive(Call("a", 0.25, caller="hash", language="en"))
    ledger.note("a", topic="certificate")
    ledger.apply("a", JoinedQueue(1.75, "red"))
    ledger.apply("a", Connected(2.5, AnsweredBy.PARTNER, "good/01"))
    told = Call(
        *("a", 0.0, "", CallState.ENDED, "", "red", "other"),
        *(1.0, 2.0, 30.0, AnsweredBy.PARTNER, "good/01"),
    )
    (end,) = ledger.record_reconciled(Ended(told, Outcome.ANSWERED, Stage.TALK))
    assert end.call == Call(
        *("a", 0.25, "hash", CallState.ENDED, "en", "red", "certificate"),
        *(1.75, 2.5, 30.0, AnsweredBy.PARTNER, "good/01"),
        effective_at=1.75,
    )


def test_a_second_talk_that_nobody_saw_is_told_and_timed() -> None:
    ledger = Ledger()
    ledger.receive(Call("a", 0.0))
    ledger.apply("a", JoinedQueue(1.0, "red"))
    ledger.apply("a", Connected(2.0, AnsweredBy.PARTNER, "good/01"))
    told = Call(
        "a", 0.0, state=CallState.ENDED, queue="red", joined_at=1.0, by=AnsweredBy.INHOUSE, seat="b"
    )
    told = replace(told, connected_at=9.0, ended_at=12.0)
    answered, end = ledger.record_reconciled(Ended(told, Outcome.ANSWERED, Stage.TALK))
    assert isinstance(answered, Answered)
    assert answered.call.state is CallState.TALK
    assert answered.wait_seconds == 8.0
    assert (end.call.by, end.call.talk_seconds()) == (AnsweredBy.INHOUSE, 3.0)


def test_the_notices_of_a_call_that_nobody_saw_are_in_order_and_of_their_moment() -> None:
    ledger = Ledger()
    told = Call(
        "a", 5.0, state=CallState.ENDED, queue="red", joined_at=6.0, by=AnsweredBy.INHOUSE, seat="b"
    )
    told = replace(told, connected_at=9.0, ended_at=12.0)
    offered, answered, end = ledger.record_reconciled(Ended(told, Outcome.ANSWERED, Stage.TALK))
    assert isinstance(offered, Offered)
    assert isinstance(answered, Answered)
    assert (offered.call.state, offered.call.by, offered.call.connected_at) == ("queue", "", None)
    assert answered.wait_seconds == 3.0
    assert end.call == told
    assert (ledger.adopted, ledger.reconciled, ledger.received) == (1, 1, 1)


def test_a_call_that_was_sent_on_and_given_up_unseen_was_answered_by_its_first_person() -> None:
    ledger = Ledger()
    told = Call("a", 5.0, state=CallState.ENDED, queue="red", joined_at=6.0, ended_at=12.0)
    told = replace(told, answered_at=9.0, answered_by=AnsweredBy.INHOUSE, by=AnsweredBy.INHOUSE)
    _, answered, end = ledger.record_reconciled(Ended(told, Outcome.ANSWERED, Stage.QUEUE))
    assert isinstance(answered, Answered)
    assert (answered.call.connected_at, answered.call.by) == (9.0, AnsweredBy.INHOUSE)
    assert answered.wait_seconds == 3.0
    assert end.call == told


def test_an_arrival_that_is_reported_after_the_healing_is_not_a_second_call() -> None:
    ledger = Ledger()
    told = Call("a", 5.0, state=CallState.ENDED, ended_at=12.0)
    assert len(ledger.record_reconciled(Ended(told, Outcome.ABANDONED, Stage.IVR))) == 1
    assert not ledger.receive(Call("a", 5.0))
    assert ledger.record_reconciled(Ended(told, Outcome.ABANDONED, Stage.IVR)) == ()
    assert (ledger.received, ledger.reconciled, ledger.balance()) == (1, 1, 0)
    assert sum(ledger.outcomes.values()) == 1
