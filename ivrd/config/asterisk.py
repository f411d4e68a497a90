"""`asterisk:` in ivrd.yaml: where it is, and what `ivrd render` writes for it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ivrd.config import own_network, trunk
from ivrd.config.control_socket import located
from ivrd.config.effect import ASTERISK_RESTART, RELOAD, RESTART
from ivrd.config.field_types import (
    ADDRESS,
    CONTACT,
    HEADER,
    HOST,
    NAME,
    NAME_SERVER,
    PATH,
    PORT,
    SOURCE,
    USER_AGENT,
    Address,
    is_name,
    whole,
)
from ivrd.config.model import Part
from ivrd.config.own_network import NatPart
from ivrd.config.settings import AsteriskSettings
from ivrd.config.trunk import DialledPart, TlsPart, TrunkPart
from ivrd.config.trunk_network import EXCHANGE
from ivrd.config.trunk_settings import TrunkSettings
from ivrd.config.yamlfile import Document, Key

# A phone that sends nothing else reports each 5 seconds what it has received (RFC 3550, 6.2), and
# no later than after 7.5.
LEAST_SILENCE = 8
OPUS_MODULE = "codec_opus_open_source"  # Debian's


class AmiPart(Part):
    """`ami:` Asterisk's management port."""

    host: Annotated[str, HOST, RESTART]
    port: Annotated[int, PORT, RESTART]
    user: Annotated[str, NAME, RESTART]
    secret_file: Annotated[str, PATH, RESTART]


class SipPart(Part):
    """`sip:` where Asterisk takes calls, and as what it presents itself."""

    listen: Annotated[Address, ADDRESS, ASTERISK_RESTART]
    listen_ipv6: Annotated[Address | None, ADDRESS, ASTERISK_RESTART] = None
    user_agent: Annotated[str, USER_AGENT, RELOAD] = "ivrd"


class HeadersPart(Part):
    """`headers:` what agents' phones get with a caller, beside the number."""

    topic: Annotated[str, HEADER, RELOAD] = "X-1330-Topic"
    case: Annotated[str, HEADER, RELOAD] = "X-1330-Case"
    note: Annotated[str, HEADER, RELOAD] = "X-1330-Note"


class RtpPart(Part):
    """`rtp:` the UDP ports for sound, both included."""

    first: Annotated[int, whole(1024, 65535), ASTERISK_RESTART]
    last: Annotated[int, whole(1024, 65535), ASTERISK_RESTART]


class MediaPart(Part):
    """`media:` after how many seconds without a packet a phone or a trunk is taken for lost.

    0: never.  `held_seconds` is for a side that has put the call on hold.  `opus_module`: what
    Asterisk loads when a trunk speaks Opus.
    """

    silent_seconds: Annotated[int, whole(0, 600), RELOAD] = 30
    held_seconds: Annotated[int, whole(0, 7200), RELOAD] = 300
    opus_module: Annotated[str, NAME, RELOAD] = OPUS_MODULE


class CarrierPart(TrunkPart):
    """A carrier: calls from these addresses are calls to the hotline.

    A name stands for the addresses to which it leads by DNS, by SRV records if it has any.
    `registrar`: where the hotline registers, so that it gets them.
    """

    addresses: Annotated[list[Annotated[str, SOURCE]], Field(min_length=1), RELOAD]
    registrar: Annotated[str, EXCHANGE, RELOAD] = ""


class SeatsPart(Part):
    """`seats:` either the seats register, or each has a fixed address."""

    secret_file: Annotated[str, PATH, RELOAD] = ""
    contact: Annotated[str, CONTACT, RELOAD] = ""


class AsteriskPart(Part):
    """`asterisk:` what `ivrd render` writes for it."""

    config_dir: Annotated[str, PATH, RELOAD]
    console: Annotated[list[str], Field(min_length=1), RELOAD] = Field(default=["asterisk"])
    queue_log: Annotated[str, PATH, RESTART] = "/var/log/asterisk/queue_log"
    ami: AmiPart
    sip: SipPart
    tls: TlsPart = TlsPart()
    nat: NatPart = NatPart()
    dns_servers: Annotated[list[Annotated[Address, NAME_SERVER]], ASTERISK_RESTART] = Field(
        default_factory=list
    )
    additions: Annotated[list[Annotated[str, PATH]], RELOAD] = Field(default_factory=list)
    rtp: RtpPart
    media: MediaPart = MediaPart()
    carriers: Annotated[dict[Annotated[str, NAME], CarrierPart], Field(min_length=1), RELOAD]
    seats: SeatsPart
    headers: HeadersPart = HeadersPart()


def check(part: AsteriskPart) -> Iterator[tuple[Key, str]]:
    """What is wrong between the values, as (key in `asterisk:`, what)."""
    rtp, seats = part.rtp, part.seats
    if rtp.last <= rtp.first:
        say = f"expected more than first ({rtp.first}), got {rtp.last}"
        yield ("rtp", "last"), say
    if bool(seats.secret_file) == bool(seats.contact):
        both = "both" if seats.contact else "neither"
        say = f"expected either secret_file or contact, got {both}"
        yield ("seats",), say
    for whose, path in (("ami", part.ami.secret_file), ("seats", seats.secret_file)):
        if path and not {"/", "."} & set(path):  # it may be the secret: it is not repeated
            say = "expected the path of a file with the secret, such as ./ami.secret"
            yield (whose, "secret_file"), say
    yield from _check_media(part)
    yield from _check_trunks(part)
    headers = part.headers
    before: dict[str, str] = {}
    for field in ("topic", "case", "note"):
        header = getattr(headers, field)
        if other := before.get(header.lower()):
            say = f"expected another name than that of {other}"
            yield ("headers", field), say
        before.setdefault(header.lower(), f"{field}, {header}")
    if part.ami.user == "general":
        say = "general is Asterisk's own section in manager.conf; expected another name"
        yield ("ami", "user"), say
    yield from _check_network(part)


def _check_network(part: AsteriskPart) -> Iterator[tuple[Key, str]]:
    """The hotline's own side of the network, and who has to be called over IPv6."""
    for under, found in (
        (("nat",), own_network.check_nat(part.nat)),
        (("sip",), own_network.check_listen(part.sip.listen_ipv6, part.sip.listen)),
        ((), own_network.check_additions(part.additions)),
    ):
        for key, say in found:
            yield (*under, *key), say
    for name, carrier in part.carriers.items():
        wants = trunk.sources_ipv6(carrier, carrier.addresses)
        if say := own_network.needs_ipv6(wants, part.sip.listen_ipv6, part.sip.listen):
            yield ("carriers", name), say


def without_ipv6(part: DialledPart, of: AsteriskPart) -> str:
    """What is wrong with a trunk that is called over IPv6, or empty."""
    return own_network.needs_ipv6(trunk.over_ipv6(part), of.sip.listen_ipv6, of.sip.listen)


def _check_trunks(part: AsteriskPart) -> Iterator[tuple[Key, str]]:
    """Carriers, and what all trunks with TLS have together."""
    for key, say in trunk.check_tls(part.tls, part.sip.listen):
        yield ("tls", *key), say
    yield from _check_names(part)
    for name, carrier in part.carriers.items():
        for key, say in (*trunk.check(carrier), *trunk.check_sources(carrier, carrier.addresses)):
            yield ("carriers", name, *key), say
        if bool(carrier.registrar) != bool(carrier.user):
            say = "expected registrar, user and secret_file together, or none of them"
            yield ("carriers", name), say
        if say := trunk.without_certificate(carrier, part.tls):
            yield ("carriers", name, "transport"), say


def _check_names(part: AsteriskPart) -> Iterator[tuple[Key, str]]:
    """Each host name is one carrier's."""
    before: dict[str, str] = {}
    for name, carrier in part.carriers.items():
        for at, source in enumerate(carrier.addresses):
            if is_name(source) and source in before:
                say = f"{source} is named already, by {before[source]}; expected it once"
                yield ("carriers", name, "addresses", at), say
            before.setdefault(source, name)


def _check_media(part: AsteriskPart) -> Iterator[tuple[Key, str]]:
    """A side that is alive is heard of every few seconds, and on hold less often than in a talk."""
    media = part.media
    for key, value in (
        ("silent_seconds", media.silent_seconds),
        ("held_seconds", media.held_seconds),
    ):
        if 0 < value < LEAST_SILENCE:
            say = f"expected 0 (never) or {LEAST_SILENCE} and more, got {value}"
            yield ("media", key), say
    if 0 < media.held_seconds < media.silent_seconds:
        say = f"expected at least silent_seconds ({media.silent_seconds}), got {media.held_seconds}"
        yield ("media", "held_seconds"), say


def carriers(of: AsteriskPart, folder: Path) -> dict[str, TrunkSettings]:
    """Each carrier's trunk, by its name."""
    return {
        name: trunk.carrier(part, part.addresses, part.registrar, folder, name)
        for name, part in of.carriers.items()
    }


def settings(folder: Path, part: AsteriskPart, document: Document) -> AsteriskSettings:
    """The settings; paths begin in the configuration's `folder`.  `document`: ivrd.yaml."""
    carriers = document.problem(("asterisk", "carriers"), "")
    additions = document.problem(("asterisk", "additions"), "")
    secret = part.seats.secret_file
    return AsteriskSettings(
        config_dir=located(folder, part.config_dir),
        console=tuple(part.console),
        queue_log=located(folder, part.queue_log),
        ami_host=part.ami.host,
        ami_port=part.ami.port,
        ami_user=part.ami.user,
        ami_secret_file=located(folder, part.ami.secret_file),
        sip_host=part.sip.listen.host,
        sip_port=part.sip.listen.port,
        user_agent=part.sip.user_agent,
        tls=trunk.tls(part.tls, folder),
        network=own_network.settings(
            part.nat,
            part.sip.listen_ipv6,
            part.dns_servers,
            part.additions,
            located(folder, part.config_dir),
            f"{additions.file}:{additions.line}: {additions.key}",
        ),
        topic_header=part.headers.topic,
        case_header=part.headers.case,
        note_header=part.headers.note,
        rtp_first=part.rtp.first,
        rtp_last=part.rtp.last,
        silent_seconds=part.media.silent_seconds,
        held_seconds=part.media.held_seconds,
        opus_module=part.media.opus_module,
        carriers=tuple((name, tuple(of.addresses)) for name, of in part.carriers.items()),
        carriers_at=f"{carriers.file}:{carriers.line}: {carriers.key}",
        seats_secret_file=located(folder, secret) if secret else None,
        seat_contact=part.seats.contact or None,
    )
