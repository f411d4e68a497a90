"""How long callers will wait, as it is learnt and held against what became of it."""

from math import inf, isclose

import pytest

from ivrd.core.call import AnsweredBy
from ivrd.core.call_events import Connected, CutOff, MediaLost
from ivrd.core.expected_wait import Line, Service
from ivrd.core.priority import Place
from ivrd.core.seats import SeatStatus
from ivrd.waiting.forecast import EXPECTED_RING_SECONDS
from tests.waiting.rig import PATIENCE, TALK, Rig

EACH = TALK + EXPECTED_RING_SECONDS  # a talk, and the ring before it


def expected(ahead: float, seats: int = 1) -> float:
    return Line(Service(seats, EACH, PATIENCE)).wait(ahead).mean


def test_each_waits_for_those_ahead_whichever_queue_they_are_in() -> None:
    rig = Rig()
    for number, queue in enumerate("abaab"):
        rig.join(f"c{number}", queue)
        rig.now += 0.1
    means = rig.means()
    assert list(means) == [f"c{number}" for number in range(5)]
    for ahead, mean in enumerate(means.values()):
        assert isclose(mean, expected(ahead))
    assert isclose(rig.forecast.arriving("b").mean, expected(5))


def test_who_came_first_is_ahead_wherever_the_call_joined() -> None:
    rig = Rig()
    rig.join("late")
    rig.receive("early")
    rig.ledger.note("early", effective_at=rig.now - 60.0)
    assert isclose(rig.forecast.joining(rig.ledger.calls["early"], "a").mean, expected(0))
    rig.join("early")
    assert rig.means() == {"early": expected(0), "late": expected(1)}


def test_those_who_wait_beside_the_line_are_ahead_as_well() -> None:
    rig = Rig()
    rig.beside = {"a": [Place(10.0, 10.0, "booked")], "b": [Place(2000.0, 2000.0, "later")]}
    rig.join("here")
    assert rig.means() == {"here": expected(1)}
    rig.now = 3000.0
    assert isclose(rig.forecast.arriving("a").mean, expected(3))


def test_who_finds_a_free_seat_does_not_wait_but_the_next_one_does() -> None:
    rig = Rig(agents=2)
    rig.members.states["base0"] = SeatStatus.RINGING  # for the one who joins
    rig.look()
    rig.join("first")
    rig.now += 0.1
    rig.join("second")
    means = rig.means()
    assert means["first"] == 0.0
    assert isclose(means["second"], expected(0, seats=2))
    rig.answer("first")  # the seat is taken from now on, not from the next look on
    assert isclose(rig.forecast.arriving("a").mean, expected(1, seats=2))


def test_while_nobody_is_there_nothing_is_foreseen() -> None:
    rig = Rig(agents=0)
    rig.join("here")
    assert rig.means() == {"here": inf}
    rig.now += 5.0
    rig.answer("here")
    assert rig.told.bounds == []


def test_talks_and_patience_are_learnt() -> None:
    rig = Rig()
    for number in range(200):
        rig.join(f"c{number}")
        rig.answer(f"c{number}")
        for _ in range(5):
            rig.look(4.0)
        rig.hang_up(f"c{number}")
    rig.join("here")
    assert isclose(rig.means()["here"], 20.0, rel_tol=0.15)  # TALK was expected, and a ring of 3 s


def test_a_bound_is_kept_or_broken_and_the_next_ones_are_longer_or_shorter() -> None:
    rig = Rig()
    before = rig.forecast.calibration("a").factor
    rig.join("soon")
    rig.now += 10.0
    rig.answer("soon")
    assert rig.told.bounds == [("a", True)]
    assert rig.told.realised_ == [("a", expected(0), 10.0)]
    shorter = rig.forecast.calibration("a").factor
    rig.hang_up("soon")
    rig.join("late")
    rig.now += 1000.0
    rig.answer("late")
    assert rig.told.bounds[1:] == [("a", False)]
    assert shorter < before < rig.forecast.calibration("a").factor
    assert rig.forecast.calibration("b").factor == before  # each queue has its own


@pytest.mark.parametrize(
    ("seconds", "bounds"),
    [(20.0, []), (1000.0, [("a", False)])],
)
def test_who_gives_up_has_broken_a_bound_only_after_it(
    seconds: float, bounds: list[tuple[str, bool]]
) -> None:
    rig = Rig()
    rig.join("here")
    rig.now += seconds
    rig.hang_up("here")
    assert rig.told.bounds == bounds


def test_a_phone_that_vanished_and_a_call_that_was_cut_off_tell_nothing_more() -> None:
    rig = Rig()
    rig.join("gone")
    rig.join("cut")
    rig.now += 400.0
    rig.happens("gone", MediaLost(rig.now, 390.0))  # was there for 10 s
    rig.happens("cut", CutOff(rig.now))
    assert rig.told.bounds == []


def test_a_standby_learns_and_counts_nothing() -> None:
    rig = Rig()
    rig.ledger.counting = False
    rig.join("here")
    rig.now += 1000.0
    rig.happens("here", Connected(rig.now, AnsweredBy.INHOUSE, "base0"))
    assert rig.told.bounds == rig.told.realised_ == []
    assert rig.forecast.calibration("a").factor > 1.0
