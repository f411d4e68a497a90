"""The report of a replayed day and its plots, from a made run."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import pytest

from bench.day import plots
from bench.day.__main__ import keep, name, options, parser
from bench.day.clock import Clock
from bench.day.count import count
from bench.day.crew import Crew
from bench.day.crossed import Crossed, decide
from bench.day.figures import Called, Growth, Lag, Persons, Waiting, by_hour
from bench.day.orbits import Why
from bench.day.people import People, Population, Visit, Wish
from bench.day.profile import DAY_CALLS, HOUR, arrivals, day
from bench.day.report import faults, markdown
from bench.day.result import Options, Result
from bench.day.samples import Sample
from lab.agents import Talk
from lab.callers import Entry
from lab.callers.mix import SHIPPED, Path1330, read_paths
from lab.comparison import ANSWERED, FAILED, IN_MENU, IN_QUEUE, SELF_SERVED, Row, Scrape
from lab.connected import case_of, connected
from lab.machine import Usage

CALLS = 400
PATHS, _ = read_paths(SHIPPED)
TOPIC = Path1330("14", "topic", "other")
BALANCED = Scrape(
    'ivrd_calls_received_total 3\nivrd_calls_total{outcome="answered",stage="talk"} 3\n'
)


def called(person: int, call: int, ended: str, waited: float | None = None, at: float = 0.0):
    wish = Wish.MESSAGE if ended == SELF_SERVED else Wish.PERSON
    entry = Entry(
        1,
        wish.value,
        f"02{person:08}",
        "network",
        typed_at=1.0,
        person=None if waited is None else "inhouse",
        waited=None if waited is None else 1.0 + waited,
    )
    return Called(Visit(person, call, wish, TOPIC, 60.0), Why.NEW, at, entry, ended)


def sample(at: float, asterisk: float = 100.0, ivrd: float = 80.0, lag: float = 0.005) -> Sample:
    return Sample(
        at,
        {"Asterisk": asterisk, "ivrd": ivrd},
        {"Asterisk": at * 0.8, "ivrd": at * 0.1},
        at * 1.2,
        lag,
        events=100,
        late=2,
        calls={"ivr": 3, "queue": 5, "talk": 7},
        seats={"wanted": 4, "open": 3, "ringing": 1, "busy": 2},
    )


@pytest.fixture
def result() -> Result:
    clock = Clock.of(day(), 3)
    people, random = People(Population(), PATHS, 1), Random(1)
    calls = []
    for n, at in enumerate(arrivals(day(), CALLS, random), 1):
        visit = people.visit(n, 1)
        ended = random.choice([ANSWERED, IN_QUEUE]) if visit.wish is Wish.PERSON else SELF_SERVED
        calls.append(replace(called(n, 1, ended, 0.8 if ended == ANSWERED else None), day=at))
    return Result(
        options=Options(CALLS, 3.0, "day", 1, Population()),
        profile=day(),
        clock=clock,
        crew=Crew.of_day(Population(), clock, CALLS),
        calls=calls,
        crossed=Crossed(calls, 7, {"one": 7}, {"one": 0}, hung_up=2, answered=1, by_partner=0),
        why=Counter({Why.NEW: CALLS}),
        still_due=4,
        rows=[Row("dialled / received", CALLS, CALLS), Row("answered by a person", 9, 9)],
        scrape=BALANCED,
        samples=[sample(5.0 * n) for n in range(40)],
        usage=Usage(2, 0.1, 0.1, 0.5, 0.8),
        lateness=0.012,
        placed={"one": 10},
        late=0.1,
        lasted=190.0,
        service_level=1.0,
        favoured=True,
    )


# --- figures -------------------------------------------------------------------------------------


def test_people_are_not_calls():
    calls = [
        called(1, 1, IN_QUEUE),
        called(1, 2, IN_QUEUE),
        called(1, 3, ANSWERED, 2.0),
        called(2, 1, IN_QUEUE),
        called(2, 2, IN_QUEUE),
        called(3, 1, SELF_SERVED),
    ]
    assert Persons.of(calls) == Persons(
        persons=3, wanted_person=2, never_reached=1, unserved=1, most_calls=3
    )


def test_waits_are_of_the_answered_and_shares_of_the_offered():
    calls = [called(n, 1, ANSWERED, float(n)) for n in range(1, 5)]
    calls += [called(9, 1, IN_QUEUE), called(10, 1, IN_MENU), called(11, 1, SELF_SERVED)]
    waiting = Waiting.of(calls, service_level=2.0)
    assert (waiting.offered, waiting.abandoned, waiting.within) == (5, 1, 2)
    assert (waiting.median, waiting.p95) == (2.5, 4.0)
    assert waiting.abandonment == pytest.approx(0.2)
    assert waiting.service_level == pytest.approx(0.4)


def test_without_calls_no_share_is_wrong():
    assert Waiting.of([], 1.0) == Waiting(0, 0, 0.0, 0.0, 0)
    assert Waiting.of([], 1.0).abandonment == 0.0
    assert Persons.of([]) == Persons(0, 0, 0, 0, 0)


def test_calls_are_counted_in_the_hour_in_which_they_began():
    found = by_hour(
        [called(1, 1, ANSWERED, 1.0, at=9 * HOUR), called(2, 1, ANSWERED, at=24 * HOUR)]
    )
    assert (found[ANSWERED][9], found[ANSWERED][23], sum(found[ANSWERED])) == (1, 1, 2)


@pytest.mark.parametrize(("last", "flat"), [(104.0, True), (106.0, False), (60.0, True)])
def test_memory_is_flat_when_the_last_quarter_is_near_the_second(last, flat):
    samples = [sample(at, asterisk=100.0 if at < 75 else last) for at in range(0, 101, 5)]
    growth = Growth.of(samples, "Asterisk", until=100.0)
    assert growth.flat is flat
    assert (growth.second, growth.last) == (100.0, last)


def test_memory_after_the_last_call_does_not_count():
    samples = [sample(at, ivrd=80.0 if at <= 100 else 500.0) for at in range(0, 200, 5)]
    assert Growth.of(samples, "ivrd", until=100.0).change == 0.0


def test_lag_over_the_run_is_that_of_its_worst_stretch():
    assert Lag.of([sample(0.0), sample(5.0, lag=0.25)]) == Lag(200, 4, 0.25)


# --- the report ----------------------------------------------------------------------------------


def test_a_run_in_which_all_agree_has_no_fault(result):
    assert faults(result) == []
    assert "Every call is accounted for." in markdown(result)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rows": [Row("answered by a person", 9, 8)]}, "9 counted, 8 by ivrd"),
        ({"calls": [called(1, 1, FAILED)]}, "1 calls failed"),
        ({"scrape": Scrape("ivrd_calls_received_total 2\n")}, "does not balance"),
    ],
)
def test_a_row_that_differs_or_a_call_that_failed_is_a_fault_and_the_report_says_so(
    result, change, said
):
    wrong = replace(result, **change)
    assert any(said in fault for fault in faults(wrong))
    assert "It fails" in markdown(wrong)


def test_what_people_cannot_know_is_shown_as_a_range(result):
    text = markdown(replace(result, rows=[Row("taken by one, by its own count", 9, 8, unsure=2)]))
    assert "| taken by one, by its own count | 7 to 9 | 8 | = |" in text


def test_a_run_in_which_the_people_were_late_is_marked(result):
    late = replace(result, usage=Usage(2, 0.5, 0.2, 0.1, 0.9, limited="9 of 20 steps were late"))
    assert "says little" not in markdown(result)
    assert "| the simulated people were the limit | no |" in markdown(result)
    assert "This run says little of the hotline: 9 of 20 steps were late." in markdown(late)
    assert "| the simulated people were the limit | YES |" in markdown(late)


def test_memory_that_grew_is_marked(result):
    grew = [sample(5.0 * n, ivrd=80.0 + n) for n in range(40)]
    assert "NOT FLAT" not in markdown(result)
    assert "NOT FLAT" in markdown(replace(result, samples=grew))


def test_every_figure_of_the_people_says_where_it_comes_from(result):
    text = markdown(result)
    for figure in Population.figures():
        assert figure.metadata["kind"] in ("measured", "published", "assumed")
        assert f"| {figure.metadata['what']} |" in text


def test_tables_have_as_many_cells_in_each_row(result):
    for part in markdown(result).split("\n\n"):
        if part.startswith("|"):
            assert len({line.count(" | ") for line in part.splitlines()}) == 1, part


# --- plots and files -----------------------------------------------------------------------------


def test_plots_are_svg_and_the_same_for_the_same_figures(result, tmp_path: Path):
    of = (result.calls, result.samples, result.clock, result.profile)
    first = plots.write(tmp_path / "a", "day", *of)
    second = plots.write(tmp_path / "b", "day", *of)
    assert [path.name for path in first] == [path.name for path in second]
    assert len(first) == 6
    for one, other in zip(first, second, strict=True):
        assert ElementTree.parse(one).getroot().tag.endswith("svg")
        assert one.read_bytes() == other.read_bytes()


def test_the_report_is_kept_as_a_section_beside_the_others_with_links_that_lead_somewhere(
    result, tmp_path: Path
):
    (tmp_path / "RESULTS.md").write_text("# Results\n\n## other\n\nstays\n")
    keep(result, tmp_path)
    text = (tmp_path / "RESULTS.md").read_text()
    assert "## other\n\nstays\n" in text
    assert "## python -m bench.day --calls 400\n" in text
    links = re.findall(r"!\[.*?\]\((.*?)\)", text)
    assert len(links) == 6
    assert all((tmp_path / link).exists() for link in links)


# --- who hung up in the moment of the answer -----------------------------------------------------

BEGAN = 1000.0
CASE = "12345-007"
OF_ASTERISK = [
    "1645412345|1645412345.7|other|base-01|CONNECT|2|1645412345.8|1",
    "1645412345|1645412345.9|other|NONE|ABANDON|1|1|2",
    "no line",
]


def talk(**more) -> Talk:
    usual = {"seat": "base-01", "number": "0200000001", "name": "", "topic": "other"}
    usual |= {"ended": "caller", "rang": 0.1, "talked": None, "heard_caller": False}
    return Talk(**{**usual, "case": CASE, "rung_at": BEGAN + 3, **more})


def gave_up() -> Called:
    call = called(1, 1, IN_QUEUE)
    return replace(call, entry=replace(call.entry, dialled_at=1.0, lasted=2.5))


def test_the_case_is_the_one_that_the_dialplan_makes():
    assert case_of("1645412345.7") == CASE
    assert case_of("1645412345.1234") == "12345-234"
    assert connected(OF_ASTERISK) == {CASE}


def test_whom_asterisk_had_connected_was_answered():
    found = decide([gave_up()], [talk()], {}, {CASE}, BEGAN)
    assert [call.ended for call in found.calls] == [ANSWERED]
    assert (found.talked, found.hung_up, found.answered, found.by_partner) == (1, 1, 1, 0)


def test_whom_it_had_not_connected_gave_up_although_the_agent_heard_something():
    found = decide([gave_up()], [talk(talked=0.1)], {}, set(), BEGAN)
    assert [call.ended for call in found.calls] == [IN_QUEUE]
    assert (found.talked, found.hung_up, found.answered) == (0, 1, 0)


def test_an_agent_who_heard_nothing_of_a_caller_who_heard_the_agent_had_the_call():
    heard = replace(gave_up(), ended=ANSWERED)
    assert decide([heard], [talk()], {}, {CASE}, BEGAN).talked == 1
    assert decide([heard], [talk()], {}, set(), BEGAN).talked == 0


def test_a_partner_who_had_pressed_the_key_took_the_call():
    found = decide([gave_up()], [], {"one": [talk()], "two": []}, {CASE}, BEGAN)
    assert (found.talked, found.taken, found.by_partner) == (1, {"one": 1, "two": 0}, 1)


def test_a_partner_who_had_not_did_not_and_may_have_pressed_it_too_late():
    found = decide([gave_up()], [], {"one": [talk()]}, set(), BEGAN)
    assert (found.talked, found.taken, found.hung_up) == (0, {"one": 0}, 0)
    assert found.unsure == {"one": 1}


@pytest.mark.parametrize(("confirmed", "agrees"), [(6, False), (7, True), (8, True), (9, False)])
def test_a_key_that_came_as_the_caller_went_counts_or_not(result, confirmed, agrees):
    crossed = replace(result.crossed, unsure={"one": 1})
    name = 'ivrd_partner_offers_total{partner="one",result="confirmed"}'
    rows = {row.what: row for row in count(crossed, Scrape(f"{name} {confirmed}\n"))}
    assert rows["taken by one, by its own count"].agrees is agrees


def test_the_talk_of_another_call_of_the_same_person_is_none_of_this_one():
    earlier = talk(rung_at=BEGAN - 60, talked=5.0, case="12300-001")
    found = decide([gave_up()], [earlier], {}, {"12300-001"}, BEGAN)
    assert [call.ended for call in found.calls] == [IN_QUEUE]
    assert (found.talked, found.hung_up) == (1, 0)


@pytest.mark.parametrize("ended", ["cancelled", "refused", "failed"])
def test_a_phone_that_only_rang_answered_nobody(ended):
    found = decide([gave_up()], [talk(ended=ended)], {}, {CASE}, BEGAN)
    assert (found.hung_up, found.calls[0].ended) == (0, IN_QUEUE)


# --- what can be asked ---------------------------------------------------------------------------


def asked(*words: str) -> Options:
    return options(parser().parse_args(words))


def test_the_whole_day_takes_less_than_half_an_hour_and_a_sample_its_share():
    assert asked().calls == DAY_CALLS
    assert asked().minutes == 29
    assert asked("--calls", "70300").minutes == pytest.approx(41.6, rel=0.01)
    assert asked("--calls", "24500").minutes == pytest.approx(14.5, rel=0.01)
    assert asked("--calls", "2000").minutes == 3
    assert asked("--calls", "2000", "--minutes", "5").minutes == 5


def test_each_kind_of_run_has_a_section_of_its_own():
    words = [(), ("--calls", "2000"), ("--profile", "opening"), ("--redial", "0.7")]
    names = [name(asked(*of)) for of in words]
    assert names[:3] == [
        "python -m bench.day",
        "python -m bench.day --calls 2000",
        "python -m bench.day --profile opening",
    ]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "words",
    [("--calls", "0"), ("--calls", "many"), ("--minutes", "0"), ("--redial", "1.5")],
)
def test_what_makes_no_sense_is_refused_with_what_was_expected(words, capsys):
    with pytest.raises(SystemExit) as ended:
        asked(*words)
    assert ended.value.code == 2
    assert f"argument {words[0]}: expected" in capsys.readouterr().err
