"""A carrier that dies: its callers are gone, and nothing says so."""

from __future__ import annotations

import time
from typing import Any

from chaos.fault import Control, Fault, Setup
from chaos.load import VANISH, half_vanish, nobody_for_vaccination
from chaos.scene import Scene
from lab import changes

SECONDS = 11.0  # of dialling
VANISHED_IN = 8.0  # seconds: the longest way to the queue, and what is waited there
SEATS = 60
FEW = 10  # who come
QUEUE = "vaccination"
LOST = "ivrd_calls_media_lost_total"


def soon_noticed(name: str, settings: dict[str, Any]) -> None:
    """Plan.change: a phone from which nothing comes is given up after the shortest time."""
    nobody_for_vaccination(name, settings)
    changes.soon_lost(name, settings)


def never_noticed(name: str, settings: dict[str, Any]) -> None:
    """Plan.change: it is never given up."""
    nobody_for_vaccination(name, settings)
    changes.never_lost(name, settings)


def half_vanishes(scene: Scene) -> float:
    """Half of the callers vanish; when all their calls have ended, agents come to the queue."""
    ghosts = {entry.id for entry in scene.calling.ledger().entries if entry.behaviour in VANISH}
    scene.until("the calls of the vanished have ended", lambda: not _still_here(scene, ghosts))
    counted = int(scene.lab.ivrd.scrape().total(LOST))
    if counted != len(ghosts):
        scene.found.append(f"{len(ghosts)} vanished, and {LOST} is {counted}")
    scene.note(f"{len(ghosts)} vanished")
    _agents_come(scene)
    return 0.0


def half_vanishes_unnoticed(scene: Scene) -> float:
    """The same, and nobody notices: agents come, and take who is there."""
    time.sleep(SECONDS + VANISHED_IN)  # nothing tells that a phone is dead
    _agents_come(scene)
    return 0.0


def _still_here(scene: Scene, ghosts: set[int]) -> bool:
    here = ("still calling", "never dialled")
    return any(e.id in ghosts and e.ended in here for e in scene.calling.ledger().entries)


def _agents_come(scene: Scene) -> None:
    for number in range(1, FEW + 1):
        scene.lab.asterisk.cli(f"queue add member PJSIP/base-{number:02} to {QUEUE}")


FAULTS = (
    Fault(
        "carrier-dies",
        "half of the callers, in menus and in the queue, vanish without hanging up",
        "A call from which nothing comes any more is ended, and its caller has abandoned it.",
        half_vanishes,
        setup=Setup(agents=SEATS, change=soon_noticed, crowd=half_vanish),
        strikes=(1, 1),
        seconds=SECONDS,
        gap=(0.0, 0.1),
        control=Control(
            "the time-out",
            half_vanishes_unnoticed,
            Setup(agents=SEATS, change=never_noticed, crowd=half_vanish),
        ),
    ),
)
