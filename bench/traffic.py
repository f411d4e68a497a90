"""Who calls when in the overflow benchmark.  Pure; times are seconds."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from lab.callers import Caller, HangUp, Hear, Keys, Meet, Patience, Wait

KEYS = "14"  # Thai; a person
RAMP = (1.0, 2.0)  # load before and after the peak, in multiples of the agents' capacity
PEAK = 3.0
SHORTEST_TALK = 1.5  # long enough for both sides to have heard each other
LONGEST_TALK = 4.0  # in multiples of the mean: a run has an end
MOST_CALLS = 10_000  # of one seed; no two seeds have a caller in common


@dataclass(frozen=True)
class Phase:
    """A stretch of even traffic: so many calls at `rate` a second, the first at `start`."""

    start: float
    rate: float
    calls: int


def capacity(agents: int, talk: float, ring: float) -> float:
    """Calls a second that the agents can take when none of them ever rests."""
    return agents / (talk + ring)


def phases(capacity: float, ramp: float, peak: float) -> tuple[Phase, ...]:
    """Traffic that rises to PEAK times the capacity, stays there for `peak`, and falls again.

    Each step of RAMP lasts `ramp`.
    """
    steps = [*((level, ramp) for level in RAMP), (PEAK, peak)]
    steps += [(level, ramp) for level in reversed(RAMP)]
    made, start = [], 0.0
    for level, length in steps:
        rate = level * capacity
        made.append(Phase(start, rate, max(1, round(rate * length))))
        start += length
    return tuple(made)


@dataclass(frozen=True)
class Person:
    """A caller and what he brings along wherever he calls: patience and what he has to say."""

    id: int
    patience: float
    talk: float

    @property
    def caller(self) -> Caller:
        """Presses the keys, waits from the last one on, talks and hangs up."""
        presses = [step for key in KEYS for step in (Hear(), Wait(1.0), Keys(key))]
        talk = (Meet(), Wait(self.talk), HangUp())
        return Caller(self.id, "waits", (*presses, Patience(self.patience), *talk))


def people(count: int, seed: int, patience: float, talk: float) -> list[Person]:
    """So many people, the same ones for the same seed.

    Patience and talk are exponential with these means; no talk is shorter than SHORTEST_TALK or
    longer than LONGEST_TALK times the mean.
    """
    random = Random(seed)
    return [
        Person(
            seed * MOST_CALLS + number,
            round(random.expovariate(1 / patience), 2),
            round(min(max(SHORTEST_TALK, random.expovariate(1 / talk)), LONGEST_TALK * talk), 2),
        )
        for number in range(1, count + 1)
    ]
