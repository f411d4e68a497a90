"""How many agents there are in each state; never who."""

from collections.abc import Callable, Iterator, Mapping

import prometheus_client as prom
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ivrd.core.agent import AgentState

Counts = Mapping[str, Mapping[AgentState, int]]  # by pool


class AgentCollector(Collector):
    """Counted at each scrape; registers itself.  Pools without agents have no series."""

    def __init__(self, registry: prom.CollectorRegistry, counts: Callable[[], Counts]) -> None:
        self._counts = counts
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """What is true now."""
        agents = GaugeMetricFamily(
            "ivrd_agents",
            "Agents by the pool of their seat and what they are doing.",
            labels=("pool", "state"),
        )
        for pool, states in self._counts().items():
            for state in AgentState:
                agents.add_metric((pool, state), states.get(state, 0))
        yield agents
