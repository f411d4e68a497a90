"""Two ivrd on one Redis: one leads, and when it is gone the other does; no caller is lost."""

import random
import time

import pytest

from lab.callers import Caller, Hear, Keys, Wait
from lab.callers.mix import read_paths
from lab.changes import long_lease, nobody_for_vaccination
from lab.comparison import (
    IN_MENU,
    IN_QUEUE,
    SELF_SERVED,
    of_callers,
    of_day,
    rows,
    talked_to,
)
from lab.connected import who_met
from tests.real.pair_rig import (
    eight_kinds,
    in_doubt,
    settled,
    speaks,
    two,
)
from tests.real.rig import WAIT

LEASE = 5.0
TAKEOVERS = 5
RATE = 10.0


@pytest.fixture
def pair(tmp_path):
    """Starts a pair; at the end nothing may have complained."""
    pairs = []

    def start(**plan):
        made = two(tmp_path / f"pair{len(pairs)}", **plan)
        made.start()
        pairs.append(made)
        return made

    yield start
    for made in pairs:
        made.stop()
    for made in pairs:
        assert made.complaints() == []


@pytest.mark.verify
@pytest.mark.lasts(90)
def test_kill_9_again_and_again_costs_no_caller_anything(pair):
    hotline = pair(agents=60, talk=4.0, ring=0.5, change=nobody_for_vaccination)
    people = eight_kinds(round(RATE * (9 * TAKEOVERS + 5)))
    calling = hotline.calling(people, RATE)
    chance = random.Random(1330)
    for _ in range(TAKEOVERS):
        hotline.wait_for_standby()
        time.sleep(chance.uniform(3, 4))
        leader = hotline.leader()
        other = hotline.other(leader)
        killed = time.time()
        leader.kill()
        hotline.until("the other leads", lambda o=other: o.is_leader)
        recorder = hotline.recorders[other.name]
        hotline.until("a prompt", lambda k=killed, t=recorder: t.after(k, speaks))
        leader.start(ready=False)
    ledger = calling.wait(WAIT)
    report = hotline.of_leader(settled)
    # Whoever pressed a key that was received late may think that he hears the message, or waits.
    together = (IN_MENU, SELF_SERVED, IN_QUEUE)
    talks, connected = hotline.agents.ledger(), hotline.asterisk.connected()
    callers = of_callers(people, ledger.entries, talks, connected=connected)
    talked = talked_to(talks, who_met(ledger.entries, talks, connected), connected)
    found = rows(callers, talked, of_day(report), together)
    doubt = "\n".join(in_doubt(hotline, people, ledger))
    assert [row for row in found if not row.agrees] == [], doubt
    assert hotline.nobody_was_in_silence(ledger, LEASE + 1)


def dials(people, topics):
    """Callers who press all keys to a topic two seconds into the welcome."""
    return [
        Caller(n, "typed", (Hear(), Wait(2), Keys(topics[n % len(topics)].keys, 0.1, 0.4)))
        for n in range(1, people + 1)
    ]


def offered(leader):
    """How many calls were offered to agents."""
    return leader.scrape().total("ivrd_calls_offered_total")


def all_came_to_their_topics(hotline, calling, people, topics):
    """Every caller is answered, by somebody who was told what the caller had chosen."""
    ledger = calling.wait(WAIT)
    assert ledger.outcomes() == {"answered": len(people)}
    wanted = {person.shown: topics[person.id % len(topics)].leaf for person in people}
    # a caller's call ends before the agent's
    hotline.until("all talks are over", lambda: len(hotline.agents.ledger()) >= len(people))
    assert {talk.number: talk.topic for talk in hotline.agents.ledger()} == wanted


def test_keys_pressed_while_it_is_handed_over_are_kept(pair):
    hotline = pair(agents=40, talk=2.0, ring=0.2, change=long_lease)
    topics = [path for path in read_paths(hotline.config)[0] if path.kind == "topic"]
    people = dials(60, topics)
    hotline.wait_for_standby()
    calling = hotline.calling(people, rate=20.0)
    hotline.until(
        "somebody has pressed all keys",
        lambda: hotline.of_leader(offered) > 0,
    )
    hotline.of_leader(lambda leader: leader.once("handover"))
    all_came_to_their_topics(hotline, calling, people, topics)


@pytest.mark.verify
def test_keys_are_kept_though_nobody_wrote_down_where_the_callers_were(pair):
    hotline = pair(agents=40, talk=2.0, ring=0.2, change=long_lease)
    topics = [path for path in read_paths(hotline.config)[0] if path.kind == "topic"]
    people = dials(40, topics)
    hotline.wait_for_standby()
    leader = hotline.leader()
    hotline.redis.freeze()
    calling = hotline.calling(people, rate=20.0)
    recorder = hotline.recorders[leader.name]
    hotline.until("all are spoken to", lambda: len(speaking_to(recorder)) >= len(people) // 2)
    leader.kill()
    hotline.redis.thaw()
    all_came_to_their_topics(hotline, calling, people, topics)


def speaking_to(recorder):
    """The channels to which a prompt was said."""
    return {sent.headers["Channel"] for sent in list(recorder.sent) if speaks(sent.headers)}
