"""What Asterisk sends wakes ivrd when somebody waits for it; an acknowledgement alone does not."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

from ivrd.asterisk.ami_protocol import UNHURRIED_BYTES, AmiProtocol

GREETING = b"Asterisk Call Manager/11.0.0\r\n"
EVENT = b"Event: Hangup\r\nUniqueid: 1.1\r\nChannel: " + b"x" * UNHURRIED_BYTES + b"\r\n\r\n"


class Peer:
    """The other end, and the protocol at this one."""

    def __init__(self, far: socket.socket, wire: AmiProtocol) -> None:
        self.far = far
        self.wire = wire

    @property
    def least(self) -> int:
        """How many bytes wake ivrd."""
        ours: socket.socket = self.wire.transport.get_extra_info("socket")
        return ours.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT)

    def answer(self, response: str = "Success", message: str = "Added AGI command") -> None:
        """Answer all that is not answered."""
        ids = list(self.wire.responses)
        form = f"Response: {response}\r\nActionID: {{}}\r\nMessage: {message}\r\n\r\n"
        self.far.send(b"".join(form.format(each).encode() for each in ids))


def tcp_pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of a connection: of Unix sockets SO_RCVLOWAT is not looked at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        near = socket.create_connection(server.getsockname())
        far, _address = server.accept()
    far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return near, far


def connected(test: Callable[[Peer, asyncio.Event], Awaitable[None]]) -> None:
    """Run a body with a connection over real sockets; the event is set by each of Asterisk's."""

    async def body() -> None:
        near, far = tcp_pair()
        seen = asyncio.Event()
        _, wire = await asyncio.get_running_loop().create_connection(
            lambda: AmiProtocol(lambda _message: seen.set(), lambda _why: None), sock=near
        )
        far.send(GREETING + EVENT)
        await seen.wait()
        seen.clear()
        await test(Peer(far, wire), seen)
        wire.close()
        far.close()

    asyncio.run(asyncio.wait_for(body(), 30))


async def told(peer: Peer) -> None:
    """The first answer to an action says how long such an acknowledgement is, and is waited for."""
    answer = peer.wire.send({"Action": "AGI"}, hurry=False)
    peer.answer()
    await answer


def test_an_answer_that_is_awaited_wakes_at_its_first_byte() -> None:
    async def test(peer: Peer, _seen: asyncio.Event) -> None:
        answer = peer.wire.send({"Action": "Getvar"})
        assert peer.least == 1
        peer.answer()
        assert (await answer).response == "Success"
        await asyncio.sleep(0)
        assert peer.least == UNHURRIED_BYTES

    connected(test)


def test_an_acknowledgement_is_read_with_the_next_event() -> None:
    async def test(peer: Peer, seen: asyncio.Event) -> None:
        await told(peer)
        answer = peer.wire.send({"Action": "AGI"}, hurry=False)
        await asyncio.sleep(0)
        peer.answer()
        await asyncio.sleep(0.05)  # nothing happens in it
        assert not answer.done()
        peer.far.send(EVENT)
        await seen.wait()
        assert answer.done()
        await asyncio.sleep(0)
        assert peer.least == UNHURRIED_BYTES

    connected(test)


def test_a_refusal_that_is_longer_than_an_acknowledgement_wakes() -> None:
    async def test(peer: Peer, _seen: asyncio.Event) -> None:
        await told(peer)
        answers = [peer.wire.send({"Action": "AGI"}, hurry=False) for _ in range(2)]
        await asyncio.sleep(0)
        peer.answer("Error", "Channel PJSIP/carrier-00000001 does not exist")
        assert {(await each).response for each in answers} == {"Error"}

    connected(test)


def test_many_that_are_to_come_do_not_keep_an_event_waiting() -> None:
    async def test(peer: Peer, seen: asyncio.Event) -> None:
        await told(peer)
        for _ in range(100):
            peer.wire.send({"Action": "AGI"}, hurry=False)
        await asyncio.sleep(0)
        assert peer.least == UNHURRIED_BYTES
        peer.far.send(EVENT)
        await seen.wait()

    connected(test)


def test_the_rest_of_half_a_message_wakes_however_short_it_is() -> None:
    async def test(peer: Peer, seen: asyncio.Event) -> None:
        peer.far.send(EVENT + EVENT[:-3])
        await seen.wait()
        seen.clear()
        assert peer.least == 1
        peer.far.send(EVENT[-3:])
        await seen.wait()

    connected(test)


def test_nobody_waits_for_an_answer_that_was_given_up() -> None:
    async def test(peer: Peer, _seen: asyncio.Event) -> None:
        peer.wire.send({"Action": "Getvar"}).cancel()
        await asyncio.sleep(0)
        assert peer.least == UNHURRIED_BYTES

    connected(test)
