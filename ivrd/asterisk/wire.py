"""panoramisk's AMI protocol with its gaps mended.

What panoramisk 1.4 leaves open, and where it is mended here:

* it decodes each packet by itself and drops a character split between two  -> `data_received`
* a peer that is not Asterisk, or that never ends a message, goes unnoticed  -> `data_received`
* a header that comes twice is a list where everyone expects text            -> `_plain`
* it writes values unchecked, so that a CR or LF in one starts a new action  -> `checked`
* an action that expects a list never ends when the answer is an error       -> `handle_message`
* an action whose asker gave up stays in its books for ever                  -> `send`
* after a reconnect it sends unanswered actions again                        -> `close`

Its `Manager`, which reconnects by itself, is not used: ivrd/asterisk/link.py takes its place.
"""

import asyncio
import codecs
import os
from collections.abc import Callable, Mapping
from typing import Any

from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

LINE_LIMIT = 1024  # bytes with the line's end; Asterisk drops longer ones (manager.c, get_input)
BUFFER_LIMIT = 64 * 1024  # characters without the end of a message: this is not AMI
GREETING = "Asterisk Call Manager/"
LINE_END = "\r\n"
MESSAGE_END = LINE_END * 2


class BadValue(ValueError):
    """A header that must not be sent; the message says which and why."""


class LinkLost(ConnectionError):
    """The link to Asterisk went away before the answer came."""


def checked(headers: Mapping[str, object]) -> None:
    """Raise `BadValue` if a header would break out of its line, or Asterisk would drop it."""
    for name, value in headers.items():
        line = f"{name}: {value}"
        if not isinstance(value, str) or ":" in name or not line.isprintable():
            raise BadValue(f"{name!r}: a value must be one line of text")
        if len(line.encode()) > LINE_LIMIT - len(LINE_END):
            raise BadValue(f"{name!r}: longer than the {LINE_LIMIT} bytes that Asterisk takes")


class Wire(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
    """One AMI connection.

    `on_event(message)` is called for each event, in order.  `on_lost(reason)` is called once when
    the connection ends, whatever ends it.
    """

    encoding = "utf8"
    version: str | None
    closed: bool

    def __init__(self, on_event: Callable[[Message], None], on_lost: Callable[[str], None]) -> None:
        self.reason = ""
        self._on_event = on_event
        self._on_lost = on_lost
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._text = ""

    def send(self, data: Action, as_list: bool = False) -> "asyncio.Future[Any]":
        """Send one action; its future resolves with the answer, or fails with `LinkLost`.

        Raises `BadValue`, or `LinkLost` when the connection has ended, with nothing sent.
        """
        checked(data)
        if self.closed:
            raise LinkLost(self.reason)
        future: asyncio.Future[Any] = super().send(data, as_list=as_list)
        future.add_done_callback(lambda _done: self.responses.pop(data.id, None))
        return future

    def data_received(self, data: bytes) -> None:
        """Take bytes as they come; a character or a message may be split anywhere."""
        self._text += self._decoder.decode(data)
        if self.version is None and not self._greeted():
            return
        *whole, self._text = self._text.split(MESSAGE_END)
        for text in whole:
            message = Message.from_line(text.strip(LINE_END))
            if message is not None and not self.closed:
                self.handle_message(_plain(message))
        if len(self._text) > BUFFER_LIMIT:
            self.fail("what answers there is not Asterisk's manager")

    def _greeted(self) -> bool:
        """Take in the first line, which is Asterisk's version; whether it is there."""
        if self._text[: len(GREETING)] != GREETING[: len(self._text)]:
            self.fail("what answers there is not Asterisk's manager")
            return False
        line, end, rest = self._text.partition(LINE_END)
        if not end:
            return False
        self.version = line.removeprefix(GREETING)
        self._text = rest
        return True

    def handle_message(self, message: Message) -> None:
        """Resolve the action that this answers, or hand the event on."""
        action = self.responses.get(message.actionid)
        if action is None:
            if message.event == "Shutdown":
                self.fail("Asterisk shut down")
            elif message.event:
                self._on_event(message)
        elif message.response == "Error" and not action.future.done():
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
                action.future.set_exception(LinkLost(self.reason))
                action.future.exception()  # seen: nobody may be waiting for it
        self.transport.close()


def _plain(message: Message) -> Message:
    """The message with each header once: of one that comes twice, the first is Asterisk's own."""
    for name, value in message.items():
        if isinstance(value, list):
            message[name] = value[0]
    return message


def in_words(error: BaseException) -> str:
    """Why something failed, for a person: the operating system's words without a module's."""
    if isinstance(error, TimeoutError):
        return "no answer"
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno)
    return str(error) or type(error).__name__
