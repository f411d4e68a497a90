"""Where a trunk's name leads by DNS, in words for `ivrd check --live`, and for carriers' calls.

What is asked for and what prevails is as in Asterisk (res_pjsip/pjsip_resolver.c; RFC 3263): of a
name with a port A and AAAA; of one without NAPTR and SRV as well, and where there are SRV records
no other address of the name counts.  As for Asterisk the hosts file comes before DNS.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from itertools import groupby
from pathlib import Path
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.name
import dns.nameserver
import dns.resolver

from ivrd.config.field_types import Address
from ivrd.config.trunk_settings import TCP, TLS, UDP, TrunkSettings

ANSWER_SECONDS = 3.0
HOSTS_FILE = Path("/etc/hosts")
MOST_ADDRESSES = 8  # of a name, for Asterisk (PJSIP_MAX_RESOLVED_ADDRESSES)
AT_ONCE = 16  # names; each takes four questions
SERVICES = {UDP: "_sip._udp", TCP: "_sip._tcp", TLS: "_sips._tcp"}
NAPTR_SERVICES = {UDP: b"sip+d2u", TCP: b"sip+d2t", TLS: b"sips+d2t"}


@dataclass(frozen=True)
class TrunkName:
    """A name that a trunk is given by.

    `port`: None when it may have SRV records.  `ipv6`: the trunk is spoken to over IPv6.
    `calls`: a carrier's, whose calls come from all of its addresses.
    """

    host: str
    port: int | None
    transport: str
    ipv6: bool
    calls: bool = False

    def __str__(self) -> str:
        return self.host if self.port is None else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Finding:
    """`found`: the name leads to an address.  `text`: where, or why not.

    `addresses`: all of them, of the trunk's version of IP.
    """

    found: bool
    text: str
    addresses: tuple[str, ...] = field(default=(), compare=False)


def source(of: TrunkSettings, host: str) -> TrunkName:
    """A name from which a carrier with this trunk calls."""
    return TrunkName(host, None, of.transport, of.network.ipv6, calls=True)


class Unanswered(Exception):
    """DNS has not answered, or has answered that it cannot; in words."""


@dataclass(frozen=True)
class _Addresses:
    """Of a host.  `known`: there is such a name."""

    ipv4: tuple[str, ...]
    ipv6: tuple[str, ...]
    known: bool = True
    source: str = ""  # where else than in DNS

    def of(self, ipv6: bool) -> tuple[str, ...]:
        return self.ipv6 if ipv6 else self.ipv4

    def words(self, ipv6: bool) -> str:
        """Those that count, of a target of SRV records."""
        if counted := self.of(ipv6):
            return _listed(counted) + self.source
        if other := self.of(not ipv6):
            return f"only over {_version(not ipv6)}: {_listed(other)}"
        return "no address" if self.known else "name not found"


class Resolver:
    """Asks DNS; `servers`: instead of the machine's own.  Raises `Unanswered` without any.

    An answer counts when it comes within `seconds`.
    """

    def __init__(
        self,
        servers: Sequence[Address],
        hosts_file: Path = HOSTS_FILE,
        seconds: float = ANSWER_SECONDS,
    ) -> None:
        try:
            self._dns = dns.asyncresolver.Resolver(configure=not servers)
        except dns.exception.DNSException as error:
            raise Unanswered(f"no DNS is configured on this machine: {error}") from None
        if servers:
            asked = [dns.nameserver.Do53Nameserver(of.host, of.port) for of in servers]
            self._dns.nameservers = asked
        self._hosts_file = hosts_file
        self._seconds = seconds
        self._free = asyncio.Semaphore(AT_ONCE)

    async def look_up(self, name: TrunkName) -> Finding:
        """Where a name leads.  Does not raise."""
        async with self._free:
            try:
                if name.port is not None:
                    return _by_address(name, await self._addresses(name.host))
                return await self._by_service(name)
            except Unanswered as error:
                return Finding(False, str(error))

    async def _by_service(self, name: TrunkName) -> Finding:
        service = f"{SERVICES[name.transport]}.{name.host}"
        pointers, records, addresses = await asyncio.gather(
            self._ask(name.host, "NAPTR"),
            self._ask(service, "SRV"),
            self._addresses(name.host),
        )
        if services := _replacements(pointers or (), name.transport):
            found = await asyncio.gather(*(self._ask(one, "SRV") for one in services))
            records = [record for each in found for record in each or ()]
        elif not records:
            return _by_address(name, addresses)
        return await self._by_targets(name, records)

    async def _by_targets(self, name: TrunkName, records: Sequence[Any]) -> Finding:
        """`records`: SRV."""
        ordered = sorted(records, key=lambda of: (of.priority, -of.weight))
        hosts = [of.target.to_text(omit_final_dot=True) for of in ordered]
        if {*hosts} <= {"."}:
            say = f"its SRV records say that there is no such service ({SERVICES[name.transport]})"
            return Finding(False, say)
        targets = await asyncio.gather(*map(self._addresses, hosts))
        told = [
            (record.priority, f"{host}:{record.port} ({target.words(name.ipv6)})")
            for record, host, target in zip(ordered, hosts, targets, strict=True)
        ]
        groups = groupby(told, key=lambda one: one[0])
        words = ", then ".join(" or ".join(text for _, text in group) for _, group in groups)
        counted = tuple(one for target in targets for one in target.of(name.ipv6))
        if not counted:
            return Finding(False, f"its SRV records lead to no address: {words}")
        return Finding(True, f"SRV {words}{_too_many(name, len(counted))}", counted)

    async def _addresses(self, host: str) -> _Addresses:
        if own := self._in_hosts_file(host):
            return own
        ipv4, ipv6 = await asyncio.gather(self._ask(host, "A"), self._ask(host, "AAAA"))
        return _Addresses(
            _sorted(ipv4 or ()),
            _sorted(ipv6 or ()),
            known=ipv4 is not None or ipv6 is not None,
        )

    def _in_hosts_file(self, host: str) -> _Addresses | None:
        try:
            lines = self._hosts_file.read_text(errors="replace").splitlines()
        except OSError:
            return None
        entries = [line.partition("#")[0].lower().split() for line in lines]
        found = [entry[0] for entry in entries if host.lower() in entry[1:]]
        ipv6 = tuple(one for one in found if ":" in one)
        ipv4 = tuple(one for one in found if ":" not in one)
        return _Addresses(ipv4, ipv6, source=f" (in {self._hosts_file})") if found else None

    async def _ask(self, name: str, kind: str) -> list[Any] | None:
        """The records of a name; None when there is no such name.  Raises `Unanswered`."""
        asked = f" for {kind} of {name}"
        try:
            full = dns.name.from_text(name)
        except dns.exception.DNSException:  # longer than a name can be
            return None
        try:
            answer = await self._dns.resolve(
                full, kind, raise_on_no_answer=False, lifetime=self._seconds
            )
        except dns.resolver.NXDOMAIN:
            return None
        except dns.exception.Timeout:
            say = f"DNS answered nothing within {self._seconds:g} s, asked{asked}"
            raise Unanswered(say) from None
        except (dns.exception.DNSException, OSError) as error:
            raise Unanswered(f"DNS fails, asked{asked}: {error}") from None
        return list(answer.rrset or ())


def _sorted(records: Iterable[Any]) -> tuple[str, ...]:
    """Addresses of a name have no order of their own."""
    return tuple(sorted((of.address for of in records), key=ip_address))


def _by_address(name: TrunkName, addresses: _Addresses) -> Finding:
    kind, other = ("AAAA", "A") if name.ipv6 else ("A", "AAAA")
    counted, rest = addresses.of(name.ipv6), addresses.of(not name.ipv6)
    no_service = "" if name.port else f"no SRV records ({SERVICES[name.transport]}); "
    unused = f"{other} {_listed(rest)} does not count, for the trunk is of {_version(name.ipv6)}"
    if counted:
        text = f"{no_service}{kind} {_listed(counted)}{addresses.source}"
        also = _too_many(name, len(counted)) + (f"; {unused}" if rest else "")
        return Finding(True, text + also, counted)
    if rest:
        return Finding(False, f"{no_service}no {kind}; {unused}")
    if addresses.known:
        also = "" if name.port else f", and no SRV records ({SERVICES[name.transport]})"
        return Finding(False, f"DNS has no address for this name{also}")
    return Finding(False, "name not found")


def _replacements(pointers: Iterable[Any], transport: str) -> list[str]:
    """The names of SRV records to which NAPTR records lead: those of the first order that fits."""
    fitting = sorted(
        (of.order, of.preference, of.replacement.to_text(omit_final_dot=True))
        for of in pointers
        if of.service.lower() == NAPTR_SERVICES[transport] and of.flags.lower() == b"s"
    )
    return [name for order, _, name in fitting if order == fitting[0][0]]


def _listed(addresses: Sequence[str]) -> str:
    """The first of them."""
    shown = ", ".join(addresses[:MOST_ADDRESSES])
    more = len(addresses) - MOST_ADDRESSES
    return f"{shown} and {more} more" if more > 0 else shown


def _too_many(name: TrunkName, count: int) -> str:
    if name.calls or count <= MOST_ADDRESSES:
        return ""
    return f"; of these {count} addresses Asterisk takes {MOST_ADDRESSES}"


def _version(ipv6: bool) -> str:
    return "IPv6" if ipv6 else "IPv4"
