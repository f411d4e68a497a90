"""Two ivrd on one Asterisk and one Redis, each with a configuration and a detour of its own.

with Pair(Plan(folder, agents=20)) as pair:
    acting, other = pair.acting(), pair.standing_by()
    acting.kill()
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import yaml

from lab.callers.sipp import free_port
from lab.detour import Detour
from lab.hotline import HOST, READY_SECONDS, STOP_SECONDS, Lab, LabError, Plan, environment
from lab.reckoning import Scrape
from lab.redis import RedisProcess
from lab.running import Running


class Grounds(Lab):
    """A hotline without an ivrd of its own: Asterisk and the agents."""

    def start_ivrd(self) -> None:
        """There is none."""


class Ivrd:
    """One ivrd of several on a lab's Asterisk; `store`: that part of its ivrd.yaml.

    Between it and Asterisk is `detour`.
    """

    def __init__(self, lab: Lab, name: str, store: dict[str, Any]) -> None:
        self.name = name
        self.folder = lab.folder / name
        self.config = self.folder / "config"
        self.control = self.folder / "control.sock"
        self.log = self.folder / "ivrd.log"
        self.detour = Detour()
        self.detour.target = lab.ami_port
        self.http_port = free_port(socket.SOCK_STREAM)
        self._process: subprocess.Popen[bytes] | None = None
        shutil.copytree(lab.config, self.config)
        path = self.config / "ivrd.yaml"
        settings = yaml.safe_load(path.read_text("utf-8"))
        settings |= {
            "state_dir": str(self.folder / "state"),
            "web": {"listen": f"{HOST}:{self.http_port}"},
            "control": {"socket": str(self.control)},
            "store": store,
            "log": {"format": "json", "level": "info"},
        }
        settings["asterisk"]["ami"]["port"] = self.detour.port
        path.write_text(yaml.safe_dump(settings, allow_unicode=True, sort_keys=False), "utf-8")

    # --- its life --------------------------------------------------------------------------

    def start(self, ready: bool = True) -> None:
        """Start it, and wait until it is `ready`."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._argv("run"),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=environment(),
            )
        deadline = time.monotonic() + READY_SECONDS
        while ready and self.http("/-/ready") != "ok\n":
            if self._process.poll() is not None or time.monotonic() > deadline:
                words = self.log_text().splitlines()[-5:]
                raise LabError(f"{self.name} did not start: " + " / ".join(words))
            time.sleep(0.05)  # nothing to wait on: the port is not there yet

    @property
    def pid(self) -> int:
        """Its process id."""
        if self._process is None:
            raise LabError(f"{self.name} is not running")
        return self._process.pid

    def kill(self) -> None:
        """End it at once, as `kill -9` does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def freeze(self) -> None:
        """Let it stand still."""
        self.send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self.send(signal.SIGCONT)

    def ended(self, seconds: float = STOP_SECONDS) -> int:
        """Its exit status, once it has ended by itself; TimeoutExpired when it does not."""
        if self._process is None:
            return 0
        status = self._process.wait(seconds)
        self._process = None
        return status

    @property
    def gone(self) -> bool:
        """Whether it has ended by itself."""
        return self._process is not None and self._process.poll() is not None

    def stop(self) -> int:
        """End it in good order; its exit status."""
        if self._process is None:
            return 0
        self._process.terminate()
        return self.ended()

    def close(self) -> None:
        """End it, whatever it does, and its detour."""
        self.kill()
        self.detour.close()

    # --- looking ---------------------------------------------------------------------------

    def once(self, *arguments: str) -> str:
        """Run one ivrd command to its end; what it printed. Raises LabError with its words."""
        done = subprocess.run(
            self._argv(*arguments), capture_output=True, text=True, check=False, env=environment()
        )
        if done.returncode:
            words = done.stderr.strip() or done.stdout.strip()
            raise LabError(f"ivrd {' '.join(arguments)}: {words}")
        return done.stdout

    def http(self, path: str) -> str:
        """What its web port answers; empty while it does not."""
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.http_port}{path}", timeout=2) as got:
                return str(got.read().decode())
        except (OSError, urllib.error.URLError):
            return ""

    def status(self) -> Any:
        """Its own picture, as `ivrd status --json` prints it."""
        return json.loads(self.once("status", "--json"))

    def scrape(self) -> Scrape:
        """Its metrics."""
        return Scrape(self.http("/metrics"))

    @property
    def acts(self) -> bool:
        """Whether it acts, and says so."""
        return self.scrape().total("ivrd_acting") == 1

    def said(self, what: str) -> list[dict[str, Any]]:
        """The lines of its log that begin with these words."""
        rows = [json.loads(line) for line in self.log_text().splitlines() if line[:1] == "{"]
        return [row for row in rows if row["event"].startswith(what)]

    def log_text(self) -> str:
        """All that it has ever logged."""
        return self.log.read_text("utf-8", "replace")

    def _argv(self, verb: str, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "ivrd.cli", verb, *arguments, "--config", str(self.config)]


class Pair(Running):
    """The hotline and both ivrd; `start` returns when one acts and the other stands by."""

    def __init__(self, plan: Plan) -> None:
        self.lab = Grounds(plan)
        self._short = tempfile.TemporaryDirectory(prefix="ivrd-")  # for the socket
        self.redis = RedisProcess(Path(self._short.name))
        self.both: tuple[Ivrd, ...] = ()

    def start(self) -> None:
        """Start everything; on any failure all of it is stopped again."""
        try:
            self.redis.start()
            self.lab.start()
            store = {"redis": {"url": self.redis.url}}
            self.both = (Ivrd(self.lab, "one", store), Ivrd(self.lab, "two", store))
            for ivrd in self.both:
                ivrd.start()
                self.acting()
        except BaseException:
            self.stop()
            raise

    def acting(self, seconds: float = READY_SECONDS) -> Ivrd:
        """The one that acts, as soon as one does."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for ivrd in self.both:
                if ivrd.acts:
                    return ivrd
            time.sleep(0.02)
        raise AssertionError(f"no ivrd acts within {seconds:g} s")

    def other(self, ivrd: Ivrd) -> Ivrd:
        """The other one of the two."""
        return self.both[0] if ivrd is self.both[1] else self.both[1]

    def stop(self) -> None:
        """End everything."""
        for ivrd in self.both:
            ivrd.close()
        self.lab.stop()
        self.redis.kill()
        self._short.cleanup()
