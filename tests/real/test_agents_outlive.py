"""Agents in every state, and an ivrd that dies: begun anew, or taken over by another one."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lab.callers import Caller, Callers, Keys
from lab.ivrd import Ivrd
from lab.line import Volunteer
from lab.running import LabError
from tests.real.desks import (
    CODES,
    dials,
    operator_signs_in,
    phones,
    states,
    talks,
    with_agents,
)
from tests.real.line_rig import NUMBER, invited, on_the_line
from tests.real.pair_rig import two
from tests.real.rig import Watched

AGENTS = {f"a-{n}": f"base-0{n}" for n in range(1, 8)}
PROMISED_SECONDS = 3.0  # until states are as before, on a machine that is in time
LIMIT_SECONDS = 60.0
# Nobody rests who does not answer: who is rung and who is ready may change places meanwhile.
SETTINGS = {"wrap_up_seconds": 600, "missed_calls": 0, "line_number": NUMBER, "line_key_seconds": 0}
EACH = [
    *("paused", "ready", "ringing", "signed_out", "talking", "unreachable", "wrap_up"),
]
OF_THE_LINE, OF_THE_PHONES = "121", "0"  # keys that lead to whom


def with_both(folder: Path) -> Callable[[str, dict[str, Any]], None]:
    """Seven agents with phones, and two seats on the line that serve a queue of their own."""
    agents = with_agents(folder, AGENTS, **SETTINGS)

    def change(name: str, found: dict[str, Any]) -> None:
        agents(name, found)
        if name == "queues.yaml":
            line, pools = "vaccination", found["pools"]
            for pool in pools.values():
                pool["queues"] = [queue for queue in found["queues"] if queue != line]
            pools["home"] = {"kind": "line", "seats": 2, "open": True, "queues": [line]}

    return change


class Calling:
    """Callers who come one by one."""

    def __init__(self, lab: Watched) -> None:
        self._lab = lab
        self.all: list[Callers] = []

    def one(self, keys: str) -> Callers:
        """One more caller, who waits."""
        number = len(self.all) + 1
        folder = self._lab.folder / f"caller{number}"
        people = [Caller(number, f"keys {keys}", (Keys(keys),))]
        self.all.append(Callers(self._lab.sip, people, folder=folder, rate=1.0))
        self.all[-1].start()
        return self.all[-1]


@contextmanager
def agents_in_every_state(lab: Watched) -> Iterator[tuple[dict[str, str], Calling]]:
    """Agents at phones, one in each state, and one on the line who talks and one who waits.

    Of each the state, and those who call.
    """
    ivrd, calling = lab.ivrd, Calling(lab)
    cards = invited(lab, "Malee", "Suda")
    people = [Volunteer(n, *card, talk=600.0, hasty=True) for n, card in enumerate(cards, 1)]
    line = on_the_line(lab, people)
    until_on_the_line(ivrd, "ready", "ready")
    calling.one(OF_THE_LINE)
    until_on_the_line(ivrd, "ready", "talking")
    with phones(lab, *AGENTS.values()) as desks:
        _nobody, has_talked, in_talk, pauses, is_gone, *_two = desks
        for agent, desk in (("a-2", has_talked), ("a-3", in_talk)):
            calling.one(OF_THE_PHONES)
            operator_signs_in(ivrd, agent)
            if desk is has_talked:
                talks(desk)
            else:
                desk.accept(desk.rung())
        for agent in ("a-4", "a-5", "a-6", "a-7"):
            operator_signs_in(ivrd, agent)
        dials(pauses, CODES["pause"])
        is_gone.stop()
        calling.one(OF_THE_PHONES)
        yield until_one_in_each(ivrd), calling
        for each in (*calling.all, line):
            each.stop()


def found_in(ivrd: Ivrd) -> dict[str, str]:
    """What each is doing; nothing while a new leader has not read yet what is stored."""
    try:
        return {agent: state for agent, (state, _why) in states(ivrd).items()}
    except LabError as error:
        if "could not be read yet" not in str(error):
            raise
        return {}


def on_line(found: Mapping[str, str]) -> list[str]:
    """What those on the line are doing."""
    return sorted(state for agent, state in found.items() if agent not in AGENTS)


def until_on_the_line(ivrd: Ivrd, *wanted: str) -> None:
    """Wait until the two on the line are doing this."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while on_line(found := found_in(ivrd)) != [*wanted]:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def until_one_in_each(ivrd: Ivrd) -> dict[str, str]:
    """The agents' states as soon as there is one in each, and on the line as well."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while True:
        found = found_in(ivrd)
        at_phones = sorted(found[agent] for agent in AGENTS if agent in found)
        if at_phones == EACH and on_line(found) == ["ready", "talking"]:
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


def line_goes_on(ivrd: Ivrd, calling: Calling) -> None:
    """The talk on the line has gone on, and who waits there is given the next caller."""
    (entry,) = calling.all[0].ledger().entries
    assert entry.ended == "still calling"
    calling.one(OF_THE_LINE)
    until_on_the_line(ivrd, "talking", "talking")


@pytest.mark.verify
@pytest.mark.lasts(60)
def test_kill_9_leaves_every_agent_as_before(hotline, tmp_path: Path) -> None:
    lab = hotline(agents=8, change=with_both(tmp_path))
    with agents_in_every_state(lab) as (before, calling):
        lab.ivrd.kill()
        lab.ivrd.start()
        seconds = as_before(lab, lab.ivrd, before)
        print(f"as before {seconds:.2f} s after the start")
        assert seconds < lab.lag.stretched(PROMISED_SECONDS)
        line_goes_on(lab.ivrd, calling)


@pytest.mark.verify
@pytest.mark.lasts(75)
def test_a_takeover_leaves_every_agent_as_before(tmp_path: Path) -> None:
    lab = two(tmp_path / "pair", agents=8, change=with_both(tmp_path))
    with lab, agents_in_every_state(lab) as (before, calling):
        lab.wait_for_standby()
        leader = lab.leader()
        other = lab.other(leader)
        leader.kill()
        lab.until("the other leads", lambda: other.is_leader)
        seconds = as_before(lab, other, before)
        print(f"as before {seconds:.2f} s after the takeover")
        assert seconds < lab.lag.stretched(PROMISED_SECONDS)
        line_goes_on(other, calling)
        assert lab.complaints() == []
