"""What goes over a link: answers, events, and the rebuild after each login."""

import asyncio

import pytest

from ivrd.asterisk.ami_action import ConnectionLost
from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.ami_link import ActionRefused, AmiAddress, Timeouts
from ivrd.asterisk.ami_protocol import READ_BYTES
from ivrd.asterisk.leader_guard import LeaderGuard
from tests.asterisk.ami_client_rig import FAST, SLOW_WORLD, nothing, running
from tests.asterisk.fake_ami import FakeAmi, block, denied, mute, rows
from tests.asterisk.virtual import run


def test_an_unanswered_action_fails_and_is_not_sent_again() -> None:
    async def body() -> None:
        async with FakeAmi() as ami, running(ami.port) as (link, received_at):
            ami.answers["Redirect"] = mute
            await received_at.said("up")
            told = link.tell("Redirect", Channel="PJSIP/a-1")
            listed = asyncio.ensure_future(link.ask_list("QueueStatus"))
            ami.answers["QueueStatus"] = mute
            await ami.got("QueueStatus")
            ami.cut()
            with pytest.raises(ConnectionLost):
                await told
            with pytest.raises(ConnectionLost):
                await listed
            await received_at.said("up", "down", "up")
            await ami.got("Ping", len(ami.named("Ping")) + 3)
            assert len(ami.named("Redirect")) == len(ami.named("QueueStatus")) == 1

    asyncio.run(body())


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ActionRefused("QueueStatus: Permission denied"), "refused"),
        (TimeoutError(), "unreachable"),
        (ConnectionLost("gone"), "unreachable"),
        (ValueError("not a number"), "fault"),
    ],
)
def test_a_rebuild_that_fails_is_tried_again_on_a_new_connection(
    error: Exception, kind: str
) -> None:
    async def body() -> None:
        failures = 3
        links: list[AmiClient] = []

        async def rebuild() -> None:
            nonlocal failures
            assert not links[0].up
            failures -= 1
            if failures >= 0:
                raise error

        async with FakeAmi() as ami, running(ami.port, rebuild) as (link, received_at):
            links.append(link)
            await received_at.said(kind, "up")
            assert received_at.ups == 4
            assert received_at.downs == 3
            assert ami.connections == 4

    asyncio.run(body())


def test_a_connection_lost_in_the_middle_of_a_rebuild_counts_as_down() -> None:
    async def body() -> None:
        asked: list[AmiClient] = []
        fates: list[str] = []

        async def rebuild() -> None:
            try:
                await asked[0].ask_list("QueueStatus")
                fates.append("done")
            except ConnectionLost:
                fates.append("lost")
                raise

        async with FakeAmi() as ami:
            ami.answers["QueueStatus"] = mute
            pace = Timeouts(answer=SLOW_WORLD, backoff=(0.01,))
            async with running(ami.port, rebuild, pace) as (link, received_at):
                asked.append(link)
                await ami.got("QueueStatus")
                ami.answers["QueueStatus"] = rows("QueueStatus")
                ami.cut()
                await received_at.said("unreachable", "up")
                assert fates == ["lost", "done"]
                assert received_at.downs == 1

    asyncio.run(body())


def test_a_user_without_the_right_to_set_variables_is_told_so() -> None:
    async def body() -> None:
        async with FakeAmi() as ami:
            ami.answers["Setvar"] = denied
            async with running(ami.port) as (_link, received_at):
                text = await received_at.said("refused")
                where = f"Asterisk at 127.0.0.1:{ami.port}"
                assert text == f"{where} refuses Setvar: Permission denied"

    asyncio.run(body())


def test_events_come_in_order_from_the_login_on_and_none_is_lost_while_rebuilding() -> None:
    async def body() -> None:
        asked: list[AmiClient] = []

        async def rebuild() -> None:
            await asked[0].ask_list("QueueStatus")

        numbers = iter(range(10_000))

        def some_events(count: int) -> str:
            return "".join(block(Event="Hangup", Uniqueid=str(next(numbers))) for _ in range(count))

        async with FakeAmi() as ami:
            accepted = block(Response="Success") + block(Event="FullyBooted")
            ami.answers["Login"] = lambda _action: accepted + some_events(3)
            ami.answers["QueueStatus"] = lambda action: some_events(5) + rows("QueueStatus")(action)
            async with running(ami.port, rebuild) as (link, received_at):
                asked.append(link)
                await received_at.said("up")
                ami.raw(some_events(200).encode())
                await received_at.until(lambda: len(received_at.events) == 1 + 208)
                seen = [m.uniqueid for m in received_at.events if m.event == "Hangup"]
                assert seen == [str(n) for n in range(208)]

    asyncio.run(body())


def test_a_list_and_a_refusal_of_one() -> None:
    async def body() -> None:
        member = {"Event": "QueueMember", "Name": "ที่นั่ง"}
        async with FakeAmi() as ami, running(ami.port) as (link, received_at):
            await received_at.said("up")
            ami.answers["QueueStatus"] = rows("QueueStatus", member, member)
            assert [m.name for m in await link.ask_list("QueueStatus")] == ["ที่นั่ง"] * 2
            ami.answers["QueueStatus"] = denied
            with pytest.raises(ActionRefused, match="QueueStatus: Permission denied"):
                await link.ask_list("QueueStatus")
            ami.answers["QueueAdd"] = denied
            with pytest.raises(ActionRefused, match="QueueAdd: Permission denied"):
                await link.ask("QueueAdd")

    asyncio.run(body())


def test_an_answer_that_does_not_come_is_waited_for_so_long_and_no_longer() -> None:
    async def body() -> None:
        async with FakeAmi() as ami, running(ami.port) as (link, received_at):
            await received_at.said("up")
            ami.answers["QueueAdd"] = mute
            with pytest.raises(TimeoutError):
                await link.ask("QueueAdd")
            ami.answers["QueueStatus"] = mute
            with pytest.raises(TimeoutError):
                await link.ask_list("QueueStatus")
            assert received_at.kinds == ["up"]

    asyncio.run(body())


def test_a_list_that_takes_longer_than_a_ping_may_is_no_silence() -> None:
    """Asterisk answers a ping when the list is over that was asked for before it."""

    async def body() -> None:
        async with FakeAmi() as ami, running(ami.port) as (link, received_at):
            await received_at.said("up")
            ami.silent = True
            asked = asyncio.ensure_future(link.ask_list("QueueStatus"))
            mark = {"ActionID": (await ami.got("QueueStatus"))[0]["ActionID"]}
            ami.emit(Response="Success", EventList="start", **mark)
            for _ in range(10):
                await asyncio.sleep(FAST.silent / 2)
                ami.emit(Event="QueueMember", **mark)
            ami.silent = False
            ami.emit(Event="QueueStatusComplete", EventList="Complete", **mark)
            assert len(await asked) == 10
            assert received_at.kinds == ["up"]

    run(body())


def test_between_the_events_of_a_storm_all_else_has_its_turn() -> None:
    async def body() -> None:
        async with FakeAmi() as ami, running(ami.port) as (_link, received_at):
            await received_at.said("up")
            event = block(Event="Hangup", Uniqueid="1.1", Channel="x" * 1000)
            ami.raw(event.encode() * 1000)
            most = before = 0
            while before < 1000:
                await asyncio.sleep(0)
                come = len(received_at.events)
                most, before = max(most, come - before), come
            assert most <= READ_BYTES / len(event) + 1

    run(body())


def test_after_the_farewell_no_sign_of_life_says_otherwise() -> None:
    async def body() -> None:
        async with FakeAmi() as ami, running(ami.port) as (link, received_at):
            await received_at.said("up")
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
            async with running(ami.port, on_up, Timeouts()) as (link, received_at):
                await ami.got("Login" if moment == "connecting" else "Setvar")
                if moment == "up":
                    await received_at.said("up")
            await ami.until(lambda: ami.open == 0)
            with pytest.raises(ConnectionLost, match="not connected"):
                link.tell("Ping")

    asyncio.run(body())


def test_without_a_connection_nothing_can_be_asked() -> None:
    async def body() -> None:
        link = AmiClient(
            AmiAddress("127.0.0.1", 1, "u", lambda: "s"), LeaderGuard(), lambda *_: None, None
        )
        with pytest.raises(ConnectionLost, match="not connected to Asterisk"):
            await link.ask("Ping")
        with pytest.raises(ConnectionLost, match="not connected to Asterisk"):
            await link.ask_list("QueueStatus")

    asyncio.run(body())
