"""A crisis plan reaches who needs it: seen from outside, over a fake Asterisk."""

import time
from pathlib import Path
from typing import Any

import pytest

from ivrd.api import server
from ivrd.core import menu
from ivrd.core.commands import Say
from tests.daemon.hotline import Hotline, live, until

PLAN = "flood"  # the shipped one


def heard(at: Hotline) -> tuple[str, ...]:
    """What a caller who comes now hears first."""
    _visit, commands = menu.enter(at.wiring.tracker.ivr.settings.conversation.tree)
    return tuple(prompt for of in commands if isinstance(of, Say) for _lang, prompt in of.prompts)


async def ready(at: Hotline) -> None:
    await until(lambda: at.wiring.queue_members.open is not None)
    at.wiring.partners.controller.evaluate(at.wiring.timeline.now())


async def on(at: Hotline) -> Any:
    return (await at.ask("plans"))["on"]


def test_a_plan_that_an_operator_starts_is_in_force_at_once_and_after_it_all_is_as_before(
    tmp_path: Path,
) -> None:
    async def body(at: Hotline) -> None:
        await ready(at)
        usual, policy = heard(at), at.wiring.partners.controller.setup.policy
        answer = await at.do("plan-start", plan=PLAN, minutes="5", who="malee")
        assert answer["ends_at"] == pytest.approx(time.time() + 300, abs=60)
        assert answer["note"] == ""
        assert heard(at)[0] == "flood"
        assert at.wiring.partners.controller.setup.policy.floor == 20
        assert at.wiring.queue_members.open == {"surge"}  # the fake Asterisk has no open seats
        assert at.series("ivrd_plan_active") == 1
        assert at.series("ivrd_plan_ends_timestamp_seconds") == answer["ends_at"]
        with pytest.raises(server.NotNow, match="the plan flood keeps surge open"):
            await at.do("seats", pool="surge", open="false")
        with pytest.raises(server.NotNow, match="the plan flood is on already"):
            await at.do("plan-start", plan=PLAN)
        await at.do("plan-end", who="somchai")
        assert (heard(at), at.wiring.partners.controller.setup.policy) == (usual, policy)
        assert at.wiring.queue_members.open == set()
        assert at.series("ivrd_plan_active") == 0
        assert at.series("ivrd_plan_starts_total") == at.series("ivrd_plan_ends_total") == 1
        with pytest.raises(server.NotNow, match="no plan is on"):
            await at.do("plan-end")
        entries = (await at.ask("audit"))["entries"]
        assert [(of["who"], of["what"], of["detail"]) for of in entries] == [
            ("malee", "plan started", PLAN),
            ("somchai", "plan ended", PLAN),
        ]

    live(tmp_path, body)


def test_it_goes_on_over_a_restart_and_ends_there(tmp_path: Path) -> None:
    async def before(at: Hotline) -> None:
        await ready(at)
        await at.do("plan-start", plan=PLAN)

    async def after(at: Hotline) -> None:
        await ready(at)
        assert (await on(at))["plan"] == PLAN
        assert heard(at)[0] == "flood"
        assert at.series("ivrd_plan_starts_total") == 0  # that was before
        at.wiring.plans.controller.look()
        assert "surge" in at.wiring.queue_members.open
        at.wiring.plans.controller.end("malee")
        assert "surge" not in at.wiring.queue_members.open

    async def ended(at: Hotline) -> None:
        await ready(at)
        assert await on(at) is None
        assert heard(at)[0] == "welcome"
        (run,) = (await at.ask("plan-report", plan=PLAN))["runs"]
        assert (run["why"], run["ended_by"]) == ("operator", "malee")

    for body in (before, after, ended):
        live(tmp_path, body)


def test_its_limits_are_in_force_over_a_reload_and_a_restart_and_told(tmp_path: Path) -> None:
    def limit(at: Hotline) -> int:
        return at.wiring.screening.limits.number.at_once

    async def before(at: Hotline) -> None:
        await ready(at)
        preview = await at.ask("plan-preview", plan=PLAN)
        assert preview["challenge"] == "10 at once or 15 a minute from one number"
        assert preview["challenge_without"] == "20 at once or 30 a minute from one number"
        assert limit(at) == 20
        await at.do("plan-start", plan=PLAN)
        assert limit(at) == 10
        await at.do("reload")
        assert limit(at) == 10

    async def after(at: Hotline) -> None:
        await ready(at)
        assert limit(at) == 10
        assert (await at.ask("status"))["plan"]["lower_limits"]
        await at.do("plan-end")
        assert limit(at) == 20
        assert (await at.ask("status"))["plan"] is None

    live(tmp_path, before)
    live(tmp_path, after)


def test_it_ends_at_its_time_though_no_ivrd_was_there(tmp_path: Path) -> None:
    async def before(at: Hotline) -> None:
        await ready(at)
        at.wiring.plans.controller.start(at.wiring.settings.plans[PLAN], "malee", 0.001)

    async def after(at: Hotline) -> None:
        await ready(at)
        at.wiring.plans.controller.look()
        assert await on(at) is None
        assert heard(at)[0] == "welcome"
        assert "surge" not in at.wiring.queue_members.open
        (run,) = (await at.ask("plan-report"))["runs"]
        assert run["why"] == "time"
        assert run["ended_at"] - run["started_at"] == pytest.approx(0.001, abs=0.0005)

    live(tmp_path, before)
    live(tmp_path, after)


def test_the_preview_says_what_callers_would_hear_and_which_seats_would_be_open(
    tmp_path: Path,
) -> None:
    async def body(at: Hotline) -> None:
        await ready(at)
        answer = await at.ask("plan-preview", plan=PLAN)
        assert [line["prompt"] for line in answer["heard"]][:2] == ["flood", "flood"]
        assert "1669" in answer["heard"][0]["text"]
        assert answer["heard_without"][0]["prompt"] == "welcome"
        assert (answer["seats"]["wanted"], answer["seats_without"]["wanted"]) == (20, 0)
        assert heard(at)[0] == "welcome"  # nothing has changed
        with pytest.raises(server.RequestRejected, match='unknown plan "flod"; did you mean flood'):
            await at.ask("plan-preview", plan="flod")
        with pytest.raises(server.RequestRejected, match="minutes: expected a whole number"):
            await at.do("plan-start", plan=PLAN, minutes="-1")

    live(tmp_path, body)


def test_the_report_has_the_calls_of_its_time_beside_those_before(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        await ready(at)
        await at.do("plan-start", plan=PLAN)
        await at.talk(at.call_id(), "Local/base-01@hotline-seats")
        (run,) = (await at.ask("plan-report"))["runs"]
        assert (run["why"], run["during"]["received"], run["before"]["received"]) == (None, 1, 0)
        assert run["during"]["outcomes"]["answered"] == 1
        assert run["during"]["abandoned"] == 0.0

    live(tmp_path, body)
