"""What leaves for other systems reaches who needs it: seen from outside, over a fake Asterisk."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ivrd.api import server
from ivrd.config.outbox_settings import FileSettings, MessageSettings, OutboxSettings
from ivrd.config.outbox_template import Template
from ivrd.config.settings import Settings
from ivrd.outbox import sender
from tests.daemon import hotline
from tests.daemon.hotline import PATIENCE, Hotline, live, until
from tests.daemon.test_connected_callbacks import E164, NUMBER, books

USE, CHANNEL = "callback_booked", "trial"


@pytest.fixture
def lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that gets the messages; the configuration has it from the start."""
    path = tmp_path / "outbox.jsonl"
    text = {"th": Template("{hotline}: ได้"), "en": Template("{hotline}: yes")}
    settings_for = hotline.settings_for

    def with_outbox(*given: Any) -> Settings:
        message = MessageSettings(CHANNEL, 60.0, text)
        outbox = OutboxSettings(100, 86_400.0, {CHANNEL: FileSettings(path)}, {USE: message})
        return replace(settings_for(*given), outbox=outbox)

    monkeypatch.setattr(hotline, "settings_for", with_outbox)
    return path


@asynccontextmanager
async def sending(at: Hotline) -> AsyncIterator[None]:
    task = asyncio.create_task(at.wiring.outbox.sender.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def written(path: Path) -> list[Mapping[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


async def listed(at: Hotline, state: str) -> list[Mapping[str, Any]]:
    return list((await at.ask("outbox", state=state))["entries"])


def test_what_is_to_be_sent_does_not_wait_for_the_next_look(
    tmp_path: Path, lines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "LOOK_SECONDS", 10 * PATIENCE)

    async def body(at: Hotline) -> None:
        await until(lambda: at.wiring.outbox.outbox.complete)
        async with sending(at):
            await books(at)
            await until(lambda: lines.exists() and written(lines))

    live(tmp_path, body)


def test_who_books_has_it_in_writing_once_also_over_a_restart(tmp_path: Path, lines: Path) -> None:
    async def before(at: Hotline) -> None:
        booking = await books(at)
        (row,) = await listed(at, "waiting")
        assert (row["recipient"], row["use"]) == (booking.person, USE)
        assert at.series("ivrd_outbox_entries") == 1
        async with sending(at):
            await until(lambda: at.series("ivrd_outbox_attempts_total") == 1)
        await until(lambda: at.series("ivrd_outbox_entries") == 0)
        (line,) = written(lines)
        assert (line["to"], line["key"]) == (E164, row["id"])
        assert line["text"] == f"{at.wiring.settings.number}: ได้"
        (told,) = (await at.do("person", number=NUMBER))["messages"]
        assert (told["use"], told["state"], told["text"]) == (USE, "delivered", "")

    async def after(at: Hotline) -> None:
        await until(lambda: at.wiring.outbox.outbox.complete)
        at.wiring.outbox.messages.reconcile()  # the booking is news, and known to be told
        (row,) = await listed(at, "delivered")
        assert await listed(at, "waiting") == []
        assert row["id"] == written(lines)[0]["key"]
        assert (await at.do("erase-person", number=NUMBER))["messages"] == 1
        assert await listed(at, "delivered") == []

    live(tmp_path, before)
    live(tmp_path, after)


def test_who_died_before_it_was_put_in_is_followed_by_one_that_does(
    tmp_path: Path, lines: Path
) -> None:
    async def before(at: Hotline) -> None:
        await books(at)
        (row,) = await listed(at, "waiting")
        at.wiring.outbox.outbox.erase({row["recipient"]})  # as if it had never got so far

    async def after(at: Hotline) -> None:
        await until(lambda: at.wiring.callbacks.bookings.complete)
        assert await listed(at, "waiting") == []
        at.wiring.outbox.messages.reconcile()
        assert len(await listed(at, "waiting")) == 1

    live(tmp_path, before)
    live(tmp_path, after)
    assert not lines.exists()


def test_a_dead_letter_is_sent_again_and_who_did_it_is_in_the_audit_log(
    tmp_path: Path, lines: Path
) -> None:
    lines.mkdir()  # a folder cannot be written into

    async def body(at: Hotline) -> None:
        await books(at)
        (row,) = await listed(at, "waiting")
        async with sending(at):
            await until(lambda: at.wiring.outbox.health.get(CHANNEL, None) is not None)
            assert at.series("ivrd_outbox_channel_up") == 0
            (row,) = await listed(at, "waiting")
            assert "cannot be written" in row["why"]
        os.rmdir(lines)
        at.wiring.outbox.sender.health.clear()
        await at.do("outbox-retry", id=row["id"], who="malee")
        async with sending(at):
            await until(lambda: at.series("ivrd_outbox_entries") == 0)
        entries = (await at.ask("audit"))["entries"]
        assert [entry["what"] for entry in entries] == ["message sent again"]
        with pytest.raises(server.NotNow, match="is delivered"):
            await at.do("outbox-drop", id=row["id"])

    live(tmp_path, body)
