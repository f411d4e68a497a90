"""A private redis-server: in a folder of its own, on a Unix socket, without a word to the disk."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from lab.parts import REDIS, program
from lab.running import Running

READY_SECONDS = 60.0  # only a machine that is stuck takes so long


class RedisProcess(Running):
    """One redis-server, or a sentinel.

    `folder` has to be there; its path must be short, as that of a Unix socket may be.  `settings`
    are lines of redis.conf; `port` is one of loopback, 0 for none.
    """

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str] | None = None,
        sentinel: bool = False,
        port: int = 0,
    ) -> None:
        self.folder = folder
        self.settings = settings or {}
        self.sentinel = sentinel
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self.folder / "s"

    @property
    def url(self) -> str:
        """Its address, as the configuration has it."""
        return f"unix://{self.socket}"

    def client(self) -> Redis:
        """A client that waits for an answer, and tries nothing twice."""
        retry = Retry(NoBackoff(), 0)
        return Redis(
            unix_socket_path=str(self.socket), decode_responses=True, socket_timeout=5, retry=retry
        )

    def start(self) -> None:
        """Start it, empty, and wait until it answers; AssertionError if it does not."""
        told = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "unixsocket": str(self.socket),
            "dir": str(self.folder),
            **({} if self.sentinel else {"save": '""', "appendonly": "no"}),
            **self.settings,
        }
        conf = self.folder / "redis.conf"
        conf.write_text("".join(f"{name} {value}\n" for name, value in told.items()))
        mode = ["--sentinel"] if self.sentinel else []
        with (self.folder / "log").open("ab") as log:
            command = [*program(REDIS), str(conf), *mode]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers():
            assert time.monotonic() < deadline, f"redis-server does not start: {self.folder}/log"
            time.sleep(0.02)

    def freeze(self) -> None:
        """Let it stand still: it takes connections, and answers nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once, with all that it knows."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "log").read_text()
        with suppress(RedisError), self.client() as client:
            return bool(client.ping())
        return False

    def stop(self) -> None:
        """End it; nothing is kept."""
        self.kill()
