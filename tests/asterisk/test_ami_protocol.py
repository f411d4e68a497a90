"""Bytes in, messages out; headers in, one action out: whatever the bytes and the headers are."""

import asyncio
import itertools
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.asterisk.ami_action import LINE_LIMIT, BadValue, ConnectionLost
from ivrd.asterisk.ami_protocol import BUFFER_LIMIT, AmiProtocol

GREETING = b"Asterisk Call Manager/11.0.0\r\n"
GOOD = "Event: Hangup\r\nUniqueid: 1.1\r\nCause-txt: สายหลุด\r\n\r\n".encode()
STREAM = (
    GREETING
    + b"Response: Success\r\nActionID: other\r\nMessage: ok\r\n\r\n"
    + "Event: Newchannel\r\nCallerIDName: สมชาย ใจดี\r\nUniqueid: 7.1\r\n\r\n".encode()
    + b"Event: AsyncAGIExec\r\nCommandID: a.1\r\nResult: 200%20result%3D0%0A\r\n\r\n"
    + "Event: QueueCallerJoin\r\nQueue: วัคซีน\r\nPosition: 1\r\n\r\n".encode()
    + GOOD
)


class Socket(asyncio.Transport):
    """Takes what is sent; ends the connection as asyncio does, a moment after it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.writes = 0
        self.ended = False
        self.wire: AmiProtocol | None = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += bytes(data)
        self.writes += 1

    def close(self) -> None:
        if not self.ended and self.wire is not None:
            self.ended = True
            asyncio.get_running_loop().call_soon(self.wire.connection_lost, None)

    abort = close


class Rig:
    """A wire with everything that it says."""

    def __init__(self, greeted: bool = True) -> None:
        self.events: list[dict[str, str]] = []
        self.lost: list[str] = []
        self.action_id = ""
        self.socket = Socket()
        self.wire = AmiProtocol(lambda message: self.events.append(dict(message)), self.lost.append)
        self.socket.wire = self.wire
        self.wire.connection_made(self.socket)
        if greeted:
            self.wire.data_received(GREETING)

    def send(self, action: str, as_list: bool = False) -> "asyncio.Future[Any]":
        return self.send_all({"Action": action}, as_list)

    def send_all(self, headers: dict[str, Any], as_list: bool = False) -> "asyncio.Future[Any]":
        future = self.wire.send(headers, as_list=as_list)
        self.action_id = list(self.wire.responses)[-1]
        return future

    def answer(self, text: str) -> None:
        """Messages; ActionID stands for that of the last action."""
        text = text.replace("ActionID\n", f"ActionID: {self.action_id}\n")
        self.wire.data_received(text.replace("\n", "\r\n").encode())


def in_loop(test: Callable[[], object]) -> None:
    """Run a body that needs a running loop, and what it has set off."""

    async def body() -> None:
        test()
        await asyncio.sleep(0)

    asyncio.run(body())


# --- what comes in -------------------------------------------------------------------------


def _read(pieces: list[bytes]) -> tuple[str | None, list[dict[str, str]]]:
    rig = Rig(greeted=False)
    for piece in pieces:
        rig.wire.data_received(piece)
    return rig.wire.version, rig.events


@given(st.sets(st.integers(1, len(STREAM) - 1)))
def test_the_stream_split_anywhere_gives_the_same_messages(cuts: set[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[a:b] for a, b in itertools.pairwise(edges)]
    version, events = _read(pieces)
    assert version == "11.0.0"
    assert [event["Event"] for event in events] == [
        "Newchannel",
        "AsyncAGIExec",
        "QueueCallerJoin",
        "Hangup",
    ]
    assert events[0]["CallerIDName"] == "สมชาย ใจดี"
    assert events[1]["Result"] == "200 result=0"
    assert events[2]["Queue"] == "วัคซีน"
    assert (version, events) == _read([STREAM])


def test_byte_by_byte_is_a_split_too() -> None:
    assert _read([STREAM[i : i + 1] for i in range(len(STREAM))]) == _read([STREAM])


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xff\xfe\xe0\xb8\r\n\r\n",
        b"\r\n\r\n\r\n\r\n",
        b"no colon here\r\n\r\n",
        b": a value without a name\r\n\r\n",
        b"Uniqueid: without an event\r\n\r\n",
        b"Event: \r\n\r\n",
        b"Event: NobodyKnowsThis\r\nNumber: 1\r\n\r\n",
        b"Response: Success\r\nActionID: nobody's\r\n\r\n",
        b"Response: Error\r\nMessage: for nobody\r\n\r\n",
        b"Event: Hangup\r\nEvent: Hangup\r\nActionID: 1\r\nActionID: 2\r\n\r\n",
        b"Response: Follows\r\n\r\n",
    ],
)
def test_garbage_costs_nothing_but_itself(garbage: bytes) -> None:
    rig = Rig()
    rig.wire.data_received(garbage + GOOD)
    assert rig.events[-1]["Cause-txt"] == "สายหลุด"
    assert rig.lost == []


@given(st.binary(max_size=300).filter(lambda noise: b"Shutdown" not in noise))
def test_any_bytes_leave_the_next_message_readable(noise: bytes) -> None:
    rig = Rig()
    rig.wire.data_received(noise + b"\r\n\r\n" + GOOD)
    assert rig.events[-1]["Uniqueid"] == "1.1"


def test_a_header_that_comes_twice_is_text_and_the_first_counts() -> None:
    rig = Rig()
    rig.answer("Event: UserEvent\nUserEvent: IvrdReceived\nUserEvent: Forged\nUniqueid: 1.1\n\n")
    assert rig.events[0]["UserEvent"] == "IvrdReceived"


@pytest.mark.parametrize(
    "other", [b"HTTP/1.1 400 Bad Request\r\n", b"SSH-2.0-x\r\n", b"\r\n", b"*"]
)
def test_a_peer_that_is_not_asterisk_is_given_up_in_plain_words(other: bytes) -> None:
    rig = Rig(greeted=False)
    in_loop(lambda: rig.wire.data_received(other))
    assert rig.lost == ["what answers there is not Asterisk's manager"]


def test_megabytes_without_an_end_are_not_kept() -> None:
    rig = Rig()

    def flood() -> None:
        for _ in range(64):
            if not rig.socket.ended:
                rig.wire.data_received(b"Event: Endless" * 2000)

    in_loop(flood)
    assert rig.lost == ["what answers there is not Asterisk's manager"]


def test_half_a_message_at_the_end_is_dropped() -> None:
    rig = Rig()
    rig.wire.data_received(GOOD + b"Event: Hangup\r\nUniqueid: 2.2")
    in_loop(lambda: rig.wire.connection_lost(None))
    assert [event["Uniqueid"] for event in rig.events] == ["1.1"]


def test_a_long_message_in_many_pieces_is_taken() -> None:
    rig = Rig()
    text = "".join(f"Header{n}: {'x' * 500}\r\n" for n in range(BUFFER_LIMIT // 600))
    for piece in (text[n : n + 1400] for n in range(0, len(text), 1400)):
        rig.wire.data_received(piece.encode())
    rig.wire.data_received(b"Event: Long\r\n\r\n")
    assert rig.events[0]["Event"] == "Long"


# --- what goes out -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Value": "x\r\nAction: Originate"},
        {"Value": "x\nAction: Originate"},
        {"Value": "x\rAction: Originate"},
        {"Value": "x\0y"},
        {"Value": "half a character: \ud800"},
        {"Value": "x" * LINE_LIMIT},
        {"Value": "ก" * (LINE_LIMIT // 3)},
        {"Value: x\r\nAction": "Originate"},
        {"Value:": "x"},
        {"Value": ["one", "two\r\nAction: Originate"]},
    ],
)
def test_a_value_that_breaks_out_of_its_line_is_refused_and_nothing_sent(
    headers: dict[str, Any],
) -> None:
    rig = Rig()

    def send() -> None:
        with pytest.raises(BadValue, match=r"one line of text|longer than the 1024 bytes"):
            rig.send_all({"Action": "Setvar", **headers})

    in_loop(send)
    assert rig.socket.sent == b""


@given(st.dictionaries(st.text(min_size=1), st.text(), max_size=4))
def test_what_is_sent_is_one_action_with_the_headers_given(headers: dict[str, str]) -> None:
    rig = Rig()
    wanted = {"Action": "Setvar"} | {f"X-{k}": v for k, v in headers.items()}

    def send() -> None:
        with suppress(BadValue):
            rig.send_all(wanted)

    in_loop(send)
    if rig.action_id:
        # Asterisk ends a line at LF, with or without CR (main/manager.c, get_input)
        lines = rig.socket.sent.decode().split("\n")
        sent = {**wanted, "ActionID": rig.action_id}
        assert [line.removesuffix("\r") for line in lines] == [
            *(f"{name}: {value}" for name, value in sent.items()),
            *("", ""),
        ]
    else:
        assert rig.socket.sent == b""


def test_the_longest_line_that_asterisk_takes_is_sent() -> None:
    rig = Rig()
    value = "x" * (LINE_LIMIT - 2 - len("Value: "))
    in_loop(lambda: rig.send_all({"Action": "Setvar", "Value": value}))
    assert value.encode() in rig.socket.sent


def test_what_is_sent_in_one_turn_of_the_loop_goes_out_together_and_in_order() -> None:
    async def body() -> None:
        rig = Rig()
        for name in ("One", "Two", "Three"):
            rig.send(name)
        assert rig.socket.writes == 0
        await asyncio.sleep(0)
        assert rig.socket.writes == 1
        names = [line for line in rig.socket.sent.split(b"\r\n") if line.startswith(b"Action:")]
        assert names == [b"Action: One", b"Action: Two", b"Action: Three"]

    asyncio.run(body())


def test_what_was_to_be_sent_goes_out_before_the_connection_is_closed() -> None:
    async def body() -> None:
        rig = Rig()
        rig.send("Setvar")
        rig.wire.close()
        assert b"Action: Setvar" in rig.socket.sent

    asyncio.run(body())


# --- answers -------------------------------------------------------------------------------


def test_the_end_fails_what_is_unanswered_and_nothing_more_is_sent() -> None:
    async def body() -> None:
        rig = Rig()
        redirect = rig.send("Redirect")
        status = rig.send("QueueStatus", as_list=True)
        await asyncio.sleep(0)
        sent = rig.socket.sent
        rig.wire.connection_lost(ConnectionResetError(104, "Connection reset by peer"))
        for future in (redirect, status):
            with pytest.raises(ConnectionLost, match="Connection reset by peer"):
                await future
        with pytest.raises(ConnectionLost, match="Connection reset by peer"):
            rig.send("Redirect")
        await asyncio.sleep(0)
        assert rig.socket.sent == sent
        assert rig.lost == ["Connection reset by peer"]

    asyncio.run(body())


def test_asterisk_says_that_it_shuts_down() -> None:
    rig = Rig()
    in_loop(lambda: rig.answer("Event: Shutdown\nShutdown: Cleanly\n\nEvent: Hangup\n\n"))
    assert rig.lost == ["Asterisk shut down"]
    assert rig.events == []


def test_a_list_is_collected_while_events_go_on() -> None:
    async def body() -> None:
        rig = Rig()
        future = rig.send("QueueStatus", as_list=True)
        rig.answer("Response: Success\nActionID\nEventList: start\n\n")
        rig.answer("Event: QueueMember\nActionID\nName: a\n\nEvent: Hangup\nUniqueid: 5\n\n")
        assert not future.done()
        rig.answer("Event: QueueStatusComplete\nActionID\nEventList: Complete\n\n")
        names = [message.event for message in await future]
        assert names == ["", "QueueMember", "QueueStatusComplete"]
        assert [event["Event"] for event in rig.events] == ["Hangup"]

    asyncio.run(body())


@pytest.mark.parametrize("as_list", [True, False])
def test_an_error_resolves_the_action_that_it_answers(as_list: bool) -> None:
    async def body() -> None:
        rig = Rig()
        future = rig.send("QueueStatus", as_list)
        rig.answer("Response: Error\nActionID\nMessage: Permission denied\n\n")
        answer = await asyncio.wait_for(future, 5)
        first = answer[0] if as_list else answer
        assert first.message == "Permission denied"

    asyncio.run(body())


@pytest.mark.parametrize("as_list", [True, False])
def test_an_answer_that_nobody_waits_for_any_more_is_forgotten(as_list: bool) -> None:
    async def body() -> None:
        rig = Rig()
        rig.send("QueueStatus", as_list).cancel()
        await asyncio.sleep(0)
        assert rig.wire.responses == {}
        rig.answer("Response: Success\nActionID\nEventList: start\n\n")
        rig.wire.data_received(GOOD)
        assert rig.events[-1]["Uniqueid"] == "1.1"

    asyncio.run(body())
