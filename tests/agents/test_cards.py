"""Cards of people who are invited to the line: sent to who can read them, and to nobody else."""

from pathlib import Path

from ivrd.agents.cards import Cards
from ivrd.config.outbox_settings import (
    ChannelSettings,
    FileSettings,
    HttpSettings,
    MessageSettings,
    OutboxSettings,
    SmsSettings,
)
from ivrd.config.outbox_template import Template
from ivrd.config.settings import AgentSettings
from ivrd.outbox.message import Message

HTTP = HttpSettings("https://gateway.example/", None, "", None, 10.0, 4, 20.0)
SMS = SmsSettings(HTTP, "POST", {}, {}, {}, {}, frozenset(), "", frozenset())
TEXTS = {"th": Template("โทร {number} {id} {pin}"), "en": Template("{hotline} {number} {id} {pin}")}
MALEE = AgentSettings("1001", "Malee", "hash", "home.01", ("en",), telephone="+66812345678")


class Box:
    def __init__(self) -> None:
        self.posted: list[tuple[Message, str, str]] = []
        self.erased: list[set[str]] = []

    def post(self, message: Message, about: str, recipient: str) -> None:
        self.posted.append((message, about, recipient))

    def erase(self, people: set[str]) -> int:
        self.erased.append(people)
        return 0


def cards(box: Box, channel: ChannelSettings | None = SMS) -> Cards:
    messages = {"seat_card": MessageSettings("way", 3600.0, TEXTS)} if channel else {}
    channels = {"way": channel} if channel else {}
    settings = OutboxSettings(100, 86_400.0, channels, messages)
    return Cards(settings, "1330", box, lambda: 1000.0)


def test_a_card_has_all_that_is_needed_in_the_persons_language() -> None:
    box = Box()
    assert cards(box).sent
    assert cards(box).send(MALEE, "271828", "1340")
    ((message, about, recipient),) = box.posted
    assert message == Message("seat_card", "+66812345678", "1330 1340 1001 271828", 1000.0)
    assert "271828" not in about + recipient


def test_who_has_no_number_that_can_be_written_to_gets_none() -> None:
    box = Box()
    nowhere = AgentSettings("1001", "Malee", "hash", "home.01")
    at_home = AgentSettings("1001", "Malee", "hash", "home.01", telephone="+6621234567")
    assert not cards(box).send(nowhere, "271828", "1340")
    assert not cards(box).send(at_home, "271828", "1340")
    assert cards(box, FileSettings(Path("/dev/null"))).send(at_home, "271828", "1340")


def test_without_the_message_there_are_none() -> None:
    box = Box()
    assert not cards(box, None).sent
    assert not cards(box, None).send(MALEE, "271828", "1340")
    assert box.posted == []


def test_who_is_withdrawn_gets_none_any_more() -> None:
    box = Box()
    cards(box).send(MALEE, "271828", "1340")
    cards(box).withdraw({"1001"})
    assert box.erased == [{box.posted[0][2]}]
