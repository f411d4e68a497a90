"""What overflow to partners is worth: the same traffic through a stock dialplan and through ivrd.

    python -m bench.overflow [--short]

All systems run side by side at the same time, so that whatever else the machine does meets all of
them: each a private Asterisk with five agents and four partners of its own, of whom one takes
calls, one refuses them, one answers and stays silent, one does not exist. Callers, patience,
arrivals and manners are the same for each. The stock dialplan (bench/peers/stock) runs twice, with
the good partner dialled first and last, since who writes it cannot know who will fail.
Printed and written to bench/RESULTS.md; exit status 1 unless ivrd loses the fewest callers and
its count agrees with that of agents and partners.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bench import results
from bench.figures import Figures, Phase, capacity, figures, people, phases, table
from bench.four import Four
from bench.stock import Stock
from lab.agents import Agents
from lab.asterisk import AsteriskError
from lab.callers import Callers, Entry, SippError
from lab.comparison import Scrape
from lab.hotline import Lab, Plan
from lab.parts import PartsError
from lab.ports import Block
from lab.running import LabError

AGENTS = 5
TALK = 10.0
RING = 1.0
PATIENCE = 30.0  # mean, seconds
SEED = 1330
RTP_PORTS = 2000  # of each hotline
GRACE_SECONDS = 240.0  # for the last caller after the last has dialled
SETTLE_SECONDS = 10.0
SCALE = 4  # the hotline's own times are divided by this, as those in bench/peers/stock are
IVRD = "ivrd"


class System(Protocol):
    """A hotline that runs."""

    sip: str
    agents: Agents


def ivrd_plan(folder: Path, trunks: Mapping[str, str]) -> Plan:
    """ivrd as it is shipped, with the four partners; times of its policy are scaled."""

    def change(name: str, settings: dict[str, Any]) -> None:
        if name == "partners.yaml":
            settings["partners"] = {key: _partner(key, at) for key, at in trunks.items()}
        if name == "ivrd.yaml":
            settings["service_level_seconds"] /= SCALE
            overflow = settings["overflow"]
            for key in ("drain_seconds", "reach_seconds", "hold_seconds"):
                overflow[key] /= SCALE

    return Plan(folder, agents=AGENTS, talk=TALK, ring=RING, change=change, rtp_ports=RTP_PORTS)


def _partner(name: str, trunk: str) -> dict[str, Any]:
    return {
        "name": {"th": name, "en": name},
        "trunk": trunk,
        "pledged": 10,
        "cap": 20,
        "hours": "always",
        "topics": "all",
        "state": "active",
    }


@dataclass(frozen=True)
class Side:
    """One of the systems side by side."""

    name: str
    system: System
    partners: Four
    folder: Path


def start(folder: Path, stack: ExitStack) -> list[Side]:
    """All systems, ready for callers."""
    sides = []
    for number, last in enumerate((False, True)):
        name = f"stock, good partner {'last' if last else 'first'}"
        home = folder / f"stock{number}"
        four = stack.enter_context(Four(home / "partners", ring=RING, talk=TALK))
        trunks = four.trunks()
        order = list(reversed(trunks)) if last else list(trunks)
        agents = Agents(folder=home / "agents", ring=RING, talk=TALK)
        rtp = stack.enter_context(Block(RTP_PORTS))
        stock = Stock(home, agents, {key: trunks[key] for key in order}, rtp)
        sides.append(Side(name, stack.enter_context(stock), four, home))
    home = folder / IVRD
    four = stack.enter_context(Four(home / "partners", ring=RING, talk=TALK))
    lab = stack.enter_context(Lab(ivrd_plan(home, four.trunks())))
    return [*sides, Side(IVRD, lab, four, home)]


def call(sides: list[Side], plan: tuple[Phase, ...]) -> dict[str, list[Entry]]:
    """Let the same callers call all systems at the same moments; what they have to tell."""
    callers = people(sum(phase.calls for phase in plan), SEED, PATIENCE)
    began = time.monotonic()
    runs: dict[str, list[Callers]] = {side.name: [] for side in sides}
    for number, phase in enumerate(plan):
        now, callers = callers[: phase.calls], callers[phase.calls :]
        time.sleep(max(0.0, began + phase.start - time.monotonic()))
        for side in sides:
            folder = side.folder / f"callers{number}"
            calling = Callers(side.system.sip, now, folder=folder, rate=phase.rate)
            calling.start()
            runs[side.name].append(calling)
        print(f"{phase.start:5.0f} s: {phase.calls} callers, {phase.rate:.2f} a second", flush=True)
    over = time.monotonic() + plan[-1].calls / plan[-1].rate + GRACE_SECONDS
    return {
        name: [e for run in of for e in run.wait(max(1.0, over - time.monotonic())).entries]
        for name, of in runs.items()
    }


def measure(folder: Path, plan: tuple[Phase, ...]) -> tuple[dict[str, Figures], Scrape]:
    """Run all systems; their figures, and ivrd's own ledger."""
    with ExitStack() as stack:
        sides = start(folder, stack)
        entries = call(sides, plan)
        scrape = settled(sides[-1])
        made = {
            side.name: figures(
                entries[side.name], side.system.agents.ledger(), side.partners.counts()
            )
            for side in sides
        }
    return made, scrape


def settled(side: Side) -> Scrape:
    """ivrd's ledger when every call is closed in it, or as it is after a while."""
    assert isinstance(side.system, Lab)
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        scrape = side.system.ivrd.scrape()
        if not scrape.in_progress or time.monotonic() > deadline:
            return scrape
        time.sleep(0.2)  # nothing tells when the last bye has been recorded


def differences(of: Figures, scrape: Scrape) -> list[str]:
    """Where ivrd's own ledger differs from the callers'."""
    total = scrape.total
    rows = {
        "received": (of.calls, total("ivrd_calls_received_total")),
        "answered in-house": (
            of.inhouse,
            total("ivrd_calls_total", outcome="answered", by="inhouse"),
        ),
        "answered by a partner": (
            of.partner,
            total("ivrd_calls_total", outcome="answered", by="partner"),
        ),
        "abandoned": (of.abandoned, total("ivrd_calls_total", outcome="abandoned")),
    }
    return [f"{what}: callers {a}, ivrd {b}" for what, (a, b) in rows.items() if a != b]


def verdict(made: Mapping[str, Figures]) -> bool:
    """Whether ivrd leaves fewer callers without a person than each other system."""
    ours = made[IVRD]
    best = min(of.abandonment for name, of in made.items() if name != IVRD)
    return ours.abandonment < best and ours.agrees


def main() -> int:
    """Run it; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.overflow",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--short", action="store_true", help="within five minutes")
    given = parser.parse_args()
    ramp, peak = (20.0, 120.0) if given.short else (60.0, 300.0)
    plan = phases(capacity(AGENTS, TALK, RING), ramp, peak)
    folder = Path(tempfile.mkdtemp(prefix="ivrd-overflow-"))
    print(f"All of it lives in {folder}")
    try:
        made, scrape = measure(folder, plan)
    except (LabError, AsteriskError, SippError, PartsError, TimeoutError) as error:
        print(f"bench.overflow: {error}", file=sys.stderr)
        return 1
    wrong = differences(made[IVRD], scrape)
    text = f"{explained(plan)}\n\n{table(made)}"
    print(text)
    for line in wrong:
        print(f"ivrd's ledger differs from the callers': {line}")
    results.write("python -m bench.overflow", text)
    return 0 if verdict(made) and not wrong else 1


def explained(plan: tuple[Phase, ...]) -> str:
    """What the table shows, for who finds it in the file."""
    lasted = plan[-1].start + plan[-1].calls / plan[-1].rate
    return (
        f"The same traffic through a stock dialplan (`bench/peers/stock`: the queue for 15 s, each "
        f"partner for 5 s, the queue again) and through ivrd, at the same time. {AGENTS} agents "
        f"who talk {TALK:g} s; four partners: one good, one refuses, one answers and is silent, "
        f"one is dead. {sum(p.calls for p in plan)} calls in {lasted:.0f} s, at the peak three "
        f"times what the agents can take; patience {PATIENCE:g} s on average. Times that people "
        f"set, in the dialplan and in ivrd's policy, are divided by {SCALE}. The stock dialplan "
        f"learns nothing of its partners, so it runs twice: with the good one dialled first, and "
        f"last. Waits are of the answered, from the last key."
    )


if __name__ == "__main__":
    sys.exit(main())
