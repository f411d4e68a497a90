"""The parts that follow trunks, built and connected; see wiring.py, which has all others."""

from ivrd.api.trunk_operations import TrunkOperations
from ivrd.config.settings import Settings
from ivrd.daemon.shared_wiring import SharedParts
from ivrd.metrics.trunks import LegSecurityMetrics, TrunkCollector
from ivrd.trunks import certificate
from ivrd.trunks.monitor import TrunkMonitor
from ivrd.trunks.probe import Prober


class TrunkParts:
    """What is known of trunks, and what is published of it."""

    def __init__(self, settings: Settings, shared: SharedParts) -> None:
        self._settings = settings
        sip = settings.asterisk
        self.prober = Prober(sip.tls.ca_file, bool(sip.network.dns_servers))
        self.monitor = TrunkMonitor(
            settings.trunks, settings.number, self.prober, shared.link, shared.now
        )
        self.leg_security = LegSecurityMetrics(shared.registry, shared.leadership)
        self.operations = TrunkOperations(self.monitor, self._own, shared.now)
        TrunkCollector(shared.registry, self.monitor, self._own)

    def _own(self) -> certificate.Certificate | None:
        """The hotline's certificate as its file has it now."""
        path = self._settings.asterisk.tls.cert_file
        return certificate.read(path) if path else None

    def configure(self, settings: Settings) -> None:
        """What a reload changes."""
        self._settings = settings
        self.prober.ca_file = settings.asterisk.tls.ca_file
        self.prober.other_dns = bool(settings.asterisk.network.dns_servers)
        self.monitor.configure(settings.trunks, settings.number)
