"""A partner that is paused because calls failed there: told as what it is, and ended when asked."""

import json

import pytest

from lab.agents import never_answers, refuses
from lab.partners import takes
from tests.real.overflow_rig import Sites, calls, drill, partner, rows, until, with_partners
from tests.real.rig import WAIT

GOOD = takes(ring=0.2, talk=6.0)


@pytest.fixture
def site(tmp_path):
    """Starts partners' sites, and ends them."""
    sites = Sites(tmp_path)
    yield sites
    sites.stop()


def paused(of, seconds):
    """Whether it is paused for as long as that at least."""
    words = of["health"].split()
    return words[0] == "paused" and int(words[1]) >= seconds


@pytest.mark.lasts(30)
def test_a_drill_a_command_and_an_override_end_a_pause_which_the_log_tells(hotline, site):
    bank = site("bank", refuses(603))
    away = site("away", never_answers())
    partners = {"bank": partner(bank.trunk), "away": partner(away.trunk, ring_seconds=3)}
    lab = hotline(agents=1, talk=6.0, ring=0.2, change=with_partners(partners))
    lab.ivrd.once("seats", "close", "base", "--yes")
    calling = lab.calling(calls(1, 1), rate=1.0)
    why = "refused, declined (21), 3 in a row"
    until(lab, "both are paused", lambda of: paused(of["bank"], 20) and paused(of["away"], 20))
    found = rows(lab)
    assert found["bank"]["health"].endswith(f"s: {why}")
    assert found["away"]["health"].endswith("s: rang, and nobody answered, 2 in a row")
    assert (found["bank"]["causes"], found["away"]["causes"]) == ({"declined": 3}, {"no_answer": 2})
    shown = lab.ivrd.once("partner", "show", "away")
    assert "2 refused (rang, and nobody answered: 2)" in shown

    # Each ends the pause at once; a partner that still fails is paused anew.
    lab.ivrd.once("partner", "resume", "bank")
    until(lab, "it is tried and fails again", lambda of: of["bank"]["causes"]["declined"] == 4)
    until(lab, "it is paused", lambda of: paused(of["bank"], 20))
    lab.ivrd.once("partner", "override", "open", "bank")
    until(lab, "it is tried and fails again", lambda of: of["bank"]["causes"]["declined"] == 5)
    until(lab, "it is paused", lambda of: paused(of["bank"], 20))
    bank.become(GOOD)
    drill(lab, "bank")
    assert calling.wait(WAIT).outcomes() == {"answered": 1}
    assert calling.ledger().entries[0].person == "partner"
    until(lab, "all is well", lambda of: of["bank"]["health"] == "healthy")

    log = [line for line in lab.ivrd.log_text().splitlines() if " partner=bank" in line]
    opened = "a partner fails and gets no calls for a while"
    tried = "a partner is tried with one call"
    told = [
        said for line in log for said in (opened, tried, "a partner takes calls") if said in line
    ]
    assert told == [opened, tried, opened, tried, opened, tried, "a partner takes calls"]
    assert sum(why in line and "pause=30.0s" in line for line in log) == 1
    acts = json.loads(lab.ivrd.once("audit", "--json"))["entries"]
    assert [act["what"] for act in acts if act["partner"] == "bank"] == [
        "partner resumed",
        "override open",
        "drill confirmed",
    ]
    refusals = lab.ivrd.scrape().total(
        "ivrd_partner_refusals_total", partner="away", cause="no_answer"
    )
    assert refusals >= 2
