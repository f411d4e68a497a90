"""The benchmark's arithmetic; the benchmark itself runs real hotlines and is no test."""

import re
from dataclasses import replace

import pytest

from bench import report
from bench.figures import (
    FAIRNESS,
    Figures,
    Trunk,
    figures,
    jain,
    merged,
    percentile,
    table,
    trunk,
)
from bench.overflow import AT_ONCE, batches, holds
from bench.peers.pooled import Join
from bench.rounds import Round, keep, kept
from bench.scenarios import AGENTS, SCENARIOS, SEATS
from bench.seats import Look, SeatMeter, by_load, seat_seconds
from bench.sides import ALWAYS_OPEN, IVRD, STOCK, differences, joins, optima
from bench.traffic import Phase, people
from lab.agents import Talk
from lab.callers import Entry
from lab.comparison import Scrape

SPOKEN = Entry(
    *(1, "waits", "021", "network"),
    answered_after=0.1,
    lasted=21.1,
    typed_at=4.0,
    person="inhouse",
    waited=11.0,
)
GAVE_UP = Entry(2, "waits", "022", "caller")
CUT_OFF = Entry(3, "waits", "023", "network")
TALK = Talk("base-01", "021", "", "other", "agent", rang=1.0, talked=10.0, heard_caller=True)


@pytest.mark.parametrize(
    ("share", "value"), [(0.0, 1.0), (0.5, 5.0), (0.95, 10.0), (0.9, 9.0), (1.0, 10.0)]
)
def test_percentiles_are_values_that_were_seen(share, value):
    assert percentile([float(n) for n in range(1, 11)], share) == value


def test_nobody_answered_is_no_wait():
    nobody = figures([GAVE_UP], [], {})
    assert (nobody.mean_wait, percentile(nobody.waits, 0.95)) == (0.0, 0.0)


def test_a_wait_is_counted_from_the_last_key():
    assert figures([SPOKEN], [TALK], {}).waits == (7.0,)


def test_who_is_cut_off_is_lost_as_much_as_who_gives_up():
    of = figures([SPOKEN, GAVE_UP, CUT_OFF, replace(SPOKEN, id=4)], [TALK, TALK], {})
    assert (of.inhouse, of.abandoned, of.cut_off, of.unreached) == (2, 1, 1, 0)
    assert of.abandonment == 0.5


def test_partners_calls_are_sorted_by_what_became_of_them():
    refused = replace(TALK, ended="refused", talked=None, heard_caller=False)
    nobody_there = replace(TALK, heard_caller=False)
    counted = trunk([TALK, refused, nobody_there])
    assert counted == Trunk(placed=3, answered=2, refused=1, talks=1, seconds=23.0)


def test_both_sides_must_have_counted_the_same_talks():
    helped = replace(SPOKEN, person="partner")
    one = {"ready": Trunk(placed=1, answered=1, talks=1)}
    assert figures([SPOKEN, helped], [TALK], one).agrees
    assert not figures([SPOKEN, helped], [TALK], {}).agrees
    assert not figures([SPOKEN, helped], [], one).agrees


def test_who_hangs_up_in_the_moment_of_the_answer_has_been_heard_by_nobody():
    crossed = replace(SPOKEN, lasted=11.2)
    assert figures([crossed], [], {}).agrees
    assert not figures([crossed, SPOKEN], [], {}).agrees
    assert not figures([crossed], [TALK, TALK], {}).agrees


def of_ivrd(answered: int, abandoned: int) -> Scrape:
    """ivrd's count of two calls."""
    return Scrape(
        "ivrd_calls_received_total 2\n"
        f'ivrd_calls_total{{outcome="answered",by="inhouse"}} {answered}\n'
        f'ivrd_calls_total{{outcome="abandoned"}} {abandoned}\n'
    )


@pytest.mark.parametrize("connected", [1, 0])
def test_who_hung_up_in_the_moment_of_an_answer_was_answered_if_asterisk_says_so(connected):
    gave_up = replace(GAVE_UP, left_at=1059.0)
    case = "12345-008"
    crossed = replace(TALK, number="022", ended="caller", talked=None, case=case, rung_at=1057.5)
    log = ["1645412350|1645412345.8|other|base-02|CONNECT|2|1645412345.9|1"] if connected else []
    seen = ([SPOKEN, gave_up], [TALK, replace(crossed, heard_caller=False)], [], log)
    assert differences(*seen, of_ivrd(1 + connected, 1 - connected)) == []
    assert differences(*seen, of_ivrd(2 - connected, connected)) == [
        f"answered in-house: callers {1 + connected}, ivrd {2 - connected}",
        f"abandoned: callers {1 - connected}, ivrd {connected}",
    ]


def test_a_caller_who_could_not_call_spoils_the_count():
    lost = Entry(9, "waits", "029", "failed")
    assert not figures([SPOKEN, lost], [TALK], {}).agrees


def _system(*lost: int, seat_seconds: float = 0.0) -> Figures:
    answered = 100 - len(lost)
    trunks = {name: Trunk() for name in SEATS}
    return Figures(
        *(100, answered, 0, len(lost), 0, 0, (), answered, trunks),
        lost=frozenset(lost),
        seat_seconds=seat_seconds,
    )


def _round(ours: Figures, always: Figures, stock: Figures, **more: object) -> Round:
    made = {STOCK: stock, ALWAYS_OPEN: always, IVRD: ours}
    return replace(Round("good", 1, made, formula=0.01), **more)


FEW, MANY, MOST = _system(1, 2), _system(*range(3, 20)), _system(*range(40))
HOLDS = _round(replace(FEW, seat_seconds=30.0), replace(FEW, seat_seconds=60.0), MOST)


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (HOLDS, ""),
        (_round(MANY, replace(FEW, seat_seconds=60.0), MOST), "more callers lost than always open"),
        (_round(FEW, FEW, MOST), "not fewer seat-hours"),
        (_round(FEW, replace(FEW, seat_seconds=60.0), FEW), "not fewer callers lost than stock"),
        (replace(HOLDS, differences=("received: callers 2, ivrd 1",)), "received: callers 2"),
        (
            _round(replace(FEW, agents_talks=0), replace(FEW, seat_seconds=60.0), MOST),
            "agents and partners disagree",
        ),
    ],
)
def test_ivrd_holds_unless_it_loses_more_takes_as_many_seats_or_miscounts(found, fault):
    faults = list(report.faults([found]))
    assert holds([found]) is not bool(faults)
    assert len(faults) == bool(fault)
    assert all(fault in told for told in faults)


def test_a_caller_lost_by_chance_is_no_fault():
    one_more = _round(_system(1, 2, 3), replace(FEW, seat_seconds=60.0), MOST)
    assert holds([one_more])


def test_the_section_has_a_table_for_each_scenario_that_was_run_and_says_what_does_not_hold():
    bad = replace(HOLDS, scenario="dead", seed=7, differences=("received: callers 2, ivrd 1",))
    told = report.section([HOLDS, bad])
    assert re.findall("^### (.+)$", told, re.M) == [
        f"{name}: {SCENARIOS[name].what}" for name in ("good", "dead")
    ]
    assert told.count("takes 50%") == 2
    assert "**ivrd does not hold**: seed 7: received: callers 2, ivrd 1." in told


def test_rounds_come_back_from_the_file_as_they_were(tmp_path):
    path = tmp_path / "rounds"
    assert kept(path) == []
    spoken = figures([SPOKEN, GAVE_UP], [TALK], {"alpha": Trunk(1, 1, 0, 1)}, seat_seconds=2.5)
    rounds = [HOLDS, replace(HOLDS, made={IVRD: spoken}, differences=("one",), lag=0.1)]
    for each in rounds:
        keep(path, each)
    assert kept(path) == rounds


def test_callers_join_when_they_have_pressed_the_last_key():
    persons = people([Phase(0.0, 1.0, 3)], seed=1, patience=30.0, talk=10.0)
    entry = Entry(persons[2].id, "waits", "", "caller", "", 20.5, 0.2, typed_at=4.0)
    first = replace(entry, id=persons[0].id, dialled_at=0.5)
    never = Entry(persons[1].id, "waits", "", "never dialled")
    made = joins([entry, never, first], persons)
    assert [(join.id, round(join.at, 6)) for join in made] == [
        (persons[0].id, 4.7),
        (persons[2].id, 24.7),
    ]
    assert (made[1].patience, made[1].talk) == (persons[2].patience, persons[2].talk)


def test_no_more_scenarios_run_at_once_than_the_machine_can_carry():
    made = list(batches(list(SCENARIOS)))
    assert [name for batch in made for name in batch] == list(SCENARIOS)
    assert max(map(len, made)) <= AT_ONCE


def test_the_optimum_has_all_who_can_take_calls():
    now = [Join(n, 0.0, 9.0, 99.0) for n in range(40)]
    for name, scenario in SCENARIOS.items():
        made = optima(now, scenario, seat_seconds=1.0)
        able = AGENTS - len(scenario.absent) + sum(scenario.good.values())
        assert [of.calls - of.abandoned for of in made.values()] == [able] * 2, name


def test_rounds_of_one_system_add_up():
    one = figures([SPOKEN, GAVE_UP], [TALK], {"alpha": Trunk(3, 2, 1, 2)}, seat_seconds=2.0)
    other = figures([replace(GAVE_UP, id=8)], [], {"bravo": Trunk(1)}, seat_seconds=3.0)
    both = merged([one, other])
    assert (both.calls, both.inhouse, both.abandoned, both.seat_seconds) == (3, 1, 2, 5.0)
    assert both.trunks == {"alpha": Trunk(3, 2, 1, 2), "bravo": Trunk(1)}
    assert both.lost == {2, 8}
    assert both.abandonment == 2 / 3


@pytest.mark.parametrize(
    ("shares", "index"), [([2.0, 2.0], 1.0), ([5.0, 0.0], 0.5), ([1.0, 0.0, 0.0, 0.0], 0.25)]
)
def test_fairness_is_one_for_equal_shares_and_one_of_n_when_one_has_all(shares, index):
    assert jain(shares) == pytest.approx(index)


def test_partners_with_calls_as_they_pledged_are_treated_evenly():
    of = figures([], [], {"alpha": Trunk(talks=8), "delta": Trunk(talks=2), "bravo": Trunk(9)})
    assert of.fairness({"alpha": 8, "delta": 2}) == pytest.approx(1.0)


def test_the_table_has_a_column_for_each_system_and_a_line_for_each_partner():
    of = figures([SPOKEN, GAVE_UP], [TALK], {"alpha": Trunk(3, talks=1), "dead": Trunk(2)})
    nobody = figures([GAVE_UP], [], {"alpha": Trunk()})
    lines = table({"stock": nobody, IVRD: of}, {"alpha": 8}).splitlines()
    cells = {line.split(" | ")[0].strip("| "): line.split(" | ")[1:] for line in lines}
    assert {len(line.split("|")) for line in lines} == {5}
    assert cells["calls placed to partners"] == ["0", "5 |"]
    assert cells["… to dead"] == ["0", "2 |"]
    assert cells["lost: without a person, of all calls"] == ["100.0 %", "50.0 % |"]
    assert cells[FAIRNESS] == ["–", "1.00 |"]


def test_seats_are_summed_up_over_the_same_time_for_all_systems():
    with SeatMeter({"a": lambda: 20, "b": lambda: 5}) as meter:
        pass
    a, b = (seat_seconds(meter.looks[name]) for name in "ab")
    assert a == pytest.approx(4 * b)
    assert b > 0.0


def test_seats_are_averaged_by_load_and_a_look_that_saw_two_loads_says_nothing_of_either():
    plan = [Phase(0.0, 1.0, 10), Phase(10.0, 3.0, 30), Phase(20.0, 1.0, 10)]
    looks = [Look(0.0, 9.0, 2), Look(9.0, 11.0, 99), Look(11.0, 19.0, 12), Look(21.0, 30.0, 4)]
    assert by_load(looks, plan, capacity=1.0) == {"1": 3.0, "3": 12.0}


def test_the_share_of_the_seats_is_told_by_load():
    seats = sum(SEATS.values())
    told = report.scenario("good", [replace(HOLDS, by_load={"1": seats / 10, "3": seats / 2})])
    assert "takes 50%: 10% at 1, 50% at 3 times the calls that our own agents can take." in told


@pytest.mark.parametrize(("lag", "marked"), [(4.9, False), (5.1, True)])
def test_a_round_on_a_machine_that_was_too_busy_is_marked(lag, marked):
    told = report.scenario("good", [replace(HOLDS, lag=lag)])
    assert (report.BUSY in told) is marked
