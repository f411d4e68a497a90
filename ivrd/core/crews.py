"""Who serves which queues: the hotline's own agents, and partners' seats that are open or coming.

Most people serve several queues, and a seat that becomes free goes to whoever came first of all
whom it serves (calls/recheck.py).  So ahead of a caller are those of the own queue, and of any
other queue the part whose people serve this one, too.

People who serve this queue and not a longer one beside it come to this caller sooner than that: the
wait is the shortest of those that `servings` gives, with some of the other queues, and the people
who serve them, left out.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ivrd.core.partner import PartnerSnapshot


@dataclass(frozen=True)
class Crew:
    """People who serve the same queues: how many are at work, how many of them are free.

    `name`: the pool, or the partner.
    """

    name: str
    queues: frozenset[str]
    seats: int
    free: int


def partner_crews(partners: Iterable[PartnerSnapshot], wanted: Mapping[str, int]) -> Iterator[Crew]:
    """Partners' people.  `wanted`: the seats that each is to have, open yet or not."""
    for partner in partners:
        busy = sum(partner.talks.values())
        seats = max(partner.open, wanted.get(partner.id, 0), busy)
        if seats:
            yield Crew(partner.id, frozenset(partner.queues), seats, seats - busy)


@dataclass(frozen=True)
class Serving:
    """Who serves one queue, and how many of a caller in each other queue stands before its own.

    `competing`: by queue, over 0 and up to 1.
    """

    seats: int
    free: int
    competing: Mapping[str, float]


def servings(queue: str, crews: Sequence[Crew], waiting: Collection[str]) -> list[Serving]:
    """The ways in which a queue's callers may be served while callers wait in these queues."""
    others = [name for name in waiting if name != queue]
    left_out = [frozenset[str](), *(frozenset({name}) for name in others), frozenset(others)]
    return [_serving(queue, crews, others, without) for without in dict.fromkeys(left_out)]


def _serving(
    queue: str, crews: Sequence[Crew], others: Iterable[str], without: frozenset[str]
) -> Serving:
    ours = [crew for crew in crews if queue in crew.queues and not crew.queues & without]
    competing = {}
    for other in others:
        both = sum(crew.seats for crew in ours if other in crew.queues)
        if both:
            competing[other] = both / sum(crew.seats for crew in crews if other in crew.queues)
    return Serving(sum(crew.seats for crew in ours), sum(crew.free for crew in ours), competing)
