"""Both stores: the file, and Redis on a real server.

`run` runs a coroutine; the folder for sockets is short, as a Unix socket's path may be.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ivrd.store import RedisStore, SqliteStore, Store
from tests.store.servers import Running, running

MakeStore = Callable[[], Store]
SLOW = 20.0  # seconds; the deadline where nothing is broken


@pytest.fixture
def short() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="ivrd-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[Running]:
    folder = Path(tempfile.mkdtemp(prefix="ivrd-"))
    try:
        with running(folder / "r") as redis:
            yield redis
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def redis(shared_redis: Running) -> Running:
    """A server that is empty and that the test leaves as it was."""
    with shared_redis.client() as client:
        client.flushall()
    return shared_redis


@pytest.fixture(params=["sqlite", "redis"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> MakeStore:
    """Makes stores on one and the same data, each as another ivrd would."""
    if request.param == "sqlite":
        return lambda: SqliteStore(tmp_path / "ivrd.sqlite", SLOW)
    server = request.getfixturevalue("redis").server
    return lambda: RedisStore(server, SLOW)
