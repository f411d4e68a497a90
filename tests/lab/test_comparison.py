"""How slow things were between two scrapes."""

from lab.comparison import Scrape


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
