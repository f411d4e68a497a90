"""One running ivrd: its process, its log, and what it answers when it is asked.

It has a folder of its own with `config/`, `control.sock` and `ivrd.log`; who starts one writes
the configuration first.
"""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from ivrd.cli.client import Client
from ivrd.cli.failure import CommandFailed
from ivrd.cli.main import main as command
from lab.comparison import Scrape
from lab.journal import Journal
from lab.running import LabError, Running, spawn

PROJECT = Path(__file__).parent.parent
HOST = "127.0.0.1"
PROGRAM = "ivrd.cli"
READY_SECONDS = 300.0  # only a machine that is stuck takes so long
STOP_SECONDS = 45.0  # longer than ivrd may take to bring its callers to a person
ANSWER_SECONDS = 30.0
LOOK_SECONDS = 1.0  # for one that may be standing still


class Ivrd(Running):
    """One ivrd, named in what is said of it.

    `program`: the module that is run as ivrd; `environment`: more variables for it.  `journal`: its
    log goes through a socket to another process that writes it, as it does under systemd, and is
    there a moment later.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        http_port: int,
        program: str = PROGRAM,
        environment: Mapping[str, str] | None = None,
        *,
        journal: bool = False,
    ) -> None:
        self.name = name
        self.folder = folder
        self.config = folder / "config"
        self.control = folder / "control.sock"
        self.log = folder / "ivrd.log"
        self.http_port = http_port
        self._program = program
        self._environment = environment or {}
        self.starts = 0
        self._through_journal = journal
        self._journal: Journal | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def settings(self) -> dict[str, Any]:
        """The keys of ivrd.yaml that say where it is to be found."""
        return {
            "state_dir": str(self.folder / "state"),
            "web": {"listen": f"{HOST}:{self.http_port}"},
            "control": {"socket": str(self.control)},
        }

    # --- its life --------------------------------------------------------------------------

    def start(self, ready: bool = True) -> None:
        """Start it, and wait until it is `ready`.  Raises LabError with its last words."""
        self.starts += 1
        with self.log.open("ab") as log:
            self._journal = Journal(log) if self._through_journal else None
            output = self._journal.end if self._journal else log
            self._process = spawn(
                self.argv("run", program=self._program),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env={**_environment(), **self._environment},
            )
        if self._journal:
            self._journal.end.close()
        deadline = time.monotonic() + READY_SECONDS
        while ready and not self.http("/-/ready").startswith("ok\n"):
            if self.gone or time.monotonic() > deadline:
                words = self.log_text().splitlines()[-5:]
                raise LabError(f"{self.name} did not start: " + " / ".join(words))
            time.sleep(0.05)  # nothing to wait on: the port is not there yet

    def _log_is_written(self) -> None:
        """It has ended: wait for its last lines."""
        if self._journal is not None:
            self._journal.wait()
            self._journal = None

    @property
    def pid(self) -> int:
        """Its process id.  Raises LabError when it does not run."""
        if self._process is None:
            raise LabError(f"{self.name} is not running")
        return self._process.pid

    def pids(self) -> list[int]:
        """Its process id while it runs, and nothing otherwise."""
        process = self._process
        return [process.pid] if process and process.poll() is None else []

    @property
    def gone(self) -> bool:
        """Whether it has ended by itself."""
        return self._process is not None and self._process.poll() is not None

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def freeze(self) -> None:
        """Let it stand still."""
        self.send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self.send(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once, as `kill -9` does."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            self._log_is_written()

    def ended(self, seconds: float = STOP_SECONDS) -> int:
        """Its exit status, once it has ended by itself; TimeoutExpired when it does not."""
        if self._process is None:
            return 0
        status = self._process.wait(seconds)
        self._process = None
        self._log_is_written()
        return status

    def stop(self) -> int:
        """End it in good order; its exit status."""
        if self._process is None:
            return 0
        self._process.terminate()
        try:
            return self.ended()
        except subprocess.TimeoutExpired:
            self.kill()
            return -signal.SIGKILL

    # --- asking ----------------------------------------------------------------------------

    def once(self, *arguments: str) -> str:
        """Run one ivrd command to its end; what it printed. Raises LabError with its words.

        It runs in this process: a new one would spend most of its time on imports.
        """
        printed, complained = io.StringIO(), io.StringIO()
        with redirect_stdout(printed), redirect_stderr(complained):
            status = command([*arguments, "--config", str(self.config)])
        if status:
            words = complained.getvalue().strip() or printed.getvalue().strip()
            raise LabError(f"ivrd {' '.join(arguments)}: {words}")
        return printed.getvalue()

    def http(self, path: str, seconds: float = ANSWER_SECONDS) -> str:
        """What its web port answers; empty while it does not."""
        url = f"http://{HOST}:{self.http_port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=seconds) as got:
                return str(got.read().decode())
        except (OSError, urllib.error.URLError):
            return ""

    def scrape(self) -> Scrape:
        """Its metrics."""
        return Scrape(self.http("/metrics"))

    def settled(self, seconds: float) -> Scrape:
        """The first scrape with no call in progress, or the last within so many seconds."""
        deadline = time.monotonic() + seconds
        while True:
            scrape = self.scrape()
            if not scrape.in_progress or time.monotonic() > deadline:
                return scrape
            time.sleep(0.1)  # nothing tells when the last hang-up has been recorded

    def get(self, name: str, **query: str) -> Any:
        """What its control socket answers.  Raises LabError with the reason when it does not."""
        try:
            return Client(self.control).get(name, **query)
        except CommandFailed as error:
            raise LabError(f"{self.name}: {error}") from error

    def status(self) -> Any:
        """Its own picture, as `ivrd status --json` prints it.  Raises `CommandFailed`."""
        return Client(self.control).get("status")

    @property
    def is_leader(self) -> bool:
        """Whether it is the leader of two, and says so."""
        return Scrape(self.http("/metrics", LOOK_SECONDS)).total("ivrd_leader") == 1

    def log_text(self) -> str:
        """All that it has ever logged."""
        return self.log.read_text("utf-8", "replace")

    def said(self, what: str) -> list[dict[str, Any]]:
        """The lines of its log that begin with these words; it has to log in JSON."""
        rows = [json.loads(line) for line in self.log_text().splitlines() if line[:1] == "{"]
        return [row for row in rows if row["event"].startswith(what)]

    def argv(self, *arguments: str, program: str = PROGRAM) -> list[str]:
        """The command line that runs one ivrd command in a process of its own."""
        return [sys.executable, "-m", program, *arguments, "--config", str(self.config)]


def _environment() -> dict[str, str]:
    """ivrd from this checkout, whatever is installed."""
    return {**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONUNBUFFERED": "1"}
