"""A detour for one of ivrd's links: a TCP relay that can be cut, and worse.

On the way to Asterisk it hands on whole messages of AMI, byte for byte, unless told otherwise; `up`
and `down` are told of each and say what becomes of it.  On another way a message is what comes.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable

HOST = "127.0.0.1"
END = b"\r\n\r\n"  # of a message
AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends a reset

Treat = Callable[[bytes], Iterable[bytes]]  # a message to the pieces that are sent in its place


def unchanged(message: bytes) -> Iterable[bytes]:
    """Hands a message on as it came."""
    return (message,)


class Detour:
    """Relays connections from `port` to `target`. `up`: from ivrd to Asterisk; `down`: back.

    `end`: the bytes with which each message ends; none to hand on whatever comes, as it comes.
    While `shut` is true, whoever connects is turned away. `left` has the moments (monotonic
    seconds) at which ivrd gave a connection up.
    """

    def __init__(self, end: bytes = END) -> None:
        self.end = end
        self.target = 0
        self.shut = False
        self.up: Treat = unchanged
        self.down: Treat = unchanged
        self.left: list[float] = []
        self._server = socket.create_server((HOST, 0))
        self.port: int = self._server.getsockname()[1]
        self._pairs: list[_Pair] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._server.accept()
                try:
                    if self.shut:
                        raise OSError
                    far = socket.create_connection((HOST, self.target))
                except OSError:
                    near.close()
                    continue
                pair = _Pair(self, near, far)
                self._pairs.append(pair)
                pair.start()

    def cut(self) -> None:
        """Close every connection there is, as a program does that ends."""
        for pair in self._taken():
            pair.close()

    def reset(self) -> None:
        """Break every connection there is, as a device does that has forgotten it."""
        for pair in self._taken():
            pair.reset()

    def swallow(self, answer: Treat = lambda _message: ()) -> None:
        """From now on the connections there are take all that is sent, and nothing arrives.

        `answer`: what the relay itself says to a message of ivrd's.
        """
        for pair in self._pairs:
            pair.swallows = answer

    def inject(self, messages: bytes) -> None:
        """Send ivrd whole messages of ours, between two of Asterisk's."""
        for pair in list(self._pairs):
            with contextlib.suppress(OSError):
                pair.send_down((messages,))

    def close(self) -> None:
        """Take nothing more."""
        self._server.close()
        self.cut()

    def _taken(self) -> list[_Pair]:
        pairs, self._pairs = self._pairs, []
        return pairs


class _Pair:
    """One connection: `near` leads to ivrd, `far` to Asterisk."""

    def __init__(self, detour: Detour, near: socket.socket, far: socket.socket) -> None:
        self.swallows: Treat | None = None
        self._detour = detour
        self._near, self._far = near, far
        self._lock = threading.Lock()
        self._broken = False
        for end in (near, far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def start(self) -> None:
        for pump in (self._pump_up, self._pump_down):
            threading.Thread(target=pump, daemon=True).start()

    def _pump_up(self) -> None:
        with contextlib.suppress(OSError):
            for message in _messages(self._near, self._detour.end):
                if self.swallows is not None:
                    self.send_down(self.swallows(message))
                    continue
                for piece in self._detour.up(message):
                    self._far.sendall(piece)
        if not self._broken:
            self._detour.left.append(time.monotonic())
        self._hang_up(self._far)

    def _pump_down(self) -> None:
        with contextlib.suppress(OSError):
            for message in _messages(self._far, self._detour.end):
                if self.swallows is None:
                    self.send_down(self._detour.down(message))
        if self.swallows is None:
            self._hang_up(self._near)

    def send_down(self, pieces: Iterable[bytes]) -> None:
        """Send ivrd one message, in pieces, with nothing else between them."""
        with self._lock:
            for piece in pieces:
                self._near.sendall(piece)

    def _hang_up(self, end: socket.socket) -> None:
        if not self._broken:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        for end in (self._near, self._far):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def reset(self) -> None:
        self._broken = True
        for end in (self._near, self._far):
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
                end.shutdown(socket.SHUT_RD)  # wakes who reads from it, and sends nothing
            end.close()


def _messages(source: socket.socket, end: bytes) -> Iterable[bytes]:
    """Whole messages, each with its end; what is left over when the connection ends."""
    unread = b""
    while data := source.recv(65536):
        if not end:
            yield data
            continue
        *whole, unread = (unread + data).split(end)
        yield from (message + end for message in whole)
    if unread:
        yield unread
