"""When a partner is told that its people are needed, and when that it is over."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.call_out import (
    CallOut,
    CallOutPolicy,
    Pledge,
    Step,
    Watch,
    next_step,
    seats_forecast,
)
from ivrd.core.overflow import Decision, Hysteresis, Snapshot
from ivrd.core.partner import Partner, PartnerSnapshot, PartnerState

POLICY = CallOutPolicy(sure_seconds=60, for_seconds=7200, over_seconds=600, spare_ratio=0.2)
LEAD, CAP, T0 = 900.0, 50, 1_000_000.0


class Day:
    """One partner, second by second; `told`: each step with the people."""

    def __init__(self) -> None:
        self.now = T0
        self.call_out: CallOut | None = None
        self.watch = Watch()
        self.pledge: Pledge | None = None
        self.told: list[tuple[Step, int]] = []

    def go(self, seconds: float, wanted: int) -> None:
        end = self.now + seconds
        while self.now < end:
            then, self.watch = next_step(
                self.call_out, self.watch, wanted, self.pledge, CAP, LEAD, POLICY, self.now
            )
            if then is not None:
                self.call_out = then
                self.told.append((then.step, then.people))
            self.now += 5.0

    def has(self, people: int) -> None:
        asked = self.call_out.people if self.call_out and self.call_out.active else 0
        self.pledge = Pledge("2026-11-23", people, asked, self.now, "partner")


@pytest.fixture
def day() -> Day:
    return Day()


def test_a_short_peak_calls_nobody_out(day: Day) -> None:
    for _ in range(5):
        day.go(55, 10)
        day.go(5, 0)
    assert day.told == []


def test_it_is_asked_once_for_some_to_spare_and_told_when_it_is_over(day: Day) -> None:
    day.go(1200, 10)
    assert day.told == [(Step.BEGIN, 12)]
    assert day.call_out is not None
    began = day.call_out
    assert began.from_at == began.told_at + LEAD
    assert began.until_at == began.from_at + POLICY.for_seconds
    day.go(300, 0)  # not long enough to send people home
    day.go(600, 4)
    assert len(day.told) == 1
    day.go(620, 0)
    assert day.told == [(Step.BEGIN, 12), (Step.OVER, 12)]
    assert day.call_out.id == began.id
    day.go(3600, 0)
    assert len(day.told) == 2


def test_more_are_asked_for_when_more_are_wanted_than_were_asked_for(day: Day) -> None:
    day.go(300, 10)
    day.go(300, 12)
    assert len(day.told) == 1
    day.go(300, 20)
    assert day.told[1:] == [(Step.MORE, 24)]
    day.go(300, 49)
    assert day.told[2:] == [(Step.MORE, CAP)]


def test_who_has_promised_more_than_it_was_asked_for_is_not_asked_for_that(day: Day) -> None:
    day.go(300, 10)
    day.has(30)
    day.go(600, 30)
    assert len(day.told) == 1
    day.go(300, 31)
    assert day.told[1:] == [(Step.MORE, 38)]


def test_before_its_time_is_over_it_is_asked_for_longer_and_else_it_is_over(day: Day) -> None:
    day.go(7200, 10)
    assert len(day.told) == 1
    day.go(300, 3)
    assert day.told[1:] == [(Step.LONGER, 4)]
    assert day.call_out is not None
    assert day.call_out.until_at > day.now + POLICY.for_seconds


def test_it_ends_on_time_though_nobody_looked_for_hours(day: Day) -> None:
    day.go(300, 10)
    day.now += 10 * 3600
    day.watch = Watch()  # of the ivrd that is gone
    day.go(5, 0)
    assert day.told[1:] == [(Step.OVER, 12)]


def test_a_new_call_out_has_an_id_of_its_own(day: Day) -> None:
    day.go(300, 10)
    assert day.call_out is not None
    first = day.call_out
    day.go(700, 0)
    day.go(300, 10)
    assert [step for step, _ in day.told] == [Step.BEGIN, Step.OVER, Step.BEGIN]
    assert (day.call_out.number, day.call_out.id != first.id) == (1, True)


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 60)), max_size=30))
def test_steps_follow_each_other_and_no_two_tell_the_same(spans: list[tuple[int, int]]) -> None:
    day = Day()
    for minutes, wanted in spans:
        day.go(60.0 * minutes, min(wanted, CAP))
    for (before, people), (then, more) in zip(day.told, day.told[1:], strict=False):
        assert (then is Step.BEGIN) == (before is Step.OVER)
        assert then is not Step.MORE or more > people
    assert all(0 < people <= CAP for _step, people in day.told)
    assert not day.told or day.told[0][0] is Step.BEGIN


def partner(name: str, most: int | None = None) -> PartnerSnapshot:
    of = Partner(name, "", "", "", 10, 20, PartnerState.ACTIVE, languages=("th",))
    return PartnerSnapshot(of, frozenset({"q"}), allowed=most)


def forecast(wanted: int, *partners: PartnerSnapshot, **people: tuple[int, int]) -> dict[str, int]:
    group = frozenset(one.id for one in partners)
    decision = Decision(wanted, (), "", "", {group: Hysteresis(wanted)})
    pledges = {
        name: Pledge("2026-11-23", has, asked, 0.0, "partner")
        for name, (has, asked) in people.items()
    }
    return seats_forecast(Snapshot(0.0, (), (), partners), decision, pledges)


def test_people_are_asked_for_whoever_sits_there_now() -> None:
    assert forecast(20, partner("a", most=3), partner("b")) == {"a": 10, "b": 10}
    assert forecast(20, replace(partner("a"), pledge=2), partner("b")) == {"a": 10, "b": 10}


def test_where_no_call_goes_nobody_is_called_out() -> None:
    assert forecast(20, partner("a", most=0), partner("b")) == {"a": 0, "b": 20}
    assert forecast(20, replace(partner("a"), in_hours=False), partner("b"))["a"] == 0


def test_who_has_fewer_than_it_was_asked_for_is_asked_for_no_more_and_the_others_are() -> None:
    assert forecast(20, partner("a"), partner("b"), a=(4, 12)) == {"a": 4, "b": 16}
    assert forecast(20, partner("a"), partner("b"), a=(0, 12)) == {"a": 0, "b": 20}
    assert forecast(30, partner("a"), partner("b"), a=(12, 12)) == {"a": 15, "b": 15}
