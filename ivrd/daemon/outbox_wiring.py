"""The parts of the outbox, built and connected; see wiring.py, which has all others."""

import asyncio
import random
from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry

from ivrd.api.line_webhook import LineWebhook
from ivrd.api.outbox_operations import OutboxOperations
from ivrd.callbacks.messages import CallbackMessages
from ivrd.callbacks.repository import BookingRepository
from ivrd.config.outbox_settings import ChannelSettings, LineSettings
from ivrd.config.settings import Settings
from ivrd.core.clock import Timeline
from ivrd.core.outbox import ChannelHealth
from ivrd.core.outbox_backlog import Backlog
from ivrd.ha.leadership import Leadership
from ivrd.metrics.outbox import OutboxCollector, OutboxMetrics
from ivrd.outbox.channels import channels
from ivrd.outbox.outbox import Outbox
from ivrd.outbox.sender import Sender
from ivrd.people.vault import Vault, number_key
from ivrd.store import WriteBehind
from ivrd.store.audit_log import AuditLog


class OutboxParts:
    """What leaves for other systems, and what may be asked of it."""

    def __init__(
        self,
        settings: Settings,
        write_behind: WriteBehind,
        timeline: Timeline,
        bookings: BookingRepository,
        leadership: Leadership,
        registry: CollectorRegistry,
        audit: AuditLog,
        standby: Callable[[], str],
    ) -> None:
        self._settings = settings
        self._timeline = timeline
        self._metrics = OutboxMetrics(registry)
        vault = Vault(number_key(settings.number_key_file).keys())
        wake = asyncio.Event()
        self.outbox = Outbox(
            settings.outbox,
            write_behind,
            vault,
            self._metrics,
            timeline.now,
            lambda: timeline.shift,
            random.random,
            wake.set,
        )
        self.sender = Sender(
            self.outbox,
            channels(settings.outbox.channels, settings.country),
            leadership,
            timeline.now,
            random.random,
            wake,
        )
        self.messages = CallbackMessages(
            settings.outbox,
            settings.number,
            settings.zone,
            bookings,
            self.outbox,
            vault,
            timeline.now,
            lambda: timeline.shift,
        )
        self.line_webhook = LineWebhook(
            self.outbox, lambda: self._settings.outbox.channels, self._metrics, standby
        )
        self.operations = OutboxOperations(
            self.outbox, self.sender, audit, timeline.now, lambda: timeline.shift
        )
        self._metrics.channels(self.channel_names())
        self._metrics.line_channels(_with_webhook(settings.outbox.channels))
        OutboxCollector(registry, self)

    # --- what metrics read -----------------------------------------------------------------

    @property
    def backlog(self) -> Backlog:
        """The entries."""
        return self.outbox.backlog

    @property
    def health(self) -> dict[str, ChannelHealth]:
        """How channels are."""
        return self.sender.health

    def channel_names(self) -> list[str]:
        """The channels that are configured."""
        return [*self.sender.channels]

    def now(self) -> float:
        """The timeline."""
        return self._timeline.now()

    # ---------------------------------------------------------------------------------------

    def configure(self, settings: Settings) -> None:
        """What a reload changes.  Channels that stand as they were keep their connections."""
        before, self._settings = self._settings, settings
        self.outbox.configure(settings.outbox)
        self.messages.configure(settings.outbox, settings.number, settings.zone)
        if settings.outbox.channels == before.outbox.channels:
            return
        new = channels(settings.outbox.channels, settings.country)
        self._metrics.channels([*new])
        self._metrics.line_channels(_with_webhook(settings.outbox.channels))
        self.sender.configure(new)


def _with_webhook(channels: Mapping[str, ChannelSettings]) -> list[str]:
    """The channels of LINE that tell when a message has reached its user."""
    return [
        name
        for name, of in channels.items()
        if isinstance(of, LineSettings) and of.channel_secret_file
    ]
