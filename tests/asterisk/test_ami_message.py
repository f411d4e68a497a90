"""A message that is read in one pass is what panoramisk makes of it."""

import asyncio
import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

from ivrd.asterisk.ami_message import parsed
from ivrd.asterisk.ami_protocol import AmiProtocol
from tests.examples import examples

RECORDED = Path(__file__).with_name("recorded")
GREETING = b"Asterisk Call Manager/11.0.0\r\n"
END = b"\r\n\r\n"

NAMES = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=8)
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=12)
TAKEN = {"event", "response", "content", *dir(dict)}  # what a message has otherwise
HEADERS = st.dictionaries(NAMES, VALUES, max_size=6).filter(
    lambda headers: len({name.lower() for name in headers} - TAKEN) == len(headers)
)
KIND = st.sampled_from(["Event: Hangup", "Response: Success", "Response: Error"])


class Nowhere(asyncio.Transport):
    def write(self, data: bytes | bytearray | memoryview) -> None: ...

    def close(self) -> None: ...


class Stock(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
    """Stock panoramisk, and what it makes of bytes that come in whole characters."""

    encoding = "utf8"

    def __init__(self) -> None:
        self.taken: list[Message] = []
        self.connection_made(Nowhere())

    def handle_message(self, message: Message) -> None:
        self.taken.append(message)


class Ours(AmiProtocol):
    def __init__(self) -> None:
        super().__init__(lambda _message: None, lambda _why: None)
        self.taken: list[Message] = []
        self.connection_made(Nowhere())

    def handle_message(self, message: Message) -> None:
        self.taken.append(message)


def content(messages: Iterable[Message]) -> list[tuple[dict[str, Any], str]]:
    """What can be read of each: its headers and its text.

    Stock panoramisk has the text among the headers as well, makes a list of a header that comes
    twice, of which the first is Asterisk's own, and loses an empty one at a message's end, which
    reads like one that is not there.
    """
    return [(_readable(message), message.content) for message in messages]


def _readable(message: Message) -> dict[str, str]:
    values = {n: v[0] if isinstance(v, list) else v for n, v in message.items()}
    return {name: value for name, value in values.items() if value and name != "content"}


def recorded() -> bytes:
    text = "\n\n".join(path.read_text("utf-8").strip("\n") for path in _files())
    return text.replace("\n", "\r\n").encode() + END


def _files() -> list[Path]:
    return [RECORDED / f"{name}.txt" for name in ("calls", "channels", "queues", "seats")]


STREAM = GREETING + recorded()


@settings(max_examples=examples(60))
@given(st.lists(st.integers(1, len(STREAM) - 1), max_size=80, unique=True))
def test_split_anywhere_the_recorded_stream_is_what_stock_panoramisk_reads(cuts: list[int]) -> None:
    stock, ours = Stock(), Ours()
    stock.data_received(GREETING)
    stock.data_received(STREAM[len(GREETING) :])
    for a, b in itertools.pairwise([0, *sorted(cuts), len(STREAM)]):
        ours.data_received(STREAM[a:b])
    assert len(ours.taken) > 150
    assert content(ours.taken) == content(stock.taken)


@given(KIND, HEADERS)
def test_any_headers_are_read_as_stock_panoramisk_reads_them(
    kind: str, headers: dict[str, str]
) -> None:
    lines = [kind, *(f"{name}: {value}" for name, value in headers.items())]
    block = "\r\n".join(lines)
    ours, stock = parsed(block.encode()), Message.from_line(block.strip("\r\n"))
    assert ours is not None
    assert stock is not None
    assert content([ours]) == content([stock])
    for name in (*headers, "nobody"):
        assert getattr(ours, name.lower()) == getattr(stock, name.lower())
        assert (name in ours, ours.success, ours.id) == (name in stock, stock.success, stock.id)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_message_of_text_or_none(noise: bytes) -> None:
    message = parsed(noise)
    assert message is None or all(isinstance(value, str) for value in dict(message).values())


def test_an_answer_with_text_has_it() -> None:
    block = b"Response: Follows\r\nPrivilege: Command\r\none\ntwo\n--END COMMAND--"
    message = parsed(block)
    assert message is not None
    assert message.content == "one\ntwo\n--END COMMAND--"
    assert message.privilege == "Command"
