"""How slow things were between two scrapes, and the partners' count beside ivrd's."""

from lab.agents import Talk
from lab.callers import Entry
from lab.comparison import Scrape, partner_rows


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
    rows = partner_rows(entries, {"good": [talk], "bad": []}, scraped)
    assert [(row.what, row.callers, row.ivrd) for row in rows] == [
        ("answered by a partner", 2, 2),
        ("taken by good, by its own count", 1, 2),
        ("taken by bad, by its own count", 0, 0),
    ]
    assert [row.agrees for row in rows] == [True, False, True]
