"""The data plane's own record of its calls, read line by line: how each call ended.

Theory of operation
-------------------
Asterisk writes down where each call begins, joins a queue, is taken and ends, whether ivrd runs or
not.  `QueueLogReplay` folds those lines with the same table as the books (call.py), so that both
say the same of a call that both have seen.  What a line of the file means is said in ivrd/asterisk.

A line comes with a mark: where it begins, in whatever terms the reader has.  `oldest` is the mark
to begin from after a restart: from there every call that is still needed is read again from its
first line.  A call is needed until somebody says that it is booked (`done`).

Lines may be missing, double or out of order; nothing raises.  What a later line implies is made
good (a call that was taken had joined the queue); what cannot be is left out.

Times are whole seconds since the epoch, on Asterisk's clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Generic, TypeVar

from ivrd.core.call import (
    AnsweredBy,
    Call,
    CallState,
    Connected,
    Ended,
    Event,
    HungUp,
    InvalidTransition,
    JoinedQueue,
    LeftQueue,
    Outcome,
    PlayedMessage,
    Rejected,
    Stage,
    step,
)

MOST_SECONDS = 24 * 3600.0  # a call that is open for longer has lost its end
MOST_OPEN = 50_000  # calls; more are there only when the file is garbage
MOST_ENDED = 10_000  # ids of ended calls that late lines may still name


class EntryType(StrEnum):
    """What a line of the record says of its call."""

    RECEIVED = "received"
    JOINED = "joined"
    CONNECTED = "connected"
    GAVE_UP = "gave up"  # hung up while waiting; the end itself has a line of its own
    LEFT = "left"
    ENDED = "ended"
    RESTARTED = "restarted"  # of no call: Asterisk began anew, and all its calls are gone


@dataclass(frozen=True)
class QueueLogEntry:
    """One line.  waited_seconds: in the queue, as CONNECTED and GAVE_UP tell it.

    place: where ENDED has the call: MENU, INFO, CLOSED, or QUEUE for everything from there on.
    """

    at: float
    entry_type: EntryType
    call_id: str = ""
    queue: str = ""
    seat: str = ""
    by: AnsweredBy = AnsweredBy.NOBODY
    waited_seconds: float = 0.0
    state: CallState = CallState.MENU
    topic: str = ""


@dataclass(frozen=True)
class ReplayedCall:
    """A call that the record has ended; `call` as `Ended` has it.

    whole: its first line was read.  sure: the record tells where the call was when it ended; if
    not, it saw neither queue nor person, and whoever saw the call elsewhere knows better.
    """

    call: Call
    outcome: Outcome
    stage: Stage
    whole: bool
    sure: bool


Position = TypeVar("Position")


class QueueLogReplay(Generic[Position]):
    """The calls that the record has open, and what still has to be kept of the file."""

    def __init__(self) -> None:
        self.open: dict[str, Call] = {}
        self.dropped = 0  # calls whose end never came
        self._needed: dict[
            str, Position | None
        ] = {}  # whole calls by their beginning, in file order
        self._ended: dict[str, None] = {}

    @property
    def oldest(self) -> Position | None:
        """Where the first call that is still needed begins; None when none is."""
        return next(iter(self._needed.values()), None)

    def take(self, line: QueueLogEntry, mark: Position | None = None) -> tuple[ReplayedCall, ...]:
        """Fold one line that begins at `mark`; the calls that it ends."""
        if line.entry_type is EntryType.RESTARTED:
            # The first calls of the new Asterisk may stand before the line that says it began.
            gone = [call for call in self.open.values() if call.received_at < line.at]
            return tuple(self._end(call, line) for call in gone)
        if line.call_id in self._ended:
            return ()
        if line.entry_type is EntryType.RECEIVED:
            self._begin(line, mark)
            return ()
        known = self.open.get(line.call_id)
        call = known or Call(line.call_id, line.at)
        if line.entry_type is EntryType.ENDED:
            return (self._end(call, line),)
        self.open[line.call_id] = _moved(call, line)
        self._keep_small(line.at)
        return ()

    def over(self, call_id: str, at: float) -> ReplayedCall | None:
        """End a call of which we know from elsewhere that it is over; None for a stranger."""
        call = self.open.get(call_id)
        return self._end(call, QueueLogEntry(at, EntryType.RESTARTED)) if call else None

    def done(self, call_id: str) -> None:
        """The call is booked: nothing of it has to be read again, and no line of it counts."""
        self._forget(call_id)
        self._remember(call_id)

    def _begin(self, line: QueueLogEntry, mark: Position | None) -> None:
        known = self.open.get(line.call_id)
        if known is None:
            self.open[line.call_id] = Call(line.call_id, line.at)
        elif line.call_id not in self._needed:  # later lines came before this one
            self.open[line.call_id] = replace(known, received_at=min(line.at, known.received_at))
        self._needed.setdefault(line.call_id, mark)
        self._keep_small(line.at)

    def _end(self, call: Call, line: QueueLogEntry) -> ReplayedCall:
        """The call's end; `line` is its ENDED, or only tells when."""
        told = line.entry_type is EntryType.ENDED
        sure = call.state is not CallState.MENU or (told and line.state is not CallState.QUEUE)
        for event in _last_steps(call.state, line) if told else ():
            call, _ = step(call, event)
        after, (end,) = step(replace(call, topic=line.topic), HungUp(line.at))
        assert isinstance(end, Ended)
        whole = call.id in self._needed
        self.open.pop(call.id, None)
        self._remember(call.id)
        return ReplayedCall(after, end.outcome, end.stage, whole, sure)

    def _remember(self, call_id: str) -> None:
        self._ended[call_id] = None
        if len(self._ended) > MOST_ENDED:
            del self._ended[next(iter(self._ended))]

    def _keep_small(self, now: float) -> None:
        """Let go of what cannot end any more."""
        while self.open:
            oldest = next(iter(self.open.values()))
            if now - oldest.received_at <= MOST_SECONDS and len(self.open) <= MOST_OPEN:
                return
            self._forget(oldest.id)
            self.dropped += 1

    def _forget(self, call_id: str) -> None:
        self.open.pop(call_id, None)
        self._needed.pop(call_id, None)


def _moved(call: Call, line: QueueLogEntry) -> Call:
    """The call after a line in mid-life; unchanged by one that cannot be."""
    for event in _steps(call.state, line):
        try:
            call, _ = step(call, event)
        except InvalidTransition:
            return call
    return call


def _steps(state: CallState, line: QueueLogEntry) -> Iterator[Event]:
    """What a line means, with the joining that it implies when that has no line."""
    joined = JoinedQueue(line.at - line.waited_seconds, line.queue)
    if line.entry_type is EntryType.JOINED:
        yield JoinedQueue(line.at, line.queue)
    elif line.entry_type is EntryType.CONNECTED:
        if state is not CallState.QUEUE:
            yield joined
        yield Connected(line.at, line.by, line.seat)
    elif line.entry_type is EntryType.GAVE_UP and state is not CallState.QUEUE:
        yield joined
    elif line.entry_type is EntryType.LEFT:
        yield LeftQueue()


def _last_steps(state: CallState, line: QueueLogEntry) -> Iterator[Event]:
    """From where the record has a call to where its last line says it was."""
    if state is CallState.QUEUE and line.state is not CallState.QUEUE:
        yield LeftQueue()
        state = CallState.MENU
    if state is CallState.MENU and line.state is CallState.INFO:
        yield PlayedMessage()
    elif state is CallState.MENU and line.state is CallState.CLOSED:
        yield Rejected()
