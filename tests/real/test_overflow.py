"""Overflow: partners take the callers whom the hotline's own agents can't reach in time."""

import json
import time

import pytest
import yaml

from lab.agents import refuses
from lab.callers import Caller, Callers, Keys
from lab.hotline import LabError
from lab.partners import PartnerSite, keeps_silent, takes

DEAD = "127.0.0.2:9"  # nobody listens


def partner(trunk: str, pledged: int = 10, **more: object) -> dict[str, object]:
    return {
        "name": {"th": "คู่สาย", "en": "Call centre"},
        "trunk": trunk,
        "pledged": pledged,
        "cap": pledged + 2,
        "hours": "always",
        "topics": "all",
        "state": "active",
        **more,
    }


def with_partners(partners, **overflow):
    """Plan.change that has these partners and decides quickly."""

    def change(name, settings):
        if name == "partners.yaml":
            settings["partners"] = partners
        if name == "ivrd.yaml":
            settings["overflow"] = {"drain_seconds": 15, "hold_seconds": 8, **overflow}

    return change


def calls(first: int, count: int) -> list[Caller]:
    return [Caller(n, "key 0", (Keys("0"),)) for n in range(first, first + count)]


@pytest.fixture
def site(tmp_path):
    """Starts partner sites, and ends them."""
    sites = []

    def start(name, manner):
        site = PartnerSite(tmp_path / name, manner)
        site.start()
        sites.append(site)
        return site

    yield start
    for site in sites:
        site.stop()


def drill(lab, name: str) -> None:
    """A drill that is confirmed; at first Asterisk may not have asked the trunk yet."""
    deadline = time.monotonic() + 15
    said = "its trunk does not answer"
    while "its trunk does not answer" in said:
        assert time.monotonic() < deadline
        try:
            said = lab.ivrd_once("partner", "drill", name)
        except LabError as error:
            said = str(error)
    assert "verified on" in said


def rows(lab) -> dict[str, dict[str, object]]:
    """Partners as `ivrd partner list --json` has them."""
    return {row["id"]: row for row in json.loads(lab.ivrd_once("partner", "list", "--json"))}


def test_good_bad_silent_and_dead_partners_cost_no_caller_anything(hotline, site):
    good = site("good", takes(ring=0.3, talk=6.5))
    bad = site("bad", refuses(503))
    silent = site("silent", keeps_silent(ring=0.3))
    partners = {
        "good": partner(good.trunk, 12),
        "bad": partner(bad.trunk, 5),
        "silent": partner(silent.trunk, 5),
        "dead": partner(DEAD, 5),
    }
    lab = hotline(agents=5, talk=5.0, ring=0.3, change=with_partners(partners))
    people = calls(1, 100)
    calling = lab.calling(people, rate=2.5)
    ledger = calling.wait(150)
    assert ledger.outcomes() == {"answered": 100}
    assert ledger.longest_silence().silence < 2.0
    scrape = lab.settled()
    assert scrape.balances
    assert scrape.ended("answered") == 100
    by_partner = scrape.total("ivrd_calls_total", outcome="answered", by="partner")
    assert by_partner == len(good.talks()) == sum(e.person == "partner" for e in ledger.entries)
    assert by_partner > 20
    standing = rows(lab)
    assert "unreachable" in str(standing["dead"]["health"])
    assert standing["dead"]["open"] == standing["dead"]["offers"] == 0
    assert standing["bad"]["answers"] == standing["silent"]["answers"] == 0
    # the breakers: a broken partner is tried a few times, not once for each caller
    assert len(bad.ledger()) < 20
    assert len(silent.ledger()) < 20
    assert good.talks()[0].name.startswith("เรื่องอื่น")
    assert "seats" in lab.ivrd_once("explain")


def test_seats_open_with_the_need_close_after_it_and_no_talk_is_cut(hotline, site):
    good = site("good", takes(ring=0.2, talk=5.5))
    lab = hotline(
        agents=2, talk=3.0, ring=0.2, change=with_partners({"good": partner(good.trunk, 10)})
    )
    calling = lab.calling(calls(1, 30), rate=6.0)
    lab.until("callers wait", lambda s: s["calls"]["queue"] >= 3)
    began = time.monotonic()
    while not rows(lab)["good"]["open"]:
        assert time.monotonic() - began < 10
    assert calling.wait(60).outcomes() == {"answered": 30}
    assert {talk.ended for talk in good.talks()} == {"agent"}
    # the estimates forget a wave slowly: seats close one after the other, and none opens again
    seen = [rows(lab)["good"]["open"]]
    deadline = time.monotonic() + 120
    while seen[-1] > seen[0] / 2:
        assert time.monotonic() < deadline, lab.ivrd_once("explain")
        time.sleep(0.5)  # ivrd decides once a second
        seen.append(rows(lab)["good"]["open"])
    assert seen == sorted(seen, reverse=True)


def test_a_restart_in_the_middle_cuts_no_talk_and_the_seats_are_there_again(hotline, site):
    good = site("good", takes(ring=0.5, talk=6.0))
    lab = hotline(
        agents=2, talk=6.0, ring=0.2, change=with_partners({"good": partner(good.trunk, 10)})
    )
    calling = lab.calling(calls(1, 20), rate=6.0)
    lab.until("a partner talks", lambda s: s["calls"]["talk"] >= 4)
    before = rows(lab)["good"]["open"]
    lab.kill_ivrd()
    lab.start_ivrd()
    assert rows(lab)["good"]["open"] >= min(before, 1)
    assert calling.wait(90).outcomes() == {"answered": 20}
    assert {talk.ended for talk in good.talks()} == {"agent"}
    scrape = lab.settled()
    assert scrape.balances


def test_a_new_partner_is_one_entry_a_reload_and_a_drill(hotline, site):
    new = site("new", takes(ring=0.2, talk=5.5))
    lab = hotline(agents=1, talk=4.0, ring=0.2, change=with_partners({}))
    path = lab.config / "partners.yaml"
    path.write_text(
        yaml.safe_dump({"partners": {"new": partner(new.trunk, 5, state="onboarding")}})
    )
    lab.ivrd_once("reload")
    assert rows(lab)["new"]["state"] == "onboarding"
    drill(lab, "new")
    assert len(new.ledger()) == 1
    ledger = Callers(lab.sip, calls(1, 12), folder=lab.folder / "wave", rate=6.0)
    ledger.start()
    assert ledger.wait(60).outcomes() == {"answered": 12}
    assert len(new.talks()) > 1
    audit = (lab.folder / "state" / "audit.jsonl").read_text("utf-8")
    assert "drill confirmed" in audit


def test_pinned_closed_means_closed_and_open_means_open(hotline, site):
    good = site("good", takes(ring=0.2, talk=5.5))
    lab = hotline(
        agents=2, talk=2.0, ring=0.2, change=with_partners({"good": partner(good.trunk, 4)})
    )
    lab.ivrd_once("partner", "pin", "closed", "good")
    assert lab.calling(calls(1, 10), rate=5.0).wait(60).outcomes() == {"answered": 10}
    assert good.ledger() == ()
    lab.ivrd_once("partner", "pin", "open", "good")
    deadline = time.monotonic() + 10
    while rows(lab)["good"]["open"] < 4:
        assert time.monotonic() < deadline
        time.sleep(0.1)
