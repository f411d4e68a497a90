"""Redis at its worst under two ivrd: callers do not notice, and all is written at last."""

import json
import time

import pytest

from lab.callers import Caller, Keys
from lab.partners import takes
from lab.reckoning import at_once
from tests.real.overflow_rig import Sites, partner, with_partners
from tests.real.pair_rig import settled, two

CAP = 3
RATE = 4.0
SERIES = ("ivrd_loop_lag_seconds", "ivrd_agi_seconds")


@pytest.fixture
def site(tmp_path):
    """Starts partners' sites, and ends them."""
    sites = Sites(tmp_path)
    yield sites
    sites.stop()


@pytest.fixture
def hotline(tmp_path, site):
    """A pair with five agents and one partner of three seats, and more callers than that."""
    good = site("good", takes(ring=0.3, talk=4.0))
    partners = {"good": partner(good.trunk, CAP, cap=CAP)}
    made = two(tmp_path / "pair", agents=8, talk=4.0, ring=0.3, change=with_partners(partners))
    made.start()
    made.partner = good
    yield made
    made.stop()
    assert made.complaints() == []


def people(count):
    """Every second one waits in the menu until it takes him to a person."""
    return [Caller(n, "key 0", (Keys("0"),) if n % 2 else ()) for n in range(1, count + 1)]


def written(hotline):
    """The ids of the calls that Redis has as ended."""
    with hotline.redis.client() as client:
        return set(client.hkeys("ivrd:entry:ended"))


def test_a_redis_that_stands_still_for_10_s_is_noticed_by_no_caller(hotline):
    count = round(RATE * 40)
    calling = hotline.calling(people(count), RATE)
    acting = hotline.acting()
    time.sleep(15)
    before = acting.scrape()
    time.sleep(10)
    usual = acting.scrape()
    hotline.redis.freeze()
    hotline.until("it is noticed", lambda: acting.scrape().total("ivrd_store_up") == 0)
    time.sleep(9.5)
    frozen = acting.scrape()
    assert frozen.total("ivrd_store_up") == 0
    hotline.redis.thaw()
    hotline.until("it is back", lambda: acting.scrape().total("ivrd_store_up") == 1)
    for series in SERIES:
        print(
            f"\n{series}: 99 % within {usual.slowest(before, series)} s usually,"
            f" {frozen.slowest(usual, series)} s while Redis stood still"
        )
        assert frozen.slowest(usual, series) <= 0.5
    ledger = calling.wait(150)
    assert ledger.outcomes() == {"answered": count}
    books = settled(acting)
    assert (books["received"], books["in_progress"]) == (count, 0)
    assert len(written(hotline)) == count
    assert [row["calls"] for row in books["rows"] if row["outcome"] != "answered"] == []
    assert len(acting.said("the store is gone")) == 1
    assert len(acting.said("the store is back")) == 1
    assert acting.acts
    assert len(acting.said("acts now")) == 1
    most = at_once(hotline.partner.ledger())
    print(f"\nat the partner at once: {most} of {CAP}")
    assert 0 < most <= CAP


def test_a_redis_that_is_killed_and_comes_back_empty_gets_what_is_true(hotline):
    count = round(RATE * 20)
    calling = hotline.calling(people(count), RATE)
    acting = hotline.acting()
    hotline.until("somebody was served", lambda: acting.scrape().ended("answered") > 5)
    hotline.redis.kill()
    hotline.until("it is noticed", lambda: acting.scrape().total("ivrd_store_up") == 0)
    time.sleep(3)
    hotline.redis.start()
    hotline.until("it is back", lambda: acting.scrape().total("ivrd_store_up") == 1)
    hotline.until("the calls", lambda: calls_in(hotline) >= in_progress(acting) > 0)
    ledger = calling.wait(150)
    assert ledger.outcomes() == {"answered": count}
    books = settled(acting)
    print(f"\n{count} calls, {books['received']} of them in the Redis that came back empty")
    assert acting.acts
    assert len(acting.said("acts now")) == 1
    hotline.stands_by()
    # what ended within half a minute before it went, and all since
    assert books["received"] == count


def in_progress(ivrd):
    return ivrd.scrape().in_progress


def calls_in(hotline):
    """How many calls Redis has as being here."""
    with hotline.redis.client() as client:
        values = client.hvals("ivrd:entry:calls")
    return len([json.loads(value)["call"]["id"] for value in values])
