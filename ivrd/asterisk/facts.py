"""What happened in Asterisk, in our words: one class for each kind of fact.

Facts of calls are in call_facts.py, those of seats in seat_facts.py; here are those of trunks, of
legs to partners, of attempts to call somebody back, and of what was refused.
"""

from dataclasses import dataclass

from ivrd.asterisk.call_facts import CallFact, ControlFact
from ivrd.asterisk.seat_facts import LineFact, SeatFact, SeatOffered, Supervised
from ivrd.core.leg_security import LegSecurity
from ivrd.core.refusals import RefusalCause
from ivrd.core.report import Cause, PartnerEventKind, cause_of, unconfirmed


@dataclass(frozen=True)
class AttemptReport:
    """An attempt to call somebody back has come so far; see core/attempt_report.py.

    `trunk`: by which it is made, its name in Asterisk; empty for a seat.
    """

    token: str
    state: str
    detail: str
    at: float
    trunk: str


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


TrunkFact = TrunkAddress | TrunkRegistration
RefusalFact = CallRefused | StrangerRefused | SeatRefused
Fact = (
    CallFact
    | ControlFact
    | SeatFact
    | SeatOffered
    | Supervised
    | LineFact
    | AttemptReport
    | PartnerLegEvent
    | RefusalFact
    | TrunkFact
)
