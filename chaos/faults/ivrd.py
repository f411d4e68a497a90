"""ivrd itself: killed, frozen, with a wrong clock, with a broken configuration."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from typing import Any

from chaos.fault import Control, Fault, Setup
from chaos.load import nobody_for_vaccination
from chaos.scene import Scene
from lab import parts
from lab.hotline import LabError

FROZEN_SECONDS = 10.0
AWAY_SECONDS = 20.0  # of an ivrd that does not come back, in a control
HOUR = 3600
LONG_LEASE = 60  # the longest that a configuration may have


def no_lease(name: str, settings: dict[str, Any]) -> None:
    """Plan.change: the lease as long as it can be, which is longer than callers wait."""
    nobody_for_vaccination(name, settings)
    if name == "ivrd.yaml":
        settings["lease_seconds"] = LONG_LEASE


def kill_and_start(scene: Scene) -> float:
    """kill -9, and a new start at once, as systemd does it."""
    scene.end_ivrd()
    return scene.start_ivrd()


def kill(scene: Scene) -> float:
    """kill -9, and nobody starts it again for a while."""
    scene.end_ivrd()
    time.sleep(AWAY_SECONDS)
    return AWAY_SECONDS + scene.start_ivrd()


def freeze(scene: Scene) -> float:
    """SIGSTOP, and SIGCONT ten seconds later."""
    os.kill(scene.lab.ivrd_pid, signal.SIGSTOP)
    try:
        time.sleep(FROZEN_SECONDS)
    finally:
        os.kill(scene.lab.ivrd_pid, signal.SIGCONT)
    return scene.until("ivrd is connected", scene.linked)


def clock(scene: Scene, hertz: str = "1") -> Mapping[str, str]:
    """ivrd's environment: a clock whose offset stands in a file. The monotonic one is untouched."""
    root = parts.root(parts.FAKETIME)
    assert root is not None  # a part without programs is always unpacked
    library = next(root.glob("usr/lib/*/faketime/libfaketimeMT.so.1"))
    offset = scene.folder / "clock"
    offset.write_text("+0")
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": hertz,
    }


def all_clocks(scene: Scene) -> Mapping[str, str]:
    """The same, with the monotonic clock as wrong as the other one."""
    return clock(scene, "0")


def jump(scene: Scene) -> float:
    """The clock is an hour fast, then an hour slow, then right again."""
    offset = scene.folder / "clock"
    longest = 0.0
    for seconds in (+HOUR, -HOUR, 0):
        offset.write_text(f"{seconds:+d}")
        longest = max(longest, scene.until("ivrd is connected", scene.linked))
        time.sleep(2.5)  # with callers in all places
    return longest


BROKEN = (
    ("menus.yaml", "menus: [", "not YAML"),
    ("menus.yaml", "start: nowhere\n", "no such menu"),
    ("queues.yaml", "queues: {}\n", "no queues"),
    ("ivrd.yaml", "lease_seconds: -1\n", "a lease below zero"),
)


def bad_reload(scene: Scene) -> float:
    """Each broken file must be refused; the last reload is of the good ones again."""
    began = time.monotonic()
    for name, text, what in BROKEN:
        path = scene.lab.config / name
        good = path.read_text("utf-8")
        path.write_text(text, "utf-8")
        try:
            scene.lab.ivrd_once("reload")
        except LabError:
            pass
        else:
            scene.found.append(f"a configuration with {what} was taken")
        path.write_text(good, "utf-8")
    scene.lab.ivrd_once("reload")
    return scene.until("ivrd is connected", scene.linked, began)


FAULTS = (
    Fault(
        "kill-9",
        "kill -9 of ivrd at random moments, and a start at once",
        "The lease takes callers in menus to the queue or to ivrd's next start; calls in the queue "
        "and in talk are Asterisk's alone; the new ivrd reads who is there.",
        kill_and_start,
        strikes=(5, 200),
        seconds=16.0,
        control=Control(
            "the lease is longer than callers wait, and ivrd stays away for 20 s",
            kill,
            Setup(change=no_lease),
        ),
    ),
    Fault(
        "freeze",
        "SIGSTOP of ivrd for 10 s",
        "The lease; a new caller does not even wait for it, as IVRD_SEEN has grown old.",
        freeze,
        gap=(0.5, 2.0),
        control=Control("the lease is longer than the freeze", freeze, Setup(change=no_lease)),
    ),
    Fault(
        "clock",
        "ivrd's clock jumps by +1 h, then to -1 h, then back",
        "Waiting is measured on the monotonic clock, calls by the times in Asterisk's events, and "
        "the sign of life carries Asterisk's own time.",
        jump,
        setup=Setup(environment=clock),
        gap=(0.5, 2.0),
        control=Control(
            "the monotonic clock jumps as well, as if ivrd waited by the clock on the wall",
            jump,
            Setup(environment=all_clocks),
        ),
    ),
    Fault(
        "bad-reload",
        "four reloads, each with another broken file",
        "A configuration is read and checked as a whole before anything of it is used.",
        bad_reload,
        gap=(0.5, 2.0),
        no_control="it would need an ivrd that takes what it has not checked",
    ),
)
