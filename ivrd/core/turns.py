"""Whose turn it is: which waiting callers the seats that are free are for."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from ivrd.core.priority import Place


def turns(
    free: Iterable[Collection[str]],
    waiting: Callable[[str], Sequence[Place]],
    rung: Collection[str],
) -> Iterator[str]:
    """The calls that the free seats are for: each takes the first of those whom it serves.

    free: of each free seat the queues that it serves; waiting(queue): all who wait there, in their
    order; rung: calls for which a seat is ringing, and which need no other.
    """
    lines: dict[str, Iterator[Place]] = {}
    first: dict[str, Place | None] = {}

    def left(queue: str) -> Iterator[Place]:
        return (place for place in waiting(queue) if place.call_id not in rung)

    for queues in free:
        for queue in queues:
            if queue not in lines:
                lines[queue] = left(queue)
                first[queue] = next(lines[queue], None)
        found = [(place, queue) for queue in queues if (place := first[queue]) is not None]
        if found:
            place, queue = min(found)
            first[queue] = next(lines[queue], None)
            yield place.call_id
