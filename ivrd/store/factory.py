"""The store that the configuration names; with Redis also the lease, as another may share it."""

from pathlib import Path

from ivrd.config.secret import REDIS_SECRET, SENTINEL_SECRET, read_secret
from ivrd.config.settings import StoreSettings as Where
from ivrd.store.interface import Store
from ivrd.store.lease import Lease
from ivrd.store.redis import RedisStore
from ivrd.store.server import RedisServer
from ivrd.store.sqlite import SqliteStore


def open_store(at: Where) -> tuple[Store, Lease | None]:
    """Raises `ConfigError` when the secret's file is not as it should be."""
    if at.redis is None:
        assert at.file is not None
        return SqliteStore(at.file, at.deadline_seconds), None
    of = at.redis
    server = RedisServer(
        url=of.url,
        sentinels=of.sentinels,
        service=of.service,
        user=of.user,
        password=_password(of.secret_file, REDIS_SECRET),
        ca_file=of.ca_file,
        sentinel_user=of.sentinel_user,
        sentinel_password=_password(of.sentinel_secret_file, SENTINEL_SECRET),
    )
    store = RedisStore(server, at.deadline_seconds)
    return store, Lease(store)


def _password(file: Path | None, variable: str) -> str:
    return read_secret(file, variable) if file else ""
