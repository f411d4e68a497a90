"""Overflow while things change: partners come and go, fill up, and ivrd itself dies."""

import json
import time

import pytest
import yaml

from lab.agents import full_above, refuses
from lab.ami_events import AmiEvents
from lab.partners import takes
from tests.real.overflow_rig import (
    Sites,
    calls,
    drill,
    members,
    partner,
    rows,
    until,
    with_partners,
)
from tests.real.rig import WAIT, final_ledger


@pytest.fixture
def site(tmp_path):
    """Starts partners' sites, and ends them."""
    sites = Sites(tmp_path)
    yield sites
    sites.stop()


def rewrite(lab, partners):
    """Put other partners into partners.yaml, and have ivrd read it."""
    path = lab.config / "partners.yaml"
    path.write_text(yaml.safe_dump({"partners": partners}, allow_unicode=True))
    lab.ivrd.once("reload")


def test_partners_talk_ring_and_take_callers_while_ivrd_is_dead(hotline, site):
    good = site("good", takes(ring=1.5, talk=8.0))
    lab = hotline(
        agents=1, talk=6.0, ring=0.2, change=with_partners({"good": partner(good.trunk, 12)})
    )
    drill(lab, "good")
    news = AmiEvents(lab.ami_port, lab.ami_secret)
    first = lab.calling(calls(1, 16), rate=4.0)
    until(lab, "it talks and rings", lambda of: of["good"]["busy"] >= 3 and of["good"]["ringing"])
    seats = members(lab, "good")
    lab.ivrd.kill()
    killed = time.time()

    second = lab.calling(calls(101, 12), rate=4.0, name="second")
    offered = set()

    def all_without_ivrd(event: dict[str, str]) -> bool:
        """Whether it is a confirmation of an offer that was made when ivrd was dead."""
        if event.get("userevent") == "IvrdPartnerOffered" and float(event["timestamp"]) > killed:
            offered.add(event["call"])
        return event.get("userevent") == "IvrdPartnerConfirmed" and event["call"] in offered

    news.wait("callers are taken without ivrd", all_without_ivrd, 3)
    assert members(lab, "good") == seats
    began = time.monotonic()
    lab.ivrd.start()
    ready = time.monotonic()
    # the wanted state: what the policy wants is open, and what talks is known
    until(
        lab,
        "seats are as they are wanted",
        lambda of: (
            of["good"]["wanted"] == of["good"]["open"] > 0
            and len(members(lab, "good")) == of["good"]["wanted"]
        ),
        10,
    )
    print(
        f"\nready {ready - began:.2f} s after the start, the wanted state "
        f"{time.monotonic() - began:.2f} s after it"
    )
    for wave, count in ((first, 16), (second, 12)):
        assert wave.wait(WAIT).outcomes() == {"answered": count}
    news.close()
    talks = [talk for talk in good.talks() if talk.heard_caller]
    assert {talk.ended for talk in talks} == {"agent"}
    assert min(talk.talked for talk in talks) > 8.0
    assert lab.settled().balances


@pytest.mark.verify
@pytest.mark.lasts(45)
def test_kill_9_forgets_nothing_of_partners_and_each_call_counts_once(hotline, site):
    full = site("full", full_above(2, takes(ring=0.2, talk=5.5)))
    away = site("away", refuses(603))
    partners = {"full": partner(full.trunk, 6), "away": partner(away.trunk, 4)}
    lab = hotline(agents=1, talk=4.0, ring=0.2, change=with_partners(partners))
    drill(lab, "full")
    first = lab.calling(calls(1, 9), rate=4.0)

    def learned(of):
        held, paused = of["full"]["health"], of["away"]["health"]
        return held.startswith("held to") and "refused, declined (21)" in paused

    until(lab, "one is held, the other paused", learned)
    lab.ivrd.once("partner", "override", "open", "full")
    assert first.wait(WAIT).outcomes() == {"answered": 9}
    lab.settled()
    lab.ivrd.kill()
    lab.ivrd.start()
    found = rows(lab)
    assert learned(found)
    assert found["full"]["override"] == "open"
    assert found["full"]["verified"]
    second = lab.calling(calls(101, 6), rate=4.0, name="second")
    assert second.wait(WAIT).outcomes() == {"answered": 6}
    lab.settled()
    report = json.loads(lab.ivrd.once("report", "partners", "--json"))
    for row in report["rows"]:
        at = {"full": full, "away": away}[row["partner"]]
        helped = [talk for talk in at.talks() if talk.heard_caller]
        assert row["accepted"] == row["people"] == len(helped)
        assert row["refused"] == sum(talk.ended == "refused" for talk in final_ledger(at)) > 0
    entries = json.loads(lab.ivrd.once("audit", "--json"))["entries"]
    assert [(act["what"], act["partner"]) for act in entries][-1] == ("override open", "full")


@pytest.mark.lasts(80)
@pytest.mark.verify
def test_a_full_partner_is_held_to_what_it_takes_and_raised_step_by_step(hotline, site):
    people = takes(ring=0.2, talk=8.0)
    full = site("full", full_above(4, people))
    lab = hotline(agents=1, talk=8.0, change=with_partners({"full": partner(full.trunk, 10)}))
    drill(lab, "full")
    calling = lab.calling(calls(1, 120), rate=3.0)

    def refused():
        return sum(talk.ended == "refused" for talk in full.ledger())

    until(lab, "it is held to four", lambda of: of["full"]["allowed"] == 4)
    burst = refused()
    assert burst <= 30  # what was under way when the first refusal came
    # half a minute later it is asked for one more, and held to four again
    until(lab, "one more is tried", lambda _of: refused() > burst, 60)
    until(lab, "it is held again", lambda of: of["full"]["allowed"] == 4, 10)
    assert refused() <= burst + 10
    assert "held to 4 calls" in rows(lab)["full"]["health"]
    full.become(full_above(6, people))
    before = refused()
    seen = [4]
    while seen[-1] < 6:
        last = seen[-1]
        found = until(lab, "one more", lambda of: of["full"]["allowed"] != last, 60)  # noqa: B023
        seen.append(found["full"]["allowed"])
    assert seen == [4, 5, 6]
    until(lab, "six talk", lambda of: of["full"]["busy"] == 6, 20)
    assert refused() == before
    print(f"\nrefusals: {burst} in the first burst, {before - burst} at the step")
    calling.stop()
    assert "dropped" not in calling.ledger().outcomes()


@pytest.mark.verify
def test_a_partner_that_is_removed_ends_its_talks_and_gets_no_more(hotline, site):
    leaving, staying = (site(name, takes(ring=0.2, talk=9.0)) for name in ("leaving", "staying"))
    both = {"leaving": partner(leaving.trunk, 4), "staying": partner(staying.trunk, 4)}
    lab = hotline(agents=1, talk=9.0, change=with_partners(both))
    for name in both:
        drill(lab, name)
    calling = lab.calling(calls(1, 12), rate=4.0)
    until(lab, "it talks", lambda of: of["leaving"]["busy"] >= 2)
    rewrite(lab, {"staying": both["staying"]})
    gone = time.monotonic()
    deadline = gone + 10
    while members(lab, "leaving"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert list(rows(lab)) == ["staying"]
    came = len(leaving.ledger()) + sum(leaving.progress()[what] for what in ("ringing", "talking"))
    assert leaving.progress()["talking"] >= 2  # still
    assert calling.wait(WAIT).outcomes() == {"answered": 12}
    assert len(leaving.ledger()) == came
    talks = [talk for talk in leaving.talks() if talk.heard_caller]
    assert {talk.ended for talk in talks} == {"agent"}
    assert min(talk.talked for talk in talks) > 9.0
    scrape = lab.settled()
    assert scrape.balances
    assert scrape.ended("answered") == 12


def test_a_new_partner_is_one_entry_a_reload_and_a_drill(hotline, site):
    new = site("new", takes(ring=0.2, talk=5.5))
    lab = hotline(agents=1, talk=4.0, ring=0.2, change=with_partners({}))
    rewrite(lab, {"new": partner(new.trunk, 5, state="onboarding")})
    assert rows(lab)["new"]["state"] == "onboarding"
    drill(lab, "new")
    until(lab, "the test call has ended", lambda _of: len(new.ledger()) == 1)
    ledger = lab.calling(calls(1, 12), rate=6.0, name="wave")
    assert ledger.wait(WAIT).outcomes() == {"answered": 12}
    assert len(new.talks()) > 1
    assert "drill confirmed" in lab.ivrd.once("audit")


def test_a_partner_is_reached_by_its_host_name(hotline, site):
    near = site("near", takes(ring=0.2, talk=5.5), host="127.0.0.1")
    trunk = f"localhost:{near.port}"
    lab = hotline(agents=1, talk=4.0, ring=0.2, change=with_partners({"near": partner(trunk)}))
    drill(lab, "near")
    assert lab.calling(calls(1, 6), rate=4.0).wait(WAIT).outcomes() == {"answered": 6}
    assert len(near.talks()) > 1
