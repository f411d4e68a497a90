"""The network in Asterisk's files: transports for IPv4 and IPv6, NAT, what keeps a call alive."""

from collections.abc import Sequence

from ivrd.config.field_types import Address
from ivrd.config.network_settings import USUAL, NetworkSettings, OwnNetwork
from ivrd.config.settings import AsteriskSettings
from ivrd.config.trunk_network import version
from ivrd.config.trunk_settings import TLS, TrunkSettings

TIMERS = {"none": "no", "offered": "yes", "always": "always", "required": "required"}
PROVISIONAL = {"none": "no", "offered": "yes", "required": "required"}


def transport(protocol: str, bind: Address, own: OwnNetwork, more: str = "") -> str:
    """One transport; behind NAT it tells its external address to who is outside."""
    name = protocol if own.listen_ipv6 is None or not _is_ipv6(bind.host) else f"{protocol}6"
    text = f"[{name}]\ntype=transport\nprotocol={protocol}\nbind={bind}\n{more}"
    if own.external_address and not _is_ipv6(bind.host):
        text += f"external_signaling_address={own.external_address}\n"
        text += f"external_media_address={own.external_address}\n"
        text += "".join(f"local_net={network}\n" for network in own.local_net)
    return text


def binds(protocol: str, sip: AsteriskSettings) -> list[Address]:
    """Where a transport listens: by IPv6 as well when that was said."""
    usual = Address(sip.sip_host, sip.sip_port)
    if protocol == TLS:
        usual = Address(sip.tls.host, sip.tls.port)
    ipv6 = sip.network.listen_ipv6
    return [usual] if ipv6 is None or _is_ipv6(usual.host) else [usual, _at(ipv6.host, usual)]


def _at(host: str, of: Address) -> Address:
    return Address(host, of.port)


def transport_of(trunk: TrunkSettings, sip: AsteriskSettings) -> str:
    """The transport by which a trunk is spoken to."""
    beside = sip.network.listen_ipv6 is not None
    return f"{trunk.transport}6" if trunk.network.ipv6 and beside else trunk.transport


def endpoint(trunk: TrunkSettings, sip: AsteriskSettings) -> str:
    """What an endpoint has of these; nothing for what is as usual."""
    of = trunk.network
    text = "rtp_ipv6=yes\n" if of.ipv6 or _is_ipv6(sip.sip_host) else ""
    text += _timers(of)
    if of.reliable_provisional != USUAL.reliable_provisional:
        text += f"100rel={PROVISIONAL[of.reliable_provisional]}\n"
    return text


def _timers(of: NetworkSettings) -> str:
    text = ""
    if of.session_timers != USUAL.session_timers:
        text += f"timers={TIMERS[of.session_timers]}\n"
    if of.session_seconds != USUAL.session_seconds:
        text += f"timers_sess_expires={of.session_seconds}\n"
    return text


def resolver_unbound_conf(servers: Sequence[Address]) -> str:
    """Whom Asterisk asks for trunks' hosts: the hosts file of the machine first, then DNS."""
    if not servers:
        return "[general]\nhosts=system\nresolv=system\n"
    asked = "".join(f"nameserver={server.host}@{server.port}\n" for server in servers)
    return f"[general]\nhosts=system\nresolv=\n{asked}"


def _is_ipv6(host: str) -> bool:
    return version(host) == 6
