"""The check that every fault has to pass: it must see a lost caller, a wrong count, a silence."""

from dataclasses import replace

import pytest

from chaos.books import Counts, of_day, of_scrape
from chaos.check import judge, rows
from lab.agents import Talk
from lab.callers import Caller, Entry
from lab.callers.callers import Expected
from lab.reckoning import Scrape

LEASE = 5.0
WANTS = Expected("answered")
GOES = Expected("abandoned", "ivr")


def caller(number: int, expected: Expected = WANTS) -> Caller:
    return Caller(number, "wants a person", expected=expected)


def entry(number: int, ended: str = "network", person: str | None = "inhouse", **more) -> Entry:
    return Entry(number, "wants a person", f"02{number:08}", ended, person=person, **more)


def talk(number: int) -> Talk:
    return Talk("base-01", f"02{number:08}", "", "", "agent", 0.2, 2.0, True)


def verdict(callers, entries, excused=None, compared=()):
    return judge(callers, entries, excused or {}, compared, LEASE)


def test_who_was_answered_or_meant_to_go_is_not_lost():
    people = [caller(1), caller(2, GOES), caller(3, GOES)]
    found = verdict(people, [entry(1), entry(2, "caller", None), entry(3)])
    assert found.good
    assert found.calls == 3


@pytest.mark.parametrize("ended", ["network", "caller", "failed", "refused", "still calling"])
def test_who_wanted_a_person_and_met_none_is_lost(ended):
    found = verdict([caller(1)], [entry(1, ended, None)])
    assert not found.good
    assert [lost.id for lost in found.lost] == [1]


def test_the_hotline_may_not_end_the_call_of_one_who_meant_to_go_later():
    assert not verdict([caller(1, GOES)], [entry(1, "network", None)]).good


def test_whom_nobody_could_keep_is_told_with_the_reason():
    people = [caller(1), caller(2)]
    ends = [entry(1, "caller", None, silence=50.0), entry(2)]
    found = verdict(people, ends, {1: "were on the node", 2: "were on the node"})
    assert found.good
    assert found.excused == {"were on the node": 1}
    assert found.silence == 0.0


@pytest.mark.parametrize(("silence", "good"), [(LEASE + 1.0, True), (LEASE + 1.1, False)])
def test_silence_over_the_lease_and_a_second_is_too_much(silence, good):
    assert verdict([caller(1)], [entry(1, silence=silence)]).good is good


RIGHT = Counts(received=3, answered=2, unanswered=1, in_progress=0)
THREE = [entry(1), entry(2), entry(3, "caller", None)]


def test_counts_that_agree_are_right():
    compared = rows(THREE, [talk(1), talk(2), talk(2)], RIGHT)
    assert all(row.agrees for row in compared)


@pytest.mark.parametrize("part", ["received", "answered", "unanswered", "in_progress"])
def test_one_call_too_many_anywhere_is_a_wrong_count(part):
    counts = replace(RIGHT, **{part: getattr(RIGHT, part) + 1})
    compared = rows(THREE, [talk(1), talk(2)], counts)
    found = verdict([caller(1), caller(2), caller(3, GOES)], THREE, None, compared)
    assert found.wrong
    assert not found.good


def test_who_was_cut_off_in_the_moment_of_the_answer_was_answered():
    ends = [entry(1, "network", None)]
    just_answered = replace(talk(1), ended="caller", talked=None)
    counts = Counts(received=1, answered=1, unanswered=0, in_progress=0)
    assert all(row.agrees for row in rows(ends, [just_answered], counts, [ends[0].number]))
    assert not all(row.agrees for row in rows(ends, [just_answered], counts))


def test_whom_an_asterisk_on_its_way_out_turned_away_has_reached_nobody():
    counts = Counts(received=1, answered=0, unanswered=1, in_progress=0)
    ends = [entry(1, "refused", None, code="503"), entry(2, "refused", None, code="603")]
    assert all(row.agrees for row in rows(ends, [], counts))


def test_the_days_ledger_as_ivrd_prints_it():
    day = {
        "received": 7,
        "in_progress": 1,
        "rows": [
            {"queue": "other", "outcome": "answered", "stage": "talk", "by": "partner", "calls": 3},
            {"queue": "", "outcome": "abandoned", "stage": "ivr", "by": "", "calls": 2},
            {"queue": "", "outcome": "self_served", "stage": "ivr", "by": "", "calls": 1},
        ],
    }
    assert of_day(day) == Counts(7, 3, 3, 1)


def test_what_one_start_counted_without_whom_it_found():
    scrape = Scrape(
        "ivrd_calls_received_total 9\n"
        'ivrd_calls_in_progress{stage="ivr"} 2\n'
        'ivrd_calls_total{queue="other",outcome="answered",stage="talk",by="inhouse"} 4\n'
        'ivrd_calls_total{queue="",outcome="abandoned",stage="ivr",by=""} 3\n'
    )
    assert of_scrape(scrape, adopted=5) == Counts(4, 4, 3, 2)
