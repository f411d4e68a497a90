"""Several ivrd, of each only what decides whether it acts, in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable

from ivrd.asterisk.ami_action import ConnectionLost
from ivrd.asterisk.leader_guard import LeaderGuard
from ivrd.ha.election import LEASE_SECONDS, TOKEN_SECONDS, TURN_SECONDS, Election
from ivrd.ha.leadership import Leadership
from ivrd.store.interface import StoreDown
from tests.asterisk.virtual import run

TAKEOVER = LEASE_SECONDS + TOKEN_SECONDS + 3 * TURN_SECONDS


class World:
    """Asterisk's global variable, and Redis with its clock."""

    def __init__(self) -> None:
        self.token = ""
        self.redis_down = False
        self.epoch = 0
        self.lease = ("", 0, 0.0)  # name, epoch, until
        self.successor = ("", 0.0)
        self.standby = ("", 0.0)
        self.processes: list[Process] = []

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def forget_redis(self) -> None:
        self.epoch, self.lease, self.successor = 0, ("", 0, 0.0), ("", 0.0)

    def held(self) -> tuple[str, int]:
        name, epoch, until = self.lease
        return (name, epoch) if until > self.now else ("", 0)

    def active(self) -> "list[Process]":
        """Those that could act at this moment."""
        return [one for one in self.processes if one.may_act]

    async def goes_on(self, seconds: float) -> None:
        """Let time go by; never may two act."""
        for _ in range(round(seconds / 0.05)):
            await asyncio.sleep(0.05)
            assert len(self.active()) <= 1

    async def one_acts(self, within: float) -> "Process":
        """The one that acts, and says so."""
        until = self.now + within
        while not (found := [one for one in self.active() if one.led and not one.frozen]):
            assert self.now < until, "nobody acts"
            await self.goes_on(0.05)
        return found[0]


class Process:
    """One ivrd, of which only this is there; it is its own link and its own lease."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.guard = LeaderGuard(lambda: world.now)
        self.logged_in = True
        self.listed = 0  # rows of lists
        self._answers = asyncio.Event()  # what is asked for, and not a list
        self._answers.set()
        self.stepped_down: list[str] = []
        self.freezes_in = ""  # with an answer to this on its way
        self._going = asyncio.Event()
        self._going.set()
        self.leadership = Leadership(name, False, self.guard, self.stepped_down.append)
        self.election = Election(
            self.leadership,
            self,
            self,  # type: ignore[arg-type]
            self.guard,
            lambda: world.now,
        )
        self.task = asyncio.create_task(self.election.run())
        world.processes.append(self)

    @property
    def led(self) -> bool:
        """Whether it has ever been the leader."""
        return self.leadership.gained.is_set()

    @property
    def may_act(self) -> bool:
        return self.guard._until > self.world.now

    @property
    def frozen(self) -> bool:
        return not self._going.is_set()

    def freeze(self) -> None:
        self._going.clear()

    async def _slip(self, where: str) -> None:
        if self.freezes_in == where:
            self.freezes_in = ""
            self.freeze()
        await self._going.wait()

    def thaw(self) -> None:
        self._going.set()

    def kill(self) -> None:
        self.task.cancel()
        self.world.processes.remove(self)

    async def list_rows(self, seconds: float) -> None:
        """For so long Asterisk sends a list, and answers nothing else on this link."""
        self._answers.clear()
        for _ in range(round(seconds / 0.1)):
            await self.world.goes_on(0.1)
            self.listed += 1
        self._answers.set()

    # --- its link --------------------------------------------------------------------------

    async def get_global(self, _name: str) -> str:
        await self._reach_asterisk()
        await self._answers.wait()
        token = self.world.token
        await self._slip("get_global")
        return token

    async def announce_leader(self, token: str) -> None:
        await self._reach_asterisk()
        self.world.token = token

    async def _reach_asterisk(self) -> None:
        await asyncio.sleep(0.001)
        await self._going.wait()
        if not self.logged_in:
            raise ConnectionLost("gone")

    # --- its lease -------------------------------------------------------------------------

    async def _reach_redis(self) -> None:
        await asyncio.sleep(0.001)
        await self._going.wait()
        if self.world.redis_down:
            await asyncio.sleep(0.5)
            raise StoreDown("Redis does not answer")

    async def claim(self, name: str, ttl: float, least: int = 1) -> int | None:
        await self._reach_redis()
        world = self.world
        successor, until = world.successor
        if world.held()[0] or (until > world.now and successor != name):
            return None
        world.epoch = max(world.epoch + 1, least)
        world.lease, world.successor = (name, world.epoch, world.now + ttl), ("", 0.0)
        epoch = world.epoch
        await self._slip("claim")
        return epoch

    async def renew(self, name: str, epoch: int, ttl: float) -> bool:
        await self._reach_redis()
        world = self.world
        if world.held() not in (("", 0), (name, epoch)) or world.epoch > epoch:
            return False
        if world.successor[1] > world.now:
            return False
        world.lease, world.epoch = (name, epoch, world.now + ttl), epoch
        return True

    async def release(self, name: str, epoch: int, successor: str = "") -> bool:
        await self._reach_redis()
        if self.world.held() != (name, epoch):
            return False
        self.world.lease = ("", 0, 0.0)
        self.world.successor = (successor, self.world.now + 2.0)
        return True

    async def stand_by(self, name: str, ttl: float) -> None:
        await self._reach_redis()
        self.world.standby = (name, self.world.now + ttl)

    async def standing_by(self) -> str:
        await self._reach_redis()
        name, until = self.world.standby
        return name if until > self.world.now else ""


def in_a_world(body: Callable[[World], Awaitable[None]]) -> None:
    async def main() -> None:
        world = World()
        await body(world)
        for one in list(world.processes):
            one.kill()

    run(main())


async def pair(world: World) -> tuple[Process, Process]:
    """A leader and a standby."""
    one = Process(world, "one")
    assert await world.one_acts(TAKEOVER) is one
    other = Process(world, "other")
    await world.goes_on(1.0)
    return one, other
