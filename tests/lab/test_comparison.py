"""How slow things were between two scrapes, and the partners' count beside ivrd's."""

from collections import Counter
from dataclasses import replace

import pytest

from lab.agents import Talk
from lab.callers import Caller, Entry, Keys
from lab.comparison import Scrape, Tally, of_callers, partner_rows, rows


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
