"""Seats that do not answer: random histories for what must hold, told ones for what follows."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.seat_health import (
    DOUBTED_SECONDS,
    DROPS_AT_MOST,
    LASTED_SECONDS,
    LIMITS,
    SHORT_SECONDS,
    NotTaken,
    Reason,
    Rests,
    Resumed,
    SeatHealth,
    SeatNotice,
)
from ivrd.core.seats import LAST, Member, Turn

SEAT, OTHER = "base-01", "base-02"
RANG, AT_ONCE = 15.0, 0.0
SILENT = 30.0  # seconds


class Step(NamedTuple):
    """One thing that happens to a seat, so many seconds after the one before."""

    what: str
    seat: str
    after: float


STEPS = st.builds(
    Step,
    st.sampled_from(
        ["missed", "refused", "dropped", "lost", "answered", "resume", "read", "advance"]
    ),
    st.sampled_from([SEAT, OTHER]),
    st.sampled_from([0.0, 1.0, 3.0, 30.0, 700.0]),
)


def members(health: SeatHealth, now: float) -> list[Member]:
    """What Asterisk has when all that is wanted has been sent."""
    made = []
    for seat in (SEAT, OTHER):
        turn = health.turn(seat, now)
        made.append(Member("red", seat, bool(turn.pause), turn.pause, penalty=turn.penalty))
    return made


def play(health: SeatHealth, step: Step, now: float) -> list[SeatNotice]:
    match step.what:
        case "missed":
            return health.unanswered(step.seat, now, RANG)
        case "refused":
            return health.unanswered(step.seat, now, AT_ONCE)
        case "dropped":
            return health.dropped(step.seat, now, 1, 0.0)
        case "lost":
            return health.dropped(step.seat, now, 1, SILENT)
        case "answered":
            health.answered(step.seat, now)
            return []
        case "resume":
            return health.resume(step.seat, "somebody")
        case "read":
            health.read(members(health, now), now, ())
            return []
    return health.advance(now)


def answers(health: SeatHealth, now: float) -> list[SeatNotice]:
    """A call that lasts."""
    health.answered(SEAT, now)
    return health.advance(now + LASTED_SECONDS)


def health_after(*kinds: str) -> SeatHealth:
    health = SeatHealth()
    for kind in kinds:
        play(health, Step(kind, SEAT, 0.0), 0.0)
    return health


# What always holds


@given(st.lists(STEPS, max_size=40))
def test_a_seat_rests_only_for_failures_and_comes_back_from_everything(steps: list[Step]) -> None:
    health, now = SeatHealth(), 0.0
    for step in steps:
        now += step.after
        turns = {seat: health.turn(seat, now) for seat in (SEAT, OTHER)}
        notices = play(health, step, now)
        for seat in (SEAT, OTHER):
            turn = health.turn(seat, now)
            rests = any(isinstance(n, Rests) and n.seat == seat for n in notices)
            failed = any(isinstance(n, NotTaken) and n.seat == seat for n in notices)
            if step_keeps(step, seat):
                assert bool(turn.pause) is (bool(turns[seat].pause) or failed)
            assert failed or not rests
            assert not turn.pause or health.absent(seat, now)
            assert (turn == Turn()) is (health.describe(seat, now) == "")
    for seat in (SEAT, OTHER):
        assert not health.turn(seat, now + LIMITS.longest_pause).pause  # tried again, in time
        health.resume(seat, "somebody")
        assert health.turn(seat, now) == Turn()


def step_keeps(step: Step, seat: str) -> bool:
    """Whether what happened leaves a pause as it is: a talk that has lasted may end it."""
    ends = step.what in ("resume", "answered") and step.seat == seat
    return step.what != "advance" and not ends


@given(st.lists(STEPS, max_size=40))
def test_the_other_seat_is_not_blamed(steps: list[Step]) -> None:
    health, now = SeatHealth(), 0.0
    for step in steps:
        now += step.after
        play(health, step._replace(seat=OTHER), now)
        assert health.turn(SEAT, now) == Turn()


@given(st.lists(STEPS, max_size=40))
def test_what_asterisk_has_is_enough_for_the_next_ivrd(steps: list[Step]) -> None:
    health, now = SeatHealth(), 0.0
    for step in steps:
        now += step.after
        play(health, step, now)
    successor = SeatHealth()
    successor.read(members(health, now), now, ())
    for seat in (SEAT, OTHER):
        assert bool(successor.turn(seat, now).pause) is bool(health.turn(seat, now).pause)
        assert successor.turn(seat, now).last or not health.turn(seat, now).last


# What it does


def test_after_one_missed_call_a_seat_rests_and_is_rung_last() -> None:
    health, why = SeatHealth(), "rang, and nobody answered"
    assert health.unanswered(SEAT, 0.0, RANG) == [
        NotTaken(SEAT, Reason.MISSED, 0.0),
        Rests(SEAT, why),
    ]
    assert health.turn(SEAT, LIMITS.first_pause - 0.1) == Turn(last=True, pause=f"ivrd: {why}")
    assert health.absent(SEAT, 0.0)
    assert health.turn(SEAT, LIMITS.first_pause) == Turn(last=True)
    assert health.absent(SEAT, LIMITS.first_pause)


def test_who_missed_one_call_is_rung_last_until_an_answer_and_not_for_ever() -> None:
    health, later = health_after("missed"), LIMITS.first_pause
    assert health.missed_once(SEAT)
    assert health.describe(SEAT, later).startswith("rung after all others until it answers: rang")
    assert health.turn(SEAT, DOUBTED_SECONDS) == Turn()
    assert not health.absent(SEAT, DOUBTED_SECONDS)
    health.unanswered(SEAT, DOUBTED_SECONDS, RANG)  # it is not there, after all
    assert not health.missed_once(SEAT)
    rests = DOUBTED_SECONDS + 2.0 * LIMITS.first_pause
    assert health.turn(SEAT, rests - 0.1).pause
    assert health.turn(SEAT, rests + DOUBTED_SECONDS) == Turn(last=True)
    assert answers(health, rests) == [Resumed(SEAT, "answering")]
    assert health.turn(SEAT, rests) == Turn()


def test_who_refused_a_call_is_rung_in_turn_when_the_pause_is_over() -> None:
    assert health_after("refused").turn(SEAT, SHORT_SECONDS) == Turn()


def test_a_talk_that_lasts_between_two_missed_calls_makes_the_rests_begin_anew() -> None:
    health = health_after("missed")
    answers(health, 1.0)
    assert health.turn(SEAT, 1.0) == Turn()
    health.unanswered(SEAT, 10.0, RANG)
    assert not health.turn(SEAT, 10.0 + LIMITS.first_pause).pause


@pytest.mark.parametrize(
    ("kind", "count"), [("missed", 1), ("refused", 3), ("dropped", 2), ("lost", 1)]
)
def test_it_takes_so_many_in_a_row(kind: str, count: int) -> None:
    assert not health_after(*[kind] * (count - 1)).turn(SEAT, SHORT_SECONDS).pause
    assert health_after(*[kind] * count).turn(SEAT, SHORT_SECONDS).pause


def test_a_seat_that_drops_every_call_rests_although_it_answers() -> None:
    health = health_after("answered", "dropped", "answered", "dropped")
    assert health.turn(SEAT, SHORT_SECONDS).pause


def test_a_call_that_many_have_dropped_is_to_blame_itself() -> None:
    health = SeatHealth()
    assert health.dropped(SEAT, 0.0, DROPS_AT_MOST + 1, 0.0) == []
    assert health.turn(SEAT, 0.0) == Turn()


def test_each_rest_is_longer_and_ends_in_a_trial_after_all_others() -> None:
    health, now, rests = health_after("missed", "missed"), 0.0, []
    for _ in range(6):
        began = now
        while health.turn(SEAT, now).pause:
            now += 1.0
        rests.append(now - began)
        assert health.turn(SEAT, now) == Turn(last=True)
        assert health.absent(SEAT, now)  # nobody counts on it before it has answered
        health.unanswered(SEAT, now, RANG)
    assert rests == [60.0, 120.0, 240.0, 480.0, 600.0, 600.0]


def test_a_call_that_lasts_makes_it_a_seat_like_any_other() -> None:
    health = health_after("missed", "missed")
    assert answers(health, 61.0) == [Resumed(SEAT, "answering")]
    assert health.turn(SEAT, 63.0) == Turn()
    health.unanswered(SEAT, 70.0, RANG)
    health.unanswered(SEAT, 90.0, RANG)
    assert not health.turn(SEAT, 90.0 + LIMITS.first_pause).pause  # the rests begin anew


def test_who_takes_a_pause_back_in_asterisk_has_resumed_the_seat() -> None:
    health = health_after("missed", "missed")
    health.read([Member("red", SEAT, penalty=LAST)], 10.0, ())
    assert health.turn(SEAT, 10.0) == Turn()


def test_pauses_of_others_say_nothing() -> None:
    health = SeatHealth()
    health.read(
        [Member("red", SEAT, True, "lunch"), Member("red", OTHER, True, "ivrd: closed")],
        0.0,
        (),
    )
    assert health.turn(SEAT, 0.0) == health.turn(OTHER, 0.0) == Turn()


def test_a_seat_that_falls_silent_in_every_talk_rests_for_longer_each_time() -> None:
    """A phone that answers by itself, and is dead: to answer is no proof that all is well."""
    health, now, rests = SeatHealth(), 0.0, []
    for _ in range(4):
        health.answered(SEAT, now)
        now += SILENT
        assert health.advance(now) == []
        health.dropped(SEAT, now, 1, SILENT)
        began = now
        while health.turn(SEAT, now).pause:
            now += 1.0
        rests.append(now - began)
    assert rests == [60.0, 120.0, 240.0, 480.0]
    health.answered(SEAT, now)
    now += LASTED_SECONDS + SILENT
    assert health.advance(now) == [Resumed(SEAT, "answering")]
