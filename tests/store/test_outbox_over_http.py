"""The hour of test_outbox.py through a real webhook: a server on loopback that fails in every way.

It refuses connections, has a wrong certificate, hangs, breaks off before, in and after its answer,
answers 500, 429 with Retry-After, 503, a redirect, something that is no HTTP, and refuses some for
good.  The clock is simulated, the requests are not.
"""

import asyncio
import json
import random
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from ivrd.config.outbox_settings import HttpSettings, WebhookSettings
from ivrd.outbox.webhook import Webhook
from tests.outbox.receiver import (
    HALF,
    HALF_HEAD,
    HANGS,
    NO_HTTP,
    RESETS,
    Certificate,
    Receiver,
    answer,
    certificate,
)
from tests.store.conftest import MakeStore
from tests.store.test_outbox import Moment, an_hour, check

TIMEOUT = 0.5  # seconds, real ones
TAKES, FULL = answer(200), answer(429, Retry_After="20")
# What it does instead, in how many of a thousand requests, and whether it has taken the message.
MANNERS: tuple[tuple[str, bytes, int, bool], ...] = (
    ("500", answer(500), 30, False),
    ("503", answer(503), 3, False),
    ("429", answer(429, Retry_After="5"), 5, False),
    ("302", answer(302, Location="http://192.0.2.1/"), 5, False),
    ("422", answer(422), 10, False),
    ("half an answer", HALF, 30, True),
    ("half a head", HALF_HEAD, 10, True),
    ("no HTTP", NO_HTTP, 5, True),
    ("a reset", RESETS, 20, False),
    ("hangs", HANGS, 2, True),
    ("hangs without taking it", HANGS, 2, False),
)


class Failing(Receiver):
    """Answers by chance, and knows each key that it has taken."""

    def __init__(self, chance: random.Random, moment: Moment) -> None:
        super().__init__()
        self.taken: dict[str, str] = {}  # key -> text, in the order in which they were taken
        self.refused: set[str] = set()
        self.bodies: dict[str, bytes] = {}
        self.manners: Counter[str] = Counter()
        self._chance = chance
        self._moment = moment

    async def _answer(self, writer: asyncio.StreamWriter) -> bool:
        request = self.requests.pop()
        key = request.headers["idempotency-key"]
        assert self.bodies.setdefault(key, request.body) == request.body
        name, what, takes = self._manner()
        self.manners[name] += 1
        if name == "422":
            self.refused.add(key)
        if takes:
            self.taken.setdefault(key, json.loads(request.body)["data"]["text"])
        self.answers[0] = what
        return await super()._answer(writer)

    def _manner(self) -> tuple[str, bytes, bool]:
        if 30 <= self._moment.second / 60 < 35:
            return "429 for minutes", FULL, False
        at = self._chance.randrange(1000)
        for name, what, share, takes in MANNERS:
            at -= share
            if at < 0:
                return name, what, takes
        return "takes", TAKES, True


class Site:
    """The server: which certificate it has, or whether it is there at all, in each minute."""

    def __init__(self, receiver: Failing, certificates: dict[str, Certificate]) -> None:
        self.receiver = receiver
        self._certificates = certificates
        self._open = AsyncExitStack()
        self._now = ""

    async def begins(self, second: int) -> None:
        """The next second begins."""
        minute = second // 60
        plan = {10: "gone", 14: "expired", 17: "of another host", 20: "right"}
        now = next((plan[at] for at in sorted(plan, reverse=True) if minute >= at), "right")
        if now == self._now:
            return
        self._now = now
        await self.close()
        if now != "gone":
            tls = self._certificates[now].context
            await self._open.enter_async_context(self.receiver.running(tls))

    async def close(self) -> None:
        """It is gone."""
        await self._open.aclose()


@pytest.mark.parametrize(
    "count",
    [
        pytest.param(100, marks=pytest.mark.lasts(5)),
        pytest.param(10_000, marks=[pytest.mark.verify, pytest.mark.lasts(120)]),
    ],
)
@pytest.mark.timeout(900)
def test_an_hour_of_a_server_that_fails_and_each_is_taken_once_or_listed(
    make: MakeStore, count: int, tmp_path: Path, secret: Path
) -> None:
    chance, moment = random.Random(1330), Moment()
    made = {
        "right": certificate(tmp_path),
        "expired": certificate(_folder(tmp_path / "expired"), days=-1),
        "of another host": certificate(tmp_path, name="other.example"),
    }

    async def body() -> None:
        receiver = Failing(random.Random(2022), moment)
        site = Site(receiver, made)
        await site.begins(0)
        url = receiver.url.replace("http:", "https:")
        http = HttpSettings(url, secret, "", made["right"].pem, TIMEOUT, 4, 1000.0)
        channel = Webhook(WebhookSettings(http), moment)
        last = await an_hour(make, channel, moment, count, chance, site.begins)
        check(last, receiver.taken, receiver.refused, count)
        await last.die()
        await channel.close()
        await site.close()
        print(f"\n{receiver.manners.total()} requests: {dict(receiver.manners)}")
        assert count < 1000 or {*receiver.manners} >= {name for name, *_rest in MANNERS}

    asyncio.run(body())


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.touch(0o600)
    path.write_text("not-really-a-secret")
    return path
