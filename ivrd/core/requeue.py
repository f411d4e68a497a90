"""Where waiting callers go whose queue is no longer served: to where their topic leads now.

A reload can take a queue, give it another name, or divide it (skills.py).  Asterisk then lets the
callers in it wait, but nobody is rung for them.  They are moved with their place: among the callers
of the other queue each one stands where the turn says (priority.py).
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from heapq import merge

from ivrd.core.call import Call
from ivrd.core.present import Present, place_of
from ivrd.core.priority import Place
from ivrd.core.skills import SkillRouting


@dataclass(frozen=True)
class Move:
    """Bring a waiting call to another queue; `position` counts from 1, the head of the line."""

    call_id: str
    queue: str
    position: int


def in_vain(present: Present, queues: Collection[str]) -> list[Place]:
    """Who waits in a queue that is not among `queues`, those that are served; in their order."""
    return [*merge(*(present.line(queue) for queue in present.queues() if queue not in queues))]


def position_of(call: Call, line: Sequence[Place]) -> int:
    """Which one in a line a call is, or would be; 1 is the head.  `line`: who waits there."""
    return bisect_left(line, place_of(call)) + 1


def move_of(call: Call, routing: SkillRouting, line: Callable[[str], Sequence[Place]]) -> Move:
    """Where a waiting call goes.  `line(queue)`: who waits there already."""
    queue = routing.queue_for(call.topic, call.language)
    return Move(call.id, queue, position_of(call, line(queue)))
