"""Agents in every state, and an ivrd that dies: begun anew, or taken over by another one."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.callers import Caller, Callers, Keys
from lab.ivrd import Ivrd
from tests.real.desks import (
    CODES,
    dials,
    operator_signs_in,
    phones,
    states,
    talks,
    with_agents,
)
from tests.real.pair_rig import two
from tests.real.rig import Watched

AGENTS = {f"a-{n}": f"base-0{n}" for n in range(1, 8)}
PROMISED_SECONDS = 3.0  # until states are as before, on a machine that is in time
LIMIT_SECONDS = 60.0
# Nobody rests who does not answer: who is rung and who is ready may change places meanwhile.
SETTINGS = {"wrap_up_seconds": 600, "missed_calls": 0}
EACH = [
    *("paused", "ready", "ringing", "signed_out", "talking", "unreachable", "wrap_up"),
]


@contextmanager
def agents_in_every_state(lab: Watched) -> Iterator[dict[str, str]]:
    """Seven agents at their phones, one in each state; of each the state."""
    ivrd, calling = lab.ivrd, list[Callers]()

    def call() -> None:
        """One more caller, who waits."""
        number = len(calling) + 1
        people = [Caller(number, "key 0", (Keys("0"),))]
        waiting = Callers(lab.sip, people, folder=lab.folder / f"caller{number}", rate=1.0)
        waiting.start()
        calling.append(waiting)

    with phones(lab, *AGENTS.values()) as desks:
        _nobody, has_talked, in_talk, pauses, is_gone, *_two = desks
        for agent, desk in (("a-2", has_talked), ("a-3", in_talk)):
            call()
            operator_signs_in(ivrd, agent)
            if desk is has_talked:
                talks(desk)
            else:
                desk.accept(desk.rung())
        for agent in ("a-4", "a-5", "a-6", "a-7"):
            operator_signs_in(ivrd, agent)
        dials(pauses, CODES["pause"])
        is_gone.stop()
        call()
        yield until_one_in_each(ivrd)
        for each in calling:
            each.stop()


def until_one_in_each(ivrd: Ivrd) -> dict[str, str]:
    """The agents' states as soon as there is one in each."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while True:
        found = {agent: state for agent, (state, _why) in states(ivrd).items()}
        if sorted(found.values()) == EACH:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def as_before(lab: Watched, ivrd: Ivrd, before: dict[str, str]) -> float:
    """Seconds until this ivrd, which leads since now, has all as before; nobody is signed out."""
    began = time.monotonic()
    found = until_one_in_each(ivrd)
    seconds = time.monotonic() - began
    assert found | {"a-6": "", "a-7": ""} == before | {"a-6": "", "a-7": ""}
    queues = lab.asterisk.cli("queue show other")
    assert queues.count("paused:agent: signed out") == 1
    assert states(ivrd)["a-4"] == ("paused", "by phone")
    return seconds


@pytest.mark.verify
@pytest.mark.lasts(60)
def test_kill_9_leaves_every_agent_as_before(hotline, tmp_path: Path) -> None:
    lab = hotline(agents=8, change=with_agents(tmp_path, AGENTS, **SETTINGS))
    with agents_in_every_state(lab) as before:
        lab.ivrd.kill()
        lab.ivrd.start()
        seconds = as_before(lab, lab.ivrd, before)
        print(f"as before {seconds:.2f} s after the start")
        assert seconds < lab.lag.stretched(PROMISED_SECONDS)


@pytest.mark.verify
@pytest.mark.lasts(75)
def test_a_takeover_leaves_every_agent_as_before(tmp_path: Path) -> None:
    lab = two(tmp_path / "pair", agents=8, change=with_agents(tmp_path, AGENTS, **SETTINGS))
    with lab, agents_in_every_state(lab) as before:
        lab.wait_for_standby()
        leader = lab.leader()
        other = lab.other(leader)
        leader.kill()
        lab.until("the other leads", lambda: other.is_leader)
        seconds = as_before(lab, other, before)
        print(f"as before {seconds:.2f} s after the takeover")
        assert seconds < lab.lag.stretched(PROMISED_SECONDS)
        assert lab.complaints() == []
