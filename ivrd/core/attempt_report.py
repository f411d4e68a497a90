"""What Asterisk's dialplan says of an attempt to call somebody back, and what that means.

A report is a state and its detail, `state|detail` where both stand in one variable
(dialplans/callback.conf).  The detail is the id of the call that the attempt is, or for `failed`
what Dial says: its status, the Q.850 cause, whether the other side was heard to ring, and the SIP
status of its end.
"""

from dataclasses import dataclass
from enum import StrEnum

from ivrd.core.booking import (
    AttemptEnded,
    AttemptResult,
    Booking,
    BookingState,
    ConfirmedByKey,
    Event,
    PickedUp,
)
from ivrd.core.q850 import Q850

WANTED = "dial"  # ivrd has put there what is to be dialled, and nobody has begun


class AttemptState(StrEnum):
    """How far an attempt has come."""

    DIALLING = "dialling"  # Asterisk has begun
    RINGING = "ringing"  # the carrier is being asked
    ANNOUNCEMENT = "announcement"
    CONFIRMED = "confirmed"
    FAILED = "failed"  # the ends, from here on
    FAULT = "fault"
    NO_KEY = "no_key"
    HUNG_UP = "hung_up"
    DECLINED = "declined"
    LEFT = "left"
    REACHED = "reached"


RESULT_OF = {
    AttemptState.FAULT: AttemptResult.FAULT,
    AttemptState.NO_KEY: AttemptResult.NO_KEY,
    AttemptState.HUNG_UP: AttemptResult.HUNG_UP,
    AttemptState.DECLINED: AttemptResult.DECLINED,
    AttemptState.LEFT: AttemptResult.LEFT,
    AttemptState.REACHED: AttemptResult.REACHED,
}
# Causes for which the network, and not the carrier's trouble, refuses the number.
UNREACHABLE = frozenset(
    {
        Q850.UNALLOCATED,
        Q850.SUBSCRIBER_ABSENT,
        Q850.NUMBER_CHANGED,
        Q850.INVALID_NUMBER_FORMAT,
        Q850.DESTINATION_OUT_OF_ORDER,
    }
)


@dataclass(frozen=True)
class Report:
    """A state and its detail."""

    state: AttemptState
    detail: str = ""

    @property
    def result(self) -> AttemptResult | None:
        """How the attempt has ended; None while it is on."""
        if self.state is AttemptState.FAILED:
            return _dial_result(self.detail)
        return RESULT_OF.get(self.state)


def sip_status(detail: str) -> int:
    """The SIP status with which a call ended; 0 if that is not known."""
    status = [*detail.split(":"), "", "", "", ""][3]
    return int(status) if status.isdecimal() and len(status) == 3 else 0


def report_of(text: str) -> Report | None:
    """What a variable says; None for one that says nothing of the kind."""
    state, _, detail = text.partition("|")
    return Report(AttemptState(state), detail) if state in frozenset(AttemptState) else None


def _dial_result(detail: str) -> AttemptResult:
    """What Dial's words mean for the one who was to be called."""
    status, cause, alerted = [*detail.split(":"), "", "", ""][:3]
    number = int(cause) if cause.isdecimal() else 0
    if status == "BUSY" or number == Q850.CALL_REJECTED:
        return AttemptResult.BUSY
    if status == "NOANSWER" and (alerted == "yes" or number == Q850.NO_ANSWER):
        return AttemptResult.NO_ANSWER
    if status in ("CHANUNAVAIL", "CONGESTION") and number in UNREACHABLE:
        return AttemptResult.UNREACHABLE
    return AttemptResult.TRUNK


def event_of(booking: Booking, report: Report, at: float) -> Event | None:
    """What a report means to the booking whose attempt it is of; None when it is no news."""
    if not booking.on:
        return None
    if report.result is not None:
        return AttemptEnded(at, report.result)
    if report.state is AttemptState.ANNOUNCEMENT and booking.state is BookingState.DIALLING:
        return PickedUp(at, report.detail)
    if report.state is AttemptState.CONFIRMED and booking.state is not BookingState.IN_QUEUE:
        return ConfirmedByKey(at, report.detail)
    return None
