"""panoramisk's AMI protocol with its gaps mended.

What panoramisk 1.4 leaves open, and where it is mended here:

* it decodes each packet by itself and drops a character split between two  -> `data_received`
* a peer that is not Asterisk, or that never ends a message, goes unnoticed  -> `data_received`
* it interprets events that nobody reads, which costs most of its time        -> `_unread`
* it makes up each message three times over                                   -> ami_message.py
* a stranger's packets can fill it with events                               -> `_over_ration`
* a header that comes twice is a list where everyone expects text            -> ami_message.py
* it writes values unchecked, so that a CR or LF in one starts a new action  -> ami_action.py
* it sends each action by itself, and waking Asterisk costs most of that      -> `_write`
* what it was given to send it sends, however long that was ago               -> `_flush`
* each acknowledgement wakes the process, which is most of what a call costs -> `_set_hurry`
* an action that expects a list never ends when the answer is an error       -> `_Pending`
* it logs an action that it cannot send, with the secret if it is the login   -> `send`
* an action whose asker gave up stays in its books for ever                  -> `send`
* after a reconnect it sends unanswered actions again                        -> `close`

Its `Manager`, which reconnects by itself, is not used: ivrd/asterisk/ami_client.py takes its place.
"""

import asyncio
import itertools
import secrets
import socket
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

from ivrd.asterisk.ami_action import LINE_LIMIT, ConnectionLost, encoded, in_words
from ivrd.asterisk.ami_message import LINE_END, parsed
from ivrd.asterisk.leader_guard import LeaderGuard

RATION = 100  # events a second
# What wakes nobody as long as nobody waits for it: acknowledgements and changes of devices are
# smaller, all other events larger.  They are read with the next event, or answer to a ping.  While
# acknowledgements are to come, what is more than all of them usually are wakes: most refusals are.
UNHURRIED_BYTES = 256
READ_BYTES = 32 * 1024  # about a hundred events
BUFFER_LIMIT = 64 * 1024  # bytes without the end of a message: this is not AMI
GREETING = b"Asterisk Call Manager/"
BYTES_END = LINE_END.encode()
MESSAGE_END = BYTES_END * 2
EVENT = b"Event: "  # how Asterisk begins each event (manager.c, manager_event)
NOT_ASTERISK = "what answers there is not Asterisk's manager"
ACTION_ID = b"ActionID"  # what every answer to an action of ours has, a list's rows too


class _Unsent(NamedTuple):
    """An action that is to be sent in this turn of the loop.  `guarded`: only if it is allowed."""

    action: str
    guarded: bool
    data: bytes
    future: "asyncio.Future[Any]"


@dataclass(slots=True)
class _Pending:
    """An action that is not answered yet.  `rows`: what has come of its list; None: it has none."""

    action: str
    future: "asyncio.Future[Any]"
    rows: list[Message] | None

    def take(self, message: Message) -> None:
        """Take in an answer, or a row of it."""
        if self.future.done():
            return
        if self.rows is None:
            self.future.set_result(message)
            return
        self.rows.append(message)
        if message.response == "Error" or message.event.endswith("Complete"):
            self.future.set_result(self.rows)


class AmiProtocol(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
    """One AMI connection.

    `on_event(message)` is called for each event, in order; with `wanted`, for those of these names
    only: the others are dropped before anything is made of them.  Of those named in `rationed` so
    many are read in a second, and the others counted in `surplus`, by their names.
    `on_lost(reason)` is called once when the connection ends, whatever ends it.
    `guard` is asked once more when actions are sent that it has allowed before.
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
        guard: LeaderGuard | None = None,
    ) -> None:
        self.reason = ""
        #: When bytes came last; asyncio's loops have the same clock.
        self.received_at = time.monotonic()
        self.listed = 0  # parts of lists that have come
        self.dropped = 0  # events that nobody wanted
        self.surplus: Counter[str] = Counter()
        self._rationed = frozenset(name.encode() for name in rationed)
        self._ration = (0.0, 0)  # of the second that begins then: how many were read
        self._on_event = on_event
        self._on_lost = on_lost
        self._wanted = None if wanted is None else frozenset(name.encode() for name in wanted)
        self._rest = b""  # what has come of the next message
        self._guard = guard or LeaderGuard()
        self._unsent: list[_Unsent] = []
        self._awaited: set[str] = set()
        self._acknowledgement: dict[str, int] = {}  # by action: its bytes, without the id
        self._coming: dict[str, int] = {}  # by id: the bytes of those that nobody waits for
        self._least = 1
        # Nobody else's text can pass for an answer.
        self._ids = map(f"{secrets.token_hex(4)}.{{}}".format, itertools.count(1))

    def send(
        self,
        headers: Mapping[str, str],
        as_list: bool = False,
        *,
        hurry: bool = True,
        guarded: bool = True,
    ) -> "asyncio.Future[Any]":
        """Send one action; its future resolves with the answer, or fails with `ConnectionLost`.

        Without `guarded` it needs nobody's leave.

        Without `hurry` the answer may wait for the next event, a second at most; a refusal does not
        that is longer than the action's last acknowledgement was.

        Raises `BadValue`, or `ConnectionLost` when the connection has ended, with nothing sent.
        """
        action_id = next(self._ids)
        action = encoded({**headers, "ActionID": action_id})
        if self.closed:
            raise ConnectionLost(self.reason)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        name = headers.get("Action", "")
        self.responses[action_id] = _Pending(name, future, [] if as_list else None)
        future.add_done_callback(lambda _done: self._answered(action_id))
        usual = None if hurry else self._acknowledgement.get(name)
        if usual is not None:
            self._coming[action_id] = usual + len(action_id)
        else:
            self._awaited.add(action_id)
            self._set_hurry()
        self._write(_Unsent(name, guarded, action, future))
        return future

    def _answered(self, action_id: str) -> None:
        """Nobody waits for this answer any more."""
        self.responses.pop(action_id, None)
        self._coming.pop(action_id, None)
        if action_id in self._awaited:
            self._awaited.remove(action_id)
            self._set_hurry()

    def _set_hurry(self) -> None:
        """Be woken by every byte while somebody waits for an answer or a message is not whole, else
        by more than the acknowledgements that are to come, or by `UNHURRIED_BYTES` (SO_RCVLOWAT in
        socket(7))."""
        least = UNHURRIED_BYTES
        if self._awaited or self._rest:
            least = 1
        elif self._coming:
            least = min(least, sum(self._coming.values()) + 1)
        if least != self._least and not self.closed:
            self._least = least
            if link := self.transport.get_extra_info("socket"):
                link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, least)

    def _write(self, unsent: _Unsent) -> None:
        """Send with what else is to be sent in this turn of the loop: each sending costs as much
        as making up an action."""
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self._flush)
        self._unsent.append(unsent)

    def _flush(self) -> None:
        """Send what is to be sent, and is allowed still: this process may have stood since."""
        unsent, self._unsent = self._unsent, []
        data = b"".join([each.data for each in unsent if self._allowed(each)])
        if data:
            self.transport.write(data)
            self._set_hurry()

    def _allowed(self, unsent: _Unsent) -> bool:
        """Whether this may be sent now; what may not is submitted to the guard once more."""
        if not unsent.guarded or self._guard.allows(unsent.action):
            return True

        def send() -> "asyncio.Future[Any]":
            if self.closed:
                raise ConnectionLost(self.reason)
            self._write(unsent)
            return unsent.future

        def refused(held: "asyncio.Future[Any]") -> None:
            error = None if held.cancelled() else held.exception()
            if error is not None and not unsent.future.done():
                unsent.future.set_exception(error)

        try:
            self._guard.submit(unsent.action, send).add_done_callback(refused)
        except ConnectionLost as error:
            if not unsent.future.done():
                unsent.future.set_exception(error)
        return False

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
            message = parsed(block)
            if message is not None and not self.closed:
                self._size(message, len(block))
                self.handle_message(message)
        if len(self._rest) > BUFFER_LIMIT:
            self.fail(NOT_ASTERISK)
        self._set_hurry()

    def _size(self, message: Message, length: int) -> None:
        """Keep how long an acknowledgement of this action is."""
        pending = self.responses.get(message.actionid) if message.response == "Success" else None
        if pending is not None:
            size = length + len(MESSAGE_END) - len(message.actionid)
            self._acknowledgement[pending.action] = size

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
        if pending := self.responses.get(message.actionid):
            self._coming.pop(message.actionid, None)
            self.listed += pending.rows is not None
            pending.take(message)
        elif message.event == "Shutdown":
            self.fail("Asterisk shut down")
        elif message.event:
            self._on_event(message)

    def fail(self, reason: str) -> None:
        """Give the connection up and say why."""
        self.reason = self.reason or reason
        self.close()
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio when the connection has ended."""
        why = in_words(exc) if exc is not None else "Asterisk closed the connection"
        self.reason = self.reason or why
        self._unsent = []
        self.close()
        on_lost, self._on_lost = self._on_lost, lambda _reason: None
        on_lost(self.reason)

    def close(self) -> None:
        """Close, and fail what is unanswered: nothing is ever sent twice."""
        if self.closed:
            return
        self.closed = True
        self._flush()
        for pending in list(self.responses.values()):
            if not pending.future.done():
                pending.future.set_exception(ConnectionLost(self.reason))
                pending.future.exception()  # seen: nobody may be waiting for it
        self.transport.close()


def _event_name(block: bytes) -> bytes:
    """The event's name; empty for what is no event."""
    end = block.find(BYTES_END)
    return block[len(EVENT) : end if end > 0 else None] if block.startswith(EVENT) else b""
