"""Every third seat of our own is bad in one of eight ways, and nobody waits beside a good one."""

import time
from collections.abc import Callable

import pytest

from lab.agents import (
    Manner,
    Talk,
    drops,
    never_answers,
    refuses,
    silent,
    vanishes_ringing,
    vanishes_talking,
    without_sdp,
)
from lab.ami_events import AmiEvents, Event
from lab.callers import Caller, Keys, Patience, Wait
from lab.waiting import Occupied, Waiting, waited_in_vain
from tests.real.rig import Hotline
from tests.real.test_seats import NO_SOUND, RING, short_rings

WAYS: dict[str, Callable[[], Manner]] = {
    "absent": never_answers,
    "302": lambda: refuses(302),
    "486": lambda: refuses(486),
    "drops": lambda: drops(0.2),
    "no SDP": lambda: without_sdp(0.2),
    "vanishes in ringing": lambda: vanishes_ringing(0.2),
    "vanishes in the talk": lambda: vanishes_talking(0.2, 1.0),
    "silent": lambda: silent(0.2, 3.0),
}
RECHECK = 1.0  # seconds between two looks of a caller who waits (app_queue)
SETTLES = 0.5  # until a seat that has hung up is free in Asterisk's eyes, and the next one rings


def people(count: int) -> list[Caller]:
    """They press 0, and go when nobody has spoken for long."""
    return [Caller(n, "key 0", (Keys("0"), Wait(25.0), Patience(0.0))) for n in range(1, count + 1)]


def waits(events: list[Event]) -> list[Waiting]:
    """When callers waited, as Asterisk told it; seconds since the epoch."""
    found: list[Waiting] = []
    here: dict[str, Event] = {}
    first: dict[str, float] = {}
    for event in events:
        caller, at = event.get("uniqueid", ""), float(event.get("timestamp", 0))
        if event["event"] == "QueueCallerJoin":
            first.setdefault(caller, at)
            here[caller] = event
        elif event["event"] in ("AgentConnect", "Hangup") and caller in here:
            joined = here.pop(caller)
            begin = float(joined["timestamp"])
            number = joined["calleridnum"]
            found.append(Waiting(number, joined["queue"], begin, at, since=first[caller]))
    return found


def at_work(talks: tuple[Talk, ...]) -> list[Occupied]:
    """When seats rang and talked, as the agents told it; seconds since the epoch."""
    offset = time.time() - time.monotonic()
    return [
        Occupied(
            talk.seat,
            talk.number,
            talk.rung_at + offset,
            talk.rung_at + offset + talk.rang + (talk.talked or 0.0) + SETTLES,
        )
        for talk in talks
    ]


def run(lab: Hotline, seats: int, callers: int) -> None:
    lab.tolerated = NO_SOUND
    bad = {f"base-{n:02}": n for n in range(3, seats + 1, 3)}
    for at, seat in enumerate(bad):
        lab.agents.behave(seat, [*WAYS.values()][at % len(WAYS)]())
    news = AmiEvents(lab.ami_port, lab.ami_secret)
    crowd = people(callers)
    ledger = lab.calling(crowd, rate=5.0).wait(300)
    rows = lab.rows(crowd, ledger)
    news.close()
    queues = [queue["name"] for queue in lab.ivrd.status()["queues"]]
    good = {seat: queues for n in range(1, seats + 1) if (seat := f"base-{n:02}") not in bad}
    vain = waited_in_vain(waits(news.events), at_work(lab.agents.ledger()), good)
    assert len(vain) == callers
    worst = max(vain, key=vain.__getitem__)
    print(f"\nwaited in vain at most: {vain[worst]:.1f} s; {sorted(vain.values())[-5:]}; {rows}")
    assert vain[worst] <= lab.lag.stretched(RING + RECHECK), worst
    assert all(row.agrees for row in rows), rows


@pytest.mark.verify
@pytest.mark.lasts(120)
def test_300_callers_at_5_a_second_and_nobody_waits_while_a_good_seat_is_free(hotline) -> None:
    run(hotline(agents=48, talk=3.0, ring=0.3, change=short_rings), seats=48, callers=300)


@pytest.mark.lasts(60)
def test_nobody_waits_while_a_good_seat_is_free(hotline) -> None:
    run(hotline(agents=24, talk=2.0, ring=0.3, change=short_rings), seats=24, callers=60)
