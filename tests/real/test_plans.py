"""A crisis plan, started by load and by hand, over kills and a takeover: real Asterisk."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ivrd.cli.client import Client
from lab.callers import Caller, HangUp, Keys, Wait
from lab.ivrd import Ivrd
from tests.real.pair_rig import two
from tests.real.rig import WAIT, Hotline

PLAN = "flood"
INTO_QUEUE = (Keys("0"),)
# In the usual first menu 1 is Thai, and another menu; in that of the plan it is a topic.
ONE = (Keys("1"), Wait(60))


def with_plan(**plan: Any) -> Callable[[str, dict[str, Any]], None]:
    """Nobody is answered as long as no pool is open; the plan opens one."""

    def change(name: str, settings: dict[str, Any]) -> None:
        if name == "queues.yaml":
            settings["pools"]["base"]["open"] = False
            settings["pools"]["surge"]["seats"] = 2
        if name == "plans.yaml":
            of = {"ends_after_minutes": 60, "message": ["welcome"], "menu": "vaccination"}
            settings["plans"] = {PLAN: {**of, **plan}}

    return change


def on(ivrd: Ivrd) -> Any:
    """The plan that is on."""
    return ivrd.get("plans")["on"]


def until(what: str, true: Callable[[], Any], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)  # nothing tells when a plan ends


def answered(ivrd: Ivrd) -> int:
    """Calls that came while the plan was on, and were answered."""
    (run,) = ivrd.get("plan-report")["runs"]
    return int(run["during"]["outcomes"]["answered"])


def surge_open(status: Any) -> bool:
    return any(pool["name"] == "surge" and pool["open"] for pool in status["pools"])


@pytest.mark.lasts(25)
def test_load_starts_a_plan_once_and_ends_it_once(hotline: Any) -> None:
    """Four wait where nobody answers; the plan opens seats, they are answered, and it ends."""
    load = {"waiting": 4, "for_seconds": 1, "until_waiting": 0, "until_for_seconds": 3}
    lab = hotline(
        agents=1, talk=1.0, ring=0.2, change=with_plan(pools=["surge"], start_on_load=load)
    )
    people = [Caller(n, "waits", INTO_QUEUE) for n in range(1, 5)]
    calling = lab.calling(people, rate=4.0)
    ledger = calling.wait(WAIT)
    until("the plan is over", lambda: lab.ivrd.get("plan-report")["runs"][-1:] and not on(lab.ivrd))
    (run,) = lab.ivrd.get("plan-report")["runs"]
    assert (run["plan"], run["by_load"], run["why"]) == (PLAN, True, "load")
    assert ledger.outcomes() == {"answered": 4}
    scrape = lab.settled()
    assert scrape.total("ivrd_plan_starts_total") == scrape.total("ivrd_plan_ends_total") == 1
    assert scrape.total("ivrd_plan_active") == 0
    lab.until("its seats are closed again", lambda status: not surge_open(status))
    assert scrape.total("ivrd_calls_received_total") == 4


@pytest.mark.verify
@pytest.mark.lasts(60)
def test_a_load_that_comes_and_goes_starts_a_plan_once_and_ends_it_once(hotline: Any) -> None:
    """Three times four wait, which starts it, and then nobody, which is to end it after a while."""
    load = {"waiting": 4, "for_seconds": 1, "until_waiting": 0, "until_for_seconds": 15}
    change = with_plan(pools=["surge"], start_on_load=load)
    lab: Hotline = hotline(agents=1, talk=1.0, ring=0.2, change=change)
    for wave in range(3):
        people = [Caller(10 * wave + n, "waits", INTO_QUEUE) for n in range(1, 5)]
        ledger = lab.calling(people, rate=8.0, name=f"wave{wave}").wait(WAIT)
        assert ledger.outcomes() == {"answered": 4}
        assert on(lab.ivrd)["plan"] == PLAN
        starts = lab.ivrd.scrape().total("ivrd_plan_starts_total")
        assert starts == 1, "it goes on"
    until("the plan is over", lambda: not on(lab.ivrd))
    (run,) = lab.ivrd.get("plan-report")["runs"]
    assert (run["by_load"], run["why"]) == (True, "load")
    scrape = lab.settled()
    assert scrape.total("ivrd_plan_starts_total") == scrape.total("ivrd_plan_ends_total") == 1


@pytest.mark.verify
@pytest.mark.lasts(90)
def test_a_plan_survives_a_kill_and_ends_on_time_though_ivrd_was_away(hotline: Any) -> None:
    lab: Hotline = hotline(agents=1, talk=1.0, ring=0.2, change=with_plan(pools=["surge"]))
    Client(lab.ivrd.control).post("plan-start", plan=PLAN, minutes="1")
    ends_at = on(lab.ivrd)["ends_at"]
    lab.until("its seats are open", surge_open)
    lab.ivrd.kill()
    lab.ivrd.start()
    lab.until("Asterisk has reported", lambda status: status["asterisk"]["up"])
    assert on(lab.ivrd)["ends_at"] == ends_at
    assert on(lab.ivrd)["by"]
    # Who comes now is in the plan's menu: one key, and a person.
    ledger = lab.calling([Caller(1, "one key", ONE)], rate=1.0).wait(WAIT)
    assert ledger.outcomes() == {"answered": 1}
    lab.ivrd.kill()
    time.sleep(max(0.0, ends_at - time.time()) + 1.0)  # the plan's time is over, and nobody there
    lab.ivrd.start()
    until("it has ended", lambda: on(lab.ivrd) is None)
    lab.until("its seats are closed again", lambda status: not surge_open(status))
    (run,) = lab.ivrd.get("plan-report")["runs"]
    assert (run["why"], round(run["ended_at"] - ends_at)) == ("time", 0)
    until("its caller is in the report", lambda: answered(lab.ivrd) == 1)  # or is reconciled first
    # One key is Thai again, and the main menu.
    people = [Caller(2, "one key", (Keys("1"), Wait(3), HangUp()))]
    ledger = lab.calling(people, rate=1.0, name="after").wait(WAIT)
    assert ledger.outcomes() == {"abandoned": 1}
    assert lab.settled().total("ivrd_calls_total", outcome="abandoned", stage="ivr") == 1


@pytest.mark.verify
@pytest.mark.lasts(40)
def test_a_plan_goes_on_over_a_takeover(tmp_path: Path) -> None:
    change = with_plan(pools=["surge"])
    pair = two(tmp_path / "pair", agents=1, talk=1.0, ring=0.2, change=change)
    pair.start()
    try:
        pair.wait_for_standby()
        pair.of_leader(lambda of: of.once("plan", "start", PLAN))
        run = pair.of_leader(on)
        pair.leader().kill()
        assert pair.of_leader(on, seconds=WAIT) == run
        ledger = pair.calling([Caller(1, "one key", ONE)], rate=1.0).wait(WAIT)
        assert ledger.outcomes() == {"answered": 1}
        pair.of_leader(lambda of: of.once("plan", "end"))
        pair.until("closed", lambda: not pair.of_leader(lambda of: surge_open(of.status())))
    finally:
        pair.stop()
    assert pair.complaints() == []
