"""A breaker: which calls failed at a partner or at a seat of our own, and whether it gets more.

Theory of operation
-------------------
A `Breaker` is an immutable record.  `step(breaker, event)` counts what happened, makes one
`Signal` of it, and looks up ``(state, signal)`` in `TABLE`, which has a line for each pair.
Failures of each kind are counted in a row; when a kind reaches its limit the breaker opens and the
partner gets no calls for a pause.  Then one is tried (half open): a failure opens the breaker
again for twice as long, a talk that lasts closes it.  An operator (`Resumed`), or a person at the
partner who confirms a drill (`Drilled`), ends a pause before its time: it goes on half open, and
the next pause is as short as a first one.  Of a partner where no person has taken a call yet
nothing is known: until one does it has a few seats at most.

A seat of our own has the same breaker with limits of its own (seat_health.py).

Learned capacity: a partner that refuses a call because it is full, while it has others, is not
broken.  It is held to as many as it had, and one more each time it was quiet for long enough.

Time is an argument (seconds, any clock that the caller keeps to); nothing happens by itself, so a
pause that is over shows when somebody asks.  docs/states.md draws the table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ivrd.core.breaker_events import (
    Confirmed,
    Drilled,
    Event,
    Failure,
    FailureKind,
    Lasted,
    Lost,
    Reachable,
    Refused,
    Resumed,
    Unreachable,
    kind_of,
)
from ivrd.core.q850 import Q850, words


class BreakerState(StrEnum):
    """Where a breaker is; closed is the healthy one, as with a fuse."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half open"


class Signal(StrEnum):
    """What an event means to the breaker."""

    FAILED = "failed"  # a failure, and fewer in a row than it takes
    TRIPPED = "tripped"  # the failure that is one too many
    TAKEN = "taken"  # a person is there
    LASTED = "lasted"  # and stays
    RESUMED = "resumed"  # somebody says that it can be tried
    NOTED = "noted"  # no sign of health or of failure


# With these a partner that is full refuses.
FULL = frozenset({Q850.USER_BUSY, Q850.NO_CIRCUIT})


# Failures that an answer with the key disproves; a call that drops was confirmed before, too.
DISPROVED = frozenset(FailureKind) - {FailureKind.DROPPED, FailureKind.LOST}

# (state, signal) -> the next state.  The only way from one to another, but for the pause's end.
TABLE: dict[tuple[BreakerState, Signal], BreakerState] = {
    (BreakerState.CLOSED, Signal.FAILED): BreakerState.CLOSED,
    (BreakerState.CLOSED, Signal.TRIPPED): BreakerState.OPEN,
    (BreakerState.CLOSED, Signal.TAKEN): BreakerState.CLOSED,
    (BreakerState.CLOSED, Signal.LASTED): BreakerState.CLOSED,
    (BreakerState.HALF_OPEN, Signal.FAILED): BreakerState.OPEN,
    (BreakerState.HALF_OPEN, Signal.TRIPPED): BreakerState.OPEN,
    (BreakerState.HALF_OPEN, Signal.TAKEN): BreakerState.HALF_OPEN,
    (BreakerState.HALF_OPEN, Signal.LASTED): BreakerState.CLOSED,
    (BreakerState.CLOSED, Signal.RESUMED): BreakerState.CLOSED,
    (BreakerState.HALF_OPEN, Signal.RESUMED): BreakerState.HALF_OPEN,
    # Calls that were under way when it opened are no news.
    **{(BreakerState.OPEN, signal): BreakerState.OPEN for signal in Signal},
    (BreakerState.OPEN, Signal.RESUMED): BreakerState.HALF_OPEN,
    **{(state, Signal.NOTED): state for state in BreakerState},
}


@dataclass(frozen=True)
class Limits:
    """How many failures in a row are too many, and the times in seconds."""

    in_a_row: Mapping[FailureKind, int] = field(
        default_factory=lambda: {
            FailureKind.MISSED: 2,
            FailureKind.REFUSED: 3,
            FailureKind.NO_RESPONSE: 2,
            FailureKind.SILENT: 2,
            FailureKind.NO_KEY: 3,
            FailureKind.WRONG_KEY: 3,
            FailureKind.HUNG_UP: 3,
            FailureKind.DROPPED: 3,
            FailureKind.LOST: 2,
            FailureKind.UNREACHABLE: 1,
        }
    )
    first_pause: float = 30.0
    longest_pause: float = 600.0
    raise_seconds: float = 30.0  # quiet for so long, a full partner may have one call more
    first_seats: int = 3  # until a person there has taken a call
    early_seconds: float = 5.0  # a talk that is shorter was none


@dataclass(frozen=True)
class Breaker:
    """The state of one breaker.

    `failures` counts those in a row by kind.  `until`: the end of the pause.  `pause`: how long
    the next one is, 0 for the first.  `held_at`: the capacity learned at `held_since`.  `known`:
    a person there has taken a call.  `silent_seconds`: of the last talk that fell silent, until one
    has lasted for longer; 0 for none.
    """

    limits: Limits = Limits()
    state: BreakerState = BreakerState.CLOSED
    failures: Mapping[FailureKind, int] = field(default_factory=dict)
    reachable: bool = True
    until: float = 0.0
    pause: float = 0.0
    held_at: int | None = None
    held_since: float = 0.0
    why: str = ""
    known: bool = False
    silent_seconds: float = 0.0


def step(breaker: Breaker, event: Event) -> Breaker:
    """The breaker after `event`."""
    before = at(breaker, event.at)
    if isinstance(event, Unreachable) and not before.reachable:
        return before  # no news
    if isinstance(event, Refused) and event.cause in FULL and event.others > 0:
        return _learn(before, event)
    before = _known(before, event)
    counted, signal = _count(before, event)
    state = TABLE[before.state, signal]
    if signal is Signal.RESUMED:
        return replace(counted, state=state, pause=0.0)
    if before.state is BreakerState.OPEN:
        return before
    if state is BreakerState.OPEN and isinstance(event, Failure):  # nothing else opens it
        return _open(counted, event)
    if signal is Signal.LASTED:
        return replace(counted, state=state, pause=0.0, why="", silent_seconds=0.0)
    return replace(counted, state=state)


def at(breaker: Breaker, now: float) -> Breaker:
    """The breaker as it is at `now`: a pause that is over leaves it half open."""
    if breaker.state is BreakerState.OPEN and now >= breaker.until:
        return replace(breaker, state=BreakerState.HALF_OPEN)
    return breaker


def proof_seconds(breaker: Breaker) -> float:
    """How long a talk must be to show that all is well.

    After one that fell silent, longer than that took to be noticed.
    """
    return breaker.limits.early_seconds + breaker.silent_seconds


def allowed_seats(breaker: Breaker, now: float, talking: int = 0, trying: int = 0) -> int | None:
    """The most seats that the partner may have at `now`; None when the breaker sets no limit.

    `talking`: its talks that go on; the seat that a half-open breaker tries comes on top of them,
    but not while another call is tried.  `trying`: calls that ring, and talks that have not lasted.
    """
    here = at(breaker, now)
    if not here.reachable or here.state is BreakerState.OPEN:
        return 0
    limits = [capacity(here, now)]
    if here.state is BreakerState.HALF_OPEN:
        limits.append(talking + (trying == 0))
    if not here.known:
        limits.append(_first_seats(here))
    return min((limit for limit in limits if limit is not None), default=None)


def _first_seats(breaker: Breaker) -> int:
    """Of a partner where nobody has taken a call yet: as many as failures are missing to open it.

    Each of them may come to what the last one came to.
    """
    limits = breaker.limits
    missing = (limits.in_a_row[kind] - count for kind, count in breaker.failures.items())
    return max(1, min(limits.first_seats, min(missing, default=limits.first_seats)))


def capacity(breaker: Breaker, now: float) -> int | None:
    """The calls that the partner can have at a time, as far as it was learned; None if unknown."""
    if breaker.held_at is None:
        return None
    steps = int(max(0.0, now - breaker.held_since) // breaker.limits.raise_seconds)
    return breaker.held_at + steps


def describe(breaker: Breaker, now: float) -> str:
    """The state in words that an operator can act on."""
    here = at(breaker, now)
    if here.state is BreakerState.OPEN:
        return f"paused {here.until - now:.0f} s: {here.why}"
    if not here.reachable:
        return f"its trunk is {FailureKind.UNREACHABLE}"
    if here.state is BreakerState.HALF_OPEN:
        return f"trying one call: {here.why}"
    learned = capacity(here, now)
    if learned is not None:
        return f"held to {learned} call{'' if learned == 1 else 's'}, it refused more"
    return "healthy" if here.known else "healthy so far, nobody there has taken a call yet"


def _known(breaker: Breaker, event: Event) -> Breaker:
    """What the event tells besides whether a call was taken."""
    match event:
        case Unreachable():
            return replace(breaker, reachable=False)
        case Reachable():
            return replace(breaker, reachable=True)
        case Confirmed() | Lasted() | Drilled():
            return replace(breaker, known=True)
        case _:
            return breaker


def _count(breaker: Breaker, event: Event) -> tuple[Breaker, Signal]:
    """The event in the counts, and what it means."""
    match event:
        case Lasted():
            return replace(breaker, failures={}), Signal.LASTED
        case Resumed():
            return replace(breaker, failures={}), Signal.RESUMED
        case Confirmed() | Drilled():
            left = {kind: n for kind, n in breaker.failures.items() if kind not in DISPROVED}
            signal = Signal.RESUMED if isinstance(event, Drilled) else Signal.TAKEN
            return replace(breaker, failures=left), signal
        case Reachable():
            return breaker, Signal.NOTED
        case _:
            kind = kind_of(event)
            row = breaker.failures.get(kind, 0) + 1
            signal = Signal.TRIPPED if row >= breaker.limits.in_a_row[kind] else Signal.FAILED
            silent = event.silent_seconds if isinstance(event, Lost) else breaker.silent_seconds
            failures = {**breaker.failures, kind: row}
            return replace(breaker, failures=failures, silent_seconds=silent), signal


def _open(breaker: Breaker, event: Failure) -> Breaker:
    """Pause the partner; each pause until a talk lasts is twice as long as the one before."""
    limits = breaker.limits
    pause = min(max(limits.first_pause, 2.0 * breaker.pause), limits.longest_pause)
    kind = kind_of(event)
    why = str(kind)
    if isinstance(event, Refused) and event.cause:
        why = f"{kind}, {words(event.cause)}"
    row = breaker.failures[kind]
    refuses_all = kind is FailureKind.REFUSED  # then what was learned on the way was no capacity
    return replace(
        breaker,
        state=BreakerState.OPEN,
        until=event.at + pause,
        pause=pause,
        held_at=None if refuses_all else breaker.held_at,
        why=f"{why}, {row} in a row" if row > 1 else why,
    )


def _learn(breaker: Breaker, event: Refused) -> Breaker:
    """Hold the partner to the calls that it had when it refused; a refusal never raises that."""
    known = capacity(breaker, event.at)
    most = event.others if known is None else min(known, event.others)
    return replace(breaker, held_at=most, held_since=event.at)
