"""The check that every fault has to pass: it must see a lost caller, a wrong count, a silence."""

from collections import Counter
from dataclasses import replace

import pytest

from chaos.check import OPERATOR, Seen, compared, complaints, judge
from chaos.counts import metrics_rows
from lab.agents import Talk
from lab.callers import Caller, Entry, Expected
from lab.comparison import (
    ANSWERED,
    FAILED,
    IN_MENU,
    IN_QUEUE,
    REJECTED,
    SELF_SERVED,
    SOMEWHERE,
    Scrape,
    Tally,
    of_callers,
    of_day,
    of_scrape,
)

ALLOWED = 6.0  # seconds of silence
WANTS = Expected("answered", leaf="hi-register")
GOES = Expected("abandoned", "ivr")
WAITS = Expected("abandoned", "queue")
LISTENS = Expected("self_served", "ivr")
ANYWHERE = Expected("abandoned")


def caller(number: int, expected: Expected = WANTS) -> Caller:
    return Caller(number, "wants a person", expected=expected)


def entry(number: int, ended: str = "network", person: str | None = "inhouse", **more) -> Entry:
    return Entry(number, "wants a person", f"02{number:08}", ended, person=person, **more)


def talk(number: int, topic: str = "") -> Talk:
    return Talk("base-01", f"02{number:08}", "", topic, "agent", 0.2, 2.0, True)


def verdict(callers, entries, excused=None, wrong=(), talks=(), keys_lost=False):
    return judge(Seen(callers, entries, talks, (), excused or {}, keys_lost), wrong, ALLOWED)


def test_who_was_answered_or_meant_to_go_is_not_lost():
    people = [caller(1), caller(2, GOES), caller(3, GOES), caller(4, LISTENS)]
    ends = [entry(1), entry(2, "caller", None), entry(3), entry(4, "caller", None)]
    found = verdict(people, ends)
    assert found.good
    assert found.calls == 4


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


@pytest.mark.parametrize(("silence", "good"), [(ALLOWED, True), (ALLOWED + 0.1, False)])
def test_silence_over_what_is_allowed_is_too_much(silence, good):
    assert verdict([caller(1)], [entry(1, silence=silence)]).good is good
    assert verdict([caller(1)], [entry(1, answered_after=silence)]).good is good
    unanswered = entry(1, "caller", None, lasted=silence)
    assert verdict([caller(1, ANYWHERE)], [unanswered]).good is good


@pytest.mark.parametrize(
    ("topic", "keys_lost", "good"),
    [
        ("hi-register", False, True),
        ("lab-results", False, False),
        (OPERATOR, False, False),
        (OPERATOR, True, True),
        ("lab-results", True, False),
        ("", False, False),  # the dialplan alone brought him there
        ("", True, True),
    ],
)
def test_a_caller_meets_somebody_for_the_chosen_topic(topic, keys_lost, good):
    found = verdict([caller(1)], [entry(1)], talks=[talk(1, topic)], keys_lost=keys_lost)
    assert found.good is good
    assert [talk.topic for talk in found.astray] == ([] if good else [topic])


def test_a_partners_phone_shows_no_topic():
    seen = Seen([caller(1)], [entry(1)], [], [talk(1)])
    assert judge(seen, (), ALLOWED).good
    assert not differing(seen, Tally(1, Counter([ANSWERED])))


PEOPLE = [caller(1), caller(2, GOES), caller(3, WAITS), caller(4, LISTENS), caller(5)]
ENTRIES = [entry(1), *(entry(n, "caller", None) for n in (2, 3, 4)), entry(5, "network", None)]
ENDED = Counter(dict.fromkeys((ANSWERED, IN_MENU, IN_QUEUE, SELF_SERVED, FAILED), 1))
RIGHT = Tally(5, ENDED)
TALKS = [talk(1), talk(1)]  # the same one came back from the queue
SEEN = Seen(PEOPLE, ENTRIES, TALKS)


def differing(seen: Seen, counted: Tally) -> list[str]:
    return [row.what for row in compared(seen, counted) if not row.agrees]


def moved(one: str, to: str) -> Tally:
    return Tally(5, ENDED + Counter({to: 1}) - Counter({one: 1}))


def test_counts_that_agree_are_right():
    assert differing(SEEN, RIGHT) == []
    assert of_callers(PEOPLE, ENTRIES) == RIGHT


@pytest.mark.parametrize("word", [*ENDED, REJECTED])
def test_one_call_too_many_of_any_end_is_a_wrong_count(word):
    wrong = differing(SEEN, Tally(5, ENDED + Counter([word])))
    assert all(what.startswith(word) for what in wrong)
    assert wrong


@pytest.mark.parametrize("counted", [replace(RIGHT, received=6), replace(RIGHT, in_progress=1)])
def test_so_is_one_received_or_still_here(counted):
    rows = compared(SEEN, counted)
    found = verdict(PEOPLE[:4], ENTRIES[:4], wrong=rows)
    assert len(found.wrong) == 1
    assert not found.good


@pytest.mark.parametrize(("one", "to"), [(IN_MENU, IN_QUEUE), (IN_QUEUE, FAILED)])
def test_a_call_recorded_at_another_place_is_two_wrong_counts(one, to):
    assert differing(SEEN, moved(one, to)) == [one, to]


def test_who_may_have_pressed_unheard_keys_knows_only_that_nobody_answered():
    seen = replace(SEEN, keys_lost=True)
    assert differing(seen, moved(SELF_SERVED, IN_MENU)) == []
    assert differing(seen, moved(SELF_SERVED, IN_QUEUE)) == []
    assert differing(seen, moved(IN_QUEUE, ANSWERED)) != []
    assert differing(seen, moved(IN_QUEUE, FAILED)) != []


def test_of_callers_who_do_not_know_where_they_were_the_sum_is_compared():
    seen = replace(SEEN, callers=[caller(1), *(caller(n, ANYWHERE) for n in range(2, 6))])
    assert differing(seen, moved(IN_MENU, IN_QUEUE)) == []
    assert differing(seen, Tally(5, ENDED + Counter([IN_MENU]))) == [SOMEWHERE]
    assert differing(seen, moved(IN_MENU, ANSWERED)) != []


@pytest.mark.parametrize("word", [ANSWERED, FAILED, IN_QUEUE])
def test_who_was_cut_off_in_the_moment_of_the_answer_was_answered_or_failed(word):
    """The agent's phone has answered; whether Asterisk had that yet, neither end can tell."""
    ends = [entry(1, "network", None)]
    seen = Seen([caller(1)], ends, [replace(talk(1), ended="caller", talked=None)])
    ledger = Tally(1, Counter([word]))
    on_the_node = replace(seen, excused={1: "were on the node"})
    assert (differing(on_the_node, ledger) == []) is (word != IN_QUEUE)
    assert differing(seen, ledger) != [] or word == FAILED


def test_an_agent_to_whom_no_sound_came_has_talked_to_whoever_heard_the_agent():
    """On a machine that is busy sound may come to one end alone."""
    unheard = replace(talk(1), talked=None)
    assert differing(replace(SEEN, agents=[unheard]), RIGHT) == []
    assert differing(replace(SEEN, agents=[unheard, talk(1)]), RIGHT) == []
    nobody_heard = replace(talk(2), talked=None)
    assert differing(replace(SEEN, agents=[nobody_heard]), RIGHT) != []


def test_whoever_was_on_an_asterisk_that_crashed_was_cut_off_and_did_not_hang_up():
    """One loses patience, one has heard a person, one was ringing at an agent."""
    people = [caller(1, GOES), caller(2), caller(3), caller(4, GOES)]
    ends = [entry(1, "caller", None), entry(2), entry(3, "caller", None), entry(4, "caller", None)]
    talks = [talk(2), replace(talk(3), ended="", talked=None)]
    here = dict.fromkeys((1, 2, 3), "were on that Asterisk")
    seen = Seen(people, ends, talks, (), here, cut={1, 2, 3})
    right = Counter({FAILED: 2, ANSWERED: 1, IN_MENU: 1})
    assert differing(seen, Tally(4, right)) == []
    assert differing(seen, Tally(4, Counter({FAILED: 3, IN_MENU: 1}))) != []
    wrong = Counter({FAILED: 1, ANSWERED: 1, IN_MENU: 2})
    assert differing(seen, Tally(4, wrong)) == [IN_MENU, FAILED]
    assert differing(replace(seen, cut=()), Tally(4, right)) != []


def test_whom_an_asterisk_on_its_way_out_turned_away_has_reached_nobody():
    ends = [entry(1, "refused", None, code="503"), entry(2, "refused", None, code="603")]
    excused = {1: "no Asterisk", 2: "no Asterisk"}
    seen = Seen([caller(1), caller(2)], ends, [], [], excused)
    assert differing(seen, Tally(1, Counter([FAILED]))) == []
    assert differing(replace(seen, excused={}), Tally(1, Counter([FAILED]))) != []


def test_the_days_ledger_as_ivrd_prints_it():
    day = {
        "received": 8,
        "in_progress": 1,
        "callbacks": {"results": {"reached": 0}},
        "rows": [
            {"queue": "other", "outcome": "answered", "stage": "talk", "by": "partner", "calls": 3},
            {"queue": "", "outcome": "abandoned", "stage": "ivr", "by": "", "calls": 2},
            {"queue": "", "outcome": "self_served", "stage": "ivr", "by": "", "calls": 1},
            {"queue": "other", "outcome": "failed", "stage": "queue", "by": "", "calls": 1},
        ],
    }
    ended = Counter({ANSWERED: 3, IN_MENU: 2, SELF_SERVED: 1, FAILED: 1})
    assert of_day(day) == Tally(8, ended, 1)


SCRAPE = (
    "ivrd_calls_received_total 9\n"
    'ivrd_calls_in_progress{stage="ivr"} 2\n'
    'ivrd_calls_total{queue="other",outcome="answered",stage="talk",by="inhouse"} 4\n'
    'ivrd_calls_total{queue="",outcome="abandoned",stage="ivr",by=""} 3\n'
)


def test_the_metrics_have_to_say_the_same_as_the_day():
    day = Tally(9, Counter({ANSWERED: 4, IN_MENU: 3}), 2)
    assert of_scrape(Scrape(SCRAPE)) == day
    assert all(row.agrees for row in metrics_rows(Scrape(SCRAPE), day))
    other = Tally(9, Counter({ANSWERED: 4, IN_QUEUE: 3}), 2)
    assert sum(not row.agrees for row in metrics_rows(Scrape(SCRAPE), other)) == 2


def test_after_a_new_start_the_metrics_have_to_add_up():
    assert all(row.agrees for row in metrics_rows(Scrape(SCRAPE), None))
    twice = SCRAPE.replace("total 9", "total 10")
    assert not all(row.agrees for row in metrics_rows(Scrape(twice), None))


LOG = "INFO ivrd started\nINFO stopping menus={}\nINFO stopped in_progress={}\n"


@pytest.mark.parametrize(
    ("log", "found"),
    [
        (LOG.format(0, 0), ""),
        (LOG.format(3, 2) + LOG.format(0, 0), ""),  # handed over, and started again
        (LOG.format(7, 0), "no recovery: at the end still 7 conversations"),
        (LOG.format(0, 12), "no recovery: at the end still 12 calls"),
        ('{"event": "stopping", "menus": 7}', "no recovery: at the end still 7 conversations"),
        ("ERROR menu broke\nTraceback (most recent call last):\n", "a traceback"),
    ],
)
def test_an_ivrd_that_ends_has_nobody_left(log, found):
    said = complaints(log)
    assert len(said) == bool(found)
    assert all(text.startswith(found) for text in said)
