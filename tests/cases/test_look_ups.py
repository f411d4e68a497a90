"""A real system on loopback that answers in every way there is; what callers are told of it."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from ivrd.cases.look_ups import LookUps
from ivrd.config.cases import CrmSettings
from ivrd.config.outbox_settings import HttpSettings
from ivrd.core.cases import CaseQuestion, CaseResult
from ivrd.core.inputs import CaseAnswer
from ivrd.outbox.webhook import is_signed
from tests.outbox.receiver import HALF, HALF_HEAD, HANGS, NO_HTTP, RESETS, Receiver, answer
from tests.outbox.receiver import certificate as made

SECRET = "a-secret-of-the-crm"
CODE = CaseQuestion(code="0867401212")
PERSON = CaseQuestion(citizen_number="1234567890121", birth_year=1987)
NOW = 1_795_312_060.0
STATES = frozenset({"bed", "registered"})


def state(of: object) -> bytes:
    return answer(200, json.dumps({"state": of}).encode())


@dataclass
class Counted:
    """A `LookUpListener`."""

    asked: list[CaseResult] = field(default_factory=list)
    not_asked_for: list[CaseResult] = field(default_factory=list)

    def looked_up(self, result: CaseResult, seconds: float) -> None:
        assert seconds >= 0
        self.asked.append(result)

    def not_asked(self, result: CaseResult) -> None:
        self.not_asked_for.append(result)


@dataclass
class Rig:
    """Look-ups at a receiver; `now` is their clock."""

    receiver: Receiver
    settings: CrmSettings
    counted: Counted = field(default_factory=Counted)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.look_ups = LookUps(self.settings, self.counted, lambda: self.now, lambda: NOW)

    async def ask(self, question: CaseQuestion = CODE) -> CaseAnswer:
        return await self.look_ups.look_up("1.1", question)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "crm.secret"
    path.write_text(SECRET)
    path.chmod(0o600)
    return path


def settings(url: str, secret: Path, **changes: Any) -> CrmSettings:
    http = HttpSettings(url, secret, "NO_SUCH_VARIABLE", None, 20.0, 4, 4.0)
    usual = CrmSettings(http, "state", STATES, 10.0, 60.0, 3, 30.0)
    return replace(usual, **changes)


def live(secret: Path, body: Callable[[Rig], Coroutine[Any, Any, None]], **changes: Any) -> None:
    @asynccontextmanager
    async def rig() -> AsyncIterator[Rig]:
        async with Receiver(state("bed")).running() as receiver:
            made = Rig(receiver, settings(receiver.url, secret, **changes))
            yield made
            await made.look_ups.close()

    async def run() -> None:
        async with rig() as found:
            await body(found)

    asyncio.run(run())


def test_the_question_is_a_signed_get_with_no_digit_in_its_address(secret: Path) -> None:
    async def body(rig: Rig) -> None:
        assert await rig.ask(PERSON) == CaseAnswer(CaseResult.FOUND, "bed")
        (request,) = rig.receiver.requests
        assert (request.method, request.target, request.body) == ("GET", "/in", b"")
        asked = request.headers["ivrd-question"]
        assert asked == "citizen_number=1234567890121&birth_year=1987"
        assert is_signed(SECRET, request.headers, asked, NOW)
        assert not is_signed(SECRET, request.headers, asked + "0", NOW)

    live(secret, body)


WHOLE = [
    (state("bed"), CaseResult.FOUND),
    (state(None), CaseResult.UNKNOWN),
    (answer(404), CaseResult.UNKNOWN),
    (state("on the moon"), CaseResult.NOT_IN_TABLE),
]
NONE = [
    (state(["bed"]), CaseResult.BROKEN),
    (state(17), CaseResult.BROKEN),
    (state("b" * 101), CaseResult.BROKEN),
    (answer(200, b"{}"), CaseResult.BROKEN),
    (answer(200, b'{"state": "be'), CaseResult.BROKEN),
    (answer(200, b"[" * 60_000), CaseResult.BROKEN),
    (answer(200, b"<!doctype html><title>bed</title>", Content_Type="text/html"),
     CaseResult.BROKEN),
    (answer(200, b'{"state": "bed"}' + b" " * 100_000_000), CaseResult.BROKEN),
    (answer(204), CaseResult.BROKEN),
    (answer(302, b"", Location="http://192.0.2.1/"), CaseResult.BROKEN),
    (answer(401), CaseResult.BROKEN),
    (answer(429, b"", Retry_After="1"), CaseResult.BROKEN),
    (answer(500), CaseResult.BROKEN),
    (HALF, CaseResult.BROKEN),
    (HALF_HEAD, CaseResult.BROKEN),
    (NO_HTTP, CaseResult.BROKEN),
    (RESETS, CaseResult.BROKEN),
]  # fmt: skip


@pytest.mark.parametrize(("bytes_", "result"), [*WHOLE, *NONE])
def test_every_answer_has_its_result(secret: Path, bytes_: bytes, result: CaseResult) -> None:
    async def body(rig: Rig) -> None:
        rig.receiver.answers[0] = bytes_
        found = await rig.ask()
        assert found.result is result
        assert found.state == ("bed" if result is CaseResult.FOUND else "")
        assert rig.counted.asked == [result]

    live(secret, body)


def test_one_that_hangs_is_slow_after_the_deadline(secret: Path) -> None:
    async def body(rig: Rig) -> None:
        rig.receiver.answers[0] = HANGS
        assert (await rig.ask()).result is CaseResult.SLOW

    live(secret, body, deadline_seconds=0.1)


def test_one_that_is_not_there_or_has_a_wrong_certificate_is_unreachable(
    secret: Path, tmp_path: Path
) -> None:
    async def refused(rig: Rig) -> None:
        gone = replace(rig.settings, http=replace(rig.settings.http, url="http://127.0.0.1:9/"))
        rig.look_ups.configure(gone)
        assert (await rig.ask()).result is CaseResult.UNREACHABLE
        without = replace(rig.settings.http, secret_file=secret.with_name("none"))
        rig.look_ups.configure(replace(rig.settings, http=without))
        assert (await rig.ask()).result is CaseResult.UNREACHABLE

    async def untrusted() -> None:
        tls = made(tmp_path)
        async with Receiver(state("bed")).running(tls.context) as receiver:
            url = receiver.url.replace("http:", "https:")
            rig = Rig(receiver, settings(url, secret))
            assert (await rig.ask()).result is CaseResult.UNREACHABLE
            trusting = replace(rig.settings.http, ca_file=tls.pem)
            rig.look_ups.configure(replace(rig.settings, http=trusting))
            assert (await rig.ask()).result is CaseResult.FOUND
            await rig.look_ups.close()

    asyncio.run(untrusted())
    live(secret, refused)


def test_an_answer_is_given_again_for_a_while_and_a_failure_is_not(secret: Path) -> None:
    async def body(rig: Rig) -> None:
        rig.receiver.answers.extend([state("registered")])
        assert (await rig.ask()).state == "bed"
        rig.now = 59.0
        assert (await rig.ask()).state == "bed"
        assert (await rig.ask(PERSON)).state == "registered"
        rig.now = 60.0
        assert (await rig.ask()).state == "registered"
        assert len(rig.receiver.requests) == 3
        assert rig.counted.not_asked_for == [CaseResult.FOUND]
        rig.receiver.answers.extend([answer(500), state("bed")])
        rig.now = 120.0
        assert [(await rig.ask()).result for _ in range(3)][-1] is CaseResult.FOUND

    live(secret, body)


def test_no_cache_where_it_is_to_be_none(secret: Path) -> None:
    async def body(rig: Rig) -> None:
        assert [(await rig.ask()).state for _ in range(2)] == ["bed", "bed"]
        assert len(rig.receiver.requests) == 2

    live(secret, body, cache_seconds=0.0)


def test_after_failures_in_a_row_nobody_waits_for_it_until_one_question_is_answered(
    secret: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def body(rig: Rig) -> None:
        rig.receiver.answers[0] = answer(500)
        assert [(await rig.ask()).result for _ in range(4)] == [
            *[CaseResult.BROKEN] * 3,
            CaseResult.PAUSED,
        ]
        assert rig.look_ups.paused
        assert len(rig.receiver.requests) == 3
        rig.now = 30.0
        assert (await rig.ask()).result is CaseResult.BROKEN
        assert (await rig.ask()).result is CaseResult.PAUSED
        rig.now = 89.0  # twice as long now
        assert (await rig.ask()).result is CaseResult.PAUSED
        rig.now = 90.0
        rig.receiver.answers[0] = HANGS
        one = asyncio.create_task(rig.ask())
        await asyncio.sleep(0)  # it has begun
        assert (await rig.ask(PERSON)).result is CaseResult.PAUSED  # while one is tried
        one.cancel()
        await asyncio.wait([one])
        rig.receiver.answers[0] = answer(404)
        assert (await rig.ask()).result is CaseResult.UNKNOWN
        assert (await rig.ask(PERSON)).result is CaseResult.UNKNOWN
        assert not rig.look_ups.paused

    caplog.set_level(logging.INFO, "ivrd")
    live(secret, body)
    assert not any(digits in caplog.text for digits in (CODE.code, PERSON.citizen_number))
    assert caplog.text.count("cases are not looked up for a while") == 2
    assert "cases are looked up again" in caplog.text


def test_while_one_question_is_tried_the_end_of_an_older_one_lets_no_other_through(
    secret: Path,
) -> None:
    async def body(rig: Rig) -> None:
        rig.receiver.answers[0] = HANGS
        older = asyncio.create_task(rig.ask())
        while not rig.receiver.requests:  # noqa: ASYNC110  it tells nobody
            await asyncio.sleep(0)  # until it hangs
        rig.receiver.answers[0] = answer(500)
        assert (await rig.ask(PERSON)).result is CaseResult.BROKEN
        rig.now = 30.0
        rig.receiver.answers[0] = HANGS
        tried = asyncio.create_task(rig.ask(PERSON))
        await asyncio.sleep(0)  # it has begun
        older.cancel()
        await asyncio.wait([older])
        rig.receiver.answers[0] = answer(404)
        assert (await rig.ask()).result is CaseResult.PAUSED
        tried.cancel()
        await asyncio.wait([tried])

    live(secret, body, failures=1)


def test_what_a_reload_leaves_behind_is_answered_still(secret: Path) -> None:
    async def body(rig: Rig) -> None:
        first = asyncio.create_task(rig.ask())
        await asyncio.sleep(0)  # it has begun
        rig.look_ups.configure(replace(rig.settings, cache_seconds=1.0))
        assert (await first).result is CaseResult.FOUND
        rig.look_ups.configure(None)
        assert (await rig.ask()).result is CaseResult.PAUSED

    live(secret, body)
