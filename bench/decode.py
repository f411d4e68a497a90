"""AMI decode: events a second of ivrd and of stock panoramisk, on the same bytes.

The output is the same at every split: tests/asterisk/test_ami_message.py.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

from ivrd.asterisk.ami_protocol import AmiProtocol
from ivrd.asterisk.translate import EVENTS


class Nowhere(asyncio.Transport):
    """Takes what is sent and does nothing."""

    def write(self, data: bytes | bytearray | memoryview) -> None: ...

    def close(self) -> None: ...

    def abort(self) -> None: ...


class Stock(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
    """Stock panoramisk; its messages are counted and go nowhere."""

    found = 0

    def handle_message(self, message: Message) -> None:
        self.found += 1


class Ours(AmiProtocol):
    """ivrd's, likewise."""

    found = 0

    def handle_message(self, message: Message) -> None:
        self.found += 1


def stock(pieces: Iterable[bytes]) -> tuple[float, int]:
    """CPU seconds of stock panoramisk for these bytes, and how many messages it found."""
    wire = Stock()
    return _taken(wire, pieces), wire.found


def ours(pieces: Iterable[bytes]) -> tuple[float, int]:
    """The same of ivrd."""
    wire = Ours(lambda _message: None, lambda _why: None, EVENTS)
    return _taken(wire, pieces), wire.found + wire.dropped


def _taken(wire: asyncio.Protocol, pieces: Iterable[bytes]) -> float:
    wire.connection_made(Nowhere())
    began = time.process_time()
    for piece in pieces:
        wire.data_received(piece)
    return time.process_time() - began
