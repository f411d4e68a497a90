"""How right the expected wait is, and how often its bound is kept, in simulation.

    python -m bench.expected_wait [--seeds 4]

One line of callers who give up, whose load doubles half-way.  ivrd's own functions
(core/expected_wait.py, with the rates as waiting/forecast.py learns them) foresee the wait of each
caller who has to wait, beside the same estimate with the true mean of talks and of patience.  A
caller who gives up has a wait, too: when the answer would have come.  Printed and written to
bench/RESULTS.md.
"""

from __future__ import annotations

import argparse
import heapq
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from math import log
from random import Random

from bench import results
from ivrd.core.demand import Demand, learnt_mean
from ivrd.core.expected_wait import Calibration, Line, Prediction, Service, Wait
from ivrd.core.forecast import Rate
from ivrd.waiting.forecast import MEMORY_SECONDS

NAME = "python -m bench.expected_wait"
LOOK_SECONDS = 2.0
LIGHT, HEAVY = 0.9, 1.8  # calls that come, of those that the seats can take
SPREAD = 0.8  # of the logarithm of a log-normal talk
MOST_ERROR, LEAST_COVERAGE, MOST_COVERAGE = 1.05, 0.75, 0.85


@dataclass(frozen=True)
class Scenario:
    """Mean seconds of talk and patience, hours; and by what factor the first guess is off."""

    name: str
    seats: int
    talk: float
    patience: float
    hours: float
    guess: float = 1.0
    lognormal: bool = False


SCENARIOS = (
    Scenario("20 seats, talks of 240 s, patience 120 s", 20, 240.0, 120.0, 8.0),
    Scenario("the same, patience 300 s", 20, 240.0, 300.0, 8.0),
    Scenario("the same, log-normal talks", 20, 240.0, 300.0, 8.0, lognormal=True),
    Scenario("the same, at first expected half as long", 20, 240.0, 300.0, 8.0, guess=0.5),
    Scenario("50 seats, talks of 240 s, patience 120 s", 50, 240.0, 120.0, 8.0),
    Scenario("10 seats, talks of 20 s, patience 30 s, one hour", 10, 20.0, 30.0, 1.0),
    Scenario("the same, at first expected six times as long", 10, 20.0, 30.0, 1.0, guess=6.0),
)


@dataclass(frozen=True)
class Waited:
    """A caller who had to wait: what was foreseen, what it would be with the truth, what it was."""

    prediction: Prediction
    truth: float
    seconds: float
    left: float | None  # after so long the caller gave up; None: was answered

    @property
    def kept(self) -> bool | None:
        """Whether the bound was; None for one who gave up before it."""
        if self.left is None:
            return self.seconds <= self.prediction.bound
        return False if self.left > self.prediction.bound else None


class What(IntEnum):
    """What happens in a line."""

    CALL = 0
    FREE = 1
    GIVES_UP = 2
    LOOK = 3


@dataclass
class _Caller:
    at: float
    prediction: Prediction
    truth: Wait
    left: float | None = None


@dataclass
class Hotline:
    """One line, from its first call to its last."""

    scenario: Scenario
    random: Random
    calibration: Calibration = field(default_factory=Calibration)
    waited: list[Waited] = field(default_factory=list)

    def __post_init__(self) -> None:
        of = self.scenario
        slow = Rate(MEMORY_SECONDS)
        self._demand = Demand(handling=slow, patience=slow)
        self._expected = of.talk * of.guess, of.patience * of.guess
        self._events: list[tuple[float, What, int]] = []
        self._line: deque[_Caller] = deque()  # with those who gave up: their wait goes on
        self._callers: dict[int, _Caller] = {}  # who wait
        self._busy = 0

    def run(self) -> list[Waited]:
        """Everybody who had to wait and whose turn has come."""
        of, end = self.scenario, self.scenario.hours * 3600.0
        at = 0.0
        for number in range(sys.maxsize):
            load = LIGHT if at < end / 2 else HEAVY
            at += self.random.expovariate(load * of.seats / of.talk)
            if at >= end:
                break
            heapq.heappush(self._events, (at, What.CALL, number))
        heapq.heappush(self._events, (LOOK_SECONDS, What.LOOK, 0))
        while self._events:
            now, what, number = heapq.heappop(self._events)
            match what:
                case What.LOOK:
                    self._look(now)
                case What.CALL:
                    self._call(now, number)
                case What.GIVES_UP:
                    self._give_up(now, number)
                case What.FREE:
                    self._demand.talked += 1
                    self._busy -= 1
                    self._next(now)
        return self.waited

    def _look(self, now: float) -> None:
        self._demand.observe(LOOK_SECONDS, len(self._callers), self._busy)
        if self._events:
            heapq.heappush(self._events, (now + LOOK_SECONDS, What.LOOK, 0))

    def _call(self, now: float, number: int) -> None:
        of = self.scenario
        if self._busy < of.seats:
            self._answer(now)
            return
        ahead, (talk, patience) = len(self._callers), self._expected
        handling = learnt_mean(self._demand.handling, talk)
        patience = learnt_mean(self._demand.patience, patience)
        foreseen = Line(Service(of.seats, handling, patience)).wait(ahead)
        truth = Line(Service(of.seats, of.talk, of.patience)).wait(ahead)
        caller = _Caller(now, self.calibration.predict(foreseen), truth)
        self._line.append(caller)
        self._callers[number] = caller
        stays = self.random.expovariate(1.0 / of.patience)
        heapq.heappush(self._events, (now + stays, What.GIVES_UP, number))

    def _give_up(self, now: float, number: int) -> None:
        if caller := self._callers.pop(number, None):
            caller.left = now - caller.at
            self._demand.left += 1
            self.calibration = self.calibration.left(caller.prediction, caller.left)

    def _next(self, now: float) -> None:
        """A seat is free: those who have gave up before would have had it, and who is next has."""
        while self._line:
            caller = self._line.popleft()
            seconds = now - caller.at
            self.waited.append(Waited(caller.prediction, caller.truth.mean, seconds, caller.left))
            if caller.left is None:
                self.calibration = self.calibration.answered(caller.prediction, seconds)
                self._callers = {n: c for n, c in self._callers.items() if c is not caller}
                self._answer(now)
                return

    def _answer(self, now: float) -> None:
        of = self.scenario
        self._busy += 1
        if of.lognormal:
            talk = self.random.lognormvariate(log(of.talk) - SPREAD**2 / 2, SPREAD)
        else:
            talk = self.random.expovariate(1.0 / of.talk)
        heapq.heappush(self._events, (now + talk, What.FREE, 0))


@dataclass(frozen=True)
class Figures:
    """Of all runs of a scenario.  Ratios."""

    waits: int
    left: float
    error: float
    plain: float
    coverage: float
    answered: float
    everybody: float

    @property
    def holds(self) -> bool:
        """Whether they are as promised."""
        return self.error <= MOST_ERROR and LEAST_COVERAGE <= self.coverage <= MOST_COVERAGE


def simulated(scenario: Scenario, seeds: Sequence[int]) -> list[Waited]:
    """The waits in so many lines of a scenario."""
    return [wait for seed in seeds for wait in Hotline(scenario, Random(seed)).run()]


def figures(waits: Sequence[Waited]) -> Figures:
    """All these waits together."""
    answered = [wait for wait in waits if wait.left is None]
    judged = [wait.kept for wait in waits if wait.kept is not None]

    def squared(foreseen: Callable[[Waited], float]) -> float:
        return sum((wait.seconds - foreseen(wait)) ** 2 for wait in waits)

    truth = squared(lambda wait: wait.truth)
    mean = sum(wait.seconds for wait in waits) / len(waits)
    return Figures(
        waits=len(waits),
        left=1.0 - len(answered) / len(waits),
        error=squared(lambda wait: wait.prediction.mean) / truth,
        plain=squared(lambda _wait: mean) / truth,
        coverage=sum(judged) / len(judged),
        answered=sum(bool(wait.kept) for wait in answered) / len(answered),
        everybody=sum(wait.seconds <= wait.prediction.bound for wait in waits) / len(waits),
    )


HEAD = (
    "| line | waits | gave up | error | error of the mean wait | bounds kept | … of the answered "
    "| … had all stayed |\n|---|---:|---:|---:|---:|---:|---:|---:|\n"
)


def row(name: str, of: Figures) -> str:
    """A line of the table."""
    return (
        f"| {name} | {of.waits} | {of.left:.0%} | {of.error:.3f} | {of.plain:.1f} | "
        f"{of.coverage:.1%} | {of.answered:.1%} | {of.everybody:.1%} |\n"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command.  Exit status 0, or 1 when a figure is not as promised."""
    parser = argparse.ArgumentParser(prog=NAME, description=__doc__)
    parser.add_argument("--seeds", type=int, default=4, help="how many lines of each kind")
    seeds = range(parser.parse_args(arguments).seeds)
    print(HEAD, end="", flush=True)
    rows, holds = [], True
    for scenario in SCENARIOS:
        found = figures(simulated(scenario, seeds))
        rows.append(row(scenario.name, found))
        holds = holds and found.holds
        print(rows[-1], end="", flush=True)
    text = (
        "The expected wait of callers who have to wait, in simulation; the load doubles half-way, "
        f"from {LIGHT:g} to {HEAVY:g} times what the seats can take. *Error*: mean squared error, "
        "of that of the same estimate with the true means (at most "
        f"{MOST_ERROR:g}); beside it that of who always says the mean wait. *Bounds kept*: meant "
        "are 80 %; a bound is kept by an answer in time, broken by a later one or by a caller who "
        "gives up after it; who gives up before it has done neither. Of the answered alone it is "
        "more, and had all stayed who gave up, it would be less.\n\n"
        f"{HEAD}{''.join(rows)}"
    )
    results.write(NAME, text)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
