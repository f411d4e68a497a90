"""What a waiting caller costs Asterisk, with music for all and as it is shipped.

    python -m bench.waiting [--seconds 30] [400:all 400:some 1000:some]

For each number of callers, and for each way of waiting: they join the queue, an agent is there, and
while all of them wait others call, one a second, and press keys in the menus.  Printed and written
to bench/RESULTS.md: processors that Asterisk takes, how late its events reach ivrd, and whether
those who press keys come to the queue by their keys.  ivrd has the share of the processors that it
has as a service, where this user may give it (root may).
"""

from __future__ import annotations

import argparse
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
from lab.priority import as_service
from lab.running import LabError

NAME = "python -m bench.waiting"
JOINED, ALONE = "ivrd_calls_offered_total", "ivrd_unattended_total"
JOINED_WITHIN = 240.0  # seconds
SETTLED = 20.0  # seconds in which all have heard their first announcement
RUNS = ("400:all", "400:some", "1000:some")
ROOM = 100  # callers who may be here besides
PRESSES = (Hear(), Wait(1.0), Keys("1"), Hear(), Wait(1.0), Keys("4"), Patience(6.0))
SHIPPED = yaml.safe_load((PROJECT / "config" / "ivrd.yaml").read_text("utf-8"))["limits"]["music"]


@dataclass(frozen=True)
class Way:
    """A way of waiting: how many have music, how often the position is said (0: as shipped)."""

    name: str
    music: int
    announced: int = 0


def run(text: str) -> tuple[int, Way]:
    """How many wait, and how, as it is given: 400:all, 400:some, 400:none."""
    callers, _, way = text.partition(":")
    ways = {
        "all": Way("music for all, the position every 30 s", int(callers) + ROOM, 30),
        "some": Way(f"music for {SHIPPED}, as shipped", SHIPPED),
        "none": Way("music for nobody", 0),
    }
    return int(callers), ways[way]


@dataclass(frozen=True)
class Figures:
    """One run.  Processors are those that were busy on average; times are seconds.

    `lag` is that of Asterisk's events, `loop` what of it is ivrd's own, of the 99th percentile.
    `favoured`: ivrd had the share of the processors that its service has.
    """

    asterisk: float
    ivrd: float
    machine: float
    lag: float
    loop: float
    pressed: int
    by_keys: int
    favoured: bool

    def __str__(self) -> str:
        return (
            f"{self.asterisk:.2f} | {self.ivrd:.2f} | {self.machine:.2f} | {_within(self.lag)} | "
            f"{_within(self.loop)} | {self.by_keys} of {self.pressed} |\n"
        )


HEAD = (
    "| waiting | way | Asterisk, processors | ivrd | all of the machine | event lag, p99 "
    "| ivrd's loop, p99 | came to the queue by their keys |\n"
    "|---:|---|---:|---:|---:|---:|---:|---:|\n"
)
NEVER = "ivrd could not log in within a minute | | | | | |\n"


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


def plan(folder: Path, callers: int, way: Way) -> Plan:
    """A hotline with one agent, who talks all the time, and in which so many wait."""

    def change(name: str, settings: dict[str, Any]) -> None:
        if name == "ivrd.yaml":
            settings["limits"] |= {"callers": callers + ROOM, "music": way.music}
            settings["asterisk"]["media"] = {"silent_seconds": 0, "held_seconds": 0}
        if name == "queues.yaml" and way.announced:
            for queue in settings["queues"].values():
                queue["announce_seconds"] = way.announced

    ports = 2 * (callers + ROOM) + 100
    return Plan(folder, agents=1, talk=3600.0, change=change, rtp_ports=ports)


def measure(lab: Waiting, seconds: int) -> Figures:
    """So long, while others call and press keys."""
    people = [Caller(n, "presses", PRESSES) for n in range(1, seconds + 1)]
    favoured = as_service(lab.ivrd.pid)

    def look() -> tuple[float, float, float]:
        return cpu_seconds(lab.asterisk.pid), cpu_seconds(lab.ivrd.pid), busy_seconds()

    with Callers(lab.sip, people, folder=lab.folder / "callers", rate=1.0) as pressing:
        began, used, before = time.monotonic(), look(), lab.ivrd.scrape()
        time.sleep(seconds)
        after, took = lab.ivrd.scrape(), time.monotonic() - began
        asterisk, ivrd, machine = (
            (now - then) / took for now, then in zip(look(), used, strict=True)
        )
        pressing.wait(JOINED_WITHIN)
        time.sleep(2.0)  # what happened last is on its way
        last = lab.ivrd.scrape()
    return Figures(
        asterisk,
        ivrd,
        machine,
        lag=after.slowest(before, "ivrd_event_lag_seconds"),
        loop=after.slowest(before, "ivrd_loop_lag_seconds"),
        pressed=len(people),
        by_keys=last.total(JOINED)
        - before.total(JOINED)
        - (last.total(ALONE) - before.total(ALONE)),
        favoured=favoured,
    )


def figures(folder: Path, callers: int, way: Way, seconds: int) -> Figures | None:
    """Those of one run; None where ivrd could not log in."""
    try:
        with Waiting(plan(folder, callers, way), callers) as lab:
            time.sleep(SETTLED)
            return measure(lab, seconds)
    except LabError as error:
        if "did not start" not in str(error):
            raise
        return None


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog=NAME, description=__doc__)
    parser.add_argument("--seconds", type=int, default=30, help="for how long each is measured")
    parser.add_argument("runs", nargs="*", type=run, default=[*map(run, RUNS)], metavar="RUN")
    given = parser.parse_args(arguments)
    root, rows, favoured = Path(tempfile.mkdtemp(prefix="ivrd-bench-")), [], True
    print(HEAD, end="", flush=True)
    for number, (callers, way) in enumerate(given.runs):
        of = figures(root / str(number), callers, way, given.seconds)
        favoured &= of is None or of.favoured
        rows.append(f"| {callers} | {way.name} | {NEVER if of is None else of}")
        print(rows[-1], end="", flush=True)
    text = (
        "What callers cost who wait, without sound of their own. While all of them wait, others "
        f"call, one a second for {given.seconds} s, and press two keys. ivrd has the processors "
        f"{'first, as its service has' if favoured else 'as all others, not first as its service'}"
        f".\n\n{HEAD}{''.join(rows)}"
    )
    results.write(NAME, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
