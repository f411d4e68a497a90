"""Each channel against a real server on loopback that fails in every way there is."""

import asyncio
import hashlib
import json
import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from errno import EPERM
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import aiohttp
import pytest

from ivrd.config.outbox_settings import (
    FileSettings,
    HttpSettings,
    LineSettings,
    SmsSettings,
    WebhookSettings,
)
from ivrd.config.outbox_template import Template
from ivrd.core.outbox import Delivered, Failed, Refused, Result
from ivrd.outbox.channel import Channel
from ivrd.outbox.channels import channels
from ivrd.outbox.http import ANSWER_BYTES, HttpClient, retry_after
from ivrd.outbox.message import Message
from ivrd.outbox.webhook import Webhook, signature
from tests.outbox.receiver import (
    HALF,
    HALF_HEAD,
    HANGS,
    NO_HTTP,
    RESETS,
    Receiver,
    answer,
    certificate,
)

KEY = "0f6b2c1e-7d0c-5b34-9a0e-3c7a1d2e4f50"
SECRET = "not-really-a-secret"
NUMBER = "+66812345678"
MESSAGE = Message("callback_booked", NUMBER, 'โทรกลับ "ok"\n\\', 1_795_312_060.5, {"queue": "q"})
PATIENCE = 20.0  # seconds of a channel where nothing hangs; only a machine that is stuck takes them
OK = b'{"result": {"status": "ok"}}'


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.touch(0o600)
    path.write_text(SECRET)
    return path


def http(url: str, secret: Path, seconds: float = PATIENCE) -> HttpSettings:
    return HttpSettings(url, secret, "IVRD_OUTBOX_TEST_SECRET", None, seconds, 4, 20.0)


def sms(settings: HttpSettings, **more: object) -> SmsSettings:
    body = {"to": "{number}", "text": "{text}", "n": 1, "more": ["{national}", None, True]}
    of = SmsSettings(
        settings,
        "POST",
        {"Authorization": Template("Bearer {secret}")},
        {},
        {},
        body,
        frozenset({200}),
        "result.status",
        frozenset({"ok"}),
    )
    return replace(of, **more)  # type: ignore[arg-type]


Make = Callable[[HttpSettings], WebhookSettings | SmsSettings | LineSettings]
MAKES: dict[str, Make] = {"webhook": WebhookSettings, "sms": sms, "line": LineSettings}


def opened(settings: WebhookSettings | SmsSettings | LineSettings | FileSettings) -> Channel:
    if isinstance(settings, WebhookSettings):
        return Webhook(settings, lambda: 1_795_312_099.9)
    return channels({"it": settings}, "TH")["it"]


def run(
    receiver: Receiver,
    act: Callable[[Receiver], Awaitable[None]],
) -> None:
    async def body() -> None:
        async with receiver.running():
            await act(receiver)

    asyncio.run(body())


async def sent(
    channel: Channel, message: Message = MESSAGE, key: str = KEY, times: int = 1
) -> list[Result]:
    try:
        return [await channel.send(key, message) for _ in range(times)]
    finally:
        await channel.close()


@pytest.mark.parametrize("kind", MAKES)
def test_what_is_taken_is_delivered_with_the_same_key_at_each_attempt(
    kind: str, secret: Path
) -> None:
    async def act(receiver: Receiver) -> None:
        assert (
            await sent(opened(MAKES[kind](http(receiver.url, secret))), times=2)
            == [Delivered()] * 2
        )
        one, two = receiver.requests
        for name in ("idempotency-key", "x-line-delivery-tag"):
            if name in one.headers:
                assert one.headers[name] == two.headers[name] == KEY
                break
        else:
            raise AssertionError(one.headers)
        assert one.body == two.body
        assert SECRET not in one.body.decode()

    run(Receiver(answer(200, OK)), act)


# What a server does, what comes of it, and whether any other message would have failed as well.
FAILURES: dict[str, tuple[bytes, bool]] = {
    "500": (answer(500, b"<html>"), False),
    "503": (answer(503), True),
    "429": (answer(429, Retry_After="7"), True),
    "408": (answer(408), False),
    "401": (answer(401), True),
    "404": (answer(404), True),
    "a redirect": (answer(302, Location="http://127.0.0.1:1/"), True),
    "a lasting redirect": (answer(308, Location="/elsewhere"), True),
    "half an answer": (HALF, False),
    "half a head": (HALF_HEAD, False),
    "no HTTP": (NO_HTTP, False),
    "a reset": (RESETS, False),
}


@pytest.mark.parametrize("kind", MAKES)
@pytest.mark.parametrize("failure", FAILURES)
def test_what_fails_is_tried_again(kind: str, failure: str, secret: Path) -> None:
    what, whole_channel = FAILURES[failure]

    async def act(receiver: Receiver) -> None:
        (result,) = await sent(opened(MAKES[kind](http(receiver.url, secret))))
        assert isinstance(result, Failed)
        assert result.whole_channel is whole_channel
        assert result.retry_after == (7.0 if failure == "429" else 0.0)
        assert SECRET not in result.why
        assert NUMBER[1:] not in result.why
        assert len(receiver.requests) == 1  # no redirect was followed

    run(Receiver(what), act)


@pytest.mark.parametrize("failure", FAILURES)
def test_no_failure_is_told_with_what_stands_in_the_query(failure: str, secret: Path) -> None:
    what, _whole_channel = FAILURES[failure]
    query = {"to": "{number}", "digits": "{digits}", "text": "{text}", "apikey": "{secret}"}

    async def act(receiver: Receiver) -> None:
        of = sms(http(receiver.url, secret), method="GET", query=query, body={})
        (result,) = await sent(opened(of))
        assert isinstance(result, Failed)
        assert SECRET not in result.why
        assert NUMBER[1:] not in result.why

    run(Receiver(what), act)


@pytest.mark.parametrize("kind", MAKES)
def test_what_is_refused_is_not_tried_again(kind: str, secret: Path) -> None:
    async def act(receiver: Receiver) -> None:
        (result,) = await sent(opened(MAKES[kind](http(receiver.url, secret))))
        assert result == Refused("answered 422")

    run(Receiver(answer(422, b'{"message": "no"}')), act)


@pytest.mark.parametrize("kind", MAKES)
def test_who_does_not_answer_is_not_waited_for_longer_than_the_limit(
    kind: str, secret: Path
) -> None:
    async def act(receiver: Receiver) -> None:
        (result,) = await sent(opened(MAKES[kind](http(receiver.url, secret, 0.2))))
        assert result == Failed("no whole answer within 0.2 s")
        assert receiver.requests

    run(Receiver(HANGS), act)


@pytest.mark.parametrize("kind", MAKES)
def test_who_refuses_the_connection(kind: str, secret: Path) -> None:
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        (result,) = asyncio.run(_sent(MAKES[kind](http(url, secret))))
    assert isinstance(result, Failed)
    assert result.whole_channel
    assert result.why.startswith("cannot be reached: ")


def test_a_service_that_may_not_leave_its_machine_is_told_how_it_may(secret: Path) -> None:
    """What systemd's IPAddressDeny= does to a connection."""
    denied: Any = aiohttp.ClientConnectorError(None, OSError(EPERM, "x"))  # type: ignore[arg-type]
    denied = HttpClient(http("https://a.example/", secret))._unanswered(denied)
    assert denied.result.why.endswith("(ivrd.service needs IPAddressAllow= for it)")


async def _sent(settings: WebhookSettings | SmsSettings | LineSettings) -> list[Result]:
    return await sent(opened(settings))


@pytest.mark.parametrize("kind", MAKES)
@pytest.mark.parametrize(
    ("name", "days", "trusted", "words"),
    [
        ("127.0.0.1", 1, True, ""),
        ("127.0.0.1", 1, False, "self-signed certificate"),
        ("127.0.0.1", -1, True, "certificate has expired"),
        ("other.example", 1, True, "IP address mismatch"),
    ],
)
def test_a_certificate_has_to_be_right(
    kind: str, name: str, days: int, trusted: bool, words: str, secret: Path, tmp_path: Path
) -> None:
    made = certificate(tmp_path, name=name, days=days)

    async def body() -> None:
        receiver = Receiver(answer(200, OK))
        async with receiver.running(made.context):
            url = receiver.url.replace("http:", "https:")
            of = replace(http(url, secret), ca_file=made.pem if trusted else None)
            (result,) = await sent(opened(MAKES[kind](of)))
            if not words:
                assert result == Delivered()
                return
            assert isinstance(result, Failed)
            assert result.whole_channel
            assert words in result.why
            assert not receiver.requests

    asyncio.run(body())


@pytest.mark.parametrize("kind", MAKES)
def test_a_secret_or_a_ca_that_cannot_be_read_is_told_and_tried_again(
    kind: str, secret: Path, tmp_path: Path
) -> None:
    url, none = "https://127.0.0.1:1/", tmp_path / "none"
    secret.chmod(0o644)
    (result,) = asyncio.run(_sent(MAKES[kind](http(url, secret))))
    assert isinstance(result, Failed)
    assert result.whole_channel
    assert "everybody may read this secret" in result.why
    secret.chmod(0o600)
    (result,) = asyncio.run(_sent(MAKES[kind](replace(http(url, secret), ca_file=none))))
    assert isinstance(result, Failed)
    assert f"{none}: cannot be read: No such file" in result.why


# --- webhooks ------------------------------------------------------------------------------


def test_a_webhook_is_signed_as_the_receiver_computes_it(secret: Path) -> None:
    async def act(receiver: Receiver) -> None:
        await sent(opened(WebhookSettings(http(receiver.url, secret))))
        (request,) = receiver.requests
        of = request.headers
        assert (of["webhook-id"], of["webhook-timestamp"]) == (KEY, "1795312099")
        body = request.body.decode()
        assert of["webhook-signature"] == signature(SECRET, KEY, 1_795_312_099, body)
        assert json.loads(body) == {
            "type": "callback_booked",
            "timestamp": "2026-11-22T01:47:40.500Z",
            "data": {"queue": "q", "to": NUMBER, "text": MESSAGE.text},
        }

    run(Receiver(), act)


def test_a_signature_is_that_of_the_standard_and_changes_with_each_part_of_it() -> None:
    # As the library `standardwebhooks` 1.1.0 computes it.
    secret, key, body = (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        ('{"test": 2432232314}'),
    )
    known = signature(secret, key, 1614265330, body)
    assert known == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    others = {
        signature(secret, key, 1614265331, body),
        signature(secret, f"{key}x", 1614265330, body),
        signature(secret, key, 1614265330, f"{body} "),
        signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx", key, 1614265330, body),
    }
    assert len(others | {known}) == 5


# --- text messages -------------------------------------------------------------------------


def test_a_gateway_gets_what_the_configuration_says_and_nothing_breaks_out_of_it(
    secret: Path,
) -> None:
    async def act(receiver: Receiver) -> None:
        await sent(opened(sms(http(receiver.url, secret))))
        (request,) = receiver.requests
        assert request.headers["authorization"] == f"Bearer {SECRET}"
        assert json.loads(request.body) == {
            "to": NUMBER,
            "text": MESSAGE.text,
            "n": 1,
            "more": ["0812345678", None, True],
        }

    run(Receiver(answer(200, OK)), act)


def test_a_gateway_that_wants_a_query_or_a_form(secret: Path) -> None:
    query = {"to": "{digits}", "msg": "{text}", "apikey": "{secret}", "flash": False}

    async def act(receiver: Receiver) -> None:
        of = http(receiver.url, secret)
        await sent(opened(sms(of, method="GET", query=query, body={})))
        await sent(opened(sms(of, form=query, body={})))
        got, posted = receiver.requests
        assert (got.method, got.body) == ("GET", b"")
        assert posted.headers["content-type"] == "application/x-www-form-urlencoded"
        wanted = {
            "to": ["66812345678"],
            "msg": [MESSAGE.text],
            "apikey": [SECRET],
            "flash": ["false"],
        }
        assert got.query == wanted
        assert parse_qs(posted.body.decode()) == wanted

    run(Receiver(answer(200, OK)), act)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"result": {"status": "no credit"}}', "answered 200 with result.status = 'no credit'"),
        (b'{"result": []}', "answered 200 without result.status"),
        (b'{"result": {"status": {"a": 1}}}', "answered 200 with result.status = 'a list or"),
        (b"<html>ok</html>", "answered 200 with something that is no JSON"),
        (b"\xff\xfe", "answered 200 with something that is no JSON"),
        (b"", "answered 200 with something that is no JSON"),
        (b"[" * 60_000, "answered 200 with something that is no JSON"),
        (OK + b" " * ANSWER_BYTES, "answered 200 with more than can be JSON of a gateway"),
    ],
    ids=["no", "missing", "mapping", "html", "bytes", "empty", "deep", "long"],
)
def test_a_gateway_that_says_yes_and_means_no(body: bytes, words: str, secret: Path) -> None:
    async def act(receiver: Receiver) -> None:
        (result,) = await sent(opened(sms(http(receiver.url, secret))))
        assert isinstance(result, Failed)
        assert result.why.startswith(words)

    run(Receiver(answer(200, body)), act)


def test_an_answer_of_a_hundred_megabytes_is_not_read(secret: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n"

    async def act(receiver: Receiver) -> None:
        settings = http(receiver.url, secret)
        assert await sent(opened(WebhookSettings(settings))) == [Delivered()]

    run(Receiver(head + b" " * 200_000), act)


def test_another_status_than_the_configuration_has_is_no_success(secret: Path) -> None:
    async def act(receiver: Receiver) -> None:
        (result,) = await sent(opened(sms(http(receiver.url, secret))))
        assert result == Failed("answered 202; success.status has 200")

    run(Receiver(answer(202, OK)), act)


# --- LINE ----------------------------------------------------------------------------------


def test_line_gets_a_number_as_its_sha256_and_never_the_number(secret: Path) -> None:
    async def act(receiver: Receiver) -> None:
        await sent(opened(LineSettings(http(f"http://127.0.0.1:{receiver.port}", secret))))
        (request,) = receiver.requests
        assert (request.method, request.target) == ("POST", "/bot/pnp/push")
        assert request.headers["authorization"] == f"Bearer {SECRET}"
        assert request.headers["x-line-delivery-tag"] == KEY
        body = json.loads(request.body)
        assert body["to"] == hashlib.sha256(NUMBER.encode()).hexdigest()
        assert body["messages"] == [{"type": "text", "text": MESSAGE.text}]
        assert NUMBER[1:].encode() not in request.body

    run(Receiver(answer(200, b"{}", Content_Type="application/json")), act)


def test_line_gets_a_push_for_a_user_with_its_own_key_and_says_when_it_had_it(
    secret: Path,
) -> None:
    user = f"U{'0a' * 16}"
    taken = answer(200, b'{"sentMessages": []}', Content_Type="application/json")
    again = answer(409, b'{"message": "The retry key is already accepted"}')

    async def act(receiver: Receiver) -> None:
        channel = opened(LineSettings(http(f"http://127.0.0.1:{receiver.port}", secret)))
        results = await sent(channel, replace(MESSAGE, to=user), times=2)
        assert results == [Delivered(), Delivered()]
        for request in receiver.requests:
            assert request.target == "/v2/bot/message/push"
            assert request.headers["x-line-retry-key"] == KEY
            assert json.loads(request.body)["to"] == user

    run(Receiver(taken, again), act)


# --- files, Retry-After --------------------------------------------------------------------


def test_a_file_gets_a_line_for_each_message_and_only_its_owner_can_read_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "outbox.jsonl"
    assert asyncio.run(_to_file(path)) == [Delivered()] * 2
    assert path.stat().st_mode & 0o777 == 0o600
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [(line["key"], line["text"]) for line in lines] == [(KEY, MESSAGE.text)] * 2
    (result,) = asyncio.run(_to_file(tmp_path / "none" / "file"))[:1]
    assert isinstance(result, Failed)
    assert "cannot be written: No such file" in result.why


async def _to_file(path: Path) -> list[Result]:
    return await sent(opened(FileSettings(path)), times=2)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", 0.0),
        ("30", 30.0),
        ("-5", 0.0),
        ("soon", 0.0),
        ("9" * 400, 999_999_999.0),
        ("Sun, 22 Nov 2026 01:48:40 GMT", 60.0),
        ("Sun, 22 Nov 2026 01:46:40 GMT", 0.0),
        ("Sun, 22 Nov 2026 01:48:40", 0.0),
        ("٣", 0.0),
    ],
)
def test_retry_after(text: str, seconds: float) -> None:
    assert retry_after(text, datetime(2026, 11, 22, 1, 47, 40, tzinfo=UTC)) == seconds
