"""The store in Redis, for two ivrd or more, alone or behind Sentinel.

A kind is a hash, `ivrd:entry:KIND`, and a sorted set of its keys, `ivrd:keys:KIND`, for reading
in order.  A write is one script, so all of it happens or nothing.  Redis must not evict
(`maxmemory-policy noeviction`), and must not be a cluster.

Two things can go wrong that a client does not see by itself, so each write carries its writer's
random id, a serial number, and the serial number that was confirmed last (`ivrd:writer` keeps the
first two):

* A write that was sent to a frozen server and timed out may be carried out after a later one: its
  serial number is too old, and it is ignored.
* A fail-over loses what the new master had not got yet: the kept serial number is older than the
  confirmed one, or another's.  That is reported as `StoreDown`, once, so that what was written
  last is written again.
"""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never

from redis.asyncio import Redis
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeout

from ivrd.store.interface import (
    DEADLINE,
    PAGE,
    Change,
    Fenced,
    Forget,
    Put,
    Remove,
    StoreDown,
    read_pages,
)
from ivrd.store.server import RedisServer, close, words

PREFIX = "ivrd:"
EPOCH = f"{PREFIX}epoch"
WRITER = f"{PREFIX}writer"

# Scripts name keys that they were not given; only a cluster forbids that.
WRITE = """
local epoch, id = tonumber(ARGV[1]), ARGV[2]
local serial, confirmed = tonumber(ARGV[3]), tonumber(ARGV[4])
local latest = tonumber(redis.call('GET', KEYS[1]) or '0')
if latest > epoch then return 'fenced by ' .. latest end
local last_id, last = string.match(redis.call('GET', KEYS[2]) or '', '^(%S+) (%d+)$')
if last_id == id then
  if tonumber(last) >= serial then return 'late' end
  if tonumber(last) < confirmed then return 'lost' end
elseif confirmed > 0 then
  return 'lost'
end
redis.call('SET', KEYS[2], id .. ' ' .. serial)  -- first: a full server refuses the first command
if latest < epoch then redis.call('SET', KEYS[1], epoch) end
local function forget(entries, keys, before)
  while true do
    local some = redis.call('ZRANGEBYLEX', keys, '-', '(' .. before, 'LIMIT', 0, 1000)
    if #some == 0 then return end
    redis.call('HDEL', entries, unpack(some))
    redis.call('ZREM', keys, unpack(some))
  end
end
for at = 5, #ARGV, 4 do
  local what, kind, key, value = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local entries, keys = 'ivrd:entry:' .. kind, 'ivrd:keys:' .. kind
  if what == 'put' then
    redis.call('HSET', entries, key, value)
    redis.call('ZADD', keys, 0, key)
  elseif what == 'remove' then
    redis.call('HDEL', entries, key)
    redis.call('ZREM', keys, key)
  else
    forget(entries, keys, key)
  end
end
return 'done'
"""

READ = """
local keys = redis.call('ZRANGEBYLEX', KEYS[2], ARGV[1], ARGV[2], 'LIMIT', 0, ARGV[3])
if #keys == 0 then return {} end
return {keys, redis.call('HMGET', KEYS[1], unpack(keys))}
"""


class RedisStore:
    """A `Store` in Redis.  deadline: seconds for each operation, connecting included."""

    def __init__(self, server: RedisServer, deadline: float = DEADLINE) -> None:
        self._server = server
        self._deadline = deadline
        self._redis: Redis | None = None
        self._connecting = asyncio.Lock()
        self._writing = asyncio.Lock()
        self._writer = _Writer(epoch=0)
        self._closing: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """See `Store`."""
        await self._ask("PING")

    async def write(self, changes: Sequence[Change], epoch: int) -> None:
        """See `Store`."""
        async with self._writing:
            await self._write([word for change in changes for word in _arguments(change)], epoch)

    async def read(self, kind: str, first: str = "", before: str = "") -> dict[str, str]:
        """See `Store`."""
        return await read_pages(self, kind, first, before)

    async def page(self, kind: str, first: str = "", before: str = "") -> dict[str, str]:
        """See `Store`."""
        names = (f"{PREFIX}entry:{kind}", f"{PREFIX}keys:{kind}")
        range_ = (f"[{first}" if first else "-", f"({before}" if before else "+", PAGE)
        found = await self.run(READ, names, range_)
        return dict(zip(*found, strict=True)) if found else {}

    async def close(self) -> None:
        """See `Store`."""
        self._drop(self._redis)
        if self._closing:
            await asyncio.wait(self._closing, timeout=self._deadline)

    async def run(self, script: str, keys: Sequence[str], values: Sequence[str | int]) -> Any:
        """What a Lua script returns.  Raises `StoreDown`."""
        return await self._ask("EVAL", script, len(keys), *keys, *values)

    async def _ask(self, *command: str | int) -> Any:
        """What Redis answers to a command.  Raises `StoreDown`, always within the deadline."""
        redis: Redis | None = None
        try:
            async with asyncio.timeout(self._deadline):
                redis = await self._connected()
                return await redis.execute_command(*command)  # type: ignore[no-untyped-call]
        except (TimeoutError, RedisTimeout):
            self._drop(redis)
            raise StoreDown(f"{self._server} does not answer (for {self._deadline:g} s)") from None
        # AttributeError: of redis-py, when another task drops the client that this one connects.
        except (RedisError, OSError, AttributeError) as error:
            self._drop(redis)  # after a fail-over the same address may be another server
            raise StoreDown(f"{self._server} {words(error)}") from None
        finally:
            _pass_on_cancellation()

    async def _write(self, arguments: Sequence[str], epoch: int) -> None:
        if epoch != self._writer.epoch:
            self._writer = _Writer(epoch)
        me = self._writer
        me.serial += 1
        values: list[str | int] = [epoch, me.id, me.serial, me.confirmed, *arguments]
        answer = str(await self.run(WRITE, (EPOCH, WRITER), values))
        if answer.startswith("fenced"):
            raise Fenced(f"epoch {answer.split()[-1]} has taken over from epoch {epoch}")
        if answer != "done":
            self._writer = _Writer(epoch)
            raise StoreDown(f"{self._server} has lost what was written last (a fail-over perhaps)")
        me.confirmed = me.serial

    async def _connected(self) -> Redis:
        async with self._connecting:
            if self._redis is None:
                self._redis = await self._server.connect(self._deadline)
            return self._redis

    def _drop(self, redis: Redis | None) -> None:
        """Never use this client again; close it without waiting, as that may hang too."""
        if redis is None:
            return
        if redis is self._redis:
            self._redis = None
        task = asyncio.create_task(close(redis.aclose()))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _pass_on_cancellation() -> None:
    """Raise CancelledError if this task has been cancelled.

    redis-py waits with `asyncio.wait_for`, which in Python 3.11 swallows a cancellation that comes
    together with the result: whoever was told to end would then go on for ever.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


@dataclass
class _Writer:
    """What tells one series of writes from another; see the top of this file."""

    epoch: int
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    serial: int = 0
    confirmed: int = 0


def _arguments(change: Change) -> tuple[str, str, str, str]:
    match change:
        case Put(kind, key, value):
            return ("put", kind, key, value)
        case Remove(kind, key):
            return ("remove", kind, key, "")
        case Forget(kind, before):
            return ("forget", kind, before, "")
        case _:
            assert_never(change)
