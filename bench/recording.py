"""What passes between ivrd and Asterisk while some people call, recorded to be replayed.

A real hotline, a relay between the two that takes down each piece as it came.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from lab.callers import Callers
from lab.callers.mix import mix
from lab.detour import Detour
from lab.hotline import Lab, Plan
from lab.ports import free_port

WAIT_SECONDS = 300.0
AGENTS, TALK_SECONDS, RING_SECONDS = 75, 5.0, 0.5


@dataclass(frozen=True)
class Piece:
    """What came in one piece from one side."""

    from_ivrd: bool
    data: bytes


@dataclass(frozen=True)
class Recording:
    """One run. `config`: the folder with ivrd's configuration in it."""

    calls: int
    config: Path
    pieces: tuple[Piece, ...]

    @property
    def from_asterisk(self) -> tuple[bytes, ...]:
        """What ivrd received."""
        return tuple(piece.data for piece in self.pieces if not piece.from_ivrd)

    def write(self, path: Path) -> None:
        """Keep it in a file; its configuration stays where it is."""
        pieces = [[p.from_ivrd, base64.b85encode(p.data).decode()] for p in self.pieces]
        kept = {"calls": self.calls, "config": str(self.config), "pieces": pieces}
        path.write_text(json.dumps(kept))


def read(path: Path) -> Recording:
    """What `write` has kept."""
    kept = json.loads(path.read_text())
    pieces = (Piece(ours, base64.b85decode(data)) for ours, data in kept["pieces"])
    return Recording(kept["calls"], Path(kept["config"]), tuple(pieces))


def record(folder: Path, calls: int, rate: float) -> Recording:
    """Let so many people call, `rate` a second, each through menu and queue to an agent."""
    pieces: list[Piece] = []

    def taken(from_ivrd: bool) -> Callable[[bytes], Iterable[bytes]]:
        def take(data: bytes) -> Iterable[bytes]:
            pieces.append(Piece(from_ivrd, data))
            return (data,)

        return take

    relay = Detour(end=b"")
    relay.target = free_port()
    relay.up, relay.down = taken(True), taken(False)
    plan = Plan(
        folder,
        agents=AGENTS,
        talk=TALK_SECONDS,
        ring=RING_SECONDS,
        ami_port=relay.target,
        ami_detour=relay.port,
    )
    with Lab(plan) as lab:
        people = mix(calls, seed=1, behaviours=("answered",))
        calling = Callers(lab.sip, people, folder=folder / "callers", rate=rate)
        calling.start()
        calling.wait(WAIT_SECONDS)
        config = lab.config
    relay.close()
    return Recording(calls, config, tuple(pieces))
