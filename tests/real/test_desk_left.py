"""An agent who leaves the desk without a word: what that costs the callers."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from lab.agents import answers, never_answers
from lab.callers import Caller, Keys
from tests.fixtures.agents import person
from tests.real.conftest import Hotline
from tests.real.desks import operator_signs_in
from tests.real.rig import WAIT

LEFT, AT_WORK = "a-101", "a-102"
SEATS = {LEFT: "base-01", AT_WORK: "base-02"}
RING_SECONDS = 5
TALK, CALLERS = 6.0, 12
MOST_RINGS = 2


def two_agents(name: str, settings: dict[str, Any]) -> None:
    """Talks are expected to be long, so that a seat that rests is tried again soon."""
    if name == "ivrd.yaml":
        settings["overflow"] = {"expected_talk_seconds": 300}
    if name == "queues.yaml":
        settings["ring_seconds"] = RING_SECONDS
    if name == "agents.yaml":
        people = {agent: person(seat) for agent, seat in SEATS.items()}
        settings.update(wrap_up_seconds=0, agents=people)


def rungs(lab: Hotline, seat: str) -> list[str]:
    """The numbers of the callers for whom the seat was rung, as its phone saw it."""
    return [talk.number for talk in lab.agents.ledger() if talk.seat == seat]


def shown(lab: Hotline) -> dict[str, Any]:
    """The one who has left, as the command shows it."""
    return dict(json.loads(lab.ivrd.once("agent", "show", LEFT, "--json")))


@pytest.mark.verify
@pytest.mark.lasts(110)
def test_who_leaves_the_desk_costs_callers_two_rings_at_most(
    hotline: Callable[..., Hotline],
) -> None:
    lab = hotline(agents=2, talk=TALK, ring=0.3, change=two_agents)
    lab.agents.behave(SEATS[LEFT], never_answers())
    for agent in SEATS:
        operator_signs_in(lab.ivrd, agent)
    people = [Caller(n, "key 0", (Keys("0"),)) for n in range(1, CALLERS + 1)]
    calling = lab.calling(people, rate=1.0)  # somebody waits nearly all the time
    lab.until("paused", lambda _s: shown(lab)["state"] == "paused")
    held = rungs(lab, SEATS[LEFT])
    ledger = calling.wait(180)
    assert len(held) <= MOST_RINGS
    assert rungs(lab, SEATS[LEFT]) == held  # and nobody afterwards, though callers waited
    assert [entry.person for entry in ledger.entries] == ["inhouse"] * CALLERS

    in_vain = [entry for entry in ledger.entries if entry.number in held]
    assert len(in_vain) == len({*held})  # those whom it cost a ring, and nobody else
    assert shown(lab)["reason"] == "no answer"
    assert f"{LEFT}: To be rung again" in lab.ivrd.once("agent", "list")
    assert lab.ivrd.status()["not_answering"] == [LEFT]

    lab.agents.behave(SEATS[LEFT], answers(0.3, 2.0))
    lab.ivrd.once("agent", "resume", LEFT)
    lab.ivrd.once("agent", "pause", AT_WORK, "lunch")
    calling = lab.calling([Caller(100, "key 0", (Keys("0"),))], rate=1.0, name="later")
    (entry,) = calling.wait(WAIT).entries
    assert entry.person == "inhouse"
    assert lab.ivrd.status()["not_answering"] == []
