"""Seats of the hotline's own that do not answer as they should, while callers wait for a person."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from chaos.fault import Control, Fault, Setup
from chaos.load import patient, shortened
from chaos.scene import Scene
from lab.agents import (
    Manner,
    drops,
    never_answers,
    refuses,
    vanishes_ringing,
    without_sdp,
)

SEATS = 36
RING_SECONDS = 5  # the least
WATCH_SECONDS = 12.0
FEW_SEATS = 6
WAYS: tuple[Manner, ...] = (
    never_answers(),
    refuses(302),
    refuses(486),
    drops(ring=0.2),
    without_sdp(ring=0.2),
    vanishes_ringing(ring=0.2),
)


def short_rings(name: str, settings: dict[str, Any]) -> None:
    """Plan.change: a phone that nobody answers rings for the shortest time."""
    shortened(name, settings)
    if name == "queues.yaml":
        settings["ring_seconds"] = RING_SECONDS


def every_third(scene: Scene) -> float:
    """Every third seat is bad, in one of six ways, from now on until the callers are through."""
    bad = [f"base-{number:02}" for number in range(3, SEATS + 1, 3)]
    for at, seat in enumerate(bad):
        scene.lab.agents.behave(seat, WAYS[at % len(WAYS)])
    time.sleep(WATCH_SECONDS)  # they strike by themselves
    for seat in bad:
        scene.lab.agents.behave(seat, Manner(0.2, 2.0))
    status = scene.lab.ivrd.status()
    (pool,) = [pool for pool in status["pools"] if pool["name"] == "base"]
    scene.note(f"{len(bad)} of {SEATS} seats were bad, {pool['paused']} rested in the end")
    return 0.0


def every_third_unguarded(scene: Scene) -> float:
    """The same on a dialplan that takes an answer that was none for a talk."""
    scene.lab.asterisk.cli("dialplan remove extension talked@hotline-queue")
    return every_third(scene)


def nobody_at_all(scene: Scene) -> float:
    """Nobody answers at any seat, so that each misses a call; then everybody does."""
    seats = [f"base-{number:02}" for number in range(1, FEW_SEATS + 1)]
    for seat in seats:
        scene.lab.agents.behave(seat, never_answers())
    began = time.monotonic()
    scene.until("each seat has missed a call", lambda: _rung(scene) >= FEW_SEATS)
    for seat in seats:
        scene.lab.agents.behave(seat, Manner(0.2, 2.0))
    scene.note(f"all {FEW_SEATS} seats missed a call, within {time.monotonic() - began:.0f} s")
    return 0.0


def _rung(scene: Scene) -> int:
    return len(scene.lab.agents.ledger())


SETUP = Setup(agents=SEATS, talk=2.0, ring=0.2, change=short_rings, crowd=patient)
ALONE = Setup(agents=FEW_SEATS, talk=2.0, ring=0.2, change=short_rings, crowd=patient)
FAULTS = (
    Fault(
        "seats",
        "every third seat of our own is bad: rings and nobody answers, is dead while it rings, "
        "answers 302 or 486, answers and drops, answers without SDP",
        "The next seat is rung in the same moment, a caller whose call was dropped goes back to "
        "the front of the queue, and a breaker leaves a failing seat alone.",
        every_third,
        setup=SETUP,
        seconds=13.0,
        gap=(0.0, 0.1),
        control=Control(
            "the dialplan's rule that an answer which ends at once was none",
            every_third_unguarded,
            SETUP,
        ),
    ),
    Fault(
        "all-seats",
        "nobody answers at any seat of our own until each has missed a call; then all do",
        "Where all seats rest, the one whose last failure is longest ago is rung all the same, and "
        "where most of them do while nobody else is free.",
        nobody_at_all,
        setup=ALONE,
        seconds=1.2,
        gap=(0.0, 0.1),
        control=Control(
            "the seat of last resort: who has missed a call rests for a minute",
            nobody_at_all,
            replace(ALONE, program="chaos.without.last_resort"),
        ),
    ),
)
