"""Somebody between two SIP parties over UDP, who changes the fingerprint in an answer (RFC 8122).

with Forger(("127.0.0.2", 5060)) as between:
    ...  # call between.address instead
"""

from __future__ import annotations

import re
import socket
import threading

from lab.ports import HOST
from lab.running import Running

FINGERPRINT = re.compile(rb"(a=fingerprint:\S+ )(..)")


class Forger(Running):
    """Passes on what comes to `address`, and, changed, what the other party answers.

    Sound does not pass here, nor does what follows within a dialog: that goes by Contact.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._near, self._far = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        self._near.bind((target[0], 0))
        self._far.bind((HOST, 0))
        self.address = "{}:{}".format(*self._near.getsockname())
        self._peer: tuple[str, int] | None = None

    def start(self) -> None:
        """Pass on from now on."""
        for serve in (self._to_target, self._to_peer):
            threading.Thread(target=serve, daemon=True).start()

    def stop(self) -> None:
        """Pass on no more."""
        for one in (self._near, self._far):
            one.close()

    def _to_target(self) -> None:
        while True:
            try:
                data, self._peer = self._near.recvfrom(65_535)
                self._far.sendto(data, self._target)
            except OSError:
                return

    def _to_peer(self) -> None:
        while True:
            try:
                data = self._far.recv(65_535)
                if self._peer:
                    self._near.sendto(_forged(data), self._peer)
            except OSError:
                return


def _forged(message: bytes) -> bytes:
    """With another first byte of each fingerprint; as long as before."""
    return FINGERPRINT.sub(
        lambda found: found[1] + (b"11" if found[2] != b"11" else b"22"), message
    )
