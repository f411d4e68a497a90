"""The seats of each queue, for whoever calls people back, and whether anybody is there.

They rest on the snapshot from which partners' seats were decided last, so of the last second.
"""

from collections.abc import Callable, Mapping

from ivrd.core.dialling import SeatsNow
from ivrd.core.overflow import Snapshot


class QueueSeats:
    """`snapshot()`: the last one, None before the first.

    `wraps_up(queue)`: whether an agent who serves it has just talked, and is there again soon.
    """

    def __init__(
        self, snapshot: Callable[[], Snapshot | None], wraps_up: Callable[[str], bool]
    ) -> None:
        self._snapshot = snapshot
        self._wraps_up = wraps_up

    def seats(self) -> Mapping[str, SeatsNow]:
        """The seats that serve each queue, partners' open ones among them."""
        snapshot = self._snapshot()
        return {} if snapshot is None else seats_of(snapshot)

    def staffed(self, queue: str) -> bool:
        """Whether somebody is at work who serves it, or a partner may be asked for people who do.

        While nothing is known yet, it is.
        """
        snapshot = self._snapshot()
        if snapshot is None or self._wraps_up(queue):
            return True
        own = any(of.present for of in snapshot.agent_groups if queue in of.queues)
        return own or any(of.open or of.most for of in snapshot.partners if queue in of.queues)


def seats_of(snapshot: Snapshot) -> Mapping[str, SeatsNow]:
    """The seats that serve each queue."""
    groups = [(of.queues, of.present, of.busy) for of in snapshot.agent_groups]
    groups += [(of.queues, of.open, min(of.busy, of.open)) for of in snapshot.partners]
    found = {}
    for queue in snapshot.queues:
        serving = [group for group in groups if queue.name in group[0]]
        present, busy = sum(group[1] for group in serving), sum(group[2] for group in serving)
        queues = frozenset().union(*(group[0] for group in serving if group[1]))
        found[queue.name] = SeatsNow(
            max(0, present - busy), busy, queue.load.handling, queues | {queue.name}
        )
    return found
