"""Every third seat of our own is bad in one of eight ways, and nobody waits beside a good one."""

from collections.abc import Callable
from itertools import cycle

import pytest

from lab.agents import (
    Manner,
    drops,
    never_answers,
    refuses,
    silent,
    vanishes_ringing,
    vanishes_talking,
    without_sdp,
)
from lab.ami_events import AmiEvents
from lab.callers import Caller, Keys
from lab.comparison import talked_to
from lab.waiting import waited_in_vain
from tests.real.rig import Hotline
from tests.real.test_seats import NO_SOUND, RING, short_rings
from tests.real.waits import RECHECK, at_work, waits

WAYS: dict[str, Callable[[], Manner]] = {
    "absent": never_answers,
    "302": lambda: refuses(302),
    "486": lambda: refuses(486),
    "drops": lambda: drops(0.2),
    "no SDP": lambda: without_sdp(0.2),
    "vanishes in ringing": lambda: vanishes_ringing(0.2),
    "vanishes in the talk": lambda: vanishes_talking(0.2, 1.0),
    "silent": lambda: silent(0.2, 60.0),
}
# What is told of those that are noticed, as a label of ivrd_ring_no_answer_total.
REASONS = {
    "absent": "missed",
    "302": "refused",
    "486": "refused",
    "drops": "dropped",
    "no SDP": "dropped",
    "vanishes in ringing": "missed",
}
PATIENCE = 20.0  # seconds after the answer


def people(count: int) -> list[Caller]:
    """They press 0, and hang up after a while on somebody who says nothing more."""
    script = (Keys("0"),)
    return [Caller(n, "key 0", script, hangs_up_after=PATIENCE) for n in range(1, count + 1)]


def run(lab: Hotline, seats: int, callers: int) -> None:
    lab.tolerated = NO_SOUND
    bad = dict(zip((f"base-{n:02}" for n in range(3, seats + 1, 3)), cycle(WAYS), strict=False))
    for seat, way in bad.items():
        lab.agents.behave(seat, WAYS[way]())
    news = AmiEvents(lab.ami_port, lab.ami_secret)
    ledger = lab.calling(people(callers), rate=5.0).wait(300)
    scrape, talks = lab.settled(), lab.talks()
    news.close()

    queues = [queue["name"] for queue in lab.ivrd.status()["queues"]]
    good = {seat: queues for n in range(1, seats + 1) if (seat := f"base-{n:02}") not in bad}
    vain = waited_in_vain(waits(news.events), at_work(talks), good)
    assert len(vain) == callers
    assert max(vain.values()) <= lab.lag.stretched(RING + RECHECK), vain
    print(
        f"\nwaited beside a free seat: {sorted(vain.values())[-5:]} s; lag {lab.lag.longest:.1f} s"
    )

    # Nobody was rung through two phones that do not answer, though good ones were busy at times.
    missed = [talk.number for talk in talks if REASONS.get(bad.get(talk.seat, "")) == "missed"]
    assert len(missed) == len(set(missed)) > 0

    # Whoever heard nobody had one of those who say nothing, and nobody else had.
    heard = {entry.number for entry in ledger.entries if entry.person == "inhouse"}
    mute = {talk.number for talk in talks if bad.get(talk.seat) == "silent"}
    assert {entry.number for entry in ledger.entries} == heard | mute
    assert scrape.total("ivrd_calls_received_total") == callers
    assert scrape.ended("answered") == talked_to(talks) == callers
    assert scrape.balances
    offered = {reason for talk in talks if (reason := REASONS.get(bad.get(talk.seat, "")))}
    for reason in offered:
        assert scrape.total("ivrd_ring_no_answer_total", pool="base", reason=reason) > 0


@pytest.mark.verify
@pytest.mark.lasts(120)
def test_300_callers_at_5_a_second_and_nobody_waits_while_a_good_seat_is_free(hotline) -> None:
    run(hotline(agents=48, talk=3.0, ring=0.3, change=short_rings), seats=48, callers=300)


@pytest.mark.lasts(35)
def test_nobody_waits_while_a_good_seat_is_free(hotline) -> None:
    run(hotline(agents=24, talk=2.0, ring=0.3, change=short_rings), seats=24, callers=80)
