"""A caller registers by keys: the ticket, the counts, a reload; over a fake AMI."""

import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ivrd.config.outbox_settings import FileSettings, MessageSettings, OutboxSettings
from ivrd.config.outbox_template import Template
from ivrd.config.settings import Settings
from ivrd.core.case_code import long_case_code
from ivrd.core.inputs import TicketAnswer
from ivrd.core.intake import Answers, AtIntake, FileTicket
from ivrd.core.menu_tree import ToIntake
from tests.daemon import hotline
from tests.daemon.hotline import Hotline, live, until
from tests.daemon.test_connected_callbacks import E164, NUMBER
from tests.daemon.test_connected_links import calls
from tests.daemon.test_connected_outbox import sending, written

CHANNEL, CITIZEN = "trial", "1000000123453"
TICKET = FileTicket("other", Answers((), CITIZEN, date(2022, 3, 3)), whole=True)


@pytest.fixture
def lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that gets the tickets; the configuration has it from the start, and a key."""
    path = tmp_path / "tickets.jsonl"
    text = {"th": Template("{hotline} {case}")}
    messages = {use: MessageSettings(CHANNEL, 60.0, text) for use in ("intake", "intake_code")}
    outbox = OutboxSettings(100, 86_400.0, {CHANNEL: FileSettings(path)}, messages)
    settings_for = hotline.settings_for

    def with_intake(*given: Any) -> Settings:
        settings = settings_for(*given)
        menu = settings.tree.menus["main"]
        keys = {**menu.keys, "6": ToIntake("other", "intake-offer")}
        menus = {**settings.tree.menus, "main": replace(menu, keys=keys)}
        return replace(settings, outbox=outbox, tree=replace(settings.tree, menus=menus))

    monkeypatch.setattr(hotline, "settings_for", with_intake)
    return path


def test_who_completes_has_a_ticket_and_the_code_and_is_counted(
    tmp_path: Path, lines: Path
) -> None:
    async def body(at: Hotline) -> None:
        call, tickets = await calls(at, NUMBER), at.wiring.intake.tickets
        await until(lambda: at.wiring.outbox.outbox.complete)
        assert tickets.offered(call)
        tickets.notify(call, AtIntake("consent"))
        code, before = long_case_code(call), time.time()
        async with sending(at):
            assert await tickets.file(call, TICKET) == TicketAnswer(code, by_text=True)
            await until(lambda: at.series("ivrd_outbox_attempts_total") == 2)
        ticket, text = written(lines)
        assert before <= ticket["at"] <= time.time()
        assert (ticket["to"], ticket["data"]["citizen_number"]) == (E164, CITIZEN)
        assert text["text"] == f"{at.wiring.settings.number} {code}"
        assert at.series("ivrd_intakes_started_total") == 1
        assert at.series("ivrd_intakes_completed_total") == 1
        other = await calls(at, NUMBER)
        tickets.notify(other, AtIntake("consent"))
        at.emit("Hangup", other)
        await until(lambda: at.series("ivrd_intakes_left_total") == 1)

    live(tmp_path, body)
    others = [path for path in tmp_path.rglob("*") if path.is_file() and path != lines]
    assert others
    assert not [path for path in others if CITIZEN.encode() in path.read_bytes()]


def test_who_waits_for_the_topic_is_offered_it_until_a_reload_takes_it(
    tmp_path: Path, lines: Path
) -> None:
    async def body(at: Hotline) -> None:
        call = await calls(at)
        waits = at.wiring.tracker.queue_menus.waits
        at.wiring.ledger.note(call, topic="other")
        at.emit("QueueCallerJoin", call, Queue=at.queue)
        await until(lambda: at.wiring.ledger.present.waiting(at.queue))
        at.emit("UserEvent", call, UserEvent="IvrdQueueMenu")
        await until(lambda: waits(call) is not None)
        found = waits(call)
        assert found is not None
        assert found.intake
        settings = at.wiring.settings
        at.wiring.intake.configure(replace(settings, outbox=replace(settings.outbox, messages={})))
        found = waits(call)
        assert found is not None
        assert not found.intake

    live(tmp_path, body)
