"""What simulated people cost, with sound and without, in one run of the same calls.

    python -m bench.people [--calls 200] [--rate 5] [--without-only]

Every caller goes through the menu and the queue to an agent. Printed and written to
bench/RESULTS.md: the simulated people's share of this machine, their CPU milliseconds a call, how
late they were, and whether that was the limit of the run.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import results
from lab.callers import Callers
from lab.callers.mix import mix
from lab.comparison import compare
from lab.hotline import Lab, Plan
from lab.machine import Machine, Usage

WAIT_SECONDS = 600.0
TALK, RING = 5.0, 0.5
STAY = 15.0  # seconds that most calls last at the most
SPARE = 1.5  # agents, by what the calls need


@dataclass(frozen=True)
class Figures:
    """Of one run."""

    usage: Usage
    calls: int
    outcomes: str
    differ: int  # rows of the callers' count that are not ivrd's

    def milliseconds(self, share: float) -> str:
        """What a share of the machine was for each call."""
        return f"{1000 * share * self.usage.processors * self.usage.lasted / self.calls:.1f}"


ROWS: dict[str, Callable[[Figures], str]] = {
    "share of the machine that the simulated people took": lambda f: f"{f.usage.lab:.1%}",
    "of SIPp, CPU ms a call": lambda f: f.milliseconds(f.usage.sipp),
    "of Python, CPU ms a call": lambda f: f.milliseconds(f.usage.python),
    "of the hotline, CPU ms a call": lambda f: f.milliseconds(f.usage.hotline),
    "whether the people were the limit": lambda f: f.usage.limited or "no",
    "what the callers came to": lambda f: f.outcomes,
    "rows of the callers' count that differ from ivrd's": lambda f: str(f.differ),
}


def measure(folder: Path, calls: int, rate: float, sound: bool) -> Figures:
    """One hotline, and these calls."""
    people = mix(calls, seed=1, behaviours=("answered",))
    agents = round(rate * (TALK + RING) * SPARE) + 5
    ports = round(rate * STAY) * 4 + 200
    plan = Plan(folder, agents, TALK, RING, rtp_ports=ports, sound=sound)
    with Lab(plan) as lab:
        calling = Callers(lab.sip, people, folder=folder / "callers", rate=rate, sound=sound)
        with calling, Machine((calling, lab.agents), lab.pids) as machine:
            entries = calling.wait(WAIT_SECONDS).entries
            usage = machine.usage()
        while (scrape := lab.ivrd.scrape()).in_progress:
            time.sleep(0.1)
        rows = compare(people, entries, lab.agents.ledger(), scrape)
    ends = sorted(calling.ledger().outcomes().items())
    said = ", ".join(f"{count} {what}" for what, count in ends)
    return Figures(usage, calls, said, sum(not row.agrees for row in rows))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.people", description=__doc__)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--rate", type=float, default=5.0, help="calls a second")
    parser.add_argument("--without-only", action="store_true", help="no run with sound")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="ivrd-bench-"))
    runs = {} if given.without_only else {"with sound": True}
    runs["without sound"] = False
    columns = {
        name: measure(folder / name.split()[0], given.calls, given.rate, sound)
        for name, sound in runs.items()
    }
    lines = [["", *columns], ["---", *("---:" for _ in columns)]]
    lines += [[what, *(show(of) for of in columns.values())] for what, show in ROWS.items()]
    text = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    print(text)
    results.write(
        f"python -m bench.people --rate {given.rate:g}",
        f"What simulated people cost: {given.calls} calls, {given.rate:g} a second, through menu "
        f"and queue to an agent.\n\n{text}",
    )
    return 0 if not any(of.differ for of in columns.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
