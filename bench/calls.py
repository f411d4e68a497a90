"""What a call costs, and how fast ivrd decides: the same calls at some rates, in turns.

    python -m bench.calls [--rounds 3] [--rates 5 20 40] [--seconds 20]

Every caller goes through the menu and the queue to an agent. Printed and written to
bench/RESULTS.md: CPU milliseconds a call of Asterisk and of ivrd, and their ratio; how long ivrd
took from the bytes of an event to the action that answers it, beside the same with one caller at a
time; from the event in Asterisk until ivrd processed it; and for how long ivrd could have gone on
and others had the processors.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import results
from bench.quantiles import Buckets, quantile
from lab.callers import Callers
from lab.callers.mix import mix
from lab.comparison import compare
from lab.hotline import Lab, Plan
from lab.lag import waits
from lab.machine import Machine, cpu_seconds
from lab.priority import as_service

WAIT_SECONDS = 300.0
IDLE_SECONDS = 10.0
TALK, RING = 5.0, 0.5
STAY = 15.0  # seconds that most calls last at the most
SPARE = 1.5  # agents, by what the calls need
AGENTS_AT_LEAST = 75
ONE_AT_A_TIME, FEW = 0.2, 6  # calls a second, and how many
DECISION, LAG = "ivrd_decision_seconds", "ivrd_event_lag_seconds"
MUCH = 5.0  # calls a second; people with sound of their own fill this machine with more


@dataclass(frozen=True)
class Traffic:
    """So many calls, `rate` a second; `sound`: the callers and agents send some."""

    rate: float
    calls: int
    sound: bool

    @property
    def name(self) -> str:
        """For the head of a table's row."""
        return f"{self.rate:g} a second{'' if self.sound else ', people without sound'}"


@dataclass(frozen=True)
class Cost:
    """Of one run. CPU milliseconds a call; seconds to a decision (median, 99th percentile); the
    99th percentile of seconds by which events came late; how much ivrd waited for a processor, as a
    multiple of what it used; of all processors, what all programs took; rows that differ;
    `favoured`: ivrd had the share of the processors that its service has."""

    asterisk: float
    ivrd: float
    half: float
    slow: float
    late: float
    waited: float
    busy: float
    differ: int
    limited: bool
    favoured: bool

    @property
    def share(self) -> float:
        """ivrd's CPU by Asterisk's."""
        return self.ivrd / self.asterisk


def used(lab: Lab, run: Callable[[], object]) -> tuple[float, float, float]:
    """CPU seconds of Asterisk and of ivrd while `run` runs, and how long that was."""
    pids, began = (lab.asterisk.pid, lab.ivrd.pid), time.monotonic()
    before = [cpu_seconds(pid) for pid in pids]
    run()
    asterisk, ivrd = (cpu_seconds(pid) - was for pid, was in zip(pids, before, strict=True))
    return asterisk, ivrd, time.monotonic() - began


def histogram(lab: Lab, name: str) -> Buckets:
    """One of ivrd's histograms as it is now."""
    scrape = lab.ivrd.scrape()
    series = f"{name}_bucket"
    bounds = sorted((each["le"] for each in scrape.labels(series)), key=float)
    return [(float(bound), scrape.total(series, le=bound)) for bound in bounds]


def measure(traffic: Traffic) -> Cost:
    """One hotline, and these calls; what both processes use without calls is taken off."""
    people = mix(traffic.calls, seed=1, behaviours=("answered",))
    agents = max(AGENTS_AT_LEAST, round(traffic.rate * (TALK + RING) * SPARE))
    ports = max(1000, round(traffic.rate * STAY) * 4 + 200)
    folder = Path(tempfile.mkdtemp(prefix="ivrd-bench-"))
    plan = Plan(folder, agents, TALK, RING, rtp_ports=ports, sound=traffic.sound, journal=True)
    with Lab(plan) as lab:
        favoured = as_service(lab.ivrd.pid)
        idle = used(lab, lambda: time.sleep(IDLE_SECONDS))
        calling = Callers(
            lab.sip, people, folder=folder / "callers", rate=traffic.rate, sound=traffic.sound
        )
        before = {name: histogram(lab, name) for name in (DECISION, LAG)}
        waited = sum(waits(lab.ivrd.pid).values())
        with calling, Machine((calling, lab.agents), lab.pids) as machine:
            busy = used(lab, lambda: calling.wait(WAIT_SECONDS))
            usage = machine.usage()
        waited = sum(waits(lab.ivrd.pid).values()) - waited
        after = {name: histogram(lab, name) for name in before}
        while (scrape := lab.ivrd.scrape()).in_progress:
            time.sleep(0.1)
        rows = compare(people, calling.ledger().entries, lab.agents.ledger(), scrape)
    share = 1000 / traffic.calls
    return Cost(
        asterisk=share * (busy[0] - idle[0] * busy[2] / idle[2]),
        ivrd=share * (busy[1] - idle[1] * busy[2] / idle[2]),
        half=quantile(0.5, before[DECISION], after[DECISION]),
        slow=quantile(0.99, before[DECISION], after[DECISION]),
        late=quantile(0.99, before[LAG], after[LAG]),
        waited=waited / busy[1],
        busy=usage.busy,
        differ=sum(not row.agrees for row in rows),
        limited=usage.lab_was_the_limit,
        favoured=favoured,
    )


Show = Callable[[Cost], float]


def spread(costs: Sequence[Cost], of: Show, digits: int) -> str:
    """The median, and from what to what."""
    values = [of(cost) for cost in costs]
    middle = f"{median(values):.{digits}f}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def tables(runs: dict[Traffic, list[Cost]], alone: Traffic) -> str:
    """Two of them: what a call costs, and how fast ivrd decides."""
    cost = [
        ["calls", "each time", "Asterisk, ms", "ivrd, ms", "ivrd / Asterisk", "rows that differ"],
        ["---", *["---:"] * 5],
    ]
    fast = [
        [
            *("calls", "a decision, median, ms", "99th percentile, ms", "times that of one caller"),
            *("event lag, 99th percentile, ms", "waiting for a processor / using it"),
            "the processors' use by all",
        ],
        ["---", *["---:"] * 6],
    ]
    usual = median(of.slow for of in runs[alone])
    for traffic, of in runs.items():
        late = " (they were late)" if any(each.limited for each in of) else ""
        slow = median(each.slow for each in of)
        fast.append(
            [
                "one at a time" if traffic == alone else traffic.name + late,
                spread(of, lambda each: 1000 * each.half, 2),
                spread(of, lambda each: 1000 * each.slow, 2),
                f"{slow / usual:.1f}",
                spread(of, lambda each: 1000 * each.late, 0),
                spread(of, lambda each: each.waited, 2),
                f"{median(each.busy for each in of):.0%}",
            ]
        )
        if traffic != alone:
            cost.append(
                [
                    traffic.name + late,
                    str(traffic.calls),
                    spread(of, lambda each: each.asterisk, 1),
                    spread(of, lambda each: each.ivrd, 1),
                    spread(of, lambda each: each.share, 3),
                    str(sum(each.differ for each in of)),
                ]
            )
    return "\n".join("".join(f"| {' | '.join(row)} |\n" for row in rows) for rows in (cost, fast))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.calls", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rates", type=float, nargs="+", default=[5.0, 20.0, 40.0])
    parser.add_argument("--seconds", type=float, default=20.0, help="how long people call")
    given = parser.parse_args()
    alone = Traffic(ONE_AT_A_TIME, FEW, sound=True)
    rates = {rate: max(1, round(rate * given.seconds)) for rate in given.rates}
    with_sound = [Traffic(rate, calls, True) for rate, calls in rates.items() if rate <= MUCH]
    without = [Traffic(rate, calls, False) for rate, calls in rates.items()]
    runs: dict[Traffic, list[Cost]] = {of: [] for of in (alone, *with_sound, *without)}
    for _ in range(given.rounds):
        for traffic, costs in runs.items():
            costs.append(measure(traffic))
            print(traffic.name, costs[-1], file=sys.stderr, flush=True)
    text = tables(runs, alone)
    print(text)
    favoured = all(each.favoured for costs in runs.values() for each in costs)
    share = "first, as there" if favoured else "as all others, not first as there"
    results.write(
        "python -m bench.calls",
        "What a call costs: CPU of both processes, each call through the menu and the queue to an "
        "agent; what they use without calls is taken off. And how fast ivrd decides: from the "
        "bytes of an event until the action that answers it is written; beside it the time from "
        "the event in Asterisk until ivrd processed it, and for how long ivrd could have gone on "
        "and others had the processors, as a multiple of the time that it had them. "
        f"{given.rounds} rounds in turns, medians and ranges. ivrd logs through a socket, as under "
        f"systemd, and has the processors {share} (CPUWeight= in ivrd.service). "
        "People without sound of their own (lab/callers/party.py) leave "
        f"the machine to the hotline; Asterisk then has half of the packets.\n\n{text}",
    )
    return 1 if any(each.differ for costs in runs.values() for each in costs) else 0


if __name__ == "__main__":
    sys.exit(main())
