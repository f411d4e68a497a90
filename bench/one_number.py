"""A flood of calls from one number, and what others notice of it.

    python -m bench.one_number [--rate 50] [--seconds 60]

In one run, first without the flood and then with it, others call, one a second, press two keys and
are answered.  The flood's calls press nothing and last three seconds; they have no sound (see
lab/callers), or they would cost more than the hotline.  Printed and written to bench/RESULTS.md:
how soon the others hear the first prompt, how long it takes them to a person, how many are
answered, each beside the run without the flood, and what it all took of the machine.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import results
from bench.figures import percentile
from lab.callers import Caller, Callers, HangUp, Hear, Keys, Ledger, Meet, Wait
from lab.hotline import Lab, Plan
from lab.machine import Machine, Usage

NAME = "python -m bench.one_number"
FLOOD = "0299999999"
STAYS = 3.0  # seconds
ENDED_WITHIN = 120.0
AGENTS = 20
PRESSES = (Hear(), Wait(1.0), Keys("1"), Hear(), Wait(1.0), Keys("4"), Meet(), HangUp())
HEAD = (
    "| | calls a second | others: answered | first prompt, p50 | p95 | to a person, p50 | p95 | "
    "asked for a key |\n|---|---:|---:|---:|---:|---:|---:|---:|\n"
)


@dataclass(frozen=True)
class Figures:
    """What the others noticed; seconds after the answer.

    `asked`: calls asked for a key.  `usage`: of the machine.
    """

    rate: float
    others: int
    answered: int
    first_prompt: tuple[float, float]
    person: tuple[float, float]
    asked: int
    usage: Usage

    def row(self, name: str) -> str:
        """A line of the table."""
        times = " | ".join(f"{value:.2f} s" for value in (*self.first_prompt, *self.person))
        of = f"{self.answered} of {self.others}"
        return f"| {name} | {self.rate:g} | {of} | {times} | {self.asked} |\n"


def ratios(without: Figures, under: Figures) -> str:
    """A line of the table: with the flood over without it."""
    pairs = zip(
        (*under.first_prompt, *under.person), (*without.first_prompt, *without.person), strict=True
    )
    times = " | ".join(f"{now / before:.2f}" for now, before in pairs)
    return f"| ratio | | {under.answered / max(1, without.answered):.2f} | {times} | |\n"


def measure(lab: Lab, name: str, rate: float, seconds: int, first: int) -> Figures:
    """So long; `first`: the id of the first caller, which no other run has."""
    others = [Caller(n, "other", PRESSES) for n in range(first, first + seconds)]
    silent = (Wait(STAYS), HangUp())
    flood = [
        Caller(n, "flood", silent, number=FLOOD)
        for n in range(first + 10_000, first + 10_000 + round(rate * seconds))
    ]
    before = lab.ivrd.scrape().total("ivrd_calls_challenged_total")
    crowds = [Callers(lab.sip, others, folder=lab.folder / f"{name}-others", rate=1.0)]
    if flood:
        where = lab.folder / f"{name}-flood"
        crowds.append(Callers(lab.sip, flood, folder=where, rate=rate, sound=False))
    with ExitStack() as all_of_them:
        for crowd in crowds:
            all_of_them.enter_context(crowd)
        machine = all_of_them.enter_context(Machine((*crowds, lab.agents), lab.pids))
        ledger, *_others = (crowd.wait(seconds + ENDED_WITHIN) for crowd in crowds)
        usage = machine.usage()
    asked = lab.ivrd.scrape().total("ivrd_calls_challenged_total") - before
    return _figures(ledger, rate, round(asked), usage)


def _figures(ledger: Ledger, rate: float, asked: int, usage: Usage) -> Figures:
    sounds = [entry.first_sound for entry in ledger.entries if entry.first_sound is not None]
    waits = [entry.waited for entry in ledger.entries if entry.waited is not None]
    return Figures(
        rate,
        others=len(ledger.entries),
        answered=ledger.outcomes()["answered"],
        first_prompt=_middle_and_late(sounds),
        person=_middle_and_late(waits),
        asked=asked,
        usage=usage,
    )


def _middle_and_late(values: Sequence[float]) -> tuple[float, float]:
    """p50 and p95."""
    ordered = sorted(values)
    return percentile(ordered, 0.5), percentile(ordered, 0.95)


def main(arguments: Sequence[str] | None = None) -> int:
    """Both, one after the other, on the same hotline."""
    parser = argparse.ArgumentParser(prog=NAME, description=__doc__)
    parser.add_argument("--rate", type=float, default=50.0, help="calls a second of the flood")
    parser.add_argument("--seconds", type=int, default=60, help="for how long each is measured")
    given = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="ivrd-bench-")) / "lab"
    with Lab(Plan(folder, agents=AGENTS, talk=5.0, rtp_ports=2000)) as lab:
        without = measure(lab, "without", 0.0, given.seconds, 1)
        under = measure(lab, "under", given.rate, given.seconds, 100_001)
    table = f"{HEAD}{without.row('without')}{under.row('with the flood')}{ratios(without, under)}"
    table += f"\nWithout it: {without.usage} With it: {under.usage}\n"
    print(table, end="")
    text = (
        "A flood from one number, whose calls press nothing and last 3 s. Others call meanwhile, "
        f"one a second for {given.seconds} s, and press two keys.\n\n{table}"
    )
    results.write(NAME, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
