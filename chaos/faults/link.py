"""The link between ivrd and Asterisk: broken, mute, slow, flooded, in disorder."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterable
from random import Random

from chaos.check import GRACE
from chaos.fault import Control, Fault, Setup
from chaos.faults.ivrd import no_lease
from chaos.scene import Scene
from lab.ivrd import PROJECT

FOUND_WITHIN = 3.0  # seconds: a beat, and two for its answer
AWAY_SECONDS = 12.0  # of a link that does not come back, in a control
DISORDER_SECONDS = 9.0
FLOOD_SECONDS = 4.0
FLOOD_RATE = 60_000  # events a second, at the most
FLOOD_SHARE = 0.4  # of those that a process could read if it did nothing else
STROKES = 20  # a second
UNIQUE_ID = re.compile(rb"^Uniqueid: *(\S+)", re.IGNORECASE | re.MULTILINE)
ACTION_ID = re.compile(rb"^ActionID: *(\S+)", re.IGNORECASE | re.MULTILINE)


def reset(scene: Scene) -> float:
    """Both ends get a reset."""
    scene.detour.reset()
    time.sleep(0.1)  # for ivrd to hear of it: until then it says that it is connected
    return scene.until("ivrd is connected", scene.linked) + 0.1


def reset_for_long(scene: Scene) -> float:
    """A reset, and no way back for a while."""
    scene.detour.shut = True
    scene.detour.reset()
    time.sleep(AWAY_SECONDS)
    scene.detour.shut = False
    return AWAY_SECONDS + scene.until("ivrd is connected", scene.linked)


def half_open(scene: Scene) -> float:
    """The connection stays, and carries nothing."""
    known = len(scene.detour.left)
    scene.detour.swallow()
    began = time.monotonic()
    scene.until("ivrd gives the connection up", lambda: len(scene.detour.left) > known)
    found = scene.detour.left[known] - began
    scene.note(f"found after {found:.1f} s")
    if found > scene.lag.stretched(FOUND_WITHIN + GRACE):
        scene.found.append(f"found only after {found:.1f} s")
    return scene.until("ivrd is connected", scene.linked, began)


def says_pong(message: bytes) -> Iterable[bytes]:
    """What a peer answers that lives and does nothing else."""
    action_id = ACTION_ID.search(message)
    if action_id is None:
        return ()
    head = b"Response: Success\r\nActionID: " + action_id[1]
    return (head + b"\r\nPing: Pong\r\nTimestamp: %d.0\r\n\r\n" % time.time(),)


def mute_but_alive(scene: Scene) -> float:
    """Nothing is carried, but each action is answered: no beat is missed."""
    scene.detour.swallow(says_pong)
    time.sleep(AWAY_SECONDS)
    scene.detour.reset()
    time.sleep(0.1)
    return AWAY_SECONDS + scene.until("ivrd is connected", scene.linked)


def split(scene: Scene) -> float:
    """Messages come in pieces that end anywhere, some of them late."""

    def pieces(message: bytes) -> Iterable[bytes]:
        at = 0
        while at < len(message):
            size = scene.random.randint(1, 120)
            yield message[at : at + size]
            at += size
        if scene.random.random() < 0.01:
            time.sleep(scene.random.uniform(0, 0.1))

    scene.detour.down = pieces
    time.sleep(DISORDER_SECONDS)
    return scene.until("ivrd is connected", scene.linked)


class Disorder:
    """Repeats every fifth event and lets every fifth change places with what comes after it.

    But not two keys of one caller: in which order those were pressed nothing else could tell.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._late = b""

    def __call__(self, message: bytes) -> Iterable[bytes]:
        """What becomes of one message; answers stay as they are."""
        late, self._late = self._late, b""
        chance = self._random.random()
        if late and _key_of(late) and _key_of(late) == _key_of(message):
            return (late, message)
        if not message.startswith(b"Event: ") or ACTION_ID.search(message) or chance > 0.4:
            return (message, late)
        if chance > 0.2:
            return (message, message, late)
        self._late = message
        return (late,)


def _key_of(event: bytes) -> bytes:
    """The caller whose key this event is; empty for any other event."""
    found = UNIQUE_ID.search(event) if event.startswith(b"Event: DTMF") else None
    return found[1] if found else b""


def disorder(scene: Scene) -> float:
    """For as long as anybody calls."""
    scene.detour.down = Disorder(scene.random)
    time.sleep(DISORDER_SECONDS)
    return scene.until("ivrd is connected", scene.linked)


NOBODYS = (  # events that ivrd does not know, and those of channels and phones that it does not
    "Event: Newexten\r\nChannel: PJSIP/else-{n}\r\nUniqueid: else.{n}\r\nAppData: {n}\r\n",
    "Event: VarSet\r\nChannel: PJSIP/else-{n}\r\nVariable: X\r\nValue: {n}\r\n",
    "Event: Hangup\r\nChannel: PJSIP/else-{n}\r\nUniqueid: else.{n}\r\nCause: 16\r\n",
    "Event: DTMFEnd\r\nUniqueid: else.{n}\r\nDigit: 1\r\nDirection: Received\r\n",
    "Event: DeviceStateChange\r\nDevice: PJSIP/else-{n}\r\nState: NOT_INUSE\r\n",
)


def noise(events: int) -> bytes:
    """So many events that are nothing to ivrd."""
    return "".join(f"{NOBODYS[n % len(NOBODYS)].format(n=n)}\r\n" for n in range(events)).encode()


def bearable() -> int:
    """Events a second that ivrd can take here and now, and have time for callers."""
    command = [sys.executable, "-m", "chaos.pace"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=PROJECT)
    return round(int(done.stdout) * FLOOD_SHARE)


def flood(scene: Scene) -> float:
    """So many events a second that are nothing to ivrd, between those that are."""
    return flooded(scene, min(FLOOD_RATE, bearable()))


def flooded(scene: Scene, rate: int) -> float:
    """Inject so many a second for a while."""
    stroke = noise(rate // STROKES)
    began = time.monotonic()
    sent = 0
    while (now := time.monotonic()) < began + FLOOD_SECONDS:
        scene.detour.inject(stroke)
        sent += rate // STROKES
        time.sleep(max(0.0, began + sent / rate - now))
    taken = sent / (time.monotonic() - began)
    scene.note(f"{round(taken, -2):,.0f} events a second taken")
    return scene.until("ivrd is connected", scene.linked)


def flood_more(scene: Scene) -> float:
    """More than one core could read, if it read all."""
    return flooded(scene, 2 * FLOOD_RATE)


FAULTS = (
    Fault(
        "reset",
        "the connection to Asterisk is reset at random moments",
        "The link comes back at once, and reads from Asterisk who is where; callers in menus are "
        "resumed where they were.",
        reset,
        strikes=(3, 100),
        gap=(1.0, 3.0),
        keys_lost=True,
        control=Control(
            "no way back for 12 s, and the lease is longer than that",
            reset_for_long,
            Setup(change=no_lease),
        ),
    ),
    Fault(
        "half-open",
        "the connection to Asterisk stays open and carries nothing",
        "A sign of life each second, which has to be answered within two.",
        half_open,
        strikes=(2, 50),
        seconds=13.0,
        keys_lost=True,
        control=Control(
            "a peer that answers every sign of life and does nothing, and no lease",
            mute_but_alive,
            Setup(change=no_lease),
        ),
    ),
    Fault(
        "split",
        "all that Asterisk says comes in pieces, cut anywhere, some late",
        "Bytes are put together before they are decoded and read.",
        split,
        gap=(0.2, 1.0),
        control=Control(
            "each packet is decoded as it comes",
            split,
            Setup(program="chaos.without.joining"),
        ),
    ),
    Fault(
        "flood",
        "up to 60,000 events a second that are nothing to ivrd, for 4 s; fewer "
        "where two fifths of a processor cannot read as many",
        "Events are taken in synchronously, and one that is not ours costs a look at its name.",
        flood,
        gap=(1.0, 4.0),
        control=Control(
            "every event is read, whoever it is for; and twice as many come, for 60,000 a second "
            "one core can still read",
            flood_more,
            Setup(program="chaos.without.choosing"),
        ),
    ),
    Fault(
        "disorder",
        "every fifth event comes twice, every fifth changes places with the next",
        "The ledger takes only what its table has; an event that comes again changes nothing.",
        disorder,
        gap=(0.2, 1.0),
        control=Control(
            "a key of which the event comes twice counts twice",
            disorder,
            Setup(program="chaos.without.once"),
        ),
    ),
)
