"""LINE tells which messages have reached people: over HTTP, seen from outside."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ivrd.api import server
from ivrd.cli.outbox import entries_text, entry_text
from ivrd.config.outbox_settings import HttpSettings, LineSettings, MessageSettings, OutboxSettings
from ivrd.config.outbox_template import Template
from ivrd.config.settings import Settings
from ivrd.outbox.message import Message
from tests.daemon import hotline
from tests.daemon.hotline import Hotline, live, until
from tests.daemon.test_connected_outbox import sending
from tests.outbox.receiver import ReceiverThread, answer
from tests.outbox.test_line_events import DELIVERY, SECRET, signed, webhook_body

CHANNEL, USE = "account", "link"
TO = "+66812345678"
WAITING = 'ivrd_outbox_entries{channel="account",state="waiting"}'


@pytest.fixture(autouse=True)
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """LINE, on loopback; the configuration has an account there from the start."""
    for name in ("token", "channel"):
        path = tmp_path / name
        path.touch(0o600)
        path.write_text(SECRET)
    settings_for = hotline.settings_for
    with ReceiverThread(answer(200, b"{}")) as receiver:
        url = f"http://127.0.0.1:{receiver.port}"
        http = HttpSettings(url, tmp_path / "token", "NO_SUCH", None, 20.0, 4, 20.0)
        channels = {
            CHANNEL: LineSettings(http, tmp_path / "channel", "NONE_SUCH"),
            "silent": LineSettings(http),
        }
        message = MessageSettings(CHANNEL, 60.0, {"th": Template("x")})

        def with_line(*given: Any) -> Settings:
            outbox = OutboxSettings(100, 86_400.0, channels, {USE: message})
            return replace(settings_for(*given), outbox=outbox)

        monkeypatch.setattr(hotline, "settings_for", with_line)
        yield receiver


@asynccontextmanager
async def listening(at: Hotline) -> AsyncIterator[str]:
    parts = at.wiring
    answered, line_webhook = (
        parts.partners.call_out_operations.answered,
        parts.outbox.line_webhook.received,
    )
    app = server.public_app(parts.scrape, lambda: "", lambda: "", answered, line_webhook)
    runner, port = await server.listen(app, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{port}/line"
    finally:
        await runner.cleanup()


async def tells(url: str, body: str, signature: str, channel: str = CHANNEL) -> tuple[int, Any]:
    headers = {"X-Line-Signature": signature}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/{channel}/webhook", data=body, headers=headers) as response,
    ):
        return response.status, await response.json() if response.status == 200 else None


def posted(at: Hotline) -> None:
    at.wiring.outbox.outbox.post(Message(USE, TO, "text", time.time()), "a call", "person")


async def row(at: Hotline) -> Mapping[str, Any]:
    (found,) = at.wiring.outbox.backlog
    return dict((await at.ask("outbox", id=found.id))["entries"][0])


def reached(entry: Mapping[str, Any]) -> str:
    return webhook_body({**DELIVERY, "delivery": {"data": entry["id"]}})


def test_a_message_that_line_says_has_reached_its_user_is_shown_so_also_after_a_restart(
    tmp_path: Path, line: Any
) -> None:
    async def before(at: Hotline) -> None:
        await until(lambda: at.wiring.outbox.outbox.complete)
        posted(at)
        async with sending(at):
            await until(lambda: at.series("ivrd_outbox_attempts_total") == 1)
        entry = await row(at)
        assert (entry["state"], entry["reached_at"]) == ("delivered", None)
        assert line.requests[0].headers["x-line-delivery-tag"] == entry["id"]
        body = reached(entry)
        async with listening(at) as url:
            assert await tells(url, body, signed(body)) == (200, {"reached": 1})
            assert await tells(url, body, signed(body)) == (200, {"reached": 0})  # once more
        assert at.series("ivrd_outbox_reached_total") == 1
        assert at.series('ivrd_line_webhooks_total{channel="account",result="taken"}') == 2

    async def after(at: Hotline) -> None:
        await until(lambda: at.wiring.outbox.outbox.complete)
        entry = await row(at)
        assert abs(entry["reached_at"] - time.time()) < 600
        assert "its recipient has it" in entry_text(dict(entry))
        assert "reached" in entries_text([dict(entry)])

    live(tmp_path, before)
    live(tmp_path, after)


def test_one_that_has_reached_its_user_is_not_sent_again_though_its_answer_was_lost(
    tmp_path: Path, line: Any
) -> None:
    async def body_(at: Hotline) -> None:
        await until(lambda: at.wiring.outbox.outbox.complete)
        posted(at)
        entry = await row(at)
        assert entry["state"] == "waiting"
        body = reached(entry)
        async with listening(at) as url:
            assert await tells(url, body, signed(body)) == (200, {"reached": 1})
        async with sending(at):
            await until(lambda: at.series(WAITING) == 0)
        assert (await row(at))["state"] == "delivered"
        assert line.requests == []

    live(tmp_path, body_)


def test_what_line_has_not_signed_changes_nothing_and_is_counted(tmp_path: Path, line: Any) -> None:
    async def body_(at: Hotline) -> None:
        await until(lambda: at.wiring.outbox.outbox.complete)
        posted(at)
        entry = await row(at)
        body = reached(entry)
        async with listening(at) as url:
            for signature in ("", "x", signed(body, "another secret")):
                assert (await tells(url, body, signature))[0] == 401
            for channel in ("silent", "nobody", "crm"):
                assert (await tells(url, body, signed(body), channel))[0] == 401
            unknown = webhook_body({**DELIVERY, "delivery": {"data": "of somebody else"}})
            assert await tells(url, unknown, signed(unknown)) == (200, {"reached": 0})
            assert (await tells(url, "{", signed("{")))[0] == 400
            assert (await tells(url, "a" * 70_000, ""))[0] == 413
        assert (await row(at))["reached_at"] is None
        not_signed = 'ivrd_line_webhooks_total{channel="account",result="not_signed"}'
        assert at.series(not_signed) == 3
        assert at.series('ivrd_line_webhooks_total{channel="",result="not_signed"}') == 2
        assert at.series('ivrd_line_webhooks_total{channel="account",result="unreadable"}') == 1

    live(tmp_path, body_)
