"""What is measured when a leader dies, and when ends of calls are missed; as in measures.py."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from bench.growth.asterisk import MadeAsterisk
from bench.growth.hotline import Ivrd, Leader, Place, configured, loaded, taking, until
from bench.growth.measures import Figures, add, here, in_menus
from bench.growth.size import Size
from lab.redis import RedisProcess


async def missed(size: Size, folder: Path, asterisk: MadeAsterisk) -> Figures:
    """While the link is down everybody hangs up: recorded from queue_log."""
    ivrd = Ivrd(loaded(configured(Place(folder, "first"), size, asterisk.port)))
    ivrd.start()
    await here(ivrd, size)
    calls = list(ivrd.wiring.ledger.calls.values())
    async with taking() as took:
        asterisk.order("forget")
        asterisk.order("cut")
        await until("the link is down", lambda: not ivrd.wiring.link.up)
        with (folder / "queue_log").open("a") as log:
            for call in calls:
                second = int(call.received_at)
                log.write(f"{second}|{call.id}|hotline|NONE|RECEIVED|\n")
                if call.queue:
                    log.write(f"{second}|{call.id}|{call.queue}|NONE|ENTERQUEUE||0|1\n")
                log.write(f"{int(time.time())}|{call.id}|hotline|NONE|ENDED|queue|other|\n")
        await until("all are recorded", lambda: not ivrd.wiring.ledger.calls)
    assert ivrd.wiring.ledger.balance() == 0
    await ivrd.stop()
    return {
        "all gone unseen: each recorded": took.cpu / size.calls,
        "all gone unseen: the loop stood": took.stood,
    }


async def taken_over(size: Size, folder: Path, asterisk: MadeAsterisk) -> Figures:
    """The leader dies, and the standby has all callers."""
    redis = RedisProcess(folder)
    redis.start()
    try:
        return await _taken_over(size, folder, asterisk, redis.url)
    finally:
        redis.stop()


async def _taken_over(size: Size, folder: Path, asterisk: MadeAsterisk, redis: str) -> Figures:
    found: Figures = {}
    leader = Leader(configured(Place(folder, "first", redis), size, asterisk.port))
    try:
        standby = Ivrd(loaded(configured(Place(folder, "second", redis), size, asterisk.port)))
        standby.start()
        of = standby.wiring
        await until("a standby", lambda: of.link.up and len(of.ledger.calls) == size.calls)
        stored = await asyncio.to_thread(leader.write)
        found |= {f"Redis: {what}": took for what, took in stored.items()}
        async with taking() as took:
            leader.kill()
            await until("the standby leads", lambda: of.leadership.is_leader)
            leads = time.monotonic()
            await until("all menus", lambda: in_menus(standby) == size.menus)
        add(found, "takeover", took)
        found["takeover: from the lead to the last caller: time"] = time.monotonic() - leads
        assert of.ledger.balance() == 0
        await standby.stop()
    finally:
        leader.kill()
    return found
