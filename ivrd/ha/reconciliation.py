"""Calls that ended unseen are booked from the data plane's own record.

Theory of operation
-------------------
Events tell the books how calls end; whoever was away, or cut off, missed some.  Asterisk writes
all of them into its queue_log.  Once a second what is new there is read, and each call that it
ends is held against the books.  A call that they have ended is done.  Any other is given a grace,
for its event is usually on the way, and then booked as the record has it.

Calls that the books have and Asterisk has not (`missed`) are booked as soon as the record tells
their end.  When it does not within a few seconds, or there is no record, they are booked as hung
up, by the record where it saw them in a queue or with a person, else where the books last saw
them.

`mark` is where to begin after a restart: it moves past a call only when that is booked.

Nothing here sleeps or knows the time: `tick` is called once a second with the time, in seconds
since the epoch.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

from ivrd import log
from ivrd.asterisk.queue_log import LogPosition
from ivrd.core.call import Call, Ended, Outcome, Stage
from ivrd.core.queue_log_replay import QueueLogEntry, QueueLogReplay, ReplayedCall

logger = logging.getLogger("ivrd")

GRACE_SECONDS = 2.0  # for the event of an end that the record has already
PATIENCE_SECONDS = 3.0  # for the record's word on a call that is gone
READ_SECONDS = 1.0  # for one look at the record
LATE_SECONDS = 60.0  # for the record's word on a call that is booked
MARGIN_SECONDS = 60.0  # between Asterisk's clock and ours, and for lines on their way
MOST_ENDED = 100_000  # booked calls that the record may not have ended yet


class QueueLogSource(Protocol):
    """What is asked of the record's file; see asterisk/queue_log.py."""

    trouble: str
    behind: bool
    skipped: int
    gaps: int
    mark: LogPosition | None

    @property
    def readable(self) -> bool:
        """Whether there is a record to read."""

    def start(self, mark: LogPosition | None) -> None:
        """Begin at `mark`; blocks."""

    def read(self) -> list[tuple[QueueLogEntry, LogPosition]]:
        """The lines that were written since; blocks."""


@dataclass(frozen=True)
class BookingPort:
    """What healing does to the books.

    here: the calls in progress.  heal: book an end; its notices come back through `ended`.
    give_up: book calls as hung up at a time, each where it was last seen.
    """

    here: Callable[[], Collection[str]]
    book_reconciled: Callable[[Ended], None]
    book_unresolved: Callable[[list[str], float], None]


class Reconciliation:
    """`known`: ids of calls that were booked by an earlier run, for what is read again."""

    def __init__(
        self, reader: QueueLogSource, port: BookingPort, known: Iterable[str] = ()
    ) -> None:
        self.reconciled: Counter[Outcome] = Counter()
        self.unresolved = 0
        self.differences = 0  # calls whose end the record tells otherwise than the books
        self.strangers = 0  # ends of calls whose beginning neither the record nor the books have
        self.mark: LogPosition | None = reader.mark
        self._reader = reader
        self._port = port
        self._record: QueueLogReplay[LogPosition] = QueueLogReplay()
        self._known = set(known)
        self._ended: dict[str, tuple[Outcome, Stage]] = {}
        self._late: deque[tuple[str, float]] = deque(maxlen=MOST_ENDED)
        self._waiting: dict[str, tuple[ReplayedCall, float]] = {}
        self._missed: dict[str, float] = {}
        self._behind = False
        self._reading: asyncio.Future[list[tuple[QueueLogEntry, LogPosition]]] | None = None
        self._turn = asyncio.Lock()  # one look at a time
        self._again: LogPosition | None = (
            None  # where the next look begins, if not where the last ended
        )
        self._said = ""
        self._gaps = 0

    @property
    def skipped(self) -> int:
        """Lines of the record that were broken."""
        return self._reader.skipped

    @property
    def gaps(self) -> int:
        """How often a part of the record may have been lost before it was read."""
        return self._reader.gaps

    @property
    def open(self) -> int:
        """Calls that the record has not ended."""
        return len(self._record.open)

    def since(self, now: float) -> float:
        """When the first call began (epoch) whose end may have to be booked from `mark` on."""
        waiting = (finished.call.received_at for finished, _since in self._waiting.values())
        here = (call.received_at for call in self._record.open.values())
        return min((now, *waiting, *here)) - MARGIN_SECONDS

    def booked(self, call_id: str) -> bool:
        """Whether the end of a call is in the books, as far as we know."""
        return call_id in self._ended or call_id in self._known

    def read_again(self, mark: LogPosition, known: Iterable[str]) -> None:
        """Read the record from `mark`; whoever is `known` to have ended stays as booked."""
        self._known.update(known, self._ended)
        self._again = mark

    def ended(self, notice: Ended, now: float) -> None:
        """The books have ended a call, by an event or by us."""
        call_id = notice.call.id
        self._missed.pop(call_id, None)
        self._ended[call_id] = (notice.outcome, notice.stage)
        if len(self._ended) > MOST_ENDED:
            del self._ended[next(iter(self._ended))]
        self._late.append((call_id, now))

    def missed(self, ids: Iterable[str], now: float) -> None:
        """Calls that the books have and Asterisk has not."""
        for call_id in ids:
            self._missed.setdefault(call_id, now)
        self._judge(now)

    async def tick(self, now: float) -> None:
        """Read what is new in the record and book what has ended unseen; once a second."""
        async with self._turn:
            await self._tick(now)

    async def _tick(self, now: float) -> None:
        if self._reading is None:
            self._reading = asyncio.ensure_future(asyncio.to_thread(self._look, self._again))
            if self._again is not None:  # what was read from there on is read once more
                self._record, self._waiting, self._again = QueueLogReplay(), {}, None
        # A disk that hangs holds up nothing else; what it gives at last is taken by a later tick.
        await asyncio.wait([self._reading], timeout=READ_SECONDS)
        if self._reading.done():
            lines, self._reading = self._reading.result(), None
            self._behind = self._reader.behind
            for line, mark in lines:
                for finished in self._record.take(line, mark):
                    self._finished(finished, now)
            self._say()
            self._forget_late(now)
        self._judge(now)
        if self._reading is None and self._again is None:
            self.mark = self._record.oldest or self._reader.mark

    def _look(self, again: LogPosition | None) -> list[tuple[QueueLogEntry, LogPosition]]:
        """What is new in the record; blocks."""
        if again is not None:
            self._reader.start(again)
        return self._reader.read()

    def _finished(self, finished: ReplayedCall, now: float) -> None:
        """The record has ended a call."""
        if finished.call.id in self._known:
            self._record.done(finished.call.id)
        else:
            self._waiting.setdefault(finished.call.id, (finished, now))

    def _judge(self, now: float) -> None:
        """Book the calls whose time has come."""
        for call_id, (finished, since) in list(self._waiting.items()):
            if call_id in self._ended:
                self._compare(finished)
            elif call_id in self._missed or not 0.0 <= now - since < GRACE_SECONDS:
                self._reconcile(finished)
            else:
                continue
            del self._waiting[call_id]
            self._record.done(call_id)
        for call_id, since in list(self._missed.items()):
            waits = self._behind or 0.0 <= now - since < PATIENCE_SECONDS
            if call_id not in self._port.here():
                self._missed.pop(call_id, None)
            elif not (waits and self._reader.readable):
                self._without_its_word(call_id, since)

    def _without_its_word(self, call_id: str, at: float) -> None:
        """A call is gone and the record does not say how."""
        self._missed.pop(call_id, None)
        finished = self._record.over(call_id, at)
        if finished is None:
            self._book_unresolved(call_id, at)
        else:
            self._reconcile(finished)
        self._record.done(call_id)

    def _reconcile(self, finished: ReplayedCall) -> None:
        """Book a call as the record has it, or, where that does not tell, as the books do."""
        call, here = finished.call, finished.call.id in self._port.here()
        self._missed.pop(call.id, None)
        if here and not finished.sure:
            self._book_unresolved(call.id, call.ended_at or call.received_at)
        elif here or finished.whole:
            self.reconciled[finished.outcome] += 1
            what = "a call that ended unseen was booked from Asterisk's record"
            _log_call(logging.INFO, what, call, finished.outcome)
            self._port.book_reconciled(Ended(call, finished.outcome, finished.stage))
            self._ended.setdefault(call.id, (finished.outcome, finished.stage))
        else:
            self.strangers += 1

    def _book_unresolved(self, call_id: str, at: float) -> None:
        self.unresolved += 1
        what = "a call that ended unseen was booked as hung up where it was last seen"
        log.event(logger, logging.INFO, what, call=call_id)
        self._port.book_unresolved([call_id], at)

    def _compare(self, finished: ReplayedCall) -> None:
        """The books have spoken; a record that says otherwise is only counted."""
        booked = self._ended[finished.call.id]
        if finished.whole and finished.sure and booked != (finished.outcome, finished.stage):
            self.differences += 1
            what = "Asterisk's record tells a call's end otherwise than the books"
            _log_call(logging.DEBUG, what, finished.call, finished.outcome, booked=booked[0].value)

    def _forget_late(self, now: float) -> None:
        """Do not keep the mark for calls whose end the record has lost."""
        if self._behind or not self._reader.readable:
            return
        while self._late and not 0.0 <= now - self._late[0][1] < LATE_SECONDS:
            call_id, _at = self._late.popleft()
            if call_id in self._record.open:
                self._record.done(call_id)

    def _say(self) -> None:
        """What is wrong with the record, once for each change."""
        if self._reader.trouble != self._said:
            self._said = self._reader.trouble
            if self._said:
                what = "Asterisk's record cannot be read; calls that end unseen are booked without"
                log.event(logger, logging.WARNING, what, why=self._said)
            else:
                log.event(logger, logging.INFO, "Asterisk's record can be read")
        if self._reader.gaps != self._gaps:
            self._gaps = self._reader.gaps
            what = "a part of Asterisk's record is gone; calls that ended in it stay uncounted"
            log.event(logger, logging.WARNING, what)


def _log_call(level: int, what: str, call: Call, outcome: Outcome, booked: str = "") -> None:
    fields = {"booked": booked} if booked else {}
    log.event(logger, level, what, error=None, call=call.id, outcome=outcome.value, **fields)
