"""What LINE tells of messages that were sent through it: taken where it is signed, else counted.

Nothing that is sent here can do more than say of a message that it has reached its recipient, and
the same again changes nothing: an event that somebody has recorded is worth nothing.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Protocol

from ivrd import log
from ivrd.api import server
from ivrd.config.outbox_settings import ChannelSettings, LineSettings
from ivrd.config.problem import ConfigError
from ivrd.config.secret import read_secret
from ivrd.outbox.line_events import delivered_tags, is_from_line
from ivrd.outbox.outbox import Outbox

SIGNATURE = "X-Line-Signature"
NOT_SIGNED = "expected the signature of a LINE channel"
UNREADABLE = "expected events of LINE's"

logger = logging.getLogger("ivrd")


class WebhookCounter(Protocol):
    """Counts; see metrics/outbox.py."""

    def webhook_received(self, channel: str, result: str) -> None:
        """A request has come: `taken`, `not_signed` or `unreadable`."""


class LineWebhook:
    """`channels()`: those of outbox.yaml; `refusal()`: why this ivrd takes nothing now."""

    def __init__(
        self,
        outbox: Outbox,
        channels: Callable[[], Mapping[str, ChannelSettings]],
        counter: WebhookCounter,
        refusal: Callable[[], str],
    ) -> None:
        self._outbox = outbox
        self._channels = channels
        self._counter = counter
        self._refusal = refusal

    async def received(self, channel: str, headers: Mapping[str, str], body: str) -> server.Answer:
        """A request for a channel.  Raises `NotSigned`, `RequestRejected` or `NotNow`."""
        settings = self._channels().get(channel)
        signed = isinstance(settings, LineSettings) and self._is_signed(settings, headers, body)
        if not signed:
            # The name of a channel that there is none of would be a label that strangers choose.
            self._counter.webhook_received(channel if settings else "", "not_signed")
            what = "what LINE is said to have told is not signed by it, and refused"
            log.event(logger, logging.WARNING, what)
            raise server.NotSigned(NOT_SIGNED)
        if refusal := self._refusal():
            raise server.NotNow(refusal)
        if not self._outbox.complete:
            raise server.NotNow("what is stored of the outbox could not be read yet")
        try:
            tags = delivered_tags(body)
        except ValueError:
            self._counter.webhook_received(channel, "unreadable")
            raise server.RequestRejected(UNREADABLE) from None
        self._counter.webhook_received(channel, "taken")
        reached = sum(self._outbox.reached(tag, channel) for tag in tags)
        if reached and not await self._outbox.written():
            raise server.NotNow("the store is down: send it again")
        return {"reached": reached}

    def _is_signed(self, of: LineSettings, headers: Mapping[str, str], body: str) -> bool:
        if of.channel_secret_file is None:
            return False
        try:
            secret = read_secret(of.channel_secret_file, of.channel_secret_variable, token=True)
        except ConfigError as error:
            what = "what LINE tells cannot be checked"
            log.event(logger, logging.ERROR, what, why=str(error))
            raise server.NotNow("signatures cannot be checked now") from None
        return is_from_line(secret, headers.get(SIGNATURE, ""), body)
