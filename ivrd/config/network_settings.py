"""The network as the program works with it: what a trunk says of it, and the hotline's own side."""

from dataclasses import dataclass
from pathlib import Path

from ivrd.config.field_types import Address


@dataclass(frozen=True)
class NetworkSettings:
    """How a trunk is reached, and how calls over it live.

    `ipv6`: signalling and sound go over IPv6; names are looked up so.  `qualify`: it is asked every
    few seconds whether it responds.  `session_timers` (RFC 4028), `reliable_provisional` (100rel,
    RFC 3262): none, offered, required; timers also always, whether the other side knows them or
    not.  `session_seconds`: a call is refreshed after half of it.  `at_once`: how many calls there
    may be; 0 is any number.  `redirects_to`: where a call goes on that is answered with 302; empty:
    it is refused.  `registers_here`: it is called where it has registered.
    """

    ipv6: bool = False
    qualify: bool = True
    session_timers: str = "offered"
    session_seconds: int = 1800
    reliable_provisional: str = "offered"
    at_once: int = 0
    redirects_to: tuple[str, ...] = ()
    registers_here: bool = False


USUAL = NetworkSettings()


@dataclass(frozen=True)
class OwnNetwork:
    """The hotline's own side of the network.

    `listen_ipv6`: where it takes calls by IPv6 beside IPv4; None for nowhere.  `external_address`:
    its address as others see it who are not in `local_net`; empty without NAT.  `dns_servers`:
    asked instead of the system's.  `additions`: the operator's own files for
    Asterisk; `additions_at`: file, line and key where they are listed.
    """

    listen_ipv6: Address | None = None
    external_address: str = ""
    local_net: tuple[str, ...] = ()
    dns_servers: tuple[Address, ...] = ()
    additions: tuple[Path, ...] = ()
    additions_at: str = ""
