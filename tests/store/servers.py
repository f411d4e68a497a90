"""Real Redis servers of a test's own, on a Unix socket; on loopback where Sentinel needs ports."""

import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ivrd.store import RedisServer
from lab.redis import RedisProcess

PATIENCE = 60.0  # seconds; only a machine that is stuck takes so long


class Running(RedisProcess):
    """A redis-server, or a sentinel; it fails the test if it does not start."""

    @property
    def server(self) -> RedisServer:
        return RedisServer(url=self.url)


@contextmanager
def running(
    folder: Path, settings: Mapping[str, str] | None = None, port: int = 0, sentinel: bool = False
) -> Iterator[Running]:
    folder.mkdir()
    with Running(folder, settings, sentinel, port) as redis:
        yield redis


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
