"""Who takes the day's calls.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from bench.day.clock import Clock
from bench.day.people import Population

PARTNERS = ("one", "two", "three", "four")


@dataclass(frozen=True)
class Crew:
    """Who takes calls: the hotline's own `seats`, and how many people each of the partners has."""

    of: Population
    seats: int
    partners: Mapping[str, int]

    @classmethod
    def of_day(cls, of: Population, clock: Clock, calls: int) -> Self:
        """So many as bear the day's load when so many calls come."""
        people = clock.seats(of.partners, calls)
        # Of few people so many stay together that somebody is there at most times.
        names = PARTNERS[: max(1, round(len(PARTNERS) * people / of.partners))]
        partners = {name: len(range(n, people, len(names))) for n, name in enumerate(names)}
        return cls(of, clock.seats(of.seats, calls), partners)
