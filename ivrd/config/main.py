"""ivrd.yaml: the program itself, its surroundings and Asterisk."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from ivrd.config import control_socket, own_network, trunk
from ivrd.config.callback import CallbackPart
from ivrd.config.callback import check as check_callback
from ivrd.config.control_socket import located
from ivrd.config.dialled import canonical, spellings
from ivrd.config.effect import ASTERISK_RESTART, RELOAD, RESTART
from ivrd.config.field_types import (
    ADDRESS,
    CONTACT,
    HEADER,
    HOST,
    LANGUAGE,
    MODE,
    NAME,
    NAME_SERVER,
    NETWORK,
    PATH,
    PORT,
    REGION,
    TELEPHONE,
    USER_AGENT,
    WRITTEN,
    ZONE,
    Address,
    choice,
    number,
    whole,
)
from ivrd.config.links import LinksPart
from ivrd.config.model import File, Part
from ivrd.config.own_network import NatPart
from ivrd.config.people import PeoplePart
from ivrd.config.priority import PriorityPart
from ivrd.config.priority import check as check_priority
from ivrd.config.problem import Problem, unknown
from ivrd.config.settings import AsteriskSettings, NumberSettings
from ivrd.config.store import StorePart
from ivrd.config.store import check as check_store
from ivrd.config.trunk import DialledPart, TlsPart, TrunkPart
from ivrd.config.trunk_network import EXCHANGE
from ivrd.config.trunk_settings import TrunkSettings
from ivrd.config.waiting import WaitingPart
from ivrd.core.challenge import ChallengeLimits, RateLimit
from ivrd.core.overflow import Policy

FILE = control_socket.FILE
# A phone that sends nothing else reports each 5 seconds what it has received (RFC 3550, 6.2), and
# no later than after 7.5.
LEAST_SILENCE = 8
OPUS_MODULE = "codec_opus_open_source"  # Debian's


class LogPart(Part):
    """`log:` how the log is written."""

    format: Annotated[str, choice("plain", "json"), RELOAD] = "plain"
    level: Annotated[str, choice("debug", "info", "warning", "error"), RELOAD] = "info"


class WebPart(Part):
    """`web:` where metrics and health are served."""

    listen: Annotated[Address, ADDRESS, RESTART]


class ControlPart(Part):
    """`control:` the socket that `ivrd status` and the other commands speak to."""

    socket: Annotated[str, PATH, RESTART]
    mode: Annotated[int, MODE, RELOAD] = 0o660


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

    `registrar`: where the hotline registers, so that it gets them.
    """

    addresses: Annotated[list[Annotated[str, NETWORK]], Field(min_length=1), RELOAD]
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


class OverflowPart(Part):
    """`overflow:` how many seats partners are asked for; core/overflow.py has what each means."""

    target_percent: Annotated[float, number(1, 99), RELOAD] = Policy.target_ratio * 100
    drain_seconds: Annotated[float, number(1, 3600), RELOAD] = Policy.drain_seconds
    reach_seconds: Annotated[float, number(1, 60), RELOAD] = Policy.reach_seconds
    floor_seats: Annotated[int, whole(0, 4000), RELOAD] = Policy.floor
    ceiling_seats: Annotated[int, whole(0, 4000), RELOAD] = Policy.ceiling
    hold_seconds: Annotated[float, number(1, 3600), RELOAD] = Policy.hold_seconds
    slack_percent: Annotated[float, number(1, 50), RELOAD] = Policy.slack * 100
    expected_talk_seconds: Annotated[float, number(1, 7200), RELOAD] = Policy.expected_talk_seconds
    expected_patience_seconds: Annotated[float, number(1, 7200), RELOAD] = (
        Policy.expected_patience_seconds
    )


class RatePart(Part):
    """How many calls at once and in a minute; 0: any number."""

    at_once: Annotated[int, whole(0, 100_000), RELOAD] = 0
    a_minute: Annotated[int, whole(0, 100_000), RELOAD] = 0


class ChallengePart(Part):
    """`challenge:` over one of these, callers are asked for a key before anything else."""

    number: RatePart = RatePart()
    withheld: RatePart = RatePart()
    all: RatePart = RatePart()


class LimitsPart(Part):
    """`limits:` how many callers there may be, how many of them with what."""

    callers: Annotated[int, whole(1, 10_000), RELOAD] = 1000
    music: Annotated[int, whole(0, 10_000), RELOAD] = 100
    menus: Annotated[int, whole(1, 10_000), RELOAD] = 1000
    behind_seconds: Annotated[float, number(0.1, 2), RELOAD] = 1.0
    challenge: ChallengePart = ChallengePart()


class NumberPart(Part):
    """A further number of the hotline: where its callers begin; empty as those of `number` do."""

    menu: Annotated[str, NAME, RELOAD] = ""
    language: Annotated[str, LANGUAGE, RELOAD] = ""


class MainFile(Part):
    """ivrd.yaml."""

    number: Annotated[str, TELEPHONE, RELOAD]
    numbers: Annotated[dict[Annotated[str, TELEPHONE], NumberPart], RELOAD] = Field(
        default_factory=dict
    )
    country: Annotated[str, REGION, RESTART] = "TH"
    time_zone: Annotated[ZoneInfo, ZONE, RELOAD]
    languages: Annotated[list[Annotated[str, LANGUAGE]], Field(min_length=1), RELOAD]
    service_level_seconds: Annotated[float, number(1, 600), RELOAD] = 20
    lease_seconds: Annotated[int, whole(3, 60), RELOAD] = 5
    drain_seconds: Annotated[float, number(0, 600), RELOAD] = 20
    overflow: OverflowPart = OverflowPart()
    waiting: WaitingPart = WaitingPart()
    links: LinksPart = LinksPart()
    limits: LimitsPart = LimitsPart()
    sounds: Annotated[str, PATH, RELOAD]
    state_dir: Annotated[str, PATH, RESTART] = "/var/lib/ivrd"
    store: StorePart = StorePart()
    callback: CallbackPart = CallbackPart()
    people: PeoplePart = PeoplePart()
    priority: PriorityPart = PriorityPart()
    log: LogPart = LogPart()
    caller_key_file: Annotated[str, PATH, RESTART]
    web: WebPart
    control: ControlPart
    asterisk: AsteriskPart


def check(file: File[MainFile], folder: Path) -> Iterator[Problem]:
    """What is wrong between the values of this file."""
    parsed = file.parsed
    for at, language in enumerate(parsed.languages):
        if language in parsed.languages[:at]:
            yield file.problem("languages", at, say=f"{language} is named twice")
    if parsed.languages[0] not in WRITTEN:
        say = (
            f"expected {' or '.join(WRITTEN)} first: any other is off while a recording is missing"
        )
        yield file.problem("languages", 0, say=say)
    if say := control_socket.too_long(located(folder, parsed.control.socket)):
        yield file.problem("control", "socket", say=say)
    if parsed.overflow.floor_seats > parsed.overflow.ceiling_seats:
        ceiling, floor = parsed.overflow.ceiling_seats, parsed.overflow.floor_seats
        say = f"expected at most ceiling_seats ({ceiling}), got {floor}"
        yield file.problem("overflow", "floor_seats", say=say)
    yield from _check_numbers(file)
    for key, say in check_priority(parsed.priority):
        yield file.problem(*key, say=say)
    for key, say in check_store(parsed.store):
        yield file.problem("store", *key, say=say)
    for place, say in check_callback(
        parsed.callback,
        parsed.asterisk.carriers,
        parsed.asterisk.sip.listen.port,
        parsed.people.keep_days,
    ):
        yield file.problem(*place, say=say)
    yield from _check_asterisk(file)
    yield from _check_network(file)


def _check_network(file: File[MainFile]) -> Iterator[Problem]:
    """The hotline's own side of the network, and who has to be called over IPv6."""
    of = file.parsed.asterisk
    for part, found in (
        (("nat",), own_network.check_nat(of.nat)),
        (("sip",), own_network.check_listen(of.sip.listen_ipv6, of.sip.listen)),
        ((), own_network.check_additions(of.additions)),
    ):
        for key, say in found:
            yield file.problem("asterisk", *part, *key, say=say)
    for name, carrier in of.carriers.items():
        wants = trunk.sources_ipv6(carrier, carrier.addresses)
        if say := own_network.needs_ipv6(wants, of.sip.listen_ipv6, of.sip.listen):
            yield file.problem("asterisk", "carriers", name, say=say)
    called = file.parsed.callback.trunk
    if called and (say := without_ipv6(called, of)):
        yield file.problem("callback", "trunk", say=say)


def without_ipv6(part: DialledPart, of: AsteriskPart) -> str:
    """What is wrong with a trunk that is called over IPv6, or empty."""
    return own_network.needs_ipv6(trunk.over_ipv6(part), of.sip.listen_ipv6, of.sip.listen)


def _check_numbers(file: File[MainFile]) -> Iterator[Problem]:
    """Numbers that are one and the same, and languages that nobody speaks here."""
    parsed = file.parsed
    known: dict[str, str] = {}
    for dialled in (parsed.number, *parsed.numbers):
        key = ("numbers", dialled) if known else ("number",)
        spelt = spellings(canonical(dialled) or "", parsed.country)
        same = next((known[one] for one in spelt if one in known), "")
        if same:
            yield file.problem(*key, say=f"this is the same number as {same}")
        known.update(dict.fromkeys(spelt, dialled))
    for dialled, part in parsed.numbers.items():
        if part.language and part.language not in parsed.languages:
            say = unknown("language", part.language, parsed.languages)
            yield file.problem("numbers", dialled, "language", say=say)


def numbers(parsed: MainFile, spoken: Collection[str]) -> tuple[NumberSettings, ...]:
    """The hotline's numbers, the first one first.  Those of a language that is off have none."""
    parts = {parsed.number: NumberPart(), **parsed.numbers}
    found = []
    for dialled, part in parts.items():
        spelt = spellings(canonical(dialled) or "", parsed.country)
        language = part.language if part.language in spoken else ""
        found.append(NumberSettings(spelt[0], part.menu, language, spelt))
    return tuple(found)


def _check_asterisk(file: File[MainFile]) -> Iterator[Problem]:
    parsed = file.parsed
    rtp, seats = parsed.asterisk.rtp, parsed.asterisk.seats
    if rtp.last <= rtp.first:
        say = f"expected more than first ({rtp.first}), got {rtp.last}"
        yield file.problem("asterisk", "rtp", "last", say=say)
    if bool(seats.secret_file) == bool(seats.contact):
        both = "both" if seats.contact else "neither"
        say = f"expected either secret_file or contact, got {both}"
        yield file.problem("asterisk", "seats", say=say)
    for part, path in (("ami", parsed.asterisk.ami.secret_file), ("seats", seats.secret_file)):
        if path and not {"/", "."} & set(path):  # it may be the secret: it is not repeated
            say = "expected the path of a file with the secret, such as ./ami.secret"
            yield file.problem("asterisk", part, "secret_file", say=say)
    yield from _check_media(file)
    yield from _check_trunks(parsed.asterisk, file)
    headers = parsed.asterisk.headers
    before: dict[str, str] = {}
    for field in ("topic", "case", "note"):
        header = getattr(headers, field)
        if other := before.get(header.lower()):
            say = f"expected another name than that of {other}"
            yield file.problem("asterisk", "headers", field, say=say)
        before.setdefault(header.lower(), f"{field}, {header}")
    if parsed.asterisk.ami.user == "general":
        say = "general is Asterisk's own section in manager.conf; expected another name"
        yield file.problem("asterisk", "ami", "user", say=say)


def _check_trunks(part: AsteriskPart, file: File[MainFile]) -> Iterator[Problem]:
    """Carriers, and what all trunks with TLS have together."""
    for key, say in trunk.check_tls(part.tls, part.sip.listen):
        yield file.problem("asterisk", "tls", *key, say=say)
    for name, carrier in part.carriers.items():
        for key, say in (*trunk.check(carrier), *trunk.check_sources(carrier, carrier.addresses)):
            yield file.problem("asterisk", "carriers", name, *key, say=say)
        if bool(carrier.registrar) != bool(carrier.user):
            say = "expected registrar, user and secret_file together, or none of them"
            yield file.problem("asterisk", "carriers", name, say=say)
        if say := trunk.without_certificate(carrier, part.tls):
            yield file.problem("asterisk", "carriers", name, "transport", say=say)
    called = file.parsed.callback.trunk
    if called and (say := trunk.without_certificate(called, part.tls)):
        yield file.problem("callback", "trunk", "transport", say=say)


def carriers(parsed: MainFile, folder: Path) -> dict[str, TrunkSettings]:
    """Each carrier's trunk, by its name."""
    return {
        name: trunk.carrier(part, part.addresses, part.registrar, folder, name)
        for name, part in parsed.asterisk.carriers.items()
    }


def _check_media(file: File[MainFile]) -> Iterator[Problem]:
    """A side that is alive is heard of every few seconds, and on hold less often than in a talk."""
    media = file.parsed.asterisk.media
    for key, value in (
        ("silent_seconds", media.silent_seconds),
        ("held_seconds", media.held_seconds),
    ):
        if 0 < value < LEAST_SILENCE:
            say = f"expected 0 (never) or {LEAST_SILENCE} and more, got {value}"
            yield file.problem("asterisk", "media", key, say=say)
    if 0 < media.held_seconds < media.silent_seconds:
        say = f"expected at least silent_seconds ({media.silent_seconds}), got {media.held_seconds}"
        yield file.problem("asterisk", "media", "held_seconds", say=say)


def policy(parsed: MainFile) -> Policy:
    """How many seats partners are asked for, as the core wants it: ratios for percents."""
    of = parsed.overflow
    return Policy(
        target_ratio=of.target_percent / 100,
        target_seconds=parsed.service_level_seconds,
        drain_seconds=of.drain_seconds,
        reach_seconds=of.reach_seconds,
        floor=of.floor_seats,
        ceiling=of.ceiling_seats,
        hold_seconds=of.hold_seconds,
        slack=of.slack_percent / 100,
        expected_talk_seconds=of.expected_talk_seconds,
        expected_patience_seconds=of.expected_patience_seconds,
    )


def challenge(parsed: MainFile) -> ChallengeLimits:
    """Over which limits callers are asked for a key."""
    part = parsed.limits.challenge
    number, withheld, everybody = (
        RateLimit(of.at_once, of.a_minute) for of in (part.number, part.withheld, part.all)
    )
    return ChallengeLimits(number, withheld, everybody)


def asterisk(folder: Path, file: File[MainFile]) -> AsteriskSettings:
    """The settings; paths begin in the configuration's `folder`."""
    part = file.parsed.asterisk
    carriers = file.problem("asterisk", "carriers", say="")
    additions = file.problem("asterisk", "additions", say="")
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
