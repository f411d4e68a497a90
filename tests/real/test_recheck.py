"""A seat that becomes free rings at once, also while those who wait hear their position."""

from typing import Any

import pytest

from lab.ami_events import AmiEvents
from lab.callers import Caller, Keys
from tests.real.rig import WAIT

WAITING = 2
LOOK_SECONDS = 1.0  # a caller who hears nothing looks so often by himself; a position takes 4 s


def two_more_seats(name: str, settings: dict[str, Any]) -> None:
    if name == "queues.yaml":
        settings["pools"]["surge"]["seats"] = WAITING


def moments(events: list[dict[str, str]]) -> list[float]:
    return sorted(float(event["timestamp"]) for event in events)


@pytest.mark.lasts(17, waiting=True)
def test_who_hears_the_position_is_rung_for_when_a_seat_opens(hotline) -> None:
    lab = hotline(agents=1, talk=12.0, ring=0.3, change=two_more_seats)
    events = AmiEvents(lab.ami_port, lab.ami_secret)
    people = [Caller(n, "key 0", (Keys("0"),)) for n in range(1, WAITING + 2)]
    calling = lab.calling(people[:1], rate=1.0, name="first")
    events.named("AgentConnect")
    waiting = lab.calling(people[1:], rate=10.0, name="waiting")
    events.named("QueueCallerJoin", count=1 + WAITING)
    lab.ivrd.once("seats", "open", "surge")
    added = events.wait(
        "both seats are there",
        lambda e: e.get("event") == "QueueMemberAdded" and e["queue"] == "other",
        count=WAITING,
    )
    rung = events.named("AgentCalled", count=1 + WAITING)[1:]
    waits = [at - since for since, at in zip(moments(added), moments(rung), strict=True)]
    assert max(waits) < lab.lag.stretched(LOOK_SECONDS)
    for run in (calling, waiting):
        assert set(run.wait(WAIT).outcomes()) == {"answered"}
    assert lab.settled().ended("answered") == len(people)
