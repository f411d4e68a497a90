"""What a waiting caller costs Asterisk, with music for all and as it is shipped.

    python -m bench.waiting [--callers 400,1000] [--seconds 30]

For each number of callers, and for each way of waiting: they join the queue, an agent is there, and
while all of them wait others call, one a second, and press keys in the menus.  Printed and written
to bench/RESULTS.md: processors that Asterisk takes, how late its events reach ivrd, and whether
those who press keys come to the queue by their keys.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench import results
from lab.callers import Caller, Callers, Hear, Keys, Patience, Wait
from lab.callers.crowd import Crowd
from lab.hotline import Lab, Plan
from lab.ivrd import PROJECT
from lab.machine import busy_seconds, cpu_seconds
from lab.running import LabError

NAME = "python -m bench.waiting"
JOINED = "ivrd_calls_offered_total"
JOINED_WITHIN = 240.0  # seconds
SETTLED = 20.0  # seconds in which all have heard their first announcement
ROOM = 100  # callers who may be here besides
PRESSES = (Hear(), Wait(1.0), Keys("1"), Hear(), Wait(1.0), Keys("4"), Patience(6.0))
SHIPPED = yaml.safe_load((PROJECT / "config" / "ivrd.yaml").read_text("utf-8"))["limits"]["music"]


@dataclass(frozen=True)
class Way:
    """A way of waiting: how many have music, how often the position is said (0: as shipped)."""

    name: str
    music: int
    announced: int = 0


def ways(callers: int, music: int) -> tuple[Way, ...]:
    """Those that are compared; `music`: for how many it is when it is not for all."""
    return (
        Way("music for all, the position every 30 s", callers + ROOM, 30),
        Way(f"music for {music}", music),
        Way("music for nobody", 0),
    )


@dataclass(frozen=True)
class Figures:
    """One run.  Processors are those that were busy on average; times are seconds."""

    callers: int
    way: str
    waiting: int
    asterisk: float
    ivrd: float
    machine: float
    lag: float
    pressed: int
    by_keys: int

    @property
    def row(self) -> str:
        """A line of the table."""
        each = 100 * self.asterisk / self.callers
        return (
            f"| {self.callers} | {self.way} | {self.asterisk:.2f} | {each:.3f} % | "
            f"{self.ivrd:.2f} | {self.machine:.2f} | {_within(self.lag)} | "
            f"{self.by_keys} of {self.pressed} |\n"
        )


HEAD = (
    "| waiting | way | Asterisk, processors | each | ivrd | all of the machine | event lag, p99 "
    "| came to the queue by their keys |\n|---:|---|---:|---:|---:|---:|---:|---:|\n"
)


def _within(seconds: float) -> str:
    """The bound of a histogram's bucket in words."""
    return "later" if seconds == float("inf") else f"≤ {seconds:g} s"


class Waiting(Lab):
    """A hotline in whose queue a crowd waits when ivrd is started."""

    def __init__(self, plan: Plan, callers: int) -> None:
        super().__init__(plan)
        self.crowd = Crowd(self.sip, callers, self.folder / "crowd")

    def _begin(self) -> None:
        self.crowd.start()
        deadline = time.monotonic() + JOINED_WITHIN
        while (here := self.waiting()) < self.crowd.callers - 1:  # the agent has one
            if time.monotonic() > deadline:
                raise LabError(f"{here} of {self.crowd.callers} callers wait")
            time.sleep(1.0)
        super()._begin()

    def waiting(self) -> int:
        """How many wait in all queues."""
        found = re.findall(r"has (\d+) calls", self.asterisk.cli("queue show"))
        return sum(map(int, found))

    def _end(self) -> None:
        super()._end()
        self.crowd.stop()


def measure(folder: Path, callers: int, way: Way, seconds: int) -> Figures:
    """One run of a hotline in which so many wait."""

    def change(name: str, settings: dict[str, Any]) -> None:
        if name == "ivrd.yaml":
            settings["limits"] |= {"callers": callers + ROOM, "music": way.music}
            settings["asterisk"]["media"] = {"silent_seconds": 0, "held_seconds": 0}
        if name == "queues.yaml" and way.announced:
            for queue in settings["queues"].values():
                queue["announce_seconds"] = way.announced

    ports = 2 * (callers + ROOM) + 100
    plan = Plan(folder, agents=1, talk=3600.0, change=change, rtp_ports=ports)
    with Waiting(plan, callers) as lab:
        time.sleep(SETTLED)
        people = [Caller(n, "presses", PRESSES) for n in range(1, seconds + 1)]
        pids = (lab.asterisk.pid, lab.ivrd.pid)
        with Callers(lab.sip, people, folder=folder / "callers", rate=1.0) as pressing:
            began, before = time.monotonic(), lab.ivrd.scrape()
            used = [*map(cpu_seconds, pids), busy_seconds()]
            time.sleep(seconds)
            after, waiting = lab.ivrd.scrape(), lab.waiting()
            took = time.monotonic() - began
            asterisk, ivrd, machine = (
                (now - then) / took
                for now, then in zip([*map(cpu_seconds, pids), busy_seconds()], used, strict=True)
            )
            pressing.wait(JOINED_WITHIN)
            time.sleep(2.0)
            last = lab.ivrd.scrape()
        if os.environ.get("DEBUG"):
            for of in ("ivrd_event_lag_seconds", "ivrd_loop_lag_seconds"):
                les = sorted({float(x["le"]) for x in after.labels(f"{of}_bucket")})
                name = lambda le: "+Inf" if le == float("inf") else str(le)  # noqa
                print(
                    of,
                    {
                        le: after.total(f"{of}_bucket", le=name(le))
                        - before.total(f"{of}_bucket", le=name(le))
                        for le in les
                    },
                    file=sys.stderr,
                )
        alone = last.total("ivrd_unattended_total") - before.total("ivrd_unattended_total")
        joined = last.total(JOINED) - before.total(JOINED)
        return Figures(
            callers,
            way.name,
            waiting,
            asterisk,
            ivrd,
            machine,
            after.slowest(before, "ivrd_event_lag_seconds"),
            len(people),
            joined - alone,
        )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog=NAME, description=__doc__)
    parser.add_argument("--callers", default="400,1000", help="numbers of callers, with commas")
    parser.add_argument("--seconds", type=int, default=30, help="for how long each is measured")
    parser.add_argument("--music", type=int, default=SHIPPED, help="for so many, if not for all")
    parser.add_argument("--ways", default="0,1,2", help="which of the ways, by their places")
    given = parser.parse_args(arguments)
    root, rows = Path(tempfile.mkdtemp(prefix="ivrd-bench-")), []
    print(HEAD, end="", flush=True)
    for callers in map(int, given.callers.split(",")):
        for at in map(int, given.ways.split(",")):
            way = ways(callers, given.music)[at]
            figures = measure(root / f"{callers}-{at}", callers, way, given.seconds)
            rows.append(figures.row)
            print(figures.row, end="", flush=True)
    text = (
        "What callers cost who wait, without sound of their own. While all of them wait, others "
        f"call, one a second for {given.seconds} s, and press two keys.\n\n{HEAD}{''.join(rows)}"
    )
    results.write(NAME, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
