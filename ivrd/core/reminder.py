"""Calls that remind an agent: the shift has begun, or ivrd has paused who did not answer.

Theory of operation
-------------------
An occasion is one beginning of a shift, or one pause, and is told from the next by when it began
(`Reminder.since`).  For each there are at most `Limits.calls` calls, the next one
`Limits.again_seconds` after the end of the one before, and none more than `LATEST_SECONDS` after
the occasion began: who is called hours late, because ivrd was away, would not know what for.

A call that is on has a token.  Whatever becomes of it is reported (`ended`); of one of which
nothing is reported, because ivrd or Asterisk was away, it is taken to be over after
`LONGEST_SECONDS`.  A call is counted before it is made: whoever is to be called again after a
restart is called once less, and never once more.

Times are seconds since the epoch, by the wall clock.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

LATEST_SECONDS = 3600.0
LONGEST_SECONDS = 240.0  # a PIN, wrong ones among it, and the drill
SAME_SECONDS = 1.0  # beginnings that differ by less, as readings of two clocks do, are one


class Occasion(StrEnum):
    """What an agent is reminded of."""

    SHIFT = "shift"
    PAUSED = "paused"


class CallResult(StrEnum):
    """How a call ended that has brought nobody; a label of `ivrd_agent_reminders_total`."""

    CAME = "came"  # is at work again
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    DID_NOT_COME = "did_not_come"  # answered, and no more
    UNREACHABLE = "unreachable"
    NOT_MADE = "not_made"  # a fault of ours, or of Asterisk's
    UNKNOWN = "unknown"  # nobody saw how it ended


@dataclass(frozen=True)
class Limits:
    """`calls` for each occasion, `again_seconds` between two, `at_once` of all agents."""

    calls: int
    again_seconds: float
    ring_seconds: int
    at_once: int


@dataclass(frozen=True)
class Reminder:
    """One agent's present occasion.

    `since`: when it began.  `calls`: made so far.  `next_at`: none before that.  `token`: of the
    call that is on, empty for none, which is over at `until`.  `result`: of the last one.
    """

    occasion: Occasion
    since: float
    next_at: float
    calls: int = 0
    token: str = ""
    until: float = 0.0
    result: str = ""

    @property
    def came(self) -> bool:
        """Whether there is nobody to be called any more."""
        return self.result == CallResult.CAME

    def is_of(self, occasion: Occasion, since: float) -> bool:
        """Whether it is the occasion that began then, and no later one."""
        return occasion is self.occasion and abs(since - self.since) < SAME_SECONDS

    def due(self, limits: Limits, now: float) -> bool:
        """Whether the agent is to be called now."""
        ready = not self.token and now >= self.next_at
        return ready and not self.in_vain(limits, now) and not self.came

    def in_vain(self, limits: Limits, now: float) -> bool:
        """Whether there are no more calls, and the agent has not come."""
        over = self.calls >= limits.calls or now > self.since + LATEST_SECONDS
        return over and not self.token and not self.came


def begin(occasion: Occasion, since: float, limits: Limits) -> Reminder:
    """An occasion begins.

    Who was paused has just not answered, and is called when that was a while ago.
    """
    pause = limits.again_seconds if occasion is Occasion.PAUSED else 0.0
    return Reminder(occasion, since, since + pause)


def dialled(of: Reminder, token: str, limits: Limits, now: float) -> Reminder:
    """A call is about to be made."""
    until = now + limits.ring_seconds + LONGEST_SECONDS
    return replace(of, calls=of.calls + 1, token=token, until=until)


def ended(of: Reminder, result: CallResult, limits: Limits, now: float) -> Reminder:
    """The call is over, or the agent is at work without one."""
    return replace(of, token="", until=0.0, result=result, next_at=now + limits.again_seconds)


def moved(of: Reminder, seconds: float) -> Reminder:
    """The same, when the clock was set forward by so much.

    A shift begins by the clock, as it is set; a pause began so long ago, whatever it shows.
    """
    since = of.since + (seconds if of.occasion is Occasion.PAUSED else 0.0)
    until = of.until + seconds if of.until else 0.0
    return replace(of, since=since, until=until, next_at=of.next_at + seconds)


def result_of(status: str) -> CallResult:
    """What `Dial()` says of a call that nobody has answered, as a result."""
    match status:
        case "BUSY":
            return CallResult.BUSY
        case "NOANSWER":
            return CallResult.NO_ANSWER
        case _:
            return CallResult.UNREACHABLE
