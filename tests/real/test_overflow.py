"""Overflow: partners take the callers whom the hotline's own agents can't reach in time."""

from statistics import mean

import pytest

from bench.figures import percentile
from lab.agents import answers, in_turn, refuses
from lab.ami_events import AmiEvents
from lab.partners import keeps_silent, takes
from tests.real.overflow_rig import (
    DEAD,
    Sites,
    calls,
    drill,
    gaps,
    members,
    partner,
    rows,
    until,
    with_partners,
)
from tests.real.rig import WAIT, final_ledger

PEAK_SECONDS = 70


@pytest.fixture
def site(tmp_path):
    """Starts partners' sites, and ends them."""
    sites = Sites(tmp_path)
    yield sites
    sites.stop()


@pytest.mark.verify
@pytest.mark.lasts(90)
def test_good_bad_silent_and_dead_partners_cost_no_caller_anything(hotline, site):
    """Three times what the agents can take, until each breaker has opened and tried again."""
    good = site("good", takes(ring=0.3, talk=6.5))
    bad = site("bad", refuses(503))
    silent = site("silent", keeps_silent(ring=0.3))
    partners = {
        "good": partner(good.trunk, 20),
        "bad": partner(bad.trunk, 5),
        "silent": partner(silent.trunk, 5),
        "dead": partner(DEAD, 5),
    }
    lab = hotline(agents=5, talk=5.0, ring=0.3, change=with_partners(partners))
    rate = 3 * 5 / 5.3
    count = round(rate * PEAK_SECONDS)
    ledger = lab.calling(calls(1, count), rate=rate).wait(WAIT)
    assert ledger.outcomes() == {"answered": count}
    assert lab.nobody_was_in_silence(ledger, 2.0)
    scrape = lab.settled()
    assert scrape.balances
    assert scrape.ended("answered") == count
    by_partner = scrape.total("ivrd_calls_total", outcome="answered", by="partner")
    assert by_partner == len(good.talks()) == sum(e.person == "partner" for e in ledger.entries)
    assert by_partner > count / 3
    assert {talk.ended for talk in good.talks()} == {"agent"}
    # both sides of each trunk count the same
    for name, at, result in (
        ("good", good, "confirmed"),
        ("bad", bad, "refused"),
        ("silent", silent, "unconfirmed"),
    ):
        offered = scrape.total("ivrd_partner_attempts_total", partner=name)
        made = scrape.total("ivrd_partner_offers_total", partner=name, result=result)
        assert offered == made == len(final_ledger(at)), name
    standing = rows(lab)
    assert "unreachable" in standing["dead"]["health"]
    assert standing["dead"]["open"] == standing["dead"]["offers"] == 0
    # the breakers: a broken partner is tried a few times, not once for each caller
    assert 1 <= len(bad.ledger()) <= count / 10
    assert 1 <= len(silent.ledger()) <= count / 10
    assert scrape.total("ivrd_partner_breaker", partner="bad", state="closed") == 0
    assert scrape.total("ivrd_partner_breaker", partner="silent", state="closed") == 0
    assert good.talks()[0].name.startswith("เรื่องอื่น")
    assert "seats" in lab.ivrd.once("explain")
    print(
        f"\n{count} callers, {by_partner} by the partner; bad was tried {len(bad.ledger())} "
        f"times, silent {len(silent.ledger())}; gaps after a refusal {gaps((bad, good, silent))}; "
        f"waits to a person: p95 {percentile(sorted(e.waited for e in ledger.entries), 0.95)} s"
    )


@pytest.mark.verify
@pytest.mark.lasts(70)
def test_a_refused_caller_rings_at_the_next_partner_at_once(hotline, site):
    moody = site("moody", in_turn(refuses(480), answers(0.0, 5.5, "partner")))
    good = site("good", takes(ring=0.3, talk=5.5))
    partners = {
        "moody": partner(moody.trunk, 15, confirm=False),
        "good": partner(good.trunk, 15),
    }
    lab = hotline(agents=1, ring=0.2, change=with_partners(partners))
    lab.ivrd.once("seats", "close", "base", "--yes")
    for name in partners:
        lab.ivrd.once("partner", "override", "open", name)
    until(lab, "all seats are open", lambda of: all(p["open"] == 15 for p in of.values()))
    ledger = lab.calling(calls(1, 150), rate=3.0).wait(WAIT)
    assert ledger.outcomes() == {"answered": 150}
    assert len(gaps((moody, good))) >= 30


@pytest.mark.verify
@pytest.mark.lasts(80)
def test_callers_are_shared_as_partners_have_pledged(hotline, site):
    pledges = {"ten": 10, "six": 6, "four": 4}
    # long enough that a key that is heard late on a busy machine leaves more than a dropped call
    sites = {name: site(name, takes(ring=0.2, talk=9.0)) for name in pledges}
    entries = {
        name: partner(sites[name].trunk, pledged, cap=5 * pledged)
        for name, pledged in pledges.items()
    }
    lab = hotline(agents=1, ring=0.2, change=with_partners(entries))
    lab.ivrd.once("seats", "close", "base", "--yes")
    for name in pledges:
        drill(lab, name)
    ledger = lab.calling(calls(1, 240), rate=4.0).wait(WAIT)
    assert ledger.outcomes() == {"answered": 240}
    helped = {name: sum(t.heard_caller for t in final_ledger(at)) for name, at in sites.items()}
    print(f"\nshares: { ({name: n / 240 for name, n in helped.items()}) }")
    assert sum(helped.values()) == 240
    for name, pledged in pledges.items():
        assert helped[name] / 240 == pytest.approx(pledged / 20, abs=0.03), helped


@pytest.mark.verify
@pytest.mark.lasts(80)
def test_seats_open_with_the_need_close_after_it_and_no_talk_is_cut(hotline, site):
    good = site("good", takes(ring=0.2, talk=5.5))
    lab = hotline(
        agents=2, talk=3.0, ring=0.2, change=with_partners({"good": partner(good.trunk, 10)})
    )
    drill(lab, "good")
    news = AmiEvents(lab.ami_port, lab.ami_secret)
    calling = lab.calling(calls(1, 30), rate=6.0)
    news.wait("a seat", lambda e: e.get("event") == "QueueMemberAdded" and "good" in e["interface"])
    assert calling.wait(WAIT).outcomes() == {"answered": 30}
    news.close()
    assert {talk.ended for talk in good.talks() if talk.heard_caller} == {"agent"}
    # the estimates forget a wave slowly: seats close by and by, and none opens again
    seen = [rows(lab)["good"]["open"]]
    assert seen[0] >= 2
    while seen[-1] > 0:
        before = seen[-1]
        now = until(lab, "a seat closes", lambda of: of["good"]["open"] != before, 120)  # noqa: B023
        seen.append(now["good"]["open"])
    assert seen == sorted(seen, reverse=True)
    print(f"\nclosing: {seen}")


def test_pinned_closed_means_closed_and_open_means_open(hotline, site):
    good = site("good", takes(ring=0.2, talk=5.5))
    lab = hotline(
        agents=2, talk=2.0, ring=0.2, change=with_partners({"good": partner(good.trunk, 4)})
    )
    lab.ivrd.once("partner", "override", "closed", "good")
    assert lab.calling(calls(1, 10), rate=5.0).wait(WAIT).outcomes() == {"answered": 10}
    assert good.ledger() == ()
    lab.ivrd.once("partner", "override", "open", "good")
    until(lab, "its seats are open", lambda of: of["good"]["open"] >= 4)
    assert len(members(lab, "good")) >= 4


@pytest.mark.verify
@pytest.mark.lasts(60)
def test_with_all_partners_down_the_queue_works_as_without_them(hotline, site):
    down = {
        "bad": partner(site("bad", refuses(503)).trunk),
        "gone": partner(site("gone", refuses(404)).trunk),
        "dead": partner(DEAD),
    }
    waits = []
    for partners in ({}, down):
        lab = hotline(agents=3, talk=2.0, ring=0.2, change=with_partners(partners))
        ledger = lab.calling(calls(1, 30), rate=5.0).wait(WAIT)
        assert ledger.outcomes() == {"answered": 30}
        assert {entry.person for entry in ledger.entries} == {"inhouse"}
        assert lab.nobody_was_in_silence(ledger, 2.0)
        waits.append(mean(entry.waited for entry in ledger.entries))
        scrape = lab.settled()
        assert scrape.balances
        assert scrape.ended("answered") == 30
    assert waits[1] < lab.lag.stretched(waits[0] + 3.0)
