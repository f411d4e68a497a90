"""Asterisk: its reloads, its end, and what an operator or an agent does to calls there."""

from __future__ import annotations

import contextlib
import time

from chaos.ami import Ami, AmiError
from chaos.fault import Control, Fault, Setup
from chaos.load import RATE, patient, soon_gone
from chaos.scene import Scene
from ivrd.asterisk import dialplan_names

HERE = "were on that Asterisk"
NOWHERE = "dialled when there was none"
RELOADS_AGAIN = 12
RELOADS = ("manager reload", "dialplan reload", "core reload")


def reload(scene: Scene) -> float:
    """All three, one after the other."""
    began = time.monotonic()
    for command in RELOADS:
        scene.lab.asterisk.cli(command)
    return scene.until("ivrd is connected", scene.linked, began)


def reload_with_a_seen(scene: Scene) -> float:
    """The same with IVRD_SEEN among the dialplan's globals: each reload sets it back."""
    path = scene.lab.folder / "etc" / "extensions.conf"
    text = path.read_text("utf-8").replace("[globals]\n", f"[globals]\n{dialplan_names.SEEN}=0\n")
    path.write_text(text, "utf-8")
    longest = 0.0
    for _ in range(RELOADS_AGAIN):
        longest = max(longest, reload(scene))
        time.sleep(scene.random.uniform(0.2, 0.6))
    return longest


def crash(scene: Scene) -> float:
    """Asterisk is gone from one moment to the next, and started anew."""
    asterisk = scene.lab.asterisk
    _between_two_calls(scene)
    calling = scene.ended("still calling")  # others may dial before it is gone
    asterisk.kill()
    began = time.monotonic()
    here = scene.excuse("still calling", HERE, calling)
    scene.cut |= here
    # A phone whose call is dead would go on sending to a port that the new Asterisk soon gives to
    # somebody else, and on a busy machine that one's sound would go to it.  An agent's as well.
    scene.calling.hang_up(here)
    scene.lab.agents.hang_up()
    time.sleep(0.1)  # for ivrd to hear of it: until then it says that it is connected
    asterisk.start()
    scene.excuse("still calling", NOWHERE)
    took = scene.until("ivrd is connected", scene.linked, began)
    scene.excuse("failed", NOWHERE)
    return took


def _between_two_calls(scene: Scene) -> None:
    """Of a call that begins in the very moment of the end nobody can have been told."""
    before, deadline = _dialled(scene), time.monotonic() + 2 / RATE
    while _dialled(scene) == before and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(0.5 / RATE)


def _dialled(scene: Scene) -> int:
    return sum(entry.ended != "never dialled" for entry in scene.calling.ledger().entries)


def stop_now(scene: Scene) -> float:
    """`core stop now`, and a new start."""
    asterisk = scene.lab.asterisk
    scene.excuse("still calling", HERE)
    began = time.monotonic()
    asterisk.cli("core stop now")
    scene.excuse("still calling", HERE)  # who dialled before it took effect
    scene.until("Asterisk has ended", lambda: asterisk.ended)
    asterisk.start()
    scene.excuse("still calling", NOWHERE)
    took = scene.until("ivrd is connected", scene.linked, began)
    scene.excuse("refused", NOWHERE)
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
        control=Control(
            "ivrd's sign of life is one of the variables that a reload sets back",
            reload_with_a_seen,
        ),
    ),
    Fault(
        "crash",
        "kill -9 of Asterisk, and a new start",
        "None for the calls on that node; each is counted as failed, or as answered if it was.",
        crash,
        setup=Setup(crowd=soon_gone),
        strikes=(1, 10),
        gap=(3.0, 5.0),
        keys_lost=True,
        control=Control(
            "a call that Asterisk no longer has stays in the ledger until an event ends it",
            crash,
            Setup(crowd=soon_gone, program="chaos.without.missed"),
        ),
    ),
    Fault(
        "core-stop",
        "core stop now, and a new start",
        "None for the calls on that node; each is counted as failed, or as answered if it was.",
        stop_now,
        setup=Setup(crowd=soon_gone),
        strikes=(1, 10),
        gap=(3.0, 5.0),
        keys_lost=True,
        control=Control(
            "whoever is cut off is taken for one who hung up",
            stop_now,
            Setup(crowd=soon_gone, program="chaos.without.cut_off"),
        ),
    ),
    Fault(
        "transfer",
        "agents transfer callers back to the queue, blind and attended, and callers are redirected",
        "A call keeps its identity and its age when it comes back to a queue.",
        transfer,
        setup=Setup(crowd=patient, talk=3.0),
        strikes=(1, 20),
        gap=(2.0, 3.0),
        control=Control(
            "whoever comes back to a queue is taken for a new caller",
            transfer,
            Setup(crowd=patient, talk=3.0, program="chaos.without.way_back"),
        ),
    ),
)
