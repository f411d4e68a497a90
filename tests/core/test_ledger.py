"""The books, held against a count made in another way."""

from collections import Counter
from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.call import (
    Broke,
    By,
    Call,
    Connected,
    Ended,
    Event,
    HungUp,
    Impossible,
    Informed,
    Joined,
    Left,
    Offered,
    Outcome,
    Place,
    Stage,
    TurnedAway,
    WentBack,
)
from ivrd.core.ledger import Ledger, Row

IDS = st.sampled_from(["a", "b", "c", "d"])
QUEUES = st.sampled_from(["red", "green"])
TIMES = st.floats(0, 100)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(Informed),
    st.builds(TurnedAway),
    st.builds(WentBack),
    st.builds(Joined, TIMES, QUEUES),
    st.builds(Left),
    st.builds(Connected, TIMES, st.just(By.INHOUSE), st.just("seat")),
    st.builds(HungUp, TIMES),
    st.builds(Broke, TIMES),
)
ARRIVALS = st.booleans()  # whether the call is adopted
HAPPENINGS = st.lists(st.tuples(IDS, ARRIVALS | EVENTS), max_size=80)


class Tally:
    """Counts what the books report, and compares."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.here: set[str] = set()
        self.received = 0
        self.adopted = 0
        self.offered: Counter[str] = Counter()
        self.ended: Counter[Outcome] = Counter()

    def arrive(self, call_id: str, adopted: bool) -> None:
        new = self.ledger.receive(Call(call_id, 0.0), adopted=adopted)
        assert new is (call_id not in self.here)
        self.here.add(call_id)
        self.received += new
        self.adopted += new and adopted

    def happen(self, call_id: str, event: Event) -> None:
        before = deepcopy(vars(self.ledger))
        if call_id not in self.here:
            with pytest.raises(KeyError):
                self.ledger.apply(call_id, event)
            assert vars(self.ledger) == before
            return
        try:
            notices = self.ledger.apply(call_id, event)
        except Impossible:
            assert vars(self.ledger) == before
            return
        for notice in notices:
            if isinstance(notice, Offered):
                self.offered[notice.call.queue] += 1
            if isinstance(notice, Ended):
                self.ended[notice.outcome] += 1
                self.here.remove(call_id)

    def agree(self) -> None:
        books = self.ledger
        by_outcome: Counter[Outcome] = Counter()
        for row, count in books.outcomes.items():
            by_outcome[row.outcome] += count
        assert books.received == self.received == by_outcome.total() + len(self.here)
        assert books.in_progress().total() == len(self.here)
        assert by_outcome == self.ended
        assert books.calls.keys() == self.here
        assert books.balance() == 0
        assert books.adopted == self.adopted <= books.received
        assert books.offered == self.offered


@given(HAPPENINGS)
def test_no_order_of_events_loses_or_doubles_a_call(
    happenings: list[tuple[str, bool | Event]],
) -> None:
    tally = Tally()
    for call_id, what in happenings:
        if isinstance(what, bool):
            tally.arrive(call_id, what)
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
    ledger.apply("a", Joined(1.0, "red"))
    assert ledger.in_progress() == {Stage.QUEUE: 1}
    ledger.apply("a", Connected(2.0, By.PARTNER, "seat"))
    (notice,) = ledger.apply("a", HungUp(3.0))
    assert (notice.call.language, notice.call.topic) == ("en", "certificate")
    assert ledger.outcomes == {Row("red", Outcome.ANSWERED, Stage.TALK, By.PARTNER): 1}
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
        ledger.apply(call_id, Joined(at, queue))
        if returns:  # the queue could not keep the call; it comes back later
            ledger.apply(call_id, Left())
            ledger.apply(call_id, Joined(200.0, queue))
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
    ledger.apply("b", Joined(1.0, "red"))
    ledger.apply("c", Joined(1.0, "red"))
    ledger.apply("c", Connected(2.0, By.INHOUSE, "seat"))
    assert [call.id for call in ledger.waiting("red")] == ["b"]
    ledger.apply("b", Left())
    assert ledger.waiting("red") == []
    assert ledger.calls["b"].place is Place.MENU


@given(st.sets(IDS), st.sets(IDS))
def test_missing_are_the_calls_that_asterisk_has_not(booked: set[str], present: set[str]) -> None:
    ledger = Ledger()
    for call_id in booked:
        ledger.receive(Call(call_id, 0.0))
    assert ledger.missing(iter(present)) == sorted(booked - present)
