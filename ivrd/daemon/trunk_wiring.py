"""The parts that follow trunks, built and connected; see wiring.py, which has all others."""

from ivrd.api.trunk_operations import TrunkOperations
from ivrd.asterisk.call_request import CallRequests
from ivrd.config.settings import Settings
from ivrd.daemon.shared_wiring import SharedParts
from ivrd.metrics.trunks import LegSecurityMetrics, TrunkCollector
from ivrd.trunks import certificate, names
from ivrd.trunks.carrier_names import CarrierNames
from ivrd.trunks.monitor import TrunkMonitor
from ivrd.trunks.probe import Prober


class TrunkParts:
    """What is known of trunks, and what is published of it."""

    def __init__(self, settings: Settings, shared: SharedParts, requests: CallRequests) -> None:
        self._settings = settings
        sip = settings.asterisk
        self.prober = Prober(sip.tls.ca_file, bool(sip.network.dns_servers))
        self.monitor = TrunkMonitor(
            settings.trunks, settings.number, self.prober, shared.link, shared.now
        )
        self.carrier_names = CarrierNames(
            settings, shared.link, requests, shared.leadership, self._look_up, self.monitor
        )
        self.leg_security = LegSecurityMetrics(shared.registry, shared.leadership)
        self.operations = TrunkOperations(self.monitor, self._own, shared.now)
        TrunkCollector(shared.registry, self.monitor, self._own)

    def _own(self) -> certificate.Certificate | None:
        """The hotline's certificate as its file has it now."""
        path = self._settings.asterisk.tls.cert_file
        return certificate.read(path) if path else None

    async def _look_up(self, name: names.TrunkName) -> names.Finding:
        """As the machine's DNS, or the configuration's, has it now."""
        try:
            resolver = names.Resolver(self._settings.asterisk.network.dns_servers)
        except names.Unanswered as error:
            return names.Finding(False, str(error))
        return await resolver.look_up(name)

    def connected(self) -> None:
        """This may be another Asterisk, of which nothing is known."""
        self.monitor.connected()
        self.carrier_names.connected()

    def configure(self, settings: Settings) -> None:
        """What a reload changes."""
        self._settings = settings
        self.prober.ca_file = settings.asterisk.tls.ca_file
        self.prober.other_dns = bool(settings.asterisk.network.dns_servers)
        self.monitor.configure(settings.trunks, settings.number)
        self.carrier_names.configure(settings)
