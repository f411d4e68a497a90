"""Without asking Sentinel again: ivrd stays with the Redis that was named first."""

from __future__ import annotations

from typing import Any

from chaos.without import replace, run
from ivrd.store import RedisServer

ask = RedisServer._master
named: list[tuple[str, int]] = []


async def once(server: RedisServer, options: dict[str, Any]) -> tuple[str, int]:
    """Asks until there was one answer."""
    if not named:
        named.append(await ask(server, options))
    return named[0]


if __name__ == "__main__":
    replace(RedisServer, "_master", once)
    run()
