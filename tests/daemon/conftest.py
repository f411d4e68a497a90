"""What holds for all tests of the daemon."""

import pytest

from ivrd.agents import reminders
from ivrd.agents import repository as agents
from ivrd.api import (
    agent_report,
    call_explanation,
    day_report,
    partner_operations,
    partner_report,
    people_operations,
)
from ivrd.callbacks import repository as callbacks
from tests.daemon.hotline import PATIENCE

REPORTS = (
    agent_report,
    call_explanation,
    day_report,
    partner_operations,
    partner_report,
    people_operations,
)


@pytest.fixture(autouse=True)
def _disk_is_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take longer to write than anybody else is to wait for it."""
    monkeypatch.setattr(callbacks, "DURABLE_SECONDS", PATIENCE)
    for part in (agents, reminders):
        monkeypatch.setattr(part, "WRITTEN_SECONDS", PATIENCE)
    for report in REPORTS:
        monkeypatch.setattr(report, "FLUSH_SECONDS", PATIENCE)
