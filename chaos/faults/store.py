"""What outlives ivrd: its store, and Asterisk's queue_log."""

from __future__ import annotations

import resource
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from chaos.fault import Control, Fault, Setup
from chaos.load import stubborn
from chaos.scene import Scene
from chaos.without.overriding import PROGRAM
from lab.ivrd import Ivrd

TROUBLE_SECONDS = 4.0
READ_SECONDS = 1.2  # ivrd reads queue_log once a second
RECORDED_SECONDS = 2.5
UNSEEN_SECONDS = 3.0
AWAY_SECONDS = 9.0  # long enough for calls to begin and to end unseen
TORN = "1795000000|1795000000.1|hotline|NONE|END"


def kept_in(scene: Scene) -> Path:
    """The store's file; it has to be there."""
    (path,) = (scene.folder / "lab" / "state").glob("ivrd.sqlite")
    return path


def opened(scene: Scene) -> sqlite3.Connection:
    """The store's file, for another program."""
    return sqlite3.connect(f"{kept_in(scene).as_uri()}?mode=rw", uri=True, isolation_level=None)


def down(ivrd: Ivrd) -> bool:
    """Whether an ivrd says that its store is out of order: a strike not felt proves nothing."""
    return "ivrd_store_up 0" in ivrd.http("/metrics")


def full(scene: Scene) -> float:
    """No file of ivrd's may grow; then there is room again."""
    pid = scene.lab.ivrd.pid
    usual = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, usual[1]))
    scene.until("the store is out of order", lambda: down(scene.lab.ivrd))
    time.sleep(TROUBLE_SECONDS)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, usual)
    return scene.until("the store is in order again", lambda: not down(scene.lab.ivrd))


def full_and_killed(scene: Scene) -> float:
    """The same; and when ivrd takes for written what it had to write, it is killed and started."""
    full(scene)
    return _killed_when_written(scene)


def _killed_when_written(scene: Scene) -> float:
    """kill -9 and a start, when ivrd takes for written what it had to write."""
    time.sleep(RECORDED_SECONDS)
    scene.end_ivrd()
    return scene.start_ivrd()


def locked(scene: Scene) -> float:
    """Another program holds the store's file; then ivrd is killed while it is held, and started."""
    with closing(opened(scene)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        scene.until("the store is out of order", lambda: down(scene.lab.ivrd))
        time.sleep(TROUBLE_SECONDS)
        scene.end_ivrd()
        holder.execute("ROLLBACK")
    return scene.start_ivrd()


def read_only(scene: Scene) -> float:
    """ivrd is killed, and calls end unseen; started again it may not write its store or read it.

    Then it may; and at the end ivrd is killed, and started with all that it had to write.
    """
    folder = kept_in(scene).parent
    scene.end_ivrd()
    modes = {kept: kept.stat().st_mode for kept in (*folder.iterdir(), folder)}
    for kept, mode in modes.items():
        kept.chmod(mode & ~0o222)
    time.sleep(UNSEEN_SECONDS)
    try:
        scene.start_ivrd()
        scene.until("the store is out of order", lambda: down(scene.lab.ivrd))
        time.sleep(TROUBLE_SECONDS)
    finally:
        for kept, mode in modes.items():
            kept.chmod(mode)
    scene.until("the store is in order again", lambda: not down(scene.lab.ivrd))
    return _killed_when_written(scene)


def queue_log(scene: Scene) -> float:
    """queue_log is moved away in mid-read, gets half a line, is cut to nothing.

    Then ivrd is killed, and stays away while calls end, and queue_log is moved away again.
    """
    log = scene.lab.asterisk.queue_log
    scene.lab.asterisk.cli("logger rotate")
    scene.detour.reset()
    time.sleep(READ_SECONDS)
    with log.open("a", encoding="utf-8") as book:
        book.write(f"{TORN}\n")
    scene.detour.reset()
    time.sleep(2 * READ_SECONDS)  # what ended meanwhile is read before it is cut
    shutil.copy(log, log.with_name("queue_log.cut"))  # for the callers' count (lab/connected.py)
    with log.open("r+b") as book:
        book.truncate(0)
    time.sleep(READ_SECONDS)
    scene.end_ivrd()
    time.sleep(AWAY_SECONDS)
    scene.lab.asterisk.cli("logger rotate")
    return AWAY_SECONDS + scene.start_ivrd()


FAULTS = (
    Fault(
        "store-full",
        "the disk is full for 5 s and more; afterwards kill -9 and a start",
        "The store is advisory: what is decided waits in memory, calls do not.",
        full_and_killed,
        seconds=13.0,
        gap=(1.0, 3.0),
        keys_lost=True,
        control=Control(
            "what the store does not take at once is dropped; without a kill, after which it would "
            "be reconciled from queue_log",
            full,
            Setup(program="chaos.without.second_try"),
        ),
    ),
    Fault(
        "store-locked",
        "another program holds the store for 5 s and more, and ivrd is killed with all that waits "
        "to be written",
        "What the store has not got is reconciled from queue_log.",
        locked,
        seconds=13.0,
        gap=(1.0, 3.0),
        keys_lost=True,
        control=Control(
            "queue_log is not read",
            locked,
            Setup(program="chaos.without.queue_log"),
        ),
    ),
    Fault(
        "store-read-only",
        "kill -9 of ivrd, and 3 s later a start with a store that may not be written for 4 s and "
        "more; then another kill",
        "What the store does not take waits; once it can be read, whoever ended unseen before the "
        "start is reconciled from queue_log.",
        read_only,
        setup=Setup(crowd=stubborn, program="chaos.without.overriding"),
        seconds=13.0,
        gap=(1.0, 3.0),
        keys_lost=True,
        control=Control(
            "queue_log is not read",
            read_only,
            Setup(
                crowd=stubborn,
                program="chaos.without.overriding",
                environment=lambda _scene: {PROGRAM: "chaos.without.queue_log"},
            ),
        ),
    ),
    Fault(
        "queue-log",
        "queue_log is rotated, gets a broken line, is cut to nothing; the link breaks, ivrd is "
        "killed, and stays away for 9 s, in which queue_log is rotated again",
        "queue_log is read by its file's identity and offset; a broken line costs itself only.",
        queue_log,
        setup=Setup(crowd=stubborn),
        seconds=14.0,
        gap=(0.5, 1.5),
        keys_lost=True,
        control=Control(
            "queue_log is looked for by its name alone",
            queue_log,
            Setup(crowd=stubborn, program="chaos.without.identity"),
        ),
    ),
)
