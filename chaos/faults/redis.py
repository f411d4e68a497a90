"""Redis under two ivrd: frozen, killed, full, replaced, out of reach."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chaos.check import NO_RECOVERY
from chaos.fault import Control, Fault, Setup
from chaos.faults.ivrd import no_lease
from chaos.faults.pair import PAIR, back, ends, kill, takes_over
from chaos.faults.partners import entry, hurried
from chaos.faults.store import down
from chaos.load import patient
from chaos.scene import Scene
from ivrd.ha.election import LEASE_SECONDS
from lab.comparison import Scrape, at_once
from lab.pair import OneOfTwo
from lab.partners import takes
from lab.redis import RedisProcess

FROZEN_SECONDS = 10.0
TROUBLE_SECONDS = 3.0
BACK_WITHIN = 15.0  # seconds in which ivrd has found a Redis that works again
DECISION_SECONDS = 0.05  # for 99 of 100 on an idle machine, whatever Redis does
DECISIONS = "ivrd_decision_seconds"
FEW = 12  # agents: a partner is needed
CAP = 3  # seats of that partner
PARTNER_TALKS = 4.0
KEPT = {"appendonly": "yes"}  # redis.conf


@contextmanager
def trouble(scene: Scene) -> Iterator[OneOfTwo]:
    """What the block does to Redis must be felt, and be over with its end; nobody else leads.

    The block is given the leader.
    """
    leader = scene.pair.leader()
    terms = len(leader.said("is the leader now"))
    yield leader
    scene.until("the store is in order again", lambda: not down(leader))
    still_leads(scene, leader, terms)


def still_leads(scene: Scene, leader: OneOfTwo, terms: int) -> None:
    """Whoever has become the leader so many times has to be it, without a break since then.

    On a machine on which a process may wait for longer than a lease lasts, another one may be the
    leader, as if the first had been frozen.  The counts are exact all the same.
    """
    if leader.is_leader and len(leader.said("is the leader now")) == terms:
        return
    if scene.lag.longest < LEASE_SECONDS:
        scene.found.append("another one became the leader")
    else:
        scene.note("another one became the leader, on a machine that was too busy for a lease")


def noticed(scene: Scene, leader: OneOfTwo) -> None:
    """Wait until the leader has noticed, or has ended."""
    scene.until("the store is out of order", lambda: leader.gone or down(leader))


def felt(scene: Scene, leader: OneOfTwo) -> None:
    """Wait until the leader has noticed, and then a while."""
    noticed(scene, leader)
    time.sleep(TROUBLE_SECONDS)


# --- frozen ------------------------------------------------------------------------------------


def one_partner(scene: Scene) -> dict[str, Any]:
    """A partner that takes as many as it may."""
    site = scene.open_site("good", takes(ring=0.3, talk=PARTNER_TALKS))
    return {"good": entry("good", site.trunk, pledged=CAP, cap=CAP)}


def freeze(scene: Scene) -> float:
    """SIGSTOP of Redis, and SIGCONT ten seconds later."""
    leader, redis = scene.pair.leader(), scene.pair.redis
    usual = leader.scrape()
    redis.freeze()
    began = time.monotonic()
    try:
        scene.until("the store is out of order", lambda: down(leader))
        time.sleep(max(0.0, began + FROZEN_SECONDS - time.monotonic()))
        frozen = leader.scrape()
    finally:
        redis.thaw()
    took = scene.until("the store is in order again", lambda: not down(leader))
    still_leads(scene, leader, 1)
    if (told := len(leader.said("the store is down"))) != 1:
        scene.found.append(f"{told} warnings that the store is down")
    decisions(scene, usual, frozen)
    time.sleep(PARTNER_TALKS + 1)  # whoever the partner got meanwhile has ended
    most = at_once(scene.sites["good"].ledger())
    scene.note(f"at most {most} of {CAP} at the partner at once")
    if not 0 < most <= CAP:
        scene.found.append(f"{most} at a partner that takes {CAP}")
    return took


def freeze_one_that_waits(scene: Scene) -> float:
    """The same for an ivrd that tells nothing meanwhile."""
    leader, redis = scene.pair.leader(), scene.pair.redis
    redis.freeze()
    try:
        time.sleep(FROZEN_SECONDS)
    finally:
        redis.thaw()
    return FROZEN_SECONDS + scene.until("one leads", lambda: leader.is_leader)


def decisions(scene: Scene, usual: Scrape, frozen: Scrape) -> None:
    """How long callers' events waited for an answer, before Redis stood still and while it did."""
    before, then = usual.slowest(Scrape(""), DECISIONS), frozen.slowest(usual, DECISIONS)
    scene.note(
        f"99 % of decisions within {1000 * then:g} ms, and within {1000 * before:g} ms before"
    )
    if not 0 < then <= max(scene.lag.stretched(DECISION_SECONDS), before):
        scene.found.append(f"decisions took {1000 * then:g} ms")


# --- killed, full ------------------------------------------------------------------------------


def crash(scene: Scene) -> float:
    """kill -9 of Redis twice: it comes back with its data, then empty; then a takeover."""
    redis = scene.pair.redis
    keep(scene, redis)
    for settings in (KEPT, {}):
        with trouble(scene) as leader:
            redis.kill()
            felt(scene, leader)
            redis.settings = settings
            redis.start()
    scene.pair.wait_for_standby()
    return kill(scene)


def keep(scene: Scene, redis: RedisProcess) -> None:
    """From now on Redis writes its data to the disk."""
    with redis.client() as client:
        client.config_set("appendonly", "yes")
        scene.until(
            "Redis keeps its data",
            lambda: (
                not client.info("persistence")["aof_rewrite_in_progress"]
                and not client.info("persistence")["aof_rewrite_scheduled"]
            ),
        )


def full(scene: Scene) -> float:
    """Redis has no memory left, then no disk; then the leader is killed."""
    refused(scene)
    scene.pair.wait_for_standby()
    return kill(scene)


def refused(scene: Scene) -> float:
    """Redis has no memory left, then no disk."""
    redis = scene.pair.redis
    with redis.client() as client:
        with trouble(scene) as leader:
            client.config_set("maxmemory", 1)
            felt(scene, leader)
            client.config_set("maxmemory", 0)
        keep(scene, redis)
        with trouble(scene) as leader:
            usual = resource.prlimit(redis.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(redis.pid, resource.RLIMIT_FSIZE, (1, usual[1]))
            felt(scene, leader)
            resource.prlimit(redis.pid, resource.RLIMIT_FSIZE, usual)
        client.config_set("appendonly", "no")
    return 0.0


# --- replaced, out of reach --------------------------------------------------------------------


def fail_over(scene: Scene) -> float:
    """The master is killed and Sentinel makes the replica the master; then a takeover."""
    servers = scene.pair.fail_over
    assert servers is not None
    began = time.monotonic()
    with trouble(scene) as leader:
        servers.master.kill()
        noticed(scene, leader)
        servers.take_over()
    scene.time("the new master is written to after", time.monotonic() - began)
    servers.restore()
    scene.pair.wait_for_standby()
    return kill(scene)


def fail_over_for_nothing(scene: Scene) -> float:
    """The new master is never found; at the end the old one is made the master again."""
    leader, servers = scene.pair.leader(), scene.pair.fail_over
    assert servers is not None
    servers.master.kill()
    scene.until("the store is out of order", lambda: down(leader))
    servers.take_over()
    time.sleep(BACK_WITHIN)
    if down(leader):
        scene.found.append(f"{NO_RECOVERY}: the new master is not found in {BACK_WITHIN:g} s")
    servers.restore()
    with servers.replica.client() as client:
        client.replicaof("NO", "ONE")
    return BACK_WITHIN + scene.until("the store is in order again", lambda: not down(leader))


def cut(ivrd: OneOfTwo) -> None:
    """Take an ivrd's way to Redis away."""
    ivrd.to_redis.shut = True
    ivrd.to_redis.cut()


def partition(scene: Scene) -> float:
    """Both are cut from Redis, then the standby, then the leader."""
    pair = scene.pair
    for away in (pair.both, (pair.other(pair.leader()),)):
        with trouble(scene) as leader:
            for ivrd in away:
                cut(ivrd)
            if len(away) == len(pair.both):
                felt(scene, leader)
            else:
                time.sleep(TROUBLE_SECONDS)
            for ivrd in away:
                ivrd.to_redis.shut = False
    pair.wait_for_standby()
    return one_cut_off(scene)


def one_cut_off(scene: Scene) -> float:
    """The leader is cut from Redis, the standby is not."""
    leader = scene.pair.leader()
    since = time.time()
    cut(leader)
    took = takes_over(scene, since, scene.pair.other(leader))
    time.sleep(TROUBLE_SECONDS)
    leader.to_redis.shut = False
    if leader.gone:
        ends(scene, leader)
    else:
        scene.found.append("one that has lost the lease has not ended")
        leader.kill()
    back(scene, leader)
    return took


FAULTS = (
    Fault(
        "redis-freeze",
        "SIGSTOP of Redis for 10 s, under two ivrd and with a partner's seats open",
        "The store is written behind, and the leader needs the leader token in Asterisk alone.",
        freeze,
        setup=Setup(pair=True, agents=FEW, change=hurried, crowd=patient, sites=one_partner),
        seconds=14.0,
        gap=(3.0, 4.0),
        control=Control(
            "each decision waits for Redis, and the lease is longer than callers wait",
            freeze_one_that_waits,
            Setup(pair=True, change=no_lease, program="chaos.without.writing_behind"),
        ),
    ),
    Fault(
        "redis-kill",
        "kill -9 of Redis, which comes back with its data, and another one, after which it is "
        "empty; then the leader is killed",
        "A store that is back gets again what was decided meanwhile, what was written last and "
        "who is here.",
        crash,
        setup=PAIR,
        strikes=(1, 1),  # what ended more than half a minute before it came back empty is lost
        seconds=13.0,
        gap=(2.0, 3.0),
        control=Control(
            "nothing is written again",
            crash,
            Setup(pair=True, program="chaos.without.writing_again"),
        ),
    ),
    Fault(
        "redis-full",
        "Redis refuses every write, as its memory is full, then as its disk is; then the "
        "leader is killed",
        "What is decided waits until it is written.",
        full,
        setup=PAIR,
        strikes=(1, 20),
        seconds=13.0,
        gap=(1.0, 2.0),
        control=Control(
            "what is decided meanwhile is dropped; nobody is killed: the standby would know it",
            refused,
            Setup(pair=True, program="chaos.without.waiting_list"),
        ),
    ),
    Fault(
        "redis-fail-over",
        "kill -9 of the Redis that is the master; Sentinel makes the replica the master; then the "
        "leader is killed",
        "After each failure Sentinel is asked anew, and what the new master has not got is written "
        "again.",
        fail_over,
        setup=Setup(pair=True, sentinel=True),
        strikes=(1, 10),
        seconds=13.0,
        gap=(1.0, 2.0),
        control=Control(
            "Sentinel is asked once",
            fail_over_for_nothing,
            Setup(pair=True, sentinel=True, program="chaos.without.sentinel"),
        ),
    ),
    Fault(
        "redis-partition",
        "both ivrd are cut from Redis, then the standby, then the leader",
        "Without Redis nobody becomes the leader; whoever lost the lease reads in the leader token "
        "who is the leader now, and ends.",
        partition,
        setup=PAIR,
        strikes=(1, 20),
        seconds=13.0,
        gap=(1.0, 2.0),
        control=Control(
            "the leader token is not read",
            one_cut_off,
            Setup(pair=True, program="chaos.without.token"),
        ),
    ),
)
