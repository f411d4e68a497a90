"""What agents say and what happens to their calls reach who needs it, over a fake Asterisk."""

from pathlib import Path

from ivrd.agents.controller import NO_ANSWER
from ivrd.agents.invitations import Invitation
from ivrd.asterisk.seat_facts import SeatUnanswered
from ivrd.config.settings import AgentLimits, AgentSettings
from tests.daemon.hotline import Hotline, live, until
from tests.fixtures.agents import HASH, PIN

AGENTS = (AgentSettings("a-1", "Somchai", HASH, "base-01"),)


async def agent(at: Hotline) -> tuple[str, str]:
    """What the agent is to do next, and why."""
    (row,) = (await at.ask("agents"))["agents"]
    return row["duty"], row["reason"]


def test_an_agent_talks_wraps_up_and_is_as_before_after_a_restart(tmp_path: Path) -> None:
    async def before(at: Hotline) -> None:
        at.wiring.agents.controller.configure(AGENTS, 600.0)
        await until(lambda: at.wiring.agents.controller.known)
        assert await agent(at) == ("signed_out", "")
        await at.do("agent-in", id="a-1", pin=PIN)
        call = at.call_id()
        at.arrive(call)
        at.emit("QueueCallerJoin", call, Queue=at.queue)
        await until(lambda: call in at.wiring.ledger.calls)
        await at.talk(call, "base-01")
        at.emit("Hangup", call)
        await until(lambda: call not in at.wiring.ledger.calls)
        assert await agent(at) == ("wrap_up", "")
        assert at.series("ivrd_agents") == 1
        await at.do("agent-pause", id="a-1", reason="lunch")
        at.wiring.agents.collector.look()
        assert at.series("ivrd_agent_seconds_total") > 0
        assert at.series("ivrd_wrap_up_seconds_count") == 1

    async def after(at: Hotline) -> None:
        at.wiring.agents.controller.configure(AGENTS, 600.0)
        await until(lambda: at.wiring.agents.controller.known)
        assert await agent(at) == ("paused", "lunch")
        (row,) = (await at.ask("agent-report"))["rows"]
        assert (row["agent"], row["talks"], [*row["pauses"]]) == ("a-1", 1, ["lunch"])

    live(tmp_path, before)
    live(tmp_path, after)


def test_what_an_agent_says_is_carried_out_at_once(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        at.wiring.agents.controller.configure(AGENTS, 600.0)
        await until(lambda: at.wiring.agents.controller.known)
        at.wiring.reevaluate.clear()
        await at.do("agent-in", id="a-1", pin=PIN)
        assert at.wiring.reevaluate.is_set()

    live(tmp_path, body)


def test_who_is_invited_to_the_line_is_an_agent_after_a_restart_too(tmp_path: Path) -> None:
    malee = Invitation("1001", "flood", "Malee", HASH, "base-02", ())

    async def before(at: Hotline) -> None:
        await until(lambda: at.wiring.agents.controller.known)
        at.wiring.agents.invitations.add(malee)
        assert "1001" in at.wiring.agents.controller.agents
        assert await at.wiring.write_behind.flush(30.0)

    async def after(at: Hotline) -> None:
        await until(lambda: at.wiring.agents.invitations.of("flood"))
        assert "1001" in at.wiring.agents.controller.agents

    live(tmp_path, before)
    live(tmp_path, after)


def test_who_does_not_answer_is_paused_and_it_is_in_the_report(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        limits = AgentLimits(missed_calls=2, paused_at_most=0)
        at.wiring.agents.controller.configure(AGENTS, 600.0, limits)
        await until(lambda: at.wiring.agents.controller.known)
        await at.do("agent-in", id="a-1", pin=PIN)
        for _ in range(2):
            unanswered = SeatUnanswered("base-01", at.wiring.timeline.now(), 15.0)
            at.wiring.queue_members.changed(unanswered)
        assert await agent(at) == ("paused", NO_ANSWER)
        (row,) = (await at.ask("agent-report"))["rows"]
        assert row["untaken"]["missed"] > 0

    live(tmp_path, body)
