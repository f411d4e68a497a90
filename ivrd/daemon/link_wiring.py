"""The parts that send callers links, built and connected; see wiring.py, which has all others."""

import time

from ivrd.config.links import MESSAGE
from ivrd.config.settings import Settings
from ivrd.core.outbox import ChannelHealth
from ivrd.daemon.outbox_wiring import OutboxParts
from ivrd.daemon.people_wiring import PeopleParts
from ivrd.daemon.shared_wiring import SharedParts
from ivrd.links.regret import LinkRegret
from ivrd.links.sender import LinkSender, LinkSettings
from ivrd.metrics.links import LinkCollector, LinkMetrics


class LinkParts:
    """Who is sent a link, and whether that helps."""

    def __init__(
        self,
        settings: Settings,
        shared: SharedParts,
        outbox: OutboxParts,
        people: PeopleParts,
        regret: LinkRegret,
    ) -> None:
        self._outbox = outbox
        self.regret = regret
        self.sender = LinkSender(
            link_settings(settings),
            shared.ledger,
            outbox.outbox,
            self._works,
            people.numbers.number,
            people.registry,
            self.regret,
            LinkMetrics(shared.registry),
            time.time,
        )
        LinkCollector(
            shared.registry,
            lambda: self.regret.deflections,
            lambda: MESSAGE in self.sender.settings.outbox.messages,
            shared.now,
        )

    def _works(self, channel: str) -> bool:
        """Whether what is sent through a channel is accepted these days."""
        return self._outbox.health.get(channel, ChannelHealth()).well

    def configure(self, settings: Settings) -> None:
        """What a reload changes."""
        self.sender.settings = link_settings(settings)
        self.regret.deflections.rules = settings.links


def link_settings(settings: Settings) -> LinkSettings:
    """What links need of the configuration."""
    return LinkSettings(settings.outbox, settings.number, settings.country, settings.languages)
