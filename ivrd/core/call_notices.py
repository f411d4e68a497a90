"""What the outside is told of a call: metrics count it, the log writes it."""

from dataclasses import dataclass

from ivrd.core.call import Call, Outcome, Stage

# An answer stands when the person has kept the caller for so long: twice the time after which the
# dialplan no longer takes a hang-up of a partner's for a drop.
STANDS_SECONDS = 10.0


@dataclass(frozen=True)
class Offered:
    """A call joined a queue for the first time."""

    call: Call


@dataclass(frozen=True)
class Rejoined:
    """A call that had joined a queue before joined one again.

    talked_seconds: how long the person had kept it who sent it back; None if nobody had it.
    """

    call: Call
    talked_seconds: float | None = None

    @property
    def answer_stands(self) -> bool:
        """Whether the caller had been with a person for so long that the wait ended there.

        Whoever sends a caller on has served that caller, however short it was.
        """
        if self.call.answered_at is not None:
            return True
        return self.talked_seconds is not None and self.talked_seconds >= STANDS_SECONDS


@dataclass(frozen=True)
class Answered:
    """A person took the call; wait_seconds is counted from joining the queue."""

    call: Call
    wait_seconds: float


@dataclass(frozen=True)
class PassedOn:
    """The person at `seat` has sent the call on; `call.seat` is where it is now, if anywhere."""

    call: Call
    seat: str
    at: float


@dataclass(frozen=True)
class TakenOver:
    """A person has the call whom another one has sent it to."""

    call: Call


@dataclass(frozen=True)
class Ended:
    """A call ended in its one outcome, in `stage`."""

    call: Call
    outcome: Outcome
    stage: Stage


Notice = Offered | Rejoined | Answered | PassedOn | TakenOver | Ended
