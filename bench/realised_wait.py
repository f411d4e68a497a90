"""How right the expected wait is, and how often its bound is kept, on a real Asterisk.

    python -m bench.realised_wait [--rounds 4] [--seconds 250] [--ask] [--seed 1330]

One hotline, whose callers give up; in each round its load doubles half-way, as in
bench/expected_wait.py, which simulates the same.  ivrd says what it foresees when a caller joins
the queue (bench/foreseen.py), beside the same estimate with the true means of talk, ring and
patience.  A caller who gives up has a wait, too: until the first of those behind was answered.
With --ask each round waits for a line on standard input, so that others may measure in between.
Printed and written to bench/RESULTS.md; exit status 1 when a figure is not as promised.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from statistics import fmean
from typing import Any

from bench import results
from bench.expected_wait import HEAD, HEAVY, LIGHT, Figures, Waited, figures, row
from bench.foreseen import FILE, PATIENCE, TALK
from bench.traffic import Person, Phase, capacity, people
from ivrd.core.expected_wait import Prediction
from lab.agents.agents import NEVER
from lab.asterisk import AsteriskError
from lab.callers import Callers, SippError
from lab.comparison import Scrape
from lab.hotline import Lab, Plan
from lab.lag import Lag
from lab.parts import PartsError
from lab.running import LabError

NAME = "python -m bench.realised_wait"
SEATS, TALKS, STAYS, RING = 10, 10.0, 12.0, 0.2  # seconds
GUESS = 0.5  # of the true means is what ivrd expects before it has seen any
GRACE_SECONDS = 120.0
SETTLE_SECONDS = 10.0
BOUNDS = "ivrd_expected_wait_bounds_total"


@dataclass
class Recorded:
    """A caller in the queue.  Times are seconds; `end`: until the answer, or until giving up."""

    joined: float
    prediction: Prediction | None
    truth: float
    end: float | None = None
    answered: bool = False


def recorded(lines: Iterable[str]) -> list[Recorded]:
    """What bench/foreseen.py wrote down, in the order of joining."""
    found: dict[str, Recorded] = {}
    for line in lines:
        step: dict[str, Any] = json.loads(line)
        if "joined" in step:
            foreseen = Prediction(step["mean"], step["bound"]) if "mean" in step else None
            found[step["call"]] = Recorded(step["joined"], foreseen, step.get("truth", 0.0))
        elif known := found.get(step["call"]):
            known.answered = "answered" in step
            known.end = step["answered"] if known.answered else step["left"]
    return sorted(found.values(), key=lambda one: one.joined)


def waited(callers: Sequence[Recorded]) -> Iterator[Waited]:
    """Those who had to wait and whose turn came.

    The turn of one who gave up came when the first who had joined later was answered, but for
    those who were answered before.
    """
    for number, one in enumerate(callers):
        if one.prediction is None or one.end is None:
            continue
        if one.answered:
            yield Waited(one.prediction, one.truth, one.end, None)
            continue
        went = one.joined + one.end
        later = (
            other.joined + other.end
            for other in callers[number + 1 :]
            if other.answered and other.end is not None
        )
        turn = min((at for at in later if at >= went), default=inf)
        if turn < inf:
            yield Waited(one.prediction, one.truth, turn - one.joined, one.end)


def crowd(seed: int, seconds: float) -> list[Person]:
    """Who calls in a round of so many seconds."""
    able = capacity(SEATS, TALKS, RING)
    half = seconds / 2.0
    loads = [
        Phase(half * n, able * load, round(able * load * half))
        for n, load in enumerate((LIGHT, HEAVY))
    ]
    return people(loads, seed, STAYS, TALKS)


def plan(folder: Path, crowds: Sequence[Sequence[Person]]) -> Plan:
    """A hotline that expects other means than the true ones; its callers say how long they talk."""
    talk = fmean(person.talk for of in crowds for person in of) + RING
    patience = fmean(person.patience for of in crowds for person in of)

    def change(name: str, settings: dict[str, Any]) -> None:
        if name == "ivrd.yaml":
            settings["overflow"] |= {
                "expected_talk_seconds": talk * GUESS,
                "expected_patience_seconds": patience * GUESS,
            }

    return Plan(
        folder,
        agents=SEATS,
        talk=NEVER,
        ring=RING,
        change=change,
        environment={
            FILE: str(folder / "foreseen.jsonl"),
            TALK: str(talk),
            PATIENCE: str(patience),
        },
        program="bench.foreseen",
        sound=False,
    )


def call(lab: Lab, number: int, persons: Sequence[Person]) -> None:
    """A round: let these call, and wait until the last call is over."""
    home = lab.folder / f"callers{number}"
    with Callers(lab.sip, folder=home, sound=False, open=True) as callers:
        began = time.monotonic()
        for person in persons:
            time.sleep(max(0.0, began + person.at - time.monotonic()))
            callers.call(person.caller)
        callers.finish()
        callers.wait(GRACE_SECONDS)
        if callers.limited:
            print(f"round {number}: {callers.limited}", flush=True)


def measure(folder: Path, crowds: Sequence[Sequence[Person]], ask: bool) -> tuple[str, Figures]:
    """All rounds on one hotline: the table, and the figures of them all."""
    of = plan(folder, crowds)
    rows: list[str] = []
    with Lab(of) as lab, Lag(lab.pids) as lag:
        file, done = Path(of.environment[FILE]), 0
        for number, persons in enumerate(crowds, 1):
            if ask:
                print(f"round {number}: waiting for a line", flush=True)
                sys.stdin.readline()
            call(lab, number, persons)
            scrape = lab.ivrd.settled(SETTLE_SECONDS)
            waits = list(waited(recorded(file.read_text("utf-8").splitlines())))
            rows.append(row(f"round {number}", figures(waits[done:])))
            print(rows[-1], end="", flush=True)
            done = len(waits)
        found = figures(waits)
        rows.append(row("all", found))
        print(rows[-1], end="", flush=True)
        late = f"A thread waited for a processor for {lag.longest:.1f} s at most."
    return f"{HEAD}{''.join(rows)}\n{by_itself(scrape)} {late}", found


def by_itself(scrape: Scrape) -> str:
    """What the metrics say of the same."""
    kept, broken = (scrape.total(BOUNDS, result=result) for result in ("kept", "broken"))
    return f"By its own metrics ivrd kept {kept} of {kept + broken} bounds."


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog=NAME, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=250.0, help="in which a round's dial")
    parser.add_argument("--ask", action="store_true", help="wait for a line before each round")
    parser.add_argument("--seed", type=int, default=1330, help="of the first round")
    given = parser.parse_args(arguments)
    crowds = [crowd(given.seed + number, given.seconds) for number in range(given.rounds)]
    folder = Path(tempfile.mkdtemp(prefix="ivrd-waits-"))
    print(f"All of it lives in {folder}\n{HEAD}", end="", flush=True)
    try:
        table, found = measure(folder, crowds, given.ask)
    except (LabError, AsteriskError, SippError, PartsError, TimeoutError) as error:
        print(f"bench.realised_wait: {error}", file=sys.stderr)
        return 1
    text = (
        "The expected wait as in `python -m bench.expected_wait`, but on a real Asterisk with "
        f"simulated people: {SEATS} seats, talks of {TALKS:g} s and a patience of {STAYS:g} s on "
        f"average; in each round of {given.seconds:g} s the load doubles half-way, from {LIGHT:g} "
        f"to {HEAVY:g} times what the seats can take. At first ivrd expects {GUESS:g} times the "
        f"true means.\n\n{table}"
    )
    results.write(NAME, text)
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main())
