"""What can happen to a call; call_table.py has which state follows from it.

Times are seconds since the epoch on Asterisk's clock.
"""

from dataclasses import dataclass

from ivrd.core.call import AnsweredBy, CallbackResult


@dataclass(frozen=True)
class PlayedMessage:
    """The caller reached an information message, or was told that what was keyed in is filed."""


@dataclass(frozen=True)
class Rejected:
    """The caller was told that the hotline, or the chosen topic, is closed, or all lines busy."""


@dataclass(frozen=True)
class ReturnedToMenu:
    """The caller left a message and is in a menu again."""


@dataclass(frozen=True)
class JoinedQueue:
    """The caller joined a queue (at: seconds since the epoch)."""

    at: float
    queue: str


@dataclass(frozen=True)
class LeftQueue:
    """The caller left a queue, neither answered nor hung up: the dialplan has the call."""


@dataclass(frozen=True)
class OpenedQueueMenu:
    """The caller, who waits, has opened the menu that there is meanwhile, and keeps the place."""


@dataclass(frozen=True)
class Booked:
    """A call back is stored, and the caller is told so."""


@dataclass(frozen=True)
class Deflected:
    """A message with a link was accepted for the caller, who is told so."""


@dataclass(frozen=True)
class Connected:
    """A person took the call (at: seconds since the epoch; seat: who)."""

    at: float
    by: AnsweredBy
    seat: str


@dataclass(frozen=True)
class Transferred:
    """The person who has the call sends it on (at: seconds since the epoch)."""

    at: float


@dataclass(frozen=True)
class Unreached:
    """A call that the hotline made ended before anybody confirmed (at: seconds since the epoch).

    result: one of `UNREACHED`.
    """

    at: float
    result: CallbackResult


@dataclass(frozen=True)
class HungUp:
    """The caller, the person or the hotline hung up (at: seconds since the epoch)."""

    at: float


@dataclass(frozen=True)
class MediaLost:
    """Nothing had come from the caller for `silent_seconds`, and the call was ended for that.

    at: the end, in seconds since the epoch.
    """

    at: float
    silent_seconds: float


@dataclass(frozen=True)
class CutOff:
    """The call ended and none of those hung up: a fault of ours (at: seconds since the epoch)."""

    at: float


Event = (
    PlayedMessage
    | Rejected
    | ReturnedToMenu
    | JoinedQueue
    | LeftQueue
    | OpenedQueueMenu
    | Booked
    | Deflected
    | Connected
    | Transferred
    | Unreached
    | HungUp
    | MediaLost
    | CutOff
)
End = Unreached | HungUp | MediaLost | CutOff
