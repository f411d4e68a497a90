"""The parts that file tickets, built and connected; see wiring.py, which has all others."""

import time

from ivrd.config.settings import Settings
from ivrd.daemon.outbox_wiring import OutboxParts
from ivrd.daemon.people_wiring import PeopleParts
from ivrd.daemon.shared_wiring import SharedParts
from ivrd.intake.progress import Progress
from ivrd.intake.tickets import Tickets, TicketSettings
from ivrd.metrics.intake import IntakeMetrics


class IntakeParts:
    """Callers who register by keys."""

    def __init__(
        self,
        settings: Settings,
        shared: SharedParts,
        outbox: OutboxParts,
        people: PeopleParts,
    ) -> None:
        self.progress = Progress(IntakeMetrics(shared.registry))
        self.tickets = Tickets(
            ticket_settings(settings),
            shared.ledger,
            outbox.outbox,
            people.numbers.number,
            people.registry,
            self.progress,
            time.time,
        )

    def configure(self, settings: Settings) -> None:
        """What a reload changes."""
        self.tickets.settings = ticket_settings(settings)


def ticket_settings(settings: Settings) -> TicketSettings:
    """What tickets need of the configuration."""
    return TicketSettings(settings.outbox, settings.number, settings.country, settings.languages)
