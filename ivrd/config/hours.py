"""hours.yaml: named opening hours."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

import holidays
from pydantic import Field

from ivrd.config.effect import RELOAD
from ivrd.config.field_types import DAY, DAYS, NAME, SPAN, WEEKDAYS, weekdays, worded
from ivrd.config.model import File, M, Part
from ivrd.config.problem import Problem, unknown
from ivrd.config.yamlfile import Key
from ivrd.core.schedule import MINUTES_A_DAY, Schedule, Span, overlap

FILE = "hours.yaml"
ALWAYS = "always"

COUNTRY = worded(
    "a country's two letters, such as TH",
    lambda text: text if text in holidays.list_supported_countries() else None,
)


class HoursPart(Part):
    """Opening hours: a weekly table, and the days on which it does not hold."""

    days: Annotated[
        dict[Annotated[str, WEEKDAYS], list[Annotated[Span, SPAN]]], Field(min_length=1), RELOAD
    ]
    holidays: Annotated[str, COUNTRY, RELOAD] = ""
    closed_on: Annotated[list[Annotated[date, DAY]], RELOAD] = Field(default_factory=list)
    open_on: Annotated[list[Annotated[date, DAY]], RELOAD] = Field(default_factory=list)


class HoursFile(Part):
    """hours.yaml."""

    hours: Annotated[dict[Annotated[str, NAME], HoursPart], RELOAD]


def check(file: File[HoursFile]) -> Iterator[Problem]:
    """What is wrong between the values of this file."""
    for name, part in file.parsed.hours.items():
        if name == ALWAYS:
            yield file.problem("hours", name, say="always needs no entry; it is open at all times")
        for at, day in enumerate(part.open_on):
            if day in part.closed_on:
                say = f"{day} is in closed_on as well"
                yield file.problem("hours", name, "open_on", at, say=say)
        clash = overlap(_week(part))
        if clash:
            yield _clash(file, name, *clash)


def check_use(parsed: HoursFile, name: str, user: File[M], place: Key) -> Iterator[Problem]:
    """Hours that `user` names at `place` and that are not there."""
    if name != ALWAYS and name not in parsed.hours:
        yield user.problem(*place, say=unknown("hours", name, {ALWAYS: None, **parsed.hours}))


def _clash(file: File[HoursFile], name: str, day: int, first: Span, second: Span) -> Problem:
    """Two spans that overlap, at the line of the second one."""
    same_day = second.start >= first.start
    where = day if same_day else (day + 1) % 7
    keys = [
        (days, at)
        for days, spans in file.parsed.hours[name].days.items()
        for at, span in enumerate(spans)
        if span == second and where in weekdays(days)
    ]
    say = f"{_clock(second)} on {DAYS[where]} overlaps {_clock(first)} on {DAYS[day]}"
    return file.problem("hours", name, "days", *keys[-1], say=say)


def _clock(span: Span) -> str:
    end = span.end if span.end <= MINUTES_A_DAY else span.end - MINUTES_A_DAY
    return f"{span.start // 60:02}:{span.start % 60:02}-{end // 60:02}:{end % 60:02}"


def _week(part: HoursPart) -> tuple[tuple[Span, ...], ...]:
    week: list[list[Span]] = [[] for _ in DAYS]
    for days, spans in part.days.items():
        for day in weekdays(days):
            week[day] += spans
    return tuple(tuple(spans) for spans in week)


def schedules(parsed: HoursFile, zone: ZoneInfo) -> Mapping[str, Schedule | None]:
    """The opening hours by name; None for always."""
    named = {name: schedule(part, zone) for name, part in parsed.hours.items()}
    return {ALWAYS: None, **named}


def schedule(part: HoursPart, zone: ZoneInfo) -> Schedule:
    """Opening hours.  Holidays are looked up for each year when it comes."""
    country = holidays.country_holidays(part.holidays) if part.holidays else frozenset[date]()
    open_on = frozenset(part.open_on)
    return Schedule(zone, _week(part), frozenset(part.closed_on) - open_on, country, open_on)
