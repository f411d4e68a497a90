"""The parts of one of two ivrd: what it does as the standby, and what it says then."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from ivrd.api import server
from ivrd.asterisk.facts import PartnerLegEvent
from ivrd.asterisk.seat_facts import SeatUnanswered
from ivrd.config.load import load
from ivrd.config.problem import Problem
from ivrd.config.settings import RedisSettings, Settings, StoreSettings
from ivrd.core.breaker import BreakerState
from ivrd.core.partner import Override
from ivrd.core.report import PartnerEventKind
from ivrd.core.validity import Validity
from ivrd.daemon.wiring import Wiring
from ivrd.ha.leadership import Role
from tests.fixtures.hotline import HOTLINE, copied


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """With a Redis that is not there."""
    small = load(HOTLINE)
    secret = tmp_path / "ami.secret"
    secret.touch(0o600)
    secret.write_text("not-a-secret")
    redis = RedisSettings(f"unix://{tmp_path}/none", (), "", "", None, None)
    return replace(
        small,
        caller_key_file=tmp_path / "caller.key",
        number_key_file=tmp_path / "number.key",
        store=StoreSettings(None, redis, 0.5),
        asterisk=replace(small.asterisk, ami_secret_file=secret),
    )


async def built(settings: Settings) -> Wiring:
    return Wiring(settings, lambda _why: None)


async def hand_over(_query: object) -> server.Answer:
    return {"leader": "the other"}


def test_what_only_who_acts_can_do_is_refused_in_one_way_with_where_to_ask(
    settings: Settings,
) -> None:
    async def body() -> None:
        parts = await built(settings)
        asked = {**parts.control.commands(hand_over), "day": parts.control.queries()["day"]}
        names = {"override", "drill", "resume-partner", "seats", "resume", "handover", "reload"}
        names |= {"callback-cancel", "callback-retry", "outbox-retry", "outbox-drop"}
        names |= {"agent-in", "agent-out", "agent-pause", "agent-resume"}
        names |= {"agent-extend", "agent-listen", "agent-whisper", "agent-join", "pledge"}
        names |= {"invite", "withdraw"}
        names |= {"plan-start", "plan-end"}
        names |= {"person", "erase-person", "no-callback", "recover"}
        assert set(asked) == {*names, "day"}
        del asked["reload"]  # each of two has a configuration of its own
        for token, ask in (
            ("", "no leader is known"),
            ("7 a.example:9133", "ask a.example:9133, the leader"),
            ("7 nobody", "no leader is known"),
        ):
            parts.leadership.token_seen = token
            for control in asked.values():
                with pytest.raises(server.NotNow) as told:
                    await control({"partner": "alpha", "override": "open"})
                assert str(told.value) == f"this ivrd is the standby; {ask}"
        parts.leadership.role = Role.LEADER
        assert await asked["handover"]({}) == {"leader": "the other"}

    asyncio.run(body())


def test_the_status_has_the_partners_and_whether_the_store_is_up(settings: Settings) -> None:
    async def body() -> None:
        parts = await built(settings)
        parts.partners.controller.evaluate(time.time())
        status = parts.operations.status([])
        assert [of["name"] for of in status["partners"]] == [p.id for p in settings.partners]
        assert status["overflow"] == {"wanted": 0, "why": "our own agents are enough"}
        assert status["store_up"]
        parts.write_behind.up = False
        assert not parts.operations.status([])["store_up"]

    asyncio.run(body())


def test_the_status_says_who_acts(settings: Settings) -> None:
    async def body() -> None:
        parts = await built(settings)
        leadership = parts.leadership
        leadership.token_seen = "7 a.example:9133"
        role = {"role": "standby", "name": leadership.name, "leader": "a.example:9133"}
        assert (await parts.control.queries()["status"]({}))["role"] == role
        leadership.role = Role.LEADER
        role = {"role": "leader", "name": leadership.name, "leader": leadership.name}
        assert (await parts.control.queries()["status"]({}))["role"] == role

    asyncio.run(body())


def test_one_alone_says_so(settings: Settings, tmp_path: Path) -> None:
    async def body() -> None:
        parts = await built(
            replace(settings, store=StoreSettings(tmp_path / "s.sqlite", None, 0.5))
        )
        assert (await parts.control.queries()["status"]({}))["role"]["role"] == "alone"

    asyncio.run(body())


def test_partners_are_taken_up_where_they_were_and_written_again_when_a_store_is_back(
    settings: Settings, tmp_path: Path
) -> None:
    alone = replace(settings, store=StoreSettings(tmp_path / "s.sqlite", None, 20.0))

    async def body() -> None:
        async with running(alone) as parts:
            partner = parts.settings.partners[0].id
            for _ in range(3):
                leg_event = PartnerLegEvent(
                    partner, f"{partner}/01", PartnerEventKind.UNCONFIRMED, time.time(), "1.1"
                )
                parts.partners.controller.leg_event(leg_event)
            await parts.control.commands(hand_over)["override"](
                {"partner": partner, "override": "closed"}
            )
        async with running(alone) as parts:
            await parts.partners.operations.restore()
            runtime = parts.partners.controller.runtime(partner)
            assert (runtime.override, runtime.breaker.state) == (Override.CLOSED, BreakerState.OPEN)
            assert parts.write_behind.waiting == 0
            parts.partners.operations.write_again()
            assert parts.write_behind.waiting == 2
            assert len((await parts.control.queries()["audit"]({}))["entries"]) == 1

    asyncio.run(body())


def test_who_has_given_another_configuration_is_in_the_audit_log(
    settings: Settings, tmp_path: Path
) -> None:
    folder = copied(tmp_path / "config")
    keys = (settings.caller_key_file, settings.number_key_file)
    alone = replace(load(folder), caller_key_file=keys[0], number_key_file=keys[1])
    alone = replace(alone, store=StoreSettings(tmp_path / "s.sqlite", None, 20.0))
    alone = replace(alone, asterisk=settings.asterisk)

    async def body() -> None:
        async with running(alone) as parts:
            reload = parts.control.commands(hand_over)["reload"]
            assert (await reload({"who": "malee"}))["ok"]
            (folder / "menus.yaml").write_text("menus: [", "utf-8")
            assert not (await reload({"who": "somchai"}))["ok"]
            await parts.write_behind.flush(20.0)
            acts = (await parts.control.queries()["audit"]({}))["entries"]
            told = [(act["who"], act["what"]) for act in acts]
            assert told == [("malee", "reload"), ("somchai", "reload refused")]
            assert "menus.yaml" in acts[1]["detail"]

    asyncio.run(body())


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Wiring]:
    """One whose keeper writes."""
    parts = await built(settings)
    writing = asyncio.create_task(parts.write_behind.run(lambda: None))
    yield parts
    writing.cancel()
    await parts.failover.close()


def test_a_seat_that_does_not_answer_is_counted_logged_and_in_the_audit_log(
    settings: Settings, tmp_path: Path
) -> None:
    alone = replace(settings, store=StoreSettings(tmp_path / "s.sqlite", None, 20.0))

    async def body() -> None:
        async with running(alone) as parts:
            for _ in range(2):
                parts.queue_members.changed(SeatUnanswered("base-01", 0.0, 15.0))  # at: not told
            assert parts.reevaluate.is_set()
            line = 'ivrd_ring_no_answer_total{pool="base",reason="missed"} 2.0'
            assert line in parts.scrape().decode()
            assert parts.queue_members.resume("base-01", "somchai")
            entries = (await parts.control.queries()["audit"]({}))["entries"]
            assert [(e["who"], e["what"]) for e in entries] == [
                ("ivrd", "seat rests"),
                ("somchai", "seat resumed"),
            ]
            with pytest.raises(server.RequestRejected, match="no seat 'base-99'"):
                await parts.control.commands(hand_over)["resume"]({"seat": "base-99"})

    asyncio.run(body())


def test_the_end_of_a_prompt_is_in_the_metrics(settings: Settings) -> None:
    async def body() -> None:
        ends = {"welcome": Validity(date(2027, 3, 31), "person", "Health")}
        parts = await built(replace(settings, validities=ends))
        labels = 'owner="Health",prompt="welcome"'
        assert f"ivrd_prompt_valid_until_timestamp_seconds{{{labels}}}" in parts.scrape().decode()

    asyncio.run(body())


def test_a_language_that_is_off_is_in_the_metrics(settings: Settings) -> None:
    async def body() -> None:
        missing = (Problem("prompts.km.yaml", 3, "prompts.welcome", "no recording"),) * 2
        parts = await built(replace(settings, languages_off={"km": missing}))
        lines = parts.scrape().decode().splitlines()
        told = [line for line in lines if line.startswith("ivrd_language_prompts_missing{")]
        assert told == [
            'ivrd_language_prompts_missing{language="th"} 0.0',
            'ivrd_language_prompts_missing{language="en"} 0.0',
            'ivrd_language_prompts_missing{language="km"} 2.0',
        ]

    asyncio.run(body())


def test_the_limit_on_callers_is_in_the_metrics(settings: Settings) -> None:
    async def body() -> None:
        parts = await built(settings)
        scrape = parts.scrape().decode()
        assert f"ivrd_callers_limit {settings.callers_at_most}.0" in scrape
        assert "ivrd_all_lines_busy_total 0.0" in scrape

    asyncio.run(body())
