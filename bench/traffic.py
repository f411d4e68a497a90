"""Who calls when in the overflow benchmark.  Pure; times are seconds."""

from __future__ import annotations

from collections.abc import Sequence
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
    """A stretch of traffic from `start` on: so many calls, `rate` a second."""

    start: float
    rate: float
    calls: int

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.calls / self.rate


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
    """A caller: when he dials, his patience, and what he has to say, wherever he calls."""

    id: int
    at: float
    patience: float
    talk: float

    @property
    def caller(self) -> Caller:
        """Presses the keys, waits from the last one on, talks and hangs up."""
        presses = [step for key in KEYS for step in (Hear(), Wait(1.0), Keys(key))]
        talk = (Meet(), Wait(self.talk), HangUp())
        return Caller(self.id, "waits", (*presses, Patience(self.patience), *talk))


def people(plan: Sequence[Phase], seed: int, patience: float, talk: float) -> list[Person]:
    """Who calls, in the order of dialling; the same people for the same seed.

    They dial at random within each phase, which makes the arrivals Poisson for its number of calls.
    Patience and talk are exponential with these means; no talk is shorter than SHORTEST_TALK or
    longer than LONGEST_TALK times the mean.
    """
    random = Random(seed)
    moments = [
        phase.start + random.random() * phase.seconds for phase in plan for _ in range(phase.calls)
    ]
    return [
        Person(
            seed * MOST_CALLS + number,
            at,
            round(random.expovariate(1 / patience), 2),
            round(min(max(SHORTEST_TALK, random.expovariate(1 / talk)), LONGEST_TALK * talk), 2),
        )
        for number, at in enumerate(sorted(moments), 1)
    ]
