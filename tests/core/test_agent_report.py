"""What agents did on a day adds up, whatever they said while they talked."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.agent import Duty
from ivrd.core.agent_report import AgentFact, AgentSums, AgentTotals, OnDuty, Pauses, Talk, Untaken
from ivrd.core.seat_health import Reason

SEAT, DAY = "base-01", 1000.0
START, END = 10_000.0, 10_000.0 + DAY


def duty(
    start: float, end: float, duty: Duty = Duty.READY, agent: str = "a", why: str = ""
) -> OnDuty:
    return OnDuty(agent, SEAT, duty, why, START + start, START + end)


def talk(start: float, end: float, seat: str = SEAT) -> Talk:
    return Talk(seat, START + start, START + end)


def rows(*facts: AgentFact) -> dict[str, AgentTotals]:
    sums = AgentSums(START, END)
    for fact in facts:
        sums.add(fact)
    return {row.agent: row for row in sums.rows({"a": "Somchai"})}


def test_an_agents_day() -> None:
    row = rows(
        duty(0, 100),
        talk(40, 100),
        duty(100, 120, Duty.WRAP_UP),
        duty(120, 200),
        Untaken(SEAT, START + 150, Reason.MISSED),
        duty(200, 260, Duty.PAUSED, why="lunch"),
        duty(260, 300),
    )["a"]
    assert (row.name, row.signed_in_seconds, row.talks, row.talk_seconds) == ("Somchai", 300, 1, 60)
    assert (row.wrap_up_seconds, row.paused_seconds) == (20, 60)
    assert row.pauses == {"lunch": Pauses(1, 60.0)}
    assert row.occupancy == pytest.approx(80 / 240)
    assert row.untaken == {"missed": 1, "refused": 0, "dropped": 0, "lost": 0}
    assert row.flat()["pauses"] == "lunch: 1, 60 s"


def test_a_talk_is_of_whoever_was_signed_in_when_it_began() -> None:
    found = rows(duty(0, 100), talk(90, 150), duty(100, 300, agent="b"), talk(200, 210))
    assert (found["a"].talks, found["a"].talk_seconds) == (1, 60)
    assert found["a"].signed_in_seconds == 150  # it went on after signing out
    assert (found["b"].talks, found["b"].talk_seconds) == (1, 10)


def test_a_pause_begins_when_the_talk_ends_in_which_it_was_asked_for() -> None:
    row = rows(duty(0, 50), talk(10, 80), duty(50, 100, Duty.PAUSED, why="lunch"))["a"]
    assert (row.talk_seconds, row.paused_seconds) == (70, 20)
    assert row.occupancy == pytest.approx(70 / 80)


def test_a_talk_over_midnight_counts_on_its_first_day_and_its_seconds_on_both() -> None:
    row = rows(duty(-100, 0), duty(0, 500), talk(-50, 100), talk(990, 1200), duty(500, 1300))["a"]
    assert (row.talks, row.talk_seconds, row.signed_in_seconds) == (1, 110, DAY)


def test_a_talk_where_nobody_was_signed_in_is_told() -> None:
    sums = AgentSums(START, END)
    for fact in (duty(0, 10), talk(20, 30), talk(5, 10, "base-02")):
        sums.add(fact)
    assert (sums.rows({})[0].talks, sums.unassigned) == (0, 2)


@given(
    st.lists(
        st.tuples(
            st.integers(1, 400), st.sampled_from([d for d in Duty if d is not Duty.SIGNED_OUT])
        ),
        max_size=12,
    ),
    st.lists(st.integers(-200, 1300), max_size=16, unique=True),
)
def test_no_second_counts_twice(parts: list[tuple[int, Duty]], moments: list[int]) -> None:
    facts: list[AgentFact] = []
    at = -200.0
    for seconds, what in parts:
        facts.append(duty(at, at + seconds, what, why="x" if what is Duty.PAUSED else ""))
        at += seconds
    facts += [talk(one, two) for one, two in [*pairwise(sorted(moments))][::2]]
    for row in rows(*facts).values():
        assert 0 <= row.signed_in_seconds <= DAY
        parts_of = row.talk_seconds + row.wrap_up_seconds + row.paused_seconds
        assert parts_of <= row.signed_in_seconds + 1e-6
        assert row.paused_seconds == pytest.approx(sum(p.seconds for p in row.pauses.values()))
        assert row.occupancy is None or 0.0 <= row.occupancy <= 1.0
