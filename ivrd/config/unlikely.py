"""What a configuration may say, and hardly means: `ivrd check` asks about it.

Nothing here keeps ivrd from running: a day that was right when it was written is past one morning.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from ipaddress import ip_address, ip_network
from itertools import combinations

from phonenumbers import country_code_for_region

from ivrd.config import callback, hours, main, partners, prompts, queues, trunk, yamlfile
from ivrd.config.field_types import is_name
from ivrd.config.hours import ALWAYS, HoursFile, HoursPart
from ivrd.config.main import MainFile
from ivrd.config.partners import PartnerPart, PartnersFile
from ivrd.config.problem import ConfigError, Problem
from ivrd.config.prompts import is_own
from ivrd.config.queues import QueuesFile
from ivrd.config.settings import Settings
from ivrd.config.trunk import TrunkPart
from ivrd.config.trunk_settings import DTLS, DTLS_SAVPF, NONE, TLS
from ivrd.config.waiting import KEY_IN_WORDS
from ivrd.config.yamlfile import Document, Key
from ivrd.core.partner import PartnerState
from ivrd.core.queue_menu import OPEN_KEY
from ivrd.core.schedule import Schedule

FAR_DAYS = 2 * 366  # further ahead than anybody plans a day off
SOUND_PORTS = 2  # of each leg: RTP and RTCP
WIDE = {4: 8, 6: 16}  # IP version: a network with a shorter prefix is half the world


@dataclass(frozen=True)
class _Configuration:
    """The parsed files, and where each key stands."""

    settings: Settings
    program: MainFile
    queues: QueuesFile
    hours: HoursFile
    partners: PartnersFile

    def problem(self, name: str, *key: str | int, say: str) -> Problem:
        path = self.settings.folder / name
        try:
            document = yamlfile.read(path)  # for the line
        except ConfigError:  # changed since it was loaded
            document = Document(str(path), None, {(): 0})
        return document.problem(key, say)


def unlikely(settings: Settings, today: date) -> list[Problem]:
    """What is to be asked about, in the order of the files."""
    program, waiting = settings.files[main.FILE], settings.files[queues.FILE]
    opening, helpers = settings.files[hours.FILE], settings.files[partners.FILE]
    assert isinstance(program, MainFile)
    assert isinstance(waiting, QueuesFile)
    assert isinstance(opening, HoursFile)
    assert isinstance(helpers, PartnersFile)
    all_of = _Configuration(settings, program, waiting, opening, helpers)
    return [*_program(all_of), *_carriers(all_of), *_queues(all_of), *_hours(all_of, today),
            *_partners(all_of)]  # fmt: skip


def sound_ports(settings: Settings) -> tuple[int, int]:
    """How many ports there are for sound, and how many are needed when all seats are taken."""
    on_line = settings.line_seats
    seats = sum(len(pool.seats) for pool in settings.pools) - on_line
    seats += sum(partner.cap for partner in settings.partners)
    callers, sip = settings.callers_at_most, settings.asterisk
    need = SOUND_PORTS * (callers + min(callers, seats) + on_line)
    return sip.rtp_last - sip.rtp_first + 1, need


# --- ivrd.yaml -----------------------------------------------------------------------------


def _program(of: _Configuration) -> Iterator[Problem]:
    parsed = of.program
    most, caps = parsed.limits.callers, sum(part.cap for part in of.partners.partners.values())
    have, need = sound_ports(of.settings)
    if have < need:
        say = (
            f"{have} ports for sound; {most} callers (limits.callers) and whoever talks with them "
            f"take up to {need}"
        )
        yield of.problem(main.FILE, "asterisk", "rtp", "last", say=say)
    if parsed.limits.menus > most:
        say = f"more than limits.callers ({most}) can never be in menus"
        yield of.problem(main.FILE, "limits", "menus", say=say)
    if parsed.overflow.floor_seats > caps:
        say = f"all partners together have no more than {caps} seats"
        yield of.problem(main.FILE, "overflow", "floor_seats", say=say)
    if parsed.overflow.ceiling_seats == 0 and of.partners.partners:
        say = "no partner is ever asked for a seat"
        yield of.problem(main.FILE, "overflow", "ceiling_seats", say=say)
    yield from _menu_key(of)
    yield from _prefixes(of)
    yield from _own_trunks(of)


def _prefixes(of: _Configuration) -> Iterator[Problem]:
    """Beginnings of numbers in countries whose numbers are not dialled."""
    codes = [f"+{country_code_for_region(country)}" for country in of.settings.callback.countries]
    for at, prefix in enumerate(of.settings.callback.prefixes):
        if not any(prefix.startswith(code) or code.startswith(prefix) for code in codes):
            say = (
                f"{prefix} is no number of {', '.join(of.settings.callback.countries)} (countries)"
            )
            yield of.problem(main.FILE, "callback", "prefixes", at, say=say)


def _own_trunks(of: _Configuration) -> Iterator[Problem]:
    """Carriers, and the trunks for the hotline's own calls."""
    found: list[tuple[Key, TrunkPart]] = [*callback.dialled(of.program.callback)]
    carriers = of.program.asterisk.carriers.items()
    found += [(("asterisk", "carriers", name), part) for name, part in carriers]
    for key, part in found:
        if say := _srtp_without_tls(part):
            yield of.problem(main.FILE, *key, "srtp", say=say)


def _menu_key(of: _Configuration) -> Iterator[Problem]:
    """The words that tell the key of the menu are said as they stand."""
    key = of.program.waiting.menu_key
    told = [
        language
        for language in of.settings.languages
        if not is_own(of.settings, OPEN_KEY, language)
    ]
    if key not in ("", KEY_IN_WORDS) and told:
        say = (
            f"callers are told to press {KEY_IN_WORDS}: give {OPEN_KEY} words with {key} "
            f"({', '.join(told)}) in {prompts.FILE}"
        )
        yield of.problem(main.FILE, "waiting", "menu_key", say=say)


def _carriers(of: _Configuration) -> Iterator[Problem]:
    carriers = of.program.asterisk.carriers
    places = [
        (name, at, ip_network(address))
        for name, part in carriers.items()
        for at, address in enumerate(part.addresses)
        if not is_name(address)
    ]
    listens = of.program.asterisk.sip.listen.host
    for name, at, network in places:
        key = ("asterisk", "carriers", name, "addresses", at)
        if network.prefixlen < WIDE[network.version]:
            say = f"everybody in {network} may call as this carrier; expected its own addresses"
            yield of.problem(main.FILE, *key, say=say)
        elif strange := _strange(network.network_address):
            say = f"{network} is {strange}: no carrier on another machine calls from there"
            if not (network.is_loopback and _is_loopback(listens)):  # all on one machine
                yield of.problem(main.FILE, *key, say=say)
        elif _is_loopback(listens):
            say = f"Asterisk listens at {listens} (asterisk.sip.listen): no call comes from there"
            yield of.problem(main.FILE, *key, say=say)
    for (name, _, network), (other, at, second) in combinations(places, 2):
        if network.version == second.version and network.overlaps(second):
            whose = "this carrier" if other == name else name
            say = f"{whose} has {network} already, which overlaps"
            key = ("asterisk", "carriers", other, "addresses", at)
            yield of.problem(main.FILE, *key, say=say)


def _strange(address: object) -> str:
    """What an address is that nobody calls from; documentation's are told elsewhere."""
    for kind in ("loopback", "multicast", "unspecified", "link_local"):
        if getattr(address, f"is_{kind}"):
            return f"a {kind.replace('_', '-')} address"
    return ""


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


# --- queues.yaml ---------------------------------------------------------------------------


def _queues(of: _Configuration) -> Iterator[Problem]:
    parsed = of.queues
    patience = of.program.overflow.expected_patience_seconds
    if parsed.ring_seconds >= patience:
        say = (
            f"callers are expected to hang up after {patience:g} s "
            "(overflow.expected_patience_seconds), before a phone that nobody answers has rung"
        )
        yield of.problem(queues.FILE, "ring_seconds", say=say)
    for group in of.settings.tree.routing.groups:
        if not any(pool.fixed and group.name in pool.queues for pool in of.settings.pools):
            whom = [f"in {group.language}"] if group.language else []
            whom += [f"about {group.topic}"] if group.topic else []
            calls = " ".join(["its calls", *whom])
            say = f"nobody takes {calls} until a pool is opened by hand (pools.*.open)"
            yield of.problem(queues.FILE, "queues", group.queue, say=say)


# --- hours.yaml ----------------------------------------------------------------------------


def _hours(of: _Configuration, today: date) -> Iterator[Problem]:
    used = {part.hours for part in of.queues.queues.values()}
    used |= {part.hours for part in of.partners.partners.values()}
    for name, part in of.hours.hours.items():
        schedule = hours.schedule(part, of.settings.zone)
        if name not in used:
            say = "no queue and no partner has these hours"
            yield of.problem(hours.FILE, "hours", name, say=say)
        if not any(schedule.week):
            say = "these hours are never open"
            yield of.problem(hours.FILE, "hours", name, "days", say=say)
        for key, at, say in _days(part, schedule, today):
            yield of.problem(hours.FILE, "hours", name, key, at, say=say)


def _days(part: HoursPart, usual: Schedule, today: date) -> Iterator[tuple[str, int, str]]:
    """What is odd about the days of closed_on and open_on: (key, position, words)."""
    for key, days in (("closed_on", part.closed_on), ("open_on", part.open_on)):
        for at, day in enumerate(days):
            weekday = f"{day} is a {day:%A}"
            if day in days[:at]:
                yield key, at, f"{day} is named twice"
            elif day < today:
                yield key, at, f"{day} is past"
            elif day - today > timedelta(days=FAR_DAYS):
                yield key, at, f"{day} is {day.year - today.year} years ahead"
            elif not usual.week[day.weekday()]:
                yield key, at, f"{weekday}, for which days has no hours: it is closed anyway"
            elif key == "closed_on" and day in usual.holidays:
                yield key, at, f"{day} is a public holiday: it is closed anyway"
            elif key == "open_on" and day not in usual.holidays:
                yield key, at, f"{weekday} and no public holiday: it is open anyway"


# --- partners.yaml -------------------------------------------------------------------------


def _partners(of: _Configuration) -> Iterator[Problem]:
    for name, part in of.partners.partners.items():
        place = ("partners", name)
        if not part.weight or part.state == PartnerState.ONBOARDING:
            continue  # its entry may be a draft
        if strange := _strange_trunk(part):
            yield of.problem(partners.FILE, *place, "trunk", say=strange)
        if say := _srtp_without_tls(part.trunk):
            yield of.problem(partners.FILE, *place, "trunk", "srtp", say=say)
        if part.trunk.at_once > part.cap:
            say = f"it never has more calls than cap ({part.cap})"
            yield of.problem(partners.FILE, *place, "trunk", "at_once", say=say)
        if barred := partners.barred(part, of.queues):
            topics = ", ".join(barred)
            say = f"it is not encrypted, so no calls about {topics} go there (needs_encryption)"
            yield of.problem(partners.FILE, *place, "trunk", say=say)
        if not _helps_anywhere(of, part):
            say = "its hours never meet those of a queue that it could help"
            yield of.problem(partners.FILE, *place, "hours", say=say)


def _srtp_without_tls(part: TrunkPart) -> str:
    """Who can listen though the sound is encrypted, or empty."""
    if part.srtp == NONE or part.transport == TLS:
        return ""
    if part.srtp in (DTLS, DTLS_SAVPF):
        return "without transport: tls who can change the signalling can listen all the same"
    return "the keys of the sound go in clear without transport: tls: who reads them hears it"


def _strange_trunk(part: PartnerPart) -> str:
    for address in part.trunk.addresses:
        host = trunk.place(part.trunk, address).host
        try:
            strange = _strange(ip_address(host))
        except ValueError:  # a host name
            continue
        if strange:
            return f"{host} is {strange}: no call centre is there"
    return ""


def _helps_anywhere(of: _Configuration, part: PartnerPart) -> bool:
    """Whether the partner and a queue of its topics are ever open at the same time."""
    schedules = hours.schedules(of.hours, of.settings.zone)
    own = schedules[part.hours]
    served = [
        queue
        for queue in of.queues.queues.values()
        if part.topics is None or not set(part.topics).isdisjoint(queue.topics)
    ]
    for queue in served:
        theirs = schedules[queue.hours]
        if queue.hours == ALWAYS or own is None:
            if own is None or any(own.week):
                return True
        elif theirs is not None and own.meets(theirs):
            return True
    return False
