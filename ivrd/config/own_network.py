"""`asterisk:` in ivrd.yaml: the hotline's own side of the network, and an operator's own files."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ivrd.config.control_socket import located
from ivrd.config.effect import RELOAD
from ivrd.config.field_types import IPV4, NETWORK, Address
from ivrd.config.model import Part
from ivrd.config.network_settings import OwnNetwork
from ivrd.config.trunk_network import version
from ivrd.config.yamlfile import Key

# RFC 1918, 3927 and 1122: what is not seen from the public network.
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8")
# Asterisk's files that may have additions.
INCLUDING = ("pjsip", "extensions", "queues", "features", "musiconhold", "modules")


class NatPart(Part):
    """`nat:` the hotline is behind a gateway that translates addresses."""

    external_address: Annotated[str, IPV4, RELOAD] = ""
    local_net: Annotated[list[Annotated[str, NETWORK]], Field(min_length=1), RELOAD] = Field(
        default=[*PRIVATE]
    )


def including(path: Path) -> str:
    """The file of Asterisk's that includes an addition: pjsip.conf for pjsip-bank.conf."""
    return f"{path.name.removesuffix('.conf').partition('-')[0]}.conf"


def _is_addition(path: Path) -> bool:
    return including(path).removesuffix(".conf") in INCLUDING and path.suffix == ".conf"


def check_nat(part: NatPart) -> Iterator[tuple[Key, str]]:
    """What is wrong between the values."""
    if not part.external_address:
        if part.local_net != [*PRIVATE]:
            yield ("local_net",), "does nothing without external_address"
        return
    for at, network in enumerate(part.local_net):
        if ip_address(part.external_address) in ip_network(network):
            say = f"{network} has {part.external_address}, the external_address"
            yield ("local_net", at), f"{say}; expected networks inside"


def check_listen(ipv6: Address | None, usual: Address) -> Iterator[tuple[Key, str]]:
    """What is wrong with `sip.listen_ipv6` beside `sip.listen`."""
    if ipv6 is None:
        return
    if version(ipv6.host) != 6:
        yield ("listen_ipv6",), f"expected an IPv6 address and a port, such as [::]:{usual.port}"
    elif version(usual.host) == 6:
        yield ("listen_ipv6",), "listen has an IPv6 address already; expected an IPv4 one there"


def check_additions(paths: list[str]) -> Iterator[tuple[Key, str]]:
    """What is wrong with the names in `additions`."""
    known = ", ".join(f"{name}.conf" for name in INCLUDING)
    for at, path in enumerate(paths):
        if path in paths[:at]:
            yield ("additions", at), f"{path} is named twice"
        elif not _is_addition(Path(path)):
            say = f"expected a name as {INCLUDING[0]}.conf or {INCLUDING[0]}-bank.conf; it is"
            yield ("additions", at), f"{say} included by one of {known}"


def needs_ipv6(wants: bool, ipv6: Address | None, usual: Address) -> str:
    """What is wrong with a trunk over IPv6, or empty."""
    if wants and ipv6 is None and version(usual.host) != 6:
        return "over IPv6 nothing can be called; expected asterisk.sip.listen_ipv6"
    return ""


def settings(
    nat: NatPart,
    ipv6: Address | None,
    dns_servers: list[Address],
    additions: list[str],
    config_dir: Path,
    at: str,
) -> OwnNetwork:
    """The settings; paths of additions begin in Asterisk's folder, their list stands `at`."""
    return OwnNetwork(
        listen_ipv6=ipv6,
        external_address=nat.external_address,
        local_net=tuple(nat.local_net) if nat.external_address else (),
        dns_servers=tuple(dns_servers),
        additions=tuple(located(config_dir, path) for path in additions),
        additions_at=at,
    )
