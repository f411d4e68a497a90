"""ivrd itself: killed, frozen, with a wrong clock, with a broken configuration."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from chaos.fault import Control, Fault, Setup
from chaos.load import brief, nobody_for_vaccination, quiet, stubborn
from chaos.scene import Scene
from ivrd.cli.client import Client
from lab.changes import long_lease, never_lost
from lab.clock import Clock
from lab.running import LabError

FROZEN_SECONDS = 10.0
IN_USE_SECONDS = 1.5  # of a broken configuration that was taken: somebody calls meanwhile
AWAY_SECONDS = 20.0  # of an ivrd that does not come back, in a control
HOUR = 3600
BEFORE_SECONDS = 5.0  # in which callers reach the end of the prompts
WRONG_SECONDS = 12.0
STEP_SECONDS = 6.0
LONGER_THAN_A_RUN = "900.0"  # seconds, a bound of both histograms


def no_lease(name: str, settings: dict[str, Any]) -> None:
    """Plan.change: the lease as long as it can be, which is longer than callers wait."""
    nobody_for_vaccination(name, settings)
    long_lease(name, settings)


def brief_without_lease(name: str, settings: dict[str, Any]) -> None:
    """Plan.change: the same, and whoever says nothing is soon waited for."""
    brief(name, settings)
    no_lease(name, settings)


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
    os.kill(scene.lab.ivrd.pid, signal.SIGSTOP)
    try:
        time.sleep(FROZEN_SECONDS)
    finally:
        os.kill(scene.lab.ivrd.pid, signal.SIGCONT)
    return scene.until("ivrd is connected", scene.linked)


def without_time_out(name: str, settings: dict[str, Any]) -> None:
    """Plan.change: the time-out for silence goes by the same clock, and would end calls
    (docs/decisions/0019-media-time-out.md): whoever sets a clock switches it off before.
    """
    brief(name, settings)
    never_lost(name, settings)


def clock(scene: Scene) -> Mapping[str, str]:
    """A clock that stands in a file of the run, for whoever gets these variables."""
    return Clock(scene.folder).environment()


def jump(scene: Scene) -> float:
    """The clock is an hour fast, then an hour slow, then right again."""
    clock = Clock(scene.folder)
    longest = 0.0
    for seconds in (+HOUR, -HOUR, 0):
        clock.wrong_by(seconds)
        longest = max(longest, scene.until("ivrd is connected", scene.linked))
        time.sleep(2.5)  # with callers in all places
    return longest


def back(scene: Scene) -> float:
    """The clock goes an hour back, and stays wrong for a while."""
    time.sleep(BEFORE_SECONDS)
    clock = Clock(scene.folder)
    clock.wrong_by(-HOUR)
    time.sleep(WRONG_SECONDS)
    clock.wrong_by(0)
    return WRONG_SECONDS + scene.until("ivrd is connected", scene.linked)


def step(scene: Scene) -> float:
    """The machine's clock is set an hour forward; what that did to durations.

    Set back, Asterisk itself is not sound (docs/decisions/0021-outside-facts.md).
    """
    Clock(scene.folder).wrong_by(+HOUR)
    time.sleep(STEP_SECONDS)  # with callers in all places
    recovered = scene.until("ivrd is connected", scene.linked)
    scrape = scene.lab.ivrd.scrape()
    for name in ("ivrd_wait_seconds", "ivrd_talk_seconds"):
        long = scrape.total(f"{name}_count") - scrape.total(f"{name}_bucket", le=LONGER_THAN_A_RUN)
        if long:
            scene.found.append(f"{name} has {long:.0f} that are longer than the whole run")
    return recovered


Breaks = Callable[[dict[str, Any]], object]


def leads_nowhere(menus: dict[str, Any]) -> None:
    """A key of the first menu leads to a menu that is not there."""
    menus["menus"][menus["start"]]["keys"]["1"]["menu"] = "nowhere"


BROKEN: tuple[tuple[str, Breaks | None, str], ...] = (
    ("menus.yaml", None, "no YAML in it"),
    ("menus.yaml", lambda menus: menus.update(start="nowhere"), "no such menu"),
    ("menus.yaml", leads_nowhere, "a key that leads nowhere"),
    ("queues.yaml", lambda queues: queues.update(queues={}), "no queues"),
    ("ivrd.yaml", lambda ivrd: ivrd.update(lease_seconds=-1), "a lease below zero"),
)


def bad_reload(scene: Scene) -> float:
    """Each broken file must be refused, by the running ivrd and by the command; then good ones."""
    began = time.monotonic()
    running = Client(scene.lab.ivrd.control)
    for name, breaks, what in BROKEN:
        path = scene.lab.config / name
        good = path.read_text("utf-8")
        settings = yaml.safe_load(good)
        if breaks is not None:
            breaks(settings)
        path.write_text(yaml.safe_dump(settings) if breaks else "menus: [", "utf-8")
        if running.post("reload")["ok"] or _taken(scene):
            scene.found.append(f"a configuration with {what} was taken")
            time.sleep(IN_USE_SECONDS)
        path.write_text(good, "utf-8")
    scene.lab.ivrd.once("reload")
    return scene.until("ivrd is connected", scene.linked, began)


def _taken(scene: Scene) -> bool:
    """Whether `ivrd reload` takes what stands there now."""
    try:
        scene.lab.ivrd.once("reload")
    except LabError:
        return False
    return True


FAULTS = (
    Fault(
        "kill-9",
        "kill -9 of ivrd at random moments, and a start at once",
        "The lease takes callers in menus to the queue or to ivrd's next start; calls in the queue "
        "and in talk are Asterisk's alone; the new ivrd reads who is there.",
        kill_and_start,
        strikes=(5, 200),
        seconds=16.0,
        keys_lost=True,
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
        setup=Setup(crowd=stubborn),
        gap=(0.5, 2.0),
        keys_lost=True,
        control=Control("the lease is longer than the freeze", freeze, Setup(change=no_lease)),
    ),
    Fault(
        "clock",
        "ivrd's clock jumps by +1 h, then to -1 h, then back",
        "Waiting is measured on the monotonic clock, calls by the times in Asterisk's events, and "
        "the sign of life carries Asterisk's own time.",
        jump,
        setup=Setup(environment=clock, change=brief, crowd=quiet),
        gap=(0.5, 2.0),
        control=Control(
            "ivrd waits by the clock on the wall, which goes an hour back; and the lease is longer "
            "than callers wait",
            back,
            Setup(
                environment=clock,
                change=brief_without_lease,
                crowd=quiet,
                program="chaos.without.monotonic",
            ),
        ),
    ),
    Fault(
        "clock-step",
        "the machine's clock, of ivrd and of Asterisk, is set an hour forward; without the "
        "time-out for silence",
        "Durations are measured on a timeline that nobody can set; the leases of callers in menus "
        "end, and they go to a person.",
        step,
        setup=Setup(environment=clock, of_asterisk=clock, change=without_time_out, crowd=quiet),
        gap=(0.5, 2.0),
        keys_lost=True,
        control=Control(
            "durations are differences of times of day",
            step,
            Setup(
                environment=clock,
                of_asterisk=clock,
                change=without_time_out,
                crowd=quiet,
                program="chaos.without.timeline",
            ),
        ),
    ),
    Fault(
        "bad-reload",
        "five reloads, each with another broken file",
        "A configuration is read and checked as a whole before anything of it is used.",
        bad_reload,
        gap=(0.5, 2.0),
        control=Control(
            "what is right by itself is taken, and the lease is longer than callers wait",
            bad_reload,
            Setup(change=no_lease, program="chaos.without.checks"),
        ),
    ),
)
