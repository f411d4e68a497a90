"""panoramisk's AMI protocol with its gaps mended, through its own `protocol_factory`.

What panoramisk 1.4 leaves open, and where it is mended here:

* it decodes each packet by itself and drops a character split between two  -> `data_received`
* it writes values unchecked, so that a CR or LF in one starts a new action  -> `checked`
* after a reconnect it sends unanswered actions again                        -> `close`
* an action that expects a list never ends when the answer is an error       -> `handle_message`
* bytes without a message's end pile up without a bound                      -> `data_received`
"""

import codecs
from collections.abc import Callable, Mapping

from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

LINE_LIMIT = 1024  # bytes; Asterisk refuses longer lines (main/manager.c, get_input)
BUFFER_LIMIT = 1 << 20  # characters without the end of a message: this is not AMI
END = "\r\n\r\n"


class BadValue(ValueError):
    """A header that must not be sent; the message says which and why."""


class LinkLost(ConnectionError):
    """The link to Asterisk went away before the answer came."""


def checked(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of one action, or `BadValue` if one would break out of its line."""
    for name, value in headers.items():
        if any(c in value for c in "\r\n\0") or any(c in name for c in "\r\n\0:"):
            raise BadValue(f"{name!r}: a value must be one line of text")
        if len(f"{name}: {value}".encode()) > LINE_LIMIT - 2:
            raise BadValue(f"{name!r}: longer than the {LINE_LIMIT} bytes that Asterisk takes")
    return dict(headers)


class Wire(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
    """One AMI connection.  `on_lost(reason)` is called once when it ends, whatever ends it."""

    def __init__(self, on_lost: Callable[[str], None]) -> None:
        self.on_lost = on_lost
        self.reason = ""
        self.closed = False

    def send(self, data: Action, as_list: bool = False) -> object:
        """Send one action; its future resolves with the answer, or fails with `LinkLost`.

        Raises `BadValue` with nothing sent.
        """
        checked({str(name): str(value) for name, value in data.items()})
        if self.closed:
            raise LinkLost("not connected to Asterisk")
        return super().send(data, as_list=as_list)

    def data_received(self, data: bytes) -> None:
        """Take bytes as they come; a character or a message may be split anywhere."""
        if not hasattr(self, "_decoder"):
            self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        text = self._decoder.decode(data)
        waiting = len(self.queue[0]) if self.queue else 0
        if END not in text and waiting + len(text) > BUFFER_LIMIT:
            self.fail("it sends something that is not AMI")
            return
        # panoramisk decodes by itself: hand it what is whole.
        super().data_received(text.encode())

    def handle_message(self, message: Message) -> None:
        """Resolve the action that this answers, or dispatch the event."""
        if message.response == "Error":
            action = self.responses.pop(message.id, None)
            if action is not None:
                if not action.future.done():
                    action.future.set_result([message] if action.as_list else message)
                return
        super().handle_message(message)

    def fail(self, reason: str) -> None:
        """Give the connection up and say why."""
        self.reason = self.reason or reason
        self.close()
        self.transport.abort()

    def connection_lost(self, exc: object) -> None:
        """Called by asyncio, and by panoramisk when Asterisk says that it shuts down."""
        reason = "Asterisk shut down" if isinstance(exc, Message) else str(exc or "")
        self.reason = self.reason or reason or "Asterisk closed the connection"
        self.close()
        on_lost, self.on_lost = self.on_lost, lambda _reason: None
        on_lost(self.reason)

    def close(self) -> None:
        """Close, and fail what is unanswered: nothing is ever sent twice."""
        if self.closed:
            return
        self.closed = True
        pending = list({id(action): action for action in self.responses.values()}.values())
        self.responses.clear()
        for action in pending:
            if not action.future.done():
                action.future.set_exception(LinkLost(self.reason or "connection closed"))
                action.future.exception()  # seen: nobody may be waiting for it
        self.transport.close()
