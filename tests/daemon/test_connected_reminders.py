"""Calls to agents, and cards by message, reach who needs it: over a fake Asterisk."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from ivrd.agents.controller import NO_ANSWER
from ivrd.asterisk.dialplan_names import ATTEMPT, ATTEMPT_EVENT
from ivrd.config.outbox_settings import FileSettings, MessageSettings, OutboxSettings
from ivrd.config.outbox_template import Template
from ivrd.config.routes import Route
from ivrd.config.settings import AgentSettings
from ivrd.core import agent as a
from ivrd.core.reminder import Limits
from ivrd.core.seats import Pool, SeatStatus
from tests.asterisk.fake_sip import fake_sip
from tests.daemon.hotline import PATIENCE, Hotline, live, until
from tests.fixtures.agents import HASH

AGENTS = (AgentSettings("a-1", "Somchai", HASH, "base-01"),)
HOME = Pool("home", ("home.01",), ("other",), fixed=True)
SENDS = OutboxSettings(
    100,
    86_400.0,
    {"trial": FileSettings(Path("/dev/null"))},
    {"seat_card": MessageSettings("trial", 60.0, {"th": Template("{number} {id} {pin}")})},
)


async def paused(at: Hotline, port: int) -> None:
    """One who did not answer, and whose phone is there."""
    agents = at.wiring.agents
    agents.controller.configure(AGENTS, 600.0)
    await until(lambda: agents.controller.known and agents.reminders.complete)
    now = at.wiring.timeline.now()
    agents.controller.say("a-1", a.SignedIn(now - 60.0))
    agents.controller.say("a-1", a.Paused(now - 30.0, NO_ANSWER))
    limits = Limits(1, 1.0, 30, 1)
    agents.reminders.settings = replace(
        agents.reminders.settings, limits=limits, when_paused=True, port=port
    )
    at.wiring.queue_members.states["base-01"] = SeatStatus.PAUSED


async def called(at: Hotline) -> str:
    """The token of the call that Asterisk is asked to make."""
    at.wiring.agents.reminders.look()
    await until(lambda: wanted(at))
    return wanted(at)[0]


def wanted(at: Hotline) -> list[str]:
    told = [one for one in at.ami.named("Setvar") if one["Variable"].startswith(ATTEMPT)]
    return [
        one["Variable"].removeprefix(ATTEMPT)
        for one in told
        if one["Value"] == "agent|a-1|base-01|30|th"
    ]


def test_who_was_paused_is_called_once_over_a_restart_and_that_is_told(tmp_path: Path) -> None:
    async def before(at: Hotline) -> None:
        async with fake_sip() as asterisk:
            await paused(at, asterisk.port)
            token = await called(at)
            ended = {"UserEvent": ATTEMPT_EVENT, "State": "failed", "Detail": "BUSY"}
            at.emit("UserEvent", "1.1", Token=token, **ended)
            await until(lambda: at.series("ivrd_agent_reminders_total") == 1)
            (row,) = (await at.ask("agents"))["agents"]
            assert row["called"].endswith(": busy")
            await at.wiring.agents.reminders.settled()
        assert await at.wiring.write_behind.flush(30.0)

    async def after(at: Hotline) -> None:
        await paused_before(at)
        reminders = at.wiring.agents.reminders
        reminders.look()
        one = reminders.of("a-1")
        assert one is not None
        assert one.calls == 1
        assert wanted(at) == []

    async def paused_before(at: Hotline) -> None:
        agents = at.wiring.agents
        agents.controller.configure(AGENTS, 600.0)
        await until(lambda: agents.controller.known and agents.reminders.complete)
        settings = replace(agents.reminders.settings, limits=Limits(1, 1.0, 30, 1))
        agents.reminders.settings = replace(settings, when_paused=True)
        at.wiring.queue_members.states["base-01"] = SeatStatus.PAUSED

    live(tmp_path, before)
    live(tmp_path, after)


def test_who_is_invited_with_a_number_gets_the_card_and_where_to_be_called(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        agents = at.wiring.agents
        await until(lambda: agents.controller.known and at.wiring.outbox.outbox.complete)
        at.wiring.queue_members.configure((*at.wiring.queue_members.pools, HOME))
        at.wiring.outbox.outbox.configure(SENDS)
        agents.cards.configure(SENDS, "1330")
        person = {"list": "flood", "person": "Malee", "pin": HASH, "number": "0812345678"}
        answer = await at.do("invite", **person, card="271828")
        assert answer["sent"]
        (entry,) = at.wiring.outbox.outbox.backlog
        message = at.wiring.outbox.outbox.message(entry)
        assert message.text.endswith(f" {answer['id']} 271828")
        assert message.at == pytest.approx(time.time(), abs=PATIENCE)
        assert agents.controller.agents[answer["id"]].telephone == "+66812345678"
        await at.do("withdraw", list="flood")
        assert not [*at.wiring.outbox.outbox.backlog]

    live(tmp_path, body)


def test_a_number_is_dialled_through_the_carrier_if_there_is_one(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        agents = at.wiring.agents
        address = agents.reminders.address
        callback = replace(agents.settings.callback, national=True)
        nobody = replace(callback, trunk="")
        agents.settings = replace(agents.settings, callback=nobody)
        assert address("+66812345678") == ""
        agents.settings = replace(agents.settings, callback=callback)
        assert address("+66812345678") == "0812345678@callback-trunk"
        route = Route("callback-trunk-staff", ("mobile",), (), ("agents",), national=False)
        routed = replace(callback, routes=(route,))
        agents.settings = replace(agents.settings, callback=routed)
        assert address("+66812345678") == "+66812345678@callback-trunk-staff"
        agents.settings = replace(agents.settings, callback=callback)
        assert address("+661900123456") == ""
        by_key = replace(agents.settings, line_key_seconds=0)
        briefing = await agents.line.admit(AgentSettings("1001", "Malee", HASH, "home.01"))
        assert briefing.by_key
        agents.settings = by_key
        briefing = await agents.line.admit(AgentSettings("1001", "Malee", HASH, "home.01"))
        assert not briefing.by_key

    live(tmp_path, body)
