"""Without writing behind: whoever decides something waits until Redis has answered."""

from __future__ import annotations

from redis import Redis

from chaos.without import replace, run
from ivrd.store import Change, RedisServer
from ivrd.store.pending import Pending

add, connect = Pending.add, RedisServer.connect
servers: dict[str, Redis] = {}


async def known(server: RedisServer, deadline: float) -> object:
    """Remembers where Redis is."""
    servers.setdefault(server.url, Redis.from_url(server.url))
    return await connect(server, deadline)


def and_wait(pending: Pending, change: Change, now: float) -> None:
    """Notes the change and waits, however long it takes."""
    add(pending, change, now)
    for redis in servers.values():
        redis.ping()


if __name__ == "__main__":
    replace(RedisServer, "connect", known)
    replace(Pending, "add", and_wait)
    run()
