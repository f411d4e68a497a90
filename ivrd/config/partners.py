"""partners.yaml: organisations whose call centres help when the hotline's own is full."""

from collections.abc import Collection, Iterator, Mapping
from ipaddress import ip_address, ip_network
from typing import Annotated

from pydantic import Field

from ivrd.config import hours, queues
from ivrd.config.effect import RELOAD
from ivrd.config.field_types import (
    LANGUAGE,
    NAME,
    SIP_PORT,
    TRUNK,
    TRUTH,
    Address,
    all_or,
    choice,
    number,
    text,
    whole,
)
from ivrd.config.hours import HoursFile
from ivrd.config.main import MainFile
from ivrd.config.model import File, Part
from ivrd.config.problem import Problem, unknown
from ivrd.config.queues import QueuesFile
from ivrd.core.partner import Partner, PartnerState

FILE = "partners.yaml"
MOST_SEATS = 200
IN_ASTERISK = "partner-"  # and the id: a partner's endpoint and dialplan context


class NamePart(Part):
    """`name:` in Thai and in English."""

    th: Annotated[str, text(120), RELOAD]
    en: Annotated[str, text(120), RELOAD]


class PartnerPart(Part):
    """One partner.  `pledged` and `cap` count seats; `topics` is None for all.

    Without `languages` its people speak the hotline's first.
    """

    name: NamePart
    trunk: Annotated[Address, TRUNK, RELOAD]
    pledged: Annotated[int, whole(0, MOST_SEATS), RELOAD]
    cap: Annotated[int, whole(1, MOST_SEATS), RELOAD]
    hours: Annotated[str, NAME, RELOAD]
    topics: Annotated[list[str] | None, all_or("topics"), RELOAD]
    languages: Annotated[list[Annotated[str, LANGUAGE]], Field(min_length=1), RELOAD] = Field(
        default_factory=list
    )
    weight: Annotated[float, number(0.01, 100), RELOAD] = 1.0
    confirm: Annotated[bool, TRUTH, RELOAD] = True
    state: Annotated[str, choice(*PartnerState), RELOAD] = PartnerState.ONBOARDING.value


class PartnersFile(Part):
    """partners.yaml."""

    partners: Annotated[dict[Annotated[str, NAME], PartnerPart], RELOAD]


def check(file: File[PartnersFile]) -> Iterator[Problem]:
    """What is wrong between the values of this file."""
    first: dict[Address, str] = {}
    for name, part in file.parsed.partners.items():
        if part.trunk in first:
            say = f"{first[part.trunk]} has this trunk already"
            yield file.problem("partners", name, "trunk", say=say)
        first.setdefault(part.trunk, name)
        if part.cap < part.pledged:
            say = f"expected at least the pledged {part.pledged}, got {part.cap}"
            yield file.problem("partners", name, "cap", say=say)


def check_with_program(file: File[PartnersFile], program: MainFile) -> Iterator[Problem]:
    """What does not agree with ivrd.yaml."""
    carriers = program.asterisk.carriers
    yield from _names_taken(file, dict.fromkeys(carriers, "a carrier in ivrd.yaml"))
    for name, part in file.parsed.partners.items():
        yield from _listed(file, name, "languages", part.languages, program.languages)
        for carrier, of in carriers.items():
            if any(_within(part.trunk.host, addresses) for addresses in of.addresses):
                say = f"the address belongs to {carrier}, a carrier in ivrd.yaml"
                yield file.problem("partners", name, "trunk", say=say)


def check_with_queues(file: File[PartnersFile], parsed: QueuesFile) -> Iterator[Problem]:
    """What does not agree with queues.yaml."""
    taken = {name: f"{what} in queues.yaml" for name, what in queues.names(parsed).items()}
    yield from _names_taken(file, taken)
    topics = parsed.topics()
    for name, part in file.parsed.partners.items():
        yield from _listed(file, name, "topics", part.topics or (), topics)


def check_with_hours(file: File[PartnersFile], parsed: HoursFile) -> Iterator[Problem]:
    """What does not agree with hours.yaml."""
    for name, part in file.parsed.partners.items():
        yield from hours.check_use(parsed, part.hours, file, ("partners", name, "hours"))


def _names_taken(file: File[PartnersFile], taken: Mapping[str, str]) -> Iterator[Problem]:
    """Ids that stand for something else too, `taken` says for what."""
    for name in file.parsed.partners:
        own = IN_ASTERISK + name
        if name in taken:
            yield file.problem("partners", name, say=f"{taken[name]} has this name")
        if own in taken:
            say = f"{taken[own]} has the name {own}, which is this partner's in Asterisk"
            yield file.problem("partners", name, say=say)


def _listed(
    file: File[PartnersFile], name: str, key: str, given: Collection[str], known: Collection[str]
) -> Iterator[Problem]:
    """What the list at `key` names twice, or what is not known."""
    seen: set[str] = set()
    for at, one in enumerate(given):
        if one not in known:
            say = unknown(key.removesuffix("s"), one, known)
            yield file.problem("partners", name, key, at, say=say)
        elif one in seen:
            yield file.problem("partners", name, key, at, say=f"{one} is named twice")
        seen.add(one)


def _within(host: str, addresses: str) -> bool:
    try:
        return ip_address(host) in ip_network(addresses)
    except ValueError:  # a host name
        return False


def partners(parsed: PartnersFile, waiting: QueuesFile, language: str) -> tuple[Partner, ...]:
    """The partners as the program works with them.

    `waiting` has all the topics; `language` is the one of partners that name none.
    """
    return tuple(
        Partner(
            id=name,
            name_th=part.name.th,
            name_en=part.name.en,
            trunk=_short(part.trunk),
            pledged=part.pledged,
            cap=part.cap,
            state=PartnerState(part.state),
            hours=part.hours,
            topics=waiting.topics() if part.topics is None else tuple(part.topics),
            languages=tuple(part.languages) or (language,),
            weight=part.weight,
            confirm=part.confirm,
        )
        for name, part in parsed.partners.items()
    )


def _short(trunk: Address) -> str:
    """Without the port when it is SIP's own."""
    full = str(trunk)
    return full.removesuffix(f":{SIP_PORT}")
