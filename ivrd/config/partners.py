"""partners.yaml: organisations whose call centres help when the hotline's own is full."""

from collections.abc import Collection, Iterator, Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ivrd.config import call_out, hours, queues, trunk, yamlfile
from ivrd.config.asterisk import without_ipv6
from ivrd.config.call_out import CallOutPart, CallOutSettings, ContactPart
from ivrd.config.effect import RELOAD
from ivrd.config.field_types import (
    LANGUAGE,
    NAME,
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
from ivrd.config.outbox import OutboxFile
from ivrd.config.problem import Problem, unknown
from ivrd.config.queues import QueuesFile
from ivrd.config.settings import Settings
from ivrd.config.trunk import PARTNER_TRUNK, PartnerTrunkPart
from ivrd.config.trunk_settings import NONE, OFFERED, TLS, TrunkSettings
from ivrd.core.partner import (
    KEY_SECONDS,
    RESPONSE_SECONDS,
    RING_SECONDS,
    Partner,
    PartnerState,
    trained_for,
)
from ivrd.core.skills import Skills, group_of

FILE = "partners.yaml"
MOST_SEATS = 200
MOST_OFFER_SECONDS = 90  # of ringing and the key: no caller waits longer for one seat
IN_ASTERISK = "partner-"  # and the id: a partner's endpoint and dialplan context


class NamePart(Part):
    """`name:` in Thai and in English."""

    th: Annotated[str, text(120), RELOAD]
    en: Annotated[str, text(120), RELOAD]


class PartnerPart(Part):
    """One partner.  `pledged` and `cap` count seats; `topics` is None for all.

    Without `languages` its people speak the hotline's first.  Times as in `Partner`; `key_seconds`
    is None for the usual one.
    """

    name: NamePart
    trunk: Annotated[PartnerTrunkPart, PARTNER_TRUNK]
    pledged: Annotated[int, whole(0, MOST_SEATS), RELOAD]
    cap: Annotated[int, whole(1, MOST_SEATS), RELOAD]
    hours: Annotated[str, NAME, RELOAD]
    topics: Annotated[list[str] | None, all_or("topics"), RELOAD]
    languages: Annotated[list[Annotated[str, LANGUAGE]], Field(min_length=1), RELOAD] = Field(
        default_factory=list
    )
    weight: Annotated[float, number(0.01, 100), RELOAD] = 1.0
    confirm: Annotated[bool, TRUTH, RELOAD] = True
    response_seconds: Annotated[int, whole(1, 30), RELOAD] = RESPONSE_SECONDS
    ring_seconds: Annotated[int, whole(3, 60), RELOAD] = RING_SECONDS
    key_seconds: Annotated[int | None, whole(5, 60), RELOAD] = None
    second_call: Annotated[bool, TRUTH, RELOAD] = True
    ask_settled: Annotated[bool, TRUTH, RELOAD] = False
    state: Annotated[str, choice(*PartnerState), RELOAD] = PartnerState.ONBOARDING.value
    call_out: ContactPart = ContactPart()


class PartnersFile(Part):
    """partners.yaml."""

    call_out: CallOutPart = CallOutPart()
    partners: Annotated[dict[Annotated[str, NAME], PartnerPart], RELOAD]


def check(file: File[PartnersFile]) -> Iterator[Problem]:
    """What is wrong between the values of this file."""
    first: dict[Address, str] = {}
    for name, part in file.parsed.partners.items():
        for place in {trunk.place(part.trunk, one): None for one in part.trunk.addresses}:
            if place in first:
                say = f"{first[place]} has this trunk already"
                yield file.problem("partners", name, "trunk", say=say)
            first.setdefault(place, name)
        for key, say in trunk.check(part.trunk):
            yield file.problem("partners", name, "trunk", *key, say=say)
        if part.cap < part.pledged:
            say = f"expected at least the pledged {part.pledged}, got {part.cap}"
            yield file.problem("partners", name, "cap", say=say)
        if 0 < part.trunk.at_once < part.pledged:
            say = f"expected at least the pledged {part.pledged}, or 0, got {part.trunk.at_once}"
            yield file.problem("partners", name, "trunk", "at_once", say=say)
        yield from _times(file, name, part)
    for key, say in call_out.check(file.parsed.call_out):
        yield file.problem("call_out", *key, say=say)


def _times(file: File[PartnersFile], name: str, part: PartnerPart) -> Iterator[Problem]:
    """Times that cannot be kept together."""
    if part.response_seconds > part.ring_seconds:
        say = f"expected at most ring_seconds, {part.ring_seconds}, got {part.response_seconds}"
        yield file.problem("partners", name, "response_seconds", say=say)
    if part.key_seconds is None:
        return
    if not part.confirm:
        say = "confirm is false: nobody is asked for a key"
        yield file.problem("partners", name, "key_seconds", say=say)
    elif part.ring_seconds + part.key_seconds > MOST_OFFER_SECONDS:
        say = (
            f"expected at most {MOST_OFFER_SECONDS} together with ring_seconds, "
            f"{part.ring_seconds}, got {part.key_seconds}"
        )
        yield file.problem("partners", name, "key_seconds", say=say)


def check_with_program(file: File[PartnersFile], program: MainFile) -> Iterator[Problem]:
    """What does not agree with ivrd.yaml."""
    carriers = program.asterisk.carriers
    yield from _names_taken(file, dict.fromkeys(carriers, "a carrier in ivrd.yaml"))
    for name, part in file.parsed.partners.items():
        yield from _listed(file, name, "languages", part.languages, program.languages)
        if say := trunk.without_certificate(part.trunk, program.asterisk.tls):
            yield file.problem("partners", name, "trunk", "transport", say=say)
        if say := without_ipv6(part.trunk, program.asterisk):
            yield file.problem("partners", name, "trunk", "addresses", say=say)
        hosts = [trunk.place(part.trunk, one).host for one in part.trunk.addresses]
        for carrier, of in carriers.items():
            if any(_within(host, networks) for host in hosts for networks in of.addresses):
                say = f"the address belongs to {carrier}, a carrier in ivrd.yaml"
                yield file.problem("partners", name, "trunk", say=say)


def check_with_queues(file: File[PartnersFile], parsed: QueuesFile) -> Iterator[Problem]:
    """What does not agree with queues.yaml."""
    taken = {name: f"{what} in queues.yaml" for name, what in queues.names(parsed).items()}
    yield from _names_taken(file, taken)
    topics, queue_of = parsed.topics(), parsed.queue_of()
    for name, part in file.parsed.partners.items():
        yield from _listed(file, name, "topics", part.topics or (), topics)
        asks = [of for of, queue in queue_of.items() if parsed.queues[queue].ask_settled]
        if part.ask_settled and not set(asks).intersection(part.topics or topics):
            say = "nobody is asked: none of its topics' queues has ask_settled in queues.yaml"
            yield file.problem("partners", name, "ask_settled", say=say)


def check_with_outbox(
    file: File[PartnersFile], outbox: OutboxFile, language: str
) -> Iterator[Problem]:
    """What does not agree with outbox.yaml; `language` is the one of partners that name none."""
    of_all = file.parsed.call_out
    for name, part in file.parsed.partners.items():
        spoken = part.languages[0] if part.languages else language
        for key, say in call_out.check_contact(part.call_out, spoken, of_all, outbox):
            yield file.problem("partners", name, "call_out", *key, say=say)


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


def dialled_trunks(parsed: PartnersFile, folder: Path) -> dict[str, TrunkSettings]:
    """Each partner's trunk, by its name in Asterisk."""
    return {
        IN_ASTERISK + name: trunk.partner(part.trunk, folder, name)
        for name, part in parsed.partners.items()
    }


def trained(part: PartnerPart, waiting: QueuesFile) -> tuple[str, ...]:
    """The topics with which it may have calls: those that it is trained for, and not barred."""
    without = barred(part, waiting)
    return tuple(topic for topic in _topics(part, waiting) if topic not in without)


def barred(part: PartnerPart, waiting: QueuesFile) -> tuple[str, ...]:
    """Topics that it is trained for, and that need a trunk on which nobody can listen."""
    if part.trunk.transport == TLS and part.trunk.srtp not in (NONE, OFFERED):
        return ()
    return tuple(topic for topic in _topics(part, waiting) if topic in waiting.needs_encryption)


def _topics(part: PartnerPart, waiting: QueuesFile) -> tuple[str, ...]:
    return waiting.topics() if part.topics is None else tuple(part.topics)


def _trained_for_all(part: PartnerPart, waiting: QueuesFile) -> bool:
    return part.topics is None and not barred(part, waiting)


def partners(
    parsed: PartnersFile,
    waiting: QueuesFile,
    language: str,
    trunks: Mapping[str, TrunkSettings],
) -> tuple[Partner, ...]:
    """The partners as the program works with them.

    `waiting` has all the topics; `language` is the one of partners that name none; `trunks` are
    those of `dialled_trunks`.
    """
    return tuple(
        Partner(
            id=name,
            name_th=part.name.th,
            name_en=part.name.en,
            trunk=str(trunks[IN_ASTERISK + name]),
            pledged=part.pledged,
            cap=min(part.cap, part.trunk.at_once or part.cap),
            state=PartnerState(part.state),
            hours=part.hours,
            topics=trained(part, waiting),
            barred=barred(part, waiting),
            languages=tuple(part.languages) or (language,),
            weight=part.weight,
            confirm=part.confirm,
            response_seconds=part.response_seconds,
            ring_seconds=part.ring_seconds,
            key_seconds=KEY_SECONDS if part.key_seconds is None else part.key_seconds,
            second_call=part.second_call,
            ask_settled=part.ask_settled,
        )
        for name, part in parsed.partners.items()
    )


def call_outs(parsed: PartnersFile, folder: Path, language: str) -> CallOutSettings:
    """How partners are told that their people are needed; `language` as in `partners`."""
    contacts = {}
    for name, part in parsed.partners.items():
        spoken = part.languages[0] if part.languages else language
        shown = part.name.th if spoken == "th" else part.name.en
        of = call_out.contact(name, shown, spoken, part.call_out, parsed.call_out, folder)
        if of is not None:
            contacts[name] = of
    return CallOutSettings(call_out.policy(parsed.call_out), contacts)


def skills(parsed: PartnersFile, waiting: QueuesFile, language: str) -> list[Skills]:
    """Whom each partner's people can help; `language`: of partners that name none."""
    queue_of = waiting.queue_of()
    return [
        Skills(
            queues=frozenset(queue_of[topic] for topic in trained(of, waiting)),
            topics=None if _trained_for_all(of, waiting) else frozenset(trained(of, waiting)),
            languages=frozenset(of.languages) or frozenset({language}),
            declared=bool(of.languages),
        )
        for of in parsed.partners.values()
    ]


def not_spoken(settings: Settings) -> list[Problem]:
    """Partners whose people do not speak all the languages in which callers can choose a topic.

    Of a queue of which nobody's languages are declared they get all callers.
    """
    place = yamlfile.places(settings.folder / FILE)
    topics = {queue.name: queue.topics for queue in settings.queues}
    found = []
    for partner in settings.partners:
        divided = all(group_of(queue).language for queue in trained_for(partner, topics))
        missing = [one for one in settings.languages if one not in partner.languages]
        if missing and not divided:
            speak = " and ".join(partner.languages)
            callers = f"callers who chose {' or '.join(missing)}"
            say = f"its people speak {speak}; {callers} are put through to them all the same"
            found.append(place.problem(("partners", partner.id, "languages"), say))
    return found
