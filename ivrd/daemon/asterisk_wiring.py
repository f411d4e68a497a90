"""What is read of Asterisk besides its events, built and connected; see wiring.py for others."""

from ivrd.asterisk.capacity import Capacity
from ivrd.asterisk.log_follower import LogFollower
from ivrd.asterisk.render.system import MESSAGES_LOG
from ivrd.config.settings import Settings
from ivrd.core.refusals import Refusals
from ivrd.daemon.shared_wiring import SharedParts
from ivrd.metrics.refusals import RefusalMonitor


class AsteriskParts:
    """Its log, the calls of which only that tells, and how many callers there is room for."""

    def __init__(self, settings: Settings, shared: SharedParts) -> None:
        self.refusals = RefusalMonitor(
            shared.registry,
            Refusals(name for name, _addresses in settings.asterisk.carriers),
            shared.link,
            shared.leadership,
            settings.asterisk.carriers_at,
            shared.now,
        )
        # Asterisk's log is where its queue_log is: both in astlogdir.
        self.messages_log = LogFollower(settings.asterisk.queue_log.with_name(MESSAGES_LOG))
        self.capacity = Capacity(shared.link, settings.callers_at_most, settings.line_seats)

    def configure(self, settings: Settings) -> None:
        """What a reload changes."""
        self.capacity.callers = settings.callers_at_most
        self.capacity.on_line = settings.line_seats
        self.refusals.refusals.configure(name for name, _of in settings.asterisk.carriers)
        self.refusals.where = settings.asterisk.carriers_at
