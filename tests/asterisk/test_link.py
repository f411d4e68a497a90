"""The link comes up, notices every way of going down, and comes back."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from panoramisk.message import Message

from ivrd.asterisk.link import Address, Link, Pace, Refused
from ivrd.asterisk.wire import LinkLost
from tests.asterisk.fake_ami import FakeAmi, block, denied, mute, rows

FAST = Pace(answer=0.3, beat=0.02, silent=0.2, again=(0.01, 0.02), refused=0.01, steady=60.0)
SLOW_WORLD = 10.0  # seconds after which a wait of a test has failed


async def nothing() -> None:
    """A rebuild that has nothing to do."""


class Heard:
    """What a link tells the one that it works for."""

    def __init__(self) -> None:
        self.events: list[Message] = []
        self.reports: list[tuple[str, str]] = []
        self.ups = 0  # rebuilds begun
        self.downs = 0
        self._news = asyncio.Event()

    def event(self, message: Message) -> None:
        self.events.append(message)
        self._news.set()

    def report(self, kind: str, text: str) -> None:
        self.reports.append((kind, text))
        self._news.set()

    def down(self) -> None:
        self.downs += 1
        self._news.set()

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _text in self.reports]

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(SLOW_WORLD):
            while not true():
                self._news.clear()
                await self._news.wait()

    async def said(self, *kinds: str) -> str:
        """Wait for exactly these reports since the beginning; the last one's text."""
        await self.until(lambda: len(self.reports) >= len(kinds))
        assert self.kinds == list(kinds)
        return self.reports[-1][1]


@asynccontextmanager
async def running(
    port: int, on_up: Callable[[], Awaitable[None]] = nothing, pace: Pace = FAST
) -> AsyncIterator[tuple[Link, Heard]]:
    heard = Heard()

    async def up() -> None:
        heard.ups += 1
        await on_up()

    address = Address("127.0.0.1", port, "ivrd", "right")
    link = Link(address, heard.event, up, heard.down, heard.report, pace)
    task = asyncio.create_task(link.run())
    try:
        yield link, heard
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):  # anything else has killed the run
            await task


def test_up_after_the_rebuild_and_asterisk_hears_from_us_on_its_own_clock() -> None:
    async def body() -> None:
        async with FakeAmi() as ami, running(ami.port) as (link, heard):
            text = await heard.said("up")
            assert text == f"connected to Asterisk at 127.0.0.1:{ami.port} (AMI 11.0.0)"
            assert link.up
            beats = await ami.got("Setvar", 5)
            assert {(b["Variable"], b["Value"]) for b in beats} == {("IVRD_SEEN", "1644800000")}
            assert heard.kinds == ["up"]
            assert heard.ups == 1

    asyncio.run(body())


def test_no_rebuild_before_asterisk_has_booted_but_signs_of_life_all_the_while() -> None:
    async def body() -> None:
        patient = Pace(answer=SLOW_WORLD, beat=0.01, again=(0.01,))
        async with FakeAmi() as ami:
            ami.booted = False
            async with running(ami.port, pace=patient) as (link, heard):
                await ami.got("Ping", 5)
                assert heard.ups == 0
                assert not link.up
                ami.emit(Event="FullyBooted", Privilege="system,all")
                await heard.said("up")

    asyncio.run(body())


def test_a_user_who_is_not_told_that_asterisk_booted_gets_his_rebuild_all_the_same() -> None:
    async def body() -> None:
        async with FakeAmi() as ami:
            ami.booted = False
            async with running(ami.port) as (_link, heard):
                await heard.said("up")

    asyncio.run(body())


def test_a_wrong_secret_is_reported_once_without_the_secret_and_tried_again() -> None:
    async def body() -> None:
        async with FakeAmi(secret="another") as ami, running(ami.port) as (_link, heard):
            await ami.got("Login", 5)
            text = await heard.said("refused")
            assert text == (
                f"Asterisk at 127.0.0.1:{ami.port} refuses the login of user 'ivrd': "
                "manager.conf has another secret for it, or no such user"
            )
            assert heard.ups == heard.downs == 0
            ami.secret = "right"
            await heard.said("refused", "up")

    asyncio.run(body())


def test_a_refused_login_waits_longer_than_a_lost_connection() -> None:
    async def body() -> None:
        pace = Pace(answer=0.3, again=(0.0,), refused=SLOW_WORLD)
        async with FakeAmi(secret="another") as ami, running(ami.port, pace=pace) as (_link, heard):
            await heard.said("refused")
            await ami.until(lambda: ami.open == 0)
            # `again` is 0: all of that would have brought the next login
            for _ in range(100):
                await asyncio.sleep(0)
            assert len(ami.named("Login")) == 1

    asyncio.run(body())


def test_nobody_listens_then_somebody_does() -> None:
    async def body() -> None:
        async with FakeAmi() as gone:
            port = gone.port
        async with running(port) as (_link, heard):
            assert await heard.said("unreachable") == (
                f"cannot reach Asterisk at 127.0.0.1:{port}: Connection refused"
            )
            async with FakeAmi(port=port):
                await heard.said("unreachable", "up")

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
        pace = Pace(answer=0.05, again=(0.0,))
        tried = asyncio.Semaphore(0)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tried.release()
            writer.write(greeting)
            await reader.read()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with running(port, pace=pace) as (_link, heard), asyncio.timeout(SLOW_WORLD):
            for _ in range(4):
                await tried.acquire()
            assert await heard.said("unreachable") == (
                f"cannot reach Asterisk at 127.0.0.1:{port}: {why}"
            )
        server.close()

    asyncio.run(body())


def test_a_server_that_hangs_up_at_once_is_no_storm_of_reports() -> None:
    async def body() -> None:
        async with FakeAmi() as ami:
            ami.answers["Login"] = lambda _action: ami.cut() or ""  # type: ignore[func-returns-value]
            async with running(ami.port) as (_link, heard):
                await ami.until(lambda: ami.connections >= 5)
                assert heard.kinds == ["unreachable"]
                assert heard.ups == 0

    asyncio.run(body())


def test_a_silent_asterisk_is_noticed_and_found_again() -> None:
    async def body() -> None:
        async with FakeAmi() as ami, running(ami.port) as (link, heard):
            await heard.said("up")
            ami.silent = True
            text = await heard.said("up", "down")
            assert text == (f"lost Asterisk at 127.0.0.1:{ami.port}: no sign of life (no answer)")
            assert not link.up
            assert heard.downs == 1
            ami.silent = False
            await heard.until(lambda: heard.kinds[-1] == "up")
            assert heard.ups == 2

    asyncio.run(body())


def test_the_deadline_of_a_sign_of_life_is_the_silent_seconds() -> None:
    async def body() -> None:
        pace = Pace(answer=SLOW_WORLD, beat=0.01, silent=0.1, again=(SLOW_WORLD,))
        async with FakeAmi() as ami, running(ami.port, pace=pace) as (_link, heard):
            await heard.said("up")
            loop = asyncio.get_running_loop()
            ami.silent = True
            began = loop.time()
            await heard.said("up", "down")
            assert loop.time() - began < 2.0  # 0.11 s, and room for a busy machine

    asyncio.run(body())


@pytest.mark.parametrize("polite", [True, False])
def test_asterisk_ends_the_connection_and_comes_back(polite: bool) -> None:
    async def body() -> None:
        async with FakeAmi() as ami, running(ami.port) as (_link, heard):
            await heard.said("up")
            if polite:
                ami.emit(Event="Shutdown", Shutdown="Cleanly", Restart="True")
            else:
                ami.cut()
            await heard.until(lambda: "down" in heard.kinds)
            why = "Asterisk shut down" if polite else "Asterisk closed the connection"
            where = f"Asterisk at 127.0.0.1:{ami.port}"
            assert heard.reports[1][1] in (
                f"lost {where}: {why}",
                f"lost {where}: Connection reset by peer",
            )
            await heard.said("up", "down", "up")
            assert (heard.ups, heard.downs) == (2, 1)

    asyncio.run(body())


def test_an_unanswered_action_fails_and_is_not_sent_again() -> None:
    async def body() -> None:
        async with FakeAmi() as ami, running(ami.port) as (link, heard):
            ami.answers["Redirect"] = mute
            await heard.said("up")
            told = link.tell("Redirect", Channel="PJSIP/a-1")
            listed = asyncio.ensure_future(link.ask_list("QueueStatus"))
            ami.answers["QueueStatus"] = mute
            await ami.got("QueueStatus")
            ami.cut()
            with pytest.raises(LinkLost):
                await told
            with pytest.raises(LinkLost):
                await listed
            await heard.said("up", "down", "up")
            await ami.got("Ping", len(ami.named("Ping")) + 3)
            assert len(ami.named("Redirect")) == len(ami.named("QueueStatus")) == 1

    asyncio.run(body())


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Refused("QueueStatus: Permission denied"), "refused"),
        (TimeoutError(), "unreachable"),
        (LinkLost("gone"), "unreachable"),
        (ValueError("not a number"), "fault"),
    ],
)
def test_a_rebuild_that_fails_is_tried_again_on_a_new_connection(
    error: Exception, kind: str
) -> None:
    async def body() -> None:
        failures = 3
        links: list[Link] = []

        async def rebuild() -> None:
            nonlocal failures
            assert not links[0].up
            failures -= 1
            if failures >= 0:
                raise error

        async with FakeAmi() as ami, running(ami.port, rebuild) as (link, heard):
            links.append(link)
            await heard.said(kind, "up")
            assert heard.ups == 4
            assert heard.downs == 3
            assert ami.connections == 4

    asyncio.run(body())


def test_a_connection_lost_in_the_middle_of_a_rebuild_counts_as_down() -> None:
    async def body() -> None:
        asked: list[Link] = []
        fates: list[str] = []

        async def rebuild() -> None:
            try:
                await asked[0].ask_list("QueueStatus")
                fates.append("done")
            except LinkLost:
                fates.append("lost")
                raise

        async with FakeAmi() as ami:
            ami.answers["QueueStatus"] = mute
            pace = Pace(answer=SLOW_WORLD, again=(0.01,))
            async with running(ami.port, rebuild, pace) as (link, heard):
                asked.append(link)
                await ami.got("QueueStatus")
                ami.answers["QueueStatus"] = rows("QueueStatus")
                ami.cut()
                await heard.said("unreachable", "up")
                assert fates == ["lost", "done"]
                assert heard.downs == 1

    asyncio.run(body())


def test_a_user_without_the_right_to_set_variables_is_told_so() -> None:
    async def body() -> None:
        async with FakeAmi() as ami:
            ami.answers["Setvar"] = denied
            async with running(ami.port) as (_link, heard):
                text = await heard.said("refused")
                where = f"Asterisk at 127.0.0.1:{ami.port}"
                assert text == f"{where} refuses Setvar: Permission denied"

    asyncio.run(body())


def test_events_come_in_order_from_the_login_on_and_none_is_lost_while_rebuilding() -> None:
    async def body() -> None:
        asked: list[Link] = []

        async def rebuild() -> None:
            await asked[0].ask_list("QueueStatus")

        numbers = iter(range(10_000))

        def some_events(count: int) -> str:
            return "".join(block(Event="Hangup", Uniqueid=str(next(numbers))) for _ in range(count))

        async with FakeAmi() as ami:
            accepted = block(Response="Success") + block(Event="FullyBooted")
            ami.answers["Login"] = lambda _action: accepted + some_events(3)
            ami.answers["QueueStatus"] = lambda action: some_events(5) + rows("QueueStatus")(action)
            async with running(ami.port, rebuild) as (link, heard):
                asked.append(link)
                await heard.said("up")
                ami.raw(some_events(200).encode())
                await heard.until(lambda: len(heard.events) == 1 + 208)
                seen = [m.uniqueid for m in heard.events if m.event == "Hangup"]
                assert seen == [str(n) for n in range(208)]

    asyncio.run(body())


def test_a_list_and_a_refusal_of_one() -> None:
    async def body() -> None:
        member = {"Event": "QueueMember", "Name": "ที่นั่ง"}
        async with FakeAmi() as ami, running(ami.port) as (link, heard):
            await heard.said("up")
            ami.answers["QueueStatus"] = rows("QueueStatus", member, member)
            assert [m.name for m in await link.ask_list("QueueStatus")] == ["ที่นั่ง"] * 2
            ami.answers["QueueStatus"] = denied
            with pytest.raises(Refused, match="QueueStatus: Permission denied"):
                await link.ask_list("QueueStatus")
            ami.answers["QueueAdd"] = denied
            with pytest.raises(Refused, match="QueueAdd: Permission denied"):
                await link.ask("QueueAdd")

    asyncio.run(body())


def test_an_answer_that_does_not_come_is_waited_for_so_long_and_no_longer() -> None:
    async def body() -> None:
        async with FakeAmi() as ami, running(ami.port) as (link, heard):
            await heard.said("up")
            ami.answers["QueueAdd"] = mute
            with pytest.raises(TimeoutError):
                await link.ask("QueueAdd")
            ami.answers["QueueStatus"] = mute
            with pytest.raises(TimeoutError):
                await link.ask_list("QueueStatus")
            assert heard.kinds == ["up"]

    asyncio.run(body())


def test_after_the_farewell_no_sign_of_life_says_otherwise() -> None:
    async def body() -> None:
        async with FakeAmi() as ami, running(ami.port) as (link, heard):
            await heard.said("up")
            await link.withdraw()
            farewell = len(ami.named("Setvar"))
            await ami.got("Ping", len(ami.named("Ping")) + 5)
            assert ami.named("Setvar")[farewell - 1]["Value"] == "0"
            assert len(ami.named("Setvar")) == farewell

    asyncio.run(body())


@pytest.mark.parametrize("moment", ["connecting", "rebuilding", "up"])
def test_cancelling_the_run_closes_the_connection(moment: str) -> None:
    async def body() -> None:
        async def for_ever() -> None:
            await asyncio.Event().wait()

        async with FakeAmi() as ami:
            if moment == "connecting":
                ami.answers["Login"] = mute
            on_up = for_ever if moment == "rebuilding" else nothing
            async with running(ami.port, on_up, Pace()) as (link, heard):
                await ami.got("Login" if moment == "connecting" else "Setvar")
                if moment == "up":
                    await heard.said("up")
            await ami.until(lambda: ami.open == 0)
            with pytest.raises(LinkLost, match="not connected"):
                link.tell("Ping")

    asyncio.run(body())


def test_without_a_connection_nothing_can_be_asked() -> None:
    async def body() -> None:
        link = Link(
            Address("127.0.0.1", 1, "u", "s"), print, nothing, lambda: None, lambda *_: None
        )
        with pytest.raises(LinkLost, match="not connected to Asterisk"):
            await link.ask("Ping")
        with pytest.raises(LinkLost, match="not connected to Asterisk"):
            await link.ask_list("QueueStatus")

    asyncio.run(body())
