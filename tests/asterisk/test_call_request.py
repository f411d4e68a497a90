"""The request for a call: sent again until it is taken, and each final answer gets its ACK."""

import asyncio
import re
from collections.abc import Awaitable, Callable

import pytest

from ivrd.asterisk.call_request import HOST, CallRequests, NotPlaced
from tests.asterisk.fake_sip import Answers, FakeSip, fake_sip


def run(answers: Answers, body: Callable[[FakeSip, CallRequests], Awaitable[None]]) -> None:
    async def inside() -> None:
        async with fake_sip(answers) as asterisk:
            requests = CallRequests()
            try:
                await body(asterisk, requests)
            finally:
                requests.close()

    asyncio.run(inside())


def test_it_is_placed_as_soon_as_asterisk_has_taken_it_and_the_end_is_acknowledged() -> None:
    async def body(asterisk: FakeSip, requests: CallRequests) -> None:
        await requests.place(asterisk.port, "ab12001")
        await asterisk.acknowledged.wait()
        invite, ack = asterisk.came
        assert invite.startswith(f"INVITE sip:ab12001@{HOST}:{asterisk.port} SIP/2.0\r\n")
        assert "Content-Length: 0" in invite  # no sound is offered
        assert ack.startswith("ACK sip:ab12001@")
        assert ";tag=theirs" in ack
        branch = re.compile("branch=([^;\r]+)")
        assert branch.findall(invite) == branch.findall(ack)  # RFC 3261, 17.1.1.3

    run(lambda _n, _text: ["100 Trying", "480 Temporarily Unavailable"], body)


def test_one_that_is_lost_is_sent_again_and_is_the_same() -> None:
    async def body(asterisk: FakeSip, requests: CallRequests) -> None:
        await requests.place(asterisk.port, "ab12001")
        first, second = asterisk.came
        assert first == second

    run(lambda n, _text: [] if n == 1 else ["100 Trying"], body)


@pytest.mark.parametrize("status", ["404 Not Found", "503 Service Unavailable", "401 Unauthorized"])
def test_what_asterisk_refuses_is_told(status: str) -> None:
    async def body(asterisk: FakeSip, requests: CallRequests) -> None:
        with pytest.raises(NotPlaced, match=status[:3]):
            await requests.place(asterisk.port, "ab12001")
        await asterisk.acknowledged.wait()

    run(lambda _n, _text: [status], body)


def test_rubbish_on_the_socket_is_nobodys_answer() -> None:
    async def body(asterisk: FakeSip, requests: CallRequests) -> None:
        requests.datagram_received(b"SIP/2.0 200 OK\r\n\r\n", ("127.0.0.1", 1))
        requests.datagram_received(b"\xff\x00", ("127.0.0.1", 1))
        await requests.place(asterisk.port, "ab12001")

    run(lambda _n, _text: ["100 Trying"], body)


def test_nobody_there_is_told() -> None:
    async def body(asterisk: FakeSip, requests: CallRequests) -> None:
        port = asterisk.port
        asterisk.transport.close()
        with pytest.raises(NotPlaced, match="does not answer"):
            await requests.place(port, "ab12001")

    run(lambda _n, _text: [], body)
