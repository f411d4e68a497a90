"""A breaker: random histories for what must always hold, told ones for what it does."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.breaker import (
    TABLE,
    Breaker,
    BreakerState,
    Limits,
    Signal,
    allowed_seats,
    at,
    capacity,
    describe,
    proof_seconds,
    step,
)
from ivrd.core.breaker_events import (
    Confirmed,
    Drilled,
    Dropped,
    Event,
    Failure,
    FailureKind,
    Lasted,
    LeftEarly,
    Lost,
    Missed,
    NoKey,
    NoResponse,
    Reachable,
    Refused,
    Resumed,
    Silent,
    Unreachable,
    WrongKey,
    kind_of,
)

LIMITS = Limits()
KNOWN = Breaker(known=True)  # a person there has taken a call
SILENT = 30.0  # seconds
FULL, AWAY = 17, 19  # Q.850: busy; no answer


def failure(kind: FailureKind, now: float) -> Failure:
    made: dict[FailureKind, Failure] = {
        FailureKind.MISSED: Missed(now),
        FailureKind.REFUSED: Refused(now, AWAY),
        FailureKind.NO_RESPONSE: NoResponse(now),
        FailureKind.SILENT: Silent(now),
        FailureKind.NO_KEY: NoKey(now),
        FailureKind.WRONG_KEY: WrongKey(now),
        FailureKind.HUNG_UP: LeftEarly(now),
        FailureKind.DROPPED: Dropped(now),
        FailureKind.LOST: Lost(now, SILENT),
        FailureKind.UNREACHABLE: Unreachable(now),
    }
    return made[kind]


def told(*events: Event, breaker: Breaker | None = None) -> Breaker:
    breaker = breaker or KNOWN
    for event in events:
        breaker = step(breaker, event)
    return breaker


def opened(now: float = 0.0) -> Breaker:
    return told(*[Refused(now, AWAY)] * LIMITS.in_a_row[FailureKind.REFUSED])


NOW = st.just(0.0)
EVENTS = st.one_of(
    st.builds(Refused, NOW, st.sampled_from([1, FULL, AWAY, 34]), st.integers(0, 5)),
    *(st.builds(kind, NOW) for kind in (Missed, NoResponse, Silent, NoKey, WrongKey, LeftEarly)),
    *(st.builds(kind, NOW) for kind in (Drilled, Resumed)),
    st.builds(Dropped, NOW),
    st.builds(Lost, NOW, st.just(SILENT)),
    st.builds(Unreachable, NOW),
    st.builds(Reachable, NOW),
    st.builds(Confirmed, NOW),
    st.builds(Lasted, NOW),
)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    now, events = 0.0, []
    for _ in range(draw(st.integers(0, 40))):
        now += draw(st.sampled_from([0.0, 1.0, 9.0, 40.0, 700.0]))
        events.append(replace(draw(EVENTS), at=now))
    return events


# What always holds


def test_every_place_knows_every_mark() -> None:
    assert set(TABLE) == {(state, mark) for state in BreakerState for mark in Signal}
    assert {kind_of(failure(kind, 0.0)) for kind in FailureKind} == set(LIMITS.in_a_row)


@given(histories())
def test_a_partner_is_only_paused_by_a_failure_and_never_for_ever(events: list[Event]) -> None:
    breaker = Breaker()
    for event in events:
        before = at(breaker, event.at)
        breaker = step(breaker, event)
        if breaker.state is BreakerState.OPEN and before.state is not BreakerState.OPEN:
            assert isinstance(event, Failure)
            assert LIMITS.first_pause <= breaker.until - event.at == breaker.pause <= 600.0
        if before.state is BreakerState.OPEN and isinstance(event, Drilled | Resumed):
            assert (breaker.state, breaker.pause) == (BreakerState.HALF_OPEN, 0.0)
        elif before.state is BreakerState.OPEN:
            assert breaker.state is BreakerState.OPEN
            assert breaker.until == before.until
        if before.state is not BreakerState.CLOSED and breaker.state is BreakerState.CLOSED:
            assert isinstance(event, Lasted)
            assert breaker.failures == {}
    later = at(breaker, breaker.until)
    assert later.state is not BreakerState.OPEN
    assert (allowed_seats(later, breaker.until) == 0) is (not breaker.reachable)


@given(histories(), st.booleans(), st.integers(0, 5), st.integers(0, 2), st.floats(0, 2000))
def test_seats_allowed_by_place(
    events: list[Event], known: bool, talking: int, trying: int, wait: float
) -> None:
    breaker = told(*events, breaker=Breaker(known=known))
    now = (events[-1].at if events else 0.0) + wait
    allowed = allowed_seats(breaker, now, talking, trying)
    state = at(breaker, now).state
    if state is BreakerState.OPEN or not breaker.reachable:
        assert allowed == 0
    elif state is BreakerState.HALF_OPEN:
        assert allowed is not None
        assert min(talking, 1) <= allowed + trying
        assert allowed <= talking + (trying == 0)
    elif breaker.known:
        assert allowed is None or allowed >= 1
    else:
        assert allowed is not None
        assert 1 <= allowed <= LIMITS.first_seats
    assert describe(breaker, now)


@given(histories())
def test_in_a_row_means_with_nothing_good_between(events: list[Event]) -> None:
    """Recount the failures since the last good news, as long as the breaker has not opened."""
    rows: Counter[FailureKind] = Counter()
    breaker, reachable = Breaker(), True
    for event in events:
        breaker = step(breaker, event)
        full = isinstance(event, Refused) and event.cause in (17, 34) and event.others > 0
        if isinstance(event, Confirmed | Drilled):
            rows = Counter({kind: rows[kind] for kind in (FailureKind.DROPPED, FailureKind.LOST)})
        elif isinstance(event, Lasted | Resumed):
            rows = Counter()
        elif isinstance(event, Failure) and not full:
            rows[kind_of(event)] += reachable or not isinstance(event, Unreachable)
        reachable = isinstance(event, Reachable) or (
            reachable and not isinstance(event, Unreachable)
        )
        too_many = any(rows[sort] >= LIMITS.in_a_row[sort] for sort in FailureKind)
        assert (breaker.state is BreakerState.OPEN) is too_many
        if too_many:
            return


# Told


@pytest.mark.parametrize("sort", FailureKind)
def test_failures_of_each_sort_in_a_row_pause_the_partner(sort: FailureKind) -> None:
    limit = LIMITS.in_a_row[sort]
    breaker = told(*[failure(sort, 5.0)] * (limit - 1))
    assert allowed_seats(breaker, 5.0) is None
    breaker = told(failure(sort, 6.0), breaker=breaker)
    assert allowed_seats(breaker, 6.0) == 0
    assert allowed_seats(breaker, 35.9) == 0
    assert describe(breaker, 16.0).startswith(f"paused 20 s: {sort}")
    assert describe(breaker, 16.0).endswith(f"{limit} in a row" if limit > 1 else sort)


def test_failures_of_different_sorts_do_not_add_up() -> None:
    breaker = told(Refused(1, AWAY), Silent(2), NoKey(3), Dropped(4), Refused(5, AWAY), NoKey(6))
    assert allowed_seats(breaker, 6) is None


def test_an_answer_with_the_key_ends_a_row_but_not_that_of_early_drops() -> None:
    mixed: list[Event] = [Refused(1, AWAY), Refused(2, AWAY), Confirmed(3)]
    assert told(*mixed, *mixed, *mixed).state is BreakerState.CLOSED
    drops: list[Event] = [Confirmed(1), Dropped(2)]
    assert told(*drops, *drops).state is BreakerState.CLOSED
    assert told(*drops, *drops, *drops).state is BreakerState.OPEN
    assert told(*drops, *drops, Confirmed(3), Lasted(8), *drops).state is BreakerState.CLOSED


def test_after_the_pause_one_seat_is_tried_on_top_of_those_that_talk() -> None:
    breaker = opened(0.0)
    assert allowed_seats(breaker, 30.0) == 1
    assert allowed_seats(breaker, 30.0, talking=2) == 3
    assert describe(breaker, 30.0).startswith("trying one call: refused, ")
    assert allowed_seats(breaker, 30.1, trying=1) == 0  # a second one would be one too many
    breaker = told(Confirmed(31.0), breaker=breaker)
    assert allowed_seats(breaker, 31.0, talking=1, trying=1) == 1  # it may still be dropped
    breaker = told(Lasted(36.0), breaker=breaker)
    assert allowed_seats(breaker, 36.0) is None
    assert describe(breaker, 36.0) == "healthy"


def test_where_no_person_has_taken_a_call_yet_few_are_tried() -> None:
    new = Breaker()
    assert allowed_seats(new, 0.0) == LIMITS.first_seats
    assert "nobody" in describe(new, 0.0)
    once = told(NoKey(3.0), breaker=new)
    assert allowed_seats(once, 3.0) == 2  # with these two it may have to be paused
    assert allowed_seats(told(NoKey(4.0), breaker=once), 4.0) == 1
    assert allowed_seats(told(Silent(3.0), breaker=new), 3.0) == 1  # the next one is too many
    full = told(Refused(3.0, FULL, others=1), breaker=new)
    assert allowed_seats(full, 3.0) == 1
    known = told(Confirmed(4.0), breaker=new)
    assert allowed_seats(known, 4.0) is None
    assert describe(known, 4.0) == "healthy"


def test_the_pause_doubles_up_to_the_longest_until_a_talk_lasts() -> None:
    breaker, now, pauses = opened(0.0), 0.0, []
    for _ in range(7):
        pauses.append(breaker.until - now)
        now = breaker.until
        breaker = told(NoKey(now), breaker=breaker)
    assert pauses == [30, 60, 120, 240, 480, 600, 600]
    breaker = told(Lasted(breaker.until), breaker=breaker)
    breaker = told(*[Silent(9e3)] * 2, breaker=breaker)
    assert breaker.until == 9e3 + 30


def test_calls_that_were_under_way_do_not_lengthen_the_pause_nor_end_it() -> None:
    breaker = opened(0.0)
    late = told(Refused(1, AWAY), Silent(2), Confirmed(3), Lasted(8), breaker=breaker)
    assert late.until == breaker.until
    assert allowed_seats(late, 29.0) == 0


@pytest.mark.parametrize("event", [Resumed(12.0), Drilled(12.0)])
def test_an_operator_or_a_confirmed_drill_ends_the_pause(event: Event) -> None:
    breaker = told(NoKey(30.0), breaker=opened(0.0))  # the second pause, of a minute
    assert allowed_seats(breaker, 40.0) == 0
    event = replace(event, at=40.0)
    tried = told(event, breaker=breaker)
    assert allowed_seats(tried, 40.0) == 1
    assert describe(tried, 40.0).startswith("trying one call: answered, no key pressed")
    assert allowed_seats(told(Confirmed(41.0), Lasted(46.0), breaker=tried), 46.0) is None
    failed = told(NoKey(41.0), breaker=tried)
    assert failed.until == 41.0 + LIMITS.first_pause  # as short as the first
    assert told(event, breaker=tried).state is BreakerState.HALF_OPEN
    assert told(event, breaker=told(NoKey(1.0))).state is BreakerState.CLOSED


def test_what_a_drill_disproves_is_forgotten_and_what_it_does_not_is_not() -> None:
    twice: list[Event] = [Refused(1, AWAY), Refused(1, AWAY), Dropped(1), Dropped(1)]
    assert told(*twice, Drilled(2), Refused(3, AWAY)).state is BreakerState.CLOSED
    assert told(*twice, Drilled(2), Dropped(3)).state is BreakerState.OPEN
    assert told(*twice, Resumed(2), Dropped(3)).state is BreakerState.CLOSED


def test_no_word_of_an_operators_makes_a_dead_trunk_alive_or_a_full_partner_larger() -> None:
    dead = told(Unreachable(0.0), Resumed(1.0))
    assert allowed_seats(dead, 1.0) == 0
    assert describe(dead, 1.0) == "its trunk is unreachable"
    assert allowed_seats(told(Reachable(2.0), breaker=dead), 2.0) == 1
    assert allowed_seats(told(Refused(0.0, FULL, others=2), Resumed(1.0)), 1.0) == 2


def test_a_dead_trunk_gets_nothing_however_long_it_lasts() -> None:
    breaker = told(Unreachable(0.0))
    for now in (0.0, 31.0, 86_400.0):
        assert allowed_seats(breaker, now) == 0
    assert describe(breaker, 31.0) == "its trunk is unreachable"
    assert told(Unreachable(60.0), breaker=breaker).until == breaker.until  # no news
    back = told(Reachable(86_400.0), breaker=breaker)
    assert allowed_seats(back, 86_400.0) == 1
    assert allowed_seats(told(Reachable(10.0), breaker=breaker), 10.0) == 0  # not before the pause
    again = told(Unreachable(86_401.0), breaker=back)
    assert again.until == 86_401.0 + 60


# Learned capacity


@pytest.mark.parametrize("cause", [17, 34])
def test_a_full_partner_is_held_to_what_it_had_and_raised_step_by_step(cause: int) -> None:
    breaker = told(*[Refused(10.0, cause, others=4)] * 5)
    assert breaker.state is BreakerState.CLOSED  # full is not broken
    assert allowed_seats(breaker, 10.0) == 4
    assert allowed_seats(breaker, 39.9) == 4
    assert allowed_seats(breaker, 40.0) == 5
    assert allowed_seats(breaker, 100.0) == 7
    assert describe(breaker, 100.0) == "held to 7 calls, it refused more"
    breaker = told(Refused(100.0, cause, others=6), breaker=breaker)
    assert [capacity(breaker, now) for now in (100.0, 129.0, 130.0)] == [6, 6, 7]


def test_a_refusal_never_raises_what_was_learned() -> None:
    breaker = told(Refused(10.0, FULL, others=2), Refused(11.0, FULL, others=9))
    assert allowed_seats(breaker, 11.0) == 2


def test_a_burst_finds_the_capacity() -> None:
    """Five calls at once to a partner with two lines: three are refused, one after the other."""
    breaker = told(*(Refused(10.0, FULL, others=n) for n in (4, 3, 2)))
    assert breaker.state is BreakerState.CLOSED
    assert allowed_seats(breaker, 10.0) == 2


def test_a_partner_that_refuses_every_call_is_paused_and_not_thought_small() -> None:
    """A burst of five that are all refused, then each second the one that is left."""
    burst = [Refused(10.0, 34, others=n) for n in (4, 3, 2, 1, 0)]
    breaker = told(*burst)
    assert allowed_seats(breaker, 10.0) == 1
    breaker = told(Refused(11.0, 34), Refused(12.0, 34), breaker=breaker)
    assert allowed_seats(breaker, 12.0) == 0
    breaker = told(Lasted(50.0), breaker=breaker)
    assert allowed_seats(breaker, 50.0) is None


def test_another_cause_says_nothing_about_capacity() -> None:
    assert told(Refused(10.0, AWAY, others=4)).held_at is None
    assert told(*[Refused(10.0, AWAY, others=4)] * 3).state is BreakerState.OPEN


def test_what_was_learned_holds_while_a_seat_is_tried() -> None:
    breaker = told(Refused(0.0, FULL, others=2), Silent(1.0), Silent(1.0))
    assert allowed_seats(breaker, 31.0, talking=9) == 3  # 2, and one for the quiet half minute
    full = told(Refused(31.0, FULL, others=1), breaker=breaker)
    assert at(full, 31.0).state is BreakerState.HALF_OPEN
    assert allowed_seats(full, 31.0, talking=1) == 1


def test_a_talk_that_falls_silent_is_made_good_only_by_one_that_lasted_for_longer() -> None:
    once = told(Lost(0.0, SILENT))
    assert proof_seconds(once) == LIMITS.early_seconds + SILENT
    answered = told(Confirmed(10.0), breaker=once)  # nobody knows yet whether it will last
    assert proof_seconds(answered) == proof_seconds(once)
    twice = told(Lost(50.0, SILENT), breaker=answered)
    assert (twice.state, twice.why) == (BreakerState.OPEN, "fell silent in a talk, 2 in a row")
    good = told(Lasted(50.0), breaker=answered)
    assert (good.failures, proof_seconds(good)) == ({}, LIMITS.early_seconds)
