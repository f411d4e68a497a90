"""Seconds that agents spend, as an operator reads occupancy from them."""

import prometheus_client as prom

from ivrd.core.agent import AgentState
from ivrd.metrics.agents import UNSEEN_SECONDS, AgentCollector, WrapUpMetrics


def test_seconds_are_counted_by_state_and_not_while_nobody_looks() -> None:
    registry, now = prom.CollectorRegistry(), [100.0]
    counts = {"base": {AgentState.TALKING: 3, AgentState.READY: 1}}
    collector = AgentCollector(registry, lambda: counts, lambda: now[0])

    def seconds(state: str) -> float | None:
        labels = {"pool": "base", "state": state}
        return registry.get_sample_value("ivrd_agent_seconds_total", labels)

    for passed in (1.0, 1.5, UNSEEN_SECONDS + 1.0, 1.0):
        now[0] += passed
        collector.look()
    assert (seconds("talking"), seconds("ready"), seconds("paused")) == (10.5, 3.5, 0.0)
    assert registry.get_sample_value("ivrd_agents", {"pool": "base", "state": "talking"}) == 3


def test_wrap_up_is_measured() -> None:
    registry = prom.CollectorRegistry()
    WrapUpMetrics(registry).wrapped_up("base", 20.0)
    assert registry.get_sample_value("ivrd_wrap_up_seconds_sum", {"pool": "base"}) == 20.0
