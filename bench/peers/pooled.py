"""What no hotline can beat: the same callers with the same people in one pool, computed.

Everybody who can take calls is there at all times, the first in line is served by whoever is free,
and an answer takes no time, or the same time as on the real ones.  Pure; times are seconds.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from bench.figures import Figures, Trunk
from bench.traffic import Phase
from ivrd.core.forecast import erlang_a

OPTIMUM = "pooled optimum"
HANDED_OVER = "pooled, with the hand-off"
OURS = ""  # the pool of the hotline's own agents


@dataclass(frozen=True)
class Join:
    """A caller in the queue: since when, for how long at most, and what he has to say."""

    id: int
    at: float
    patience: float
    talk: float


@dataclass(frozen=True)
class Pool:
    """People at one place, and how long one of them takes from the choice until the answer."""

    people: int
    answers_after: float = 0.0


@dataclass(frozen=True)
class Answer:
    """Who had the caller, None for nobody, and after how long."""

    id: int
    by: str | None
    wait: float


def serve(joins: Sequence[Join], pools: Mapping[str, Pool]) -> list[Answer]:
    """What becomes of each caller.  Our own people come first, then whoever has had the fewest
    callers for their number.

    A caller who loses patience while somebody is on the way frees that person at once.
    """
    free = {name: pool.people for name, pool in pools.items()}
    taken: Counter[str] = Counter()
    waiting: deque[Join] = deque()
    answers = []
    events: list[tuple[float, int, Join | str]] = [
        (join.at, number, join) for number, join in enumerate(joins)
    ]
    heapify(events)
    number = len(events)
    while events:
        now, _, event = heappop(events)
        if isinstance(event, Join):
            waiting.append(event)
        else:
            free[event] += 1
        while waiting and any(free.values()):
            join = waiting.popleft()
            leaves = join.at + join.patience
            if leaves <= now:
                answers.append(Answer(join.id, None, join.patience))
                continue
            able = [name for name, count in free.items() if count]
            name = min(able, key=lambda n: (n != OURS, taken[n] / pools[n].people))
            free[name] -= 1
            answered = now + pools[name].answers_after
            if leaves <= answered:
                answers.append(Answer(join.id, None, join.patience))
                heappush(events, (leaves, number, name))
            else:
                taken[name] += 1
                answers.append(Answer(join.id, name, answered - join.at))
                heappush(events, (answered + join.talk, number, name))
            number += 1
    return answers + [Answer(join.id, None, join.patience) for join in waiting]


def pooled(joins: Sequence[Join], pools: Mapping[str, Pool], seat_seconds: float) -> Figures:
    """The figures of such a pool; a call that is answered is a call placed."""
    answers = serve(joins, pools)
    by = Counter(answer.by for answer in answers)
    talks = {join.id: join.talk for join in joins}
    partners = {}
    for name, pool in pools.items():
        if name != OURS:
            seconds = sum(pool.answers_after + talks[a.id] for a in answers if a.by == name)
            partners[name] = Trunk(by[name], by[name], 0, by[name], seconds)
    return Figures(
        calls=len(answers),
        inhouse=by[OURS],
        partner=sum(trunk.talks for trunk in partners.values()),
        abandoned=by[None],
        cut_off=0,
        unreached=0,
        waits=tuple(sorted(answer.wait for answer in answers if answer.by is not None)),
        agents_talks=by[OURS],
        trunks=partners,
        lost=frozenset(answer.id for answer in answers if answer.by is None),
        seat_seconds=seat_seconds,
    )


def formula(plan: Sequence[Phase], talk: float, patience: float, people: int) -> float:
    """The ratio of callers who give up by Erlang-A, each phase as if it lasted for ever."""
    calls = sum(phase.calls for phase in plan)
    lost = (
        phase.calls * erlang_a(phase.rate, talk, patience, people, within=0.0).abandon_ratio
        for phase in plan
    )
    return sum(lost) / calls
