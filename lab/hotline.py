"""A whole hotline on one machine: a private Asterisk, ivrd, and agents at their seats.

Everything lives in one folder and on loopback, and ends when the lab ends. Several labs can run
side by side with other ports and folders.
"""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lab.agents import Agents, Seconds
from lab.asterisk import FILES, Asterisk
from lab.ivrd import HOST, PROGRAM, PROJECT, Ivrd
from lab.ports import Block, free_port, is_free
from lab.running import LabError, Running

SHIPPED = PROJECT / "config"
NUMBER = "1330"  # what simulated callers dial, whichever configuration a lab has

Change = Callable[[str, dict[str, Any]], None]  # (file name, its settings) to be changed


@dataclass(frozen=True)
class Plan:
    """What to start. Ports: 0 takes a free one. `talk`, `ring`: seconds of each agent,
    or functions that are asked at each call.

    `change` may alter the settings of each file of the configuration. `ami_detour`: the port on
    which ivrd looks for Asterisk, when something stands between the two. `environment`: more
    variables for the running ivrd, `of_asterisk` for Asterisk. `program`: the module that is run as
    ivrd. `rtp_ports`: how many Asterisk has for sound; a call takes two, one with an agent four.
    `files`: how many Asterisk may open. `sound=False`: the agents have none of their own, so that
    there can be hundreds (lab/callers/party.py).  `journal`: ivrd logs as under systemd
    (lab/ivrd.py).
    """

    folder: Path
    agents: int = 5
    talk: Seconds = 20.0
    ring: Seconds = 2.0
    sip_port: int = 0
    ami_port: int = 0
    http_port: int = 0
    config: Path = SHIPPED
    change: Change | None = None
    ami_detour: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    of_asterisk: Mapping[str, str] = field(default_factory=dict)
    program: str = PROGRAM
    rtp_ports: int = 1000
    files: int = FILES
    sound: bool = True
    journal: bool = False


class Lab(Running):
    """One running hotline. `start` returns when a caller can dial."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.folder = plan.folder.absolute()
        self.sip_port = plan.sip_port or free_port()
        self.ami_port = plan.ami_port or free_port(socket.SOCK_STREAM)
        self.http_port = plan.http_port or free_port(socket.SOCK_STREAM)
        self.ami_secret = secrets.token_urlsafe(16)
        self.sip = f"{HOST}:{self.sip_port}"
        self._ivrd = Ivrd(
            "ivrd",
            self.folder,
            self.http_port,
            plan.program,
            plan.environment,
            journal=plan.journal,
        )
        self.config = self._ivrd.config
        self._agents_up = False
        self._rtp = Block(plan.rtp_ports)

    # --- starting --------------------------------------------------------------------------

    def start(self) -> None:
        """Start Asterisk, ivrd and the agents; on any failure all of it is stopped again."""
        try:
            self._check_ports()
            self.folder.mkdir(parents=True, exist_ok=True)
            self.agents = Agents(
                folder=self._made("agents"),
                ring=self.plan.ring,
                talk=self.plan.talk,
                sound=self.plan.sound,
            )
            self.write_config()
            self._ivrd.once("render", "--force")
            self.asterisk = Asterisk(
                self._made("asterisk"),
                self.folder / "etc",
                self.sounds,
                files=self.plan.files,
                environment=self.plan.of_asterisk,
            )
            self.agents.start()
            self._agents_up = True
            self.asterisk.start()
            self._detour()
            self._begin()
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
            if not is_free(port, kind, HOST):
                raise LabError(f"{what} port {port} is in use")

    def write_config(self) -> None:
        """The shipped configuration with this lab's ports, folders, secrets and seats."""
        self.config.mkdir(exist_ok=True)
        for path in sorted(self.plan.config.glob("*.yaml")):
            settings = yaml.safe_load(path.read_text("utf-8"))
            if path.name == "ivrd.yaml":
                settings["sounds"] = str((self.plan.config / settings["sounds"]).resolve())
                settings.update(self._program())
            if path.name == "partners.yaml":
                settings["partners"] = {}  # the real ones' trunks are not to be called from a lab
            if path.name == "plans.yaml":
                for crisis in settings["plans"].values():
                    crisis.pop("pools", None)  # a lab need not have these
            if path.name == "queues.yaml":
                settings["pools"]["base"]["seats"] = self.plan.agents
            if self.plan.change:
                self.plan.change(path.name, settings)
            if path.name == "ivrd.yaml":
                self.sounds = Path(settings["sounds"])
            if path.name == "queues.yaml":
                _keep_numbers_of_pools(settings)
            text = yaml.safe_dump(settings, allow_unicode=True, sort_keys=False)
            (self.config / path.name).write_text(text, "utf-8")
        secret = self.folder / "ami.secret"
        secret.touch(0o600)
        secret.write_text(self.ami_secret)

    def _program(self) -> dict[str, Any]:
        """ivrd.yaml's keys that differ in a lab."""
        return {
            "number": NUMBER,
            "caller_key_file": str(self.folder / "caller.key"),
            "callback": {},  # real carriers are not to be called from a lab
            **self._ivrd.settings(),
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
                "rtp": {"first": self._rtp.first, "last": self._rtp.last},
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

    def _begin(self) -> None:
        """All but ivrd runs: start it."""
        self._ivrd.start()

    # --- looking ---------------------------------------------------------------------------

    @property
    def ivrd(self) -> Ivrd:
        """The ivrd that has the callers."""
        return self._ivrd

    @property
    def ivrds(self) -> tuple[Ivrd, ...]:
        """All that there are."""
        return (self._ivrd,)

    def pids(self) -> list[int]:
        """The processes that have to be in time: Asterisk, and each ivrd that runs."""
        return [self.asterisk.pid, *(pid for ivrd in self.ivrds for pid in ivrd.pids())]

    def ready_line(self, **more: object) -> str:
        """What an outside program needs, as one line of JSON; `more` comes at its end."""
        facts = {
            "sip": self.sip,
            "ami": f"{HOST}:{self.ami_port}",
            "http": f"{HOST}:{self.http_port}",
            "control": str(self._ivrd.control),
            "dir": str(self.folder),
            "config": str(self.config),
            "number": NUMBER,
            "ami_user": "ivrd",
            "ami_secret_file": str(self.folder / "ami.secret"),
            "ivrd_log": str(self._ivrd.log),
            "asterisk_log": str(self.asterisk.log / "messages.log"),
            "queue_log": str(self.asterisk.queue_log),
            "pids": {
                "asterisk": self.asterisk.pid,
                "ivrd": self._ivrd.pid,
                "agents": self.agents.pid,
            },
        }
        return json.dumps(facts | more)

    # --- ending ----------------------------------------------------------------------------

    def watch(self) -> str | None:
        """The name of a part that ended by itself, if one has."""
        if self._ivrd.gone:
            return "ivrd"
        return "Asterisk" if self.asterisk.ended else None

    def stop(self) -> None:
        """End everything that this lab started, and nothing else."""
        with ExitStack() as ending:  # the last one first, whatever becomes of it
            ending.callback(self._rtp.close)
            if self._agents_up:
                self._agents_up = False
                ending.callback(self.agents.stop)
            if hasattr(self, "asterisk"):
                ending.callback(self.asterisk.stop)
            ending.callback(self._end)

    def _end(self) -> None:
        """End ivrd."""
        self._ivrd.stop()


def _keep_numbers_of_pools(queues: dict[str, Any]) -> None:
    """No number for the seats of a pool that the lab has not."""
    numbers = queues.get("transfers", {}).get("pools", {})
    for pool in numbers.keys() - queues["pools"].keys():
        del numbers[pool]
