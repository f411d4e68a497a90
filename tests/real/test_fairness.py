"""Callers are answered in the order of their effective arrivals, whatever happens meanwhile.

A person who gives up and dials again is served as if the first call had gone on waiting.
"""

import os
import random
import re

import pytest

from lab.agents import refuses
from lab.ami_events import AmiEvents
from lab.callers import Caller, HangUp, Keys, Quiet, Wait
from lab.order import SAID_SECONDS, TIE_SECONDS, Order
from tests.real.overflow_rig import Sites, partner, with_partners
from tests.real.pair_rig import two
from tests.real.rig import WAIT

INTO_QUEUE = "0"
CALLERS = int(os.environ.get("IVRD_TEST_CALLERS", "40"))  # 200: docs/decisions/0030
RATE = max(2.0, CALLERS / 40)
AGENTS = max(3, CALLERS // 25)


def closed(name, settings) -> None:
    """No seat takes calls until somebody opens it."""
    if name == "queues.yaml":
        settings["pools"]["base"]["open"] = False


def oldest(status) -> float:
    return max(row["oldest_seconds"] for row in status["queues"])


def waits(number: int, of: int | None = None) -> Caller:
    """One who waits until a person speaks; `of`: with the number of that caller."""
    shown = "" if of is None else f"02{of:08}"
    return Caller(number, "waits", (Keys(INTO_QUEUE), Quiet(180)), number=shown)


@pytest.mark.verify
def test_who_dials_again_has_the_place_of_the_first_call(hotline):
    lab = hotline(agents=1, talk=3.0, ring=0.2, change=closed)
    gives_up = Caller(1, "gives up", (Keys(INTO_QUEUE), Wait(12), HangUp()))
    first = lab.calling([gives_up], rate=5.0, name="first")
    lab.until("one has waited for some time", lambda s: oldest(s) >= 6.0)
    second = lab.calling([waits(2)], rate=5.0, name="second")
    lab.until("two wait", lambda s: s["calls"]["queue"] == 2)
    lab.until("the first has gone", lambda s: s["calls"]["queue"] == 1)
    again = lab.calling([waits(3, of=1)], rate=5.0, name="again")
    lab.until("two wait again", lambda s: s["calls"]["queue"] == 2)
    assert oldest(lab.ivrd.status()) >= 12.0
    lab.ivrd.once("seats", "open", "base")
    for calling in (first, second, again):
        calling.wait(WAIT)
    talks = sorted(lab.agents.ledger(), key=lambda talk: talk.rung_at)
    assert [talk.number for talk in talks] == [waits(1).shown, waits(2).shown]
    scrape = lab.settled()
    assert scrape.total("ivrd_calls_received_total") == 3


@pytest.fixture
def pair(tmp_path):
    """Two ivrd, an agent's phones, a partner who refuses every call; seats are closed."""
    sites = Sites(tmp_path)
    refuse = with_partners({"bad": partner(sites("bad", refuses(486)).trunk, 5)})

    def change(name, settings) -> None:
        """Positions are said seldom: who hears one may be passed by whoever is behind."""
        closed(name, settings)
        refuse(name, settings)
        if name == "queues.yaml":
            for queue in settings["queues"].values():
                queue["announce_seconds"] = 600
        if name == "ivrd.yaml":
            settings["limits"] = {"callers": 2 * CALLERS, "music": 2 * CALLERS}

    lab = two(tmp_path / "pair", agents=AGENTS, talk=1.5, ring=0.2, change=change)
    lab.start()
    yield lab
    lab.stop()
    sites.stop()
    assert lab.complaints() == []


def gives_up(number: int, seconds: float) -> Caller:
    return Caller(number, "gives up", (Keys(INTO_QUEUE), Wait(seconds), HangUp()))


def late(number: int) -> Caller:
    """One who is still in the menu for some seconds."""
    return Caller(number, "waits", (Wait(4), Keys(INTO_QUEUE), Quiet(180)))


def waves(count: int) -> tuple[list[Caller], list[Caller]]:
    """Callers, of whom every third gives up; then other ones among whom those dial again."""
    chance = random.Random(1330)
    first = [
        gives_up(n, chance.uniform(8, 18)) if n % 3 == 0 else waits(n)
        for n in range(1, count // 2 + 1)
    ]
    again = [waits(1000 + one.id, of=one.id) for one in first if one.behaviour == "gives up"]
    fresh = [late(n) if n % 4 == 0 else waits(n) for n in range(count // 2 + 1, count + 1)]
    second = [*again, *fresh]
    chance.shuffle(second)
    return first, second


def waiting(lab) -> int:
    return lab.of_leader(lambda leader: leader.status()["calls"]["queue"])


@pytest.mark.verify
@pytest.mark.lasts(150)
def test_answers_are_in_the_order_of_effective_arrivals_whatever_happens(pair):
    """Redials, a partner's refusals, kill -9 and a takeover while callers join and are answered."""
    lab = pair
    events = AmiEvents(lab.ami_port, lab.ami_secret)
    first, second = waves(CALLERS)
    leave = sum(one.behaviour == "gives up" for one in first)
    stay = len(first) - leave
    calling = [lab.calling(first, rate=RATE, name="first")]
    events.named("IvrdReceived", count=len(first), seconds=WAIT)
    events.named("Hangup", count=leave, seconds=WAIT)
    lab.until("those who stay wait alone", lambda: waiting(lab) == stay, seconds=WAIT)
    calling.append(lab.calling(second, rate=RATE, name="second"))
    lab.until("a third of the others have joined", lambda: waiting(lab) > stay + len(second) // 3)
    leader = lab.leader()
    leader.kill()
    lab.until("the other leads", lambda: lab.other(leader).is_leader)
    leader.start(ready=False)
    lab.until("all wait", lambda: waiting(lab) == stay + len(second), seconds=WAIT)
    lab.wait_for_standby()
    line = re.findall(r"^ +\d+\. (\S+)", lab.asterisk.cli("queue show other"), re.MULTILINE)
    assert len(line) == stay + len(second)
    assert Order.of(events.events).misplaced(line) == []
    lab.of_leader(lambda leader: leader.once("seats", "open", "base"))
    lab.until("some are answered", lambda: waiting(lab) < (stay + len(second)) * 2 // 3)
    leader = lab.leader()
    leader.kill()
    lab.until("the other leads again", lambda: lab.other(leader).is_leader)
    for one in calling:
        one.wait(WAIT)
    lab.until("all talks are over", lambda: len(lab.agents.ledger()) >= stay + len(second))
    order = Order.of(events.events)
    served = order.served()
    assert len(served) == stay + len(second)
    credited = [one for one in served if one.joined - one.arrived > TIE_SECONDS]
    lab.until("all is counted", lambda: lab.ivrd.scrape().in_progress == 0)
    moved = sum(one.scrape().total("ivrd_calls_credited_total") for one in lab.both)
    print(
        f"{len(served)} answered, {len(credited)} of them after a call that nobody answered; "
        f"credited by the two ivrd that still run: {moved:g}"
    )
    assert len(credited) > leave / 2
    assert order.overtaken(within=SAID_SECONDS) == []
