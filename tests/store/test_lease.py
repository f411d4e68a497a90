"""Two ivrd on one Redis: never both, and no epoch twice."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from ivrd.store import Fenced, Lease, Put, RedisStore, StoreDown
from ivrd.store.lease import HANDOVER
from tests.store.conftest import SLOW
from tests.store.servers import Running

LONG = 600.0  # seconds; a lease that does not run out during a test


def with_lease(redis: Running, act: Callable[[Lease, RedisStore], Awaitable[None]]) -> None:
    async def main() -> None:
        store = RedisStore(redis.server, SLOW)
        await act(Lease(store), store)
        await store.close()

    asyncio.run(main())


def run_out(redis: Running, key: str = "ivrd:lease") -> None:
    """The time of a key is over."""
    with redis.client() as client:
        assert client.delete(key) == 1


def test_one_of_two_claims_it_and_keeps_it(redis: Running) -> None:
    async def act(lease: Lease, _store: RedisStore) -> None:
        assert await lease.holder() == ("", 0)
        got = await asyncio.gather(*(lease.claim(name, LONG) for name in ("a", "b")))
        assert sorted(got, key=str) == [1, None]
        holder = "a" if got[0] else "b"
        other = "b" if got[0] else "a"
        assert await lease.holder() == (holder, 1)
        assert await lease.renew(holder, 1, LONG)
        assert not await lease.renew(other, 1, LONG)
        assert not await lease.release(other, 1)
        assert await lease.claim(other, LONG) is None
        assert await lease.release(holder, 1)
        assert await lease.claim(other, LONG) == 2
        assert not await lease.renew(holder, 1, LONG)

    with_lease(redis, act)


def test_it_runs_out_by_itself(redis: Running) -> None:
    async def act(lease: Lease, _store: RedisStore) -> None:
        assert await lease.claim("a", 0.05) == 1
        while (epoch := await lease.claim("b", LONG)) is None:  # noqa: ASYNC110  Redis' own clock
            await asyncio.sleep(0.01)
        assert epoch == 2

    with_lease(redis, act)


def test_renewing_sets_its_time_anew(redis: Running) -> None:
    async def act(lease: Lease, _store: RedisStore) -> None:
        await lease.claim("a", 60)
        await lease.renew("a", 1, LONG)
        with redis.client() as client:
            assert int(str(client.pttl("ivrd:lease"))) > 60_000

    with_lease(redis, act)


def test_a_new_epoch_fences_the_writes_of_the_old_one_at_once(redis: Running) -> None:
    async def act(lease: Lease, store: RedisStore) -> None:
        assert await lease.claim("a", LONG) == 1
        await store.write([Put("calls", "x", "1")], 1)
        run_out(redis)
        assert await lease.claim("b", LONG) == 2
        with pytest.raises(Fenced):
            await store.write([Put("calls", "x", "2")], 1)
        assert await store.read("calls") == {"x": "1"}

    with_lease(redis, act)


def test_a_lost_count_does_not_give_an_old_epoch_again(redis: Running) -> None:
    async def act(lease: Lease, _store: RedisStore) -> None:
        assert await lease.claim("a", LONG) == 1
        with redis.client() as client:
            client.flushall()
        assert await lease.claim("b", LONG, least=2) == 2
        assert not await lease.renew("a", 1, LONG)

    with_lease(redis, act)


def test_a_lost_lease_is_taken_up_again_if_nobody_was_faster(redis: Running) -> None:
    async def act(lease: Lease, _store: RedisStore) -> None:
        assert await lease.claim("a", LONG, least=7) == 7
        with redis.client() as client:
            client.flushall()
        assert await lease.renew("a", 7, LONG)
        assert await lease.holder() == ("a", 7)
        assert await lease.claim("b", LONG) is None

    with_lease(redis, act)


def test_a_handover_is_for_the_successor_alone_for_a_while(redis: Running) -> None:
    async def act(lease: Lease, _store: RedisStore) -> None:
        await lease.claim("a", LONG)
        assert await lease.release("a", 1, successor="b")
        with redis.client() as client:
            assert 0 < int(str(client.pttl("ivrd:successor"))) <= HANDOVER * 1000
            client.persist("ivrd:successor")  # however slow this machine is
        assert await lease.claim("a", LONG) is None
        assert await lease.claim("c", LONG) is None
        assert not await lease.renew("a", 1, LONG)
        assert await lease.claim("b", LONG) == 2
        assert await lease.release("b", 2)
        assert await lease.claim("a", LONG) == 3

    with_lease(redis, act)


def test_a_successor_that_does_not_come(redis: Running) -> None:
    async def act(lease: Lease, _store: RedisStore) -> None:
        await lease.claim("a", LONG)
        await lease.release("a", 1, successor="b")
        run_out(redis, "ivrd:successor")
        assert await lease.claim("c", LONG) == 2

    with_lease(redis, act)


def test_two_claim_while_redis_is_frozen(redis: Running) -> None:
    """Both are told that the store is down; whoever gets it then, it is one."""

    async def act(_lease: Lease, store: RedisStore) -> None:
        hasty = [RedisStore(redis.server, 0.2) for _ in "ab"]
        leases = dict(zip("ab", map(Lease, hasty), strict=True))
        redis.freeze()
        try:
            claims = [lease.claim(name, LONG) for name, lease in leases.items()]
            down = await asyncio.gather(*claims, return_exceptions=True)
            assert [type(one) for one in down] == [StoreDown, StoreDown]
        finally:
            redis.thaw()
        # A claim that was given up may have been carried out all the same.
        patient = Lease(store)
        got = [await patient.claim(name, LONG) for name in "ab"]
        holder, epoch = await patient.holder()
        assert holder in ("a", "b")
        assert epoch == 1
        assert [one for one in got if one] in ([], [1])
        for one in hasty:
            await one.close()

    with_lease(redis, act)
