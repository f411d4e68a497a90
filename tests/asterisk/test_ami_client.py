"""The link comes up, notices every way of going down, and comes back."""

import asyncio

import pytest

from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.ami_link import AmiAddress, Timeouts
from ivrd.asterisk.leader_guard import LeaderGuard
from tests.asterisk.ami_client_rig import FAST, SLOW_WORLD, Heard, running
from tests.asterisk.fake_ami import FakeAmi, block


def test_up_after_the_rebuild_and_asterisk_hears_from_us_on_its_own_clock() -> None:
    async def body() -> None:
        async with FakeAmi() as ami, running(ami.port) as (link, received_at):
            text = await received_at.said("up")
            assert text == f"connected to Asterisk at 127.0.0.1:{ami.port} (AMI 11.0.0)"
            assert link.up
            beats = await ami.got("Setvar", 5)
            assert {(b["Variable"], b["Value"]) for b in beats} == {("IVRD_SEEN", "1644800000")}
            assert received_at.kinds == ["up"]
            assert received_at.ups == 1

    asyncio.run(body())


def test_no_rebuild_before_asterisk_has_booted_but_signs_of_life_all_the_while() -> None:
    async def body() -> None:
        patient = Timeouts(answer=SLOW_WORLD, keepalive=0.01, backoff=(0.01,))
        async with FakeAmi() as ami:
            ami.booted = False
            async with running(ami.port, pace=patient) as (link, received_at):
                await ami.got("Ping", 5)
                assert received_at.ups == 0
                assert not link.up
                ami.emit(Event="FullyBooted", Privilege="system,all")
                await received_at.said("up")

    asyncio.run(body())


def test_a_user_who_is_not_told_that_asterisk_booted_gets_his_rebuild_all_the_same() -> None:
    async def body() -> None:
        async with FakeAmi() as ami:
            ami.booted = False
            async with running(ami.port) as (_link, received_at):
                await received_at.said("up")

    asyncio.run(body())


def test_a_wrong_secret_is_reported_once_without_the_secret_and_tried_again() -> None:
    async def body() -> None:
        async with FakeAmi(secret="another") as ami, running(ami.port) as (_link, received_at):
            await ami.got("Login", 5)
            text = await received_at.said("refused")
            assert text == (
                f"Asterisk at 127.0.0.1:{ami.port} refuses the login of user 'ivrd': "
                "manager.conf has another secret for it, or no such user"
            )
            assert received_at.ups == received_at.downs == 0
            ami.secret = "right"
            await received_at.said("refused", "up")

    asyncio.run(body())


def test_a_refused_login_waits_longer_than_a_lost_connection() -> None:
    async def body() -> None:
        pace = Timeouts(answer=0.3, backoff=(0.0,), refused=SLOW_WORLD)
        async with (
            FakeAmi(secret="another") as ami,
            running(ami.port, pace=pace) as (_link, received_at),
        ):
            await received_at.said("refused")
            await ami.until(lambda: ami.open == 0)
            # `backoff` is 0: all of that would have brought the next login
            for _ in range(100):
                await asyncio.sleep(0)
            assert len(ami.named("Login")) == 1

    asyncio.run(body())


def test_an_asterisk_that_shuts_down_refuses_nothing_for_long() -> None:
    """To a login it says what it says to every action; it is back before a secret is mended."""

    async def body() -> None:
        pace = Timeouts(answer=0.3, backoff=(0.0,), refused=2 * SLOW_WORLD)
        async with FakeAmi() as ami:
            ami.answers["Login"] = lambda _action: block(
                Response="Error", Message="Asterisk is shutting down"
            )
            async with running(ami.port, pace=pace) as (link, received_at):
                assert "refuses new calls (503)" in await received_at.said("stopping")
                assert link.stopping
                del ami.answers["Login"]
                await received_at.said("stopping", "up")
                assert not link.stopping

    asyncio.run(body())


def test_nobody_listens_then_somebody_does() -> None:
    async def body() -> None:
        async with FakeAmi() as gone:
            port = gone.port
        async with running(port) as (_link, received_at):
            assert await received_at.said("unreachable") == (
                f"cannot reach Asterisk at 127.0.0.1:{port}: Connection refused"
            )
            async with FakeAmi(port=port):
                await received_at.said("unreachable", "up")

    asyncio.run(body())


@pytest.mark.parametrize(
    ("greeting", "why"),
    [
        (b"", "no answer"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "what answers there is not Asterisk's manager"),
    ],
)
def test_a_peer_that_is_not_asterisk_is_reported_once(greeting: bytes, why: str) -> None:
    async def body() -> None:
        pace = Timeouts(answer=0.05, backoff=(0.0,))
        tried = asyncio.Semaphore(0)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tried.release()
            writer.write(greeting)
            await reader.read()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with running(port, pace=pace) as (_link, received_at), asyncio.timeout(SLOW_WORLD):
            for _ in range(4):
                await tried.acquire()
            assert await received_at.said("unreachable") == (
                f"cannot reach Asterisk at 127.0.0.1:{port}: {why}"
            )
        server.close()

    asyncio.run(body())


def test_a_server_that_hangs_up_at_once_is_no_storm_of_reports() -> None:
    async def body() -> None:
        async with FakeAmi() as ami:
            ami.answers["Login"] = lambda _action: ami.cut() or ""  # type: ignore[func-returns-value]
            async with running(ami.port) as (_link, received_at):
                await ami.until(lambda: ami.connections >= 5)
                assert received_at.kinds == ["unreachable"]
                assert received_at.ups == 0

    asyncio.run(body())


def test_an_asterisk_whose_places_others_hold_is_asked_again_and_again_at_once() -> None:
    async def body() -> None:
        # `backoff` alone would never bring the second attempt
        pace = Timeouts(answer=SLOW_WORLD, backoff=(10 * SLOW_WORLD,), crowded=0.001)
        async with FakeAmi() as ami:
            ami.full = True
            async with running(ami.port, pace=pace) as (_link, received_at):
                await ami.until(lambda: ami.connections >= 20)
                assert "closes each new connection at once" in await received_at.said("crowded")
                ami.full = False
                await received_at.said("crowded", "up")

    asyncio.run(body())


def test_a_silent_asterisk_is_noticed_and_found_again() -> None:
    async def body() -> None:
        async with FakeAmi() as ami, running(ami.port) as (link, received_at):
            await received_at.said("up")
            ami.silent = True
            text = await received_at.said("up", "down")
            assert text == (
                f"lost Asterisk at 127.0.0.1:{ami.port}: no answer to a ping (no answer)"
            )
            assert not link.up
            assert received_at.downs == 1
            ami.silent = False
            await received_at.until(lambda: received_at.kinds[-1] == "up")
            assert received_at.ups == 2

    asyncio.run(body())


def test_the_deadline_of_a_sign_of_life_is_the_silent_seconds() -> None:
    async def body() -> None:
        pace = Timeouts(answer=SLOW_WORLD, keepalive=0.01, silent=0.1, backoff=(SLOW_WORLD,))
        async with FakeAmi() as ami, running(ami.port, pace=pace) as (_link, received_at):
            await received_at.said("up")
            loop = asyncio.get_running_loop()
            ami.silent = True
            began = loop.time()
            await received_at.said("up", "down")
            assert loop.time() - began < 2.0  # 0.11 s, and room for a busy machine

    asyncio.run(body())


@pytest.mark.parametrize("polite", [True, False])
def test_asterisk_ends_the_connection_and_comes_back(polite: bool) -> None:
    async def body() -> None:
        async with FakeAmi() as ami, running(ami.port) as (_link, received_at):
            await received_at.said("up")
            if polite:
                ami.emit(Event="Shutdown", Shutdown="Cleanly", Restart="True")
            else:
                ami.cut()
            await received_at.until(lambda: "down" in received_at.kinds)
            why = "Asterisk shut down" if polite else "Asterisk closed the connection"
            where = f"Asterisk at 127.0.0.1:{ami.port}"
            assert received_at.reports[1][1] in (
                f"lost {where}: {why}",
                f"lost {where}: Connection reset by peer",
            )
            await received_at.said("up", "down", "up")
            assert (received_at.ups, received_at.downs) == (2, 1)

    asyncio.run(body())


def test_the_secret_is_asked_for_at_each_login() -> None:
    async def body() -> None:
        async with FakeAmi() as ami:
            said = iter(["another", "another", "right"])
            address = AmiAddress("127.0.0.1", ami.port, "ivrd", lambda: next(said))
            heard = Heard()
            link = AmiClient(address, LeaderGuard(), heard.report, None, FAST)
            task = asyncio.create_task(link.run(heard))
            await heard.said("refused", "up")
            task.cancel()
            await asyncio.wait([task])
            assert len(ami.named("Login")) == 3

    asyncio.run(body())
