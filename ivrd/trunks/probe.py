"""Why an address of a trunk does not answer: the name, the way, the port, the certificate.

Asterisk says that OPTIONS are not answered, and no more.  Here the address is tried as Asterisk
does: the name is looked up, the port is tried by the trunk's transport, and of TLS the certificate
is verified with the same CA.  Over UDP a keep-alive of RFC 5626 (CRLF) is sent, which an exchange
ignores, and a host where nothing listens answers by ICMP.  What TLS shows is the other side's
certificate as well, also when all is well.
"""

import asyncio
import errno
import socket
import ssl
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from ivrd.config.trunk_settings import TLS, UDP
from ivrd.core.trunk_fault import FaultReason
from ivrd.trunks.certificate import Certificate, parsed

NAME_SECONDS = 3.0  # for DNS
CONNECT_SECONDS = 3.0
ICMP_SECONDS = 0.5
MOST_ADDRESSES = 3  # of a name that has many
LOOK_UPS = 4  # at once: who waits for a DNS that does not answer holds a thread
KEEP_ALIVE = b"\r\n\r\n"
SRV_OVER_UDP = (
    "if its name has SRV records, Asterisk passes over a target that is silent only with "
    "transport: tcp, or when each is one of addresses"
)
OTHER_DNS = "asterisk.dns_servers, which Asterisk asks, are not asked here"
Answer = asyncio.Future[Sequence[tuple[Any, ...]]]
NO_WAY = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EINVAL})
# X509_V_ERR_* of OpenSSL.
NOT_YET_VALID, EXPIRED, OTHER_NAME, OTHER_ADDRESS = 9, 10, 62, 64
UNTRUSTED = frozenset({2, 18, 19, 20, 21})


@dataclass(frozen=True)
class Place:
    """Where a trunk is spoken to.  `srv`: a name without a port, which may have SRV records."""

    host: str
    port: int
    transport: str
    srv: bool = False

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True)
class Finding:
    """What was found at a place.  `certificate`: what it showed, None without TLS.

    `addresses`: those of the name.
    """

    reason: FaultReason
    text: str
    certificate: Certificate | None = None
    addresses: frozenset[str] = frozenset()


class Prober:
    """Tries places.

    `ca_file`: whose certificates are trusted.  `other_dns`: whether Asterisk asks other name
    servers than this machine, by which names are looked up here.
    """

    def __init__(self, ca_file: Path, other_dns: bool) -> None:
        self.ca_file = ca_file
        self.other_dns = other_dns
        self._free = asyncio.Semaphore(LOOK_UPS)

    async def probe(self, place: Place) -> Finding:
        """What can be seen of a place; `SILENT` when all is well as far as that.  Never raises."""
        try:
            addresses = await self._look_up(place)
        except OSError as error:
            also = f"; {OTHER_DNS}" if self.other_dns else ""
            also += _srv_words(place)
            return Finding(FaultReason.NAME, _name_words(place, error) + also)
        finding = Finding(FaultReason.SILENT, "")
        for address in addresses[:MOST_ADDRESSES]:
            finding = await self._try(place, address)
            if finding.reason is FaultReason.SILENT or finding.certificate:
                break
        if finding.reason is FaultReason.SILENT:
            finding = replace(finding, text=finding.text + _srv_words(place))
        return replace(finding, addresses=frozenset(str(address[0]) for address in addresses))

    async def _look_up(self, place: Place) -> Sequence[tuple[Any, ...]]:
        """The addresses of a name.  Raises OSError, TimeoutError among them.

        An address is looked up nowhere: whom DNS keeps waiting holds up nobody who needs none.
        """
        if is_address(place.host):
            return [(place.host, place.port)]
        async with asyncio.timeout(NAME_SECONDS):
            await self._free.acquire()
            loop = asyncio.get_running_loop()
            answer: Answer = loop.create_future()
            # No executor's thread: at the end of the program those are waited for.
            threading.Thread(
                target=self._ask, args=(place, loop, answer), name="look-up", daemon=True
            ).start()
            return await answer

    def _ask(self, place: Place, loop: asyncio.AbstractEventLoop, answer: Answer) -> None:
        """In a thread of its own."""
        kind = socket.SOCK_DGRAM if place.transport == UDP else socket.SOCK_STREAM
        found: Sequence[tuple[Any, ...]] = []
        failed: OSError | None = None
        try:
            found = [of[4] for of in socket.getaddrinfo(place.host, place.port, type=kind)]
        except UnicodeError:  # longer than a name can be
            failed = socket.gaierror(socket.EAI_NONAME, "no name of DNS's")
        except OSError as error:
            failed = error

        def tell() -> None:
            self._free.release()
            if answer.done():  # nobody waits any more
                return
            if failed:
                answer.set_exception(failed)
            else:
                answer.set_result(found)

        with suppress(RuntimeError):  # the program has ended
            loop.call_soon_threadsafe(tell)

    async def _try(self, place: Place, address: tuple[Any, ...]) -> Finding:
        try:
            if place.transport == UDP:
                await _send(address)
                return Finding(FaultReason.SILENT, f"{place} does not answer OPTIONS")
            async with asyncio.timeout(CONNECT_SECONDS):
                return await self._connect(place, address)
        except TimeoutError:
            text = f"{place} does not answer (no connection within {CONNECT_SECONDS:g} s)"
            return Finding(FaultReason.SILENT, text)
        except ConnectionRefusedError:
            text = f"nothing listens at {place} ({place.transport.upper()})"
            return Finding(FaultReason.NOT_LISTENING, text)
        except ConnectionError as error:
            why = error.strerror or "closed"
            return Finding(FaultReason.TLS, f"{place} ends the connection at once ({why})")
        except OSError as error:
            reason = FaultReason.NO_ROUTE if error.errno in NO_WAY else FaultReason.SILENT
            return Finding(reason, f"no way to {place}: {error.strerror or error}")

    async def _connect(self, place: Place, address: tuple[Any, ...]) -> Finding:
        if place.transport != TLS:
            (await _open(address)).transport.abort()
            text = f"{place} takes a connection, and does not answer OPTIONS"
            return Finding(FaultReason.SILENT, text)
        try:
            context = await asyncio.to_thread(self._verifying)  # a system's CAs are many
        except OSError as error:
            text = f"{self.ca_file} cannot be read: {error.strerror or error}"
            return Finding(FaultReason.TLS, text)
        try:
            shown = await _certificate(place, address, context)
        except ssl.SSLCertVerificationError as error:
            return await self._refused(place, address, error)
        except ssl.SSLError as error:
            what = (error.reason or str(error)).replace("_", " ").lower()
            return Finding(FaultReason.TLS, f"TLS with {place} fails: {what}")
        text = f"TLS with {place} comes about, and OPTIONS are not answered"
        return Finding(FaultReason.SILENT, text, shown)

    async def _refused(
        self, place: Place, address: tuple[Any, ...], error: ssl.SSLCertVerificationError
    ) -> Finding:
        """A certificate that was refused: looked at once more, to say which it is."""
        anyone = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
        shown = None
        with suppress(OSError):
            shown = await _certificate(place, address, anyone)
        text = f"the certificate of {place} is refused: {self._why(place, error, shown)}"
        if shown:
            text += f" ({shown})"
        return Finding(FaultReason.CERTIFICATE, text, shown)

    def _why(
        self, place: Place, error: ssl.SSLCertVerificationError, shown: Certificate | None
    ) -> str:
        match error.verify_code:
            case code if code == EXPIRED:
                return "it has expired"
            case code if code == NOT_YET_VALID:
                return "it is not valid yet"
            case code if code in (OTHER_NAME, OTHER_ADDRESS):
                return f"it is for {shown.names_in_words if shown else 'another host'}"
            case code if code in UNTRUSTED:
                return f"nobody whom {self.ca_file} trusts has signed it"
            case _:
                return error.verify_message

    def _verifying(self) -> ssl.SSLContext:
        """Raises OSError, also for a file without certificates."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.ca_file)
        return context


async def _open(
    address: tuple[Any, ...], context: ssl.SSLContext | None = None, host: str | None = None
) -> asyncio.StreamWriter:
    _, writer = await asyncio.open_connection(
        address[0], address[1], ssl=context, server_hostname=host
    )
    return writer


async def _certificate(
    place: Place, address: tuple[Any, ...], context: ssl.SSLContext
) -> Certificate | None:
    """What the other side shows."""
    writer = await _open(address, context, place.host)
    try:
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    finally:
        writer.transport.abort()  # who waits for a TLS that is closed in good order may wait long
    try:
        return parsed(der) if der else None
    except ValueError:
        return None


async def _send(address: tuple[Any, ...]) -> None:
    """Send what an exchange ignores.  Raises OSError when ICMP says that nobody is there."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[None] = loop.create_future()

    class Sender(asyncio.DatagramProtocol):
        def error_received(self, error: Exception) -> None:
            if not answer.done():
                answer.set_exception(error)

    transport, _ = await loop.create_datagram_endpoint(Sender, remote_addr=address[:2])
    try:
        transport.sendto(KEEP_ALIVE)
        with suppress(TimeoutError):
            async with asyncio.timeout(ICMP_SECONDS):
                await answer
    finally:
        transport.close()


def is_address(host: str) -> bool:
    """Whether this is an IP address, and no name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _srv_words(place: Place) -> str:
    """What to do about SRV over UDP, of which a dead target is found by a call's time-out alone."""
    return f"; {SRV_OVER_UDP}" if place.srv and place.transport == UDP else ""


def _name_words(place: Place, error: OSError) -> str:
    if isinstance(error, TimeoutError):
        within = f"there was no answer within {NAME_SECONDS:g} s"
        return f"whether DNS has the name {place.host} is not known: {within}"
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        return f"whether DNS has the name {place.host} is not known: it does not answer"
    also = "; ivrd check --live tells of its SRV records" if place.srv else ""
    return f"the name {place.host} is not found: it has no address in DNS{also}"
