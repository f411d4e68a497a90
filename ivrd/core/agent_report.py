"""What agents did in a period: for how long signed in, talking, in wrap-up, paused, and why.

Theory of operation
-------------------
Three kinds of facts are kept (`AgentFact`), and none names more than it has to: what an agent's
duty was from when to when; a talk at a seat; a call that a seat was offered and did not take.  Who
had the talk, or did not take the call, is who was signed in at that seat then.  So a talk of which
only queue_log tells, because no ivrd was there, is that agent's as well.

An agent who talks is neither in wrap-up nor paused, whatever was said meanwhile: those begin when
the talk ends.  Who signs out while talking has the talk, and is signed in for as long as it lasts.

Occupancy, as call centres have it: (talking + wrap-up) / (signed in - paused).

Times are seconds since the epoch.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

from ivrd.core.agent import Duty
from ivrd.core.seat_health import Reason

Span = tuple[float, float]


@dataclass(frozen=True)
class OnDuty:
    """An agent's duty was this from `start` to `end`; never `SIGNED_OUT`."""

    agent: str
    seat: str
    duty: Duty
    reason: str
    start: float
    end: float


@dataclass(frozen=True)
class Talk:
    """A seat's talk with a caller."""

    seat: str
    start: float
    end: float


@dataclass(frozen=True)
class Untaken:
    """A seat was offered a call and did not take it."""

    seat: str
    at: float
    reason: Reason


AgentFact = OnDuty | Talk | Untaken


@dataclass(frozen=True)
class Pauses:
    """How often an agent has paused for one reason, and for how long."""

    times: int
    seconds: float


@dataclass(frozen=True)
class AgentTotals:
    """One agent in a period.

    `untaken`: calls that were offered and not taken, by why.  `pauses`: by reason.  `occupancy`:
    None for one who could not have taken a call.
    """

    agent: str
    name: str = ""
    signed_in_seconds: float = 0.0
    talks: int = 0
    talk_seconds: float = 0.0
    wrap_up_seconds: float = 0.0
    paused_seconds: float = 0.0
    occupancy: float | None = None
    untaken: Mapping[str, int] = field(default_factory=dict)
    pauses: Mapping[str, Pauses] = field(default_factory=dict)

    def flat(self) -> dict[str, Any]:
        """The row without a map in it, as CSV needs it."""
        cells = asdict(self)
        untaken, pauses = cells.pop("untaken"), cells.pop("pauses")
        cells |= {f"untaken_{reason}": untaken.get(reason, 0) for reason in Reason}
        told = (f"{why}: {of['times']}, {of['seconds']:.0f} s" for why, of in pauses.items())
        return cells | {"pauses": "; ".join(told)}


class _Sum:
    """What is known of one agent; `talks`: those that reach into the period."""

    def __init__(self) -> None:
        self.duties: list[OnDuty] = []
        self.talks: list[Talk] = []
        self.untaken: Counter[Reason] = Counter()


class AgentSums:
    """Adds facts up for the period from `start` to before `end`.

    Of the time before it is needed who was signed in then: talks reach over midnight.
    """

    def __init__(self, start: float, end: float) -> None:
        self.unassigned = 0  # talks at seats where nobody was signed in
        self._start, self._end = start, end
        self._duties: list[OnDuty] = []
        self._talks: list[Talk] = []
        self._untaken: list[Untaken] = []

    def add(self, fact: AgentFact) -> None:
        """Take one fact in; in any order."""
        match fact:
            case OnDuty():
                self._duties.append(fact)
            case Talk(_, start, end):
                if end > self._start and start < self._end:
                    self._talks.append(fact)
            case Untaken(_, at, _reason):
                if self._start <= at < self._end:
                    self._untaken.append(fact)

    def rows(self, names: Mapping[str, str]) -> list[AgentTotals]:
        """One row for each agent who was signed in; `names`: by id, of those who are known."""
        self.unassigned = 0
        who = _WhoWasThere(self._duties)
        sums: dict[str, _Sum] = {}
        for duty in self._duties:
            if duty.end > self._start and duty.start < self._end:
                sums.setdefault(duty.agent, _Sum()).duties.append(duty)
        for talk in self._talks:
            if agent := who.at(talk.seat, talk.start):
                sums.setdefault(agent, _Sum()).talks.append(talk)
            else:
                self.unassigned += 1
        for untaken in self._untaken:
            if agent := who.at(untaken.seat, untaken.at):
                sums.setdefault(agent, _Sum()).untaken[untaken.reason] += 1
        return [self._row(agent, names.get(agent, ""), sums[agent]) for agent in sorted(sums)]

    def _row(self, agent: str, name: str, of: _Sum) -> AgentTotals:
        talking = _union(self._clipped(talk.start, talk.end) for talk in of.talks)
        signed_in = [self._clipped(duty.start, duty.end) for duty in of.duties]
        wrap_up, pauses = 0.0, dict[str, Pauses]()
        for duty in of.duties:
            start, end = self._clipped(duty.start, duty.end)
            seconds = end - start - _overlap(talking, (start, end))
            if duty.duty is Duty.WRAP_UP:
                wrap_up += seconds
            elif duty.duty is Duty.PAUSED:
                before = pauses.get(duty.reason, Pauses(0, 0.0))
                pauses[duty.reason] = Pauses(before.times + 1, before.seconds + seconds)
        here, talked = _length(_union([*signed_in, *talking])), _length(talking)
        paused = sum(of_reason.seconds for of_reason in pauses.values())
        could = here - paused
        return AgentTotals(
            agent=agent,
            name=name,
            signed_in_seconds=here,
            talks=sum(talk.start >= self._start for talk in of.talks),
            talk_seconds=talked,
            wrap_up_seconds=wrap_up,
            paused_seconds=paused,
            occupancy=min(1.0, (talked + wrap_up) / could) if could > 0.0 else None,
            untaken={reason.value: of.untaken[reason] for reason in Reason},
            pauses=dict(sorted(pauses.items())),
        )

    def _clipped(self, start: float, end: float) -> Span:
        return max(start, self._start), min(end, self._end)


class _WhoWasThere:
    """Which agent had a seat, at any moment."""

    def __init__(self, duties: Iterable[OnDuty]) -> None:
        self._at: dict[str, list[OnDuty]] = {}
        for duty in sorted(duties, key=lambda duty: duty.start):
            self._at.setdefault(duty.seat, []).append(duty)

    def at(self, seat: str, moment: float) -> str:
        """Whoever was signed in at the seat then; empty if nobody was."""
        here = self._at.get(seat, [])
        last = bisect_right(here, moment, key=lambda duty: duty.start) - 1
        return here[last].agent if last >= 0 and moment <= here[last].end else ""


def _union(spans: Iterable[Span]) -> list[Span]:
    """The same moments in spans that do not overlap."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        elif end > start:
            found.append((start, end))
    return found


def _length(spans: Iterable[Span]) -> float:
    return sum(end - start for start, end in spans)


def _overlap(spans: Sequence[Span], one: Span) -> float:
    """For how many seconds of `one` any of the spans, as `_union` has them, is there as well."""
    seconds = 0.0
    for start, end in islice(spans, max(0, bisect_right(spans, one) - 1), None):
        if start >= one[1]:
            break
        seconds += max(0.0, min(end, one[1]) - max(start, one[0]))
    return seconds
