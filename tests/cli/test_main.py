"""The command as a person types it: plain words, the right exit status, never a traceback."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.ports import free_port
from lab.running import spawn
from tests.fixtures.hotline import copied, recorded, rewrite

ROOT = Path(__file__).parents[2]
HOST = "127.0.0.1"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A small hotline with folders, ports and recordings of the test's own."""

    def change(settings: dict[str, Any]) -> None:
        settings["caller_key_file"] = str(tmp_path / "caller.key")
        settings["state_dir"] = str(tmp_path / "state")
        settings["web"]["listen"] = f"{HOST}:{free_port()}"
        settings["control"]["socket"] = str(tmp_path / "s")
        settings["asterisk"]["config_dir"] = str(tmp_path / "etc")
        settings["asterisk"]["ami"]["port"] = free_port()
        settings["asterisk"]["ami"]["secret_file"] = str(tmp_path / "ami.secret")
        settings["asterisk"]["carriers"] = {"carrier": {"addresses": ["10.20.30.40"]}}
        settings["asterisk"]["seats"] = {"contact": "sip:{seat}@127.0.0.1:9"}

    folder = copied(tmp_path / "config", change)
    recorded(folder, tmp_path / "sounds")
    secret = tmp_path / "ami.secret"
    secret.touch(0o600)
    secret.write_text("not-a-secret")
    return folder


def settings_of(config: Path) -> dict[str, dict[str, str]]:
    loaded: dict[str, dict[str, str]] = yaml.safe_load((config / "ivrd.yaml").read_text("utf-8"))
    return loaded


def argv(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "ivrd.cli", *map(str, arguments)]


def ivrd(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        argv(*arguments), capture_output=True, text=True, check=False, cwd=ROOT, timeout=60
    )
    assert "Traceback" not in done.stderr + done.stdout
    return done


@contextmanager
def running(config: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A daemon whose web port answers; it must end with status 0."""
    with open(log, "wb") as out:
        process = spawn(
            argv("run", "--config", config), stdout=out, stderr=out, cwd=ROOT, env=dict(os.environ)
        )
    try:
        until(lambda: get(config, "/-/healthy") == (200, "ok\n"))
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        status = process.wait(60)
    assert status == 0
    assert "Traceback" not in log.read_text("utf-8")


def get(config: Path, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{settings_of(config)['web']['listen']}{path}") as got:
            return got.status, got.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def until(true: "object", seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


@pytest.mark.parametrize(
    "words", [(), ("fly",), ("run", "--colour"), ("seats", "open"), ("seats", "burn", "surge")]
)
def test_wrong_usage_is_told_with_status_2(words: tuple[str, ...]) -> None:
    done = ivrd(*words)
    assert done.returncode == 2
    assert "usage: ivrd" in done.stderr


def test_a_missing_configuration_is_told_with_status_2(tmp_path: Path) -> None:
    for verb in ("run", "check", "render", "status"):
        done = ivrd(verb, "--config", tmp_path / "nowhere")
        assert done.returncode == 2
        assert str(tmp_path / "nowhere") in done.stderr


def test_check_tells_all_that_is_wrong_at_once(config: Path) -> None:
    (config / "menus.yaml").write_text(
        (config / "menus.yaml").read_text("utf-8").replace("retries: 2", "retries: soon")
    )
    (config / "queues.yaml").write_text(
        (config / "queues.yaml").read_text("utf-8").replace("seats: 70", "seats: many")
    )
    done = ivrd("check", "--config", config)
    assert done.returncode == 2
    assert "menus.yaml:" in done.stderr
    assert "queues.yaml:" in done.stderr
    assert done.stdout == ""


# Partners of the hotline that the tests have whose people do not speak all its languages.
NOT_SPOKEN = ["partners.north-bank.languages", "partners.south-union.languages"]


def test_check_names_a_prompt_without_a_file_and_a_file_that_no_prompt_names(
    config: Path, tmp_path: Path
) -> None:
    sounds = tmp_path / "sounds"
    (sounds / "th" / "welcome.wav").rename(sounds / "th" / "wellcome.wav")
    (sounds / "en" / "partner-whisper.wav").unlink()
    done = ivrd("check", "--config", config)
    assert done.returncode == 2
    missing, left_out, spare, *others = done.stderr.splitlines()
    assert [line.split(": ")[2] for line in others] == NOT_SPOKEN
    assert left_out.startswith(f"note: {sounds}/en/partner-whisper.wav: missing; ")
    assert missing == f"{sounds}/th/welcome.wav: missing; expected 8 kHz 16-bit mono PCM WAV"
    assert spare == f"note: {sounds}/th/wellcome.wav: no prompt in prompts.yaml has this name"
    assert ivrd("run", "--config", config).returncode == 2


def test_render_writes_what_check_finds_in_order(config: Path, tmp_path: Path) -> None:
    assert "files written" in ivrd("render", "--config", config).stdout
    assert "up to date" in ivrd("render", "--config", config).stdout
    done = ivrd("check", "--config", config, "--json")
    said = json.loads(done.stdout)
    assert (said["ok"], said["problems"]) == (True, [])
    assert [warning.split(": ")[1] for warning in said["warnings"]] == NOT_SPOKEN
    (tmp_path / "etc" / "queues.conf").write_text("[mine]\n")
    done = ivrd("render", "--config", config)
    assert done.returncode == 1
    assert done.stderr == (
        f"ivrd: {tmp_path}/etc/queues.conf was not written by ivrd; give --force to replace it\n"
    )


def test_commands_without_a_daemon_say_so_with_status_1(config: Path) -> None:
    for words in (("status",), ("top",), ("reload",), ("seats", "open", "surge")):
        done = ivrd(*words, "--config", config)
        assert done.returncode == 1
        assert "is it running?" in done.stderr


def test_a_port_in_use_is_told_with_status_1(config: Path) -> None:
    host, port = settings_of(config)["web"]["listen"].split(":")
    with socket.create_server((host, int(port))):
        done = ivrd("run", "--config", config)
    assert done.returncode == 1
    assert done.stderr == f"ivrd: cannot listen on {host}:{port}: address already in use\n"


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ("state_dir", "another ivrd is running there\n"),
        ("control", "state/ivrd.sqlite; each needs its own\n"),
    ],
)
def test_a_second_ivrd_is_refused(config: Path, tmp_path: Path, own: str, said: str) -> None:
    """Whether it has the first one's control socket or the first one's books."""
    with running(config, tmp_path / "log"):
        second = tmp_path / "second"
        shutil.copytree(config, second)
        settings = settings_of(config) | {
            "web": {"listen": f"{HOST}:{free_port(socket.SOCK_STREAM)}"}
        }
        places = {"state_dir": str(tmp_path / "own"), "control": {"socket": str(tmp_path / "t")}}
        settings[own] = places[own]
        (second / "ivrd.yaml").write_text(yaml.safe_dump(settings), "utf-8")
        done = ivrd("run", "--config", second)
        assert done.returncode == 1
        assert done.stderr.endswith(said)
        assert ivrd("status", "--config", config).returncode == 0


def test_without_asterisk_it_runs_is_healthy_but_not_ready_and_says_so_once(
    config: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with running(config, log):
        until(lambda: "cannot reach Asterisk" in log.read_text("utf-8"))
        assert get(config, "/-/ready") == (503, "not connected to Asterisk\n")
        assert "ivrd_ami_up 0.0" in get(config, "/metrics")[1]
        status = json.loads(ivrd("status", "--config", config, "--json").stdout)
        assert status["asterisk"]["up"] is False
        done = ivrd("seats", "open", "surge", "--config", config)
        assert done.returncode == 1
        assert done.stderr == "ivrd: not connected to Asterisk: nothing was changed\n"
    assert log.read_text("utf-8").count("cannot reach Asterisk") == 1
    assert "connection refused" in log.read_text("utf-8").lower()


def test_ctrl_c_ends_a_live_picture_with_status_130(config: Path, tmp_path: Path) -> None:
    with running(config, tmp_path / "log"):
        top = subprocess.Popen(
            argv("top", "--config", config),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
        )
        assert top.stdout
        assert top.stdout.readline().startswith(b"ivrd ")  # a pipe is no terminal: plain lines
        top.send_signal(signal.SIGINT)
        _out, err = top.communicate(timeout=60)
        assert (top.returncode, err) == (130, b"")


def test_the_installed_command_is_the_same() -> None:
    script = [str(Path(sys.executable).with_name("ivrd")), "--help"]
    done = subprocess.run(script, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == ivrd("--help").stdout


@pytest.mark.parametrize("garbage", [b"\0\xff" * 4096, b"Asterisk Call Manager/9\r\nEvent", b""])
def test_something_that_is_not_asterisk_is_told_and_borne(
    config: Path, tmp_path: Path, garbage: bytes
) -> None:
    came = threading.Event()
    port = int(settings_of(config)["asterisk"]["ami"]["port"])  # type: ignore[index]
    with socket.create_server((HOST, port)) as server:

        def answer() -> None:
            while True:
                try:
                    visitor, _ = server.accept()
                except OSError:
                    return
                with visitor:
                    visitor.sendall(garbage)
                came.set()

        threading.Thread(target=answer, daemon=True).start()
        with running(config, tmp_path / "log"):
            assert came.wait(10)
            until(lambda: "Asterisk at" in (tmp_path / "log").read_text("utf-8"))
            assert get(config, "/-/healthy")[0] == 200


def test_reload_says_which_settings_wait_for_a_restart(config: Path, tmp_path: Path) -> None:
    asterisk = {"console": ["true"], "sip": {"listen": "127.0.0.1:5999"}}
    rewrite(config / "ivrd.yaml", lambda settings: settings["asterisk"].update(console=["true"]))
    log = tmp_path / "log"
    with running(config, log):
        assert ivrd("reload", "--config", config).stderr.endswith("when Asterisk is restarted\n")
        done = ivrd("reload", "--config", config)
        assert (done.returncode, done.stderr) == (0, "")

        def change(settings: dict[str, Any]) -> None:
            settings["asterisk"].update(asterisk)
            settings["caller_key_file"] = str(tmp_path / "other.key")
            settings["log"] = {"format": "json"}

        rewrite(config / "ivrd.yaml", change)
        done = ivrd("reload", "--config", config)
        assert done.returncode == 0
        assert done.stdout == "The new configuration is in use.\n"
        assert done.stderr.splitlines() == [
            "note: caller_key_file takes effect when ivrd is restarted",
            "note: asterisk.sip.listen takes effect when Asterisk is restarted",
        ]
        until(lambda: '"takes effect after a restart: caller_key_file"' in log.read_text("utf-8"))
