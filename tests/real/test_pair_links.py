"""Two ivrd, and what happens to the links between them and Asterisk."""

import time

import pytest

from ivrd.asterisk.dialplan_names import ROOM
from lab.callers import Caller, Keys
from tests.real.pair_rig import day, settled, two
from tests.real.rig import WAIT

LEASE = 5.0


@pytest.fixture
def hotline(tmp_path):
    """A pair with enough agents for everybody."""
    made = two(tmp_path / "pair", agents=20, talk=2.0, ring=0.2)
    made.start()
    yield made
    made.stop()


def received(leader):
    """How many calls have arrived."""
    return leader.scrape().total("ivrd_calls_received_total")


def people(count):
    """Every second one waits in the menu until it takes him to a person."""
    return [Caller(n, "calls", (Keys("0"),) if n % 2 else ()) for n in range(1, count + 1)]


@pytest.mark.verify
@pytest.mark.lasts(45)
def test_one_that_has_lost_only_its_own_link_ends_and_the_other_goes_on(hotline):
    calling = hotline.calling(people(70), 5.0)
    hotline.wait_for_standby()
    leader = hotline.leader()
    other = hotline.other(leader)
    time.sleep(8)
    leader.detour.shut = True
    cut = time.time()
    leader.detour.cut()
    began = hotline.leads_since(other, cut)
    print(f"\nthe standby led {began - cut:.2f} s after the link was cut")
    time.sleep(1)
    leader.detour.shut = False
    back = time.time()
    assert leader.ended(60) == 0
    assert hotline.recorders[leader.name].changes_after(back) == []
    leader.start()
    ledger = calling.wait(WAIT)
    assert ledger.outcomes() == {"answered": 70}
    assert hotline.nobody_was_in_silence(ledger, LEASE + 1)
    report = settled(other)
    assert (report["received"], report["in_progress"]) == (70, 0)
    assert {row["outcome"] for row in report["rows"]} == {"answered"}
    assert hotline.complaints() == []


@pytest.mark.verify
def test_of_two_one_leads_again_after_asterisk_was_restarted(hotline):
    calling = hotline.calling(people(40), 20.0)
    hotline.until("calls are there", lambda: hotline.of_leader(received) == 40)
    hotline.asterisk.stop()
    hotline.asterisk.start()
    calling.stop()
    time.sleep(1)  # whoever gives up does so at its first look
    for ivrd in hotline.both:
        if ivrd.gone:
            ivrd.start(ready=False)
    persons = [Caller(n, "key 0", (Keys("0"),)) for n in range(101, 106)]
    later = hotline.calling(persons, 5.0).wait(WAIT)
    assert later.outcomes() == {"answered": 5}
    hotline.until("all is recorded", lambda: hotline.of_leader(day)["in_progress"] == 0)
    time.sleep(5)  # reconciliation has had its time
    report = hotline.of_leader(day)
    print(f"\n{report['received']} received; acts: {hotline.leader().said('is the leader now')}")
    assert report["received"] == 40 + 5
    assert sum(ivrd.is_leader for ivrd in hotline.both) == 1
    assert all("Traceback" not in ivrd.log_text() for ivrd in hotline.both)


def test_a_standby_that_takes_over_with_an_asterisk_that_was_restarted_tells_its_room(hotline):
    """The leader, which alone tells the dialplan, died together with Asterisk."""
    hotline.wait_for_standby()
    leader = hotline.leader()
    leader.kill()
    hotline.asterisk.stop()
    stopped = time.time()
    hotline.asterisk.start()
    other = hotline.other(leader)
    hotline.until("the other one leads", lambda: other.is_leader)
    recorder = hotline.recorders[other.name]
    hotline.until(
        "it is told (here that nothing is known: the detour hides whose port it is)",
        lambda: any(one.get("Variable") == ROOM for one in recorder.changes_after(stopped)),
    )
