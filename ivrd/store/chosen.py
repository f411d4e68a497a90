"""The store that the configuration names; with Redis also the lease, as another may share it."""

from ivrd.config import REDIS_SECRET, read_secret
from ivrd.config import Store as Where
from ivrd.store.contract import Store
from ivrd.store.lease import Lease
from ivrd.store.redis import RedisStore
from ivrd.store.server import RedisServer
from ivrd.store.sqlite import SqliteStore


def chosen(at: Where) -> tuple[Store, Lease | None]:
    """Raises `ConfigError` when the secret's file is not as it should be."""
    if at.redis is None:
        assert at.file is not None
        return SqliteStore(at.file, at.deadline_seconds), None
    of = at.redis
    password = read_secret(of.secret_file, REDIS_SECRET) if of.secret_file else ""
    server = RedisServer(of.url, of.sentinels, of.service, of.user, password, of.ca_file)
    store = RedisStore(server, at.deadline_seconds)
    return store, Lease(store)
