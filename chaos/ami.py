"""A second connection to Asterisk's management port, for what an operator or an agent does."""

from __future__ import annotations

import itertools
import socket

HOST = "127.0.0.1"
SECONDS = 10.0  # for an answer

Message = dict[str, str]  # header names in small letters


class AmiError(Exception):
    """Asterisk refused an action, in its own words."""


class Ami:
    """Asks, one action at a time, with ivrd's own rights."""

    def __init__(self, port: int, secret: str) -> None:
        self._socket = socket.create_connection((HOST, port), SECONDS)
        self._lines = self._socket.makefile(encoding="utf-8", errors="replace", newline="\r\n")
        self._numbers = itertools.count(1)
        self.ask("Login", Username="ivrd", Secret=secret, Events="off")

    def ask(self, action: str, **headers: str) -> Message:
        """One action and its answer. Raises AmiError."""
        number = f"chaos-{next(self._numbers)}"
        lines = [f"Action: {action}", f"ActionID: {number}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        while (answer := self._message()).get("actionid") != number:
            pass
        if answer.get("response") == "Error":
            raise AmiError(answer.get("message", action))
        return answer

    def listed(self, action: str) -> list[Message]:
        """The events of an action that answers with a list."""
        number = self.ask(action)["actionid"]
        events: list[Message] = []
        while True:
            event = self._message()
            if event.get("actionid") != number:
                continue
            if event.get("eventlist") == "Complete":
                return events
            events.append(event)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _message(self) -> Message:
        message: Message = {}
        for line in self._lines:
            if line == "\r\n":
                return message
            name, _, value = line.rstrip("\r\n").partition(":")
            message[name.lower()] = value.strip()
        raise AmiError("Asterisk has closed the connection")
