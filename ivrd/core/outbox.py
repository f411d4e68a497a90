"""What leaves for other systems, entry by entry: when it is tried again, and when no more.

Theory of operation
-------------------
An `Entry` is one message to one recipient through one channel.  Its id is the idempotency key of
each attempt: a receiver that has seen it before does nothing the second time, so that an attempt
may be repeated whenever it is not known how it ended.

An attempt comes to a `Result`.  What may be otherwise the next time (`Failed`) is tried again after
a pause that doubles with each attempt, and is drawn from its upper half, so that many who failed
together do not come together again ("equal jitter": M. Brooker, Exponential Backoff And Jitter,
AWS Architecture Blog, 2015).  What will never be otherwise (`Refused`), or would be tried again
only after its deadline, becomes a dead letter: it is kept until somebody sends it again or drops
it.

A channel that fails as a whole (nobody answers, the certificate is wrong, 429) rests by the same
rule, whichever entries are due meanwhile: see `ChannelHealth`.

What may live here: facts about one entry and one channel.  Not: which entry comes next
(outbox_backlog.py), how it is sent and stored (ivrd/outbox).

Times are seconds since the epoch on ivrd's timeline.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

# A Retry-After that is longer is not believed: an hour is as long as a clock may be wrong.
RETRY_AFTER_AT_MOST = 3600.0
FAILURES_OF_A_CHANNEL = 5  # in a row, of whichever entries: then the channel itself has failed


class EntryState(StrEnum):
    """Where an entry is."""

    WAITING = "waiting"  # for its turn, or for the next attempt
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True)
class Entry:
    """One message.

    use: what it is about, a message's name in outbox.yaml.  recipient: what stands for whoever gets
    it; entries of one recipient leave one after the other, by `order`.  sealed: what is sent,
    encrypted; empty once it was delivered.  created_at: when it was put in, or sent again.
    next_at: no attempt before that.  give_up_at: after which it is of no use.  attempts: those that
    have ended.  why: how the last one failed.  reached_at: when it was told that its recipient has
    it, by a channel that tells so; delivered it is when the receiver has taken it.  about: what it
    is about, of one whose id was drawn by lot; the others' ids are made from that.
    """

    id: str
    channel: str
    use: str
    recipient: str
    sealed: str
    order: int
    created_at: float
    give_up_at: float
    next_at: float
    state: EntryState = EntryState.WAITING
    attempts: int = 0
    why: str = ""
    ended_at: float | None = None
    reached_at: float | None = None
    about: str = ""


@dataclass(frozen=True)
class Delivered:
    """The receiver has taken it."""


@dataclass(frozen=True)
class Failed:
    """It was not taken, or that is not known; the next time it may be.

    retry_after: seconds for which the receiver wants nothing.  whole_channel: it says nothing of
    this entry, any other would have failed as well.
    """

    why: str
    retry_after: float = 0.0
    whole_channel: bool = False


@dataclass(frozen=True)
class Refused:
    """The receiver will never take it."""

    why: str


Result = Delivered | Failed | Refused


@dataclass(frozen=True)
class Backoff:
    """Pauses between attempts, in seconds."""

    first: float
    longest: float

    def pause(self, failures: int, chance: float) -> float:
        """After so many failures (1 and more); `chance`: evenly drawn from 0 to 1."""
        doublings = min(failures - 1, 32)
        return min(self.longest, self.first * 2.0**doublings) * (0.5 + chance / 2)


ENTRIES = Backoff(first=4.0, longest=600.0)
CHANNELS = Backoff(first=2.0, longest=60.0)


def after(entry: Entry, result: Result, now: float, chance: float) -> Entry:
    """An entry that waited, after an attempt that ended so."""
    tried = replace(entry, attempts=entry.attempts + 1)
    match result:
        case Delivered():
            state = EntryState.DELIVERED
            return replace(tried, state=state, sealed="", why="", ended_at=now)
        case Refused(why):
            return dead(tried, why, now)
        case Failed(why):
            pause = ENTRIES.pause(tried.attempts, chance)
            next_at = now + max(pause, min(result.retry_after, RETRY_AFTER_AT_MOST))
            if next_at >= entry.give_up_at:
                return dead(tried, why, now)
            return replace(tried, next_at=next_at, why=why)
        case _:
            assert_never(result)


def reached(entry: Entry, now: float) -> Entry:
    """An entry, whatever was known of it, once its recipient has it: it is not sent again."""
    ended_at = entry.ended_at if entry.state is EntryState.DELIVERED else now
    return replace(
        entry, state=EntryState.DELIVERED, sealed="", why="", ended_at=ended_at, reached_at=now
    )


def dead(entry: Entry, why: str, now: float) -> Entry:
    """An entry that waited, as a dead letter."""
    return replace(entry, state=EntryState.DEAD, why=why, ended_at=now)


def expired(entry: Entry, now: float) -> Entry:
    """An entry that waited until it was of no use any more."""
    return dead(entry, entry.why or "its turn had not come before its deadline", now)


def sent_again(entry: Entry, now: float) -> Entry:
    """A dead letter that somebody wants sent all the same, for as long as it once had."""
    seconds = entry.give_up_at - entry.created_at
    return replace(
        entry,
        state=EntryState.WAITING,
        created_at=now,
        next_at=now,
        give_up_at=now + seconds,
        ended_at=None,
    )


@dataclass(frozen=True)
class ChannelHealth:
    """Whether a channel works.

    failures: attempts in a row that failed.  pauses: rests in a row.  rests_until: no attempt
    before that; then one at a time, until one succeeds.
    """

    failures: int = 0
    pauses: int = 0
    rests_until: float = 0.0

    @property
    def well(self) -> bool:
        """Whether it may have as many attempts at once as it is allowed."""
        return not self.pauses

    def after(self, result: Result, now: float, chance: float) -> "ChannelHealth":
        """After an attempt that ended so; a refusal is an answer, and the channel works."""
        if not isinstance(result, Failed):
            return ChannelHealth()
        failures = self.failures + 1
        asked = min(result.retry_after, RETRY_AFTER_AT_MOST)
        if not (result.whole_channel or asked or failures >= FAILURES_OF_A_CHANNEL):
            return replace(self, failures=failures)
        if now < self.rests_until:  # begun before the rest
            return replace(self, failures=failures, rests_until=max(self.rests_until, now + asked))
        pause = max(CHANNELS.pause(self.pauses + 1, chance), asked)
        return ChannelHealth(failures, self.pauses + 1, now + pause)


@dataclass(frozen=True)
class Allowance:
    """A token bucket: how many attempts a channel may have now.

    It fills by so many a second, and holds those of one second.
    """

    tokens: float
    at: float

    def filled(self, per_second: float, now: float) -> "Allowance":
        """As it is now."""
        most = max(1.0, per_second)
        more = max(0.0, now - self.at) * per_second
        return Allowance(min(most, self.tokens + more), now)

    def taken(self) -> "Allowance":
        """After one attempt more."""
        return replace(self, tokens=self.tokens - 1.0)
