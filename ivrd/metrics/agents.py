"""What agents are doing, and for how long; never who."""

from collections.abc import Callable, Iterator, Mapping

import prometheus_client as prom
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ivrd.core.agent import AgentState
from ivrd.core.reminder import CallResult, Occasion

Counts = Mapping[str, Mapping[AgentState, int]]  # by pool
WRAP_UP_BUCKETS = (5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600)  # seconds
UNSEEN_SECONDS = 10.0  # after so long without a look nobody knows what they did meanwhile


class WrapUpMetrics:
    """How long wrap-up takes."""

    def __init__(self, registry: prom.CollectorRegistry) -> None:
        self._seconds = prom.Histogram(
            "ivrd_wrap_up_seconds",
            "How long agents were in wrap-up after a talk, by the pool of their seat.",
            ("pool",),
            buckets=WRAP_UP_BUCKETS,
            registry=registry,
        )

    def wrapped_up(self, pool: str, seconds: float) -> None:
        """A wrap-up has ended, after so long."""
        self._seconds.labels(pool).observe(seconds)


class ReminderMetrics:
    """What becomes of calls to agents: at a shift's beginning, and to who is paused."""

    def __init__(self, registry: prom.CollectorRegistry) -> None:
        self._calls = prom.Counter(
            "ivrd_agent_reminders",
            "Calls to agents whose shift has begun, or who were paused for not answering, and what "
            "came of them.",
            ("occasion", "result"),
            registry=registry,
        )
        for occasion in Occasion:
            for result in CallResult:
                self._calls.labels(occasion, result)

    def reminded(self, occasion: Occasion, result: CallResult) -> None:
        """A call has ended so."""
        self._calls.labels(occasion, result).inc()


class AgentCollector(Collector):
    """Counted at each scrape and, for the time spent, at each look; registers itself.

    Pools without agents have no series.  `clock`: seconds.
    """

    def __init__(
        self,
        registry: prom.CollectorRegistry,
        counts: Callable[[], Counts],
        clock: Callable[[], float],
    ) -> None:
        self._counts = counts
        self._clock = clock
        self._looked_at = clock()
        self._seconds: dict[tuple[str, AgentState], float] = {}
        registry.register(self)

    def look(self) -> None:
        """Each second, as the leader: what agents do now they did since the last look."""
        now = self._clock()
        passed, self._looked_at = now - self._looked_at, now
        if passed > UNSEEN_SECONDS:
            return
        for pool, states in self._counts().items():
            for state, agents in states.items():
                before = self._seconds.get((pool, state), 0.0)
                self._seconds[pool, state] = before + agents * passed

    def collect(self) -> Iterator[Metric]:
        """What is true now."""
        agents = GaugeMetricFamily(
            "ivrd_agents",
            "Agents by the pool of their seat and what they are doing.",
            labels=("pool", "state"),
        )
        seconds = CounterMetricFamily(
            "ivrd_agent_seconds",
            "Seconds that agents have spent, by the pool of their seat and what they were doing. "
            "Occupancy: those of talking and wrap_up over those of all but signed_out and paused.",
            labels=("pool", "state"),
        )
        for pool, states in self._counts().items():
            for state in AgentState:
                agents.add_metric((pool, state), states.get(state, 0))
                seconds.add_metric((pool, state), self._seconds.get((pool, state), 0.0))
        yield agents
        yield seconds
