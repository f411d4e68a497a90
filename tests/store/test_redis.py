"""Redis frozen, killed, full, demoted, forgetful: each operation ends by its deadline."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import replace
from pathlib import Path
from socket import SOCK_STREAM
from typing import Any

import pytest

from ivrd.store import Put, RedisServer, RedisStore, Remove, StoreDown
from ivrd.store.redis import EPOCH, WRITE, WRITER
from lab.ports import free_port
from lab.redis import FailOver, RedisProcess
from tests.store.conftest import SLOW
from tests.store.servers import Running, running

ONE = [Put("calls", "a", "1")]
TWO = [Put("calls", "a", "2")]


@pytest.fixture
def own(short: Path) -> Iterator[Running]:
    """A server to be broken."""
    with running(short / "r") as redis:
        yield redis


async def refusal(doing: Awaitable[object]) -> str:
    with pytest.raises(StoreDown) as caught:
        await doing
    return str(caught.value)


async def until_done(act: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Do it again and again until the store is back."""
    while True:
        try:
            return await act()
        except StoreDown:
            await asyncio.sleep(0.05)


def test_a_frozen_server_holds_up_neither_operations_nor_the_loop(own: Running) -> None:
    async def act() -> None:
        store = RedisStore(own.server, 0.3)
        await until_done(lambda: store.write(ONE, 0))
        own.freeze()
        ticking = asyncio.create_task(ticks())
        loop = asyncio.get_running_loop()
        for doing in (store.write(TWO, 0), store.read("calls"), store.open()):  # old link, new link
            began = loop.time()
            assert "does not answer (for 0.3 s)" in await refusal(doing)
            assert loop.time() - began < 10  # not the server's time, which would be for ever
        ticking.cancel()
        assert ticking_count[0] > 30
        own.thaw()
        await until_done(lambda: store.write([Put("calls", "b", "3")], 0))
        assert (await store.read("calls"))["b"] == "3"
        await store.close()

    ticking_count = [0]

    async def ticks() -> None:
        while True:
            await asyncio.sleep(0.001)
            ticking_count[0] += 1

    asyncio.run(act())


def test_what_was_given_up_does_not_undo_what_was_written_after_it(redis: Running) -> None:
    """A frozen server may carry out the first of two writes last: it is too late by its number."""

    async def act() -> None:
        store = RedisStore(redis.server, SLOW)
        await store.write(ONE, 0)
        await store.write(TWO, 0)
        with redis.client() as client:
            writer, serial = str(client.get(WRITER)).split()
            late = [0, writer, int(serial) - 1, 0, "put", "calls", "a", "1"]
            assert client.eval(WRITE, 2, EPOCH, WRITER, *late) == "late"
        assert await store.read("calls") == {"a": "2"}
        await store.close()

    asyncio.run(act())


def test_a_server_that_lost_the_last_writes_is_noticed_once(redis: Running) -> None:
    async def act() -> None:
        store = RedisStore(redis.server, SLOW)
        await store.write(ONE, 0)
        with redis.client() as client:
            writer = str(client.get(WRITER))
            await store.write(TWO, 0)
            client.set(WRITER, writer)  # as a replica would have it that missed the second write
        assert "has lost what was written last" in await refusal(store.write(ONE, 0))
        await store.write(ONE, 0)
        with redis.client() as client:
            client.flushall()
        assert "has lost what was written last" in await refusal(store.write(ONE, 0))
        await store.write(ONE, 0)
        assert await store.read("calls") == {"a": "1"}
        await store.close()

    asyncio.run(act())


def test_a_killed_server_is_found_again_when_it_is_back(own: Running) -> None:
    async def act() -> None:
        store = RedisStore(own.server, SLOW)
        await store.write(ONE, 0)
        own.kill()
        assert str(own.socket) in await refusal(store.write(TWO, 0))
        assert str(own.socket) in await refusal(store.read("calls"))
        own.start()
        await until_done(lambda: store.write(TWO, 0))
        assert await store.read("calls") == {"a": "2"}
        await store.close()

    asyncio.run(act())


def test_a_connection_that_another_task_drops_while_it_is_made_is_a_store_that_is_down() -> None:
    """redis-py then has no writer left for what it was about to send."""

    class Dropped:
        async def execute_command(self, *_command: object) -> None:
            await self.writer.writelines([])  # type: ignore[attr-defined]

        writer = None

        async def aclose(self) -> None: ...

    class Server:
        async def connect(self, _deadline: float) -> Dropped:
            return Dropped()

        def __str__(self) -> str:
            return "Redis"

    async def act() -> None:
        store = RedisStore(Server())  # type: ignore[arg-type]
        said = await refusal(store.open())
        assert said == "Redis has lost a connection while it was made"

    asyncio.run(act())


def test_a_full_server_takes_all_or_nothing(own: Running) -> None:
    async def act() -> None:
        store = RedisStore(own.server, SLOW)
        await store.write(ONE, 0)
        with own.client() as client:
            client.config_set("maxmemory", 1)
            changes = [Remove("calls", "a"), Put("calls", "b", "2")]
            said = f"Redis at unix://{own.socket} is full (maxmemory)"
            assert await refusal(store.write(changes, 0)) == said
            assert await store.read("calls") == {"a": "1"}
            client.config_set("maxmemory", 0)
        await store.write(changes, 0)
        assert await store.read("calls") == {"b": "2"}
        await store.close()

    asyncio.run(act())


def test_a_replica_is_no_store(own: Running) -> None:
    async def act() -> None:
        store = RedisStore(own.server, SLOW)
        with own.client() as client:
            client.replicaof("127.0.0.1", free_port(SOCK_STREAM))
            assert "is a replica, which may not be written" in await refusal(store.write(ONE, 0))
            client.replicaof("NO", "ONE")
        await store.write(ONE, 0)
        await store.close()

    asyncio.run(act())


RIGHTS = "~ivrd:* +ping +select +eval +get +set +del +exists +hset +hdel +hmget"
RIGHTS += " +zadd +zrem +zrangebylex"


def test_a_user_with_few_rights_and_a_password(own: Running) -> None:
    async def act() -> None:
        with own.client() as client:
            client.execute_command("ACL", "SETUSER", "default", "off")
        right = RedisServer(own.server.url, user="ivrd", password="correct-horse")
        store = RedisStore(right, SLOW)
        await store.write(ONE, 0)
        assert await store.read("calls") == {"a": "1"}
        await store.close()
        for wrong in (
            RedisServer(own.server.url, user="ivrd", password="battery-staple"),
            RedisServer(own.server.url),
        ):
            store = RedisStore(wrong, SLOW)
            said = await refusal(store.open())
            assert "password" in said
            assert "battery-staple" not in said
            await store.close()
        assert "correct-horse" not in repr(right)

    with own.client() as client:
        client.execute_command("ACL", "SETUSER", "ivrd", "on", ">correct-horse", *RIGHTS.split())
    asyncio.run(act())


def test_a_fail_over_by_sentinel(short: Path) -> None:
    """The master is killed; sentinel makes the replica the master, and the store follows."""
    dead = free_port(SOCK_STREAM)  # a sentinel that is gone does not matter
    with FailOver(short) as servers, servers.replica.client() as at_second:
        sentinels = (("127.0.0.1", dead), ("127.0.0.1", servers.sentinel.port))
        server = RedisServer(sentinels=sentinels, service=servers.SERVICE)
        asyncio.run(through_a_fail_over(RedisStore(server, 2.0), servers.master))
        assert at_second.info("replication")["role"] == "master"


def test_a_sentinel_with_a_password(short: Path) -> None:
    async def act() -> None:
        store = RedisStore(named, SLOW)
        await store.write(ONE, 0)
        assert await store.read("calls") == {"a": "1"}
        await store.close()
        for password in ("", "battery-staple"):
            store = RedisStore(replace(named, sentinel_password=password), SLOW)
            assert "the user" in await refusal(store.open())
            await store.close()

    with FailOver(short, password="correct-horse") as servers:
        named = RedisServer(
            sentinels=(("127.0.0.1", servers.sentinel.port),),
            service=servers.SERVICE,
            sentinel_password="correct-horse",
        )
        asyncio.run(act())
    assert "correct-horse" not in repr(named)


async def through_a_fail_over(store: RedisStore, master: RedisProcess) -> None:
    await until_done(lambda: store.write(ONE, 1))
    with master.client() as client:
        assert client.wait(1, 30_000) == 1  # the replica has it
    master.kill()
    await until_done(lambda: store.write(TWO, 1))
    assert await store.read("calls") == {"a": "2"}
    await store.close()


class Swallows:
    """A client that ends a cancelled command with a result, as redis-py does at times."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def execute_command(self, *_command: object) -> str:
        self.asked.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "PONG"
        raise AssertionError

    async def aclose(self) -> None: ...


def test_whoever_is_told_to_end_in_the_middle_of_a_command_ends() -> None:
    async def body() -> None:
        store, client = RedisStore(RedisServer(url="redis://192.0.2.1")), Swallows()
        store._redis = client  # type: ignore[assignment]
        asking = asyncio.create_task(store.open())
        await client.asked.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    asyncio.run(body())
