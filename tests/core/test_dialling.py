"""Who is dialled now: in the order of the turn, as many as seats will be free for."""

from collections.abc import Collection
from dataclasses import replace
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.booking import Booking, BookingState
from ivrd.core.dialling import LIKELY, Lead, Limits, Moment, SeatsNow, to_be_called, to_dial
from ivrd.core.priority import HeadStart, Urgency

NOW = 10_000.0
ALL = frozenset({"q", "r"})
LIMITS = Limits(per_minute=20, at_once=10)


def booking(n: int, effective_at: float = 0.0, **more: object) -> Booking:
    made = Booking(f"{n:016x}", f"p{n}", f"a{n}", "sealed", "q", "t", "th", 0.0, effective_at)
    return replace(made, **more)  # type: ignore[arg-type]


def moment(free: int, busy: int = 0, waiting: Collection[float] = (), **more: object) -> Moment:
    """`waiting`: the effective arrivals of callers on the line."""
    seats = {queue: SeatsNow(free, busy, 240.0, ALL) for queue in ALL}

    def ahead(_queues: Collection[str], effective_at: float) -> int:
        return sum(at < effective_at for at in waiting)

    made = Moment(NOW, seats, ahead, frozenset(), [], Lead(20.0, 1.0))
    return replace(made, **more)  # type: ignore[arg-type]


def ids(found: list[Booking]) -> list[int]:
    return [int(one.id, 16) for one in found]


def test_the_one_who_arrived_first_is_dialled_first_and_one_for_each_seat() -> None:
    waiting = [booking(1, 300.0), booking(2, 100.0), booking(3, 200.0)]
    assert ids(to_dial(waiting, LIMITS, moment(free=2))) == [2, 3]
    assert to_dial(waiting, LIMITS, moment(free=0)) == []


@st.composite
def waiting_ones(draw: st.DrawFn) -> list[Booking]:
    times = st.sampled_from([0.0, 50.0, 100.0, 150.0, 200.0])
    urgent = st.sampled_from([HeadStart(), HeadStart(Urgency.RED_FLAG, 100.0)])
    queues = st.sampled_from(sorted(ALL))
    made = draw(st.lists(st.tuples(times, urgent, queues), max_size=8))
    return [
        booking(n, at, head_start=urgency, queue=queue)
        for n, (at, urgency, queue) in enumerate(made)
    ]


@given(
    waiting_ones(),
    st.lists(st.floats(0.0, 250.0), max_size=6),
    st.integers(0, 4),
    st.integers(0, 8),
    st.sampled_from([0.0, 60.0]),
)
def test_whoever_is_not_looked_at_would_not_have_been_dialled(
    bookings: list[Booking], waiting: list[float], free: int, busy: int, give_way: float
) -> None:
    """Held against each one being looked at by itself, in the order of the turns."""
    limits, at = replace(LIMITS, give_way_seconds=give_way), moment(free, busy, waiting)
    seats, expected = at.seats["q"].free_within(at.lead.seconds), list[Booking]()
    for one in sorted(bookings, key=lambda one: (one.turn_at, one.booked_at, one.id)):
        if seats - len(expected) - at.ahead(ALL, limits.turn(one)) >= LIKELY:
            expected.append(one)
    assert to_dial(bookings, limits, at) == expected


def test_callers_on_the_line_who_arrived_earlier_are_served_before() -> None:
    assert to_dial([booking(1, 200.0)], LIMITS, moment(free=1, waiting=[100.0])) == []
    assert ids(to_dial([booking(1, 50.0)], LIMITS, moment(free=1, waiting=[100.0]))) == [1]


def test_a_booking_gives_way_to_callers_on_the_line_for_a_while() -> None:
    limits = replace(LIMITS, give_way_seconds=60.0)
    first = booking(1, 100.0)
    assert to_dial([first], limits, moment(free=1, waiting=[159.0])) == []
    assert ids(to_dial([first], limits, moment(free=1, waiting=[161.0]))) == [1]
    assert ids(to_dial([first], limits, moment(free=1))) == [1]  # nobody is on the line
    both = [booking(2, 110.0), first]  # among themselves they go by arrival
    assert ids(to_dial(both, limits, moment(free=9, waiting=[300.0]))) == [1, 2]


def test_a_red_flag_comes_before_all_and_gives_way_to_nobody() -> None:
    limits = replace(LIMITS, give_way_seconds=600.0)
    red = HeadStart(Urgency.RED_FLAG, 3600.0)
    urgent = booking(1, 500.0, head_start=red)
    assert ids(to_dial([booking(2, 100.0), urgent], LIMITS, moment(free=1))) == [1]
    assert ids(to_dial([urgent], limits, moment(free=1, waiting=[100.0]))) == [1]
    assert to_dial([urgent], limits, moment(free=1, waiting=[-3200.0])) == [], "as urgent, earlier"


def test_it_is_dialled_before_a_seat_is_free_when_one_will_be_by_then() -> None:
    """Of n busy seats n(1 - exp(-20/240)) are free at some time within the lead of 20 s."""
    share = 1 - exp(-20 / 240)
    enough = next(n for n in range(100) if n * share >= 0.5)
    assert to_dial([booking(1)], LIMITS, moment(free=0, busy=enough - 1)) == []
    assert ids(to_dial([booking(1)], LIMITS, moment(free=0, busy=enough))) == [1]


def test_attempts_that_are_on_take_the_seats_of_all_queues_that_share_them() -> None:
    on = booking(1, state=BookingState.DIALLING, queue="r")
    assert to_dial([on, booking(2)], LIMITS, moment(free=1)) == []
    # Who has pressed the key is among those who wait, or talks.
    there = replace(on, state=BookingState.IN_QUEUE)
    assert ids(to_dial([there, booking(2)], LIMITS, moment(free=1))) == [2]


def test_more_are_dialled_when_few_come_to_the_key() -> None:
    waiting = [booking(n) for n in range(1, 9)]
    assert len(to_dial(waiting, LIMITS, moment(free=2, lead=Lead(20.0, 0.5)))) == 4


@pytest.mark.parametrize(
    "not_due",
    [
        {"not_before": NOW + 1},
        {"answered_at": NOW - 10},
        {"state": BookingState.GIVEN_UP},
        {"state": BookingState.REACHED},
    ],
)
def test_who_is_not_due_is_not_dialled(not_due: dict[str, object]) -> None:
    assert to_dial([booking(1, **not_due)], LIMITS, moment(free=5)) == []


@pytest.mark.parametrize("person", ["p1", "a1"])
def test_nobody_is_dialled_who_is_in_a_call_to_the_hotline(person: str) -> None:
    assert to_dial([booking(1)], LIMITS, moment(free=5, here=frozenset({person}))) == []


def test_nobody_is_dialled_twice_at_once() -> None:
    on = booking(1, state=BookingState.DIALLING)
    same = booking(2, person="p1")
    assert to_dial([on, same], LIMITS, moment(free=5)) == []
    assert len(to_dial([replace(on, state=BookingState.WAITING), same], LIMITS, moment(5))) == 1


def test_the_limits() -> None:
    waiting = [booking(n) for n in range(1, 40)]
    assert len(to_dial(waiting, Limits(20, 4), moment(free=50))) == 4
    assert len(to_dial(waiting, Limits(3, 10), moment(free=50))) == 3
    begun = [NOW - 61.0, NOW - 59.0, NOW - 1.0]
    assert len(to_dial(waiting, Limits(3, 10), moment(free=50, begun=begun))) == 1


@given(st.lists(st.floats(1, 100)), st.lists(st.booleans()))
def test_what_was_seen_moves_the_lead_and_never_out_of_what_is_possible(
    seconds: list[float], came: list[bool]
) -> None:
    lead = Lead()
    for one, key in zip(seconds, came, strict=False):
        lead = lead.confirmed(one) if key else lead.failed()
    assert 0.0 <= lead.success <= 1.0
    assert 1.0 <= lead.seconds <= 100.0


@pytest.mark.parametrize(
    ("more", "waits"),
    [
        ({}, True),
        ({"not_before": NOW + 60.0}, False),  # for the next attempt
        ({"answered_at": NOW - 5.0}, False),  # talks to a person in a call of their own
        ({"state": BookingState.DIALLING}, True),
        ({"state": BookingState.ANNOUNCEMENT}, True),
        ({"state": BookingState.IN_QUEUE}, False),  # is among those who wait on the line
        ({"state": BookingState.REACHED}, False),
        ({"state": BookingState.GIVEN_UP}, False),
    ],
)
def test_who_is_to_be_called_is_backlog_until_the_key_is_pressed(
    more: dict[str, object], waits: bool
) -> None:
    assert to_be_called(booking(1, **more), NOW) is waits
