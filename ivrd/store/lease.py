"""Which of several ivrd on one Redis may be the leader: the one that holds the lease.

Each time the lease changes hands it gets a new epoch, a number that never goes back.  The epoch is
also what fences writes: as soon as one is given, every earlier one is refused (redis.py).

A holder whose `renew` has not succeeded for `ttl` must stop by its own clock: its server may be
frozen, and another may claim as soon as the lease has run out.
"""

from typing import Any

from ivrd.store.redis import EPOCH, PREFIX, RedisStore

LEASE = f"{PREFIX}lease"  # "EPOCH NAME", runs out by itself
SUCCESSOR = f"{PREFIX}successor"  # who alone may claim, runs out by itself
STANDBY = f"{PREFIX}standby"  # the name of the standby, runs out by itself
HANDOVER = 2.0  # seconds in which only the successor may claim

CLAIM = """
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local successor = redis.call('GET', KEYS[2])
if successor and successor ~= ARGV[1] then return 0 end
local epoch = math.max(tonumber(redis.call('GET', KEYS[3]) or '0') + 1, tonumber(ARGV[3]))
redis.call('SET', KEYS[3], epoch)
redis.call('SET', KEYS[1], epoch .. ' ' .. ARGV[1], 'PX', ARGV[2])
redis.call('DEL', KEYS[2])
return epoch
"""
RENEW = """
local mine = ARGV[2] .. ' ' .. ARGV[1]
local held = redis.call('GET', KEYS[1])
if held and held ~= mine then return 0 end
local latest = tonumber(redis.call('GET', KEYS[3]) or '0')
if latest > tonumber(ARGV[2]) or redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
redis.call('SET', KEYS[1], mine, 'PX', ARGV[3])
if latest < tonumber(ARGV[2]) then redis.call('SET', KEYS[3], ARGV[2]) end
return 1
"""
RELEASE = """
if redis.call('GET', KEYS[1]) ~= ARGV[2] .. ' ' .. ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
if ARGV[3] ~= '' then redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4]) end
return 1
"""
STAND_BY = "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) return 1"
STANDING_BY = "return redis.call('GET', KEYS[1]) or ''"
HOLDER = "return {redis.call('GET', KEYS[1]) or '', redis.call('GET', KEYS[3]) or '0'}"


class Lease:
    """The one lease on a Redis.  Every operation raises `StoreDown` within the store's deadline."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store

    async def claim(self, name: str, ttl: float, least: int = 1) -> int | None:
        """Take the lease for `ttl` seconds if nobody has it; its new epoch, else None.

        The epoch is `least` or more: give one more than the latest that you have seen, as a
        fail-over may lose Redis' own count.  A claim whose answer was lost holds until it runs out.
        """
        epoch = await self._run(CLAIM, name, _milliseconds(ttl), least)
        return int(epoch) or None

    async def renew(self, name: str, epoch: int, ttl: float) -> bool:
        """Keep the lease for `ttl` seconds from now; False when it is lost for good.

        A lease that ran out, or that a fail-over lost, is claimed again as long as no later epoch
        was given and no successor is named.
        """
        return bool(await self._run(RENEW, name, epoch, _milliseconds(ttl)))

    async def release(self, name: str, epoch: int, successor: str = "") -> bool:
        """Give the lease up; False when it was not held any more.

        If a successor is named, only that one may claim for `HANDOVER` seconds.
        """
        values = (name, epoch, successor, _milliseconds(HANDOVER))
        return bool(await self._run(RELEASE, *values))

    async def holder(self) -> tuple[str, int]:
        """Who holds the lease ("": nobody), and the latest epoch that was given (0: none)."""
        held, epoch = await self._run(HOLDER)
        return str(held).partition(" ")[2], int(epoch)

    async def stand_by(self, name: str, ttl: float) -> None:
        """Announce `name` as the standby for the next `ttl` seconds."""
        await self._store.run(STAND_BY, (STANDBY,), (name, _milliseconds(ttl)))

    async def standing_by(self) -> str:
        """The standby that announced itself last; empty for none."""
        return str(await self._store.run(STANDING_BY, (STANDBY,), ()))

    async def _run(self, script: str, *values: str | int) -> Any:
        return await self._store.run(script, (LEASE, SUCCESSOR, EPOCH), values)


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
