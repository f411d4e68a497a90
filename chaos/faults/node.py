"""Asterisk: its reloads, its end, and what an operator or an agent does to calls there."""

from __future__ import annotations

import contextlib
import time

from chaos.ami import Ami, AmiError
from chaos.fault import Fault, Setup
from chaos.load import patient
from chaos.scene import Scene

HERE = "were on that Asterisk"
RELOADS = ("manager reload", "dialplan reload", "core reload")


def reload(scene: Scene) -> float:
    """All three, one after the other."""
    began = time.monotonic()
    for command in RELOADS:
        scene.lab.asterisk.cli(command)
    return scene.until("ivrd is connected", scene.linked, began)


def stop_now(scene: Scene) -> float:
    """`core stop now`, and a new start."""
    asterisk = scene.lab.asterisk
    scene.excuse("still calling", HERE)
    began = time.monotonic()
    asterisk.cli("core stop now")
    scene.excuse("still calling", HERE)  # who dialled before it took effect
    scene.until("Asterisk has ended", lambda: asterisk.ended)
    asterisk.start()
    took = scene.until("ivrd is connected", scene.linked, began)
    scene.excuse("refused", "dialled when there was none")
    return took


TRANSFERS = 12  # in one strike, half of them blind ones


def transfer(scene: Scene) -> float:
    """Agents send their callers back to the queue; others' are taken out of the bridge."""
    ami = Ami(scene.lab.ami_port, scene.lab.ami_secret)
    done = 0
    with contextlib.closing(ami):
        for number in range(TRANSFERS):
            time.sleep(scene.random.uniform(0.1, 0.5))
            with contextlib.suppress(AmiError):  # the talk has ended meanwhile
                done += _transfer_one(scene, ami, number)
    scene.note(f"{done} transfers")
    return scene.until("ivrd is connected", scene.linked)


def _transfer_one(scene: Scene, ami: Ami, number: int) -> int:
    channels = ami.listed("CoreShowChannels")
    talking = [c for c in channels if c["context"] == "hotline-queue" and c.get("bridgeid")]
    if not talking:
        return 0
    caller = scene.random.choice(talking)
    agents = [c for c in channels if c.get("bridgeid") == caller["bridgeid"] and c is not caller]
    where = {"Context": "hotline-queue", "Exten": "s"}
    if number % 3 == 0 and agents:
        ami.ask("BlindTransfer", Channel=agents[0]["channel"], **where)
    elif number % 3 == 1 and agents:
        ami.ask("Atxfer", Channel=agents[0]["channel"], **where)
    else:
        ami.ask("Redirect", Channel=caller["channel"], Priority="1", **where)
    return 1


FAULTS = (
    Fault(
        "reload",
        "manager reload, dialplan reload and core reload",
        "Asterisk keeps calls over all three; the link comes back if it is lost.",
        reload,
        strikes=(2, 50),
        gap=(1.0, 3.0),
        no_control="there is nothing of ours to take away: it shows that Asterisk keeps its word",
    ),
    Fault(
        "core-stop",
        "core stop now, and a new start of Asterisk",
        "None for the calls on that node; each is counted where it was last seen.",
        stop_now,
        strikes=(1, 10),
        gap=(3.0, 5.0),
        no_control="nothing keeps the calls of a node that ends; only the counts are defended",
    ),
    Fault(
        "transfer",
        "agents transfer callers back to the queue, blind and attended, and callers are redirected",
        "A call keeps its identity and its age when it comes back to a queue.",
        transfer,
        setup=Setup(crowd=patient, talk=3.0),
        strikes=(1, 20),
        gap=(2.0, 3.0),
        no_control="it would need books that take a transferred caller for a new one",
    ),
)
