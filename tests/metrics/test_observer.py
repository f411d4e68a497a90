"""What an operator reads in the log of a partner's breaker."""

import logging
from dataclasses import dataclass, replace

import pytest

from ivrd.core.breaker import Breaker, at, step
from ivrd.core.breaker_events import Confirmed, Lasted, NoKey
from ivrd.core.recent import Recent
from ivrd.metrics.calls import CallMetrics
from ivrd.metrics.observer import Observer


@dataclass
class Role:
    is_leader: bool = True


def lines(caplog: pytest.LogCaptureFixture, is_leader: bool) -> list[tuple[str, str, object]]:
    """Level, words and fields of what is logged while a partner fails, is tried and is well."""
    observer = Observer(
        CallMetrics([], 20.0, "0", clock=lambda: 0.0), Recent(20.0), Role(is_leader), lambda: 0.0
    )
    broken = Breaker(known=True)
    for _ in range(3):
        broken = step(broken, NoKey(100.0))
    tried = at(broken, broken.until)
    well = step(step(tried, Confirmed(131.0)), Lasted(136.0))
    with caplog.at_level(logging.INFO, "ivrd"):
        for breaker in (broken, tried, replace(well)):
            observer.partner_breaker("north", breaker, 110.0)
    return [
        (record.levelname, record.getMessage(), record.__dict__["fields"])
        for record in caplog.records
    ]


def test_each_state_has_one_line_with_partner_reason_and_pause(
    caplog: pytest.LogCaptureFixture,
) -> None:
    why = "answered, no key pressed, 3 in a row"
    assert lines(caplog, is_leader=True) == [
        (
            "WARNING",
            "a partner fails and gets no calls for a while",
            {"partner": "north", "why": why, "pause_seconds": 20.0},
        ),
        ("INFO", "a partner is tried with one call", {"partner": "north", "why": why}),
        ("INFO", "a partner takes calls again", {"partner": "north"}),
    ]


def test_the_leader_alone_tells_it(caplog: pytest.LogCaptureFixture) -> None:
    assert lines(caplog, is_leader=False) == []
