"""What ivrd keeps outside itself, so that a restart or a second ivrd can go on.

    interface.py     what a store is: Put, Remove, Forget, Store, StoreDown, Fenced
    sqlite.py        a file, for one ivrd      thread.py   the thread it works in
    lockfile.py      and for no second one
    redis.py         Redis, for two or more    server.py   where it is
    lease.py         which of them may be the leader
    factory.py       the store that the configuration names
    write_behind.py  writes while nobody waits
    pending.py       what is not written yet

The store is advisory: nobody waits for it, and it never overrules Asterisk.
"""

from ivrd.store.interface import Change, Fenced, Forget, Put, Remove, Store, StoreDown
from ivrd.store.lease import Lease
from ivrd.store.lockfile import Claimed, claim
from ivrd.store.redis import RedisStore
from ivrd.store.server import RedisServer
from ivrd.store.sqlite import SqliteStore
from ivrd.store.write_behind import WriteBehind

__all__ = [
    "Change",
    "Claimed",
    "Fenced",
    "Forget",
    "Lease",
    "Put",
    "RedisServer",
    "RedisStore",
    "Remove",
    "SqliteStore",
    "Store",
    "StoreDown",
    "WriteBehind",
    "claim",
]
