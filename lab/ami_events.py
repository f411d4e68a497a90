"""Asterisk's own events, as a second listener at its management port gets them."""

import socket
import threading
import time
from collections.abc import Callable

from lab.running import LabError

HOST = "127.0.0.1"
Event = dict[str, str]


class AmiEvents:
    """All events from now on; header names are in small letters."""

    def __init__(self, port: int, secret: str) -> None:
        self.events: list[Event] = []
        self._socket = socket.create_connection((HOST, port))
        login = f"Action: Login\r\nUsername: ivrd\r\nSecret: {secret}\r\n\r\n"
        self._socket.sendall(login.encode())
        self._news = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()
        self.wait("logged in", lambda event: event.get("response") == "Success")

    def _listen(self) -> None:
        event: Event = {}
        with self._socket.makefile(encoding="utf-8", errors="replace", newline="\r\n") as lines:
            for line in lines:
                if line != "\r\n":
                    key, _, value = line.rstrip("\r\n").partition(":")
                    event[key.lower()] = value.strip()
                elif event:
                    with self._news:
                        self.events.append(event)
                        self._news.notify_all()
                    event = {}

    def wait(
        self, what: str, true: Callable[[Event], bool], count: int = 1, seconds: float = 60.0
    ) -> list[Event]:
        """The first `count` events for which `true` holds.  Raises LabError after `seconds`."""
        deadline = time.monotonic() + seconds
        with self._news:
            while True:
                found = [event for event in self.events if true(event)]
                if len(found) >= count:
                    return found[:count]
                if not self._news.wait(deadline - time.monotonic()):
                    raise LabError(f"not within {seconds:g} s: {what}; {found}")

    def named(self, name: str, count: int = 1, seconds: float = 60.0) -> list[Event]:
        """The first `count` events of ours, or of Asterisk's, with this name."""
        return self.wait(
            name, lambda e: name in (e.get("userevent"), e.get("event")), count, seconds
        )

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()
