"""What happened in Asterisk, in our words: one class for each kind of fact."""

from dataclasses import dataclass

from ivrd.core.agent_call import Request
from ivrd.core.call import AnsweredBy, CallbackResult
from ivrd.core.leg_security import LegSecurity
from ivrd.core.refusals import RefusalCause
from ivrd.core.report import Cause, PartnerEventKind, cause_of, unconfirmed
from ivrd.core.seats import SeatStatus


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
class AttemptReport:
    """An attempt to call somebody back has come so far; see core/attempt_report.py."""

    token: str
    state: str
    detail: str
    at: float


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


@dataclass(frozen=True)
class CallRefused:
    """The dialplan refused a carrier's call, which was never one of ours.

    `codec`: what it was in, if that is the reason.
    """

    carrier: str
    cause: RefusalCause
    at: float
    codec: str = ""


@dataclass(frozen=True)
class StrangerRefused:
    """Something came from an address that is no carrier's and no seat's."""

    address: str
    at: float


@dataclass(frozen=True)
class SeatRefused:
    """A phone gave a seat's name and the wrong password."""

    seat: str
    address: str
    at: float


@dataclass(frozen=True)
class PartnerLegEvent:
    """Something happened on a partner's leg of a waiting call.

    `kind`: all but `TALKED`, which no leg tells.  `status` and `cause` are Dial's of a refusal, or
    the reason why nobody confirmed; `alerted`: the refused call has rung.  `seconds`: until the
    confirmation, or of talk.  `stamp`: `at` as Asterisk has written it, the same for whoever
    receives the event.  `rang_seconds`: from the offer until the end or the answer.  `second`: it
    was confirmed by whoever was called as well, while the first call still rang.  `sip_status`: of
    a refusal, 0 without one.  `security`: of the leg that was confirmed.
    """

    partner: str
    seat: str
    kind: PartnerEventKind
    at: float
    waiting: str = ""  # the call that was offered
    status: str = ""
    cause: int = 0
    seconds: float = 0.0
    silent_seconds: float = 0.0  # of `DROPPED`: as in `SeatDropped`
    stamp: float = 0.0
    alerted: bool = False
    rang_seconds: float = 0.0
    second: bool = False
    sip_status: int = 0
    security: LegSecurity | None = None

    @property
    def why(self) -> Cause | None:
        """Why the call was not taken; None for one that was."""
        match self.kind:
            case PartnerEventKind.REFUSED:
                return cause_of(self.status, self.cause, self.alerted)
            case PartnerEventKind.UNCONFIRMED:
                return unconfirmed(self.status)
            case _:
                return None


@dataclass(frozen=True)
class TrunkAddress:
    """Whether an address of a trunk answers OPTIONS has changed; `aor`: its name in Asterisk."""

    aor: str
    reachable: bool


@dataclass(frozen=True)
class TrunkRegistration:
    """We are registered at an exchange, or are not any more; both are SIP URIs of ours."""

    registrar: str
    client: str
    registered: bool


@dataclass(frozen=True)
class CallerSecured:
    """A caller's leg is not in clear."""

    call_id: str
    security: LegSecurity


Fact = (
    Arrived
    | Dialled
    | DialledInVain
    | AttemptReport
    | ControlOffered
    | AgentCallOffered
    | Result
    | ControlOver
    | KeyDown
    | KeyUp
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
    | SeatState
    | MemberChanged
    | SeatOffered
    | SeatUnanswered
    | SeatDropped
    | SeatResumed
    | Supervised
    | LineJoined
    | LineLeft
    | CallRefused
    | StrangerRefused
    | SeatRefused
    | PartnerLegEvent
    | TrunkAddress
    | TrunkRegistration
    | CallerSecured
)
TrunkFact = TrunkAddress | TrunkRegistration
RefusalFact = CallRefused | StrangerRefused | SeatRefused
LineFact = LineJoined | LineLeft
SeatFact = SeatState | MemberChanged | SeatUnanswered | SeatDropped | SeatResumed
