"""panoramisk's AMI protocol with its gaps mended.

What panoramisk 1.4 leaves open, and where it is mended here:

* it decodes each packet by itself and drops a character split between two  -> `data_received`
* a peer that is not Asterisk, or that never ends a message, goes unnoticed  -> `data_received`
* it interprets events that nobody reads, which costs most of its time        -> `_unread`
* a stranger's packets can fill it with events                               -> `_over_ration`
* a header that comes twice is a list where everyone expects text            -> `_plain`
* it writes values unchecked, so that a CR or LF in one starts a new action  -> `checked`
* an action that expects a list never ends when the answer is an error       -> `handle_message`
* it logs an action that it cannot send, with the secret if it is the login   -> `send`
* an action whose asker gave up stays in its books for ever                  -> `send`
* after a reconnect it sends unanswered actions again                        -> `close`

Its `Manager`, which reconnects by itself, is not used: ivrd/asterisk/ami_client.py takes its place.
"""

import asyncio
import math
import os
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any

from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

LINE_LIMIT = 1024  # bytes with the line's end; Asterisk drops longer ones (manager.c, get_input)
RATION = 100  # events a second
READ_BYTES = 32 * 1024  # about a hundred events
BUFFER_LIMIT = 64 * 1024  # bytes without the end of a message: this is not AMI
GREETING = b"Asterisk Call Manager/"
LINE_END = "\r\n"
BYTES_END = LINE_END.encode()
MESSAGE_END = BYTES_END * 2
EVENT = b"Event: "  # how Asterisk begins each event (manager.c, manager_event)
NOT_ASTERISK = "what answers there is not Asterisk's manager"
ACTION_ID = b"ActionID"  # what every answer to an action of ours has, a list's rows too


class BadValue(ValueError):
    """A header that must not be sent; the message says which and why."""


class ConnectionLost(ConnectionError):
    """The link to Asterisk went away before the answer came."""


def checked(headers: Mapping[str, object]) -> None:
    """Raise `BadValue` if a header would break out of its line, or Asterisk would drop it."""
    for name, value in headers.items():
        line = f"{name}: {value}"
        if not isinstance(value, str) or ":" in name or not line.isprintable():
            raise BadValue(f"{name!r}: a value must be one line of text")
        if len(line.encode()) > LINE_LIMIT - len(LINE_END):
            raise BadValue(f"{name!r}: longer than the {LINE_LIMIT} bytes that Asterisk takes")


class AmiProtocol(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
    """One AMI connection.

    `on_event(message)` is called for each event, in order; with `wanted`, for those of these names
    only: the others are dropped before anything is made of them.  Of those named in `rationed` so
    many are read in a second, and the others counted in `surplus`, by their names.
    `on_lost(reason)` is called once when the connection ends, whatever ends it.
    """

    encoding = "utf8"
    version: str | None
    closed: bool

    def __init__(
        self,
        on_event: Callable[[Message], None],
        on_lost: Callable[[str], None],
        wanted: Collection[str] | None = None,
        rationed: Collection[str] = (),
    ) -> None:
        self.reason = ""
        self.received_at = (
            time.monotonic()
        )  # when bytes came last; asyncio's loops have the same clock
        self.listed = 0  # parts of lists that have come
        self.dropped = 0  # events that nobody wanted
        self.surplus: Counter[str] = Counter()
        self._rationed = frozenset(name.encode() for name in rationed)
        self._ration = (0.0, 0)  # of the second that begins then: how many were read
        self._on_event = on_event
        self._on_lost = on_lost
        self._wanted = None if wanted is None else frozenset(name.encode() for name in wanted)
        self._rest = b""  # what has come of the next message

    def send(self, data: Action, as_list: bool = False) -> "asyncio.Future[Any]":
        """Send one action; its future resolves with the answer, or fails with `ConnectionLost`.

        Raises `BadValue`, or `ConnectionLost` when the connection has ended, with nothing sent.
        """
        checked(data)
        if self.closed:
            raise ConnectionLost(self.reason)
        data.as_list = as_list
        self.responses[data.id] = data
        self.transport.write(str(data).encode())
        future: asyncio.Future[Any] = data.future
        future.add_done_callback(lambda _done: self.responses.pop(data.id, None))
        return future

    def connection_made(self, transport: Any) -> None:
        """Called by asyncio: from now on read no more at once than is soon handled."""
        super().connection_made(transport)
        transport.max_size = READ_BYTES  # asyncio's is 256 KiB: a thousand events in one step

    def data_received(self, data: bytes) -> None:
        """Take bytes as they come; a character or a message may be split anywhere."""
        self.received_at = time.monotonic()
        self._rest += data
        if self.version is None and not self._greeted():
            return
        *whole, self._rest = self._rest.split(MESSAGE_END)
        for block in whole:
            if self._unread(block):
                self.dropped += 1
                continue
            if self._rationed and self._over_ration(block):
                continue
            message = Message.from_line(block.decode("utf-8", "replace").strip(LINE_END))
            if message is not None and not self.closed:
                self.handle_message(_plain(message))
        if len(self._rest) > BUFFER_LIMIT:
            self.fail(NOT_ASTERISK)

    def _over_ration(self, block: bytes) -> bool:
        """Whether this is one too many in this second of what strangers can have made."""
        name = _event_name(block)
        if name not in self._rationed:
            return False
        began, read = self._ration
        if self.received_at >= began + 1.0:
            began, read = self.received_at, 0
        self._ration = (began, read + 1)
        if read < RATION:
            return False
        self.surplus[name.decode()] += 1
        return True

    def _unread(self, block: bytes) -> bool:
        """Whether this is an event that nobody wants and that answers no action."""
        if self._wanted is None or not block.startswith(EVENT) or ACTION_ID in block:
            return False
        return _event_name(block) not in self._wanted

    def _greeted(self) -> bool:
        """Take in the first line, which is Asterisk's version; whether it is there."""
        if self._rest[: len(GREETING)] != GREETING[: len(self._rest)]:
            self.fail(NOT_ASTERISK)
            return False
        line, end, rest = self._rest.partition(BYTES_END)
        if not end and len(line) <= LINE_LIMIT:
            return False
        if not end:
            self.fail(NOT_ASTERISK)
            return False
        self.version = line.removeprefix(GREETING).decode("utf-8", "replace")
        self._rest = rest
        return True

    def handle_message(self, message: Message) -> None:
        """Resolve the action that this answers, or hand the event on."""
        action = self.responses.get(message.actionid)
        if action is None:
            if message.event == "Shutdown":
                self.fail("Asterisk shut down")
            elif message.event:
                self._on_event(message)
            return
        if action.as_list:
            self.listed += 1
        if message.response == "Error" and not action.future.done():
            action.future.set_result([message] if action.as_list else message)
        else:
            action.add_message(message)

    def fail(self, reason: str) -> None:
        """Give the connection up and say why."""
        self.reason = self.reason or reason
        self.close()
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio when the connection has ended."""
        why = in_words(exc) if exc is not None else "Asterisk closed the connection"
        self.reason = self.reason or why
        self.close()
        on_lost, self._on_lost = self._on_lost, lambda _reason: None
        on_lost(self.reason)

    def close(self) -> None:
        """Close, and fail what is unanswered: nothing is ever sent twice."""
        if self.closed:
            return
        self.closed = True
        for action in list(self.responses.values()):
            if not action.future.done():
                action.future.set_exception(ConnectionLost(self.reason))
                action.future.exception()  # seen: nobody may be waiting for it
        self.transport.close()


def _event_name(block: bytes) -> bytes:
    """The event's name; empty for what is no event."""
    end = block.find(BYTES_END)
    return block[len(EVENT) : end if end > 0 else None] if block.startswith(EVENT) else b""


def _plain(message: Message) -> Message:
    """The message with each header once: of one that comes twice, the first is Asterisk's own."""
    for name, value in message.items():
        if isinstance(value, list):
            message[name] = value[0]
    return message


def mark_retrieved(future: "asyncio.Future[Any]") -> None:
    """Mark a failure as seen: nobody need be waiting for this result."""
    if not future.cancelled():
        future.exception()


def in_seconds(text: str) -> float:
    """A number of seconds; 0 for anything else."""
    try:
        number = float(text)
    except ValueError:
        return 0.0
    return number if math.isfinite(number) else 0.0


def in_words(error: BaseException) -> str:
    """Why something failed, for a person: the operating system's words without a module's."""
    if isinstance(error, TimeoutError):
        return "no answer"
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno)
    return str(error) or type(error).__name__
