"""A trunk as the program works with it: another exchange, of a partner or of a carrier."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ivrd.config.network_settings import USUAL, NetworkSettings

UDP, TCP, TLS = "udp", "tcp", "tls"
TRANSPORTS = (UDP, TCP, TLS)
NONE, OFFERED, REQUIRED = "none", "offered", "required"
DTLS, DTLS_SAVPF = "dtls", "dtls_savpf"
SRTP = (NONE, OFFERED, REQUIRED, DTLS, DTLS_SAVPF)
G711 = ("alaw", "ulaw")
OPUS = "opus"
CODECS = (*G711, "g722", OPUS, "gsm")
RFC4733, INBAND, AUTO = "rfc4733", "inband", "auto"
DTMF = (RFC4733, "info", INBAND, AUTO)


@dataclass(frozen=True)
class TrunkSettings:
    """How another exchange is spoken to.

    `addresses`: where it is called (host or host:port), the first that responds; none of a carrier
    that only calls.  `number`: whom we ask for there; empty for the hotline's own.  `srtp`: whether
    sound is encrypted: `offered`, `required` by keys in the SDP (RFC 4568), `dtls`, `dtls_savpf`
    required by DTLS (RFC 5764), the latter in the profile with feedback.  `codecs`: the first is
    wanted most.  `shows_caller`: it is told the caller's number instead of the hotline's.

    `user`, and the secret in `secret_file` or in the environment's `secret_variable`: for digest
    authentication (RFC 8760); an empty user for none.  `registrars`: where we register, so that it
    takes our calls or sends us its own.  `headers`: the names of those with topic, case and note;
    empty for the usual one.
    """

    addresses: tuple[str, ...] = ()
    number: str = ""
    transport: str = UDP
    srtp: str = NONE
    codecs: tuple[str, ...] = G711
    dtmf: str = RFC4733
    shows_caller: bool = False
    user: str = ""
    secret_file: Path | None = None
    secret_variable: str = ""
    registrars: tuple[str, ...] = ()
    headers: tuple[str, ...] = ("", "", "")
    network: NetworkSettings = USUAL

    def __str__(self) -> str:
        """Where it is, and what is not as usual there."""
        number = f"{self.number}@" if self.number else ""
        more = [self.transport] if self.transport != UDP else []
        more += [f"SRTP {self.srtp}"] if self.srtp != NONE else []
        more += ["registers"] if self.registrars else []
        if self.network.registers_here:
            return f"where it registers ({', '.join(more)})" if more else "where it registers"
        where = ", ".join(number + address for address in self.addresses)
        return f"{where} ({', '.join(more)})" if more else where


PLAIN = TrunkSettings()


@dataclass(frozen=True)
class TlsSettings:
    """The transport for TLS: where it listens, its certificate, whose certificates it trusts.

    Without a trunk that is spoken to by TLS the first two may be None.
    """

    host: str
    port: int
    cert_file: Path | None
    key_file: Path | None
    ca_file: Path


def speaks(trunks: Iterable[TrunkSettings], codec: str) -> bool:
    """Whether one of them may be spoken to in this codec."""
    return any(codec in trunk.codecs for trunk in trunks)


def uses(trunks: Sequence[TrunkSettings], transport: str) -> bool:
    """Whether one of them is spoken to in this way."""
    return any(trunk.transport == transport for trunk in trunks)
