"""A caller is sent a link, and who dials again is known: seen from outside, over a fake AMI."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ivrd.config.outbox_settings import FileSettings, MessageSettings, OutboxSettings
from ivrd.config.outbox_template import Template
from ivrd.config.settings import Settings
from ivrd.core.commands import AtDeflected
from ivrd.core.outbox import ChannelHealth
from tests.daemon import hotline
from tests.daemon.hotline import Hotline, live, until
from tests.daemon.test_connected_callbacks import E164, NUMBER
from tests.daemon.test_connected_outbox import sending, written

CHANNEL = "trial"


@pytest.fixture
def lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that gets the links; the configuration has it from the start."""
    path = tmp_path / "links.jsonl"
    message = MessageSettings(CHANNEL, 60.0, {"th": Template("{hotline}: ลิงก์")})
    outbox = OutboxSettings(100, 86_400.0, {CHANNEL: FileSettings(path)}, {"link": message})
    settings_for = hotline.settings_for

    def with_links(*given: Any) -> Settings:
        return replace(settings_for(*given), outbox=outbox)

    monkeypatch.setattr(hotline, "settings_for", with_links)
    return path


async def calls(at: Hotline, number: str = NUMBER) -> str:
    call = at.call_id()
    at.arrive(call, number)
    await until(lambda: call in at.wiring.ledger.calls)
    return call


def test_who_asks_is_sent_it_and_who_dials_again_is_counted_also_after_a_restart(
    tmp_path: Path, lines: Path
) -> None:
    async def before(at: Hotline) -> None:
        call, links = await calls(at), at.wiring.links
        tracker = at.wiring.tracker
        await until(lambda: at.wiring.outbox.outbox.complete)
        assert links.sender.offered(call)
        before = time.time()
        async with sending(at):
            assert await links.sender.send(call, "other")
        (line,) = written(lines)
        assert before <= line["at"] <= time.time()
        assert (line["to"], line["text"]) == (E164, f"{at.wiring.settings.number}: ลิงก์")
        assert at.series("ivrd_links_asked_total") == 1
        assert at.series("ivrd_links_offered") == 1
        tracker.ivr._notify(call, AtDeflected())  # as its conversation does
        at.emit("Hangup", call)
        await until(lambda: call not in at.wiring.ledger.calls)
        again = await calls(at)
        await until(lambda: at.series("ivrd_deflections_redialled_total") == 1)
        at.emit("Hangup", again)
        await until(lambda: again not in at.wiring.ledger.calls)
        await at.wiring.write_behind.flush(5.0)

    async def after(at: Hotline) -> None:
        def known() -> bool:
            return bool(at.wiring.links.regret.deflections._calls)

        await until(known)
        (deflected,) = at.wiring.links.regret.deflections._calls
        assert deflected.regretted

    live(tmp_path, before)
    live(tmp_path, after)


def test_while_the_channel_rests_or_many_use_the_number_it_is_not_offered(
    tmp_path: Path, lines: Path
) -> None:
    async def body(at: Hotline) -> None:
        call, sender = await calls(at), at.wiring.links.sender
        waits = at.wiring.tracker.queue_menus.waits
        assert sender.offered(call)
        at.wiring.outbox.sender.health[CHANNEL] = ChannelHealth(1, 1, 1e12)
        assert not sender.offered(call)
        at.wiring.outbox.sender.health.clear()
        at.emit("QueueCallerJoin", call, Queue=at.queue)
        await until(lambda: at.wiring.ledger.present.waiting(at.queue))
        at.emit("UserEvent", call, UserEvent="IvrdQueueMenu")
        await until(lambda: waits(call) is not None)
        found = waits(call)
        assert found is not None
        assert found.link
        others = [await calls(at) for _ in range(9)]
        assert not any(map(sender.offered, (call, *others)))

    live(tmp_path, body)
    assert not lines.exists()
