"""How many events a second a process can read here and now, when none of them is ivrd's.

    python -m chaos.pace

It is run by the flood, which is to be a part of what this machine can do and not more than that.
"""

import asyncio
import sys
import time

from chaos.faults.link import noise
from ivrd.asterisk.ami_protocol import AmiProtocol
from ivrd.asterisk.translate import EVENTS

SECONDS = 0.5
PIECE = 1000  # events that come at once


class Nowhere(asyncio.Transport):
    """Takes what is sent and does nothing."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take it."""


def main() -> int:
    """Print the number."""
    protocol = AmiProtocol(lambda _message: None, lambda _reason: None, EVENTS)
    protocol.connection_made(Nowhere())
    protocol.data_received(b"Asterisk Call Manager/11.0.0\r\n")
    piece = noise(PIECE)
    began, read = time.monotonic(), 0
    while (now := time.monotonic()) < began + SECONDS:
        protocol.data_received(piece)
        read += PIECE
    print(round(read / (now - began)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
