"""Every part of an ivrd reaches the parts that need it: seen from outside, over a fake Asterisk.

connections.py takes out each connection and holds that one of these tests fails then.
"""

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest

from ivrd.asterisk import dialplan_names
from ivrd.calls.caller_hash import Hasher, caller_key
from ivrd.core.menu_step import StepKind
from ivrd.core.seats import SeatStatus
from ivrd.daemon.wiring import Wiring
from ivrd.ha.leadership import Role
from ivrd.metrics.story import CallStory
from ivrd.store import StoreDown
from tests.asterisk.fake_ami import Headers, denied, rows
from tests.daemon.hotline import (
    Hotline,
    Systemd,
    carried_out,
    live,
    one_of_two,
    settings_for,
    until,
)


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    found = Systemd(tmp_path)
    yield found
    found.close()


# --- calls ---------------------------------------------------------------------------------


def test_a_call_is_measured_counted_and_reported(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        at.ami.answers["AGI"] = partial(carried_out, silent=True)
        call = at.call_id()
        at.arrive(call)
        at.emit("AsyncAGIStart", call)
        await until(lambda: at.series("ivrd_agi_seconds_count") > 0)
        assert at.series("ivrd_decision_seconds_count") > 0
        assert at.series("ivrd_event_lag_seconds_count") > 0
        at.emit("AsyncAGIEnd", call)
        await at.talk(call, "PJSIP/base-01")
        assert at.series("ivrd_calls_received_total") == 1
        assert at.series("ivrd_wait_seconds_count") == 1
        assert at.series("ivrd_handoff_seconds_count") == 1
        status = await at.ask("status")
        assert (status["hour"]["received"], status["hour"]["answered"]) == (1, 1)
        day = await at.ask("day")
        assert (day["received"], day["in_progress"]) == (1, 0)
        assert day["day"] == datetime.now(at.wiring.settings.zone).date().isoformat()
        assert [row["outcome"] for row in day["rows"]] == ["answered"]

    live(tmp_path, body)


def test_a_call_in_progress_is_stored_and_its_number_is_not(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        call = at.call_id()
        at.arrive(call, "0200000099")
        await until(lambda: call in at.wiring.ledger.calls)
        assert await at.wiring.write_behind.flush(30.0)
        (stored,) = await at.wiring.repositories.calls.calls()
        keys = caller_key(at.wiring.settings.caller_key_file).keys()
        assert stored.call.id == call
        assert stored.call.caller == Hasher(keys, "TH").hash_number("0200000099")

    live(tmp_path, body)


def test_a_flood_from_one_number_is_asked_for_a_key_and_told(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        most = at.wiring.settings.challenge.number.at_once
        for _ in range(most + 1):
            at.arrive(at.call_id(), "0200000099")
        await until(lambda: len(at.wiring.ledger.calls) == most + 1)
        last = next(reversed(at.wiring.ledger.calls))
        at.emit("AsyncAGIStart", last)
        await until(lambda: at.series("ivrd_callers_challenged_now") == 1)
        assert at.series("ivrd_calls_challenged_total") == 1
        status = await at.ask("status")
        assert any("asked for a key" in limit for limit in status["limits"])

    live(tmp_path, body)


def test_a_caller_of_an_urgent_topic_is_served_before_and_counted_and_explained(
    tmp_path: Path,
) -> None:
    async def body(at: Hotline) -> None:
        first, urgent = at.call_id(), at.call_id()
        for call in (first, urgent):
            at.arrive(call)
            await until(lambda call=call: call in at.wiring.ledger.calls)
        at.wiring.ledger.note(urgent, topic="hi-symptoms")
        for call in (first, urgent):
            at.emit("QueueCallerJoin", call, Queue=at.queue)
        await until(lambda: at.ami.named("QueueChangePriorityCaller"))
        (sent,) = at.ami.named("QueueChangePriorityCaller")
        assert sent["Caller"] == f"PJSIP/c-{urgent}"
        assert at.series("ivrd_urgent_callers") == 1
        waits = (await at.ask("explain-call", call=first))["waits"]
        assert [(row["id"], row["urgency"]) for row in waits["before"]] == [(urgent, "risk_group")]
        at.emit("AgentCalled", urgent, Interface="PJSIP/base-01")
        await until(lambda: urgent in at.wiring.tracker.rung())
        assert (await at.ask("explain-call", call=urgent))["waits"]["ringing"]
        at.emit("AgentConnect", urgent, Interface="PJSIP/base-01")
        at.emit("Hangup", urgent)
        await until(at.ended)
        assert at.series("ivrd_urgent_wait_seconds_count") == 1
        assert at.series("ivrd_urgent_callers") == 0
        assert await at.wiring.write_behind.flush(30.0)
        ended = await at.ask("explain-call", call=urgent)
        assert ended["ended"]["urgency"] == "risk_group"

    live(tmp_path, body)


def test_an_event_without_a_time_happens_when_it_is_received(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        at.emit("UserEvent", "x.1", UserEvent="IvrdReceived", Timestamp="")
        await until(lambda: "x.1" in at.wiring.ledger.calls)
        assert abs(at.wiring.ledger.calls["x.1"].received_at - time.time()) < 60.0

    live(tmp_path, body)


def test_a_call_whose_end_was_reported_is_not_reconciled_as_well(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        call = at.call_id()
        await at.talk(call, "PJSIP/base-01")
        now, queue = int(time.time()), at.queue
        lines = [
            f"{now}|{call}|hotline|NONE|RECEIVED|x",
            f"{now}|{call}|{queue}|NONE|ENTERQUEUE||0200000001|1",
            f"{now}|{call}|{queue}|PJSIP/base-01|CONNECT|0|{call}|0",
            f"{now}|{call}|{queue}|PJSIP/base-01|COMPLETECALLER|0|0|1",
            f"{now}|{call}|hotline|NONE|ENDED|talk",
        ]
        with (tmp_path / "queue_log").open("a") as queue_log:
            queue_log.write("".join(f"{line}\n" for line in lines))
        for seconds in (0.0, 0.0, 10.0):  # in this order: read, grace, recorded if it were missed
            ends = await at.wiring.reconciliation.tick(time.time() + seconds)
            at.wiring.tracker.record_ends(ends)
        assert at.series("ivrd_calls_received_total") == 1
        assert at.series("ivrd_calls_reconciled_total") == 0

    live(tmp_path, body)


def test_callers_who_join_are_demand_that_decisions_rest_on(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        call = at.call_id()
        at.wiring.partners.controller.evaluate(1000.0)
        at.arrive(call)
        at.emit("QueueCallerJoin", call, Queue=at.queue)
        await until(lambda: at.wiring.ledger.offered)
        at.wiring.partners.controller.evaluate(1001.0)
        assert (await at.ask("explain"))["numbers"]["arrivals_per_minute"] > 0

    live(tmp_path, body)


def test_a_caller_who_waits_is_told_how_long_and_it_is_known_whether_that_was_true(
    tmp_path: Path,
) -> None:
    async def body(at: Hotline) -> None:
        pool = at.wiring.settings.pools[0]
        at.wiring.queue_members.states[pool.seats[0]] = SeatStatus.BUSY
        at.wiring.waiting.look()
        assert at.series("ivrd_expected_wait_seconds") > 0
        assert at.series("ivrd_expected_wait_coverage_ratio") > 0
        call = at.call_id()
        at.arrive(call)
        at.emit("QueueCallerJoin", call, Queue=at.queue)
        await until(lambda: at.wiring.ledger.offered)
        await at.wiring.waiting.announcer.reconcile(at.wiring.tracker.ivr)

        def told() -> list[Headers]:
            every = at.ami.named("Setvar")
            return [sent for sent in every if sent["Variable"] == "CHANNEL(language)"]

        await until(told)
        (sent,) = told()
        assert (sent["Channel"], sent["Value"][:4]) == (f"PJSIP/c-{call}", "th_w")
        at.emit("AgentConnect", call, Interface=f"PJSIP/{pool.seats[0]}")
        await until(lambda: at.series("ivrd_expected_wait_error_seconds_count") == 1)
        assert at.series("ivrd_expected_wait_bounds_total") == 1
        assert at.series("ivrd_announced_waits_total") == 1

    live(tmp_path, body)


def test_whoever_waits_in_a_queue_that_is_gone_is_moved_once_asterisk_has_the_other(
    tmp_path: Path,
) -> None:
    async def body(at: Hotline) -> None:
        call, to = at.call_id(), at.wiring.settings.default_queue
        at.arrive(call)
        at.emit("QueueCallerJoin", call, Queue="gone")
        await until(lambda: at.series("ivrd_calls_offered_total") == 1)
        assert await at.wiring.requeue.reconcile() == {}
        at.ami.answers["QueueStatus"] = rows("QueueStatus", {"Event": "QueueParams", "Queue": to})
        assert await at.wiring.requeue.reconcile() == {to: 1}
        (sent,) = at.ami.named("Redirect")
        assert (sent["Channel"], sent["Context"]) == (f"PJSIP/c-{call}", "hotline-queue")
        assert await at.wiring.requeue.reconcile() == {}, "it is on its way"
        at.emit("QueueCallerJoin", call, Queue=to)
        at.emit("Hangup", call)
        await until(at.ended)
        assert at.series("ivrd_calls_offered_total") == at.series("ivrd_wait_seconds_count") == 1

    live(tmp_path, body)


# --- partners ------------------------------------------------------------------------------


def test_what_happens_on_a_partners_leg_is_shown_and_counted(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        call = at.call_id()
        at.arrive(call)
        at.leg("Offered", call)
        await until(lambda: at.series("ivrd_partner_attempts_total") == 1)
        assert at.series("ivrd_partner_seats") == 1  # it rings
        (row,) = (await at.ask("partners", partner=at.partner))["partners"]
        assert (row["offers"], row["ringing"]) == (1, 1)
        await at.talk(at.call_id(), f"Local/01@partner-{at.partner}/n")
        report = await at.ask("report")
        assert sum(row["people"] for row in report["rows"]) == 1

    live(tmp_path, body)


def test_one_callers_story_is_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def body(at: Hotline) -> None:
        call = at.call_id()
        at.arrive(call)
        at.emit("AsyncAGIStart", call)
        at.emit("DTMFEnd", call, Digit="1", Direction="Received")
        at.emit("AgentCalled", call, Interface="PJSIP/base-01")
        at.leg("Refused", call, Status="BUSY", Cause="17")
        await until(lambda: "call not taken by a seat" in caplog.messages)
        await until(lambda: StepKind.MENU in caplog.messages)
        at.emit("AsyncAGIEnd", call)
        await at.talk(call, "PJSIP/base-01")
        story = at.wiring.tracker._facts.listeners.story
        assert isinstance(story, CallStory)
        assert not story._menu_lines  # nothing is kept of a call that is gone

    with caplog.at_level(logging.INFO, "ivrd"):
        live(tmp_path, body)
    said = [r.getMessage() for r in caplog.records if hasattr(r, "fields") and "case" in r.fields]
    assert said[0] == "call received"
    assert said[-1] == "call ended"
    assert "call offered to a seat" in said


def test_a_partner_that_fails_is_decided_on_at_once_and_stays_known(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        at.wiring.reevaluate.clear()
        for _ in range(3):
            at.leg("Unconfirmed", "1.1")
        await until(at.wiring.reevaluate.is_set)
        assert await at.wiring.write_behind.flush(30.0)
        assert at.partner in await at.wiring.write_behind.load("breakers")

    live(tmp_path, body)


def test_a_drill_is_confirmed_by_the_events_of_its_leg(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        drill = asyncio.create_task(at.do("drill", partner=at.partner, who="malee"))
        await until(lambda: at.wiring.partners.drill_calls._waiting)
        at.leg("Confirmed", "", After="2.5")
        async with asyncio.timeout(30):
            answer = await drill
        assert answer["ok"], answer
        (entry,) = (await at.ask("audit"))["entries"]
        assert (entry["who"], entry["what"]) == ("malee", "drill confirmed")
        assert datetime.fromisoformat(entry["at"]).timestamp() == pytest.approx(time.time(), abs=60)

    live(tmp_path, body)


# --- the connection to Asterisk ------------------------------------------------------------


def test_on_connecting_calls_are_adopted_and_seats_are_decided_on(
    tmp_path: Path, systemd: Systemd, caplog: pytest.LogCaptureFixture
) -> None:
    async def body(at: Hotline) -> None:
        assert at.wiring.observer.connected
        assert at.series("ivrd_ami_up") == 1
        told = [headers.get("Variable") for headers in at.ami.named("Setvar")]
        assert dialplan_names.ROOM in told  # for how many callers there is room
        assert "STATUS=connected to Asterisk" in systemd.read()
        await until(at.wiring.reevaluate.is_set)
        at.wiring.reevaluate.clear()
        here = {"Event": "CoreShowChannel", "Uniqueid": "5.1", "Channel": "PJSIP/c-5.1"}
        at.ami.answers["CoreShowChannels"] = rows(
            "CoreShowChannels", {**here, "Context": "hotline", "Application": "Playback"}
        )
        at.ami.cut()
        await until(lambda: "5.1" in at.wiring.ledger.calls and at.wiring.link.up)
        await until(at.wiring.reevaluate.is_set)

    with caplog.at_level(logging.INFO, "ivrd"):
        live(tmp_path, body)
    assert any("connected to Asterisk at" in r.getMessage() for r in caplog.records)


def test_when_the_connection_is_lost_nobody_is_spoken_to_and_all_are_told(
    tmp_path: Path, systemd: Systemd
) -> None:
    async def body(at: Hotline) -> None:
        call = at.call_id()
        at.arrive(call)
        at.emit("AsyncAGIStart", call)
        await until(lambda: len(at.wiring.tracker.ivr) == 1)
        at.ami.answers["Login"] = denied
        at.ami.cut()
        await until(lambda: not at.wiring.observer.connected)
        await until(lambda: len(at.wiring.tracker.ivr) == 0)
        assert at.wiring.operations.ready() == "not connected to Asterisk"
        assert "STATUS=not connected to Asterisk" in systemd.read()

    live(tmp_path, body)


def test_a_caller_is_spoken_to_anew_as_soon_as_asterisk_is_back(tmp_path: Path) -> None:
    """What was sent on the lost connection gets no result: another session has to begin."""

    async def body(at: Hotline) -> None:
        def sessions() -> set[str]:
            return {
                a["CommandID"].rpartition(".")[0] for a in at.ami.named("AGI") if "CommandID" in a
            }

        call = at.call_id()
        at.arrive(call)
        at.emit("AsyncAGIStart", call)
        await until(lambda: len(sessions()) == 1)
        here = {"Event": "CoreShowChannel", "Uniqueid": call, "Channel": f"PJSIP/c-{call}"}
        at.ami.answers["CoreShowChannels"] = rows(
            "CoreShowChannels", {**here, "Context": "hotline", "Application": "AGI"}
        )
        at.ami.cut()
        await until(lambda: len(sessions()) == 2)

    live(tmp_path, body)


def test_asterisk_is_told_of_second_calls_and_anew_when_it_is_back(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        name = dialplan_names.SECOND_CALL + at.partner

        def told() -> int:
            return [headers.get("Variable") for headers in at.ami.named("Setvar")].count(name)

        for _ in range(2):  # the second time nothing is new
            await at.wiring.partners.tell_second_calls()
        assert told() == 1
        at.wiring.reevaluate.clear()
        at.ami.cut()
        await until(at.wiring.reevaluate.is_set)  # connected again
        await at.wiring.partners.tell_second_calls()
        assert told() == 2

    live(tmp_path, body)


# --- the store and the other ivrd ----------------------------------------------------------


def test_the_series_of_the_store_and_of_leadership_are_there(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        assert at.series("ivrd_leader") == at.series("ivrd_store_up") == 1
        assert at.series("ivrd_menus_full_total") == at.series("ivrd_calls_unresolved_total") == 0

    live(tmp_path, body)


def test_a_store_that_is_down_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def body() -> None:
        wiring = Wiring(one_of_two(settings_for(tmp_path), tmp_path), lambda _why: None)
        with suppress(StoreDown):
            await wiring.repositories.calls.calls()

    with caplog.at_level(logging.WARNING, "ivrd"):
        asyncio.run(body())
    assert any("the store is down" in r.getMessage() for r in caplog.records)


def test_an_ivrd_that_is_no_longer_the_leader_steps_down(tmp_path: Path) -> None:
    async def body() -> None:
        stepped_down: list[str] = []
        wiring = Wiring(one_of_two(settings_for(tmp_path), tmp_path), stepped_down.append)
        wiring.leadership.role = Role.LEADER
        wiring.leadership.fenced()
        assert stepped_down == ["another ivrd has written to the store"]

    asyncio.run(body())


def test_all_queries_and_commands_are_there(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        queries = {"status", "seats", "partners", "explain", "report", "audit", "day"}
        queries |= {"callbacks", "agents", "outbox", "agent-report", "invited"}
        queries |= {"plans", "plan-preview", "plan-report", "explain-call"}
        queries |= {"trunks", "try-trunks"}
        assert set(at.wiring.control.queries()) == queries
        commands = {"override", "drill", "resume-partner", "seats", "resume", "handover", "reload"}
        commands |= {"person", "erase-person", "no-callback", "recover"}
        commands |= {"callback-cancel", "callback-retry", "outbox-retry", "outbox-drop"}
        commands |= {"agent-in", "agent-out", "agent-pause", "agent-resume"}
        commands |= {"agent-extend", "invite", "withdraw", "pledge"}
        commands |= {"agent-listen", "agent-whisper", "agent-join"}
        commands |= {"plan-start", "plan-end"}
        assert set(at.wiring.control.commands(at.ask)) == commands  # type: ignore[arg-type]

    live(tmp_path, body)
