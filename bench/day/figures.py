"""The arithmetic of the report: calls and people, waits, memory, processors.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

from bench.day.orbits import Why
from bench.day.people import Visit, Wish
from bench.day.samples import Sample
from bench.figures import percentile
from lab.callers import Entry
from lab.comparison import ANSWERED, FAILED, IN_QUEUE, REJECTED, SELF_SERVED

SERVED = frozenset({ANSWERED, SELF_SERVED})
FLAT = 0.05  # the last quarter's memory may differ so much from the second's


@dataclass(frozen=True)
class Called:
    """One call of the day: who, why, when by the day's clock (seconds), and what became of it."""

    visit: Visit
    why: Why
    day: float
    entry: Entry
    ended: str  # a word of lab.comparison.ENDS

    @property
    def waited(self) -> float | None:
        """The run's seconds from the last key to a person's voice; None: no person came."""
        entry = self.entry
        if entry.waited is None or entry.typed_at is None:
            return None
        return max(0.0, entry.waited - entry.typed_at)


@dataclass(frozen=True)
class Persons:
    """People, not calls."""

    persons: int
    wanted_person: int  # of these wanted a person
    never_reached: int  # of those were never answered, however often they called
    unserved: int  # of all, got nothing that they called for
    most_calls: int

    @classmethod
    def of(cls, calls: Sequence[Called]) -> Persons:
        """By the callers' ledger."""
        count = Counter(call.visit.person for call in calls)
        wanted = {call.visit.person for call in calls if call.visit.wish is Wish.PERSON}
        reached = {call.visit.person for call in calls if call.ended == ANSWERED}
        served = {call.visit.person for call in calls if call.ended in SERVED}
        return cls(
            len(count),
            len(wanted),
            len(wanted - reached),
            len(count.keys() - served),
            max(count.values(), default=0),
        )


@dataclass(frozen=True)
class Waiting:
    """Those who came to a queue.  Times are the run's seconds."""

    offered: int
    abandoned: int
    median: float
    p95: float
    within: int  # answered within the service level's time

    @classmethod
    def of(cls, calls: Sequence[Called], service_level: float) -> Waiting:
        """By the callers' ledger."""
        waits = sorted(call.waited for call in calls if call.waited is not None)
        answered = sum(call.ended == ANSWERED for call in calls)
        abandoned = sum(call.ended == IN_QUEUE for call in calls)
        return cls(
            answered + abandoned,
            abandoned,
            median(waits) if waits else 0.0,
            percentile(waits, 0.95),
            sum(wait <= service_level for wait in waits),
        )

    @property
    def abandonment(self) -> float:
        """Abandoned in the queue over offered."""
        return self.abandoned / self.offered if self.offered else 0.0

    @property
    def service_level(self) -> float:
        """Answered within the time over offered."""
        return self.within / self.offered if self.offered else 0.0


def failed(calls: Sequence[Called]) -> int:
    """Calls that were cut off, refused, or lost in any other way."""
    return sum(call.ended == FAILED for call in calls)


def rejected(calls: Sequence[Called]) -> int:
    """Calls that were told that all lines are busy."""
    return sum(call.ended == REJECTED for call in calls)


def by_hour(calls: Sequence[Called]) -> dict[str, list[int]]:
    """How many calls that began in each hour ended in each way."""
    found: dict[str, list[int]] = {}
    for call in calls:
        found.setdefault(call.ended, [0] * 24)[min(23, int(call.day // 3600))] += 1
    return found


@dataclass(frozen=True)
class Growth:
    """The mean memory of a process in the second and in the last quarter of the run, megabytes."""

    second: float
    last: float
    most: float

    @classmethod
    def of(cls, samples: Sequence[Sample], name: str, until: float) -> Growth:
        """From the looks of the first `until` seconds."""

        def mean(begin: float, end: float) -> float:
            of = [s.memory[name] for s in samples if begin * until <= s.at <= end * until]
            return fmean(of) if of else 0.0

        most = max((sample.memory[name] for sample in samples), default=0.0)
        return cls(mean(0.25, 0.5), mean(0.75, 1.0), most)

    @property
    def change(self) -> float:
        """The last quarter over the second, less 1."""
        return self.last / self.second - 1 if self.second else 0.0

    @property
    def flat(self) -> bool:
        """Whether the last quarter has no more than FLAT on top of the second."""
        return self.change <= FLAT


def cpu_used(samples: Sequence[Sample]) -> dict[str, float]:
    """Seconds that each process has used since the first look; one that has ended, until then."""
    first = samples[0].cpu
    return {name: max(sample.cpu[name] for sample in samples) - first[name] for name in first}


def shares(samples: Sequence[Sample], name: str) -> Iterator[tuple[float, float]]:
    """(seconds into the run, share of one processor) of a process between each two looks."""
    for before, after in pairwise(samples):
        span, used = after.at - before.at, after.cpu[name] - before.cpu[name]
        if span > 0 and used >= 0:  # less than nothing: the process has ended
            yield after.at, used / span


@dataclass(frozen=True)
class Lag:
    """How late events reached ivrd."""

    events: int
    late: int  # after more than a tenth of a second
    worst: float  # 99th percentile of the worst stretch between two looks, seconds

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> Lag:
        """Over the whole run."""
        return cls(
            sum(sample.events for sample in samples),
            sum(sample.late for sample in samples),
            max((sample.lag for sample in samples), default=0.0),
        )

    @property
    def late_share(self) -> float:
        """Of all events."""
        return self.late / self.events if self.events else 0.0


def most(samples: Sequence[Sample]) -> dict[str, int]:
    """The most calls that were at each stage at one look."""
    stages = {name for sample in samples for name in sample.calls}
    return {name: max(s.calls.get(name, 0) for s in samples) for name in sorted(stages)}
