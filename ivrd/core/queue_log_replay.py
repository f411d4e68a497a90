"""Asterisk's queue_log, replayed entry by entry: how each call ended.

Theory of operation
-------------------
Asterisk writes to its queue_log where each call begins (received, or dialled by the hotline), joins
a queue, is answered and ends, whether ivrd runs or not.  `QueueLogReplay` folds those entries with
the same table as the ledger (call_table.py), so that both have the same of a call that both have
seen.  What a line of the file means is said in ivrd/asterisk.

An Asterisk that begins anew has none of the calls that it had before.  Those that were hung up
before that have an entry of their own; all others were cut off.  They ended when the last entry
before that was written, as far as anybody can know: the time without an Asterisk is nobody's wait
and nobody's talk.

Of a menu, before the queue or while waiting, queue_log sees who comes and who goes, not what is
said there: that somebody is to be called back, has a link or has registered stands in the entry of
the end alone.  Without that entry it is not sure where the caller was (`ReplayedCall.sure`).

An entry comes with a position: where it begins, in whatever terms the reader has.  `oldest` is the
position to begin from after a restart of ivrd: from there every call that is still needed is read
again from its first entry.  A call is needed until its end is recorded (`done`).

Entries may be missing, double or out of order; nothing raises.  What a later entry implies is made
good (a call that was answered had joined the queue); what cannot be is left out.

Times are whole seconds since the epoch, on Asterisk's clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Generic, TypeVar, assert_never

from ivrd.core.call import AnsweredBy, Call, CallbackResult, CallState, Direction, Outcome, Stage
from ivrd.core.call_events import (
    Booked,
    Connected,
    CutOff,
    Deflected,
    End,
    Event,
    HungUp,
    JoinedQueue,
    LeftQueue,
    MediaLost,
    OpenedQueueMenu,
    PlayedMessage,
    Rejected,
    Transferred,
    Unreached,
)
from ivrd.core.call_notices import Ended
from ivrd.core.call_table import InvalidTransition, step

MOST_SECONDS = 24 * 3600.0  # a call that is open for longer has lost its end
MOST_OPEN = 50_000  # calls; more are there only when the file is garbage
MOST_ENDED = 10_000  # ids of ended calls that late entries may still name


class EntryType(StrEnum):
    """What an entry says of its call."""

    RECEIVED = "received"
    DIALLED = "dialled"  # the same of a call that the hotline makes
    JOINED = "joined"
    WITHDRAWN = "withdrawn"  # out of the line, into the menu that there is while waiting
    CONNECTED = "connected"
    TRANSFERRED = "transferred"  # sent on by the person who had it
    TAKEN_OVER = "taken over"  # by another one, who has it without a queue in between
    GAVE_UP = "gave up"  # hung up while waiting; the end itself has a line of its own
    LEFT = "left"
    ENDED = "ended"
    RESTARTED = "restarted"  # of no call: Asterisk began anew, and all its calls are gone


# What happens to a call in a queue alone.
IN_QUEUE = (EntryType.CONNECTED, EntryType.WITHDRAWN, EntryType.GAVE_UP)


@dataclass(frozen=True)
class QueueLogEntry:
    """One entry.  waited_seconds: in the queue, of CONNECTED, WITHDRAWN and GAVE_UP.

    state: of ENDED: MENU, INFO, CLOSED, BOOKED, DEFLECTED, or QUEUE for everything else from there
    on.
    cut_off: of ENDED: neither the caller nor the hotline hung up.  silent_seconds: of ENDED: as in
    `Call`.  result: of ENDED: what came of a dialled call that nobody confirmed.  token: of
    DIALLED: which attempt to reach somebody it is (booking.py).
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
    cut_off: bool = False
    silent_seconds: float = 0.0
    result: CallbackResult | None = None
    token: str = ""


@dataclass(frozen=True)
class SettledEntry:
    """What a caller answered after the talk; the call itself has ended by then.

    answer: as core/repeat_calls.py has it.  queue, partner: who had the talk.
    """

    at: float
    call_id: str
    answer: str
    queue: str = ""
    partner: str = ""


LogEntry = QueueLogEntry | SettledEntry


@dataclass(frozen=True)
class ReplayedCall:
    """A call that queue_log has ended; `call` as `Ended` has it.

    whole: its first entry was read.  sure: queue_log tells where the call was when it ended; if
    not, it saw the caller in a menu last, and a ledger that has the call elsewhere knows better.
    token: of a call that the hotline made; see `QueueLogEntry`.
    """

    call: Call
    outcome: Outcome
    stage: Stage
    whole: bool
    sure: bool
    token: str = ""


Position = TypeVar("Position")


class QueueLogReplay(Generic[Position]):
    """The calls that queue_log has not ended, and what still has to be kept of the file.

    `restarted_at`: when Asterisk began anew, as far as was read; `stopped_at`: when the last entry
    before that was written.
    """

    def __init__(self) -> None:
        self.open: dict[str, Call] = {}
        self.restarted_at: float | None = None
        self.stopped_at: float | None = None
        self.dropped = 0  # calls whose end never came
        # Whole calls and where they begin, in the order of the file.
        self._needed: dict[str, Position | None] = {}
        self._ended: dict[str, None] = {}
        self._tokens: dict[str, str] = {}  # of open calls that the hotline made
        self._last_at: float | None = None  # when the last entry was written

    @property
    def oldest(self) -> Position | None:
        """Where the first call that is still needed begins; None when none is."""
        return next(iter(self._needed.values()), None)

    def take(
        self, entry: QueueLogEntry, position: Position | None = None
    ) -> tuple[ReplayedCall, ...]:
        """Fold one entry that begins at `position`; the calls that it ends."""
        before, self._last_at = self._last_at, entry.at
        if entry.entry_type is EntryType.RESTARTED:
            return self._restarted(entry.at, before)
        if entry.call_id in self._ended:
            return ()
        if entry.entry_type in (EntryType.RECEIVED, EntryType.DIALLED):
            self._begin(entry, position)
            return ()
        began = entry.at - entry.waited_seconds  # of a call whose first entries are not there
        call = self.open.get(entry.call_id) or Call(entry.call_id, began)
        if entry.entry_type is EntryType.ENDED:
            if entry.result is not None and call.state is CallState.MENU:
                call = _dialled(call)  # its first entry is not there
            return (self._end(call, _end_of(entry, call.state), entry),)
        self.open[entry.call_id] = _moved(call, entry)
        self._keep_small(entry.at)
        return ()

    def over(self, call_id: str, at: float) -> ReplayedCall | None:
        """End a call that is known from elsewhere to be over; None when it is not open."""
        call = self.open.get(call_id)
        return self._end(call, HungUp(at)) if call else None

    def done(self, call_id: str) -> None:
        """The end is recorded: nothing of the call is read again, and no entry of it counts."""
        self._forget(call_id)
        self._remember(call_id)

    def _restarted(self, at: float, before: float | None) -> tuple[ReplayedCall, ...]:
        """Asterisk began anew `at`; the last entry before that was written at `before`."""
        self.restarted_at = at
        self.stopped_at = stopped_at = at if before is None else min(at, before)
        return tuple(self._end(call, CutOff(stopped_at)) for call in list(self.open.values()))

    def _begin(self, entry: QueueLogEntry, position: Position | None) -> None:
        known = self.open.get(entry.call_id)
        dialled = entry.entry_type is EntryType.DIALLED
        if known is None:
            call = Call(entry.call_id, entry.at)
            self.open[entry.call_id] = _dialled(call) if dialled else call
        elif entry.call_id not in self._needed:  # later entries came before this one
            call = replace(known, received_at=min(entry.at, known.received_at))
            self.open[entry.call_id] = _dialled(call) if dialled else call
        if entry.token:
            self._tokens[entry.call_id] = entry.token
        self._needed.setdefault(entry.call_id, position)
        self._keep_small(entry.at)

    def _end(self, call: Call, event: End, ended: QueueLogEntry | None = None) -> ReplayedCall:
        """The call's end by `event`; `ended` is its ENDED entry, if it has one."""
        sure = call.state not in (CallState.MENU, CallState.QUEUE_MENU)
        if ended is not None:
            sure = call.state is not CallState.MENU or ended.state is not CallState.QUEUE
            for each in _last_steps(call.state, ended):
                call, _ = step(call, each)
            call = replace(call, topic=ended.topic)
        after, (end,) = step(call, event)
        assert isinstance(end, Ended)
        whole, token = call.id in self._needed, self._tokens.pop(call.id, "")
        self.open.pop(call.id, None)
        self._remember(call.id)
        return ReplayedCall(after, end.outcome, end.stage, whole, sure, token)

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
        self._tokens.pop(call_id, None)


def _dialled(call: Call) -> Call:
    """The call as one that the hotline makes."""
    state = CallState.DIALLED if call.state is CallState.MENU else call.state
    return replace(call, direction=Direction.CALLBACK, state=state)


def _end_of(ended: QueueLogEntry, state: CallState) -> End:
    """How a call in this state ended that has an ENDED entry."""
    if ended.silent_seconds:
        return MediaLost(ended.at, ended.silent_seconds)
    if ended.cut_off:
        return CutOff(ended.at)
    if ended.result is not None and state is CallState.DIALLED:
        return Unreached(ended.at, ended.result)
    return HungUp(ended.at)


def _moved(call: Call, entry: QueueLogEntry) -> Call:
    """The call after an entry in mid-life; unchanged by one that cannot be."""
    for event in _steps(call, entry):
        try:
            call, _ = step(call, event)
        except InvalidTransition:
            return call
    return call


def _steps(call: Call, entry: QueueLogEntry) -> Iterator[Event]:
    """What an entry means, with the joining that it implies when that has no entry.

    Asterisk measures the wait on a clock that may have been set: it began with the call at the
    earliest.
    """
    began = min(call.received_at, entry.at)
    if entry.entry_type in IN_QUEUE and call.state is not CallState.QUEUE:
        yield JoinedQueue(max(began, entry.at - entry.waited_seconds), entry.queue)
    match entry.entry_type:
        case EntryType.JOINED:
            yield JoinedQueue(entry.at, entry.queue)
        case EntryType.CONNECTED | EntryType.TAKEN_OVER:
            yield Connected(entry.at, entry.by, entry.seat)
        case EntryType.WITHDRAWN:
            yield OpenedQueueMenu()
        case EntryType.TRANSFERRED:
            yield Transferred(entry.at)
        case EntryType.LEFT:
            yield LeftQueue()
        case EntryType.GAVE_UP:
            pass  # the end itself has a line of its own
        case EntryType.RECEIVED | EntryType.DIALLED | EntryType.ENDED | EntryType.RESTARTED:
            pass  # the call's first, its last, and none of a call
        case _:
            assert_never(entry.entry_type)


def _last_steps(state: CallState, ended: QueueLogEntry) -> Iterator[Event]:
    """From where the earlier entries have a call to where the last one says it was."""
    waits = state in (CallState.QUEUE, CallState.QUEUE_MENU)
    if waits and ended.state is not CallState.QUEUE:
        yield LeftQueue()
        state = CallState.MENU
    if state is CallState.MENU and ended.state is CallState.INFO:
        yield PlayedMessage()
    elif state is CallState.MENU and ended.state is CallState.CLOSED:
        yield Rejected()
    elif state is CallState.MENU and ended.state is CallState.BOOKED:
        yield Booked()
    elif state is CallState.MENU and ended.state is CallState.DEFLECTED:
        yield Deflected()
