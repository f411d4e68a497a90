"""What calling back needs to know of each queue: its seats, and how long one waits there.

It rests on the snapshot from which partners' seats were decided last, so of the last second.
"""

from collections.abc import Callable, Mapping
from math import inf

from ivrd.core.dialling import SeatsNow
from ivrd.core.forecast import expected_wait
from ivrd.core.ledger import Ledger
from ivrd.core.overflow import Snapshot


class QueueForecast:
    """`snapshot()`: the last one, None before the first.  `booked()`: bookings by queue."""

    def __init__(
        self,
        snapshot: Callable[[], Snapshot | None],
        ledger: Ledger,
        booked: Callable[[], Mapping[str, int]],
    ) -> None:
        self._snapshot = snapshot
        self._ledger = ledger
        self._booked = booked

    def seats(self) -> Mapping[str, SeatsNow]:
        """The seats that serve each queue, partners' open ones among them."""
        snapshot = self._snapshot()
        return {} if snapshot is None else seats_of(snapshot)

    def expected_wait(self, queue: str) -> float:
        """Seconds until somebody is answered who joins now; bookings are served before."""
        snapshot = self._snapshot()
        load = (
            next((q.load for q in snapshot.queues if q.name == queue), None) if snapshot else None
        )
        seats = self.seats().get(queue)
        if load is None or seats is None:
            return 0.0
        if not seats.free + seats.busy:
            return inf
        ahead = len(self._ledger.present.line(queue)) + self._booked().get(queue, 0)
        if seats.free > ahead:
            return 0.0
        return expected_wait(ahead, seats.free + seats.busy, load.handling, load.patience)


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
