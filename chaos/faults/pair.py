"""Two ivrd on one Redis: the leader is killed, is frozen, loses its lease, hands over."""

from __future__ import annotations

import signal
import time

from chaos.check import GRACE
from chaos.fault import Control, Fault, Setup
from chaos.faults.ivrd import AWAY_SECONDS, FROZEN_SECONDS, no_lease
from chaos.scene import Scene
from ivrd.store.lease import HANDOVER, LEASE, STANDBY, SUCCESSOR
from lab.pair import OneOfTwo

LEADS_WITHIN = 3.0  # seconds: a lease, a grant, and what Asterisk takes to tell who is there
RECONCILED_AT_MOST = 5  # calls that end between two that hand over: nobody sees them
PAIR = Setup(pair=True)
BEGINS = "the standby leads after"


def takes_over(scene: Scene, since: float, other: OneOfTwo) -> float:
    """Wait until the standby leads; seconds `since` then (epoch)."""
    took = scene.pair.leads_since(other, since) - since
    scene.time(BEGINS, took)
    if took > scene.lag.stretched(LEADS_WITHIN + GRACE):
        scene.found.append(f"the standby leads only after {took:.1f} s")
    return took


def ends(scene: Scene, ivrd: OneOfTwo) -> None:
    """Wait until the former leader has ended."""
    scene.until("the former leader has ended", lambda: ivrd.gone)
    if status := ivrd.ended():
        scene.found.append(f"the former leader ended with status {status}")


def back(scene: Scene, ivrd: OneOfTwo) -> None:
    """Start one that has ended or was killed, and wait until it is the standby."""
    ivrd.start(ready=False)
    scene.pair.wait_for_standby()


def kill(scene: Scene) -> float:
    """kill -9 of the leader."""
    leader = scene.pair.leader()
    killed = time.time()
    leader.kill()
    took = takes_over(scene, killed, scene.pair.other(leader))
    back(scene, leader)
    return took


def kill_alone(scene: Scene) -> float:
    """The same when there is no standby."""
    leader = scene.pair.leader()
    other = scene.pair.other(leader)
    other.kill()
    leader.kill()
    time.sleep(AWAY_SECONDS)
    began = time.monotonic()
    for ivrd in (leader, other):
        ivrd.start(ready=False)
    return AWAY_SECONDS + scene.until(
        "one leads", lambda: leader.is_leader or other.is_leader, began
    )


def two_leaders(scene: Scene) -> float:
    """Two that could each believe that they lead: one wakes up, and one lost its lease."""
    return max(stood_still(scene), robbed(scene))


def stood_still(scene: Scene) -> float:
    """SIGSTOP of the leader, and SIGCONT ten seconds later."""
    leader = scene.pair.leader()
    frozen = time.time()
    leader.freeze()
    try:
        took = takes_over(scene, frozen, scene.pair.other(leader))
        time.sleep(max(0.0, frozen + FROZEN_SECONDS - time.time()))
    finally:
        woken = time.time()
        leader.thaw()
    ends(scene, leader)
    recorder = scene.recorders[scene.pair.both.index(leader)]
    if late := recorder.changes_after(woken):
        scene.found.append(f"the former leader woke up and sent {len(late)} actions")
    back(scene, leader)
    return took


def robbed(scene: Scene) -> float:
    """The lease is taken from the leader and promised to the standby."""
    leader = scene.pair.leader()
    with scene.pair.redis.client() as client, client.pipeline() as at_once:
        at_once.set(SUCCESSOR, str(client.get(STANDBY)), px=round(HANDOVER * 1000))
        at_once.delete(LEASE)
        taken = time.time()
        at_once.execute()
    took = takes_over(scene, taken, scene.pair.other(leader))
    ends(scene, leader)
    back(scene, leader)
    return took


def hand_over(scene: Scene) -> float:
    """`ivrd handover`, and SIGTERM the next time."""
    leader = scene.pair.leader()
    asked = time.time()
    if scene.struck % 2:
        leader.send(signal.SIGTERM)
    else:
        leader.once("handover")
    other = scene.pair.other(leader)
    took = takes_over(scene, asked, other)
    ends(scene, leader)
    if (reconciled := other.scrape().total("ivrd_calls_reconciled_total")) > RECONCILED_AT_MOST:
        scene.found.append(f"{reconciled} calls had to be reconciled")
    back(scene, leader)
    return took


FAULTS = (
    Fault(
        "takeover",
        "kill -9 of the leader of two, again and again",
        "The standby follows every call, and leads as soon as lease and leadership grant have "
        "run out.",
        kill,
        setup=PAIR,
        strikes=(3, 20),
        seconds=13.0,
        gap=(1.0, 2.0),
        control=Control(
            "there is no standby, and the lease is longer than callers wait",
            kill_alone,
            Setup(pair=True, change=no_lease),
        ),
    ),
    Fault(
        "two-leaders",
        "the leader of two is frozen for 10 s and wakes up; then its lease is taken from it",
        "A leadership grant runs out by itself, on a clock that goes on while a process is frozen, "
        "and follows from the leader token in Asterisk alone.",
        two_leaders,
        setup=PAIR,
        strikes=(1, 20),
        seconds=14.0,
        gap=(1.0, 2.0),
        control=Control(
            "a leadership grant has no end",
            two_leaders,
            Setup(pair=True, program="chaos.without.end_of_grant"),
        ),
    ),
    Fault(
        "handover",
        "ivrd handover, then SIGTERM, while two work together",
        "The old leader stores everything, takes its token back and names its successor, which "
        "waits for nobody and has received every key meanwhile.",
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
