"""ivrd.yaml: the program itself, its surroundings and Asterisk."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from ivrd.config import control_socket, trunk
from ivrd.config.asterisk import AsteriskPart, without_ipv6
from ivrd.config.asterisk import check as check_asterisk
from ivrd.config.callback import CallbackPart
from ivrd.config.callback import check as check_callback
from ivrd.config.callback import dialled as dialled_by
from ivrd.config.control_socket import located
from ivrd.config.dialled import canonical, spellings
from ivrd.config.effect import RELOAD, RESTART
from ivrd.config.field_types import (
    ADDRESS,
    LANGUAGE,
    MODE,
    NAME,
    PATH,
    REGION,
    TELEPHONE,
    WRITTEN,
    ZONE,
    Address,
    choice,
    is_name,
    number,
    whole,
)
from ivrd.config.links import LinksPart
from ivrd.config.model import File, Part
from ivrd.config.people import PeoplePart
from ivrd.config.priority import PriorityPart
from ivrd.config.priority import check as check_priority
from ivrd.config.problem import Problem, unknown
from ivrd.config.settings import NumberSettings
from ivrd.config.store import StorePart
from ivrd.config.store import check as check_store
from ivrd.config.waiting import WaitingPart
from ivrd.core.challenge import ChallengeLimits, RateLimit
from ivrd.core.overflow import Policy

FILE = control_socket.FILE


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
    for place, say in check_asterisk(parsed.asterisk):
        yield file.problem("asterisk", *place, say=say)
    yield from _check_callback_trunks(file)


def _check_callback_trunks(file: File[MainFile]) -> Iterator[Problem]:
    """What the trunks for the hotline's own calls need of Asterisk's side."""
    of, part = file.parsed.asterisk, file.parsed.callback
    named = any(is_name(one) for carrier in of.carriers.values() for one in carrier.addresses)
    if named and part.trunk is None and part.port == of.sip.listen.port:
        say = f"{part.port} is the port of asterisk.sip; a carrier's name needs another one"
        yield file.problem("callback", "port", say=say)
    for key, called in dialled_by(file.parsed.callback):
        if say := trunk.without_certificate(called, of.tls):
            yield file.problem(*key, "transport", say=say)
        if say := without_ipv6(called, of):
            yield file.problem(*key, say=say)


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
