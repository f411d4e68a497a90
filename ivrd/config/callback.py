"""`callback:` in ivrd.yaml: who may be called back, when, and through which carrier."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ivrd.config import routes, trunk
from ivrd.config.effect import ASTERISK_RESTART, RELOAD
from ivrd.config.field_types import (
    FULL_HOUR,
    NAME,
    PORT,
    REGION,
    choice,
    number,
    whole,
)
from ivrd.config.hours import ALWAYS, HoursFile, HoursPart
from ivrd.config.model import Part
from ivrd.config.problem import unknown
from ivrd.config.routes import FORMS, KINDS, PREFIX, TRUNK, Route, RoutePart
from ivrd.config.trunk import DIALLED, DialledPart
from ivrd.config.trunk_settings import TrunkSettings
from ivrd.config.yamlfile import Key
from ivrd.core.booking import Retries
from ivrd.core.dialling import Limits
from ivrd.core.schedule import MINUTES_A_DAY, Schedule
from ivrd.core.slots import MOST_SLOTS

DIAL = "callback-dial"  # what asks for the hotline's calls in Asterisk


class CallbackPart(Part):
    """`callback:` without `trunk` nobody is called back, and nobody is offered that."""

    trunk: Annotated[DialledPart | None, DIALLED, RELOAD] = None
    port: Annotated[int, PORT, ASTERISK_RESTART] = 5062
    number_form: Annotated[str, choice(*FORMS), RELOAD] = "e164"
    routes: Annotated[dict[Annotated[str, NAME], RoutePart], RELOAD] = Field(default_factory=dict)
    hours: Annotated[str, NAME, RELOAD] = ALWAYS
    slots: Annotated[list[Annotated[int, FULL_HOUR]], RELOAD] = Field(default_factory=list)
    offer_after_minutes: Annotated[float, number(0, 240), RELOAD] = 5
    give_way_minutes: Annotated[float, number(0, 1440), RELOAD] = 0
    per_minute: Annotated[int, whole(1, 600), RELOAD] = 20
    at_once: Annotated[int, whole(1, 200), RELOAD] = 10
    ring_seconds: Annotated[int, whole(10, 90), RELOAD] = 30
    retry_minutes: Annotated[list[Annotated[float, number(0.1, 1440)]], RELOAD] = Field(
        default=[5, 30, 120]
    )
    fault_minutes: Annotated[float, number(0.05, 60), RELOAD] = 1
    countries: Annotated[list[Annotated[str, REGION]], RELOAD] = Field(default_factory=list)
    kinds: Annotated[list[Annotated[str, choice(*KINDS)]], Field(min_length=1), RELOAD] = Field(
        default=["fixed_line", "mobile"]
    )
    prefixes: Annotated[list[Annotated[str, PREFIX]], RELOAD] = Field(default_factory=list)
    keep_days: Annotated[int, whole(1, 366), RELOAD] = 7
    recover_at_free_percent: Annotated[float | None, number(1, 100), RELOAD] = None


@dataclass(frozen=True)
class CallbackSettings:
    """Who is called back, and how.

    trunk: the carrier's exchange that takes our calls; empty: nobody is called back.
    routes: others for some of them, the first that fits.  port: where Asterisk takes ivrd's wish
    for one.  offer_after_seconds: a shorter wait is not worth a call back.  countries: two letters
    each.  prefixes: how a number with its country begins that is dialled; empty: as it likes.
    schedule: when calls may be made; None for always.  slots: the hours of the day that a caller
    may choose from.  keep_days: for how long it is known what became of a booking.
    recover_at_free: which share of the seats has to be free for one who gave up to be called; None:
    none of them is.
    """

    trunk: str
    port: int
    national: bool
    schedule: Schedule | None
    slots: tuple[int, ...]
    offer_after_seconds: float
    limits: Limits
    ring_seconds: int
    retries: Retries
    countries: tuple[str, ...]
    kinds: tuple[str, ...]
    prefixes: tuple[str, ...]
    routes: tuple[Route, ...]
    keep_days: int
    recover_at_free: float | None


def check(
    part: CallbackPart, carriers: Mapping[str, object], sip_port: int, people_days: int
) -> Iterator[tuple[Key, str]]:
    """What is wrong between the values, as (key in ivrd.yaml, what)."""
    for key in ("countries", "kinds", "prefixes"):
        given = getattr(part, key)
        for at, one in enumerate(given):
            if one in given[:at]:
                yield ("callback", key, at), f"{one} is named twice"
    for at, hour in enumerate(part.slots):
        if hour in part.slots[:at]:
            yield ("callback", "slots", at), f"{hour:02}:00 is named twice"
    if len(part.slots) > MOST_SLOTS:
        say = f"expected {MOST_SLOTS} slots at most, got {len(part.slots)}"
        yield ("callback", "slots", MOST_SLOTS), say
    if part.trunk is not None and part.port == sip_port:
        yield ("callback", "port"), f"{sip_port} is the port of asterisk.sip; expected another"
    yield from _check_trunks(part)
    yield from _check_recovery(part, people_days)
    for name in carriers:
        if name == DIAL or name.startswith(TRUNK):
            say = "this is what the hotline's own calls are called in Asterisk; expected another"
            yield ("asterisk", "carriers", name), f"{say} name"


def dialled(part: CallbackPart) -> Iterator[tuple[Key, DialledPart]]:
    """Each exchange that takes the hotline's calls, with its key in ivrd.yaml."""
    if part.trunk is not None:
        yield ("callback", "trunk"), part.trunk
    for name, route in part.routes.items():
        yield ("callback", "routes", name, "trunk"), route.trunk


def _check_trunks(part: CallbackPart) -> Iterator[tuple[Key, str]]:
    for place, one in dialled(part):
        for key, say in trunk.check(one):
            yield (*place, *key), say
    for key, say in routes.check(part.routes, part.kinds):
        yield ("callback", "routes", *key), say
    if part.routes and part.trunk is None:
        say = "without callback.trunk, for all other calls, nobody is called; expected it as well"
        yield ("callback", "routes"), say


def exchanges(part: CallbackPart, folder: Path) -> dict[str, TrunkSettings]:
    """The trunks that take the hotline's calls, by their names in Asterisk."""
    if part.trunk is None:
        return {}
    found = {TRUNK: trunk.dialled(part.trunk, folder, trunk.CALLBACK_SECRET)}
    for name, route in part.routes.items():
        secret = trunk.variable(routes.SECRET, name)
        found[routes.trunk_of(name)] = trunk.dialled(route.trunk, folder, secret)
    return found


def _check_recovery(part: CallbackPart, people_days: int) -> Iterator[tuple[Key, str]]:
    """Whoever gave up and did not ask to be called is called once, and never at night."""
    key = "recover_at_free_percent"
    if part.recover_at_free_percent is None:
        return
    if part.trunk is None:
        yield ("callback", key), "nobody can be called without callback.trunk"
    if part.hours == ALWAYS:
        say = "who did not ask for it would be called at night; expected hours from hours.yaml"
        yield ("callback", "hours"), f"with {key}: {say}, not {ALWAYS}"
    if part.keep_days < people_days:
        say = f"{part.keep_days} is less than people.keep_days, {people_days}"
        why = "who was called would be called once more"
        yield ("callback", "keep_days"), f"with {key}: {say}: {why}"


def check_with_hours(part: CallbackPart, parsed: HoursFile) -> Iterator[tuple[Key, str]]:
    """Hours that there are not, or in which nobody may ever be called."""
    place = ("callback", "hours")
    if part.hours == ALWAYS:
        return
    found = parsed.hours.get(part.hours)
    if found is None:
        yield place, unknown("hours", part.hours, {ALWAYS: None, **parsed.hours})
    elif not any(found.days.values()):
        yield place, f"{part.hours} is closed on all days: nobody could ever be called back"
    else:
        for at, hour in enumerate(part.slots):
            if not _ever_open(found, hour * 60):
                say = f"{hour:02}:00 is outside {part.hours} on all days; expected an hour in them"
                yield ("callback", "slots", at), say


def _ever_open(hours: HoursPart, minute: int) -> bool:
    """Whether some day of the week is open at this minute of the day."""
    spans = chain.from_iterable(hours.days.values())
    return any(
        span.start <= at < span.end for span in spans for at in (minute, minute + MINUTES_A_DAY)
    )


def settings(
    part: CallbackPart,
    schedules: Mapping[str, Schedule | None],
    country: str,
    exchange: TrunkSettings | None,
) -> CallbackSettings:
    """The settings; without `countries` numbers of the hotline's own are called."""
    return CallbackSettings(
        trunk="" if exchange is None else str(exchange),
        port=part.port,
        national=part.number_form == "national",
        schedule=schedules[part.hours],
        slots=tuple(part.slots),
        offer_after_seconds=part.offer_after_minutes * 60.0,
        limits=Limits(part.per_minute, part.at_once, part.give_way_minutes * 60.0),
        ring_seconds=part.ring_seconds,
        retries=Retries(
            tuple(60.0 * minutes for minutes in part.retry_minutes), 60.0 * part.fault_minutes
        ),
        countries=tuple(part.countries) or (country,),
        kinds=tuple(part.kinds),
        prefixes=tuple(part.prefixes),
        routes=routes.settings(part.routes),
        keep_days=part.keep_days,
        recover_at_free=(
            None if part.recover_at_free_percent is None else part.recover_at_free_percent / 100.0
        ),
    )
