"""Partners whose trunks or people fail while callers are being sent there."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chaos.fault import Control, Fault, Setup
from chaos.load import patient, shortened
from chaos.scene import Scene
from lab.agents import Choice, Manner, drops, in_turn, refuses, silent
from lab.callers import HangUp, Hear, Keys, Wait
from lab.partners import HOST, keeps_silent, shown_callers, takes

WATCH_SECONDS = 12.0
FEW = 4  # agents: most callers have to go elsewhere
GOOD_SEATS, BAD_SEATS = 60, 8

# Presses the key, and hangs up in the moment in which the caller is put through.
BYES = Manner(0.3, 0.0, None, first=(Hear(), Wait(0.3), Keys("1"), HangUp()))
SITES: Mapping[str, Manner | Choice] = {
    "good": takes(ring=0.3, talk=6.0),
    "busy": in_turn(refuses(486), refuses(503)),
    "absent": in_turn(refuses(480), refuses(404)),
    "declines": in_turn(refuses(603), refuses(500)),
    "silent": keeps_silent(ring=0.3),
    "drops": drops(ring=0.3),
    "byes": BYES,
}


def sites(scene: Scene) -> dict[str, Any]:
    """Starts the partners; their entries for partners.yaml."""
    trunks = {name: scene.open_site(name, manner).trunk for name, manner in SITES.items()}
    # A port at which all is taken and nothing answered, as behind a firewall.
    mute = scene.stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    mute.bind((HOST, 0))
    trunks["mute"] = f"{HOST}:{mute.getsockname()[1]}"
    return {name: entry(name, trunk) for name, trunk in trunks.items()}


def one_without_key(scene: Scene) -> dict[str, Any]:
    """One partner, where something answers that is no person; no key is asked for."""
    manner = silent(ring=0.3, talk=4.0)
    site = scene.open_site("silent", manner)
    return {"silent": entry("silent", site.trunk, confirm=False)}


def entry(name: str, trunk: str, **more: object) -> dict[str, Any]:
    """One partner in partners.yaml."""
    seats = GOOD_SEATS if name == "good" else BAD_SEATS
    return {
        "name": {"th": name, "en": name},
        "trunk": shown_callers(trunk),  # so that a call is the same for both whom it has met
        "pledged": seats,
        "cap": seats,
        "hours": "always",
        "topics": "all",
        "state": "active",
        **more,
    }


def hurried(name: str, settings: dict[str, Any]) -> None:
    """Plan.change: seats open and close within the seconds that a run has."""
    shortened(name, settings)
    if name == "ivrd.yaml":
        settings["overflow"] = {"drain_seconds": 10, "hold_seconds": 8}


def watch(scene: Scene) -> float:
    """The partners strike by themselves; here is told how often they were asked."""
    time.sleep(WATCH_SECONDS)
    asked = {name: len(site.ledger()) for name, site in scene.sites.items()}
    scene.note("asked: " + ", ".join(f"{name} {count}" for name, count in asked.items()))
    return 0.0


# Its exchange answers and plays music; a person comes to the line later than a key is usually
# awaited for.
LATE = takes(ring=1.0, talk=5.5, after=12.5)
TIMES = {"ring_seconds": 10, "key_seconds": 25}


def people_come_late(scene: Scene) -> dict[str, Any]:
    """One partner, with the times that its people need."""
    return {"good": entry("good", scene.open_site("good", LATE).trunk, **TIMES)}


def people_come_too_late(scene: Scene) -> dict[str, Any]:
    """The same partner, with the usual times."""
    return {"good": entry("good", scene.open_site("good", LATE).trunk)}


def opened(scene: Scene) -> float:
    """An operator opens the partner, of which nobody has taken a call yet."""
    scene.lab.ivrd.once("partner", "override", "open", "good")
    time.sleep(WATCH_SECONDS)  # it strikes by itself
    scene.note(f"{scene.sites['good'].progress()['talking']} seats at once waited or talked")
    return 0.0


SLOW = Setup(agents=FEW, talk=3.0, change=hurried, crowd=patient, sites=people_come_late)
FAULTS = (
    Fault(
        "slow-partner",
        "a partner's exchange answers every call and plays music; its people come to the line "
        "12.5 s later",
        "Each partner has times of its own until the answer and until the key, the whisper is said "
        "until a person presses it, and the queue gives a seat up later than the partner's leg.",
        opened,
        setup=SLOW,
        seconds=13.0,
        gap=(0.0, 0.1),
        control=Control(
            "the times are the usual ones: 8 s to answer, 11 s for the key",
            opened,
            replace(SLOW, sites=people_come_too_late),
        ),
    ),
    Fault(
        "partners",
        "partners refuse (486, 503, 480, 404, 603, 500 in turn), do not answer at all, answer and "
        "drop, answer and keep silent, hang up in the moment of the bridge",
        "The caller stays in the queue until a person has pressed the key, comes back to its front "
        "when the partner drops the call, and a breaker leaves a failing partner alone.",
        watch,
        setup=Setup(agents=FEW, talk=3.0, change=hurried, crowd=patient, sites=sites),
        seconds=13.0,
        gap=(0.0, 0.1),
        control=Control(
            "no key is asked for, and what answers is a machine",
            watch,
            Setup(agents=FEW, talk=3.0, change=hurried, crowd=patient, sites=one_without_key),
        ),
    ),
)
