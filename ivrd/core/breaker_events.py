"""What happens to a breaker (breaker.py): failures of each kind, and what is good news."""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never


class FailureKind(StrEnum):
    """How a call to a partner or a seat fails.  The values stand in what operators read."""

    MISSED = "rang, and nobody answered"
    REFUSED = "refused"
    NO_RESPONSE = "no response to the call"
    SILENT = "answered, then silence"
    NO_KEY = "answered, no key pressed"
    WRONG_KEY = "answered, a wrong key pressed"
    HUNG_UP = "answered, hung up without the key"
    DROPPED = "dropped soon after the answer"
    LOST = "fell silent in a talk"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class Refused:
    """The partner, or the seat, declined a call.

    `cause` is a number of Q.850's (q850.py), 0 if unknown.  `others`: the calls that it had then,
    talking or ringing, without this one.
    """

    at: float
    cause: int
    others: int = 0


@dataclass(frozen=True)
class Missed:
    """It rang for as long as it may, and nobody answered."""

    at: float


@dataclass(frozen=True)
class NoResponse:
    """The call was sent to the partner, and nothing came back: no ringing, no refusal."""

    at: float


@dataclass(frozen=True)
class Silent:
    """The partner answered and not a sound came, nor a key."""

    at: float


@dataclass(frozen=True)
class NoKey:
    """The partner answered and nobody pressed the key."""

    at: float


@dataclass(frozen=True)
class WrongKey:
    """The partner answered and somebody pressed another key."""

    at: float


@dataclass(frozen=True)
class LeftEarly:
    """The partner answered and hung up without the key."""

    at: float


@dataclass(frozen=True)
class Dropped:
    """A talk was over within `Limits.early_seconds` by the partner's doing."""

    at: float


@dataclass(frozen=True)
class Lost:
    """Nothing came any more in a talk, for `silent_seconds`."""

    at: float
    silent_seconds: float


@dataclass(frozen=True)
class Unreachable:
    """The trunk does not answer `qualify`."""

    at: float


@dataclass(frozen=True)
class Reachable:
    """The trunk answers `qualify` again."""

    at: float


@dataclass(frozen=True)
class Confirmed:
    """A person at the partner took the call."""

    at: float


@dataclass(frozen=True)
class Lasted:
    """A talk has gone on for `proof_seconds`: reported at that moment, or when it ends."""

    at: float


@dataclass(frozen=True)
class Drilled:
    """A person at the partner confirmed a test call."""

    at: float


@dataclass(frozen=True)
class Resumed:
    """An operator says that the partner can be tried again."""

    at: float


Unconfirmed = Silent | NoKey | WrongKey | LeftEarly
Failure = Missed | Refused | NoResponse | Unconfirmed | Dropped | Lost | Unreachable
Event = Failure | Reachable | Confirmed | Lasted | Drilled | Resumed


def kind_of(event: Failure) -> FailureKind:  # noqa: C901  one case for each kind
    """What a failure is counted as."""
    match event:
        case Missed():
            return FailureKind.MISSED
        case Refused():
            return FailureKind.REFUSED
        case NoResponse():
            return FailureKind.NO_RESPONSE
        case Silent():
            return FailureKind.SILENT
        case NoKey():
            return FailureKind.NO_KEY
        case WrongKey():
            return FailureKind.WRONG_KEY
        case LeftEarly():
            return FailureKind.HUNG_UP
        case Dropped():
            return FailureKind.DROPPED
        case Lost():
            return FailureKind.LOST
        case Unreachable():
            return FailureKind.UNREACHABLE
        case _:
            assert_never(event)
