"""Agents who are called: at a shift's beginning to the line, and at the phone after a pause."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from lab.agents import Manner, in_turn, never_answers, refuses
from lab.called import CalledPeople
from lab.callers import Caller, Hear, Keys, Quiet, Wait
from lab.ports import free_port
from tests.fixtures.agents import PIN, person
from tests.real.conftest import Hotline
from tests.real.desks import operator_signs_in
from tests.real.line_rig import NUMBER
from tests.real.rig import WAIT

ZONE = ZoneInfo("Asia/Bangkok")
TELEPHONE = "+66812345001"
REMINDERS = {"calls": 3, "again_minutes": 0.1, "ring_seconds": 10}
LONG = 600.0
# The PIN, the drill, and then at work on the line until the hotline hangs up.
COMES = Manner(
    0.2, LONG, "inhouse", first=(Hear(), Keys(f"{PIN}#"), Hear(), Quiet(1.5), Keys("**"))
)
IS_READY = Manner(0.2, 2.0, "inhouse", first=(Hear(), Wait(0.5), Keys("1")))


def shift_now() -> str:
    """Hours that have begun a minute ago."""
    now = datetime.now(ZONE)
    return f"{now - timedelta(minutes=1):%H:%M}-{now + timedelta(hours=2):%H:%M}"


def state(lab: Hotline, agent: str) -> str:
    return str(json.loads(lab.ivrd.once("agent", "show", agent, "--json"))["state"])


def reminded(lab: Hotline, **labels: str) -> float:
    return lab.ivrd.scrape().total("ivrd_agent_reminders_total", **labels)


@pytest.mark.verify
@pytest.mark.lasts(25)
def test_whose_shift_begins_is_called_until_there_and_takes_a_caller(
    hotline: Callable[..., Hotline], tmp_path: Path
) -> None:
    with CalledPeople(tmp_path / "people", {TELEPHONE: in_turn(refuses(486), COMES)}) as people:

        def change(name: str, settings: dict[str, Any]) -> None:
            people.change(name, settings)
            if name == "ivrd.yaml":
                settings["lease_seconds"] = 40
            if name == "menus.yaml":
                settings["wait_seconds"] = 15
            if name == "hours.yaml":
                settings["hours"]["shift"] = {"days": {"mon-sun": [shift_now()]}}
            if name == "queues.yaml":
                settings["pools"]["base"]["open"] = False
                home = {"kind": "line", "seats": 1, "open": True, "queues": "all"}
                settings["pools"]["home"] = home
            if name == "agents.yaml":
                helper = person("home.01") | {"telephone": TELEPHONE, "shift": "shift"}
                settings.update(line_number=NUMBER, line_key_seconds=0, reminders=REMINDERS)
                settings["agents"] = {"h-1": helper}

        lab = hotline(agents=1, change=change)
        lab.until("is on the line", lambda _s: state(lab, "h-1") == "ready")
        assert reminded(lab, occasion="shift", result="busy") == 1
        lab.until("the call is known", lambda _s: reminded(lab, result="came") == 1)
        lab.calling([Caller(1, "key 0", (Keys("0"),))], rate=1.0)
        lab.until("they talk", lambda s: s["calls"]["talk"] == 1)
        assert lab.ivrd.status()["absent"] == []
        lab.ivrd.once("agent", "out", "h-1")
        assert "812345001" not in lab.ivrd.log_text()
        assert len(people.calls_to(TELEPHONE)) >= 1


@pytest.mark.verify
@pytest.mark.lasts(45)
def test_who_was_paused_for_not_answering_is_called_and_ready_by_a_key(
    hotline: Callable[..., Hotline],
) -> None:
    port = free_port()

    def change(name: str, settings: dict[str, Any]) -> None:
        if name == "ivrd.yaml":
            settings["callback"] = {"port": port}
            settings["overflow"] = {"expected_talk_seconds": 300}
        if name == "queues.yaml":
            settings["ring_seconds"] = 5
        if name == "agents.yaml":
            settings["agents"] = {"a-101": person("base-01")}
            settings.update(reminders={**REMINDERS, "when_paused": True}, wrap_up_seconds=0)

    lab = hotline(agents=1, talk=2.0, ring=0.3, change=change)
    lab.agents.behave("base-01", never_answers())
    operator_signs_in(lab.ivrd, "a-101")
    calling = lab.calling([Caller(1, "key 0", (Keys("0"),))], rate=1.0)
    lab.until("paused", lambda _s: state(lab, "a-101") == "paused")
    lab.agents.behave("base-01", IS_READY)
    lab.until("ready", lambda _s: reminded(lab, occasion="paused", result="came") == 1)
    calling.wait(WAIT)
    assert lab.settled().total("ivrd_calls_total", outcome="answered") == 1
