"""baresip over its module ctrl_tcp (JSON in netstrings): commands, and the calls it tells of."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from lab.running import LabError

SECONDS = 30.0  # only a machine that is stuck takes so long
STATES = {
    "CALL_INCOMING": "incoming",
    "CALL_OUTGOING": "outgoing",
    "CALL_RINGING": "outgoing",
    "CALL_PROGRESS": "outgoing",
    "CALL_ANSWERED": "answered",
    "CALL_ESTABLISHED": "established",
    "CALL_CLOSED": "closed",
}


@dataclass(frozen=True)
class Call:
    """One call of the phone: its Call-ID, who is at the other end, what has become of it.

    `state`: incoming, outgoing, answered, established or closed; `reason` says why it is closed,
    `transfer` why one has failed: the status that the hotline told, such as "404 Not Found".
    """

    id: str
    peer: str
    incoming: bool
    state: str
    reason: str = ""
    transfer: str = ""
    held: bool = False  # by the other end

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.state == "closed"


class Control:
    """The connection to one baresip, which `name` stands for in what goes wrong."""

    def __init__(self, name: str) -> None:
        self.keys = ""  # that the other ends have pressed
        self._name = name
        self._news = threading.Condition()
        self._calls: dict[str, Call] = {}
        self._events: list[dict[str, Any]] = []
        self._replies: list[dict[str, Any]] = []
        self._token = 0
        self._socket: socket.socket | None = None

    def connect(self, port: int, alive: Callable[[], bool]) -> bool:
        """Connect as soon as it listens on loopback; False if it does not, or is not `alive`."""
        deadline = time.monotonic() + SECONDS
        while alive() and time.monotonic() < deadline:
            with suppress(OSError):
                self._socket = socket.create_connection(("127.0.0.1", port))
                threading.Thread(target=self._listen, args=(self._socket,), daemon=True).start()
                return True
            time.sleep(0.02)  # nothing tells that it listens
        return False

    def close(self) -> None:
        """End it."""
        if self._socket is not None:
            self._socket.close()

    @property
    def calls(self) -> tuple[Call, ...]:
        """All of them, those that are over too, in the order in which they began."""
        with self._news:
            return tuple(self._calls.values())

    def now(self, call: Call) -> Call:
        """The call as it is by now."""
        with self._news:
            return self._calls[call.id]

    def seen(self, kind: str) -> bool:
        """Whether it has told of such an event."""
        return any(event["type"] == kind for event in self._events)

    def until(self, what: str, true: Callable[[], object], seconds: float = SECONDS) -> None:
        """Wait until `true` holds, which is looked at when it tells of something."""
        with self._news:
            if not self._news.wait_for(true, seconds):
                said = self._events[-3:]
                raise LabError(f"{self._name}: not within {seconds:g} s: {what}; last: {said}")

    def command(self, name: str, given: str = "") -> None:
        """Have it do something.  Raises LabError when it says that it cannot."""
        with self._news:
            self._token += 1
            token = str(self._token)
        text = json.dumps({"command": name, "params": given, "token": token}).encode()
        assert self._socket is not None
        self._socket.sendall(b"%d:%s," % (len(text), text))

        def reply() -> dict[str, Any] | None:
            return next((r for r in self._replies if r.get("token") == token), None)

        self.until(f"an answer to {name!r}", reply)
        said = reply()
        assert said is not None
        if not said["ok"]:
            raise LabError(f"{self._name}: {name} {given}: {said.get('data')!r}")

    def _listen(self, connection: socket.socket) -> None:
        buffer = b""
        with suppress(OSError):
            while data := connection.recv(65536):
                buffer = self._messages(buffer + data)

    def _messages(self, buffer: bytes) -> bytes:
        """Take in whole netstrings; what is left of the last one."""
        while head := re.match(rb"(\d+):", buffer):
            end = head.end() + int(head[1])
            if len(buffer) <= end:
                break
            message = json.loads(buffer[head.end() : end].decode("utf-8", "replace"))
            buffer = buffer[end + 1 :]
            with self._news:
                self._take_in(message)
                self._news.notify_all()
        return buffer

    def _take_in(self, message: dict[str, Any]) -> None:
        if message.get("response"):
            self._replies.append(message)
            return
        self._events.append(message)
        if "id" not in message:
            return
        kind, key, said = message["type"], message["id"], message.get("param", "")
        incoming = message.get("direction") == "incoming"
        call = self._calls.get(key) or Call(key, message.get("peeruri", ""), incoming, "")
        if kind == "TRANSFER_FAILED":
            call = replace(call, transfer=said)
        elif kind == "CALL_REMOTE_SDP":
            call = replace(call, held=message.get("remoteaudiodir") in ("recvonly", "inactive"))
        elif kind == "CALL_DTMF_START":
            self.keys += said
        elif state := STATES.get(kind):
            call = replace(call, state=state, reason=said if state == "closed" else "")
        self._calls[key] = call
