"""Guests with bad manners, over real sockets: each costs its own connection and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from ivrd.api import server
from ivrd.api.limits import ConnectionLimiter

BODY = b"ivrd_up 1\n"
ASK = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
SECONDS = 20  # a test that waits so long has failed

Peer = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def within() -> None:
        async with asyncio.timeout(SECONDS):
            await test()

    asyncio.run(within())


@asynccontextmanager
async def serving(app: Any, limiter: ConnectionLimiter) -> AsyncIterator[int]:
    runner, port = await server.listen(app, "127.0.0.1", 0, limiter)
    try:
        yield port
    finally:
        await runner.cleanup()


async def nobody(_partner: str, _headers: Mapping[str, str], _body: str) -> server.Answer:
    return {}


def public(body: bytes = BODY) -> Any:
    return server.public_app(lambda: body, lambda: "", lambda: "", nobody, nobody)


async def connect(port: int, first: bytes = b"") -> Peer:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 16)
    writer.write(first)
    return reader, writer


async def rest(peer: Peer) -> bytes:
    """What still comes, until the other side ends the connection, in whatever way."""
    reader, writer = peer
    got = b""
    try:
        while piece := await reader.read(1 << 16):
            got += piece
    except ConnectionError:
        pass
    finally:
        writer.close()
    return got


async def ask(port: int, request: bytes = ASK) -> bytes:
    return await rest(await connect(port, request))


async def until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110 -- what is waited for has no event of its own
        await asyncio.sleep(0.01)


# --- slow ones -----------------------------------------------------------------------------


@pytest.mark.parametrize("first", [b"", b"GET /metr", ASK[:-2], b"\r\n"])
def test_who_does_not_finish_the_request_in_time_is_sent_away(first: bytes) -> None:
    async def body() -> None:
        limiter = ConnectionLimiter(8, patience=0.2)
        async with serving(public(), limiter) as port:
            assert await ask(port, first) == b""
            assert limiter.dropped == 1

    run(body)


def test_sending_drop_by_drop_wins_no_time() -> None:
    async def body() -> None:
        limiter = ConnectionLimiter(8, patience=0.3)
        async with serving(public(), limiter) as port:
            reader, writer = await connect(port, b"GET /metrics HTTP/1.1\r\n")

            async def drip() -> None:
                while not reader.at_eof():
                    writer.write(b"X: y\r\n")
                    await asyncio.sleep(0.02)

            dripping = asyncio.create_task(drip())
            assert await rest((reader, writer)) == b""
            dripping.cancel()
            assert limiter.dropped == 1

    run(body)


def test_who_does_not_read_the_answer_in_time_is_sent_away() -> None:
    async def body() -> None:
        limiter = ConnectionLimiter(8, patience=0.3)
        huge = b"x" * (64 << 20)  # more than the system keeps for a connection
        async with serving(public(huge), limiter) as port:
            peer = await connect(port, ASK)
            await until(lambda: limiter.dropped == 1)
            assert len(await rest(peer)) < len(huge)

    run(body)


def test_an_answer_that_takes_us_long_is_not_cut() -> None:
    async def slowly(_query: Mapping[str, str]) -> server.Answer:
        await asyncio.sleep(0.5)
        return {"done": True}

    async def body() -> None:
        limiter = ConnectionLimiter(8, patience=0.1)
        async with serving(server.control_app({"drill": slowly}, {}), limiter) as port:
            answer = await ask(port, b"GET /drill HTTP/1.1\r\nHost: x\r\n\r\n")
            assert answer.endswith(b'{"done": true}')
            assert limiter.dropped == 0

    run(body)


# --- many of them --------------------------------------------------------------------------


def test_three_hundred_silent_ones_keep_no_scrape_out() -> None:
    async def body() -> None:
        limiter = ConnectionLimiter(16, patience=3600)
        async with serving(public(), limiter) as port:
            silent = []
            for n in range(300):
                silent.append(await connect(port, b"GET /m"))
                if n % 30 == 0:
                    assert (await ask(port)).endswith(BODY)
            assert (await ask(port)).endswith(BODY)
            # one by one in the order in which they came; those who came last are still there
            gone = await asyncio.gather(*(rest(peer) for peer in silent[:284]))
            assert set(gone) == {b""}
            assert not silent[-1][0].at_eof()
            assert limiter.rejected == 0
            assert limiter.dropped >= 284

    run(body)


def test_a_house_full_of_work_says_so_and_takes_the_next_one_when_it_is_done() -> None:
    async def body() -> None:
        done = asyncio.Event()
        at_work = 0

        async def work(_query: Mapping[str, str]) -> server.Answer:
            nonlocal at_work
            at_work += 1
            await done.wait()
            return {}

        limiter = ConnectionLimiter(4, patience=3600)
        async with serving(server.control_app({"work": work}, {}), limiter) as port:
            request = b"GET /work HTTP/1.1\r\nHost: x\r\n\r\n"
            workers = [await connect(port, request) for _ in range(4)]
            await until(lambda: at_work == 4)
            full = await ask(port, b"")
            assert full.startswith(b"HTTP/1.1 503 ")
            assert limiter.rejected == 1
            done.set()
            for peer in workers:
                assert (await rest(peer)).startswith(b"HTTP/1.1 200 ")
            assert (await ask(port, request)).startswith(b"HTTP/1.1 200 ")

    run(body)


def test_a_connection_is_for_one_request() -> None:
    async def body() -> None:
        async with serving(public(), ConnectionLimiter(8, patience=3600)) as port:
            answer = await ask(port, ASK * 1000)
            assert answer.count(b"HTTP/1.1 ") == 1
            assert answer.count(b"\r\nConnection: close\r\n") == 1
            assert answer.endswith(BODY)
            assert b"aiohttp" not in answer

    run(body)


def test_connections_that_are_gone_leave_no_trace() -> None:
    async def body() -> None:
        limiter = ConnectionLimiter(4, patience=3600)
        async with serving(public(), limiter) as port:
            for first in (b"", b"GET /m", ASK, b"rubbish\r\n\r\n") * 5:
                _reader, writer = await connect(port, first)
                writer.close()
            await until(lambda: not limiter.connections)
            assert (await ask(port)).endswith(BODY)

    run(body)


# --- sizes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /metrics?" + b"a" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 5000 + b"\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 100 + b"\r\n",
    ],
)
def test_what_is_too_long_is_refused(request_: bytes) -> None:
    async def body() -> None:
        async with serving(public(), ConnectionLimiter(8, patience=3600)) as port:
            assert (await ask(port, request_)).startswith(b"HTTP/1.0 400 ")

    run(body)


def test_a_request_without_an_end_is_not_kept() -> None:
    async def body() -> None:
        async with serving(public(), ConnectionLimiter(8, patience=3600)) as port:
            reader, writer = await connect(port, b"GET /metrics HTTP/1.1\r\n")
            while not reader.at_eof() and not writer.is_closing():
                writer.write(b"X: " + b"y" * 100 + b"\r\n")
                await asyncio.sleep(0)
            writer.close()

    run(body)


def test_a_flood_of_scrapes_makes_a_few_texts_a_second() -> None:
    now, made = 100.0, 0

    def make() -> bytes:
        nonlocal made
        made += 1
        return str(made).encode()

    scrape = server._seldom(make, 3, lambda: now)
    assert [scrape() for _ in range(5)] == [b"1", b"2", b"3", b"3", b"3"]
    now += 1.0
    assert scrape() == b"4"
