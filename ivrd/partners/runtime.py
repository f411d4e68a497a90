"""What is known of one partner while ivrd runs, and what the configuration says of all."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ivrd.asterisk.facts import PartnerLegEvent
from ivrd.core import breaker as b
from ivrd.core.breaker_events import (
    Event,
    Failure,
    LeftEarly,
    Missed,
    NoKey,
    NoResponse,
    Refused,
    Silent,
    WrongKey,
)
from ivrd.core.overflow import Policy
from ivrd.core.partner import Override, Partner
from ivrd.core.report import Cause
from ivrd.core.second_call import AnswerTimes


class PartnerStore(Protocol):
    """What is stored of partners; see repository.py."""

    def breaker(self, partner: str, breaker: b.Breaker) -> None:
        """A partner's breaker has changed."""

    def override(self, partner: str) -> Override | None:
        """What an operator has ordered for a partner."""

    def verified(self, partner: str) -> str:
        """The day of a partner's last confirmed drill; empty without one."""


class PartnerListener(Protocol):
    """Receives what becomes of partners; never waits."""

    def partner_breaker(self, partner: str, breaker: b.Breaker, now: float) -> None:
        """A partner's breaker is in another state, or in another pause."""


@dataclass
class PartnerRuntime:
    """One partner: its breaker, what is going on there, and the counts since the start."""

    breaker: b.Breaker = field(default_factory=b.Breaker)
    stored: b.Breaker = field(default_factory=b.Breaker)  # as it was last stored
    legs: dict[str, str] = field(default_factory=dict)  # a seat that rings -> the waiting call
    told: tuple[b.BreakerState, float] = (b.BreakerState.CLOSED, 0.0)  # to the listener, `until`
    results: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)  # of calls that were not taken
    helped: deque[float] = field(default_factory=deque)
    lasted: set[str] = field(default_factory=set)  # talks that the breaker knows to be good
    override: Override | None = None
    asked: bool = False  # whether its trunk has answered yet
    listened_seconds: float = 0.0  # with callers who left: see `left`
    answers: AnswerTimes = field(default_factory=AnswerTimes)
    verified: str = ""  # the day on which a drill was confirmed; empty: never

    @property
    def ringing(self) -> set[str]:
        """Seats that ring, or whose person has not pressed the key yet."""
        return set(self.legs)

    def left(self, seconds: float, key_seconds: float) -> bool:
        """A caller has gone, after somebody had had so long for the key and not pressed it.

        Whether that makes one call without it.  Callers leave before a long `key_seconds` is over,
        and would spare a partner where nobody ever presses: so the times are added up until there
        is as much as one who stays costs, unless somebody presses the key meanwhile.
        """
        self.listened_seconds += min(seconds, key_seconds)
        if self.listened_seconds < key_seconds:
            return False
        self.listened_seconds -= key_seconds
        return True

    def feed(self, event: Event) -> None:
        """Feed the breaker."""
        self.breaker = b.step(self.breaker, event)


@dataclass(frozen=True)
class PartnerSetup:
    """What the configuration says of partners; replaced as a whole on a reload."""

    partners: tuple[Partner, ...]
    topics: Mapping[str, Iterable[str]]  # queue -> its topics
    policy: Policy
    open_partners: Callable[[], frozenset[str]]  # those within their hours at this moment
    left_out: Mapping[str, str]  # partners that a plan gives no seats, and why


def failure(leg_event: PartnerLegEvent, others: int) -> Failure:
    """What a call that was not taken means to the breaker; `others`: the partner's other calls."""
    at = leg_event.at
    match leg_event.why:
        case Cause.NO_ANSWER:
            return Missed(at)
        case Cause.NO_RESPONSE:
            return NoResponse(at)
        case Cause.NO_MEDIA:
            return Silent(at)
        case Cause.NO_KEY:
            return NoKey(at)
        case Cause.WRONG_KEY:
            return WrongKey(at)
        case Cause.HUNG_UP:
            return LeftEarly(at)
        case _:  # it said no
            return Refused(at, leg_event.cause, others)
