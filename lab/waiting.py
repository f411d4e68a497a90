"""Who waited although somebody could have taken the call, and for how long.

Judged from what was recorded: when callers waited, and when each seat rang or talked.  At every
moment the callers who wait, and whom no good seat is being rung for, are in their queues' order;
as many of them wait in vain as there are free good seats that serve their queues, the first ones
first.  A caller who is rung at a bad seat meanwhile waits in vain as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Waiting:
    """A caller in a queue from `begin` to `end`; seconds on any clock.

    `since`: since when the place in the queue is the caller's: earlier than `begin` for one who
    has come back to it.
    """

    caller: str
    queue: str
    begin: float
    end: float
    since: float


@dataclass(frozen=True)
class Occupied:
    """A seat that rings for a caller, or talks, from `begin` to `end`."""

    seat: str
    caller: str
    begin: float
    end: float


def waited_in_vain(
    waiting: Sequence[Waiting],
    occupied: Sequence[Occupied],
    serves: Mapping[str, Collection[str]],
) -> dict[str, float]:
    """For each caller the seconds waited although a seat was free.

    `serves`: the good seats, each with the queues that it serves.  `occupied` may name others too:
    they are of no account.
    """
    good = [of for of in occupied if of.seat in serves]
    spans: list[Waiting | Occupied] = [*waiting, *good]
    moments = sorted({at for of in spans for at in (of.begin, of.end)})
    vain = {of.caller: 0.0 for of in waiting}
    for begin, end in pairwise(moments):
        at_work = [of for of in good if of.begin <= begin < of.end]
        rung = {of.caller for of in at_work}
        free = serves.keys() - {of.seat for of in at_work}
        here = [of for of in waiting if of.begin <= begin < of.end and of.caller not in rung]
        for caller in _could_be_served(sorted(here, key=lambda of: of.since), free, serves):
            vain[caller] += end - begin
    return vain


def _could_be_served(
    callers: Iterable[Waiting], free: Collection[str], serves: Mapping[str, Collection[str]]
) -> list[str]:
    """Those for whom there is a seat when all before them have theirs.

    Augmenting paths: who has a seat gives it up where another one does as well.
    """
    taken: dict[str, Waiting] = {}

    def placed(caller: Waiting, tried: set[str]) -> bool:
        for seat in free:
            if seat in tried or caller.queue not in serves[seat]:
                continue
            tried.add(seat)
            if seat not in taken or placed(taken[seat], tried):
                taken[seat] = caller
                return True
        return False

    return [caller.caller for caller in callers if placed(caller, set())]
