"""What a person who calls does: for what, how long, and whether once more.

Pure: what somebody does at a call follows from the seed, the person and the count of his calls.
All times are people's own, in seconds; run.py divides them by the clock's factor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import Field, dataclass, field, fields
from enum import StrEnum
from math import exp, log, sqrt
from random import Random
from typing import Any

from bench.day.patience import Patience
from lab.callers.mix import Path1330

MEASURED, PUBLISHED, ASSUMED = "measured", "published", "assumed"


def _figure(default: float, what: str, kind: str, source: str = "") -> Any:
    return field(default=default, metadata={"what": what, "kind": kind, "source": source})


def _share(default: float, what: str, kind: str, source: str = "") -> Any:
    metadata = {"what": what, "kind": kind, "source": source, "share": True}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Population:
    """The figures of the people who call; each says whether it was measured, and where."""

    registration: float = _share(
        0.5, "ask only for the state of their registration", PUBLISHED, "chiangmaione.com, 2022"
    )
    message: float = _share(
        0.7, "of these listen to a message and hang up; the others hang up in a menu", ASSUMED
    )
    talk_mean: float = _figure(300.0, "mean of a talk, s, lognormal", ASSUMED, "4 to 6 minutes")
    talk_spread: float = _figure(0.7, "standard deviation of its logarithm", ASSUMED)
    patience: float = _figure(180.0, "mean patience, s, the hazard with two peaks", ASSUMED)
    peak: float = _figure(
        3.0, "height of the peaks at 0 and at 60 s", ASSUMED, "shape: Gans, Koole, Mandelbaum 2003"
    )
    redial: float = _share(0.5, "call again after they gave up", ASSUMED, "swept: 30 to 70 %")
    redial_least: float = _figure(120.0, "5th percentile of the delay until then, s", ASSUMED)
    redial_most: float = _figure(1200.0, "95th percentile of it, s, lognormal", ASSUMED)
    reconnect: float = _share(
        0.118, "call again after they were served", MEASURED, "callmydoc 2026, within 48 hours"
    )
    reconnect_least: float = _figure(900.0, "5th percentile of the delay until then, s", ASSUMED)
    reconnect_most: float = _figure(14400.0, "95th percentile of it, s, lognormal", ASSUMED)
    seats: int = _figure(75, "seats of the hotline's own", PUBLISHED, "70 were added to 5")
    ring: float = _figure(4.0, "an agent's phone rings, s", ASSUMED)
    partners: int = _figure(
        100, "people at partners who have other work", PUBLISHED, "bangkokbiznews.com, 956814"
    )
    partner_calls: float = _figure(
        10.0, "calls that each of them takes a day", PUBLISHED, "bangkokbiznews.com, 956814"
    )
    partner_hours: float = _figure(8.0, "their working day, hours from 9 o'clock", ASSUMED)
    partner_ring: float = _figure(6.0, "a phone rings there, s", ASSUMED)
    partner_key: float = _figure(3.0, "from the answer there to the key, s", ASSUMED)

    @classmethod
    def figures(cls) -> tuple[Field[Any], ...]:
        """The fields with their `metadata`: what, kind, source, and whether it is a share."""
        return fields(cls)

    def talk(self, random: Random) -> float:
        """Seconds of one talk."""
        return lognormal(random, self.talk_mean, self.talk_spread)


class Wish(StrEnum):
    """What a call is for, and how it ends if nothing comes in between."""

    PERSON = "wants a person"
    MESSAGE = "listens to a message"
    MENU = "hangs up in a menu"


@dataclass(frozen=True)
class Visit:
    """One call of one person."""

    person: int
    call: int  # of this person, from 1
    wish: Wish
    path: Path1330  # the keys; all but the last one of those who hang up in a menu
    patience: float


@dataclass(frozen=True)
class Again:
    """A person who will call once more, `delay` seconds after the end of a call."""

    delay: float
    served: bool  # a reconnect; otherwise a redial


class People:
    """Everybody there is, by number."""

    def __init__(self, of: Population, paths: Sequence[Path1330], seed: int) -> None:
        self.of = of
        self._topics = [path for path in paths if path.kind == "topic"]
        self._infos = [path for path in paths if path.kind == "info"]
        self._patience = Patience(of.patience, of.peak)
        self._seed = seed

    def visit(self, person: int, call: int) -> Visit:
        """What this person does at that call; the wish stays the same, patience does not."""
        always = Random(f"{self._seed} wish {person}")
        wish = self._wish(always)
        path = always.choice(self._topics if wish is Wish.PERSON else self._infos)
        now = Random(f"{self._seed} visit {person} {call}")
        return Visit(person, call, wish, path, self._patience.draw(now))

    def _wish(self, random: Random) -> Wish:
        if random.random() >= self.of.registration:
            return Wish.PERSON
        return Wish.MESSAGE if random.random() < self.of.message else Wish.MENU

    def again(self, visit: Visit, served: bool) -> Again | None:
        """Whether, and when, this person calls once more after a call that ended so."""
        random = Random(f"{self._seed} again {visit.person} {visit.call}")
        of = self.of
        if random.random() >= (of.reconnect if served else of.redial):
            return None
        least, most = (
            (of.reconnect_least, of.reconnect_most) if served else (of.redial_least, of.redial_most)
        )
        return Again(between(random, least, most), served)


def lognormal(random: Random, mean: float, spread: float) -> float:
    """A draw with this mean; `spread` is the standard deviation of its logarithm."""
    return random.lognormvariate(log(mean) - spread**2 / 2, spread)


NINETY = 1.6449  # standard deviations on either side that hold nine tenths of a normal variable


def between(random: Random, least: float, most: float) -> float:
    """A lognormal draw of which `least` and `most` are the 5th and the 95th percentile."""
    middle, spread = sqrt(least * most), log(most / least) / (2 * NINETY)
    return middle * exp(random.gauss(0.0, spread))
