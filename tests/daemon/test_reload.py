"""A changed configuration: what a reload says it takes is in use, and all else is told by name."""

import asyncio
import inspect
import io
import logging
import shutil
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ivrd import log
from ivrd.config.effect import ASTERISK_RESTART, RELOAD, RESTART, Effect, fields
from ivrd.config.field_types import FURTHER
from ivrd.config.load import load
from ivrd.config.pin import pin_hash
from ivrd.config.prompts import file_name
from ivrd.config.settings import Settings
from ivrd.daemon.wiring import Wiring
from tests.daemon import case_probes, language_probes, outbox_probes, plan_probes, trunk_probes
from tests.daemon import reload_probes as probes
from tests.daemon.reload_probes import (
    AGENTS,
    HOURS,
    IVRD,
    PARTNERS,
    QUEUES,
    Change,
    Each,
    Look,
    put,
)
from tests.fixtures.agents import HASH, person
from tests.fixtures.hotline import HOTLINE, copied, recorded, rewrite

PROBES = (
    probes.PROBES
    | outbox_probes.OUTBOX_PROBES
    | plan_probes.PLAN_PROBES
    | trunk_probes.TRUNK_PROBES
    | language_probes.LANGUAGE_PROBES
    | case_probes.CASE_PROBES
)
REDIS = {"url": "redis://127.0.0.1:1/0", "user": "ivrd", "secret_file": "./redis.secret"}
SENTINEL = {
    "sentinels": ["127.0.0.1:1"],
    "service": "ivrd",
    "sentinel_user": "ivrd",
    "sentinel_secret_file": "./s",
}

# What only a restart takes, of ivrd or of Asterisk: a change of each.
RESTARTS: dict[str, Change] = {
    "country": put("country", "GB"),
    "state_dir": put("state_dir", "elsewhere"),
    "store.file": put("store.file", "other.sqlite"),
    "store.deadline_seconds": put("store.deadline_seconds", 2),
    **{f"store.redis.{key}": put("store.redis", REDIS) for key in REDIS},
    **{f"store.redis.{key}": put("store.redis", SENTINEL) for key in SENTINEL},
    "store.redis.ca_file": put("store.redis", {**SENTINEL, "ca_file": "ca.pem"}),
    "caller_key_file": put("caller_key_file", "other.key"),
    "people.number_key_file": put("people.number_key_file", "other.key"),
    "web.listen": put("web.listen", "127.0.0.1:9999"),
    "control.socket": put("control.socket", "other.sock"),
    "asterisk.queue_log": put("asterisk.queue_log", "other"),
    "asterisk.ami.host": put("asterisk.ami.host", "localhost"),
    "asterisk.ami.port": put("asterisk.ami.port", 5999),
    "asterisk.ami.user": put("asterisk.ami.user", "other"),
    "asterisk.ami.secret_file": put("asterisk.ami.secret_file", "./other"),
}
ASTERISK_RESTARTS: dict[str, Change] = {
    "asterisk.sip.listen": put("asterisk.sip.listen", "0.0.0.0:5999"),
    "asterisk.sip.listen_ipv6": put("asterisk.sip.listen_ipv6", "[::]:5999"),
    "asterisk.dns_servers": put("asterisk.dns_servers", ["127.0.0.53"]),
    "asterisk.tls.listen": put("asterisk.tls.listen", "0.0.0.0:5998"),
    "asterisk.tls.cert_file": put("asterisk.tls.cert_file", "./other"),
    "asterisk.tls.key_file": put("asterisk.tls.key_file", "./other"),
    "asterisk.tls.ca_file": put("asterisk.tls.ca_file", "./other"),
    "callback.port": put("callback.port", 5999),
    "asterisk.rtp.first": put("asterisk.rtp.first", 12000),
    "asterisk.rtp.last": put("asterisk.rtp.last", 15000),
}


SMALL = load(HOTLINE)


@pytest.fixture(scope="module")
def hotline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hotline with hours of each sort, and two sets of recordings."""
    base = tmp_path_factory.mktemp("reload")
    folder = copied(base / "config")
    recorded(folder, base / "sounds")
    shutil.copytree(base / "sounds", base / "other-sounds")
    louder = base / "other-sounds" / "th"
    shutil.copy(louder.parents[1] / "sounds" / "en" / "goodbye.wav", louder / "goodbye.wav")
    (louder / "welcome.wav").write_bytes(_longer(louder / "welcome.wav"))
    shutil.copy(louder / "welcome.wav", base / "sounds" / "th" / "topic-hi-register.wav")
    rewrite(folder / IVRD, put("sounds", "../sounds"))
    rewrite(folder / IVRD, put("waiting.menu_key", "9"))
    rewrite(folder / IVRD, put("asterisk.sip.listen_ipv6", "[::]:5060"))
    never = {"days": {"mon-sun": []}}
    hours = {"office": {"days": probes.ALL_DAY}, "closed": never, "unused": never}
    thai = {"days": probes.ALL_DAY, "holidays": "TH"}
    rewrite(folder / HOURS, put("hours", {**hours, "thai": thai}))
    rewrite(folder / PARTNERS, put("partners.south-union.hours", "thai"))
    rewrite(folder / PARTNERS, put("partners.north-bank.call_out.channel", "trial"))
    texts = {key: {"th": "{partner}", "en": "{partner}"} for key in ("text", "over_text")}
    rewrite(folder / PARTNERS, put("call_out", texts))
    rewrite(folder / AGENTS, put("agents", {"a-1": person("base-01"), "s-1": person("base-02")}))
    rewrite(folder / AGENTS, put("supervision.supervisors", ["s-1"]))
    (folder / outbox_probes.OUTBOX).write_text(outbox_probes.YAML, "utf-8")
    (folder / plan_probes.PLANS).write_text(plan_probes.YAML, "utf-8")
    rewrite(folder / QUEUES, put("queues.home_isolation.ask_settled", True))
    (folder / case_probes.CASES).write_text(case_probes.YAML, "utf-8")
    rewrite(folder / AGENTS, put("line_number", "1340"))
    rewrite(folder / IVRD, put("languages", ["th", "en", *FURTHER]))
    for language in FURTHER:
        (folder / file_name(language)).write_text("prompts: {}\n", "utf-8")
    rewrite(folder / IVRD, put("callback.trunk", "192.0.2.76"))
    line = {"kind": "line", "seats": 1, "open": False, "queues": "all"}
    rewrite(folder / QUEUES, put("pools.home", line))
    (folder / "agents.csv").write_text(f"id,name,pin,seat\na-2,Suda,{HASH},base-02\n", "utf-8")
    return base


def _longer(path: Path) -> bytes:
    """The same recording, and as long again."""
    with wave.open(str(path)) as sound:
        frames, parameters = sound.readframes(sound.getnframes()), sound.getparams()
    made = io.BytesIO()
    with wave.open(made, "wb") as sound:
        sound.setparams(parameters)
        sound.writeframes(2 * frames)
    return made.getvalue()


@pytest.fixture
def folder(hotline: Path) -> Path:
    """Its files as they were: always in the same place, so that they are `loaded` once."""
    folder = hotline / "in-use"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(hotline / "config", folder)
    (folder / "state" / "asterisk").mkdir(parents=True)
    (folder / "state" / "asterisk" / "pjsip-own.conf").write_text("[own]\ntype=aor\n", "utf-8")
    secret = folder / "state" / "ami.secret"
    secret.touch(0o600)
    secret.write_text("not-a-secret")
    (folder / "state" / "control.sock").touch(0o660)  # stands in for the socket
    return folder


@cache
def loaded(folder: Path) -> Settings:
    return load(folder)


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    """What the daemon's log was before."""
    root, ivrd = logging.getLogger(), logging.getLogger("ivrd")
    before = root.level, ivrd.level
    yield
    for handler in [each for each in root.handlers if isinstance(each, log.Handler)]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(before[0])
    ivrd.setLevel(before[1])


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Wiring]:
    """One that is built of the files in `folder`, with its log and its store."""
    settings = loaded(folder)
    log.setup(settings.log_format, settings.log_level, io.StringIO(), zone=settings.zone)
    parts = Wiring(settings, lambda _why: None)
    writing = asyncio.create_task(parts.write_behind.run(lambda: None))
    try:
        yield parts
    finally:
        writing.cancel()
        await parts.failover.close()


async def reload(parts: Wiring) -> Any:
    async def hand_over(_query: object) -> Any: ...

    return await parts.control.commands(hand_over)["reload"]({"who": "malee"})


async def seen(parts: Wiring, look: Look) -> object:
    found = look(parts)
    return await found if inspect.isawaitable(found) else found


def of(effect: Effect) -> set[tuple[str, str]]:
    """The files and keys of the fields that are marked so."""
    models = {name: type(model) for name, model in SMALL.files.items()}
    return {
        (file, key)
        for file, model in models.items()
        for key, marks in fields(model)
        if marks == [effect]
    }


def test_every_field_of_every_file_says_once_what_its_change_waits_for() -> None:
    for file, model in SMALL.files.items():
        for key, marks in fields(type(model)):
            assert len(marks) == 1, f"{file}: {key}: expected one mark, see ivrd/config/effect.py"


def test_every_field_has_its_probe_here() -> None:
    assert of(RELOAD) == set(PROBES)
    assert of(RESTART) == {(IVRD, key) for key in RESTARTS}
    assert of(ASTERISK_RESTART) == {(IVRD, key) for key in ASTERISK_RESTARTS}


@pytest.mark.parametrize(("file", "key"), PROBES, ids=lambda text: text)
def test_what_depends_on_a_setting_sees_its_change(folder: Path, file: str, key: str) -> None:
    change, look = PROBES[file, key]

    async def body() -> None:
        async with running(folder) as parts:
            before = await seen(parts, look)
            assert await seen(parts, look) == before
            rewrite(folder / file, change)
            answer = await reload(parts)
            assert answer["problems"] == ()
            assert (answer["restart"], answer["asterisk_restart"]) == ((), ())
            assert answer["changed"]
            after = await seen(parts, look)
            if isinstance(before, Each) and isinstance(after, Each):
                pairs = zip(before.things, after.things, strict=True)
                assert [one for one, other in pairs if one == other] == []
            else:
                assert after != before

    asyncio.run(body())


@pytest.mark.parametrize("key", RESTARTS)
def test_what_waits_for_a_restart_is_told_by_its_key(
    folder: Path, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def body() -> None:
        async with running(folder) as parts:
            before = (folder / IVRD).read_text("utf-8")
            rewrite(folder / IVRD, RESTARTS[key])
            for _ in range(2):  # told again until it is done or put back
                caplog.clear()
                assert key in (await reload(parts))["restart"]
                assert f"takes effect after a restart: {key}" in caplog.messages
            (folder / IVRD).write_text(before, "utf-8")
            assert (await reload(parts))["restart"] == ()

    asyncio.run(body())


@pytest.mark.parametrize("key", ASTERISK_RESTARTS)
def test_what_waits_for_a_restart_of_asterisk_is_told_by_its_key(
    folder: Path, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def body() -> None:
        async with running(folder) as parts:
            rewrite(folder / IVRD, ASTERISK_RESTARTS[key])
            answer = await reload(parts)
            assert (answer["restart"], answer["asterisk_restart"]) == ((), (key,))
            assert f"takes effect after a restart of Asterisk: {key}" in caplog.messages

    asyncio.run(body())


def test_the_audit_log_has_what_was_changed_and_no_secret(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def body() -> None:
        async with running(folder) as parts:
            rewrite(folder / IVRD, put("drain_seconds", 7))
            rewrite(folder / IVRD, put("asterisk.ami.secret_file", "./hunter2"))
            rewrite(folder / PARTNERS, put("partners.north-bank.cap", 50))
            rewrite(folder / AGENTS, put("agents.a-1.pin", pin_hash("1234")))
            with caplog.at_level(logging.INFO, "ivrd"):
                await reload(parts)
                await reload(parts)
            await parts.write_behind.flush(20.0)
            first, second = (await parts.control.queries()["audit"]({}))["entries"]
            assert (first["what"], first["detail"]) == (
                "reload",
                "drain_seconds: 20 -> 7, asterisk.ami.secret_file: changed, "
                "partners.north-bank.cap: 12 -> 50, agents.a-1.pin: changed",
            )
            assert (second["what"], second["detail"]) == ("reload", "nothing differs")
            told = [r.fields for r in caplog.records if r.msg == "configuration reloaded"]
            assert [fields["changed"] for fields in told] == [first["detail"], second["detail"]]

    asyncio.run(body())


def test_a_fault_changes_nothing(folder: Path) -> None:
    async def body() -> None:
        async with running(folder) as parts:
            before = await seen(parts, probes.logged)
            rewrite(folder / IVRD, put("log.level", "loud"))
            rewrite(folder / IVRD, put("log.format", "json"))
            answer = await reload(parts)
            assert not answer["ok"]
            assert "log.level" in answer["problems"][0]
            assert await seen(parts, probes.logged) == before

    asyncio.run(body())
