"""Who is told that a seat is free: the one who waits longest, once, and nobody else."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from ivrd.asterisk.ami_action import ConnectionLost
from ivrd.asterisk.seat_facts import MemberChanged, SeatOffered, SeatState, SeatUnanswered
from ivrd.calls.recheck import LOOKS_WITHIN, PARTNER_LASTED_SECONDS, STOPS, Recheck
from ivrd.core.call import Call, CallState, Outcome, Stage
from ivrd.core.call_notices import Answered, Ended, Notice, Offered, Rejoined
from ivrd.core.present import Present
from ivrd.core.seat_health import LASTED_SECONDS
from ivrd.core.seats import SeatStatus
from tests.asterisk.virtual import run
from tests.calls.rig import Rig, arrived, event, joined

FREE = SeatState("base-01", SeatStatus.FREE)


class Answer:
    """Asterisk's answer, which nobody reads."""

    def add_done_callback(self, _call: object) -> None: ...


@dataclass
class Bench:
    """A queue, its callers, and the channels that were told to look."""

    served: set[str] = field(default_factory=lambda: {"other"})
    now: float = 100.0
    told: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)  # who was brought out of the menu
    lost: bool = False
    doubts: bool = False

    def __post_init__(self) -> None:
        link: Any = self
        self.present = Present()
        self.recheck = Recheck(
            link,
            link,
            self.present,
            lambda call_id: f"PJSIP/{call_id}",
            self.left.append,
            lambda: self.now,
        )

    def tell(self, action: str, **headers: str) -> Answer:
        if self.lost:
            raise ConnectionLost("gone")
        assert (action, headers["Control"]) == ("ControlPlayback", "stop")
        self.told.append(headers["Channel"].removeprefix("PJSIP/"))
        return Answer()

    def serves(self, _seat: str) -> set[str]:
        return self.served

    def joins(self, *ids: str, queue: str = "other") -> None:
        for call_id in ids:
            self.present.moved(None, waiting(call_id, queue))
            self.recheck.notice(Offered(waiting(call_id, queue)))

    def leaves(self, call_id: str, notice: Notice, queue: str = "other") -> None:
        """A call is where the notice says, and no longer in that queue."""
        after = notice.call if isinstance(notice, Rejoined) else None
        self.present.moved(waiting(call_id, queue), after)
        self.recheck.notice(notice)

    def doubted(self, _seat: str) -> bool:
        return self.doubts

    def talks(self, seat: str, seconds: float) -> None:
        """A talk of so many seconds ends there now."""
        self.now -= seconds
        self.recheck.notice(Answered(replace(waiting("t"), seat=seat), 1.0))
        self.now += seconds

    def free(self) -> list[str]:
        """Who is told when a seat becomes free, each once."""
        self.told.clear()
        self.talks("base-01", 60.0)
        self.recheck.changed(FREE)
        assert len(self.told) in (0, STOPS)
        return self.told[:1]


def waiting(call_id: str, queue: str = "other") -> Call:
    state = CallState.QUEUE
    return Call(call_id, 0.0, state=state, queue=queue, joined_at=float(ord(call_id)))


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_the_first_in_line_is_told(bench: Bench) -> None:
    bench.joins("a", "b")
    assert bench.free() == ["a"]


def test_nobody_waits_and_nobody_is_told(bench: Bench) -> None:
    assert bench.free() == []


def test_of_two_seats_that_become_free_at_once_each_gets_a_caller(bench: Bench) -> None:
    bench.joins("a", "b")
    assert (bench.free(), bench.free(), bench.free()) == (["a"], ["b"], [])


def test_who_was_told_and_had_no_seat_is_told_again_later(bench: Bench) -> None:
    bench.joins("a")
    assert bench.free() == ["a"]
    bench.now += LOOKS_WITHIN
    assert bench.free() == ["a"]


def test_who_is_being_rung_for_is_left_alone_until_that_has_come_to_nothing(bench: Bench) -> None:
    bench.joins("a", "b")
    bench.recheck.changed(SeatOffered("base-02", "a"))
    assert bench.free() == ["b"]
    bench.now += LOOKS_WITHIN
    bench.recheck.changed(SeatUnanswered("base-02", 0.0, 5.0, "a"))
    assert bench.free() == ["a"]


@pytest.mark.parametrize(
    "over",
    [
        Answered(waiting("a"), 1.0),
        Ended(waiting("a"), Outcome.ABANDONED, Stage.QUEUE),
    ],
)
def test_who_is_answered_or_gone_waits_no_more(bench: Bench, over: Answered | Ended) -> None:
    bench.joins("a", "b")
    bench.leaves("a", over)
    assert bench.free() == ["b"]


def test_who_comes_back_or_is_moved_waits_there(bench: Bench) -> None:
    bench.joins("a", queue="benefits")
    assert bench.free() == []
    bench.leaves("a", Rejoined(waiting("a")), queue="benefits")
    assert bench.free() == ["a"]


def test_a_seat_that_serves_several_queues_is_for_who_waits_longest(bench: Bench) -> None:
    bench.served = {"other", "benefits"}
    bench.joins("b", "c")
    bench.joins("a", queue="benefits")
    assert bench.free() == ["a"]


@pytest.mark.parametrize(
    ("seat", "seconds", "told"),
    [
        ("base-01", 0.0, False),
        ("base-01", LASTED_SECONDS, True),
        ("good/01", LASTED_SECONDS, False),
        ("good/01", PARTNER_LASTED_SECONDS, True),
    ],
)
def test_a_talk_that_was_none_is_followed_by_no_caller_at_once(
    bench: Bench, seat: str, seconds: float, told: bool
) -> None:
    bench.joins("a")
    bench.talks(seat, seconds)
    bench.recheck.changed(SeatState(seat, SeatStatus.FREE))
    assert bool(bench.told) is told


def test_a_seat_that_has_rung_in_vain_is_left_to_who_looks_by_himself(bench: Bench) -> None:
    bench.joins("a")
    bench.recheck.changed(FREE)
    assert bench.told == []


@pytest.mark.parametrize("state", [SeatStatus.BUSY, SeatStatus.RINGING, SeatStatus.AWAY])
def test_a_seat_that_is_not_free_is_no_news(bench: Bench, state: SeatStatus) -> None:
    bench.joins("a")
    bench.talks("base-01", 60.0)
    bench.recheck.changed(SeatState("base-01", state))
    assert bench.told == []


@pytest.mark.parametrize(
    ("there", "paused", "told"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_a_seat_that_joins_or_is_resumed_is_free(
    bench: Bench, there: bool, paused: bool, told: bool
) -> None:
    bench.joins("a")
    fact = MemberChanged("good/01", "other", there, paused, "", SeatStatus.FREE)
    bench.recheck.changed(fact)
    assert bool(bench.told) is told


def test_a_seat_that_did_not_answer_before_is_no_news_when_its_pause_is_over(bench: Bench) -> None:
    bench.joins("a")
    bench.doubts = True
    bench.recheck.changed(MemberChanged("base-01", "other", True, False, "", SeatStatus.FREE))
    assert bench.told == []


def test_a_lost_link_costs_nothing(bench: Bench) -> None:
    bench.joins("a")
    bench.lost = True
    assert bench.free() == []


def test_after_a_reconnect_who_is_rung_for_is_left_alone_and_who_was_told_may_be_told(
    bench: Bench,
) -> None:
    bench.joins("a", "b")
    bench.recheck.changed(SeatOffered("base-02", "a"))
    assert bench.free() == ["b"]
    bench.recheck.restart({"a", "b"})
    assert bench.free() == ["b"]


# --- from Asterisk's events ------------------------------------------------------------------


def member(name: str, paused: str = "0") -> Any:
    base = {"Interface": "PJSIP/base-01", "Queue": "other", "Status": "1"}
    return event(name, "", **base, Paused=paused)


@pytest.mark.parametrize("leads", [True, False])
def test_only_the_leader_tells(leads: bool) -> None:
    async def body() -> None:
        rig = Rig()
        if not leads:
            rig.tracker.stand_by()
        await rig.take(arrived("1.1"), joined("1.1"))
        rig.link.told.clear()
        await rig.take(member("QueueMemberAdded"))
        stops = [told for told in rig.link.told if told["Action"] == "ControlPlayback"]
        assert [told["Channel"] for told in stops] == ["PJSIP/c-1.1"] * STOPS * leads

    run(body())
