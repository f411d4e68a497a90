"""Where Redis is, and how it is reached: directly, or as Sentinel says."""

import asyncio
import ssl
from collections.abc import Awaitable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

T = TypeVar("T")

# By a word in Redis' answer.
WORDS = {
    "OOM": "is full (maxmemory)",
    "READONLY": "is a replica, which may not be written",
    "MISCONF": "refuses writes, as it cannot save to its disk",
    "NOREPLICAS": "refuses writes, as it has too few replicas",
    "LOADING": "is still loading its data",
    "BUSY": "is busy with a script",
    "NOAUTH": "wants a user and a password",
    "WRONGPASS": "does not accept the user or the password",
    "NOPERM": "does not allow this user what ivrd needs",
}
# By redis-py's exception, where it has taken the word away.
KINDS = {
    "AuthenticationError": WORDS["WRONGPASS"],
    "NoPermissionError": WORDS["NOPERM"],
    "ReadOnlyError": WORDS["READONLY"],
    "OutOfMemoryError": WORDS["OOM"],
    "BusyLoadingError": WORDS["LOADING"],
    "AttributeError": "has lost a connection while it was made",
    "MasterNotFoundError": "has no master that works now",
}


@dataclass(frozen=True)
class RedisServer:
    """Where Redis is.

    url: `redis://HOST:PORT/DB`, `rediss://` for TLS, or `unix:///PATH`.
    sentinels: host and port of each; with them `service` names the master, and `url` is empty.
    user, password: of Redis' ACL, empty for none; the sentinels have their own.
    ca_file: whose certificates are trusted; with Sentinel it turns TLS on, for both.
    """

    url: str = ""
    sentinels: tuple[tuple[str, int], ...] = ()
    service: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None
    sentinel_user: str = ""
    sentinel_password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"Redis at {self.url}" if self.url else f"Redis {self.service}, as Sentinel says,"

    async def connect(self, deadline: float) -> Redis:
        """A client of the server; connections are made as they are needed.

        deadline: seconds for each step.  Raises `RedisError` and `OSError`.
        """
        login = _login(self.user, self.password)
        tls = self.url.startswith("rediss:") or (not self.url and self.ca_file is not None)
        options = self._options(deadline, tls)
        if self.url:
            return Redis.from_url(self.url, **login, **options)
        options |= {"ssl": True} if tls else {}  # from_url takes that from the address
        host, port = await self._master(options)
        return Redis(host=host, port=port, **login, **options)

    async def _master(self, options: dict[str, Any]) -> tuple[str, int]:
        """Where the master is, by the first sentinel that knows; all are asked at once."""
        login = {**options, **_login(self.sentinel_user, self.sentinel_password)}
        asked: list[Any] = [
            Sentinel([at], sentinel_kwargs=login)  # type: ignore[no-untyped-call]
            for at in self.sentinels
        ]
        try:
            answer: tuple[str, int] = await _first(
                one.discover_master(self.service) for one in asked
            )
            return answer
        finally:
            links = [link for one in asked for link in one.sentinels]
            await asyncio.gather(*(close(link.aclose()) for link in links))

    def _options(self, deadline: float, tls: bool) -> dict[str, Any]:
        options: dict[str, Any] = {
            "socket_timeout": deadline,
            "socket_connect_timeout": deadline,
            "retry": Retry(NoBackoff(), 0),  # write_behind.py tries again
            "decode_responses": True,
            "protocol": 2,
        }
        if tls:
            options["ssl_min_version"] = ssl.TLSVersion.TLSv1_2
            if self.ca_file:
                options["ssl_ca_certs"] = str(self.ca_file)
        return options


def _login(user: str, password: str) -> dict[str, Any]:
    return {"username": user or None, "password": password or None}


async def close(closing: Awaitable[None]) -> None:
    """Close a connection of which nothing more is wanted, whatever is wrong with it."""
    with suppress(RedisError, OSError, RuntimeError):
        await closing


def words(error: Exception) -> str:
    """What is wrong with the server, in plain words."""
    said = {word.lstrip("-") for word in str(error).split()}
    for word, meaning in WORDS.items():
        if word in said:
            return meaning
    own = type(error).__name__
    inside = (kind for kind in KINDS if kind in str(error))  # a sentinel's error, in another's text
    kind = next(inside, own)
    return KINDS.get(kind) or f"cannot be used: {str(error) or own}"


async def _first(asked: Iterable[Awaitable[T]]) -> T:
    """The first result; an error only when there is no result."""
    tasks = [asyncio.ensure_future(one) for one in asked]
    problem: Exception = OSError("no sentinel is named")
    try:
        for done in asyncio.as_completed(tasks):
            try:
                return await done
            except (RedisError, OSError) as error:
                problem = error
        raise problem
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
