"""Real Redis servers of a test's own, on a Unix socket; on loopback where Sentinel needs ports."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from ivrd.store import RedisServer
from lab.parts import REDIS, program

PATIENCE = 60.0  # seconds; only a machine that is stuck takes so long


@dataclass
class Running:
    """A redis-server, or a sentinel; it fails the test if it does not start."""

    folder: Path
    settings: Mapping[str, str]
    sentinel: bool = False
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = field(default=None)

    @property
    def socket(self) -> Path:
        return self.folder / "s"

    @property
    def server(self) -> RedisServer:
        return RedisServer(url=f"unix://{self.socket}")

    def client(self) -> Redis:
        retry = Retry(NoBackoff(), 0)
        return Redis(
            unix_socket_path=str(self.socket), decode_responses=True, socket_timeout=5, retry=retry
        )

    def start(self) -> None:
        told = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "unixsocket": str(self.socket),
            "dir": str(self.folder),
            "save": '""',
            "appendonly": "no",
            **self.settings,
        }
        if self.sentinel:
            for name in ("save", "appendonly"):
                told.pop(name)
        conf = self.folder / "redis.conf"
        conf.write_text("".join(f"{name} {value}\n" for name, value in told.items()))
        mode = ["--sentinel"] if self.sentinel else []
        log = (self.folder / "log").open("ab")
        with log:
            self.process = subprocess.Popen(
                [*program(REDIS), str(conf), *mode], stdout=log, stderr=log
            )
        wait_for(self._answers, f"redis-server does not start, see {self.folder}/log")

    def signal(self, number: int) -> None:
        assert self.process is not None
        os.kill(self.process.pid, number)

    def freeze(self) -> None:
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.signal(signal.SIGCONT)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "log").read_text()
        with suppress(RedisError), self.client() as client:
            return bool(client.ping())
        return False


@contextmanager
def running(
    folder: Path, settings: Mapping[str, str] | None = None, port: int = 0, sentinel: bool = False
) -> Iterator[Running]:
    folder.mkdir()
    redis = Running(folder, settings or {}, sentinel, port)
    try:
        redis.start()
        yield redis
    finally:
        redis.kill()


def free_ports(count: int) -> list[int]:
    with_ports = [socket.socket() for _ in range(count)]
    for one in with_ports:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in with_ports]
    for one in with_ports:
        one.close()
    return ports


def wait_for(condition: object, what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, what
        time.sleep(0.02)
