"""A private redis-server: in a folder of its own, on a Unix socket, without a word to the disk.

And two of them with a sentinel, which makes the other one the master when one is gone.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from lab.parts import REDIS, program
from lab.ports import free_port
from lab.running import Running, spawn

READY_SECONDS = 300.0  # only a machine that is stuck takes so long


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
        return Redis(
            unix_socket_path=str(self.socket),
            password=self.settings.get("requirepass"),
            decode_responses=True,
            socket_timeout=5,
            retry=Retry(NoBackoff(), 0),
        )

    @property
    def pid(self) -> int:
        """Its process id; it has to run."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it answers; AssertionError if it does not.

        It is empty, unless the settings keep its data.
        """
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
            self._process = spawn(
                command,
                stdout=log,
                stderr=log,
                restore_signals=False,  # a file that may not grow (SIGXFSZ) is an error, not an end
            )
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
        os.kill(self.pid, number)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "log").read_text()
        with suppress(RedisError), self.client() as client:
            return bool(client.ping())
        return False

    def stop(self) -> None:
        """End it; nothing is kept."""
        self.kill()


class FailOver(Running):
    """A master, a replica and a sentinel (with a password?); `folder` as with RedisProcess."""

    SERVICE = "ivrd"  # by which the sentinel knows the master

    def __init__(self, folder: Path, password: str = "") -> None:
        parts = [folder / name for name in "123"]
        first, second, watch = (free_port(socket.SOCK_STREAM) for _ in parts)
        told = {
            f"sentinel monitor {self.SERVICE}": f"127.0.0.1 {first} 1",
            f"sentinel down-after-milliseconds {self.SERVICE}": "500",
            f"sentinel failover-timeout {self.SERVICE}": "3000",
            **({"requirepass": password} if password else {}),
        }
        self.both = (RedisProcess(parts[0], port=first), RedisProcess(parts[1], port=second))
        self.sentinel = RedisProcess(parts[2], told, sentinel=True, port=watch)
        self.master = self.both[0]

    @property
    def replica(self) -> RedisProcess:
        """The one that is not the master."""
        return self.both[self.master is self.both[0]]

    def start(self) -> None:
        """Return when the replica has the master's data and the sentinel knows both."""
        for part in (*self.both, self.sentinel):
            part.folder.mkdir()
        self.master.start()
        self._follow()
        self.sentinel.start()
        self._until("no replica is known", lambda: self._watched().get("num-slaves") == 1)

    def take_over(self) -> None:
        """Return when the sentinel has made the replica the master; the old one has to be gone."""
        self._until("no fail-over", lambda: _says(self.replica, "role") == "master")
        self.master = self.replica

    def restore(self) -> None:
        """Start the one that was killed, as the replica; return when it has the data."""
        self._follow()

    def _follow(self) -> None:
        self.replica.settings = {
            "replicaof": f"127.0.0.1 {self.master.port}",
            "repl-diskless-sync-delay": "0",
        }
        self.replica.start()
        self._until("no replication", lambda: _says(self.replica, "master_link_status") == "up")

    def _watched(self) -> dict[str, Any]:
        with self.sentinel.client() as client:
            return dict(client.sentinel_master(self.SERVICE))

    def _until(self, what: str, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not true():
            assert time.monotonic() < deadline, what
            time.sleep(0.02)

    def stop(self) -> None:
        """End all three."""
        for part in (self.sentinel, *self.both):
            part.kill()


def _says(redis: RedisProcess, name: str) -> Any:
    """What one says of its replication; None while it sends everybody away, as in a change."""
    with suppress(RedisError), redis.client() as client:
        return client.info("replication").get(name)
    return None
