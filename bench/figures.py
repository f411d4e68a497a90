"""The figures of one system in the overflow benchmark, and the table of several.

Pure: no clock, no I/O.  Times are seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, isnan, nan

from lab.agents import Talk
from lab.callers import Entry

AT_ONCE = 0.2  # seconds: who hangs up so soon after an answer meant to do so before


@dataclass(frozen=True)
class Trunk:
    """The calls to one partner, as the partner counted them.

    `answered`: somebody or something took the call; `talks`: with a caller on the line;
    `seconds`: from the first ring to the end, over all calls.
    """

    placed: int = 0
    answered: int = 0
    refused: int = 0
    talks: int = 0
    seconds: float = 0.0

    def __add__(self, other: Trunk) -> Trunk:
        return Trunk(
            self.placed + other.placed,
            self.answered + other.answered,
            self.refused + other.refused,
            self.talks + other.talks,
            self.seconds + other.seconds,
        )


def trunk(talks: Sequence[Talk]) -> Trunk:
    """The counts of a partner who keeps a ledger."""
    return Trunk(
        len(talks),
        sum(talk.talked is not None for talk in talks),
        sum(talk.ended == "refused" for talk in talks),
        sum(talk.heard_caller for talk in talks),
        sum(talk.rang + (talk.talked or 0.0) for talk in talks),
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
    agents_talks: int  # by the agents' own count
    trunks: Mapping[str, Trunk]
    lost: frozenset[int] = frozenset()  # ids of callers who met no person
    seat_seconds: float = 0.0  # partners' seats that were open, over time
    crossed: int = 0  # callers who hung up in the moment of the answer: heard, and not heard

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
        apart = (self.inhouse - self.agents_talks, self.partner - theirs)
        same = min(apart) >= 0 and sum(apart) <= self.crossed
        return same and not self.unreached

    def at_partners(self, what: Callable[[Trunk], float]) -> float:
        """A sum over the partners."""
        return sum(map(what, self.trunks.values()))

    def fairness(self, pledges: Mapping[str, int]) -> float:
        """How evenly these partners were given callers for what they pledged: 1 is quite evenly.

        The index of R. Jain, D. Chiu, W. Hawe, "A quantitative measure of fairness" (1984); not a
        number when they were given none.
        """
        return jain([self.trunks[name].talks / seats for name, seats in pledges.items()])


def jain(shares: Sequence[float]) -> float:
    """1 for equal shares, 1/n when one of n has all; not a number for none at all."""
    squares = sum(share**2 for share in shares)
    return sum(shares) ** 2 / (len(shares) * squares) if squares else nan


def figures(
    entries: Sequence[Entry],
    agents: Sequence[Talk],
    trunks: Mapping[str, Trunk],
    seat_seconds: float = 0.0,
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
        agents_talks=sum(talk.heard_caller for talk in agents),
        trunks=trunks,
        lost=frozenset(e.id for e in entries if e.outcome in ("abandoned", "dropped")),
        seat_seconds=seat_seconds,
        crossed=sum(map(_crossed, entries)),
    )


def _crossed(entry: Entry) -> bool:
    if entry.answered_after is None or entry.waited is None:
        return False
    return entry.lasted - entry.answered_after - entry.waited < AT_ONCE


def _waits(entries: Sequence[Entry]) -> Iterator[float]:
    for entry in entries:
        if entry.waited is not None and entry.typed_at is not None:
            yield entry.waited - entry.typed_at


def merged(rounds: Sequence[Figures]) -> Figures:
    """Several rounds of one system as one; their callers have different ids."""
    trunks: dict[str, Trunk] = {}
    for of in rounds:
        for name, more in of.trunks.items():
            trunks[name] = trunks.get(name, Trunk()) + more
    return Figures(
        calls=sum(of.calls for of in rounds),
        inhouse=sum(of.inhouse for of in rounds),
        partner=sum(of.partner for of in rounds),
        abandoned=sum(of.abandoned for of in rounds),
        cut_off=sum(of.cut_off for of in rounds),
        unreached=sum(of.unreached for of in rounds),
        waits=tuple(sorted(wait for of in rounds for wait in of.waits)),
        agents_talks=sum(of.agents_talks for of in rounds),
        trunks=trunks,
        lost=frozenset().union(*(of.lost for of in rounds)),
        seat_seconds=sum(of.seat_seconds for of in rounds),
        crossed=sum(of.crossed for of in rounds),
    )


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
    "lost: without a person, of all calls": lambda f: f"{100 * f.abandonment:.1f} %",
    "median wait to a person, s": lambda f: f"{percentile(f.waits, 0.5):.1f}",
    "95th percentile of that, s": lambda f: f"{percentile(f.waits, 0.95):.1f}",
    "calls placed to partners": lambda f: f"{f.at_partners(lambda of: of.placed)}",
    "of these answered": lambda f: f"{f.at_partners(lambda of: of.answered)}",
    "of these refused": lambda f: f"{f.at_partners(lambda of: of.refused)}",
    "seat-minutes open at partners": lambda f: f"{f.seat_seconds / 60:.1f}",
    "of these with a call": lambda f: f"{f.at_partners(lambda of: of.seconds) / 60:.1f}",
    "callers' count = agents' and partners'": lambda f: "yes" if f.agrees else "NO",
}
FAIRNESS = "fairness among good partners (Jain)"


def table(columns: Columns, pledges: Mapping[str, int]) -> str:
    """A Markdown table with a column for each system, and a row for each figure.

    `pledges`: the seats of the partners among whom fairness is measured.
    """
    by_trunk = sorted({name for of in columns.values() for name in of.trunks})
    rows = [[what, *(show(of) for of in columns.values())] for what, show in ROWS.items()]
    at = list(ROWS).index("calls placed to partners") + 1
    for name in reversed(by_trunk):
        cells = (str(of.trunks.get(name, Trunk()).placed) for of in columns.values())
        rows.insert(at, [f"… to {name}", *cells])
    even = (of.fairness(pledges) for of in columns.values())
    rows.insert(-1, [FAIRNESS, *("–" if isnan(index) else f"{index:.2f}" for index in even)])
    lines = [["", *columns], ["---", *("---:" for _ in columns)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
