"""What overflow to partners is worth: ivrd beside what a hotline would use instead.

    python -m bench.overflow [--short] [--scenario NAME] [--rounds N] [--seed N] [--keep FILE]

The systems (bench/peers) run side by side at the same time, so that whatever else the machine does
meets all of them. Callers, patience, what they have to say, arrivals and manners are the same for
each. Scenarios (bench/scenarios.py): everything good, one bad partner of three kinds, an absent
agent. Printed and written to bench/RESULTS.md; exit status 1 unless, in each scenario, ivrd loses
no more callers than app_queue with all seats open (beyond chance) with fewer seat-hours, fewer than
the stock dialplan, and its count agrees with that of callers, agents and partners.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import report, results
from bench.figures import Figures, figures
from bench.peers.always_open import NAME as ALWAYS_OPEN
from bench.peers.always_open import always_open
from bench.peers.ivrd import NAME as IVRD
from bench.peers.ivrd import IvrdSystem, ivrd
from bench.peers.partners import Partners
from bench.peers.pooled import HANDED_OVER, OPTIMUM, OURS, Join, Pool, formula, pooled
from bench.peers.stock import NAME as STOCK
from bench.peers.stock import stock
from bench.peers.system import Make, Setting, System
from bench.rounds import Round, keep, kept
from bench.scenarios import AGENTS, PATIENCE, RING, SCENARIOS, SEED, SHORT, TALK, Scenario
from bench.seats import SeatMeter
from bench.traffic import Person, Phase, capacity, people, phases
from lab.agents import never_answers
from lab.asterisk import AsteriskError
from lab.callers import Callers, Entry, SippError
from lab.comparison import Scrape
from lab.lag import Lag
from lab.parts import PartsError
from lab.running import LabError

SYSTEMS: dict[str, Make] = {STOCK: stock, ALWAYS_OPEN: always_open, IVRD: ivrd}
HAND_OFF = RING + 0.85  # at a partner: ringing, half a second of whisper, the key
GRACE_SECONDS = 240.0  # for the last caller after the last has dialled
SETTLE_SECONDS = 10.0


@dataclass(frozen=True)
class Side:
    """One of the systems side by side."""

    name: str
    system: System
    partners: Partners
    folder: Path


def start(folder: Path, scenario: Scenario, stack: ExitStack) -> list[Side]:
    """All systems, ready for callers."""
    sides = []
    for number, (name, make) in enumerate(SYSTEMS.items()):
        home = folder / str(number)
        partners = stack.enter_context(Partners(home / "partners", scenario))
        system = stack.enter_context(make(Setting(home, partners.trunks())))
        for seat in scenario.absent:
            system.agents.behave(seat, never_answers())
        sides.append(Side(name, system, partners, home))
    return sides


def call(
    sides: list[Side], plan: Sequence[Phase], persons: Sequence[Person]
) -> dict[str, list[list[Entry]]]:
    """Let the same callers call all systems at the same moments; what they tell, by phase."""
    began = time.monotonic()
    runs: dict[str, list[Callers]] = {side.name: [] for side in sides}
    for number, (phase, now) in enumerate(zip(plan, split(persons, plan), strict=True)):
        time.sleep(max(0.0, began + phase.start - time.monotonic()))
        for side in sides:
            folder = side.folder / f"callers{number}"
            callers = [person.caller for person in now]
            calling = Callers(side.system.sip, callers, folder=folder, rate=phase.rate)
            calling.start()
            runs[side.name].append(calling)
        print(f"{phase.start:5.0f} s: {phase.calls} callers, {phase.rate:.2f} a second", flush=True)
    over = time.monotonic() + plan[-1].calls / plan[-1].rate + GRACE_SECONDS
    return {
        name: [list(run.wait(max(1.0, over - time.monotonic())).entries) for run in of]
        for name, of in runs.items()
    }


def split(persons: Sequence[Person], plan: Sequence[Phase]) -> Iterator[Sequence[Person]]:
    """The callers of each phase."""
    first = 0
    for phase in plan:
        yield persons[first : first + phase.calls]
        first += phase.calls


def measure(folder: Path, name: str, seed: int, plan: Sequence[Phase]) -> Round:
    """Run all systems in a scenario; their figures, and where ivrd's own ledger differs."""
    scenario = SCENARIOS[name]
    persons = people(sum(phase.calls for phase in plan), seed, PATIENCE, TALK)
    with ExitStack() as stack:
        sides = start(folder, scenario, stack)
        pids = [pid for side in sides for pid in side.system.pids()]
        lag = stack.enter_context(Lag(lambda: pids))
        with SeatMeter({side.name: side.system.seats_open for side in sides}) as meter:
            entries = call(sides, plan, persons)
        scrape = settled(sides[-1].system)
        made = {
            side.name: figures(
                [entry for phase in entries[side.name] for entry in phase],
                side.system.agents.ledger(),
                side.partners.counts(),
                meter.seconds[side.name],
            )
            for side in sides
        }
    wrong = differences(made[IVRD], scrape)
    joined = joins(entries[ALWAYS_OPEN], plan, persons)
    seat_seconds = meter.seconds[ALWAYS_OPEN]
    return Round(
        scenario=name,
        seed=seed,
        made=made | optima(joined, scenario, seat_seconds),
        formula=formula(
            plan,
            sum(person.talk for person in persons) / len(persons),
            PATIENCE,
            AGENTS - len(scenario.absent) + sum(scenario.good.values()),
        ),
        differences=tuple(wrong),
        lag=lag.longest,
    )


def settled(system: System) -> Scrape:
    """ivrd's ledger when every call is closed in it, or as it is after a while."""
    assert isinstance(system, IvrdSystem)
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        scrape = system.ivrd.scrape()
        if not scrape.in_progress or time.monotonic() > deadline:
            return scrape
        time.sleep(0.2)  # nothing tells when the last bye has been recorded


def joins(
    entries: Sequence[Sequence[Entry]], plan: Sequence[Phase], persons: Sequence[Person]
) -> list[Join]:
    """When each caller pressed the last key, and what he had brought along."""
    known = {person.id: person for person in persons}
    return [
        Join(e.id, since + e.dialled_at + e.answered_after + e.typed_at, who.patience, who.talk)
        for since, of in zip((phase.start for phase in plan), entries, strict=True)
        for e in of
        if e.dialled_at is not None and e.answered_after is not None and e.typed_at is not None
        for who in (known[e.id],)
    ]


def optima(joined: Sequence[Join], scenario: Scenario, seat_seconds: float) -> dict[str, Figures]:
    """The pool of all who can take calls, with the seconds of a hand-off and without."""

    def pool(ours: float, theirs: float) -> Figures:
        pools = {OURS: Pool(AGENTS - len(scenario.absent), ours)}
        pools |= {name: Pool(seats, theirs) for name, seats in scenario.good.items()}
        return pooled(joined, pools, seat_seconds)

    return {HANDED_OVER: pool(RING, HAND_OFF), OPTIMUM: pool(0.0, 0.0)}


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


def options() -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.overflow",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    more = parser.add_argument
    more("--short", action="store_true", help="three scenarios, about seven minutes")
    more("--scenario", action="append", choices=SCENARIOS, help="this one only; may be repeated")
    more("--rounds", type=int, default=1, help="of each scenario, each with other callers")
    more("--seed", type=int, default=SEED, help="of the first round")
    more("--keep", type=Path, help="add the rounds to this file, and report all that are in it")
    return parser.parse_args()


def main() -> int:
    """Run it; the exit status."""
    given = options()
    ramp, peak = (10.0, 60.0) if given.short else (20.0, 120.0)
    plan = phases(capacity(AGENTS, TALK, RING), ramp, peak)
    folder = Path(tempfile.mkdtemp(prefix="ivrd-overflow-"))
    print(f"All of it lives in {folder}")
    rounds = kept(given.keep) if given.keep else []
    for seed in range(given.seed, given.seed + given.rounds):
        for name in given.scenario or (SHORT if given.short else SCENARIOS):
            print(f"{name}, seed {seed}", flush=True)
            try:
                made = measure(folder / f"{name}-{seed}", name, seed, plan)
            except (LabError, AsteriskError, SippError, PartsError, TimeoutError) as error:
                print(f"bench.overflow: {error}", file=sys.stderr)
                return 1
            rounds.append(made)
            if given.keep:
                keep(given.keep, made)
            print(report.told(name, [made]), flush=True)
    results.write("python -m bench.overflow", report.section(rounds))
    return 0 if holds(rounds) else 1


def holds(rounds: Sequence[Round]) -> bool:
    """Whether ivrd does what it must in every scenario that was run."""
    by: Mapping[str, list[Round]] = {
        name: [each for each in rounds if each.scenario == name] for name in SCENARIOS
    }
    return not any(fault for here in by.values() if here for fault in report.faults(here))


if __name__ == "__main__":
    sys.exit(main())
