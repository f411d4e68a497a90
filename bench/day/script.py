"""A visit as a simulated caller carries it out: which keys, when, and when the caller hangs up.

Pure.  Times of people are divided by the clock's factor; what the hotline itself needs is not.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.day.clock import Clock
from bench.day.people import Visit, Wish
from lab.callers import Caller, Expected, HangUp, Keys, Patience, Step, Wait

THINK = 8.0  # people's seconds from the beginning of a menu to the key
# The run's own seconds: from the last key to the queue at the most, on a machine that keeps up. Who
# hangs up sooner would not know whether that was in the queue, and neither would the comparison.
HAND_OVER = 1.5


def caller(id: int, visit: Visit, clock: Clock) -> Caller:
    """The caller with this `id`, one for each call; all calls of a person show one number."""
    return Caller(
        id,
        visit.wish.value,
        tuple(_steps(visit, clock)),
        number=f"02{visit.person:08}",
        expected=_expected(visit),
    )


def _steps(visit: Visit, clock: Clock) -> Iterator[Step]:
    keys = visit.path.keys[:-1] if visit.wish is Wish.MENU else visit.path.keys
    for key in keys:
        yield Wait(round(clock.people(THINK), 2))
        yield Keys(key)
    yield Wait(HAND_OVER)
    yield from _end(visit, clock)


def _end(visit: Visit, clock: Clock) -> Iterator[Step]:
    if visit.wish is Wish.PERSON:
        yield Patience(round(clock.people(visit.patience), 2))
    else:
        yield HangUp()


def _expected(visit: Visit) -> Expected:
    match visit.wish:
        case Wish.PERSON:
            return Expected("abandoned", "queue", visit.path.leaf)
        case Wish.MESSAGE:
            return Expected("self_served", "ivr", visit.path.leaf)
        case Wish.MENU:
            return Expected("abandoned", "ivr")
