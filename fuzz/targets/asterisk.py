"""What comes from Asterisk: bytes, events, lists, the lines of queue_log."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, cast, get_args

from panoramisk.message import Message

from fuzz.runner import One, Target
from ivrd.asterisk import queue_lines, snapshot, translate
from ivrd.asterisk import trunk_log as trunk_log_lines
from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.ami_protocol import BUFFER_LIMIT, MESSAGE_END, AmiProtocol
from ivrd.asterisk.facts import Fact
from ivrd.asterisk.queue_log import LogPosition
from ivrd.core.queue_log_replay import QueueLogEntry

RECORDED = Path(__file__).parents[2] / "tests" / "asterisk" / "recorded"
GREETING = b"Asterisk Call Manager/11.0.0\r\n"
LAST = b"Event: Hangup\r\nUniqueid: the.last\r\n\r\n"
NAMES = tuple(name.encode() for name in translate.EVENTS)
HEADERS = (
    b"Timestamp: nan\r\n",
    *(b"ActionID: ours\r\n", b"Event: ", b"Response: Success\r\n", b"Response: Error\r\n"),
    *(b"EventList: start\r\n", b"EventList: Complete\r\n", b"Timestamp: ", b"Uniqueid: "),
    *(b"Response: Follows\r\n", b"Message: will follow\r\n", b"Event: Shutdown\r\n\r\n", LAST),
)


@cache
def blocks(*names: str) -> tuple[bytes, ...]:
    """The messages of recordings, each by itself, as they were on the wire."""
    text = "\n\n".join((RECORDED / f"{name}.txt").read_text("utf-8").strip() for name in names)
    return tuple(block.replace("\n", "\r\n").encode() for block in text.split("\n\n"))


class Nowhere(asyncio.Transport):
    """Takes what is sent and never ends."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take bytes."""

    def close(self) -> None:
        """Be told to end."""

    abort = close


@contextmanager
def wire() -> Iterator[One]:
    """Bytes in any pieces: whatever they are, the next message is read, and little is kept."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)

    async def take(data: bytes) -> None:
        messages: list[Message] = []
        greeted, every = data[:1] > b"\x10", data[:1] < b"C"
        taken = AmiProtocol(messages.append, lambda _why: None, None if every else translate.EVENTS)
        taken.connection_made(Nowhere())
        if greeted:
            taken.data_received(GREETING)
            taken.send({"Action": "Ping"}, as_list=every)
            (action_id,) = taken.responses
            data = data.replace(b"ActionID: ours", f"ActionID: {action_id}".encode())
        cut = len(data) // 3
        for piece in (data[:cut], data[cut:], MESSAGE_END, LAST):
            if not taken.closed:
                taken.data_received(piece)
        assert len(taken._rest) <= BUFFER_LIMIT + len(data)
        if not taken.closed:
            assert messages[-1].uniqueid == "the.last"
        for message in messages:
            assert all(isinstance(value, str) for value in message.values())
        await asyncio.sleep(0)  # what answers have set off

    def one(data: bytes) -> None:
        loop.run_until_complete(take(data))

    try:
        yield one
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def wire_seeds() -> Sequence[bytes]:
    """Messages alone and several together."""
    found = blocks("calls", "channels", "queues")
    ends = [block + MESSAGE_END for block in found]
    return [*ends[::4], *(b"".join(ends[at : at + 4]) for at in range(0, len(ends), 16)), GREETING]


def read(data: bytes) -> Message | None:
    """One message as the wire makes it."""
    made: list[Message] = []
    taken = AmiProtocol(made.append, lambda _why: None)
    taken.connection_made(Nowhere())
    taken.data_received(GREETING + data.replace(MESSAGE_END, b"\r\n").strip() + MESSAGE_END)
    return made[-1] if made else None


@contextmanager
def facts() -> Iterator[One]:
    """An event means something or nothing."""

    def one(data: bytes) -> None:
        message = read(data)
        if message is None:
            return
        found = translate.fact(message)
        assert found is None or isinstance(found, get_args(Fact))
        assert translate.at(message) == translate.at(message)  # not nan
        assert getattr(found, "call_id", "some") != ""

    yield one


class Told:
    """A link whose answers are one input, each time the same."""

    def __init__(self, data: bytes) -> None:
        rows = [m for block in data.split(MESSAGE_END) if (m := read(block)) is not None]
        actions = ("CoreShowChannels", "QueueStatus", "DeviceStateList", "Agents")
        self._rows = dict.fromkeys(actions, rows)

    async def ask_list(self, action: str) -> list[Message]:
        """What `AmiClient.ask_list` gives."""
        return self._rows[action]


@contextmanager
def lists() -> Iterator[One]:
    """What is there now is told by four lists; one wrong row must not cost the others."""

    def one(data: bytes) -> None:
        found = runner.run(snapshot.read(cast(AmiClient, Told(data))))
        assert isinstance(found, snapshot.AsteriskSnapshot)

    with asyncio.Runner() as runner:
        yield one


def list_seeds() -> Sequence[bytes]:
    """Rows of the lists, in groups."""
    rows = [
        block + MESSAGE_END
        for block in blocks("channels", "queues", "agents")
        if b"Event: " in block
    ]
    return [b"".join(rows[at : at + 3]) for at in range(0, len(rows), 2)]


@contextmanager
def queue_log() -> Iterator[One]:
    """A line of queue_log is one of ours, or nothing, or broken."""

    def one(data: bytes) -> None:
        for raw in data.split(b"\n"):
            line, _broken = queue_lines.entry_of(raw)
            assert line is None or isinstance(line, QueueLogEntry)
        mark = LogPosition.of(data.decode("utf-8", "replace"))
        assert mark is None or LogPosition.of(mark.text()) == mark

    yield one


QUEUE_LOG: tuple[Any, ...] = (
    b"1795312057|1795312057.0|hotline|NONE|RECEIVED|0200000001|th",
    b"1795312060|1795312057.0|home|NONE|ENTERQUEUE||0200000001|1",
    b"1795312065|1795312057.0|home|PJSIP/2001|CONNECT|5|1795312060.9|2",
    b"1795312065|1795312057.0|home|Local/01@partner-a/n|CONNECT|5|1795312060.9|2",
    b"1795312070|1795312057.1|home|NONE|ABANDON|1|1|12",
    b"1795312070|1795312057.1|hotline|NONE|ENDED|ivr|16",
    b"1795312070|1795312057.1|home|NONE|EXITWITHTIMEOUT|1|1|12",
    b'[123, "abcdef0123456789", 456]',
)


@contextmanager
def trunk_log() -> Iterator[One]:
    """Whatever Asterisk's log has of others' words, it is a complaint of a trunk or nothing."""

    def one(data: bytes) -> None:
        for complaint in trunk_log_lines.complaints(data):
            assert isinstance(complaint, get_args(trunk_log_lines.Complaint))

    yield one


TRUNK_LOG = (
    b"res_pjsip_outbound_authenticator_digest.c: partner-a:192.0.2.1: There were no auth ids "
    b"available\n",
    b"res_pjsip_outbound_registration.c: Fatal response '404' received from 'sip:192.0.2.1' on "
    b"registration attempt to 'sip:a@192.0.2.1', stopping\n",
    b"res_pjsip_outbound_registration.c: No response received from 'sip:192.0.2.1' on registration "
    b"attempt to 'sip:a@192.0.2.1', retrying in '60'\n",
    b"res_pjsip_outbound_registration.c: '403' fatal response received from 'sip:192.0.2.1' on "
    b"registration attempt to 'sip:a@192.0.2.1', stopping outbound registration\n",
    b"res_pjsip_outbound_authenticator_digest.c: noendpoint:192.0.2.1: Authentication credentials "
    b"not accepted by server.\n",
)

TARGETS = (
    Target("wire", wire, wire_seeds, 6_000, 400_000, HEADERS + NAMES),
    Target("facts", facts, lambda: blocks("calls"), 6_000, 300_000, HEADERS + NAMES),
    Target("lists", lists, list_seeds, 1_500, 40_000, HEADERS + NAMES),
    Target("queue_log", queue_log, lambda: QUEUE_LOG, 4_000, 200_000, (b"|", b"|NONE|", b"\n")),
    Target("trunk_log", trunk_log, lambda: TRUNK_LOG, 1_000, 100_000, (b"'", b" fatal response ")),
)
