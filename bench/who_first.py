"""Calls back at partners' seats: the person is called first, or somebody there is.

    python -m bench.who_first [--hours 40]

A simulation of one partner's seats and more people to be called back than these can talk to.
*Person first*, as ivrd does it: `core/dialling.py` says when somebody is dialled, whoever has
pressed the key waits at the head of the queue, and a free seat is rung, where a person presses the
key.  *Partner first*: a free seat is rung, and the person there, who has pressed the key, waits
until somebody who is called back has; whoever does not come to the phone is followed by the next.

The same distributions for both.  Printed and written to bench/RESULTS.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from math import exp
from random import Random
from statistics import fmean

from bench import results
from bench.figures import percentile
from bench.second_calls import KEY_SECONDS, ring
from ivrd.core.booking import Booking, BookingState
from ivrd.core.dialling import Lead, Limits, Moment, SeatsNow, to_dial

NAME = "python -m bench.who_first"
SEATS, TALK_SECONDS, PATIENCE_SECONDS = 10, 240.0, 120.0
RING_MEDIAN, RING_SIGMA = 9.0, 0.5  # a person's phone at home, until it is answered
ANNOUNCEMENT_SECONDS = 6.0  # from the answer to the key
# What becomes of those who do not come to the phone: busy, no answer, no key.
FAILED_SECONDS = (3.0, 30.0, 20.0)
COMES = (0.5, 0.7, 0.9)  # of attempts
HOUR = 3600
LIMITS = Limits(per_minute=1000, at_once=1000)
BOOKING = Booking("", "", "", "", "q", "t", "th", 0.0, 0.0)
WAITING = [replace(BOOKING, id=f"{n}", person=f"p{n}") for n in range(SEATS)]
DIALLED = [
    replace(BOOKING, id=f"d{n}", person=f"d{n}", state=BookingState.DIALLING) for n in range(100)
]
HEAD = """\
| come to the phone | first is called | talks a seat and hour | talking, of the seats' time | \
a seat waits for the person, a talk | a person waits after the key, mean | 95 % | \
hang up meanwhile |
|---|---|---|---|---|---|---|---|"""


@dataclass
class Found:
    """What came of so many hours.  `held`: seconds for which seats waited for people."""

    hours: float
    talked: float = 0.0
    held: float = 0.0
    waits: list[float] = field(default_factory=list)  # of whoever talked
    left: int = 0  # hung up after the key


class Chance:
    """What happens by chance; `comes`: the share of attempts that come to the key."""

    def __init__(self, comes: float, seed: int) -> None:
        self.random = Random(seed)
        self.comes = comes

    def attempt(self) -> tuple[bool, float]:
        """Whether the person comes to the key, and how long that takes."""
        if self.random.random() >= self.comes:
            return False, self.random.choice(FAILED_SECONDS)
        rings = RING_MEDIAN * exp(RING_SIGMA * self.random.gauss(0.0, 1.0))
        return True, rings + ANNOUNCEMENT_SECONDS

    def hand_off(self) -> float:
        """From the first ring at a seat until the person there has pressed the key."""
        return ring(self.random) + KEY_SECONDS

    def talk(self) -> float:
        return self.random.expovariate(1.0 / TALK_SECONDS)

    def patience(self) -> float:
        return self.random.expovariate(1.0 / PATIENCE_SECONDS)


def partner_first(chance: Chance, hours: float) -> Found:
    """Each seat by itself: nothing is shared."""
    found = Found(hours)
    for _seat in range(SEATS):
        now = 0.0
        while now < hours * HOUR:
            now += chance.hand_off()
            came = False
            while not came:
                came, took = chance.attempt()
                now, found.held = now + took, found.held + took
            talk = chance.talk()
            now, found.talked = now + talk, found.talked + talk
            found.waits.append(0.0)
    return found


def person_first(chance: Chance, hours: float) -> Found:
    """Second by second, as ivrd decides."""
    found, lead = Found(hours), Lead()
    busy: list[float] = []  # until when each busy seat is
    on: list[tuple[float, float, bool]] = []  # attempts: when each ends and began, and how
    line: list[tuple[float, float]] = []  # who has pressed the key: since when, and until when
    for second in range(round(hours * HOUR)):
        now = float(second)
        busy = [until for until in busy if until > now]
        for _ends, began, came in (one for one in on if one[0] <= now):
            lead = lead.confirmed(now - began) if came else lead.failed()
            if came:
                line.append((now, now + chance.patience()))
        on = [one for one in on if one[0] > now]
        found.left += sum(until <= now for _since, until in line)
        line = [one for one in line if one[1] > now]
        while line and len(busy) < SEATS:
            since, until = line.pop(0)
            taken_at = now + chance.hand_off()
            if taken_at > until:
                found.left += 1
                busy.append(until)
                continue
            talk = chance.talk()
            found.talked += talk
            found.waits.append(taken_at - since)
            busy.append(taken_at + talk)
        for _booking in _to_dial(now, len(busy), len(on), len(line), lead):
            came, took = chance.attempt()
            on.append((now + took, now, came))
    return found


def _to_dial(now: float, busy: int, on: int, line: int, lead: Lead) -> list[Booking]:
    seats = {"q": SeatsNow(SEATS - busy, busy, TALK_SECONDS, frozenset("q"))}
    moment = Moment(now, seats, lambda _queues, _turn_at: line, (), (), lead)
    return to_dial([*DIALLED[:on], *WAITING], LIMITS, moment)


WAYS: dict[str, Callable[[Chance, float], Found]] = {
    "the person": person_first,
    "the partner": partner_first,
}


def rows(hours: float) -> Iterator[str]:
    """One for each share of those who come to the phone, and each way."""
    for comes in COMES:
        for name, way in WAYS.items():
            yield row(comes, name, way(Chance(comes, seed=1330), hours))


def row(comes: float, name: str, found: Found) -> str:
    """A line of the table."""
    talks, seat_hours = len(found.waits), SEATS * found.hours
    cells = (
        f"{comes:.0%}",
        name,
        f"{talks / seat_hours:.1f}",
        f"{found.talked / (seat_hours * HOUR):.0%}",
        f"{found.held / talks:.0f} s",
        f"{fmean(found.waits):.0f} s",
        f"{percentile(sorted(found.waits), 0.95):.0f} s",
        f"{found.left / (talks + found.left):.1%}",
    )
    return f"| {' | '.join(cells)} |"


def main() -> int:
    parser = argparse.ArgumentParser(prog=NAME, description=__doc__)
    parser.add_argument("--hours", type=float, default=40.0, help="simulated, for each row")
    given = parser.parse_args()
    text = "\n".join([HEAD, *rows(given.hours)])
    print(text)
    about = (
        f"{SEATS} seats at a partner, talks of {TALK_SECONDS:g} s and a patience of "
        f"{PATIENCE_SECONDS:g} s after the key on average, {given.hours:g} hours of a backlog that "
        "never ends, in simulation with `core/dialling.py` itself."
    )
    results.write(NAME, f"{about}\n\n{text}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
