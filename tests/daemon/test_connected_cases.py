"""Cases and what callers say after their talks: seen from outside, over a fake AMI."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ivrd.calls.menu_call import MenuPosition
from ivrd.config.cases import CrmSettings
from ivrd.config.outbox_settings import HttpSettings
from ivrd.config.settings import Settings
from ivrd.core.case_menu import INFO, At, CaseVisit
from ivrd.core.cases import CaseQuestion, CaseResult
from ivrd.core.commands import AtInfo
from ivrd.core.menu import Visit
from tests.daemon import hotline
from tests.daemon.hotline import Hotline, live, until
from tests.outbox.receiver import Receiver, ReceiverThread, answer

CODE = CaseQuestion(code="0867401212")


@pytest.fixture
def crm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Where cases are known; the configuration has it from the start."""
    secret = tmp_path / "crm.secret"
    secret.touch(0o600)
    secret.write_text("a-secret-of-the-crm")
    settings_for = hotline.settings_for
    with ReceiverThread(answer(200, json.dumps({"state": "bed"}).encode())) as receiver:
        http = HttpSettings(receiver.url, secret, "NO_SUCH_VARIABLE", None, 20.0, 4, 4.0)
        asked = CrmSettings(http, "state", frozenset({"bed"}), 10.0, 60.0, 1, 30.0)

        def with_crm(*given: Any) -> Settings:
            return replace(settings_for(*given), crm=asked)

        monkeypatch.setattr(hotline, "settings_for", with_crm)
        yield receiver


async def calls(at: Hotline, number: str) -> str:
    call = at.call_id()
    at.arrive(call, number)
    await until(lambda: call in at.wiring.ledger.calls)
    return call


def log_line(folder: Path, call: str, *fields: str) -> None:
    now = int(datetime.now(UTC).timestamp())
    with (folder / "queue_log").open("a") as log:
        log.write("|".join([str(now), call, "hotline", "NONE", *fields]) + "\n")


async def hang_up(at: Hotline, call: str) -> None:
    at.emit("Hangup", call)
    await until(lambda: call not in at.wiring.ledger.calls)


def test_a_case_is_looked_up_counted_and_while_it_fails_nobody_waits_for_it(
    tmp_path: Path, crm: Receiver
) -> None:
    async def body(at: Hotline) -> None:
        look_ups = at.wiring.tracker.ivr._requests._cases
        assert (await look_ups.look_up("1.1", CODE)).state == "bed"
        assert at.series('ivrd_case_answers_total{result="found"}') == 1
        assert at.series("ivrd_case_lookup_seconds_count") == 1
        assert at.series("ivrd_case_lookups_paused") == 0
        crm.answers[0] = answer(500)
        other = CaseQuestion(code="1")
        assert (await look_ups.look_up("1.1", other)).result is CaseResult.BROKEN
        assert (await look_ups.look_up("1.1", other)).result is CaseResult.PAUSED
        assert at.series("ivrd_case_lookups_paused") == 1

    live(tmp_path, body)


def test_who_was_told_and_dials_again_and_what_is_said_after_a_talk_is_in_all_reports(
    tmp_path: Path, crm: Receiver
) -> None:
    """Also after a restart, in which queue_log is read once more."""
    partner = ""
    at_told = CaseVisit(At.TOLD, "other", "th", Visit("main", "th"), state="bed")

    async def before(at: Hotline) -> None:
        nonlocal partner
        partner = at.partner
        tracker = at.wiring.tracker
        call = await calls(at, "0200000001")
        tracker.ivr._calls[call].position = MenuPosition(at_told)
        tracker.ivr._notify(call, AtInfo(INFO))  # as its conversation does
        await hang_up(at, call)
        await until(lambda: at.series("ivrd_cases_told_total") == 1)
        again = await calls(at, "0200000001")
        await until(lambda: at.series('ivrd_repeat_calls_total{after="case_told"}') == 1)
        await hang_up(at, again)
        talk = at.call_id()
        await at.talk(talk, f"Local/01@partner-{partner}/n")
        log_line(tmp_path, talk, "SETTLED", f"not_settled|{at.queue}|{partner}")
        await until(lambda: at.series("ivrd_settled_answers_total") == 1)
        day = await at.ask("day")
        assert day["served"]["case_told"] == {"calls": 1, "known": 1, "redialled": 1}
        assert day["served"]["settled_share"] == 0.0
        rows = (await at.ask("report"))["rows"]
        (row,) = [row for row in rows if row["partner"] == partner]
        assert (row["settled"], row["not_settled"]) == (0, 1)
        await at.wiring.write_behind.flush(5.0)

    async def after(at: Hotline) -> None:
        await until(lambda: at.wiring.repeats.tracker._read)
        await hang_up(at, await calls(at, "0200000002"))
        served = (await at.ask("day"))["served"]
        assert served["not_settled"]["calls"] == 1
        at.wiring.repositories.configure(at.wiring.settings)

    live(tmp_path, before)
    live(tmp_path, after)


def test_a_call_is_over_with_its_talk_though_the_caller_is_asked_something(
    tmp_path: Path,
) -> None:
    async def body(at: Hotline) -> None:
        call = await calls(at, "0200000001")
        at.emit("QueueCallerJoin", call, Queue=at.queue)
        at.emit("AgentConnect", call, Interface="PJSIP/base-01")
        at.emit("UserEvent", call, UserEvent="IvrdTalkOver")
        await until(lambda: call not in at.wiring.ledger.calls)
        assert {row.outcome for row in at.wiring.ledger.outcomes} == {"answered"}
        at.emit("Hangup", call)
        other = await calls(at, "0200000002")
        await hang_up(at, other)
        assert sum(at.wiring.ledger.outcomes.values()) == 2

    live(tmp_path, body)
