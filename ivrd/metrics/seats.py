"""What the hotline's own seats do, by pool."""

from collections.abc import Collection, Mapping, Sequence

import prometheus_client as prom

from ivrd.core.seat_health import Reason
from ivrd.core.seats import SeatStatus


class SeatMetrics:
    """The pools' series; `pools`: those that have some from the start."""

    def __init__(self, registry: prom.CollectorRegistry, pools: Sequence[str]) -> None:
        self._seats = prom.Gauge(
            "ivrd_seats",
            "Seats by pool and by what they are doing.",
            ("pool", "state"),
            registry=registry,
        )
        self._no_answer = prom.Counter(
            "ivrd_ring_no_answer_total",
            "Calls that a seat of our own was offered and did not take. reason: it rang and nobody "
            "answered (missed), it declined at once (refused), it answered and was gone within "
            "a second (dropped), or nothing came from it any more in a talk (lost). Another seat "
            "was rung.",
            ("pool", "reason"),
            registry=registry,
        )
        self._open = prom.Gauge(
            "ivrd_pool_open",
            "1 while the pool's seats take calls, else 0.",
            ("pool",),
            registry=registry,
        )
        self._known_pools: set[str] = set()
        self.show({pool: {} for pool in pools}, ())

    def ring_no_answer(self, pool: str, reason: Reason) -> None:
        """A seat of this pool did not take a call."""
        self._no_answer.labels(pool, reason).inc()

    def show(
        self, counts: Mapping[str, Mapping[SeatStatus, int]], open_pools: Collection[str]
    ) -> None:
        """How many seats of each pool have which status, 0 if not given, and which are open.

        Pools that are not in `counts` lose their series: nobody sits there any more.
        """
        for pool in self._known_pools - counts.keys():
            for reason in Reason:
                self._no_answer.remove(pool, reason)
        self._known_pools = set(counts)
        self._seats.clear()
        self._open.clear()
        for pool, by_state in counts.items():
            for state in SeatStatus:
                self._seats.labels(pool, state).set(by_state.get(state, 0))
            self._open.labels(pool).set(pool in open_pools)
            for reason in Reason:
                self._no_answer.labels(pool, reason)
