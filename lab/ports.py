"""Ports of loopback for labs that run side by side: what one process claims no other one gets.

They lie below those that the kernel hands out by itself.  A claim is a name in the kernel's
abstract namespace of Unix sockets: one process at a time can have it, and it is free again when
that process ends, however it ends.

    with Block(1000) as rtp:
        ...  # rtp.first to rtp.last
    free_port()  # one of the process's own block
"""

from __future__ import annotations

import socket
from functools import cache
from itertools import count
from types import TracebackType
from typing import Self

from lab.running import LabError

HOST = "127.0.0.1"
FIRST, LAST = 10_000, 32_499
UNIT = 250  # ports that are claimed together
CLAIM = "\0ivrd-lab-ports-{}"


class Block:
    """At least `ports` adjacent ports, claimed until `close`.  Raises LabError when none are left.

    They are multiples of UNIT; `first` and `last` belong to the block.
    """

    def __init__(self, ports: int) -> None:
        wanted = -(-ports // UNIT)
        self._claims: list[socket.socket] = []
        for first in range(FIRST, LAST + 1, UNIT):
            claim = _claimed(first)
            if claim is None:
                self.close()
                continue
            self._claims.append(claim)
            if len(self._claims) == wanted:
                self.first = first - (wanted - 1) * UNIT
                self.last = first + UNIT - 1
                return
        self.close()
        raise LabError(f"no {ports} ports are left for this lab: too many run on this machine")

    def close(self) -> None:
        """Let others have them."""
        while self._claims:
            self._claims.pop().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _claimed(first: int) -> socket.socket | None:
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(CLAIM.format(first))
    except OSError:
        claim.close()
        return None
    return claim


def free_port(kind: socket.SocketKind = socket.SOCK_DGRAM, host: str = HOST) -> int:
    """A port that nobody uses and no other lab is given; the same one again after UNIT others."""
    block, turn = _own()
    for _ in range(UNIT):
        port = block.first + next(turn) % UNIT
        if is_free(port, kind, host):
            return port
    raise LabError("all ports of this process are in use")


@cache
def _own() -> tuple[Block, count[int]]:
    """The block from which this process gives out single ports, and whose turn it is."""
    return Block(UNIT), count()


def is_free(port: int, kind: socket.SocketKind, host: str = HOST) -> bool:
    """Whether a port can be bound now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind is socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
