"""Somebody sets the machine's clock while callers wait and talk."""

import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from lab.agents import never_answers
from lab.callers import Caller, Keys, Quiet, Wait
from lab.changes import never_lost
from lab.clock import Clock

ZONE = ZoneInfo("Asia/Bangkok")  # of the small hotline
HOUR = 3600
TALK = 10.0
NEVER = "base-03"  # a seat where nobody answers
STUCK = 240.0  # seconds; an hour more, or less, is far from that


@pytest.mark.verify
@pytest.mark.lasts(110, waiting=True)
@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_no_wait_and_no_talk_is_longer_than_what_has_passed_and_nobody_is_stuck(
    hotline, tmp_path, step
):
    """The clock of ivrd and of Asterisk is set by an hour with callers in all places.

    The time-out for silence, which goes by the same clock, is off, as whoever sets a clock has it
    (docs/decisions/0019-media-time-out.md).  Set back, Asterisk would go on ringing the seat where
    nobody answers for an hour, with the agents free; set forward, it ends the leases, and callers
    in menus go to a person.
    """
    clock = Clock(tmp_path / "clock")
    environment = clock.environment()
    lab = hotline(
        agents=3,
        talk=TALK,
        ring=0.2,
        change=never_lost,
        environment=environment,
        of_asterisk=environment,
    )
    lab.agents.behave(NEVER, never_answers())
    talk = [Caller(n, "talks", (Keys("0"), Quiet(180))) for n in (1, 2)]
    wait = [Caller(n, "waits", (Keys("0"), Quiet(180))) for n in (3, 4, 5)]
    later = (Wait(6), Keys("11")) if step > 0 else ()  # keys: docs/decisions/0021-outside-facts.md
    menu = [Caller(6, "in a menu", (Keys("1"), *later, Quiet(180)))]
    people, began = [*talk, *wait, *menu], time.monotonic()
    calling = lab.calling(people, rate=3.0)
    lab.until("all are in place", lambda s: (s["calls"]["talk"], s["calls"]["queue"]) == (2, 3))
    clock.wrong_by(step)
    status = lab.until("one more is answered", lambda s: s["hour"]["answered"] >= 3)
    assert max(row["oldest_seconds"] for row in status["queues"]) < time.monotonic() - began
    ledger = calling.wait(STUCK)
    passed = time.monotonic() - began
    assert ledger.outcomes() == {"answered": len(people)}
    scrape = lab.settled()
    assert scrape.total("ivrd_talk_seconds_count") == len(people)
    assert scrape.total("ivrd_talk_seconds_sum") < len(people) * passed
    assert scrape.total("ivrd_talk_seconds_sum") > len(people) * (TALK - 2.0)
    assert scrape.total("ivrd_wait_seconds_count") == len(people)
    assert scrape.total("ivrd_wait_seconds_sum") < len(people) * passed
    day = lab.ivrd.get("day", day=f"{datetime.fromtimestamp(time.time() + step, ZONE):%Y-%m-%d}")
    assert 0 < day["asa_seconds"] < passed
