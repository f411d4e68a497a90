"""An agent who signs in, takes a call, wraps up and pauses, over a kill -9 of ivrd."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from lab.agents import Talk
from lab.callers import Caller, Keys
from tests.fixtures.agents import PIN, person
from tests.real.conftest import Hotline
from tests.real.rig import WAIT

IVRD = [sys.executable, "-m", "ivrd.cli"]
AGENT, SEAT = "a-101", "base-01"
TALK, WRAP_UP = 12.0, 12.0  # longer than a new ivrd takes to be there


def with_an_agent(wrap_up: float) -> Callable[[str, dict[str, Any]], None]:
    def change(name: str, settings: dict[str, Any]) -> None:
        if name == "agents.yaml":
            settings.update(wrap_up_seconds=wrap_up, agents={AGENT: person(SEAT)})

    return change


def callers(first: int, count: int) -> list[Caller]:
    return [Caller(n, "key 0", (Keys("0"),)) for n in range(first, first + count)]


def between(one: Talk, two: Talk) -> float:
    """Seconds from the end of a talk to the next ring."""
    assert one.talked is not None
    return two.rung_at - (one.rung_at + one.rang + one.talked)


def agent(lab: Hotline) -> dict[str, Any]:
    return dict(json.loads(lab.ivrd.once("agent", "show", AGENT, "--json")))


def sign_in(lab: Hotline, name: str = AGENT) -> None:
    done = subprocess.run(
        [*IVRD, "agent", "in", name, "--config", str(lab.ivrd.config)],
        input=f"{PIN}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def killed(lab: Hotline) -> None:
    lab.ivrd.kill()
    lab.ivrd.start()
    lab.until("ivrd is back", lambda s: s["asterisk"]["up"])


def paused_for(lab: Hotline, reason: str) -> bool:
    return f"paused:{reason}" in lab.asterisk.cli("queue show other")


@pytest.mark.lasts(20)
def test_an_agent_is_rung_when_ready_and_not_in_wrap_up_or_pause_also_after_a_kill(hotline) -> None:
    lab = hotline(agents=1, talk=1.0, ring=0.3, change=with_an_agent(5.0))
    sign_in(lab)
    calling = lab.calling(callers(1, 2), rate=4.0)  # the second waits when the talk ends
    lab.until("in wrap-up", lambda _s: paused_for(lab, "agent: wrap-up"))
    calling.wait(WAIT)
    lab.until("both talks are over", lambda _s: len(lab.agents.ledger()) == 2)
    one, two = lab.agents.ledger()
    assert between(one, two) >= 4.0  # app_queue alone leaves it alone for two
    lab.ivrd.once("agent", "pause", AGENT, "lunch")
    killed(lab)
    assert (agent(lab)["state"], agent(lab)["reason"]) == ("paused", "lunch")
    calling = lab.calling(callers(3, 1), rate=1.0, name="third")
    lab.until("one waits", lambda s: s["calls"]["queue"] == 1)
    assert len(lab.agents.ledger()) == 2
    lab.ivrd.once("agent", "resume", AGENT)
    (entry,) = calling.wait(WAIT).entries
    assert entry.person == "inhouse"
    lab.until("the last talk is over", lambda s: s["calls"]["talk"] == 0)
    (row,) = json.loads(lab.ivrd.once("report", "agents", "--json"))["rows"]
    assert (row["agent"], row["talks"]) == (AGENT, 3)
    assert row["pauses"]["lunch"]["times"] == 1
    assert 5.0 <= row["wrap_up_seconds"] <= 15.0
    assert lab.ivrd.scrape().total("ivrd_agent_seconds_total") > 0


@pytest.mark.verify
@pytest.mark.lasts(70)
def test_an_agents_day_over_a_kill_of_ivrd_in_every_state(hotline) -> None:
    lab = hotline(agents=1, talk=TALK, ring=0.3, change=with_an_agent(WRAP_UP))
    lab.until("nobody is there", lambda _s: paused_for(lab, "agent: signed out"))
    waiting = lab.calling(callers(1, 1), rate=1.0, name="first")
    lab.until("one waits", lambda s: s["calls"]["queue"] == 1)
    killed(lab)
    assert agent(lab)["state"] == "signed_out"
    assert not lab.agents.ledger()

    sign_in(lab)
    lab.until("the agent talks", lambda _s: agent(lab)["state"] == "talking")
    killed(lab)
    assert agent(lab)["state"] == "talking"
    second = lab.calling(callers(2, 1), rate=1.0, name="second")  # waits when the talk ends
    (entry,) = waiting.wait(WAIT).entries
    assert entry.person == "inhouse"
    lab.until("in wrap-up", lambda _s: paused_for(lab, "agent: wrap-up"))
    assert lab.ivrd.scrape().total("ivrd_agents", pool="base", state="wrap_up") == 1
    killed(lab)
    assert agent(lab)["state"] == "wrap_up"
    (entry,) = second.wait(WAIT).entries
    assert entry.person == "inhouse"
    lab.until("both talks are over", lambda _s: len(lab.agents.ledger()) == 2)
    one, two = lab.agents.ledger()
    assert between(one, two) >= WRAP_UP - 1.0

    lab.ivrd.once("agent", "pause", AGENT, "lunch")
    assert paused_for(lab, "agent: lunch")
    killed(lab)
    assert (agent(lab)["state"], agent(lab)["reason"]) == ("paused", "lunch")
    third = lab.calling(callers(3, 1), rate=1.0, name="third")
    lab.until("one waits", lambda s: s["calls"]["queue"] == 1)
    assert len(lab.agents.ledger()) == 2
    lab.ivrd.once("agent", "resume", AGENT)
    (entry,) = third.wait(WAIT).entries
    assert entry.person == "inhouse"
    lab.ivrd.once("agent", "out", AGENT)
    assert paused_for(lab, "agent: signed out")
    lab.until("the last talk is over", lambda s: s["calls"]["talk"] == 0)
    (row,) = json.loads(lab.ivrd.once("report", "agents", "--json"))["rows"]
    assert (row["talks"], row["pauses"]["lunch"]["times"]) == (3, 1)
    assert row["talk_seconds"] == pytest.approx(3 * TALK, abs=3.0)  # queue_log has whole seconds


@pytest.mark.lasts(5)
def test_a_seat_of_an_agent_keeps_its_pause_when_its_pool_closes_and_opens(hotline) -> None:
    lab = hotline(agents=2, change=with_an_agent(WRAP_UP))
    lab.until("nobody is there", lambda _s: paused_for(lab, "agent: signed out"))
    lab.ivrd.once("seats", "close", "base", "--yes")
    killed(lab)
    lab.until("it is closed", lambda s: not s["pools"][0]["open"])
    lab.ivrd.once("seats", "open", "base")
    assert paused_for(lab, "agent: signed out")
    rows = {row["seat"]: row for row in json.loads(lab.ivrd.once("seats", "list", "--json"))}
    assert rows[SEAT]["why"] == "agent: signed out"
    assert rows["base-02"]["why"] == ""  # nobody's seat
