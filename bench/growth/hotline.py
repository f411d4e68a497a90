"""An ivrd on the made Asterisk, in this process: all its parts, wired as the daemon wires them."""

from __future__ import annotations

import asyncio
import multiprocessing
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import yaml

from bench.growth.people import partner_names, pools
from bench.growth.size import CAP, OPEN_SEATS, Size
from ivrd import log
from ivrd.config.load import load
from ivrd.config.settings import Settings
from ivrd.daemon.wiring import Wiring

PROJECT = Path(__file__).parents[2]
SECRET = "not-a-secret"
WAIT_SECONDS = 120.0
STEP = 0.002  # seconds: how often it is looked whether the loop goes on


class TooLate(Exception):
    """Something has not happened in time; the message says what."""


@dataclass(frozen=True)
class Place:
    """Where an ivrd of this measurement is.

    `name`: of a folder in `folder`; `redis`: the URL of its store, empty for a file.
    """

    folder: Path
    name: str
    redis: str = ""


def configured(place: Place, size: Size, port: int) -> Path:
    """The shipped configuration for a hotline of this size, in a folder of its own."""
    home = place.folder / place.name
    config = home / "config"
    shutil.copytree(PROJECT / "config", config)
    (place.folder / "queue_log").touch()
    (home / "ami.secret").touch(0o600)
    (home / "ami.secret").write_text(SECRET)
    _rewrite(config / "ivrd.yaml", lambda of: _program(of, place, home, port))
    _rewrite(config / "queues.yaml", lambda of: of.update(pools=_pools(size)))
    _rewrite(config / "partners.yaml", lambda of: of.update(partners=_partners(size)))
    return config


def _rewrite(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    settings = yaml.safe_load(file.read_text("utf-8"))
    change(settings)
    file.write_text(yaml.safe_dump(settings, allow_unicode=True, sort_keys=False), "utf-8")


def _program(settings: dict[str, Any], place: Place, home: Path, port: int) -> None:
    settings["sounds"] = str(PROJECT / "sounds")
    settings["state_dir"] = str(home / "state")
    settings["caller_key_file"] = str(place.folder / "caller.key")
    settings["control"]["socket"] = str(home / "s")
    settings["web"]["listen"] = f"127.0.0.1:{9 if place.name == 'first' else 10}"  # its name
    settings["limits"] = {"callers": 10_000, "menus": 10_000, "behind_seconds": 2}
    settings["store"]["deadline_seconds"] = 5
    if place.redis:
        del settings["store"]["file"]
        settings["store"]["redis"] = {"url": place.redis}
    asterisk = settings["asterisk"]
    asterisk["config_dir"] = str(home / "etc")
    asterisk["queue_log"] = str(place.folder / "queue_log")
    asterisk["seats"] = {"contact": "sip:{seat}@127.0.0.1:9"}
    asterisk["ami"] |= {"port": port, "secret_file": str(home / "ami.secret")}


def _pools(size: Size) -> dict[str, object]:
    return {
        name: {"seats": seats, "open": True, "queues": "all"}
        for name, seats in pools(size.seats).items()
    }


def _partners(size: Size) -> dict[str, object]:
    return {
        name: {
            "name": {"th": name, "en": name},
            "trunk": f"198.51.100.{1 + number % 250}:{5060 + number // 250}",
            "pledged": OPEN_SEATS,
            "cap": CAP,
            "hours": "always",
            "topics": "all",
            "state": "active",
        }
        for number, name in enumerate(partner_names(size.partners))
    }


class Ivrd:
    """One ivrd that is connected, or about to be."""

    def __init__(self, settings: Settings) -> None:
        self.wiring = Wiring(settings, lambda _why: None)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Connect, and take part in the election."""
        wiring = self.wiring
        self._tasks = [
            asyncio.create_task(wiring.link.run(wiring.connection)),
            asyncio.create_task(wiring.failover.run()),
        ]

    async def die(self) -> None:
        """Be gone at once, with nothing said to anybody."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def stop(self) -> None:
        """End, with all that is known written."""
        await self.die()
        await self.wiring.failover.close()


class Leader:
    """An ivrd in a process of its own, which can be killed; `write` has it write all calls."""

    def __init__(self, config: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self._orders, theirs = context.Pipe()
        self._process = context.Process(target=_lead, args=(config, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self._orders.recv()

    def write(self) -> dict[str, float]:
        """What that took; see `written`."""
        try:
            self._orders.send(None)
            found: dict[str, float] = self._orders.recv()
        except (EOFError, OSError):
            raise TooLate("it leads no more: this machine was too busy for it") from None
        return found

    def kill(self) -> None:
        """kill -9"""
        self._process.kill()
        self._process.join()
        self._orders.close()


def _lead(config: Path, orders: Connection) -> None:
    with (config.parent / "log").open("w") as stream:
        log.setup("plain", "info", stream)
        asyncio.run(_leads(loaded(config), orders))


async def _leads(settings: Settings, orders: Connection) -> None:
    ivrd = Ivrd(settings)
    ivrd.start()
    await until("it leads", lambda: ivrd.wiring.link.up and ivrd.wiring.tracker.ivr.active)
    orders.send(None)
    while True:
        await asyncio.to_thread(orders.recv)
        orders.send(await written(ivrd))


async def written(ivrd: Ivrd) -> dict[str, float]:
    """All calls are written once more: what one takes, and for how long the loop stood."""
    wiring = ivrd.wiring
    await wiring.write_behind.flush(WAIT_SECONDS)
    async with taking() as took:
        wiring.failover._write_calls()
        if not await wiring.write_behind.flush(WAIT_SECONDS):
            raise TooLate("the store has not taken the calls")
    return {
        "a call written": took.cpu / len(wiring.ledger.calls),
        "all calls written: the loop stood": took.stood,
    }


async def until(what: str, true: Callable[[], object]) -> None:
    """Return when it holds.  Raises `TooLate` when it never does."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not true():
        if time.monotonic() > deadline:
            raise TooLate(f"not within {WAIT_SECONDS:g} s: {what}")
        await asyncio.sleep(0.002)


@dataclass
class Took:
    """What a stretch took, in seconds: CPU of this process, time, and the loop's longest step.

    `stood`: CPU of the loop's thread between two chances to do something else.
    """

    cpu: float = 0.0
    wall: float = 0.0
    stood: float = 0.0


@asynccontextmanager
async def taking() -> AsyncIterator[Took]:
    """Measure what happens meanwhile."""
    took = Took()
    watch = asyncio.create_task(_watch(took))
    await asyncio.sleep(0)
    cpu, wall = time.process_time(), time.monotonic()
    try:
        yield took
    finally:
        took.cpu, took.wall = time.process_time() - cpu, time.monotonic() - wall
        await asyncio.sleep(2 * STEP)  # the last step counts as well
        watch.cancel()


async def _watch(took: Took) -> None:
    while True:
        before = time.thread_time()
        await asyncio.sleep(STEP)
        took.stood = max(took.stood, time.thread_time() - before)


def loaded(config: Path) -> Settings:
    """The settings, as the daemon reads them."""
    return load(config)
