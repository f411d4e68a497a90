"""What happened at the seats: what their phones and the people there do."""

from dataclasses import dataclass

from ivrd.core.seats import SeatStatus


@dataclass(frozen=True)
class SeatState:
    """What a seat's phone, or a partner's trunk, is doing has changed."""

    seat: str
    state: SeatStatus


@dataclass(frozen=True)
class MemberChanged:
    """A seat joined or left a queue, was paused or resumed, or has another penalty.

    `paused_at` as in `core.seats.Member`.
    """

    seat: str
    queue: str
    there: bool
    paused: bool
    reason: str
    state: SeatStatus
    penalty: int = 0
    paused_at: float = 0.0


@dataclass(frozen=True)
class SeatOffered:
    """A seat, ours or a partner's, is about to be rung for a waiting call."""

    seat: str
    waiting: str


@dataclass(frozen=True)
class SeatUnanswered:
    """A seat was rung for a caller and did not answer; `rang_seconds` is 0 for one that refused."""

    seat: str
    at: float
    rang_seconds: float
    waiting: str = ""  # the call that was offered


@dataclass(frozen=True)
class SeatDropped:
    """A seat of our own answered and was gone; `drops`: how many have dropped this call so far.

    `silent_seconds`: nothing had come from it for so long; 0 for one that hung up.
    """

    seat: str
    at: float
    drops: int
    silent_seconds: float = 0.0
    waiting: str = ""  # the call that was dropped


@dataclass(frozen=True)
class SeatResumed:
    """A seat is to be rung as before; `by`: `phone`, which registered anew, or `key`."""

    seat: str
    by: str


@dataclass(frozen=True)
class Supervised:
    """A supervisor's phone listens to an agent's talk now (`begun`), or does no longer.

    `mode`, `seat`, `supervisor`, `agent`: as ivrd had allowed it, at this seat's phone.
    """

    begun: bool
    mode: str
    seat: str
    supervisor: str
    agent: str


@dataclass(frozen=True)
class LineJoined:
    """A person has come to a seat on the line, and stays there; `agent`: the id."""

    seat: str
    agent: str


@dataclass(frozen=True)
class LineLeft:
    """Nobody is at that seat on the line any more."""

    seat: str


SeatFact = SeatState | MemberChanged | SeatUnanswered | SeatDropped | SeatResumed
LineFact = LineJoined | LineLeft
