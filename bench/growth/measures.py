"""What is measured of one ivrd: each figure in seconds, or seconds for each event or caller."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

from bench.growth.asterisk import LIVES, MadeAsterisk
from bench.growth.hotline import (
    Ivrd,
    Place,
    Took,
    configured,
    loaded,
    taking,
    until,
    written,
)
from bench.growth.people import recorded
from bench.growth.size import Size
from ivrd.asterisk import snapshot
from ivrd.core.demand import GAP_SECONDS
from ivrd.core.forecast import Arrivals

ROUNDS = 5
PLAYED = 40  # times that the recording is played
SETTLED = 30  # evaluations within which seats are as they are wanted

Figures = dict[str, float]


def each(look: Callable[[], object]) -> float:
    """CPU seconds of one look, which nothing else interrupts; the median."""
    took = []
    for _ in range(ROUNDS):
        before = time.thread_time()
        look()
        took.append(time.thread_time() - before)
    return median(took)


# --- one ivrd ------------------------------------------------------------------------------------


async def alone(size: Size, folder: Path, asterisk: MadeAsterisk) -> Figures:
    """Start, all that is looked at every second or when asked, events, a lost link."""
    found: Figures = {}
    config = configured(Place(folder, "first"), size, asterisk.port)
    async with taking() as reading:
        settings = loaded(config)
    async with taking() as building:
        ivrd = Ivrd(settings)
    found["start: configuration"], found["start: parts"] = reading.cpu, building.cpu
    async with taking() as took:
        ivrd.start()
        await here(ivrd, size)
    add(found, "connected, all calls adopted", took)
    _busy(ivrd, size)
    await _settled(ivrd)
    found |= _looks(ivrd)
    found |= await _snapshot(ivrd)
    found |= await _events(ivrd, asterisk)
    found |= await _moved(ivrd)
    found |= {f"SQLite: {what}": took for what, took in (await written(ivrd)).items()}
    found |= await _lost_link(ivrd, size, asterisk)
    await ivrd.stop()
    ivrd = Ivrd(settings)
    async with taking() as took:
        ivrd.start()
        await here(ivrd, size)
    add(found, "started again, all calls stored", took)
    ledger = ivrd.wiring.ledger
    async with taking() as took:
        asterisk.order("hang_up")
        await until("all have hung up", lambda: not ledger.calls)
    found["all hang up: each"] = took.cpu / size.calls
    found["all hang up: the loop stood"] = took.stood
    await ivrd.stop()
    return found


async def here(ivrd: Ivrd, size: Size) -> None:
    wiring = ivrd.wiring
    await until("connected", lambda: wiring.link.up and len(wiring.ledger.calls) == size.calls)
    await until("all menus", lambda: in_menus(ivrd) == size.menus)


def _busy(ivrd: Ivrd, size: Size) -> None:
    """As many calls come as make so many wait, once those who give up are as many as those."""
    wiring = ivrd.wiring
    setup = wiring.partners.controller.setup
    policy, topics = setup.policy, setup.topics
    rate = size.callers / len(topics) / policy.expected_patience_seconds
    wiring.partners.controller.evaluate(wiring.timeline.now())
    for queue in topics:
        arrivals = Arrivals().watched(GAP_SECONDS, round(rate * GAP_SECONDS))
        wiring.partners.controller._flows[queue].arrivals = arrivals


def in_menus(ivrd: Ivrd) -> int:
    """Callers to whom ivrd has begun to speak, or whom it has sent on because it was late."""
    calls = ivrd.wiring.tracker.ivr._calls.values()
    return sum(call.session is not None for call in calls)


async def _settled(ivrd: Ivrd) -> None:
    """From the seats that Asterisk has to those that are wanted."""
    wiring = ivrd.wiring
    for _ in range(SETTLED):
        wiring.partners.controller.evaluate(wiring.timeline.now())
        if not await wiring.queue_members.reconcile():
            break


def _looks(ivrd: Ivrd) -> Figures:
    """What is looked at each second, by Prometheus, and by people."""
    wiring = ivrd.wiring
    queues = [queue.name for queue in wiring.settings.queues]
    return {
        "a look at the overflow": each(
            lambda: wiring.partners.controller.evaluate(wiring.timeline.now())
        ),
        "reconciliation of members, nothing to change": each(
            lambda: _run(wiring.queue_members.reconcile())
        ),
        "reconciliation of queues, nobody to move": each(lambda: _run(wiring.requeue.reconcile())),
        "positions in all queues": each(lambda: [wiring.ledger.waiting(q) for q in queues]),
        "the ledger: in progress, balance": each(wiring.ledger.balance),
        "a scrape of /metrics": each(wiring.scrape),
        "ivrd status": each(lambda: json.dumps(wiring.operations.status([]))),
        "ivrd seats list": each(lambda: json.dumps(wiring.queue_members.list_seats())),
    }


def _run(coroutine: object) -> None:
    """Run what waits for nothing, within the loop that runs already."""
    try:
        coroutine.send(None)  # type: ignore[attr-defined]
    except StopIteration:
        return
    raise AssertionError("it was to change nothing, and waits for Asterisk")


async def _snapshot(ivrd: Ivrd) -> Figures:
    """CoreShowChannels, QueueStatus and DeviceStateList, read and understood."""
    took: list[Took] = []
    for _ in range(3):
        async with taking() as one:
            await snapshot.read(ivrd.wiring.link)
        took.append(one)
    return {
        "a snapshot of Asterisk": median(one.cpu for one in took),
        "… the loop stood": median(one.stood for one in took),
    }


async def _events(ivrd: Ivrd, asterisk: MadeAsterisk) -> Figures:
    """Recorded calls at full speed, and all phones ringing, talking and missing calls."""
    ledger, before = ivrd.wiring.ledger, _ended(ivrd)
    here = len(ledger.calls)
    async with taking() as took:
        asterisk.order("play", PLAYED)
        await until("played", lambda: _ended(ivrd) - before == PLAYED * LIVES)
    assert (len(ledger.calls), ledger.balance()) == (here, 0)
    events = PLAYED * len(recorded("calls"))
    found = {"a recorded event": took.cpu / events}
    members = ivrd.wiring.queue_members
    seats = [seat for pool in members.pools for seat in pool.seats]
    async with taking() as took:
        asterisk.order("seats_change")
        await until("all free", lambda: members.states.get(seats[-1]) == "free")
        await until("all free", lambda: all(members.states[s] == "free" for s in seats))
    found["a seat's state"] = took.cpu / (3 * len(seats))
    async with taking() as took:
        asterisk.order("misses")
        now = ivrd.wiring.timeline.now
        await until("all rest", lambda: members.health.turn(seats[-1], now()).last)
    found["a missed call"] = took.cpu / (2 * len(seats))
    async with taking() as took:
        changes = await members.reconcile()
    found["all seats rest: a change"] = took.cpu / max(1, len(changes))
    found["… a reconciliation"] = each(lambda: members._last_resort(now()))
    for seat in seats:
        members.resume(seat, "the measurement")
    await members.reconcile()
    return found


def _ended(ivrd: Ivrd) -> int:
    return ivrd.wiring.ledger.outcomes.total()


async def _moved(ivrd: Ivrd) -> Figures:
    """A reload takes a queue: its callers go to another one, each to the place that is due."""
    wiring, operations = ivrd.wiring, ivrd.wiring.operations
    settings = operations.settings
    others = tuple(queue for queue in settings.queues if queue.name != "vaccination")
    operations.settings = replace(settings, queues=others)
    callers = wiring.requeue.waiting_in_vain().total()
    async with taking() as took:
        await wiring.requeue.all(600.0)
    assert not wiring.requeue.waiting_in_vain()
    operations.settings = settings
    return {"a queue is taken: a caller moved": took.cpu / callers}


async def _lost_link(ivrd: Ivrd, size: Size, asterisk: MadeAsterisk) -> Figures:
    found: Figures = {}
    link = ivrd.wiring.link
    async with taking() as took:
        asterisk.order("cut")
        await until("the link is down", lambda: not link.up)
        await until("all menus left", lambda: in_menus(ivrd) == 0)
        await here(ivrd, size)
    add(found, "the link lost and back", took)
    return found


def add(found: Figures, what: str, took: Took) -> None:
    found[f"{what}: CPU"] = took.cpu
    found[f"{what}: time"] = took.wall
    found[f"{what}: the loop stood"] = took.stood
