"""Partners are called out, and their answers count: seen from outside, over a fake Asterisk."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ivrd.api import server
from ivrd.config.call_out import CallOutSettings, Contact
from ivrd.config.outbox_settings import FileSettings, MessageSettings, OutboxSettings
from ivrd.config.outbox_template import Template
from ivrd.config.settings import Settings
from ivrd.core.call_out import CallOutPolicy
from ivrd.core.partner import PartnerState
from ivrd.outbox.webhook import signature
from tests.daemon import hotline
from tests.daemon.hotline import Hotline, live, until

CHANNEL, SECRET, FLOOR = "trial", "a-secret-of-the-bank", 6


@pytest.fixture(autouse=True)
def _called_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first partner is there day and night, is told at once, and some seats are wanted."""
    secret = tmp_path / "bank.secret"
    secret.touch(0o600)
    secret.write_text(SECRET)
    settings_for = hotline.settings_for

    def message(text: str) -> MessageSettings:
        return MessageSettings(CHANNEL, 60.0, {"th": Template(text)})

    def called_out(*given: Any) -> Settings:
        settings = settings_for(*given)
        first, *_others = settings.partners
        contact = Contact("A", "", 0.0, message("{people}"), message("over"), secret, "UNSET")
        return replace(
            settings,
            outbox=OutboxSettings(100, 86_400.0, {CHANNEL: FileSettings(tmp_path / "lines")}, {}),
            partners=(replace(first, state=PartnerState.ACTIVE),),
            partner_schedules={first.id: None},
            policy=replace(settings.policy, floor=FLOOR),
            call_outs=CallOutSettings(CallOutPolicy(sure_seconds=0.0), {first.id: contact}),
        )

    monkeypatch.setattr(hotline, "settings_for", called_out)


async def looks(at: Hotline) -> None:
    """What the daemon does each second."""
    await until(lambda: at.wiring.partners.call_outs.complete and at.wiring.outbox.outbox.complete)
    controller = at.wiring.partners.controller
    controller.runtime(at.partner).verified = "2026-11-22"  # else it has three seats
    controller.evaluate(at.wiring.timeline.now())
    await at.wiring.partners.call_out()
    await asyncio.gather(*at.wiring.partners.call_outs._telling)


async def messages(at: Hotline) -> list[Mapping[str, Any]]:
    return list((await at.ask("outbox"))["entries"])


async def shown(at: Hotline) -> Mapping[str, Any]:
    (row,) = (await at.ask("partners", partner=at.partner))["partners"]
    return dict(row)


async def answers(at: Hotline, body: str) -> int:
    """The partner answers over HTTP; the status."""
    app = server.public_app(
        at.wiring.scrape,
        lambda: "",
        lambda: "",
        at.wiring.partners.call_out_operations.answered,
        at.wiring.outbox.line_webhook.received,
    )
    runner, port = await server.listen(app, "127.0.0.1", 0)
    moment = int(time.time())
    headers = {"webhook-id": "m1", "webhook-timestamp": str(moment)}
    headers["webhook-signature"] = signature(SECRET, "m1", moment, body)
    url = f"http://127.0.0.1:{port}/partners/{at.partner}/pledge"
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=body, headers=headers) as response,
        ):
            return response.status
    finally:
        await runner.cleanup()


def test_a_partner_is_told_once_and_has_seats_for_those_who_are_there(tmp_path: Path) -> None:
    async def before(at: Hotline) -> None:
        await looks(at)
        (row,) = await messages(at)
        assert (row["use"], row["channel"]) == ("call_out", CHANNEL)
        told = (await shown(at))["called_out"]
        assert (told["step"], told["people"], told["message"]) == ("begin", 8, "waiting")
        assert at.series("ivrd_partner_called_out_people") == 8
        assert await answers(at, '{"people": 4}') == 200
        assert (await shown(at))["pledge"]["people"] == 4
        assert at.series("ivrd_partner_pledged_people") == 4
        found = [(one["who"], one["what"]) for one in (await at.ask("audit"))["entries"]]
        assert found == [("ivrd", "partner called out"), ("partner", "people pledged")]

    async def after(at: Hotline) -> None:
        await looks(at)
        assert len(await messages(at)) == 1
        row = await shown(at)
        assert (row["wanted"], row["pledged"]) == (4, 4)
        assert "it has 4 people today" in row["reason"]
        await at.do("pledge", partner=at.partner, people="0", who="malee")
        await looks(at)
        assert (await shown(at))["obstacle"] == "it has nobody today"
        await at.do("pledge", partner=at.partner, people="none")
        await looks(at)
        assert (await shown(at))["wanted"] == FLOOR

    live(tmp_path, before)
    live(tmp_path, after)


def test_a_standby_takes_no_answer(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        await looks(at)
        at.wiring.leadership.role = type(at.wiring.leadership.role).STANDBY
        assert await answers(at, '{"people": 4}') == 503
        assert await answers(at, '{"people": 4') == 503

    live(tmp_path, body)


def test_a_store_that_is_back_empty_has_it_again(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        await looks(at)
        await at.do("pledge", partner=at.partner, people="5")
        for kind in ("call_outs", "pledges"):
            at.wiring.write_behind.remove(kind, at.partner)
        at.wiring.failover._write_all()
        assert await at.wiring.write_behind.flush(10.0)
        for kind in ("call_outs", "pledges"):
            assert at.partner in await at.wiring.write_behind.load(kind)

    live(tmp_path, body)
