"""What happened to a call in Asterisk: where it is, and what its caller keys in."""

from dataclasses import dataclass

from ivrd.core.agent_call import Request
from ivrd.core.call import AnsweredBy, CallbackResult
from ivrd.core.leg_security import LegSecurity


@dataclass(frozen=True)
class Arrived:
    """A call reached the hotline.

    `number`: the caller's, digits only; may be empty.  `dialled`: which one of ours.
    """

    call_id: str
    channel: str
    at: float
    number: str
    dialled: str


@dataclass(frozen=True)
class Dialled:
    """The hotline calls somebody back.

    `channel`: of the person's phone, empty when the event does not come from it.  `number`: digits
    only.  `language`, `topic`: of the booking.
    """

    call_id: str
    channel: str
    at: float
    number: str
    language: str
    topic: str


@dataclass(frozen=True)
class DialledInVain:
    """A call that the hotline makes is over, and nobody confirmed."""

    call_id: str
    at: float
    result: CallbackResult


@dataclass(frozen=True)
class QueueJoined:
    """A caller joined a queue."""

    call_id: str
    queue: str
    at: float


@dataclass(frozen=True)
class QueueReturned:
    """A queue gave a caller back to the dialplan, neither answered nor hung up."""

    call_id: str


@dataclass(frozen=True)
class QueueMenuOpened:
    """A waiting caller was taken out of the queue, to the menu that there is meanwhile."""

    call_id: str


@dataclass(frozen=True)
class Unattended:
    """The dialplan takes a caller to the queue by itself: ivrd was away, or the lease ran out."""

    call_id: str


@dataclass(frozen=True)
class AllLinesBusy:
    """The dialplan tells a caller that all lines are busy."""

    call_id: str


@dataclass(frozen=True)
class AgentConnected:
    """A person took a waiting caller."""

    call_id: str
    seat: str
    by: AnsweredBy
    at: float


@dataclass(frozen=True)
class CallTransferred:
    """The person who has a call sends it on.  `topic`: the caller's new one, empty for none."""

    call_id: str
    at: float
    topic: str


@dataclass(frozen=True)
class CallCut:
    """A call is about to end, and neither the caller nor the hotline hangs up."""

    call_id: str
    at: float


@dataclass(frozen=True)
class MediaLost:
    """A call is about to end: nothing had come from the caller's side for `silent_seconds`."""

    call_id: str
    at: float
    silent_seconds: float


@dataclass(frozen=True)
class Hangup:
    """A channel hung up, or is about to: its caller has gone in the moment of the answer."""

    call_id: str
    at: float


@dataclass(frozen=True)
class TalkOver:
    """A talk is over, and with it the call; its caller is still on the line, and is asked."""

    call_id: str
    at: float


@dataclass(frozen=True)
class CallerSecured:
    """A caller's leg is not in clear."""

    call_id: str
    security: LegSecurity


@dataclass(frozen=True)
class ControlOffered:
    """The dialplan offers a call's control to us."""

    call_id: str
    channel: str
    at: float


@dataclass(frozen=True)
class AgentCallOffered:
    """The dialplan offers us the control of an agent's own call.

    `endpoint`: of the phone, which for a seat of our own is the seat; `request`: what is asked for.
    `called`: the id of the agent whom ivrd has called; empty for one who has called ivrd.
    """

    call_id: str
    channel: str
    endpoint: str
    request: Request
    called: str = ""


@dataclass(frozen=True)
class Result:
    """A command's result."""

    command_id: str
    text: str


@dataclass(frozen=True)
class ControlOver:
    """The dialplan has the call again, or the caller is gone."""

    call_id: str


@dataclass(frozen=True)
class KeyDown:
    """A caller's key went down."""

    call_id: str
    digit: str
    at: float = 0.0


@dataclass(frozen=True)
class KeyUp:
    """A caller's key is up; it may be reported twice (core/dtmf.py)."""

    call_id: str
    digit: str
    at: float = 0.0


CallFact = (
    Arrived
    | Dialled
    | DialledInVain
    | QueueJoined
    | QueueReturned
    | QueueMenuOpened
    | Unattended
    | AllLinesBusy
    | AgentConnected
    | CallTransferred
    | CallCut
    | MediaLost
    | Hangup
    | TalkOver
    | CallerSecured
)
ControlFact = ControlOffered | AgentCallOffered | Result | ControlOver | KeyDown | KeyUp
