"""What a call costs: CPU of Asterisk and of ivrd, in one run of the same calls.

    python -m bench.calls [--callers 200] [--rate 5]

Every caller goes through the menu and the queue to an agent. Printed and written to
bench/RESULTS.md: CPU milliseconds a call of each process, and their ratio.
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
from lab.machine import cpu_seconds

WAIT_SECONDS = 300.0
IDLE_SECONDS = 10.0


@dataclass(frozen=True)
class Cost:
    """CPU seconds of the two processes over one stretch of time."""

    asterisk: float
    ivrd: float


def measure(lab: Lab, run: Callable[[], object]) -> Cost:
    """CPU that both processes use while `run` runs."""
    before = (cpu_seconds(lab.asterisk.pid), cpu_seconds(lab.ivrd.pid))
    run()
    return Cost(cpu_seconds(lab.asterisk.pid) - before[0], cpu_seconds(lab.ivrd.pid) - before[1])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.calls", description=__doc__)
    parser.add_argument("--callers", type=int, default=200)
    parser.add_argument("--rate", type=float, default=5.0, help="calls a second")
    given = parser.parse_args()
    people = mix(given.callers, seed=1, behaviours=("answered",))
    folder = Path(tempfile.mkdtemp(prefix="ivrd-bench-"))
    with Lab(Plan(folder, agents=75, talk=5.0, ring=0.5)) as lab:
        idle = measure(lab, lambda: time.sleep(IDLE_SECONDS))
        calling = Callers(lab.sip, people, folder=folder / "callers", rate=given.rate)
        started = time.monotonic()
        calling.start()
        busy = measure(lab, lambda: calling.wait(WAIT_SECONDS))
        lasted = time.monotonic() - started
        time.sleep(1.0)
        rows = compare(people, calling.ledger().entries, lab.agents.ledger(), lab.ivrd.scrape())
    share = lasted / IDLE_SECONDS
    asterisk = 1000 * (busy.asterisk - idle.asterisk * share) / given.callers
    ivrd = 1000 * (busy.ivrd - idle.ivrd * share) / given.callers
    text = (
        f"| what | figure |\n|---|---|\n"
        f"| calls, {given.rate:g} a second, through menu and queue to an agent "
        f"| {given.callers} |\n"
        f"| rows of the callers' count that differ from ivrd's "
        f"| {sum(not row.agrees for row in rows)} |\n"
        f"| Asterisk, CPU ms a call | {asterisk:.1f} |\n"
        f"| ivrd, CPU ms a call | {ivrd:.1f} |\n"
        f"| ivrd / Asterisk | {ivrd / asterisk:.3f} |\n"
    )
    print(text)
    results.write(
        "python -m bench.calls",
        f"What a call costs. The idle cost of both processes is taken off.\n\n{text}",
    )
    return 0 if all(row.agrees for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
