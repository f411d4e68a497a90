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
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import report, results
from bench.rounds import Round, keep, kept
from bench.scenarios import AGENTS, RING, SCENARIOS, SEED, SHORT, TALK
from bench.sides import measure
from bench.traffic import capacity, phases
from lab.asterisk import AsteriskError
from lab.callers import SippError
from lab.parts import PartsError
from lab.running import LabError

AT_ONCE = 3  # scenarios: more fill two processors


def options() -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.overflow",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    more = parser.add_argument
    more("--short", action="store_true", help="three scenarios at once, within four minutes")
    more("--scenario", action="append", choices=SCENARIOS, help="this one only; may be repeated")
    more("--rounds", type=int, default=1, help="each with other callers; 0: report what is kept")
    more("--seed", type=int, default=SEED, help="of the first round")
    more("--keep", type=Path, help="add the rounds to this file, and report all that are in it")
    return parser.parse_args()


def main() -> int:
    """Run it; the exit status."""
    given = options()
    ramp, peak = (10.0, 80.0) if given.short else (20.0, 120.0)
    plan = phases(capacity(AGENTS, TALK, RING), ramp, peak)
    folder = Path(tempfile.mkdtemp(prefix="ivrd-overflow-"))
    print(f"All of it lives in {folder}")
    rounds = kept(given.keep) if given.keep else []
    names = given.scenario or list(SHORT if given.short else SCENARIOS)
    for seed in range(given.seed, given.seed + given.rounds):
        for batch in batches(names):
            print(f"seed {seed}: {', '.join(batch)}", flush=True)
            try:
                made = measure(folder / str(seed), batch, seed, plan)
            except (LabError, AsteriskError, SippError, PartsError, TimeoutError) as error:
                print(f"bench.overflow: {error}", file=sys.stderr)
                return 1
            for each in made:
                print(f"\n{each.scenario}\n\n{report.scenario(each.scenario, [each])}", flush=True)
                if given.keep:
                    keep(given.keep, each)
            rounds += made
    results.write("python -m bench.overflow", report.section(rounds))
    return 0 if holds(rounds) else 1


def batches(names: Sequence[str]) -> Iterator[list[str]]:
    """Scenarios that run at once."""
    for first in range(0, len(names), AT_ONCE):
        yield list(names[first : first + AT_ONCE])


def holds(rounds: Sequence[Round]) -> bool:
    """Whether ivrd does what it must in every scenario that was run."""
    by = [[each for each in rounds if each.scenario == name] for name in SCENARIOS]
    return not any(fault for here in by if here for fault in report.faults(here))


if __name__ == "__main__":
    sys.exit(main())
