"""Who is offered a link, what is sent to whom, and what the caller waits for."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from ivrd.config.outbox_settings import (
    ChannelSettings,
    FileSettings,
    HttpSettings,
    LineSettings,
    MessageSettings,
    OutboxSettings,
)
from ivrd.config.outbox_template import Template
from ivrd.core.call import Call, Direction
from ivrd.core.ledger import Ledger
from ivrd.links.sender import LinkSender, LinkSettings
from ivrd.outbox.message import Message

LINE = LineSettings(HttpSettings("https://api.line.me", None, "", None, 10, 4, 20.0))
FILE = FileSettings(Path("/nowhere"))
MOBILE, LANDLINE = "0812345678", "021234567"


def settings(channel: ChannelSettings = LINE, use: str = "link") -> LinkSettings:
    text = {"th": Template("{hotline} ลิงก์"), "en": Template("{hotline} link")}
    messages = {use: MessageSettings("it", 60.0, text)}
    outbox = OutboxSettings(100, 60.0, {"it": channel}, messages)
    return LinkSettings(outbox, "1330", "TH", ("th", "en"))


class Rig:
    """One call from a number, and what else there is."""

    def __init__(
        self, number: str = MOBILE, of: LinkSettings | None = None, **call: Direction
    ) -> None:
        self.ledger = Ledger()
        self.ledger.receive(Call("a", 100.0, caller="#p", language="en", **call))
        self.works = self.helps = self.accepted = True
        self.shared: set[str] = set()
        self.put: list[tuple[Message, str, str]] = []
        self.results: list[str] = []
        self.sender = LinkSender(
            of or settings(),
            self.ledger,
            self,
            lambda channel: channel == "it" and self.works,
            lambda call_id: number if call_id == "a" else "",
            self,
            self,
            self,
            lambda: 500.0,
        )

    def post(self, message: Message, about: str, recipient: str) -> None:
        self.put.append((message, about, recipient))

    async def delivered(self, use: str, about: str, seconds: float) -> bool:
        assert (use, about) == ("link", "a")
        assert seconds < 5  # a lease
        return self.accepted

    def is_shared(self, person_id: str) -> bool:
        return person_id in self.shared

    def offered(self) -> bool:
        return self.helps

    def asked(self, result: str) -> None:
        self.results.append(result)

    def send(self) -> bool:
        return asyncio.run(self.sender.send("a", "vaccine"))


def test_it_is_sent_to_the_number_of_the_call_in_its_language() -> None:
    rig = Rig()
    assert rig.sender.offered("a")
    assert rig.send()
    ((message, about, recipient),) = rig.put
    assert (message.to, message.text, message.at) == ("+66812345678", "1330 link", 500.0)
    assert (about, recipient, rig.results) == ("a", "#p", ["sent"])
    assert message.data == {"topic": "vaccine", "language": "en"}


def test_one_that_is_not_accepted_in_time_is_none() -> None:
    rig = Rig()
    rig.accepted = False
    assert not rig.send()
    assert rig.results == ["late"]


def _change(name: str, value: object) -> Callable[[Rig], None]:
    return lambda rig: setattr(rig, name, value)


@pytest.mark.parametrize(
    ("rig", "change"),
    [
        (Rig(LANDLINE), None),
        (Rig(""), None),
        (Rig("anonymous"), None),
        (Rig("12"), None),
        (Rig(of=settings(use="callback_booked")), None),
        (Rig(direction=Direction.CALLBACK), None),
        (Rig(), _change("works", False)),
        (Rig(), _change("helps", False)),
        (Rig(), _change("shared", {"#p"})),
    ],
    ids=[
        "landline",
        "withheld",
        "no number",
        "too short",
        "no message",
        "called back",
        "the channel rests",
        "withdrawn",
        "an exchange",
    ],
)
def test_who_cannot_get_it_is_not_offered_it_and_is_sent_nothing(
    rig: Rig, change: Callable[[Rig], None] | None
) -> None:
    if change:
        change(rig)
    assert not rig.sender.offered("a")
    assert not rig.send()
    assert (rig.put, rig.results) == ([], ["not_offered"])


def test_what_is_no_message_to_a_phone_goes_to_any_number() -> None:
    assert Rig(LANDLINE, settings(FILE)).sender.offered("a")
    assert not Rig().sender.offered("b")
