"""Reconciliation: calls that ended unseen are recorded as Asterisk's queue_log has them.

Theory of operation
-------------------
Events tell the ledger how calls end; an ivrd that was away, or had lost Asterisk, missed some.
Asterisk writes all of them into its queue_log.  Once a second what is new there is read, and each
call that it ends is compared with the ledger.  A call that has ended there too is done.  Any other
is given a grace, for its event is usually on the way, and is then recorded as queue_log has it.

Calls that the ledger has and Asterisk has not (`missed`) are recorded as soon as queue_log tells
their end: hung up, or cut off, also by a restart of Asterisk of which queue_log tells.  When it
does not tell within a few seconds, or cannot be read, they are unresolved, and recorded as hung
up: where queue_log has them in a queue or with a person, else where the ledger last saw them.

`mark` is where to begin after a restart: it moves past a call only when its end is recorded.

Nothing here sleeps or knows the time: `tick` is called once a second with the time, in seconds
since the epoch.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ivrd import log
from ivrd.asterisk.queue_log import LogPosition
from ivrd.core.call import Call, Ended, Outcome, Stage
from ivrd.core.queue_log_replay import QueueLogEntry, QueueLogReplay, ReplayedCall

logger = logging.getLogger("ivrd")

GRACE_SECONDS = 2.0  # for the event of an end that queue_log has already
PATIENCE_SECONDS = 3.0  # for the entry of a call that is gone
READ_SECONDS = 1.0  # for one reading of queue_log
LATE_SECONDS = 60.0  # for the entry of a call whose end is recorded
MARGIN_SECONDS = 60.0  # between Asterisk's clock and ours, and for entries on their way
MOST_ENDED = 100_000  # ended calls that queue_log may not have ended yet


class QueueLogSource(Protocol):
    """What is asked of queue_log's reader; see asterisk/queue_log.py."""

    trouble: str
    behind: bool
    skipped: int
    gaps: int
    mark: LogPosition | None

    @property
    def readable(self) -> bool:
        """Whether there is a file to read."""

    def start(self, mark: LogPosition | None) -> None:
        """Begin at `mark`; blocks."""

    def read(self) -> list[tuple[QueueLogEntry, LogPosition]]:
        """The entries that were written since; blocks."""


@dataclass(frozen=True)
class BookingPort:
    """What reconciliation does to the ledger; the notices of it come back through `ended`.

    here: the calls in progress by id.  record_reconciled: record an end as queue_log has it.
    record_cut_off, record_unresolved: record a call as cut off, or calls as hung up, at a time,
    each where it was last seen.
    """

    here: Callable[[], Mapping[str, Call]]
    record_reconciled: Callable[[Ended], None]
    record_cut_off: Callable[[str, float], None]
    record_unresolved: Callable[[list[str], float], None]


class Reconciliation:
    """`known`: ids of calls whose end an earlier run recorded, for what is read again."""

    def __init__(
        self, reader: QueueLogSource, port: BookingPort, known: Iterable[str] = ()
    ) -> None:
        self.reconciled: Counter[Outcome] = Counter()
        self.unresolved = 0
        self.differences = 0  # calls whose end queue_log tells otherwise than the ledger
        self.strangers = 0  # ends of calls whose beginning neither queue_log nor the ledger has
        self.mark: LogPosition | None = reader.mark
        self._reader = reader
        self._port = port
        self._replay: QueueLogReplay[LogPosition] = QueueLogReplay()
        self._known = set(known)
        self._ended: dict[str, tuple[Outcome, Stage]] = {}
        self._late: deque[tuple[str, float]] = deque(maxlen=MOST_ENDED)
        self._waiting: dict[str, tuple[ReplayedCall, float]] = {}
        self._missed: dict[str, float] = {}
        self._behind = False
        self._reading: asyncio.Future[list[tuple[QueueLogEntry, LogPosition]]] | None = None
        self._turn = asyncio.Lock()  # one reading at a time
        # Where the next reading begins, if not where the last one ended.
        self._again: LogPosition | None = None
        self._said = ""
        self._gaps = 0

    @property
    def skipped(self) -> int:
        """Lines of queue_log that were broken."""
        return self._reader.skipped

    @property
    def gaps(self) -> int:
        """How often a part of queue_log may have been lost before it was read."""
        return self._reader.gaps

    @property
    def open(self) -> int:
        """Calls that queue_log has not ended."""
        return len(self._replay.open)

    def since(self, now: float) -> float:
        """When the first call began (epoch) whose end may have to be recorded from `mark` on."""
        waiting = (finished.call.received_at for finished, _since in self._waiting.values())
        here = (call.received_at for call in self._replay.open.values())
        return min((now, *waiting, *here)) - MARGIN_SECONDS

    def recorded(self, call_id: str) -> bool:
        """Whether the end of a call is in the ledger, as far as we know."""
        return call_id in self._ended or call_id in self._known

    def read_again(self, mark: LogPosition, known: Iterable[str]) -> None:
        """Read queue_log from `mark`; calls that are `known` to have ended stay as recorded."""
        self._known.update(known, self._ended)
        self._again = mark

    def ended(self, notice: Ended, now: float) -> None:
        """The ledger has ended a call, by an event or by us."""
        call_id = notice.call.id
        self._missed.pop(call_id, None)
        self._ended[call_id] = (notice.outcome, notice.stage)
        if len(self._ended) > MOST_ENDED:
            del self._ended[next(iter(self._ended))]
        self._late.append((call_id, now))

    def missed(self, ids: Iterable[str], now: float) -> None:
        """Calls that the ledger has and Asterisk has not."""
        for call_id in ids:
            self._missed.setdefault(call_id, now)
        self._judge(now)

    async def tick(self, now: float) -> None:
        """Read what is new in queue_log and record what has ended unseen; once a second."""
        async with self._turn:
            await self._tick(now)

    async def _tick(self, now: float) -> None:
        if self._reading is None:
            self._reading = asyncio.ensure_future(asyncio.to_thread(self._look, self._again))
            if self._again is not None:  # what was read from there on is read once more
                self._replay, self._waiting, self._again = QueueLogReplay(), {}, None
        # A disk that hangs holds up nothing else; what it gives at last is taken by a later tick.
        await asyncio.wait([self._reading], timeout=READ_SECONDS)
        if self._reading.done():
            entries, self._reading = self._reading.result(), None
            self._behind = self._reader.behind
            for entry, mark in entries:
                for finished in self._replay.take(entry, mark):
                    self._finished(finished, now)
            self._say()
            self._forget_late(now)
        self._judge(now)
        if self._reading is None and self._again is None:
            self.mark = self._replay.oldest or self._reader.mark

    def _look(self, again: LogPosition | None) -> list[tuple[QueueLogEntry, LogPosition]]:
        """What is new in queue_log; blocks."""
        if again is not None:
            self._reader.start(again)
        return self._reader.read()

    def _finished(self, finished: ReplayedCall, now: float) -> None:
        """queue_log has ended a call."""
        if finished.call.id in self._known:
            self._replay.done(finished.call.id)
        else:
            self._waiting.setdefault(finished.call.id, (finished, now))

    def _judge(self, now: float) -> None:
        """Record the calls whose time has come."""
        for call_id, (finished, since) in list(self._waiting.items()):
            if call_id in self._ended:
                self._compare(finished)
            elif call_id in self._missed or not 0.0 <= now - since < GRACE_SECONDS:
                self._reconcile(finished)
            else:
                continue
            del self._waiting[call_id]
            self._replay.done(call_id)
        for call_id, since in list(self._missed.items()):
            waits = self._behind or 0.0 <= now - since < PATIENCE_SECONDS
            if call_id not in self._port.here():
                self._missed.pop(call_id, None)
            elif not (waits and self._reader.readable):
                self._without_an_end(call_id, since)

    def _without_an_end(self, call_id: str, at: float) -> None:
        """A call is gone and queue_log has no entry of its end."""
        self._missed.pop(call_id, None)
        finished = self._replay.over(call_id, at)
        if finished is not None:
            self._reconcile(finished)
        elif self._was_cut_off(self._port.here()[call_id]):
            self._record_cut_off(call_id, min(at, self._replay.stopped_at or at))
        else:
            self._record_unresolved(call_id, at)
        self._replay.done(call_id)

    def _was_cut_off(self, call: Call) -> bool:
        """Whether Asterisk has begun anew since the call began; it tells whole seconds."""
        restarted_at = self._replay.restarted_at
        return restarted_at is not None and int(call.received_at) <= restarted_at

    def _reconcile(self, finished: ReplayedCall) -> None:
        """Record an end as queue_log has it or, where that does not tell, as the ledger has it."""
        call, here = finished.call, finished.call.id in self._port.here()
        self._missed.pop(call.id, None)
        if here and not finished.sure:
            at = call.ended_at or call.received_at
            record = self._record_cut_off if call.cut_off else self._record_unresolved
            record(call.id, at)
        elif here or finished.whole:
            self._port.record_reconciled(Ended(call, finished.outcome, finished.stage))
            self._ended.setdefault(call.id, (finished.outcome, finished.stage))
            self._count(call.id)
        else:
            self.strangers += 1

    def _record_cut_off(self, call_id: str, at: float) -> None:
        self._port.record_cut_off(call_id, at)
        self._count(call_id)

    def _count(self, call_id: str) -> None:
        """Count a call whose end queue_log had."""
        outcome, _stage = self._ended[call_id]
        self.reconciled[outcome] += 1
        _log_call(logging.INFO, "a call that ended unseen is reconciled", call_id, outcome)

    def _record_unresolved(self, call_id: str, at: float) -> None:
        self.unresolved += 1
        what = "a call that ended unseen is unresolved: recorded as hung up where it was last seen"
        log.event(logger, logging.INFO, what, call=call_id)
        self._port.record_unresolved([call_id], at)

    def _compare(self, finished: ReplayedCall) -> None:
        """The ledger's end stands; a queue_log that has another is only counted."""
        recorded = self._ended[finished.call.id]
        if finished.whole and finished.sure and recorded != (finished.outcome, finished.stage):
            self.differences += 1
            what = "queue_log has another end of a call than the ledger"
            call_id, outcome = finished.call.id, finished.outcome
            _log_call(logging.DEBUG, what, call_id, outcome, recorded=recorded[0].value)

    def _forget_late(self, now: float) -> None:
        """Do not keep the mark for calls whose end queue_log has lost."""
        if self._behind or not self._reader.readable:
            return
        while self._late and not 0.0 <= now - self._late[0][1] < LATE_SECONDS:
            call_id, _at = self._late.popleft()
            if call_id in self._replay.open:
                self._replay.done(call_id)

    def _say(self) -> None:
        """What is wrong with queue_log, once for each change."""
        if self._reader.trouble != self._said:
            self._said = self._reader.trouble
            if self._said:
                what = "queue_log cannot be read; calls that end unseen are unresolved"
                log.event(logger, logging.WARNING, what, why=self._said)
            else:
                log.event(logger, logging.INFO, "queue_log can be read")
        if self._reader.gaps != self._gaps:
            self._gaps = self._reader.gaps
            what = "a part of queue_log is gone; calls that ended in it stay uncounted"
            log.event(logger, logging.WARNING, what)


def _log_call(level: int, what: str, call_id: str, outcome: Outcome, **more: str) -> None:
    log.event(logger, level, what, error=None, call=call_id, outcome=outcome.value, **more)
