"""A whole hotline on one machine: a private Asterisk, ivrd, and agents at their seats.

Everything lives in one folder and on loopback, and ends when the lab ends. Several labs can run
side by side with other ports and folders.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lab.agents import Agents
from lab.asterisk import Asterisk
from lab.callers.sipp import free_port
from lab.running import Running

PROJECT = Path(__file__).parent.parent
SHIPPED = PROJECT / "config"
HOST = "127.0.0.1"
READY_SECONDS = 30.0
STOP_SECONDS = 45.0  # longer than ivrd may take to bring its callers to a person


class LabError(Exception):
    """The lab cannot start; one line for a person."""


Change = Callable[[str, dict[str, Any]], None]  # (file name, its settings) to be changed


@dataclass(frozen=True)
class Plan:
    """What to start. Ports: 0 takes a free one. `talk`, `ring`: seconds of each agent.

    `change` may alter the settings of each file of the configuration. `ami_detour`: the port on
    which ivrd looks for Asterisk, when something stands between the two. `environment`: more
    variables for the running ivrd. `program`: the module that is run as ivrd.
    """

    folder: Path
    agents: int = 5
    talk: float = 20.0
    ring: float = 2.0
    sip_port: int = 0
    ami_port: int = 0
    http_port: int = 0
    config: Path = SHIPPED
    change: Change | None = None
    ami_detour: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    program: str = "ivrd.cli"


class Lab(Running):
    """One running hotline. `start` returns when a caller can dial."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.folder = plan.folder.absolute()
        self.sip_port = plan.sip_port or free_port()
        self.ami_port = plan.ami_port or _free_tcp()
        self.http_port = plan.http_port or _free_tcp()
        self.config = self.folder / "config"
        self.control = self.folder / "control.sock"
        self.ami_secret = secrets.token_urlsafe(16)
        self.sip = f"{HOST}:{self.sip_port}"
        self._ivrd: subprocess.Popen[bytes] | None = None
        self._agents_up = False

    # --- starting --------------------------------------------------------------------------

    def start(self) -> None:
        """Start Asterisk, ivrd and the agents; on any failure all of it is stopped again."""
        try:
            self._check_ports()
            self.folder.mkdir(parents=True, exist_ok=True)
            self.agents = Agents(
                folder=self._made("agents"), ring=self.plan.ring, talk=self.plan.talk
            )
            self.write_config()
            self.ivrd_once("render", "--force")
            self.asterisk = Asterisk(self._made("asterisk"), self.folder / "etc", self.sounds)
            self.agents.start()
            self._agents_up = True
            self.asterisk.start()
            self._detour()
            self.start_ivrd()
        except BaseException:
            self.stop()
            raise

    def _made(self, name: str) -> Path:
        path = self.folder / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def _check_ports(self) -> None:
        for port, kind, what in (
            (self.sip_port, socket.SOCK_DGRAM, "SIP"),
            (self.ami_port, socket.SOCK_STREAM, "AMI"),
            (self.http_port, socket.SOCK_STREAM, "HTTP"),
        ):
            with socket.socket(socket.AF_INET, kind) as probe:
                if kind is socket.SOCK_STREAM:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((HOST, port))
                except OSError as error:
                    raise LabError(f"{what} port {port}: {os.strerror(error.errno or 0)}") from None

    def write_config(self) -> None:
        """The shipped configuration with this lab's ports, folders, secrets and seats."""
        self.config.mkdir(exist_ok=True)
        for path in sorted(self.plan.config.glob("*.yaml")):
            settings = yaml.safe_load(path.read_text("utf-8"))
            if path.name == "ivrd.yaml":
                self.sounds = (self.plan.config / settings["sounds"]).resolve()
                settings.update(self._program())
            if path.name == "partners.yaml":
                settings["partners"] = {}  # the real ones' trunks are not to be called from a lab
            if path.name == "queues.yaml":
                settings["pools"]["base"]["seats"] = self.plan.agents
            if self.plan.change:
                self.plan.change(path.name, settings)
            text = yaml.safe_dump(settings, allow_unicode=True, sort_keys=False)
            (self.config / path.name).write_text(text, "utf-8")
        secret = self.folder / "ami.secret"
        secret.touch(0o600)
        secret.write_text(self.ami_secret)

    def _program(self) -> dict[str, Any]:
        """ivrd.yaml's keys that differ in a lab."""
        return {
            "sounds": str(self.sounds),
            "caller_key_file": str(self.folder / "caller.key"),
            "state_dir": str(self.folder / "state"),
            "web": {"listen": f"{HOST}:{self.http_port}"},
            "control": {"socket": str(self.control)},
            "asterisk": {
                "config_dir": str(self.folder / "etc"),
                "console": Asterisk.console(self.folder / "asterisk"),
                "queue_log": str(self.folder / "asterisk" / "log" / "queue_log"),
                "ami": {
                    "host": HOST,
                    "port": self.ami_port,
                    "user": "ivrd",
                    "secret_file": str(self.folder / "ami.secret"),
                },
                "sip": {"listen": self.sip},
                "rtp": {"first": 30000, "last": 39999},
                "carriers": {"carrier": {"addresses": [HOST]}},
                "seats": {"contact": f"sip:{{seat}}@{HOST}:{self.agents.port}"},
            },
        }

    def _detour(self) -> None:
        """Let ivrd look for Asterisk somewhere else than where it is."""
        if self.plan.ami_detour:
            path = self.config / "ivrd.yaml"
            settings = yaml.safe_load(path.read_text("utf-8"))
            settings["asterisk"]["ami"]["port"] = self.plan.ami_detour
            path.write_text(yaml.safe_dump(settings, allow_unicode=True), "utf-8")

    def start_ivrd(self) -> None:
        """Start ivrd and wait until it is ready."""
        with open(self.folder / "ivrd.log", "ab") as log:
            self._ivrd = subprocess.Popen(
                self._argv("run", program=self.plan.program),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**environment(), **self.plan.environment},
            )
        deadline = time.monotonic() + READY_SECONDS
        while self._ivrd.poll() is None and time.monotonic() < deadline:
            if self.http("/-/ready") == "ok\n":
                return
            time.sleep(0.05)  # nothing to wait on: the port is not there yet
        words = (self.folder / "ivrd.log").read_text("utf-8", "replace").splitlines()[-5:]
        raise LabError("ivrd did not start: " + " / ".join(words))

    def ivrd_once(self, *arguments: str) -> str:
        """Run one ivrd command to its end; what it printed. Raises LabError with its words."""
        done = subprocess.run(
            self._argv(*arguments), capture_output=True, text=True, check=False, env=environment()
        )
        if done.returncode:
            raise LabError(
                f"ivrd {' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}"
            )
        return done.stdout

    def _argv(self, verb: str, *arguments: str, program: str = "ivrd.cli") -> list[str]:
        return [sys.executable, "-m", program, verb, *arguments, "--config", str(self.config)]

    # --- looking ---------------------------------------------------------------------------

    def ready_line(self) -> str:
        """What an outside program needs, as one line of JSON."""
        facts = {
            "sip": self.sip,
            "ami": f"{HOST}:{self.ami_port}",
            "http": f"{HOST}:{self.http_port}",
            "control": str(self.control),
            "dir": str(self.folder),
            "config": str(self.config),
            "number": "1330",
            "ami_user": "ivrd",
            "ami_secret_file": str(self.folder / "ami.secret"),
            "ivrd_log": str(self.folder / "ivrd.log"),
            "asterisk_log": str(self.asterisk.log / "messages.log"),
            "queue_log": str(self.asterisk.queue_log),
            "pids": {
                "asterisk": self.asterisk.pid,
                "ivrd": self.ivrd_pid,
                "agents": self.agents.pid,
            },
        }
        return json.dumps(facts)

    @property
    def ivrd_pid(self) -> int:
        """ivrd's process id."""
        if self._ivrd is None:
            raise LabError("ivrd is not running")
        return self._ivrd.pid

    def http(self, path: str) -> str:
        """What ivrd's web port answers; empty while it does not."""
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.http_port}{path}", timeout=5) as got:
                return str(got.read().decode())
        except (OSError, urllib.error.URLError):
            return ""

    def status(self) -> Any:
        """ivrd's own picture, as `ivrd status --json` prints it."""
        from ivrd.client import Client

        return Client(self.control).get("status")

    # --- ending ----------------------------------------------------------------------------

    def kill_ivrd(self) -> None:
        """End ivrd at once, as `kill -9` does."""
        if self._ivrd is not None:
            self._ivrd.kill()
            self._ivrd.wait()
            self._ivrd = None

    def stop_ivrd(self) -> int:
        """End ivrd in good order; its exit status."""
        process, self._ivrd = self._ivrd, None
        if process is None:
            return 0
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def watch(self) -> str | None:
        """The name of a part that ended by itself, if one has."""
        if self._ivrd is not None and self._ivrd.poll() is not None:
            return "ivrd"
        return "Asterisk" if self.asterisk.ended else None

    def stop(self) -> None:
        """End everything that this lab started, and nothing else."""
        self.stop_ivrd()
        if hasattr(self, "asterisk"):
            self.asterisk.stop()
        if self._agents_up:
            self._agents_up = False
            self.agents.stop()


def _free_tcp() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def environment() -> dict[str, str]:
    """ivrd from this checkout, whatever is installed."""
    return {**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONUNBUFFERED": "1"}
