"""How slow things were between two scrapes, the partners' count beside ivrd's, and who hangs up
in the moment of the answer.
"""

from collections import Counter
from dataclasses import replace

import pytest

from lab.agents import Talk
from lab.callers import Caller, Entry, Expected, Keys, Patience
from lab.comparison import (
    ANSWERED,
    FAILED,
    Scrape,
    Tally,
    of_callers,
    partner_rows,
    rows,
    talked_to,
)
from lab.connected import connected, who_met


def scrape(**counts: int) -> Scrape:
    bounds = {"fast": "0.01", "slow": "0.5", "all": "+Inf"}
    rows = (f'x_bucket{{le="{bounds[name]}"}} {count}\n' for name, count in counts.items())
    return Scrape("".join(rows))


def test_only_what_came_between_the_two_counts():
    before = scrape(fast=0, slow=900, all=900)
    after = scrape(fast=100, slow=1000, all=1000)
    assert after.slowest(before, "x") == 0.01


def test_one_of_fifty_is_seen_and_one_of_two_hundred_is_not():
    nothing = Scrape("")
    assert scrape(fast=49, slow=50, all=50).slowest(nothing, "x") == 0.5
    assert scrape(fast=199, slow=200, all=200).slowest(nothing, "x") == 0.01


def test_nothing_at_all_is_0():
    same = scrape(fast=5, slow=5, all=5)
    assert same.slowest(same, "x") == 0


def test_what_partners_say_they_took_stands_beside_what_ivrd_counted():
    scraped = Scrape(
        'ivrd_calls_total{queue="q",outcome="answered",stage="talk",by="partner"} 2\n'
        'ivrd_calls_total{queue="q",outcome="answered",stage="talk",by="inhouse"} 5\n'
        'ivrd_partner_offers_total{partner="good",result="confirmed"} 2\n'
        'ivrd_partner_offers_total{partner="bad",result="refused"} 3\n'
    )
    talk = Talk("1330", "02", "", "", "agent", rang=0.5, talked=3.0, heard_caller=True)
    entries = [
        Entry(n, "key 0", "02", "network", person=person)
        for n, person in enumerate(["partner", "inhouse", None, "partner"])
    ]
    made = partner_rows(entries, {"good": [talk], "bad": []}, scraped)
    assert [(row.what, row.callers, row.ivrd) for row in made] == [
        ("answered by a partner", 2, 2),
        ("taken by good, by its own count", 1, 2),
        ("taken by bad, by its own count", 0, 0),
    ]
    assert [row.agrees for row in made] == [True, False, True]


@pytest.mark.parametrize(
    ("heard", "answered", "agrees"), [(0.2, 0, True), (0.2, 1, True), (1.5, 0, False)]
)
def test_whom_asterisks_end_cut_off_at_the_first_word_may_be_answered_or_failed(
    heard: float, answered: int, agrees: bool
) -> None:
    caller = Caller(1, "key 0", (Keys("0"),))
    entry = Entry(1, "key 0", caller.shown, "network", dialled_at=0.0, answered_after=0.1)
    entry = replace(entry, lasted=1.1 + heard, person="inhouse", waited=1.0)
    talk = Talk("base-01", caller.shown, "", "", "agent", rang=0.2, talked=0.1, heard_caller=True)
    ended = Counter({"answered": answered, "failed": 1 - answered})
    counted = rows(of_callers([caller], [entry], [talk], excused=[1]), 1, Tally(1, ended))
    assert all(row.agrees for row in counted) is agrees


# --- who hangs up in the moment of the answer ------------------------------------------------

CASE, OTHER_CASE = "12345-007", "12345-008"
WAITS = Caller(1, "gives up", (Keys("0"), Patience(1)), expected=Expected("abandoned", "queue"))
ANSWER = 101.0  # when the agent's phone answers, on the clock of the talks


def gives_up(left_at: float, **more: str) -> Entry:
    """Rings for nobody, waits, and hangs up at that moment without having heard a person."""
    entry = Entry(1, "gives up", WAITS.shown, "caller", answered_after=0.1, left_at=left_at)
    return replace(entry, **more)


def picked_up(case: str = CASE, **more: float | str | None) -> Talk:
    """An agent has answered, and heard nobody."""
    seen = Talk(
        "base-01", WAITS.shown, "", "", "caller", 1.0, None, False, case, rung_at=ANSWER - 1
    )
    return replace(seen, **more)


def differing(
    entries: list[Entry], talks: list[Talk], connected: set[str], **counted: int
) -> list[str]:
    callers = of_callers([WAITS], entries, talks, connected=connected)
    talked = talked_to(talks, who_met(entries, talks, connected), connected)
    ivrd = Tally(len(entries), Counter({name.replace("_", " "): n for name, n in counted.items()}))
    return [row.what for row in rows(callers, talked, ivrd) if not row.agrees]


@pytest.mark.parametrize("left_at", [ANSWER - 0.5, ANSWER, ANSWER + 0.3])
def test_whom_asterisk_had_connected_was_answered_though_not_a_word_was_heard(left_at: float):
    """The BYE crosses the answer, or comes before the agent's first word does."""
    ends, talks = [gives_up(left_at)], [picked_up()]
    assert differing(ends, talks, {CASE}, answered=1) == []
    assert differing(ends, talks, {CASE}, abandoned_in_the_queue=1) != []


def test_whom_asterisk_had_not_connected_gave_up_though_a_phone_was_answered():
    ends, talks = [gives_up(ANSWER)], [picked_up()]
    assert differing(ends, talks, set(), abandoned_in_the_queue=1) == []
    assert differing(ends, talks, set(), answered=1) != []


def test_who_hears_nobody_and_hangs_up_long_after_the_answer_was_left_in_silence():
    assert differing([gives_up(ANSWER + 2)], [picked_up()], {CASE}, answered=1) != []


def test_a_second_call_of_one_who_was_answered_is_another_call():
    ends = [gives_up(ANSWER, ended="network", person="inhouse"), gives_up(ANSWER + 0.1)]
    talks = [picked_up(talked=2.0, ended="agent")]
    assert differing(ends, talks, {CASE}, answered=1, abandoned_in_the_queue=1) == []
    talks.append(picked_up(OTHER_CASE))
    assert differing(ends, talks, {CASE, OTHER_CASE}, answered=2) == []


def test_a_crash_leaves_no_doubt_of_whom_asterisk_had_connected():
    ends, talks = [gives_up(ANSWER)], [picked_up(ended="agent")]
    for cases, word in (({CASE}, ANSWERED), (set[str](), FAILED)):
        counted = of_callers([WAITS], ends, talks, [1], [1], cases)
        assert counted == Tally(1, Counter([word]))


def test_an_end_that_is_written_before_the_connection_is_that_of_one_who_had_gone():
    log = [
        "1|12345.7|q|base-01|CONNECT|3|12345.9|1",
        "9|12345.7|hotline|NONE|ENDED|queue|other|",
        "2|12345.8|hotline|NONE|ENDED|queue|other|",
        "2|12345.8|q|base-01|CONNECT|3|12345.10|1",
        "half a line",
    ]
    assert connected(log) == {CASE}
