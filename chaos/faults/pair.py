"""Two ivrd on one Redis: the one that acts is killed, stands still, is robbed, hands over."""

from __future__ import annotations

import signal
import time

from chaos.check import GRACE
from chaos.fault import Control, Fault, Setup
from chaos.faults.ivrd import AWAY_SECONDS, FROZEN_SECONDS, no_lease
from chaos.scene import Scene
from ivrd.store.lease import HANDOVER, LEASE, STANDBY, SUCCESSOR
from lab.pair import OneOfTwo

ACTS_WITHIN = 3.0  # seconds: a lease, a word, and what Asterisk takes to tell who is there
HEALED_AT_MOST = 5  # calls that end between two that hand over: nobody sees them
PAIR = Setup(pair=True)
BEGINS = "the other acts after"


def takes_over(scene: Scene, since: float, other: OneOfTwo) -> float:
    """Wait until the other one acts; seconds `since` then (epoch)."""
    took = scene.pair.acts_since(other, since) - since
    scene.time(BEGINS, took)
    if took > scene.lag.stretched(ACTS_WITHIN + GRACE):
        scene.found.append(f"the other acts only after {took:.1f} s")
    return took


def ends(scene: Scene, ivrd: OneOfTwo) -> None:
    """Wait until one that acts no more has ended."""
    scene.until("one that acts no more has ended", lambda: ivrd.gone)
    if status := ivrd.ended():
        scene.found.append(f"one that acts no more ended with status {status}")


def back(scene: Scene, ivrd: OneOfTwo) -> None:
    """Start one that has ended or was killed, and wait until it stands by."""
    ivrd.start(ready=False)
    scene.pair.stands_by()


def kill(scene: Scene) -> float:
    """kill -9 of the one that acts."""
    acting = scene.pair.acting()
    killed = time.time()
    acting.kill()
    took = takes_over(scene, killed, scene.pair.other(acting))
    back(scene, acting)
    return took


def kill_alone(scene: Scene) -> float:
    """The same when there is no other one."""
    acting = scene.pair.acting()
    other = scene.pair.other(acting)
    other.kill()
    acting.kill()
    time.sleep(AWAY_SECONDS)
    began = time.monotonic()
    for ivrd in (acting, other):
        ivrd.start(ready=False)
    return AWAY_SECONDS + scene.until(
        "one acts", lambda: acting.is_leader or other.is_leader, began
    )


def two_leaders(scene: Scene) -> float:
    """Two that could each believe that it acts: one that wakes up, and one that was robbed."""
    return max(stood_still(scene), robbed(scene))


def stood_still(scene: Scene) -> float:
    """SIGSTOP of the one that acts, and SIGCONT ten seconds later."""
    acting = scene.pair.acting()
    frozen = time.time()
    acting.freeze()
    try:
        took = takes_over(scene, frozen, scene.pair.other(acting))
        time.sleep(max(0.0, frozen + FROZEN_SECONDS - time.time()))
    finally:
        woken = time.time()
        acting.thaw()
    ends(scene, acting)
    recorder = scene.recorders[scene.pair.both.index(acting)]
    if late := recorder.acts_after(woken):
        scene.found.append(f"one that woke up sent {len(late)} actions")
    back(scene, acting)
    return took


def robbed(scene: Scene) -> float:
    """The lease is taken from the one that acts and promised to the other."""
    acting = scene.pair.acting()
    with scene.pair.redis.client() as client, client.pipeline() as at_once:
        at_once.set(SUCCESSOR, str(client.get(STANDBY)), px=round(HANDOVER * 1000))
        at_once.delete(LEASE)
        taken = time.time()
        at_once.execute()
    took = takes_over(scene, taken, scene.pair.other(acting))
    ends(scene, acting)
    back(scene, acting)
    return took


def hand_over(scene: Scene) -> float:
    """`ivrd handover`, and SIGTERM the next time."""
    acting = scene.pair.acting()
    asked = time.time()
    if scene.struck % 2:
        acting.send(signal.SIGTERM)
    else:
        acting.once("handover")
    other = scene.pair.other(acting)
    took = takes_over(scene, asked, other)
    ends(scene, acting)
    if (reconciled := other.scrape().total("ivrd_calls_reconciled_total")) > HEALED_AT_MOST:
        scene.found.append(f"{reconciled} calls had to be healed")
    back(scene, acting)
    return took


FAULTS = (
    Fault(
        "takeover",
        "kill -9 of the one that acts of two, again and again",
        "The other one follows every call, and acts as soon as lease and word have run out.",
        kill,
        setup=PAIR,
        strikes=(3, 20),
        seconds=13.0,
        gap=(1.0, 2.0),
        control=Control(
            "there is no other one, and the lease is longer than callers wait",
            kill_alone,
            Setup(pair=True, change=no_lease),
        ),
    ),
    Fault(
        "two-leaders",
        "the one that acts of two stands still for 10 s and wakes up; then its lease is taken "
        "from it",
        "Leave to act runs out by itself, on a clock that goes on while a process stands still, "
        "and is given on Asterisk's word alone.",
        two_leaders,
        setup=PAIR,
        strikes=(1, 20),
        seconds=14.0,
        gap=(1.0, 2.0),
        control=Control(
            "leave to act has no end",
            two_leaders,
            Setup(pair=True, program="chaos.without.end_of_leave"),
        ),
    ),
    Fault(
        "handover",
        "ivrd handover, then SIGTERM, while two work together",
        "Who hands over writes all down, takes its name back and names its successor, who waits "
        "for nobody and has heard every key meanwhile.",
        hand_over,
        setup=PAIR,
        strikes=(2, 20),
        gap=(1.0, 2.0),
        control=Control(
            "keys that were pressed meanwhile are not remembered",
            hand_over,
            Setup(pair=True, program="chaos.without.keys"),
        ),
    ),
)
