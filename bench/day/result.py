"""What is replayed, and what was seen of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.day.clock import Clock
from bench.day.crew import Crew
from bench.day.crossed import Crossed
from bench.day.figures import Called
from bench.day.orbits import Why
from bench.day.people import Population
from bench.day.profile import Profile
from bench.day.samples import Sample
from lab.comparison import Row, Scrape
from lab.machine import Usage

ASTERISK, IVRD = "Asterisk", "ivrd"  # names of processes in samples


@dataclass(frozen=True)
class Options:
    """What is replayed: so many `calls` of this profile within so many minutes."""

    calls: int
    minutes: float
    profile: str
    seed: int
    of: Population


@dataclass(frozen=True)
class Result:
    """What was seen."""

    options: Options
    profile: Profile
    clock: Clock
    crew: Crew
    calls: Sequence[Called]
    crossed: Crossed
    why: Mapping[Why, int]
    still_due: int  # people who meant to call again when the day ended
    rows: Sequence[Row]
    scrape: Scrape
    samples: Sequence[Sample]
    usage: Usage
    lateness: float  # seconds by which a caller dialled later than meant, at most
    placed: Mapping[str, int]  # calls placed to each partner
    late: float  # seconds within which every event reached ivrd
    lasted: float  # seconds from the first call to the end of the last
    service_level: float  # seconds, as ivrd was told
    favoured: bool  # ivrd had the share of the processors that its service has
