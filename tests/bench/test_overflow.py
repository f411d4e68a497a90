"""The benchmark's arithmetic; the benchmark itself runs real hotlines and is no test."""

import os
import platform
import re
from dataclasses import replace

import pytest

from bench import results
from bench.figures import (
    Figures,
    Trunk,
    capacity,
    figures,
    people,
    percentile,
    phases,
    table,
    trunk,
)
from bench.overflow import IVRD, verdict
from bench.stock import FILES, filled
from lab.agents import Talk
from lab.callers import Entry, Patience

SPOKEN = Entry(1, "waits", "021", "network", typed_at=4.0, person="inhouse", waited=11.0)
GAVE_UP = Entry(2, "waits", "022", "caller", silence=3.5)
CUT_OFF = Entry(3, "waits", "023", "network")
TALK = Talk("base-01", "021", "", "other", "agent", rang=1.0, talked=10.0, heard_caller=True)


def test_the_load_is_counted_in_what_the_agents_can_take():
    assert capacity(agents=5, talk=9.0, ring=1.0) == 0.5
    rates = [phase.rate for phase in phases(0.5, ramp=20.0, peak=120.0)]
    assert rates == [0.5, 1.0, 1.5, 1.0, 0.5]


def test_phases_follow_one_another_and_hold_the_calls_of_their_length():
    made = phases(0.5, ramp=20.0, peak=120.0)
    assert [phase.start for phase in made] == [0.0, 20.0, 40.0, 160.0, 180.0]
    assert [phase.calls for phase in made] == [10, 20, 180, 20, 10]


def test_the_same_seed_gives_the_same_people():
    assert people(50, seed=1, patience=30.0) == people(50, seed=1, patience=30.0)
    assert people(50, seed=1, patience=30.0) != people(50, seed=2, patience=30.0)


def test_everybody_has_patience_of_the_mean_that_was_asked_for():
    given = [
        step.seconds
        for caller in people(4000, seed=7, patience=30.0)
        for step in caller.script
        if isinstance(step, Patience)
    ]
    assert len(given) == 4000
    assert sum(given) / len(given) == pytest.approx(30.0, rel=0.05)


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
    assert of.silence == 3.5


def test_partners_calls_are_sorted_by_what_became_of_them():
    refused = replace(TALK, ended="refused", talked=None, heard_caller=False)
    nobody_there = replace(TALK, heard_caller=False)
    assert trunk([TALK, refused, nobody_there]) == Trunk(placed=3, answered=2, refused=1, talks=1)


def test_both_sides_must_have_counted_the_same_talks():
    helped = replace(SPOKEN, person="partner")
    one = {"ready": Trunk(placed=1, answered=1, talks=1)}
    assert figures([SPOKEN, helped], [TALK], one).agrees
    assert not figures([SPOKEN, helped], [TALK], {}).agrees
    assert not figures([SPOKEN, helped], [], one).agrees


def test_a_caller_who_could_not_call_spoils_the_count():
    lost = Entry(9, "waits", "029", "failed")
    assert not figures([SPOKEN, lost], [TALK], {}).agrees


def _lost(abandoned: int, cut_off: int = 0) -> Figures:
    answered = 10 - abandoned - cut_off
    return Figures(10, answered, 0, abandoned, cut_off, 0, (), 0.0, answered, {})


@pytest.mark.parametrize(
    ("others", "ours", "better"),
    [
        ([_lost(5), _lost(4)], _lost(3), True),
        ([_lost(5), _lost(3)], _lost(3), False),
        ([_lost(5), _lost(4)], _lost(3, cut_off=1), False),
        ([_lost(5), _lost(4)], replace(_lost(3), agents_talks=8), False),
    ],
)
def test_ivrd_is_better_only_when_it_loses_fewer_than_every_other_and_the_counts_agree(
    others, ours, better
):
    made = {f"stock {n}": of for n, of in enumerate(others)} | {IVRD: ours}
    assert verdict(made) is better


def test_the_table_has_a_column_for_each_system_and_a_line_for_each_partner():
    of = figures([SPOKEN, GAVE_UP], [TALK], {"ready": Trunk(3), "dead": Trunk(2)})
    lines = table({"stock": figures([GAVE_UP], [], {}), IVRD: of}).splitlines()
    cells = {line.split(" | ")[0].strip("| "): line.split(" | ")[1:] for line in lines}
    assert {len(line.split("|")) for line in lines} == {5}
    assert cells["calls placed to partners"] == ["0", "5 |"]
    assert cells["… to dead"] == ["0", "2 |"]
    assert cells["abandonment: without a person, of all calls"] == ["100.0 %", "50.0 % |"]


def test_a_benchmark_replaces_only_its_own_section(tmp_path):
    path = tmp_path / "RESULTS.md"
    results.write("one", "a\n\n| x |\n", path)
    results.write("two", "b", path)
    results.write("one", "c", path)
    origin = results.measured_on()
    assert path.read_text("utf-8") == (
        f"# Results\n\n## one\n\nc\n\n{origin}\n\n## two\n\nb\n\n{origin}\n"
    )


def test_a_section_says_on_what_it_was_measured():
    said = results.measured_on()
    assert platform.python_version() in said
    assert f"{os.cpu_count()} × " in said
    assert re.search(r"Asterisk \d+\.\d+", said)


def test_the_peers_files_ask_for_nothing_that_the_benchmark_does_not_give():
    names = "sip agents music first second third fourth ready refusing silent dead"
    for path in FILES.iterdir():
        assert "{{" not in filled(
            path.read_text("utf-8"), dict.fromkeys(names.split(), "x")
        ).replace("{{...}}", "")


def test_a_blank_without_a_value_is_told():
    with pytest.raises(KeyError, match="port"):
        filled("bind={{port}}", {})
