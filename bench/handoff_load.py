"""What the hand-off costs callers where seats are scarce: three kinds of seats in one run.

    python -m bench.handoff_load [--seconds 100] [--seats 16] [--seed 1]

One hotline with a queue for each kind of seat: phones of our own, a partner's trunk, people who
stay on the line; as many seats, talks as long, callers as patient, who dial in the same moments.
First half of what the seats can take, then 1.1 times and twice as much.  Of the first the hand-off,
of the others how many gave up.  Printed and written to bench/RESULTS.md.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from bench.figures import percentile
from bench.handoff import PHONE, REACTION, SHORT, Rings, Way, buckets, entry, run, shipped
from bench.quantiles import quantile
from ivrd.core.handoff import SeatKind
from lab.agents import Manner
from lab.callers import Caller, Callers, Entry, Hear, Keys, Patience, Quiet
from lab.hotline import Lab, Plan
from lab.line import Volunteer, Volunteers, invited
from lab.machine import Machine, People
from lab.partners import PartnerSite
from lab.running import LabError

NAME = "python -m bench.handoff_load"
LINE = Way("a person on the line", "home_isolation", "111", ("hi-register", "hi-symptoms"))
TRUNK = replace(SHORT, name="a partner's trunk", partner={"languages": ["th", "en"]})
OURS = replace(PHONE, name="a phone of our own")
WAYS = (OURS, TRUNK, LINE)
NUMBER = "1340"  # that people on the line call
LIGHT, LOADS = 0.5, (1.1, 2.0)  # multiples of what the seats can take
TALK = PATIENCE = 24.0  # seconds; patience on average
READY_SECONDS = 240.0


@dataclass(frozen=True)
class Arrival:
    """One who dials, at each kind of seat: when, at which load, and for how long he waits."""

    at: float
    load: float
    patience: float


def arrivals(seats: int, seconds: float, seed: int) -> list[Arrival]:
    """Poisson arrivals at each load in turn, `seconds` long; patience is exponential."""
    random, found = Random(seed), list[Arrival]()
    for number, load in enumerate((LIGHT, *LOADS)):
        at, end = number * seconds, (number + 1) * seconds
        while (at := at + random.expovariate(load * seats / TALK)) < end:
            found.append(Arrival(at, load, round(random.expovariate(1 / PATIENCE), 2)))
    return found


def change(seats: int, site: PartnerSite) -> Any:
    """Plan.change: a queue for each kind of seat."""

    def made(name: str, settings: dict[str, Any]) -> None:
        if name == "agents.yaml":
            settings.update(line_number=NUMBER, wrap_up_seconds=0, line_key_seconds=0)
        if name == "queues.yaml":
            others = [
                queue for queue in settings["queues"] if queue not in (OURS.queue, LINE.queue)
            ]
            settings["pools"] = {
                "base": {"seats": seats, "open": True, "queues": [OURS.queue]},
                "home": {"kind": "line", "seats": seats, "open": True, "queues": [LINE.queue]},
                "closed": {"seats": 1, "open": False, "queues": others},
            }
            settings["transfers"] = {}
        if name == "partners.yaml":
            partner = entry(TRUNK, site) | {"pledged": seats, "cap": seats}
            settings["partners"] = {TRUNK.id: partner}

    return made


def on_the_line(lab: Lab, seats: int) -> Volunteers:
    """As many people as there are seats: they call, and stay."""
    cards = invited(lab, [f"Helper {n}" for n in range(1, seats + 1)], "helpers", NUMBER)
    volunteers = [Volunteer(n, *card, talk=TALK) for n, card in enumerate(cards, 1)]
    calling = Volunteers(
        lab.sip, volunteers, folder=lab.folder / "line", dialled=NUMBER, rate=1.0, sound=False
    )
    calling.start()
    return calling


def all_there(lab: Lab, seats: int) -> None:
    """Open the partner's seats, and wait until they and all people are there."""
    lab.ivrd.once("partner", "override", "open", TRUNK.id)
    deadline = time.monotonic() + READY_SECONDS
    while True:
        status = lab.ivrd.status()
        free = {pool["name"]: pool["free"] for pool in status["pools"]}
        opened = status["partners"][0]["open"]
        if (free["base"], free["home"], opened) == (seats,) * 3:
            return
        if time.monotonic() > deadline:
            raise LabError(f"not all {seats} seats are there: {free}, the partner's {opened}")
        time.sleep(0.2)


def dial(people: Callers, planned: Sequence[Arrival]) -> dict[int, float]:
    """Let each dial in its moment, once for each kind; of each caller the load."""
    began, loads = time.monotonic(), dict[int, float]()
    for arrival in planned:
        time.sleep(max(0.0, began + arrival.at - time.monotonic()))
        for way in WAYS:
            number = len(loads) + 1
            loads[number] = arrival.load
            people.call(Caller(number, way.name, (Keys(way.keys), Patience(arrival.patience))))
    people.finish()
    return loads


def measure(folder: Path, seats: int, seconds: float, seed: int) -> str:
    """Run it; the section."""
    takes = (Hear(), Quiet(REACTION), Keys("1"))
    manner = Manner(Rings(1), TALK, "partner", first=takes)
    with ExitStack() as stack:
        site = stack.enter_context(PartnerSite(folder / "partner", manner, sound=False))
        plan = Plan(
            folder / "lab",
            talk=TALK,
            ring=Rings(1),
            agents=seats,
            config=shipped(folder / "shipped"),
            change=change(seats, site),
            rtp_ports=40 * seats + 600,
            sound=False,
        )
        lab = stack.enter_context(Lab(plan))
        line = on_the_line(lab, seats)
        stack.callback(line.stop)
        all_there(lab, seats)
        people = Callers(lab.sip, folder=folder / "callers", sound=False, open=True)
        crowds: list[People] = [people, lab.agents, site, line]
        with people, Machine(crowds, lab.pids) as machine:
            loads = dial(people, arrivals(seats, seconds, seed))
            entries = people.wait(READY_SECONDS).entries
            usage = str(machine.usage())
        own = "; ".join(by_itself(lab, kind) for kind in SeatKind)
    said = f"`ivrd_handoff_seconds` of all of it, median and 95th percentile: {own}."
    return f"{section(''.join(rows(entries, loads)), seats, seconds)}\n{said} {usage}"


def by_itself(lab: Lab, kind: SeatKind) -> str:
    """ivrd's own figures."""
    found = buckets(lab, kind)
    none = [(bound, 0.0) for bound, _count in found]
    half, late = (quantile(share, none, found) for share in (0.5, 0.95))
    return f'`{{kind="{kind}"}}` {half:.1f} and {late:.1f} s'


def rows(entries: Sequence[Entry], loads: dict[int, float]) -> Iterator[str]:
    """A line of the table for each kind of seat."""
    for way in WAYS:
        of = [each for each in entries if each.behaviour == way.name]
        took = sorted(
            each.waited - each.typed_at
            for each in of
            if loads[each.id] == LIGHT and each.waited is not None and each.typed_at is not None
        )
        if not took:
            raise LabError(f"nobody was answered: {way.name}")
        yield (
            f"| {way.name} | {len(took)} | {percentile(took, 0.5):.1f} | "
            f"{percentile(took, 0.95):.1f} |{''.join(gave_up(of, loads, load) for load in LOADS)}\n"
        )


def gave_up(entries: Sequence[Entry], loads: dict[int, float], load: float) -> str:
    """Of those who dialled at this load, how many gave up: a cell."""
    outcomes = [each.outcome for each in entries if loads[each.id] == load]
    lost = outcomes.count("abandoned")
    strange = len(outcomes) - lost - outcomes.count("answered")
    more = f", {strange} otherwise" if strange else ""
    return f" {lost} of {len(outcomes)}: {lost / len(outcomes):.1%}{more} |"


def section(table: str, seats: int, seconds: float) -> str:
    """What is written."""
    heads = "".join(f" gave up at {load:g} times |" for load in LOADS)
    return (
        f"Of each kind {seats} seats, talks of {TALK:g} s, a patience of {PATIENCE:g} s on "
        "average; the same callers at each kind, side by side, by their own ledger. The load is in "
        "multiples of what the seats could take if no second were lost between two talks, "
        f"{seconds:g} s for each. The hand-off, from the last key until a person speaks, is that "
        f"at {LIGHT:g} times: somebody is free nearly always. Phones ring as in `python -m "
        "bench.handoff`.\n\n"
        f"| the call goes to | calls | hand-off, median s | 95th percentile |{heads}\n"
        f"|---|--:|--:|--:|{'--:|' * len(LOADS)}\n{table}"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; the exit status."""
    parser = argparse.ArgumentParser(prog=NAME, description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=100.0, help="at each load (100)")
    parser.add_argument("--seats", type=int, default=16, help="of each kind (16)")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    return run(NAME, lambda folder: measure(folder, given.seats, given.seconds, given.seed))


if __name__ == "__main__":
    sys.exit(main())
