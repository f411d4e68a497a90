"""Sends callers a link through the outbox, to numbers that can get it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ivrd import log
from ivrd.config.links import MESSAGE
from ivrd.config.outbox_settings import OutboxSettings
from ivrd.core.ledger import Ledger
from ivrd.outbox.channels import international, reaches
from ivrd.outbox.message import Message

SEND_SECONDS = 4.0  # for which a caller listens to nothing: less than a lease

logger = logging.getLogger("ivrd")


class Outgoing(Protocol):
    """Takes messages; see outbox/outbox.py."""

    def post(self, message: Message, about: str, recipient: str) -> None:
        """Have a message sent."""

    async def delivered(self, use: str, about: str, seconds: float) -> bool:
        """Whether it was, waiting for so long at most."""


class People(Protocol):
    """Who a caller is; see people/registry.py."""

    def is_shared(self, person_id: str) -> bool:
        """Whether many people use the number."""


class LinkOffer(Protocol):
    """Whether the link helps; see regret.py."""

    def offered(self) -> bool:
        """Whether it is offered now."""


class LinkListener(Protocol):
    """Counts what is asked for; see metrics/links.py."""

    def asked(self, result: str) -> None:
        """A caller has asked for a link: `sent`, `late` or `not_offered`."""


@dataclass(frozen=True)
class LinkSettings:
    """What links need of the configuration; replaced as a whole on a reload."""

    outbox: OutboxSettings
    hotline: str
    country: str
    languages: tuple[str, ...]


class LinkSender:
    """See `calls.links.Links`.

    `number(call_id)`: whose call it is, as Asterisk has it.  `works(channel)`: whether what is sent
    through a channel is accepted these days.  `wall()`: the wall clock.
    """

    def __init__(
        self,
        settings: LinkSettings,
        ledger: Ledger,
        outbox: Outgoing,
        works: Callable[[str], bool],
        number: Callable[[str], str],
        people: People,
        offer: LinkOffer,
        listener: LinkListener,
        wall: Callable[[], float],
    ) -> None:
        self.settings = settings
        self._ledger = ledger
        self._outbox = outbox
        self._works = works
        self._number = number
        self._people = people
        self._offer = offer
        self._listener = listener
        self._wall = wall

    def offered(self, call_id: str) -> bool:
        """See `Links`: a message is configured, its channel works, and the caller can read it."""
        of = self.settings.outbox.messages.get(MESSAGE)
        if of is None or not self._works(of.channel) or not self._offer.offered():
            return False
        return bool(self._to(call_id))

    def _to(self, call_id: str) -> str:
        """The number (E.164) of a caller who can get it; empty for others.

        A call that the hotline has made is of somebody who wants to talk.
        """
        call, of = self._ledger.calls.get(call_id), self.settings.outbox.messages[MESSAGE]
        if call is None or not call.received or self._people.is_shared(call.caller):
            return ""
        number = international(self._number(call_id), self.settings.country)
        channel = self.settings.outbox.channels[of.channel]
        return number if number and reaches(channel, number) else ""

    async def send(self, call_id: str, topic: str) -> bool:
        """See `Links`."""
        call = self._ledger.calls.get(call_id)
        if call is None or not self.offered(call_id):
            self._listener.asked("not_offered")
            return False
        of, language = self.settings.outbox.messages[MESSAGE], call.language
        read_in = language or self.settings.languages[0]
        words = of.words(read_in, {"hotline": self.settings.hotline})
        data = {"topic": topic, "language": language}
        message = Message(MESSAGE, self._to(call_id), words, self._wall(), data)
        self._outbox.post(message, call_id, call.caller)
        sent = await self._outbox.delivered(MESSAGE, call_id, SEND_SECONDS)
        self._listener.asked("sent" if sent else "late")
        what = "link sent" if sent else "link not accepted in time"
        log.event(logger, logging.INFO if sent else logging.WARNING, what, call=call_id)
        return sent
