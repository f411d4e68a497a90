"""Which callers are asked for a key before anything else: those of a flood.

Theory of operation
-------------------
There are three kinds of limits: for each number, for all callers together who withhold theirs, and
for all callers.  Each has calls at once and calls a minute.  While one is exceeded whoever arrives
is asked for a key first, which a machine that only dials does not press; nobody is refused.  Calls
at once are those that are here (present.py); of the arrivals the last minute is kept.
A new ivrd knows of none before its start.
"""

from collections import Counter, deque
from dataclasses import dataclass, field
from enum import StrEnum

from ivrd.core.present import Present

MINUTE = 60.0


class Reason(StrEnum):
    """The limit that is exceeded, as in ivrd.yaml and as a label of metrics."""

    NUMBER = "number"
    WITHHELD = "withheld"
    ALL = "all"


@dataclass(frozen=True)
class RateLimit:
    """The most calls at once and in a minute; 0: any number."""

    at_once: int = 0
    a_minute: int = 0

    def __str__(self) -> str:
        """In words; empty for any number."""
        of = {"at once": self.at_once, "a minute": self.a_minute}
        return " or ".join(f"{limit} {when}" for when, limit in of.items() if limit)

    def tightened(self, by: "RateLimit") -> "RateLimit":
        """The lower one of both, for each of the two."""
        return RateLimit(_lower(self.at_once, by.at_once), _lower(self.a_minute, by.a_minute))

    def exceeded(self, at_once: int, a_minute: int) -> bool:
        """Whether so many calls are too many."""
        return 0 < self.at_once < at_once or 0 < self.a_minute < a_minute


@dataclass(frozen=True)
class ChallengeLimits:
    """The limits for each number, for withheld ones together, and for all calls."""

    number: RateLimit = RateLimit()
    withheld: RateLimit = RateLimit()
    all: RateLimit = RateLimit()

    def tightened(self, by: "ChallengeLimits") -> "ChallengeLimits":
        """The lower ones of both: over them is whoever is over one of either."""
        return ChallengeLimits(
            self.number.tightened(by.number),
            self.withheld.tightened(by.withheld),
            self.all.tightened(by.all),
        )

    def __str__(self) -> str:
        """In words; those that are none are left out."""
        of = {"one number": self.number, "withheld numbers": self.withheld, "all numbers": self.all}
        return "; ".join(f"{limit} from {whose}" for whose, limit in of.items() if str(limit))


NO_LIMITS = ChallengeLimits()


def _lower(one: int, other: int) -> int:
    """Of two limits, where 0 is none."""
    return min(one or other, other or one)


@dataclass
class CallRates:
    """The arrivals of the last minute, by caller (a keyed hash; empty: withheld)."""

    _arrivals: deque[tuple[float, str]] = field(default_factory=deque)
    _by_caller: Counter[str] = field(default_factory=Counter)

    def arrived(self, caller: str, at: float) -> None:
        """A call has arrived, at a moment not before that of the last one."""
        self._arrivals.append((at, caller))
        self._by_caller[caller] += 1
        self._forget(at)

    def reason(
        self, limits: ChallengeLimits, caller: str, present: Present, now: float
    ) -> Reason | None:
        """The limit that is exceeded for a caller, of whom at least one call is `present`."""
        self._forget(now)
        kind = Reason.NUMBER if caller else Reason.WITHHELD
        own = limits.number if caller else limits.withheld
        if own.exceeded(present.calls_of(caller), self._by_caller[caller]):
            return kind
        return Reason.ALL if limits.all.exceeded(present.received, len(self._arrivals)) else None

    def _forget(self, now: float) -> None:
        while self._arrivals and self._arrivals[0][0] <= now - MINUTE:
            _at, caller = self._arrivals.popleft()
            self._by_caller[caller] -= 1
            if not self._by_caller[caller]:
                del self._by_caller[caller]
