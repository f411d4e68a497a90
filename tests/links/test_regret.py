"""What is known of deflected calls: by what happens, and by what was stored before."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from ivrd.core.call import AnsweredBy, Call, CallState, Outcome, Stage
from ivrd.core.call_notices import Ended
from ivrd.core.day import CompletedCall, completed_call
from ivrd.core.deflection import LEAST, REDIAL_SECONDS, Rules
from ivrd.links.regret import LinkRegret
from ivrd.store import StoreDown

NOW = 1_000_000.0
RULES = Rules(most=0.4, pause_seconds=3600.0)


class History:
    """Calls that have ended; None: the store is down."""

    def __init__(self, calls: list[CompletedCall] | None) -> None:
        self.calls = calls

    async def ended_calls(self, since: float) -> AsyncIterator[list[CompletedCall]]:
        if self.calls is None:
            raise StoreDown("down")
        yield [call for call in self.calls if call.received_at >= since]


def deflected(n: int, at: float) -> Ended:
    call = Call(f"c{n}", at - 60, caller=f"p{n}", state=CallState.ENDED, ended_at=at)
    return Ended(call, Outcome.DEFLECTED, Stage.IVR)


def again(n: int, at: float) -> Call:
    return Call(f"d{n}", at, caller=f"p{n}")


def ended(call: Call) -> CompletedCall:
    done = replace(call, state=CallState.ENDED, ended_at=call.received_at + 5)
    assert done.by is AnsweredBy.NOBODY
    return completed_call(Ended(done, Outcome.ABANDONED, Stage.IVR))


async def leads(regret: LinkRegret) -> LinkRegret:
    """Once the calls before are read."""
    await regret.restore()
    assert regret._reading is not None
    await regret._reading
    return regret


def test_who_dials_again_regrets_it_and_the_log_says_when_it_is_withdrawn(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = NOW
    regret = asyncio.run(leads(LinkRegret(RULES, History([]), {}, lambda: now)))
    for n in range(LEAST):
        regret.notice(deflected(n, NOW))
    for n in range(LEAST // 2):
        for _ in range(3):  # each step of one call
            regret.moved(again(n, NOW + 10), None)
    assert regret.deflections.regretted == LEAST // 2
    regret.look()
    assert regret.offered()
    now = NOW + REDIAL_SECONDS + 1
    with caplog.at_level(logging.WARNING):
        regret.look()
        regret.look()
    assert not regret.offered()
    assert [r.getMessage() for r in caplog.records] == [
        "links are not offered any more: too many dial again"
    ]


def test_a_new_leader_knows_what_was_stored_also_when_the_store_comes_later() -> None:
    async def body() -> None:
        history = History(None)
        here: dict[str, Call] = {}
        regret = LinkRegret(RULES, history, here, lambda: NOW)
        before = NOW - REDIAL_SECONDS - 100
        calls = [completed_call(deflected(n, before)) for n in range(LEAST)]
        calls += [ended(again(n, before + 20)) for n in range(4)]
        here["d5"] = again(5, before + 30)  # of somebody who was sent one before
        await regret.restore()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert regret.deflections.share(NOW) is None
        history.calls = calls
        regret.write_again()
        for _ in range(4):
            await asyncio.sleep(0)
        assert regret.deflections.share(NOW) == 5 / LEAST
        assert regret.deflections.regretted == 0  # those that were seen here

    asyncio.run(body())


def persons(regret: LinkRegret) -> set[str]:
    """All of whom anything is kept."""
    seen = {one.person for one in (regret._seen or {}).values()}
    followed = {call.person for call in regret.deflections._calls}
    return (seen | followed | {*regret.deflections._last}) - {""}


def test_a_standby_keeps_nothing_and_whom_the_leader_erased_is_nowhere_once_it_leads() -> None:
    async def body() -> None:
        history, here = History([]), {}
        standby = LinkRegret(RULES, history, here, lambda: NOW)
        leader = await leads(LinkRegret(RULES, history, here, lambda: NOW))
        for n in range(3):
            for regret in (leader, standby):
                regret.moved(replace(deflected(n, NOW).call, state=CallState.MENU), None)
                regret.notice(deflected(n, NOW))
        assert (persons(leader), persons(standby)) == ({"p0", "p1", "p2"}, set())
        leader.erase("p1")
        assert persons(leader) == {"p0", "p2"}
        # In the store the erased one's call is that of a withheld number (people/stored_calls.py).
        calls = [completed_call(deflected(n, NOW)) for n in range(3)]
        history.calls = [replace(c, caller="") if c.caller == "p1" else c for c in calls]
        here["d2"] = again(2, NOW + 5)
        await leads(standby)
        assert persons(standby) == {"p0", "p2"}
        assert [call.regretted for call in standby.deflections._calls] == [False, False, True]
        standby.moved(again(0, NOW + 6), None)
        assert standby.deflections.regretted == 1

    asyncio.run(body())
