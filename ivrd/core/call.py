"""One call to the hotline: where it is, how it ended, how long it waited and talked.

What happens to it is in call_events.py, which state follows from that in call_table.py, and what
the outside is told in call_notices.py.

A call that waits has two beginnings.  `joined_at` is when it joined a queue: the wait of this call.
`effective_at` is its effective arrival, by which callers are served: earlier than that for whoever
has waited before, in a call that nobody answered.  Whoever is urgent has a head start beside it
(priority.py).

Times are seconds since the epoch on Asterisk's clock, as its events carry them.

What may live here: facts about one call.  Not: which prompt plays (menu.py), how many calls
there are (ledger.py), how Asterisk says it (ivrd/asterisk).
"""

from dataclasses import dataclass
from enum import StrEnum

from ivrd.core.leg_security import LegSecurity
from ivrd.core.priority import NO_HEAD_START, HeadStart

LATE_SECONDS = 30.0  # a caller who hangs up after a longer wait is counted by itself as well
# An effective arrival that is not earlier than the joining by so much is the joining: Asterisk has
# whole seconds of some waits.
LEAST_CREDIT_SECONDS = 2.0


class CallState(StrEnum):
    """Where a caller is."""

    MENU = "menu"
    INFO = "info"  # a message is played, or was; or what was keyed in is filed
    CLOSED = "closed"  # told that the line or the topic is closed, or that all lines are busy
    QUEUE = "queue"
    QUEUE_MENU = "queue_menu"  # waits still, and has opened the menu that there is for it
    BOOKED = "booked"  # is to be called back, and has been told so
    DEFLECTED = "deflected"  # was sent a link, and is told so
    DIALLED = "dialled"  # is being called back, and has not confirmed yet
    TALK = "talk"
    TRANSFER = "transfer"  # a person has sent the call on, and the next one has not answered yet
    ENDED = "ended"


class Stage(StrEnum):
    """The states as metrics publish them: before the queue, in it, with a person."""

    IVR = "ivr"
    QUEUE = "queue"
    TALK = "talk"


class Outcome(StrEnum):
    """How a call ended; see the words in the README."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    SELF_SERVED = "self_served"
    CALLBACK = "callback"
    DEFLECTED = "deflected"
    REJECTED = "rejected"
    FAILED = "failed"


class Direction(StrEnum):
    """Who dialled: the caller, or the hotline, which calls back."""

    INBOUND = "inbound"
    CALLBACK = "callback"


class CallbackResult(StrEnum):
    """How a call that the hotline made ended."""

    REACHED = "reached"  # a person took it, and so had whoever was called back
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    NO_KEY = "no_key"  # something answered, and confirmed nothing: a machine, or somebody else
    HUNG_UP = "hung_up"  # answered, and hung up before a person took it
    CALLBACK = "callback"  # asked, while waiting again, to be called back once more
    FAILED = "failed"  # could not be dialled, or a fault of ours


# What can come of one that nobody has confirmed.
UNREACHED = (
    *(CallbackResult.BUSY, CallbackResult.NO_ANSWER, CallbackResult.NO_KEY),
    *(CallbackResult.HUNG_UP, CallbackResult.FAILED),
)


class AnsweredBy(StrEnum):
    """Who answered."""

    INHOUSE = "inhouse"
    PARTNER = "partner"
    NOBODY = ""


STAGE_OF = {
    CallState.MENU: Stage.IVR,
    CallState.INFO: Stage.IVR,
    CallState.CLOSED: Stage.IVR,
    CallState.QUEUE: Stage.QUEUE,
    CallState.QUEUE_MENU: Stage.QUEUE,
    CallState.BOOKED: Stage.IVR,
    CallState.DEFLECTED: Stage.IVR,
    CallState.DIALLED: Stage.IVR,
    CallState.TALK: Stage.TALK,
    CallState.TRANSFER: Stage.TALK,
}
BEFORE_QUEUE = (CallState.MENU, CallState.INFO, CallState.CLOSED)


@dataclass(frozen=True)
class Call:
    """One call to the hotline, from the first ring to its outcome."""

    id: str
    received_at: float
    caller: str = ""  # the caller as a keyed hash, never the number
    state: CallState = CallState.MENU
    language: str = ""
    queue: str = ""
    topic: str = ""
    joined_at: float | None = None
    connected_at: float | None = None
    ended_at: float | None = None
    by: AnsweredBy = AnsweredBy.NOBODY
    seat: str = ""
    cut_off: bool = False  # it has ended, and neither the caller nor the hotline hung up
    silent_seconds: float = 0.0  # for so long before its end nothing came; 0 unless media is lost
    effective_at: float | None = None  # effective arrival; noted before it joins, if earlier
    direction: Direction = Direction.INBOUND
    result: CallbackResult | None = None  # of a call that the hotline made, once it has ended
    answered_at: float | None = None  # of a call that was sent on: when its first person took it
    answered_by: AnsweredBy = AnsweredBy.NOBODY  # and who that was
    caller_leg: LegSecurity | None = None  # what of the caller's leg is encrypted, once it waits
    answer_leg: LegSecurity | None = None  # of that to who answered last, where it is known
    head_start: HeadStart = NO_HEAD_START  # of whoever is served before those who came earlier

    @property
    def received(self) -> bool:
        """Whether it was the caller who dialled: such calls alone count as received."""
        return self.direction is Direction.INBOUND

    @property
    def stage(self) -> Stage | None:
        """The stage the call is in; None when it has ended."""
        return STAGE_OF.get(self.state)

    @property
    def partner(self) -> str:
        """The partner whose person has the call (its seats are PARTNER/NN); empty: nobody's."""
        return self.seat.partition("/")[0] if self.by is AnsweredBy.PARTNER else ""

    @property
    def media_lost(self) -> bool:
        """Whether the call has ended because nothing came from the caller any more."""
        return self.silent_seconds > 0.0

    @property
    def left_at(self) -> float | None:
        """When the caller was last there, once the call has ended."""
        return None if self.ended_at is None else self.ended_at - self.silent_seconds

    def wait_seconds(self, now: float | None = None) -> float | None:
        """Seconds in the queue until a person answered, the end, or `now`; None if never queued.

        Of a call whose media is lost the end is when the caller was last there, here and below.
        """
        if self.joined_at is None:
            return None
        until = self.left_at if self.connected_at is None else self.connected_at
        until = until if self.answered_at is None else self.answered_at
        until = now if until is None else until
        return None if until is None else max(0.0, until - self.joined_at)

    @property
    def credit_seconds(self) -> float:
        """By how many seconds the effective arrival is earlier than the joining; 0 if it is not."""
        if self.joined_at is None or self.effective_at is None:
            return 0.0
        seconds = self.joined_at - self.effective_at
        return seconds if seconds >= LEAST_CREDIT_SECONDS else 0.0

    @property
    def has_credit(self) -> bool:
        """Whether the call is served as if it had joined earlier than it did."""
        return self.credit_seconds > 0.0

    def effective_wait_seconds(self) -> float | None:
        """As `wait_seconds`, from the effective arrival: with what was waited in earlier calls."""
        waited = self.wait_seconds()
        return None if waited is None else waited + self.credit_seconds

    def talk_seconds(self) -> float | None:
        """Seconds with a person, once the call has ended; None without a talk."""
        if self.connected_at is None or self.left_at is None:
            return None
        return max(0.0, self.left_at - self.connected_at)


def abandoned_late(outcome: Outcome, stage: Stage, wait_seconds: float | None) -> bool:
    """Whether a call that ended so was abandoned in the queue after more than `LATE_SECONDS`."""
    in_queue = outcome is Outcome.ABANDONED and stage is Stage.QUEUE
    return in_queue and wait_seconds is not None and wait_seconds > LATE_SECONDS
