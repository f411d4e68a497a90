"""The parts of the outbox, built and connected; see wiring.py, which has all others."""

import asyncio
import random
from collections.abc import Mapping

from ivrd.api.line_webhook import LineWebhook
from ivrd.api.outbox_operations import OutboxOperations
from ivrd.callbacks.messages import CallbackMessages
from ivrd.config.outbox_settings import ChannelSettings, LineSettings
from ivrd.config.settings import Settings
from ivrd.core.outbox import ChannelHealth
from ivrd.core.outbox_backlog import Backlog
from ivrd.daemon.repository_wiring import RepositoryParts
from ivrd.daemon.shared_wiring import SharedParts
from ivrd.metrics.outbox import OutboxCollector, OutboxMetrics
from ivrd.outbox.channels import channels
from ivrd.outbox.outbox import Outbox
from ivrd.outbox.sender import Sender
from ivrd.people.vault import Vault, number_key


class OutboxParts:
    """What leaves for other systems, and what may be asked of it."""

    def __init__(
        self, settings: Settings, shared: SharedParts, repositories: RepositoryParts
    ) -> None:
        self._settings = settings
        self._shared = shared
        self._metrics = OutboxMetrics(shared.registry)
        vault = Vault(number_key(settings.number_key_file).keys())
        self._build_sending(vault)
        self.messages = CallbackMessages(
            settings.outbox,
            settings.number,
            settings.zone,
            repositories.bookings,
            self.outbox,
            vault,
            shared.now,
            shared.shift,
        )
        self.line_webhook = LineWebhook(
            self.outbox,
            lambda: self._settings.outbox.channels,
            self._metrics,
            shared.leader_only.refusal,
        )
        self.operations = OutboxOperations(
            self.outbox, self.sender, repositories.partners, shared.now, shared.shift
        )
        self._metrics.channels(self.channel_names())
        self._metrics.line_channels(_with_webhook(settings.outbox.channels))
        OutboxCollector(shared.registry, self)

    def _build_sending(self, vault: Vault) -> None:
        """What is to be sent, and who sends it."""
        settings, shared, wake = self._settings, self._shared, asyncio.Event()
        self.outbox = Outbox(
            settings.outbox,
            shared.write_behind,
            vault,
            self._metrics,
            shared.now,
            shared.shift,
            random.random,
            wake.set,
        )
        self.sender = Sender(
            self.outbox,
            channels(settings.outbox.channels, settings.country),
            shared.leadership,
            shared.now,
            random.random,
            wake,
        )

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
        return self._shared.now()

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
