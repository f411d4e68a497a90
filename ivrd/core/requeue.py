"""Where waiting callers go whose queue is no longer served: to where their topic leads now.

A reload can take a queue, or give it another name.  Asterisk then lets the callers in it wait, but
nobody is rung for them.  They are moved with their place: among the callers of the other queue each
one stands where the time of joining says.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ivrd.core.call import Call, Stage


@dataclass(frozen=True)
class Move:
    """Bring a waiting call to another queue; `position` counts from 1, the head of the line."""

    call_id: str
    queue: str
    position: int


def moves(
    calls: Iterable[Call],
    queues: Collection[str],
    queue_of: Mapping[str, str],
    default_queue: str,
) -> Iterator[Move]:
    """Who is to be moved, and where to, the longest waiting first.

    `queues`: those that are served; `queue_of` maps a topic to its queue.  Whoever has no topic, or
    one that is gone, goes to the `default_queue`.  A position holds once the moves before it are
    made.
    """
    waiting = sorted(
        (call for call in calls if call.stage is Stage.QUEUE),
        key=lambda call: (call.joined_at or 0.0, call.received_at, call.id),
    )
    lines: dict[str, list[Call]] = {}
    for call in waiting:
        if call.queue in queues:
            lines.setdefault(call.queue, []).append(call)
    for call in waiting:
        if call.queue in queues:
            continue
        queue = queue_of.get(call.topic, default_queue)
        line = lines.setdefault(queue, [])
        joined = call.joined_at or 0.0
        ahead = sum((other.joined_at or 0.0) <= joined for other in line)
        line.insert(ahead, call)
        yield Move(call.id, queue, ahead + 1)
