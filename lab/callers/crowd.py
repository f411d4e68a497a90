"""Many callers who cost this machine little: they call, say nothing, and stay.

SIPp speaks SIP for all of them, and all name one port for what the hotline sends: nobody listens
there.  So what a run costs is the hotline's own.
"""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

from lab.parts import SIPP, program
from lab.ports import free_port
from lab.running import Running, spawn

SCENARIO = Path(__file__).with_name("crowd.xml")
HOST = "127.0.0.1"


class Crowd(Running):
    """So many callers, `rate` a second, who stay until the hotline hangs up or `stop`.

    `target`: host:port of the hotline; `folder` gets SIPp's output.  They send no sound: a hotline
    that ends calls for that (asterisk.media.silent_seconds) ends theirs.
    """

    def __init__(self, target: str, callers: int, folder: Path, rate: float = 40.0) -> None:
        self.callers = callers
        self._folder = folder
        self._ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._ear.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 0)  # the least there can be
        self._ear.bind((HOST, 0))
        words = f"-sf {SCENARIO} -s 1330 -i {HOST} -p {free_port()} -nostdin -deadcall_wait 0 "
        words += f"-key sound_port {self._ear.getsockname()[1]} -watchdog_interval 0 "
        words += f"-m {callers} -l {callers} -r {rate:g}"
        self._argv = [*program(SIPP), target, *words.split()]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """SIPp's process; 0 when it does not run."""
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Begin to call."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "crowd.screen").open("wb") as screen:
            self._process = spawn(
                self._argv,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=screen,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self) -> None:
        """All of them are gone at once, as when a line is cut: nobody hangs up."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._ear.close()
