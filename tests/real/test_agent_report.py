"""What is reported of agents is what their phones counted, over takeovers."""

import json
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from lab.callers import Caller, Keys
from lab.pair import OneOfTwo
from tests.fixtures.agents import PIN, person
from tests.real.pair_rig import Two, settled, two
from tests.real.rig import WAIT
from tests.real.test_agents import IVRD

SEATS = {"a-1": "base-01", "a-2": "base-02"}
CALLERS = 24


def with_agents(name: str, settings: dict[str, Any]) -> None:
    if name == "agents.yaml":
        agents = {agent: person(seat) for agent, seat in SEATS.items()}
        settings.update(wrap_up_seconds=0, agents=agents)


def signs_in(leader: OneOfTwo, agent: str) -> None:
    words = [*IVRD, "agent", "in", agent, "--config", str(leader.config)]
    done = subprocess.run(words, input=f"{PIN}\n", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def talks_by_their_count(pair: Two) -> Counter[str]:
    return Counter(talk.seat for talk in pair.agents.ledger() if talk.talked is not None)


@pytest.mark.verify
@pytest.mark.lasts(60)
def test_each_agents_talks_are_counted_once_over_two_takeovers(tmp_path: Path) -> None:
    pair = two(tmp_path / "pair", agents=2, talk=2.0, ring=0.3, change=with_agents)
    pair.start()
    try:
        for agent in SEATS:
            pair.of_leader(lambda leader, agent=agent: signs_in(leader, agent))
        people = [Caller(n, "key 0", (Keys("0"),)) for n in range(1, CALLERS + 1)]
        calling = pair.calling(people, rate=1.0)
        for _ in range(2):
            pair.wait_for_standby()
            time.sleep(3.3)  # in the midst of talks
            leader = pair.leader()
            other = pair.other(leader)
            leader.kill()
            pair.until("the other leads", lambda o=other: o.is_leader)
            leader.start(ready=False)
        calling.wait(WAIT)
        day = pair.of_leader(settled)
        report = json.loads(pair.of_leader(lambda i: i.once("report", "agents", "--json")))
        talked = talks_by_their_count(pair)
        found = Counter({SEATS[row["agent"]]: row["talks"] for row in report["rows"]})
        assert found == talked
        assert (found.total(), report["unassigned_talks"]) == (CALLERS, 0), day
    finally:
        pair.stop()
    assert pair.complaints() == []
