"""What who has asked to be called back is told in writing, and who is told nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ivrd.callbacks.messages import NEWS_SECONDS, CallbackMessages
from ivrd.config.outbox_settings import (
    ChannelSettings,
    FileSettings,
    HttpSettings,
    LineSettings,
    MessageSettings,
    OutboxSettings,
)
from ivrd.config.outbox_template import Template
from ivrd.core import booking as b
from ivrd.core.book_result import BookResult
from ivrd.core.booking import AttemptResult, Booking, BookingOrigin
from ivrd.outbox.message import Message
from tests.callbacks.rig import CALLBACK, E164, NOW, Rig

FILE = FileSettings(Path("/nowhere"))
LINE = LineSettings(HttpSettings("https://api.line.me", None, "", None, 10, 4, 20.0))
TEXTS = {
    "callback_booked": "{hotline}: booked",
    "callback_not_reached": "{hotline}: after {next}",
    "callback_given_up": "{hotline}: over",
}
LANDLINE = "+6621234567"


def settings(channel: ChannelSettings = FILE, uses: Mapping[str, str] = TEXTS) -> OutboxSettings:
    messages = {
        use: MessageSettings("it", 60.0, {"th": Template(f"ก {text}"), "en": Template(text)})
        for use, text in uses.items()
    }
    return OutboxSettings(100, 60.0, {"it": channel}, messages)


class Outgoing:
    """What is put in, each about the same once."""

    def __init__(self) -> None:
        self.complete = True
        self.put: dict[tuple[str, str], Message] = {}

    def post(self, message: Message, about: str, recipient: str) -> None:
        assert recipient
        self.put.setdefault((message.use, about), message)

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.put.values()]


def run(
    body: Callable[[Rig, CallbackMessages, Outgoing], Awaitable[None]],
    of: OutboxSettings | None = None,
) -> None:
    async def inside() -> None:
        rig = await Rig().start()
        outgoing = Outgoing()
        messages = CallbackMessages(
            of or settings(),
            "1330",
            ZoneInfo("Asia/Bangkok"),
            rig.repository,
            outgoing,
            rig.vault,
            lambda: rig.now,
            lambda: 3600.0,
        )
        try:
            await body(rig, messages, outgoing)
        finally:
            rig.die()

    asyncio.run(inside())


def booking(rig: Rig, *results: AttemptResult, number: str = E164) -> Booking:
    """One that was tried so, and is in the repository."""
    sealed = rig.vault.seal(number)
    one = Booking("b" * 16, "#person", "", sealed, "q", "t", "en", NOW, NOW)
    for result in results:
        one = b.step(one, b.Dialled(NOW), CALLBACK.retries)
        one = b.step(one, b.AttemptEnded(NOW + 30.0, result), CALLBACK.retries)
    rig.repository.put(one)
    return one


def test_who_books_is_told_so_once_it_is_stored() -> None:
    async def body() -> None:
        rig = await Rig().start()
        assert await rig.booker.book(rig.calls().id) is BookResult.BOOKED
        assert [one.id for one in rig.messages.booked_ones] == [rig.only().id]
        rig.shelf.down = True
        assert await rig.booker.book(rig.calls("c2", "0898765432").id) is BookResult.NOT_STORED
        assert len(rig.messages.booked_ones) == 1
        rig.die()

    asyncio.run(body())


def test_an_attempt_that_ended_is_told_of() -> None:
    async def body() -> None:
        rig = await Rig().start()
        await rig.booker.book(rig.calls().id)
        await rig.dialler.begin(rig.only())
        rig.report("no_key", "")
        (one,) = rig.messages.ended
        assert one.attempts[-1].result is AttemptResult.NO_KEY
        rig.die()

    asyncio.run(body())


def test_the_words_the_number_and_the_language() -> None:
    async def body(rig: Rig, messages: CallbackMessages, outgoing: Outgoing) -> None:
        messages.booked(booking(rig))
        messages.booked(replace(booking(rig), id="other", language="th"))
        messages.booked(replace(booking(rig), id="third", language="xx"))
        assert outgoing.texts == ["1330: booked", "ก 1330: booked", "ก 1330: booked"]
        (first, *_) = outgoing.put.values()
        assert (first.to, first.at) == (E164, NOW + 3600.0)
        assert first.data["booking"] == "b" * 16

    run(body)


@pytest.mark.parametrize("result", AttemptResult)
def test_only_who_was_not_reached_is_told_so_with_when_it_is_tried_again(
    result: AttemptResult,
) -> None:
    async def body(rig: Rig, messages: CallbackMessages, outgoing: Outgoing) -> None:
        messages.attempt_ended(booking(rig, result))
        missed = {"busy", "no_answer", "no_key", "unreachable"}
        # 300 s after the attempt's end, an hour ahead of the timeline, in Bangkok
        assert outgoing.texts == (["1330: after 09:53"] if result in missed else [])

    run(body)


def test_who_was_tried_as_often_as_may_be_is_told_that_it_is_over() -> None:
    async def body(rig: Rig, messages: CallbackMessages, outgoing: Outgoing) -> None:
        messages.attempt_ended(booking(rig, *[AttemptResult.NO_ANSWER] * 3))
        assert outgoing.texts == ["1330: over"]

    run(body)


def test_who_has_not_asked_for_a_call_is_written_nothing() -> None:
    async def body(rig: Rig, messages: CallbackMessages, outgoing: Outgoing) -> None:
        lost = replace(booking(rig, AttemptResult.BUSY), origin=BookingOrigin.LOST)
        messages.booked(lost)
        messages.attempt_ended(lost)
        messages.booked(replace(booking(rig), number=""))
        rig.vault.lost = True
        messages.booked(booking(rig))
        assert outgoing.put == {}

    run(body)


def test_a_fault_of_the_messages_costs_no_booking_anything(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def body(rig: Rig, messages: CallbackMessages, outgoing: Outgoing) -> None:
        messages.booked(booking(rig, number="no number at all"))
        assert outgoing.put == {}
        assert "a message about a call back could not be written" in caplog.messages

    run(body, settings(LINE))


def test_a_fixed_line_gets_no_text_message_and_what_is_not_configured_does_not_leave() -> None:
    async def body(rig: Rig, messages: CallbackMessages, outgoing: Outgoing) -> None:
        messages.booked(booking(rig, number=LANDLINE))
        assert outgoing.put == {}
        messages.configure(settings(FILE), "1330", ZoneInfo("Asia/Bangkok"))
        messages.booked(booking(rig, number=LANDLINE))
        assert len(outgoing.put) == 1
        messages.configure(settings(uses={}), "1330", ZoneInfo("Asia/Bangkok"))
        messages.booked(replace(booking(rig), id="other"))
        assert len(outgoing.put) == 1

    run(body, settings(LINE))


def test_who_becomes_the_leader_puts_in_once_what_is_news_and_nothing_old() -> None:
    async def body(rig: Rig, messages: CallbackMessages, outgoing: Outgoing) -> None:
        one = booking(rig, AttemptResult.BUSY)
        rig.repository.put(replace(one, id="old", booked_at=NOW - 2 * NEWS_SECONDS, attempts=()))
        outgoing.complete = False
        messages.reconcile()
        assert outgoing.put == {}  # until it is known what was put in before
        outgoing.complete = True
        messages.reconcile()
        assert outgoing.texts == ["1330: booked", "1330: after 09:53"]
        messages.booked(one)
        messages.attempt_ended(one)
        assert len(outgoing.put) == 2

    run(body)
