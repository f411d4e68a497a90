"""A secret that is looked for wherever ivrd writes something: log, console, errors, files."""

import asyncio
import os
import signal
import socket
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from ivrd.asterisk.ami_action import BadValue, ConnectionLost
from ivrd.asterisk.ami_link import AmiAddress
from ivrd.asterisk.ami_protocol import AmiProtocol
from ivrd.config.load import load
from ivrd.config.problem import ConfigError
from ivrd.config.secret import AMI_SECRET, read_secret
from lab.ports import free_port
from lab.running import dying_with_us
from tests.asterisk.fake_ami import FakeAmi
from tests.fixtures.hotline import copied

ROOT = Path(__file__).parents[2]
CANARY = "canary-T0p/s3cret+of-the-ami"
SEATS = "canary-T0p/s3cret+of-the-seats"
HASH_KEY = b"canary-T0p/s3cret+of-the-callers"
PLACES = ("ami.secret", "seats.secret", "caller.key")


@pytest.fixture
def config(tmp_path: Path) -> Callable[..., Path]:
    """A small hotline with the canaries; `change` bends ivrd.yaml."""

    def make(change: Callable[[dict], None] = lambda _yaml: None) -> Path:  # type: ignore[type-arg]
        folder = copied(tmp_path / "config")
        says = yaml.safe_load((folder / "ivrd.yaml").read_text("utf-8"))
        says["state_dir"] = str(tmp_path / "state")
        says["log"] = {"format": "plain", "level": "debug"}
        says["web"]["listen"] = "127.0.0.1:1"  # replaced by who runs a daemon
        says["control"]["socket"] = str(tmp_path / "s")
        asterisk = says["asterisk"]
        asterisk["config_dir"] = str(tmp_path / "etc")
        asterisk["ami"]["secret_file"], asterisk["seats"]["secret_file"] = (
            str(tmp_path / name) for name in PLACES[:2]
        )
        says["caller_key_file"] = str(tmp_path / PLACES[2])
        change(says)
        (folder / "ivrd.yaml").write_text(yaml.safe_dump(says, allow_unicode=True), "utf-8")
        for name, secret in zip(PLACES, (CANARY.encode(), SEATS.encode(), HASH_KEY), strict=True):
            (tmp_path / name).touch(0o600)
            (tmp_path / name).write_bytes(secret)
        return folder

    return make


def clean(text: str) -> None:
    """No secret in it, nor half of one, nor what a secret looks like when it is quoted."""
    for secret in (CANARY, SEATS, HASH_KEY.decode()):
        for part in (secret[6:], secret[: len(secret) // 2], secret.encode().hex()):
            assert part not in text


async def run(*words: str | Path) -> str:
    """All that one command says."""
    process = await start(*words)
    async with asyncio.timeout(60):
        said, _ = await process.communicate()
    return said.decode()


async def start(*words: str | Path) -> asyncio.subprocess.Process:
    command = [sys.executable, "-m", "ivrd.cli", *map(str, words)]
    return await asyncio.create_subprocess_exec(
        *dying_with_us(command),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={k: v for k, v in os.environ.items() if k != AMI_SECRET},
    )


@pytest.mark.parametrize("asterisks", [CANARY, "another-one"])
def test_a_daemon_at_work_tells_nobody(config: Callable[..., Path], asterisks: str) -> None:
    async def body() -> str:
        async with FakeAmi(secret=asterisks) as ami:

            def here(says: dict) -> None:  # type: ignore[type-arg]
                says["asterisk"]["ami"]["port"] = ami.port
                says["web"]["listen"] = f"127.0.0.1:{free_port(socket.SOCK_STREAM)}"

            folder = config(here)
            daemon = await start("run", "--config", folder)
            async with asyncio.timeout(60):
                await ami.got("Login")
            assert ami.named("Login")[0]["Secret"] == CANARY  # it is the secret that is used
            shown = await run("status", "--json", "--config", folder)
            assert '"asterisk"' in shown
            shown += await run("partner", "list", "--config", folder)
            daemon.send_signal(signal.SIGABRT if asterisks == CANARY else signal.SIGTERM)
            async with asyncio.timeout(60):
                said, _ = await daemon.communicate()
            assert b"ivrd started" in said
            return shown + said.decode()

    clean(asyncio.run(body()))


def test_what_must_hold_it_is_not_open_to_others_and_nothing_else_holds_it(
    config: Callable[..., Path], tmp_path: Path
) -> None:
    old = os.umask(0)
    try:
        folder = config()
        clean(asyncio.run(run("render", "--config", folder)))
        clean(asyncio.run(run("check", "--config", folder)))
        clean(asyncio.run(run("check", "--json", "--config", folder)))
    finally:
        os.umask(old)
    holding = set()
    for path in (tmp_path / "etc").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o027 == 0
        if CANARY in (text := path.read_text("utf-8")):
            holding.add(path.name)
        clean(text.replace(CANARY, ""))
    assert holding == {"manager.conf"}


@pytest.mark.parametrize(
    "content", [f"{CANARY}\n{CANARY}", f"{CANARY} x", f"{CANARY};", CANARY * 9]
)
def test_a_secret_that_cannot_be_used_is_not_repeated(
    config: Callable[..., Path], tmp_path: Path, content: str
) -> None:
    folder = config()
    (tmp_path / "ami.secret").write_text(content)
    for verb in ("run", "check", "render"):
        (tmp_path / "etc").mkdir(exist_ok=True)
        said = asyncio.run(run(verb, "--config", folder))
        assert "ami.secret: expected one line" in said
        clean(said)


BARE = CANARY.replace("/", "-")  # with one it would be a path


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("secret", CANARY),
        ("Secret", CANARY),
        ("ami_secret", CANARY),
        ("password", CANARY),
        ("token", CANARY),
        ("secret_file", BARE),
        ("secret_file", [CANARY]),
        ("secret_file", {CANARY: 1}),
        ("secret", [CANARY]),
        ("secret", {"x": CANARY}),
    ],
)
@pytest.mark.parametrize("part", ["ami", "seats", "carriers", None])
def test_a_secret_in_the_yaml_is_refused_and_not_repeated(
    config: Callable[..., Path], key: str, value: object, part: str | None
) -> None:
    def change(says: dict) -> None:  # type: ignore[type-arg]
        where = says["asterisk"][part] if part else says
        (where["carrier"] if part == "carriers" else where)[key] = value

    folder = config(change)
    with pytest.raises(ConfigError) as caught:
        load(folder)
    said = str(caught.value)
    lines = (folder / "ivrd.yaml").read_text("utf-8").split("\n")
    told = [line for line in said.split("\n") if f".{key}: " in line or f": {key}: " in line]
    assert told
    number = int(told[0].removeprefix(f"{folder / 'ivrd.yaml'}:").partition(":")[0])
    assert lines[number - 1].strip().startswith(key)
    assert BARE[6:] not in said
    clean(said)


@pytest.mark.parametrize(
    "sign", ["*", "&", "!", "!a!", "%", "@", "`", "'", '"', "{", "[", "\\", "> "]
)
def test_a_secret_that_is_not_even_yaml_is_not_repeated(
    config: Callable[..., Path], sign: str
) -> None:
    folder = config()
    path = folder / "ivrd.yaml"
    path.write_text(
        path.read_text("utf-8").replace("  ami:\n", f"  ami:\n    secret: {sign}{BARE}\n")
    )
    with pytest.raises(ConfigError) as caught:
        load(folder)
    assert BARE[6:] not in str(caught.value)
    assert str(path) in str(caught.value)


def test_errors_of_the_link_and_their_objects_do_not_carry_it(
    config: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(asyncio.Transport):
        def write(self, data: object) -> None:
            raise OSError("the wire broke")

        def close(self) -> None: ...

    async def body() -> str:
        said = repr(AmiAddress("127.0.0.1", 5038, "ivrd", lambda: CANARY))
        wire = AmiProtocol(lambda _m: None, lambda _why: None)
        wire.connection_made(Broken())
        for secret in (CANARY, f"{CANARY}\r\n", CANARY * 99):
            try:
                wire.send({"Action": "Login", "Secret": secret})
            except (OSError, BadValue, ConnectionLost) as error:
                said += repr(error)
        return said

    caplog.set_level(0)
    clean(asyncio.run(body()) + caplog.text)
    clean(repr(load(config())))


def test_the_secret_in_the_environment_is_not_repeated() -> None:
    with pytest.raises(ConfigError) as caught:
        read_secret(Path("/nowhere"), AMI_SECRET, {AMI_SECRET: f"{CANARY} x"})
    clean(str(caught.value))
