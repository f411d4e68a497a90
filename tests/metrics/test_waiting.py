"""The series of the expected wait: there from the start, and true."""

from math import inf

import prometheus_client as prom
import pytest

from ivrd.core.expected_wait import Prediction
from ivrd.metrics.registry import Registry
from ivrd.metrics.waiting import ExpectedWaitCollector, WaitMetrics
from tests.waiting.rig import Rig


@pytest.fixture
def registry() -> prom.CollectorRegistry:
    return Registry()


def test_what_became_of_bounds_and_of_what_was_told(registry: prom.CollectorRegistry) -> None:
    metrics = WaitMetrics(registry, ["a"])
    value = registry.get_sample_value
    for name in ("ivrd_expected_wait_bounds_total", "ivrd_announced_waits_total"):
        for result in ("kept", "broken"):
            assert value(name, {"queue": "a", "result": result}) == 0
    metrics.queues(["a", "new"])
    metrics.realised("a", Prediction(mean=60.0, bound=96.0), 50.0)
    metrics.realised("a", Prediction(mean=60.0, bound=96.0), 100.0)
    metrics.bound("a", kept=True)
    metrics.bound("new", kept=False)
    metrics.promise("a", kept=False)
    assert value("ivrd_expected_wait_error_seconds_sum", {"queue": "a"}) == 50.0
    assert value("ivrd_expected_wait_error_seconds_count", {"queue": "a"}) == 2
    assert value("ivrd_expected_wait_error_seconds_count", {"queue": "new"}) == 0
    assert value("ivrd_expected_wait_bounds_total", {"queue": "a", "result": "kept"}) == 1
    assert value("ivrd_expected_wait_bounds_total", {"queue": "new", "result": "broken"}) == 1
    assert value("ivrd_announced_waits_total", {"queue": "a", "result": "broken"}) == 1


def test_what_somebody_would_wait_now(registry: prom.CollectorRegistry) -> None:
    rig = Rig()
    ExpectedWaitCollector(registry, rig.forecast, lambda: ["a"])

    def value(name: str) -> float | None:
        return registry.get_sample_value(f"ivrd_expected_wait_{name}", {"queue": "a"})

    alone = value("seconds")
    rig.join("first")
    assert alone is not None
    assert value("seconds") == pytest.approx(2 * alone, rel=0.1)
    assert value("bound_seconds") > value("seconds")  # type: ignore[operator]
    assert value("coverage_ratio") == 0.8
    rig.now += 3600.0
    rig.answer("first")
    assert value("coverage_ratio") == pytest.approx(0.792)
    rig.members.states.clear()
    rig.look()
    assert value("seconds") == value("bound_seconds") == inf
