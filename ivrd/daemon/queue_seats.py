"""The seats of each queue, for whoever calls people back.

They rest on the snapshot from which partners' seats were decided last, so of the last second.
"""

from collections.abc import Callable, Mapping

from ivrd.core.dialling import SeatsNow
from ivrd.core.overflow import Snapshot


class QueueSeats:
    """`snapshot()`: the last one, None before the first."""

    def __init__(self, snapshot: Callable[[], Snapshot | None]) -> None:
        self._snapshot = snapshot

    def seats(self) -> Mapping[str, SeatsNow]:
        """The seats that serve each queue, partners' open ones among them."""
        snapshot = self._snapshot()
        return {} if snapshot is None else seats_of(snapshot)


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
