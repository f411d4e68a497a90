"""A breaker as text, so that what was learned of a partner outlives a process.

`text_of` writes down all but the limits, which are the program's; `breaker_of` reads it again.
Times are seconds since the epoch.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from math import isfinite
from typing import Any

from ivrd.core.breaker import Breaker, BreakerState, Limits
from ivrd.core.breaker_events import FailureKind

MOST = 10_000  # calls, or failures in a row: more is nothing that was ever counted
LONGEST_WHY = 200
# What text that is not ours can make Python raise.
NOT_OURS = (ValueError, TypeError, LookupError, OverflowError, RecursionError, AttributeError)


def text_of(breaker: Breaker) -> str:
    """The breaker as JSON."""
    fields = {
        "state": breaker.state,
        "failures": dict(breaker.failures),
        "reachable": breaker.reachable,
        "until": breaker.until,
        "pause": breaker.pause,
        "held_at": breaker.held_at,
        "held_since": breaker.held_since,
        "why": breaker.why,
        "known": breaker.known,
        "silent_seconds": breaker.silent_seconds,
    }
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def breaker_of(text: str, now: float, limits: Limits | None = None) -> Breaker:
    """The breaker that was stored, at `now`; raises ValueError for anything else.

    The clock may have been set meanwhile: no pause is longer than the longest or ends later than
    in its own length from now, and no capacity was learned after now.
    """
    try:
        stored = _breaker(json.loads(text))
    except NOT_OURS as error:
        raise ValueError(f"no breaker: {error}") from None
    limits = limits or Limits()
    pause = min(stored.pause, limits.longest_pause)
    until = min(stored.until, now + pause) if stored.state is BreakerState.OPEN else stored.until
    since = min(stored.held_since, now)
    return replace(stored, limits=limits, pause=pause, until=until, held_since=since)


def _breaker(fields: Mapping[str, Any]) -> Breaker:
    failures = {FailureKind(kind): _count(n) for kind, n in fields["failures"].items()}
    held_at, why = fields["held_at"], fields["why"]
    if not isinstance(why, str) or len(why) > LONGEST_WHY or not why.isprintable():
        raise ValueError("why")
    return Breaker(
        state=BreakerState(fields["state"]),
        failures=failures,
        reachable=_truth(fields["reachable"]),
        until=_seconds(fields["until"]),
        pause=_seconds(fields["pause"]),
        held_at=None if held_at is None else _count(held_at),
        held_since=_seconds(fields["held_since"]),
        why=why,
        known=_truth(fields["known"]),
        silent_seconds=_seconds(fields["silent_seconds"]),
    )


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("no number")
    if not isfinite(value) or value < 0.0:
        raise ValueError("no time")
    return float(value)


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST:
        raise ValueError("no count")
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("neither true nor false")
    return value
