"""What a trunk may say of the network that it is reached over: the settings, and what cannot be."""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address
from typing import Annotated

from pydantic import Field

from ivrd.config.effect import RELOAD
from ivrd.config.field_types import SIP_PORT, TRUNK, TRUTH, Address, choice, whole, worded
from ivrd.config.model import Part
from ivrd.config.network_settings import USUAL, NetworkSettings
from ivrd.config.trunk_settings import TLS
from ivrd.config.yamlfile import Key

NONE, OFFERED, ALWAYS, REQUIRED = "none", "offered", "always", "required"
TIMERS = (NONE, OFFERED, ALWAYS, REQUIRED)
PROVISIONAL = (NONE, OFFERED, REQUIRED)
LEAST_SESSION = 90  # seconds (RFC 4028, 4)
SIPS_PORT = 5061


def exchange(value: str) -> str | None:
    """`HOST` or `HOST:PORT` in small letters; without a port the transport's own is meant."""
    host, port = split(value)
    return spelt(host) if port is None else str(Address(host, port))


EXCHANGE = worded(TRUNK.what, exchange)


class NetworkPart(Part):
    """How calls over a trunk live in the network; a carrier has these, too.

    `at_once`: 0 is any number.
    """

    ipv6: Annotated[bool, TRUTH, RELOAD] = False
    session_timers: Annotated[str, choice(*TIMERS), RELOAD] = OFFERED
    session_seconds: Annotated[int, whole(LEAST_SESSION, 86_400), RELOAD] = USUAL.session_seconds
    reliable_provisional: Annotated[str, choice(*PROVISIONAL), RELOAD] = OFFERED
    at_once: Annotated[int, whole(0, 10_000), RELOAD] = 0


class DialledNetworkPart(NetworkPart):
    """The same of an exchange that the hotline calls."""

    qualify: Annotated[bool, TRUTH, RELOAD] = True


class PartnerNetworkPart(DialledNetworkPart):
    """The same of a partner's.  `redirects_to`: empty: a call that is answered with 302 is refused.

    `registers_here`: its exchange registers at the hotline, and has no address of its own.
    """

    redirects_to: Annotated[list[Annotated[str, EXCHANGE]], Field(max_length=8), RELOAD] = Field(
        default_factory=list
    )
    registers_here: Annotated[bool, TRUTH, RELOAD] = False


def split(value: str) -> tuple[str, int | None]:
    """The host of `HOST` or `HOST:PORT`, without brackets, and the port.  Raises ValueError."""
    found = TRUNK.read(value)
    assert isinstance(found, Address)
    return found.host, found.port if ":" in value.rpartition("]")[2] else None


def usual_port(transport: str) -> int:
    """The port of `HOST` alone."""
    return SIPS_PORT if transport == TLS else SIP_PORT


def spelt(host: str) -> str:
    """A host as it stands in a SIP address."""
    return f"[{host}]" if ":" in host else host


def version(host: str) -> int | None:
    """4 or 6; None for a name."""
    try:
        return ip_address(host).version
    except ValueError:
        return None


def check(part: NetworkPart, places: list[Address]) -> Iterator[tuple[Key, str]]:
    """What is wrong between the values; `places`: the trunk's addresses."""
    versions = [version(place.host) for place in places]
    for at, one in enumerate(versions):
        if one == 4 and (part.ipv6 or 6 in versions):
            other = "ipv6 is true" if part.ipv6 else "another address is of IPv6"
            yield ("addresses", at), f"{other}; expected a trunk of its own for IPv4"
    if part.session_timers == NONE and part.session_seconds != USUAL.session_seconds:
        yield ("session_seconds",), "session_timers is none: nothing is refreshed"
    if isinstance(part, DialledNetworkPart) and not part.qualify and len(places) > 1:
        say = "which of several addresses responds is known by qualify alone; expected true"
        yield ("qualify",), say
    if isinstance(part, PartnerNetworkPart):
        yield from _check_redirects(part, 6 if part.ipv6 or 6 in versions else 4)
        yield from _check_registers(part, places)


def _check_redirects(part: PartnerNetworkPart, ours: int) -> Iterator[tuple[Key, str]]:
    for at, address in enumerate(part.redirects_to):
        if address in part.redirects_to[:at]:
            yield ("redirects_to", at), f"{address} is named twice"
        if version(split(address)[0]) not in (None, ours):
            yield ("redirects_to", at), f"expected an address of IPv{ours}, as the trunk's own"


def _check_registers(part: PartnerNetworkPart, places: list[Address]) -> Iterator[tuple[Key, str]]:
    if not part.registers_here and not places:
        yield ("addresses",), "expected at least one"
    if part.registers_here and places:
        say = "registers_here is true: it is called where it has registered; expected []"
        yield ("addresses",), say
    if part.registers_here and not part.qualify:
        say = "whether an exchange that has registered is still there is known by qualify alone"
        yield ("qualify",), f"{say}; expected true"


def settings(part: NetworkPart, places: list[Address]) -> NetworkSettings:
    """The settings."""
    found = NetworkSettings(
        ipv6=part.ipv6 or any(version(place.host) == 6 for place in places),
        session_timers=part.session_timers,
        session_seconds=part.session_seconds,
        reliable_provisional=part.reliable_provisional,
        at_once=part.at_once,
    )
    if isinstance(part, PartnerNetworkPart):
        moves, here = tuple(part.redirects_to), part.registers_here
        found = replace(found, redirects_to=moves, registers_here=here)
    return replace(found, qualify=part.qualify) if isinstance(part, DialledNetworkPart) else found
