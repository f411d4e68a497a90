"""What a second call to a partner is worth: many offers in simulation, with it and without.

Pure but for the random numbers.  Times are seconds.  An offer ends when a person has pressed the
key, or after the time that a phone may ring; then the next seat is rung.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, inf
from random import Random
from statistics import mean

from bench.figures import percentile
from ivrd.core.partner import RING_SECONDS
from ivrd.core.second_call import AnswerTimes, second_call_after

CALLERS = 20_000
RING_MEDIAN, RING_SIGMA = 2.5, 0.6  # of a log-normal distribution: three of four within 3.7 s
KEY_SECONDS = 2.3  # from the answer: the whisper, and 0.4 s


def ring(random: Random, unattended: float = 0.0) -> float:
    """How long a phone rings until it is answered; of so many (0 to 1) nobody is there."""
    if random.random() < unattended:
        return inf
    return RING_MEDIAN * exp(RING_SIGMA * random.gauss(0.0, 1.0))


class Partner:
    """A partner who may be called a second time, by the same rule as in ivrd."""

    def __init__(self, unattended: float, second_call: bool) -> None:
        self._random = Random(1)
        self._unattended = unattended
        self._second_call = second_call
        self._times = AnswerTimes()
        self.calls = 0

    def caller(self) -> float:
        """Seconds until one caller has a person."""
        took = 0.0
        while (offer := self._offer()) == inf:
            took += RING_SECONDS
        return took + offer

    def _offer(self) -> float:
        first, second = ring(self._random, self._unattended), inf
        self.calls += 1
        after = second_call_after(self._times, RING_SECONDS) if self._second_call else None
        if after is not None and first > after:
            self.calls += 1
            second = after + ring(self._random, self._unattended)
        if min(first, second) > RING_SECONDS or second < first:
            self._times.not_answered()
        else:
            self._times.answered(first)
        best = min(first, second)
        return inf if best > RING_SECONDS else best + KEY_SECONDS


def rows() -> Iterator[str]:
    """A line of the table for each partner, without a second call and with it."""
    for unattended, people in ((0.0, "somebody at each"), (0.125, "nobody at one of eight")):
        for second_call in (False, True):
            partner = Partner(unattended, second_call)
            took = sorted(partner.caller() for _ in range(CALLERS))
            yield (
                f"| {people} | {'a second call' if second_call else 'one call'} | "
                f"{mean(took):.2f} | {percentile(took, 0.5):.1f} | {percentile(took, 0.95):.1f} | "
                f"{percentile(took, 0.99):.1f} | {partner.calls / CALLERS:.2f} |\n"
            )


def table() -> str:
    """All of it."""
    return (
        f"In simulation, {CALLERS} callers, the same rule of when a second call is made:\n\n"
        "| a partner's phones | | mean, s | median | 95th percentile | 99th | calls a caller |\n"
        "|---|---|--:|--:|--:|--:|--:|\n" + "".join(rows())
    )
