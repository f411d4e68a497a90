"""Partners at work, without Asterisk: what their legs tell, and how many seats they may have."""

import time
from dataclasses import replace
from math import ceil
from typing import Any

import pytest

from ivrd.asterisk.seat_facts import MemberChanged, SeatState, SeatUnanswered
from ivrd.asterisk.second_calls import SecondCall
from ivrd.asterisk.snapshot import AsteriskSnapshot
from ivrd.core.breaker import BreakerState, Limits
from ivrd.core.breaker_events import FailureKind
from ivrd.core.call import AnsweredBy, Call, CallState, Direction
from ivrd.core.call_events import Connected, JoinedQueue
from ivrd.core.call_notices import Offered
from ivrd.core.overflow import Policy
from ivrd.core.partner import Override, Partner, PartnerSnapshot
from ivrd.core.seats import Member, Pool, SeatStatus
from tests.partners.rig import ALPHA, BETA, Rig

LIMITS = Limits()


@pytest.fixture
def rig() -> Rig:
    return Rig()


def evaluate(rig: Rig, after: float = 0.0, partner: Partner = ALPHA) -> PartnerSnapshot:
    """How a partner stands at the look `after` seconds later."""
    rig.now += after
    rig.partners.evaluate(rig.now)
    return rig.partners.now(partner, True, rig.now)


def wait(rig: Rig, call_id: str) -> None:
    """A caller joins the queue."""
    rig.ledger.receive(Call(call_id, rig.now, ""))
    rig.ledger.apply(call_id, JoinedQueue(rig.now, "q"))


def test_a_partner_where_nobody_has_taken_a_call_has_few_seats_until_one_does(rig: Rig) -> None:
    assert evaluate(rig).allowed == LIMITS.first_seats
    rig.leg_event("offered")
    rig.leg_event("confirmed", seconds=2.0)
    assert evaluate(rig).allowed is None


def test_a_drill_a_pin_or_a_talk_that_goes_on_vouches_for_a_partner(rig: Rig) -> None:
    rig.partners.runtime("alpha").verified = "2026-11-20"
    rig.partners.runtime("beta").override = Override.OPEN
    assert evaluate(rig).allowed is None
    assert evaluate(rig, partner=BETA).allowed is None
    gamma = replace(ALPHA, id="gamma")
    rig.partners.setup = replace(rig.partners.setup, partners=(gamma,))
    assert evaluate(rig, partner=gamma).allowed == LIMITS.first_seats
    rig.begin("a", seat="gamma/02")  # as after a restart: nobody has told of the key
    assert evaluate(rig, partner=gamma).allowed is None


def test_after_a_pause_one_caller_is_tried_and_no_second_one_until_the_talk_has_lasted(
    rig: Rig,
) -> None:
    for _ in range(3):
        rig.leg_event("unconfirmed")
    assert rig.asked
    assert evaluate(rig).allowed == 0
    assert evaluate(rig, LIMITS.first_pause).allowed == 1
    wait(rig, "a")
    rig.asked.clear()
    rig.leg_event("offered", waiting="a")
    assert rig.asked  # the seat is closed before it can be rung for another
    assert evaluate(rig).allowed == 0
    rig.leg_event("confirmed", waiting="a", seconds=2.0)
    rig.ledger.apply("a", Connected(rig.now, AnsweredBy.PARTNER, "alpha/01"))
    assert evaluate(rig).allowed == 1  # the seat that talks
    assert evaluate(rig, LIMITS.early_seconds).allowed is None


WHY = [
    ("refused", {"status": "BUSY", "cause": 17}, "refused, busy (17), 3 in a row"),
    ("refused", {"status": "CONGESTION", "cause": 34}, "refused, no circuit free (34), 3 in a row"),
    ("refused", {"status": "CONGESTION", "cause": 3}, "refused, no way there (3), 3 in a row"),
    ("refused", {"status": "NOANSWER", "cause": 19}, "refused, nobody available (19), 3 in a row"),
    ("refused", {"status": "NOANSWER", "cause": 0, "alerted": True}, FailureKind.MISSED),
    ("refused", {"status": "NOANSWER", "cause": 19, "alerted": True}, FailureKind.MISSED),
    ("refused", {"status": "CHANUNAVAIL", "cause": 0}, FailureKind.NO_RESPONSE),
    ("refused", {"status": "CHANUNAVAIL", "cause": 18}, FailureKind.NO_RESPONSE),
    ("unconfirmed", {"status": "no_key"}, FailureKind.NO_KEY),
    ("unconfirmed", {"status": "wrong_key"}, FailureKind.WRONG_KEY),
    ("unconfirmed", {"status": "hung_up"}, FailureKind.HUNG_UP),
    ("unconfirmed", {"status": "no_media"}, FailureKind.SILENT),
    ("dropped", {"seconds": 1.0}, FailureKind.DROPPED),
]


@pytest.mark.parametrize(("kind", "about", "why"), WHY)
def test_each_failure_is_told_as_what_it_is(
    rig: Rig, kind: str, about: dict[str, Any], why: str
) -> None:
    for _ in range(LIMITS.in_a_row.get(why, 3) if isinstance(why, FailureKind) else 3):
        rig.leg_event(kind, **about)
    health = evaluate(rig).health
    assert health.startswith(f"paused 30 s: {why}")
    (told,) = rig.told
    assert told == f"alpha open: {health}"


def test_a_confirmed_drill_ends_a_pause_and_a_confirmed_call_does_not(rig: Rig) -> None:
    for _ in range(3):
        rig.leg_event("unconfirmed", status="no_key")
    rig.leg_event("confirmed", seconds=2.0)  # one that was under way
    assert evaluate(rig).allowed == 0
    rig.leg_event("confirmed", waiting="", seconds=2.0)
    assert evaluate(rig).allowed == 1


def test_each_change_of_a_breaker_is_told_once(rig: Rig) -> None:
    for _ in range(4):
        rig.leg_event("unconfirmed", status="no_key")
    why = "answered, no key pressed, 3 in a row"
    for after in (1.0, LIMITS.first_pause, 1.0):
        evaluate(rig, after)
    rig.begin("a")
    for after in (1.0, LIMITS.early_seconds, 1.0):
        evaluate(rig, after)
    assert rig.told == [
        f"alpha open: paused 30 s: {why}",
        f"alpha half open: trying one call: {why}",
        "alpha closed: healthy",
    ]


def test_a_trunk_that_stays_dead_after_a_pause_is_not_told_as_tried(rig: Rig) -> None:
    states = rig.queue_members.states
    states["partner-alpha"] = SeatStatus.FREE
    evaluate(rig)
    states["partner-alpha"] = SeatStatus.AWAY
    for _ in range(3):
        evaluate(rig, LIMITS.first_pause)
    states["partner-alpha"] = SeatStatus.FREE
    evaluate(rig, 1.0)
    assert [told.split(":")[0] for told in rig.told] == ["alpha open", "alpha half open"]


def test_a_call_that_was_not_placed_on_a_dead_trunk_says_nothing_new(rig: Rig) -> None:
    rig.queue_members.states["partner-alpha"] = SeatStatus.AWAY
    for _ in range(5):
        rig.leg_event("refused", status="CHANUNAVAIL", cause=20)
    assert rig.partners.runtime("alpha").breaker.state is BreakerState.CLOSED
    rig.queue_members.states["partner-alpha"] = SeatStatus.FREE
    for _ in range(3):
        rig.leg_event("refused", status="CHANUNAVAIL", cause=20)  # a partner can say that, too
    assert rig.partners.runtime("alpha").breaker.state is BreakerState.OPEN


def test_what_is_learned_of_a_full_partner_is_carried_out_at_once(rig: Rig) -> None:
    rig.begin("a", seat="alpha/01")
    rig.begin("b", seat="alpha/02")
    rig.leg_event("refused", status="BUSY", cause=17)
    assert rig.asked
    assert evaluate(rig).allowed == 2


def test_a_seat_that_rang_for_a_caller_who_is_answered_elsewhere_rings_no_more(rig: Rig) -> None:
    wait(rig, "a")
    rig.leg_event("offered", waiting="a")
    evaluate(rig)
    assert rig.partners.runtime("alpha").ringing == {"alpha/01"}
    rig.ledger.apply("a", Connected(rig.now, AnsweredBy.INHOUSE, "base-01"))
    evaluate(rig)
    assert rig.partners.runtime("alpha").ringing == set()


def test_seats_that_talk_are_among_those_wanted_whether_they_are_open_or_not(rig: Rig) -> None:
    rig.begin("a", seat="alpha/05")
    rig.partners.setup = replace(rig.partners.setup, policy=Policy(floor=2))
    evaluate(rig)
    lent = rig.partners._queue_members.partner_pools
    assert lent is not None
    assert lent[0][0].seats == ("alpha/05", "alpha/01")


def test_expected_talks_and_patience_are_those_of_the_configuration_also_after_a_reload(
    rig: Rig,
) -> None:
    for talk, patience in ((60.0, 30.0), (90.0, 45.0)):
        policy = Policy(expected_talk_seconds=talk, expected_patience_seconds=patience)
        rig.partners.setup = replace(rig.partners.setup, policy=policy)
        evaluate(rig, 1.0)
        assert rig.partners.snapshot is not None
        load = rig.partners.snapshot.queues[0].load
        assert (load.handling, load.patience) == (talk, patience)


def test_who_is_there_when_ivrd_starts_has_not_come_just_now(rig: Rig) -> None:
    for number in range(60):
        wait(rig, f"w{number}")
        rig.partners.notice(Offered(rig.ledger.calls[f"w{number}"]))
    evaluate(rig)
    assert rig.partners.snapshot is not None
    assert rig.partners.snapshot.queues[0].load.arrivals == 0.0
    rig.partners.notice(Offered(rig.ledger.calls["w0"]))
    evaluate(rig, after=1.0)
    assert rig.partners.snapshot.queues[0].load.arrivals > 0.0


def agents(rig: Rig) -> tuple[int, int]:
    """How many agents of our own the decision counts on, and how many of them talk."""
    evaluate(rig, 1.0)
    assert rig.partners.snapshot is not None
    (group,) = rig.partners.snapshot.agent_groups
    return group.present, group.busy


def test_nobody_counts_on_agents_who_are_paused_or_did_not_answer(rig: Rig) -> None:
    """Neither as one more who works off the line, nor as free for the first who waits."""
    seats = ("base-01", "base-02", "base-03")
    pool = Pool("base", seats, ("q",), fixed=True)
    members = rig.queue_members
    members.configure((pool,))
    here = (Member("q", "base-01"), Member("q", "base-02", True, "lunch"), Member("q", "base-03"))
    states = dict.fromkeys(seats, SeatStatus.FREE)
    members.read(AsteriskSnapshot((), here, states, frozenset(), {}))
    assert agents(rig) == (2, 0)
    members.changed(SeatState("base-01", SeatStatus.BUSY))
    members.changed(SeatState("base-03", SeatStatus.RINGING))
    assert agents(rig) == (2, 1)
    members.changed(SeatUnanswered("base-03", time.time(), 15.0))
    assert agents(rig) == (1, 1)  # though it may ring again, or still does
    members.changed(SeatState("base-03", SeatStatus.FREE))
    assert agents(rig) == (1, 1)
    members.changed(SeatState("base-03", SeatStatus.BUSY))
    assert agents(rig) == (2, 2)


def test_bookings_are_backlog_and_a_call_back_is_no_new_arrival(rig: Rig) -> None:
    evaluate(rig)
    made = Call("m", rig.now, state=CallState.DIALLED, direction=Direction.CALLBACK)
    rig.ledger.receive(made)
    for notice in rig.ledger.apply("m", JoinedQueue(rig.now, "q")):
        rig.partners.notice(notice)
    rig.booked["q"] = 7
    evaluate(rig, after=1.0)
    assert rig.partners.snapshot is not None
    (queue,) = rig.partners.snapshot.queues
    assert (queue.backlog, queue.booked, queue.load.arrivals) == (8, 7, 0.0)


def opened(rig: Rig, seats: int, partner: str = "alpha") -> None:
    """So many of the partner's seats take calls."""
    for number in range(1, seats + 1):
        seat = f"{partner}/{number:02}"
        rig.queue_members.changed(MemberChanged(seat, "q", True, False, "", SeatStatus.FREE))


def second_call(rig: Rig) -> SecondCall | None:
    return rig.partners.second_calls(rig.now)["alpha"]


def test_a_second_call_is_made_after_the_time_in_which_three_of_four_are_answered(
    rig: Rig,
) -> None:
    opened(rig, 5)
    for seconds in (1.0, 2.0, 2.5, 3.0, 3.2, 3.4, 7.0):
        rig.leg_event("confirmed", rang_seconds=seconds)
    assert second_call(rig) is None  # too few calls to know
    rig.leg_event("unconfirmed", rang_seconds=7.5, status="hung_up")
    assert second_call(rig) == SecondCall(3.5, 5)
    assert rig.partners.second_calls(rig.now)["beta"] is None


def test_calls_that_the_second_one_took_do_not_bring_the_next_one_forward(rig: Rig) -> None:
    opened(rig, 5)
    for _ in range(6):
        rig.leg_event("confirmed", rang_seconds=2.0)
    for _ in range(2):
        rig.leg_event("confirmed", rang_seconds=2.4, second=True)
    assert second_call(rig) == SecondCall(2.0, 5)
    rig.leg_event("confirmed", rang_seconds=2.4, second=True)
    assert second_call(rig) is None  # a third of the first calls is not answered in time


NO_SECOND_CALL = [
    ({"second_call": False}, 5),
    ({"confirm": False}, 5),
    ({"ring_seconds": 3}, 5),
    ({}, 1),  # a seat for it
]


@pytest.mark.parametrize(("settings", "seats"), NO_SECOND_CALL)
def test_who_is_not_called_a_second_time(settings: dict[str, Any], seats: int) -> None:
    rig = Rig(partners=(replace(ALPHA, **settings),))
    opened(rig, seats)
    for _ in range(8):
        rig.leg_event("confirmed", rang_seconds=2.5)
    assert second_call(rig) is None


def test_a_partner_that_fails_is_not_called_twice(rig: Rig) -> None:
    opened(rig, 5)
    for _ in range(12):
        rig.leg_event("confirmed", rang_seconds=2.0)
    assert second_call(rig) is not None
    for _ in range(3):
        rig.leg_event("unconfirmed", status="no_key", rang_seconds=2.0)
    assert second_call(rig) is None
    rig.now += LIMITS.first_pause
    assert second_call(rig) is None  # one call is tried


def test_callers_who_leave_before_a_long_time_for_the_key_is_over_spare_nobody(rig: Rig) -> None:
    """Whoever never presses it is charged as often for the same time, whoever has waited it."""
    key_seconds = 40
    slow = replace(ALPHA, key_seconds=key_seconds)
    rig.partners.configure(replace(rig.partners.setup, partners=(slow,)))
    seconds, charged = 15.0, LIMITS.in_a_row[FailureKind.NO_KEY]
    left = 0
    while left < 20 and evaluate(rig).allowed != 0:
        left += 1
        rig.leg_event("offered")
        rig.leg_event("left", seconds=seconds)
    assert left == ceil(charged * key_seconds / seconds)
    assert rig.partners.runtime("alpha").results["left"] == 0


def test_who_presses_the_key_now_and_then_is_not_charged_for_callers_who_leave(rig: Rig) -> None:
    slow = replace(ALPHA, key_seconds=40)
    rig.partners.configure(replace(rig.partners.setup, partners=(slow,)))
    for _ in range(20):
        for _ in range(2):
            rig.leg_event("offered")
            rig.leg_event("left", seconds=15.0)
        rig.leg_event("offered")
        rig.leg_event("confirmed", seconds=2.0)
    assert evaluate(rig).allowed is None
