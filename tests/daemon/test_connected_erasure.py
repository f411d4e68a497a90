"""A person who has left something in every store is shown all of it, and is nowhere once erased."""

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ivrd.config.outbox_settings import FileSettings, MessageSettings, OutboxSettings
from ivrd.config.outbox_template import Template
from ivrd.config.settings import Settings
from ivrd.core.book_result import BookResult
from ivrd.core.commands import AtDeflected
from ivrd.core.inputs import TicketAnswer
from tests.daemon import hotline
from tests.daemon.hotline import Hotline, live, until
from tests.daemon.test_connected_callbacks import E164, NUMBER, at_any_hour, gone
from tests.daemon.test_connected_intake import CITIZEN, TICKET
from tests.daemon.test_connected_links import calls
from tests.daemon.test_connected_people import gives_up

USES = ("callback_booked", "intake", "intake_code", "link")
OTHER = "0899999999"
EVERYWHERE = {"people", "bookings", "outbox", "ended", "history"}


@pytest.fixture(autouse=True)
def undelivered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every message is configured, and none leaves: nothing here runs the sender."""
    text = {"th": Template("{hotline}")}
    messages = {use: MessageSettings("trial", 600.0, text) for use in USES}
    channels = {"trial": FileSettings(tmp_path / "never.jsonl")}
    settings_for = hotline.settings_for

    def with_outbox(*given: Any) -> Settings:
        outbox = OutboxSettings(100, 86_400.0, channels, messages)
        return replace(settings_for(*given), outbox=outbox)

    monkeypatch.setattr(hotline, "settings_for", with_outbox)


async def leaves_something_everywhere(at: Hotline) -> None:
    """Calls a partner takes, in which somebody registers, is sent a link, books, and gives up."""
    wiring = at.wiring
    wiring.people.numbers.recover_after_seconds = 0.0
    await until(lambda: wiring.outbox.outbox.complete and wiring.callbacks.bookings.complete)
    talks = await calls(at, NUMBER)
    at.emit("QueueCallerJoin", talks, Queue=at.queue)
    at.leg("Confirmed", talks)
    at.emit("AgentConnect", talks, Interface=f"Local/01@partner-{at.partner}/n")
    await gone(at, talks)
    registers = await calls(at, NUMBER)
    assert await wiring.intake.tickets.file(registers, TICKET) != TicketAnswer("")
    await gone(at, registers)
    deflected = await calls(at, NUMBER)
    wiring.tracker.ivr._notify(deflected, AtDeflected())  # as its conversation does
    await gone(at, deflected)
    at_any_hour(at)
    books = await calls(at, NUMBER)
    assert await wiring.callbacks.booker.book(books) is BookResult.BOOKED
    await gone(at, books)
    await gives_up(at, NUMBER)
    await gives_up(at, OTHER)
    assert await wiring.write_behind.flush(30.0)


def stored(folder: Path, hash_: str) -> set[str]:
    """The kinds of entries that have a person's hash."""
    db = sqlite3.connect(folder / "store.sqlite")
    rows = db.execute(
        "SELECT kind FROM entry WHERE instr(key, ?) OR instr(value, ?)", (hash_, hash_)
    )
    kinds = {kind for (kind,) in rows.fetchall()}
    db.close()
    return kinds


async def kept(at: Hotline) -> dict[str, Any]:
    """What `ivrd people export` has of the person beside the hash."""
    answer = await at.do("person", number=NUMBER)
    return {key: value for key, value in answer.items() if key != "hash" and value}


def test_who_has_left_something_in_every_store_is_shown_it_and_is_nowhere_once_erased(
    tmp_path: Path,
) -> None:
    hashes: dict[str, str] = {}

    async def body(at: Hotline) -> None:
        await leaves_something_everywhere(at)
        hasher = at.wiring.people.hasher
        hashes.update({number: hasher.hash_number(number) for number in (NUMBER, OTHER)})
        assert stored(tmp_path, hashes[NUMBER]) == EVERYWHERE
        shown = await kept(at)
        assert (shown["person"]["number"], len(shown["calls"])) == (NUMBER, 5)
        (talk,) = shown["at_partners"]
        assert talk["partner"] == at.partner
        (booking,) = shown["callbacks"]
        assert booking["number"] == E164
        told = {one["use"]: one["data"] for one in shown["messages"]}
        assert told.keys() == {"callback_booked", "intake", "intake_code"}
        assert told["intake"]["citizen_number"] == CITIZEN
        regret, repeats = at.wiring.links.regret, at.wiring.repeats.tracker
        assert hashes[NUMBER] in regret.deflections._last
        erased = await at.do("erase-person", number=NUMBER)
        assert erased == {"person": True, "entries": 6, "callbacks": 1, "messages": 3}
        assert hashes[NUMBER] not in regret.deflections._last
        assert hashes[NUMBER] not in {whose for whose, _at in repeats._ended.values()}
        assert not await kept(at)
        assert await at.wiring.write_behind.flush(30.0)

    live(tmp_path, body)
    assert stored(tmp_path, hashes[OTHER]) == {"people", "ended"}
    found = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert hashes[OTHER].encode() in found
    traces = [hashes[NUMBER], NUMBER, NUMBER[1:], CITIZEN]
    assert [trace for trace in traces if trace.encode() in found] == []


def test_after_a_restart_nobody_is_known_who_was_erased(tmp_path: Path) -> None:
    async def before(at: Hotline) -> None:
        await leaves_something_everywhere(at)
        await at.do("erase-person", number=NUMBER)

    async def after(at: Hotline) -> None:
        at.wiring.people.numbers.recover_after_seconds = 0.0
        people, bookings = at.wiring.people.registry, at.wiring.callbacks.bookings
        await until(lambda: people.complete and bookings.complete)
        await until(lambda: at.wiring.outbox.outbox.complete)
        assert [row["number"] for row in (await at.do("recover"))["people"]] == [OTHER]
        assert not await kept(at)

    live(tmp_path, before)
    live(tmp_path, after)
