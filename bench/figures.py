"""The arithmetic of the overflow benchmark: who calls when, and the figures of one system.

Pure: no clock, no I/O.  Times are seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from random import Random

from lab.agents import Talk
from lab.callers import Caller, Entry, Hear, Keys, Patience, Wait

KEYS = "14"  # Thai; a person
RAMP = (1.0, 2.0)  # load before and after the peak, in multiples of the agents' capacity
PEAK = 3.0


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


def people(count: int, seed: int, patience: float) -> list[Caller]:
    """Callers who press the same keys and wait as long as they have patience.

    Patience is exponential with this mean, and begins with the last key.
    """
    random = Random(seed)
    return [_caller(n, random.expovariate(1 / patience)) for n in range(1, count + 1)]


def _caller(number: int, patience: float) -> Caller:
    presses = [step for key in KEYS for step in (Hear(), Wait(1.0), Keys(key))]
    return Caller(number, "waits", (*presses, Patience(round(patience, 2))))


@dataclass(frozen=True)
class Trunk:
    """The calls to one partner, as the partner counted them.

    `answered`: somebody or something took the call; `talks`: with a caller on the line.
    """

    placed: int = 0
    answered: int = 0
    refused: int = 0
    talks: int = 0


def trunk(talks: Sequence[Talk]) -> Trunk:
    """The counts of a partner who keeps a ledger."""
    return Trunk(
        len(talks),
        sum(talk.talked is not None for talk in talks),
        sum(talk.ended == "refused" for talk in talks),
        sum(talk.heard_caller for talk in talks),
    )


@dataclass(frozen=True)
class Figures:
    """What one system made of the traffic."""

    calls: int
    inhouse: int  # callers who heard one of the hotline's own agents
    partner: int  # callers who heard somebody at a partner
    abandoned: int
    cut_off: int  # the hotline ended the call, and no person had spoken
    unreached: int  # never got as far as a menu; a fault of the measurement
    waits: tuple[float, ...]  # of the answered, from the last key, in order
    silence: float  # the longest that any caller heard
    agents_talks: int  # by the agents' own count
    trunks: Mapping[str, Trunk]

    @property
    def abandonment(self) -> float:
        """The ratio of the calls that ended without a person: given up or cut off."""
        return (self.abandoned + self.cut_off) / self.calls

    @property
    def mean_wait(self) -> float:
        """Seconds; 0 when nobody was answered."""
        return sum(self.waits) / len(self.waits) if self.waits else 0.0

    @property
    def agrees(self) -> bool:
        """Whether callers on one side, agents and partners on the other, counted the same."""
        theirs = sum(of.talks for of in self.trunks.values())
        same = (self.inhouse, self.partner) == (self.agents_talks, theirs)
        return same and not self.unreached

    def placed(self, what: Callable[[Trunk], int]) -> int:
        """A sum over the partners."""
        return sum(map(what, self.trunks.values()))


def figures(
    entries: Sequence[Entry], agents: Sequence[Talk], trunks: Mapping[str, Trunk]
) -> Figures:
    """The figures of a system from the ledgers of all who took part."""
    ends = [entry.outcome for entry in entries]
    voices = [entry.person for entry in entries]
    known = {"answered", "abandoned", "dropped"}
    return Figures(
        calls=len(entries),
        inhouse=voices.count("inhouse"),
        partner=voices.count("partner"),
        abandoned=ends.count("abandoned"),
        cut_off=ends.count("dropped"),
        unreached=sum(end not in known for end in ends),
        waits=tuple(sorted(_waits(entries))),
        silence=max((entry.silence for entry in entries), default=0.0),
        agents_talks=sum(talk.heard_caller for talk in agents),
        trunks=trunks,
    )


def _waits(entries: Sequence[Entry]) -> Iterator[float]:
    for entry in entries:
        if entry.waited is not None and entry.typed_at is not None:
            yield entry.waited - entry.typed_at


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of the sorted values that `share` of them do not exceed (nearest rank)."""
    return values[max(0, ceil(share * len(values)) - 1)] if values else 0.0


Columns = Mapping[str, Figures]

ROWS: dict[str, Callable[[Figures], str]] = {
    "calls": lambda f: str(f.calls),
    "answered in-house": lambda f: str(f.inhouse),
    "answered by a partner": lambda f: str(f.partner),
    "abandoned": lambda f: str(f.abandoned),
    "cut off before a person spoke": lambda f: str(f.cut_off),
    "abandonment: without a person, of all calls": lambda f: f"{100 * f.abandonment:.1f} %",
    "mean wait to a person, s": lambda f: f"{f.mean_wait:.1f}",
    "95th percentile of that, s": lambda f: f"{percentile(f.waits, 0.95):.1f}",
    "calls placed to partners": lambda f: str(f.placed(lambda of: of.placed)),
    "of these answered": lambda f: str(f.placed(lambda of: of.answered)),
    "of these refused": lambda f: str(f.placed(lambda of: of.refused)),
    "longest silence for a caller, s": lambda f: f"{f.silence:.1f}",
    "callers' count = agents' and partners'": lambda f: "yes" if f.agrees else "NO",
}


def table(columns: Columns) -> str:
    """A Markdown table with a column for each system, and a row for each figure."""
    by_trunk = sorted({name for of in columns.values() for name in of.trunks})
    rows = [[what, *(show(of) for of in columns.values())] for what, show in ROWS.items()]
    for at, name in enumerate(by_trunk, list(ROWS).index("calls placed to partners") + 1):
        cells = (str(of.trunks.get(name, Trunk()).placed) for of in columns.values())
        rows.insert(at, [f"… to {name}", *cells])
    lines = [["", *columns], ["---", *("---:" for _ in columns)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
