"""Real Redis servers of a test's own, on a Unix socket."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ivrd.store import RedisServer
from lab.redis import RedisProcess


class Running(RedisProcess):
    """A redis-server, or a sentinel; it fails the test if it does not start."""

    @property
    def server(self) -> RedisServer:
        return RedisServer(url=self.url)


@contextmanager
def running(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[Running]:
    folder.mkdir()
    with Running(folder, settings) as redis:
        yield redis
