"""Who gave up is called while load is low: never before who waits, once, the oldest first."""

from collections.abc import Collection, Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core import booking as b
from ivrd.core.booking import AttemptResult, Booking, BookingOrigin, BookingState, Retries
from ivrd.core.dialling import Limits, SeatsNow, to_be_called, to_dial
from ivrd.core.people import FairnessRules, Person, Wait
from ivrd.core.recovery import all_lost, settled_until, to_recover
from tests.core.test_dialling import NOW, booking, ids, moment

LIMITS = Limits(per_minute=20, at_once=10)
HALF = 0.5
RULES = FairnessRules()


def lost(n: int, effective_at: float = 0.0, **more: object) -> Booking:
    return booking(n, effective_at, asked_by="", origin=BookingOrigin.LOST, **more)


def by_queue(lost_ones: Collection[Booking]) -> dict[str, Iterator[Booking]]:
    queues = {one.queue for one in lost_ones}
    return {queue: iter([one for one in lost_ones if one.queue == queue]) for queue in queues}


def chosen(lost_ones: Collection[Booking], *bookings: Booking, **how: object) -> list[int]:
    now = moment(**how)  # type: ignore[arg-type]
    return ids(to_recover(by_queue(lost_ones), bookings, LIMITS, now, HALF))


def test_while_load_is_low_they_are_called_as_they_come_and_so_many_seats_stay_free() -> None:
    waiting = [lost(1, 100.0), lost(2, 200.0), lost(3, 300.0)]
    assert chosen(waiting, free=4) == [1, 2, 3]
    assert chosen(waiting, free=4, busy=2) == [1, 2]  # then 2 of 6 are free
    assert chosen(waiting, free=3, busy=3) == [1]
    assert chosen(waiting, free=2, busy=3) == []
    assert chosen(waiting, free=0) == []


@pytest.mark.parametrize("arrived", [0.0, NOW - 1.0])
def test_nobody_is_called_while_somebody_waits_however_late_they_came(arrived: float) -> None:
    assert chosen([lost(1, 100.0)], free=4, waiting=[arrived]) == []


def test_nobody_is_called_while_one_who_asked_for_it_is_due() -> None:
    asked = booking(9, 500.0)
    assert chosen([lost(1, 100.0)], asked, free=4) == []
    assert chosen([lost(1, 100.0)], replace(asked, queue="r"), free=4) == []  # the same seats
    assert chosen([lost(1, 100.0)], replace(asked, not_before=NOW + 1.0), free=4) == [1]


def test_attempts_that_are_on_take_seats_and_room() -> None:
    on = [booking(n, state=BookingState.DIALLING) for n in (7, 8)]
    assert chosen([lost(1)], *on, free=4) == [1]
    assert chosen([lost(1)], *on, free=3) == []
    assert to_recover(by_queue([lost(1)]), on, Limits(20, 2), moment(free=9), HALF) == []
    begun = moment(free=9, begun=[NOW - 1.0] * 20)
    assert to_recover(by_queue([lost(1)]), (), LIMITS, begun, HALF) == []


def test_nobody_is_called_who_is_in_a_call_to_the_hotline() -> None:
    assert chosen([lost(1), lost(2)], free=4, here={"p1"}) == [2]


def test_of_two_queues_the_older_comes_first_and_of_a_busy_one_nobody_is_looked_at() -> None:
    now = moment(free=4)
    both = by_queue([lost(1, 300.0), lost(2, 200.0, queue="r"), lost(3, 400.0)])
    assert ids(to_recover(both, (), LIMITS, now, HALF)) == [2, 1, 3]

    def looked_at() -> Iterator[Booking]:
        raise AssertionError("nobody of this queue can be called now")
        yield

    seats = {"q": SeatsNow(4, 0, 240.0, frozenset("q")), "r": SeatsNow(0, 9, 240.0, frozenset("r"))}
    busy = {"q": iter([lost(1)]), "r": looked_at()}
    assert ids(to_recover(busy, (), LIMITS, replace(now, seats=seats), HALF)) == [1]


def test_they_take_no_turn_and_are_no_backlog() -> None:
    assert to_dial([lost(1)], LIMITS, moment(free=4)) == []
    assert not to_be_called(lost(1), NOW)
    assert to_be_called(lost(1, state=BookingState.DIALLING), NOW)


@given(
    st.lists(st.floats(0.0, NOW), max_size=8),
    st.integers(0, 12),
    st.integers(0, 12),
    st.floats(0.01, 1.0),
)
def test_never_more_than_leaves_the_share_of_seats_free(
    arrived: list[float], free: int, busy: int, share: float
) -> None:
    waiting = [lost(n, at) for n, at in enumerate(sorted(arrived), 1)]
    found = to_recover(by_queue(waiting), (), LIMITS, moment(free=free, busy=busy), share)
    assert found == waiting[: len(found)]
    if found:
        # Before the last of them was dialled so many seats were free.
        assert free - len(found) + 1 >= share * (free + busy)


@pytest.mark.parametrize("result", [AttemptResult.BUSY, AttemptResult.NO_KEY, AttemptResult.LEFT])
def test_one_of_the_lost_is_called_once_and_the_number_goes(result: AttemptResult) -> None:
    one = after(lost(1), result)
    assert (one.state, one.number) == (BookingState.GIVEN_UP, "")


def test_a_fault_of_ours_is_no_call() -> None:
    one = after(lost(1), AttemptResult.TRUNK)
    assert (one.state, one.not_before) == (BookingState.WAITING, NOW + 60.0)


def after(one: Booking, result: AttemptResult) -> Booking:
    for event in (b.Dialled(NOW - 30.0), b.AttemptEnded(NOW, result)):
        one = b.step(one, event, Retries((300.0,), 60.0))
    return one


def gave_up(dialled_at: float, name: str = "p1") -> Person:
    waited = Wait(dialled_at, dialled_at, dialled_at + 90.0)
    return Person(name, waited.ended_at, (waited,), number="sealed")


def owed(person: Person, *bookings: Booking) -> bool:
    def settled(name: str) -> float:
        return settled_until(one for one in bookings if name in (one.person, one.asked_by))

    return bool(all_lost([person], 60.0, RULES, settled))


def test_a_booking_settles_what_was_waited_before_and_not_what_comes_after() -> None:
    ended = booking(1, state=BookingState.CANCELLED, ended_at=NOW)
    assert owed(gave_up(NOW - 200.0))
    assert not owed(gave_up(NOW - 200.0), booking(1))
    assert not owed(gave_up(NOW - 200.0), ended)
    assert not owed(gave_up(NOW - 200.0, "a1"), ended)  # another number was keyed in
    assert not owed(replace(gave_up(NOW - 200.0, "new"), formerly="p1"), ended)
    assert owed(gave_up(NOW + 200.0), ended)


def test_one_of_the_lost_whose_call_was_never_made_is_still_owed_it() -> None:
    assert owed(gave_up(NOW - 200.0), lost(1))
    assert not owed(gave_up(NOW - 200.0), lost(1, state=BookingState.DIALLING))


def test_whoever_was_called_and_left_the_queue_again_is_not_called_once_more() -> None:
    """The wait in the call that we made ends a moment after its booking."""
    ended = lost(1, state=BookingState.GIVEN_UP, ended_at=NOW)
    assert not owed(gave_up(NOW - 89.0), ended)
