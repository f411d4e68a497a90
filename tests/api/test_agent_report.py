"""A day of agents: what is stored and what is going on, as `ivrd report agents` has it."""

import asyncio
import csv
import io
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from ivrd.api import server
from ivrd.api.agent_report import AgentReport
from ivrd.cli.agent_report import agents_report_csv, agents_report_text
from ivrd.core import agent as a
from ivrd.core.call import CallState
from ivrd.core.ledger import Ledger
from ivrd.core.seat_health import NotTaken, Reason
from tests.agents.test_controller import ZONE, Rig
from tests.agents.test_history import CALL, talks

NOON = datetime(2026, 11, 22, 12, tzinfo=ZONE).timestamp()


class Supervisor:
    """One who asks for the report."""

    def __init__(self) -> None:
        self.rig, self.ledger = Rig(), Ledger()
        self.rig.now = NOON
        asyncio.run(self.rig.repository.restore())
        self.begin()

    def begin(self) -> None:
        rig = self.rig
        self.report = AgentReport(
            *(rig.controller, rig.history, self.ledger, ZONE, rig.writes.flush),
            clock=lambda: rig.now,
            shift=lambda: 0.0,
        )

    def restart(self) -> None:
        """A new ivrd, which reads what the one before has stored."""
        asyncio.run(self.rig.written())
        self.rig.begin()
        asyncio.run(self.rig.repository.restore())
        self.begin()

    def asks(self, day: str = "") -> Any:
        async def body() -> server.Answer:
            writing = asyncio.create_task(self.rig.writes.run(lambda: None))
            try:
                return await self.report.queries()["agent-report"]({"day": day})
            finally:
                writing.cancel()

        return asyncio.run(body())


def test_a_day_over_a_restart_and_with_what_is_going_on() -> None:
    supervisor = Supervisor()
    rig = supervisor.rig
    rig.controller.say("late", a.SignedIn(rig.now))
    talks(rig, 60.0)
    supervisor.restart()
    rig.now += 100.0  # 20 of them wrap-up
    rig.seats.seat("base", NotTaken("base-01", Reason.MISSED, rig.now))
    call = replace(CALL, id="9", connected_at=rig.now, state=CallState.TALK)
    supervisor.ledger.calls["9"] = call
    rig.now += 30.0
    answer = supervisor.asks()
    (row,) = answer["rows"]
    assert (row["agent"], row["name"]) == ("late", "Late")
    assert (row["signed_in_seconds"], row["talks"], row["talk_seconds"]) == (190.0, 2, 90.0)
    assert (row["wrap_up_seconds"], row["untaken"]["missed"]) == (20.0, 1)
    assert row["occupancy"] == pytest.approx(110 / 190)
    assert (answer["day"], answer["unassigned_talks"], answer["missing"]) == ("2026-11-22", 0, "")
    assert supervisor.asks("2026-11-21")["rows"] == []


def test_the_report_as_a_table_and_as_csv() -> None:
    supervisor = Supervisor()
    rig = supervisor.rig
    rig.controller.say("late", a.SignedIn(rig.now))
    rig.controller.say("late", a.Paused(rig.now + 60.0, "lunch"))
    rig.now += 180.0
    answer = supervisor.asks()
    text = agents_report_text(answer)
    assert "Agent  name  signed in  talks  talking  wrap-up  paused  not taken  occupancy" in text
    assert "late   Late      3 min      0      0 s      0 s   2 min          0       0.0%" in text
    assert "late   lunch           1  2 min" in text
    (line,) = csv.DictReader(io.StringIO(agents_report_csv(answer)))
    assert (line["agent"], line["signed_in_seconds"]) == ("late", "180.0")
    assert (line["untaken_missed"], line["pauses"]) == ("0", "lunch: 1, 120 s")
    assert (
        agents_report_text(supervisor.asks("2026-11-20")) == "2026-11-20: no agent was signed in."
    )


def test_days_that_there_are_not() -> None:
    supervisor = Supervisor()
    with pytest.raises(server.RequestRejected, match="expected a day such as"):
        supervisor.asks("yesterday")
    with pytest.raises(server.RequestRejected, match="kept from 2026-08-22 on"):
        supervisor.asks("2026-08-21")
    assert "no longer kept" in supervisor.asks("2026-08-22")["missing"]
    supervisor.rig.repository.complete = False
    with pytest.raises(server.NotNow):
        supervisor.asks()
