"""Sends people who are invited to the line their cards: the number to call, id and PIN, by message.

The PIN stands in the message alone, which the outbox keeps sealed, and not any more once it was
delivered.
"""

from collections.abc import Callable
from typing import Protocol

from ivrd.config.outbox_settings import OutboxSettings
from ivrd.config.settings import AgentSettings
from ivrd.outbox.channels import reaches
from ivrd.outbox.message import Message

MESSAGE = "seat_card"  # in outbox.yaml


class Outgoing(Protocol):
    """Takes messages; see outbox/outbox.py."""

    def post(self, message: Message, about: str, recipient: str) -> None:
        """Have a message sent."""

    def erase(self, people: set[str]) -> int:
        """Forget all for these recipients."""


class Cards:
    """`wall()`: the wall clock."""

    def __init__(
        self, settings: OutboxSettings, hotline: str, outbox: Outgoing, wall: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._hotline = hotline
        self._outbox = outbox
        self._wall = wall

    def configure(self, settings: OutboxSettings, hotline: str) -> None:
        """What a reload changes."""
        self._settings, self._hotline = settings, hotline

    @property
    def sent(self) -> bool:
        """Whether there is a way to send any."""
        return MESSAGE in self._settings.messages

    def send(self, agent: AgentSettings, pin: str, line_number: str) -> bool:
        """Send one, if the person has a number that it can be read at; whether it is on its way."""
        of = self._settings.messages.get(MESSAGE)
        if of is None or not agent.telephone:
            return False
        if not reaches(self._settings.channels[of.channel], agent.telephone):
            return False
        language = next(iter(agent.languages), "")
        values = {"hotline": self._hotline, "number": line_number, "id": agent.id, "pin": pin}
        message = Message(MESSAGE, agent.telephone, of.words(language, values), self._wall())
        # A PIN is part of what it is about: who is withdrawn and invited anew gets another card.
        about = f"{agent.id}/{agent.pin}"
        self._outbox.post(message, about, _recipient(agent.id))
        return True

    def withdraw(self, agent_ids: set[str]) -> None:
        """Whatever has not been sent to these people is not sent any more."""
        self._outbox.erase({_recipient(agent_id) for agent_id in agent_ids})


def _recipient(agent_id: str) -> str:
    return f"agent {agent_id}"
