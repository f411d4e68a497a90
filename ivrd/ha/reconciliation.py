"""Ends of calls that no event reported are recorded from Asterisk's queue_log.

Theory of operation
-------------------
Events tell the ledger how calls end; an ivrd that was down, or disconnected, has missed some.
Asterisk writes all of them into queue_log.  Once a second what is new there is read, and each call
that it ends is compared with the ledger.  A call that the ledger has ended is done.  Any other is
given a grace, for its event is usually on the way, and is then recorded as queue_log has it.

Calls that the ledger has and Asterisk has not (`missing`) are recorded as soon as queue_log has
their end: hung up, or cut off, also by a restart of Asterisk of which queue_log has an entry.  When
it has none that was read after a few seconds, or cannot be read, they are recorded as hung up: by
queue_log where that saw them in a queue or with a person, else where the ledger last had them.

`mark` is where to begin after a restart: it moves past a call only when its end is recorded.

Nothing here sleeps or changes the ledger: `missing` and `tick` are called with the time, in seconds
since the epoch, and return what is to be recorded now.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from math import inf
from typing import Protocol

from ivrd import log
from ivrd.asterisk.queue_log import LogPosition
from ivrd.calls.listeners import LastSeen, Resolution
from ivrd.core.call import Call, Outcome, Stage
from ivrd.core.call_events import CutOff, HungUp, MediaLost
from ivrd.core.call_notices import Ended, Notice
from ivrd.core.queue_log_replay import (
    LogEntry,
    QueueLogReplay,
    ReplayedCall,
    SettledEntry,
)

logger = logging.getLogger("ivrd")

GRACE_SECONDS = 2.0  # for the event of an end that queue_log has already
PATIENCE_SECONDS = 3.0  # for queue_log to have the end of a call that is gone
HANGS_SECONDS = 10.0  # after which a read that was to show it is not waited for
READ_SECONDS = 1.0  # for one read of queue_log
LATE_SECONDS = 60.0  # for queue_log to have an end that is recorded
MARGIN_SECONDS = 60.0  # between Asterisk's clock and ours, and for lines on their way
MOST_AT_ONCE = 100  # ends that are recorded in one step of the event loop
MOST_ENDED = 100_000  # recorded ends that queue_log may not have yet


class QueueLogSource(Protocol):
    """Asterisk's queue_log; see asterisk/queue_log.py."""

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

    def read(self) -> list[tuple[LogEntry, LogPosition]]:
        """The entries that were written since; blocks."""

    def close(self) -> None:
        """Close the file."""


class Reconciliation:
    """`calls`: the calls in progress by id, as the ledger has them at any time.  `moment`: when a
    line was written that has this time stamp, on the timeline of the calls.  `person_of(token)`:
    whom an attempt to call somebody back was for; empty when that is not known, None when it is not
    known yet, and the end waits for it.  `settled(entry)`
    gets what callers have answered after their talks; it may be told the same again.

    Until `begin` a call that is missing is just unresolved: a standby counts nothing.
    """

    def __init__(
        self,
        reader: QueueLogSource,
        calls: Mapping[str, Call],
        moment: Callable[[float], float],
        person_of: Callable[[str], str | None],
        settled: Callable[[SettledEntry], None],
    ) -> None:
        self.active = False
        self.reconciled: Counter[Outcome] = Counter()
        self.unresolved = 0
        self.differences = 0  # calls whose end queue_log has otherwise than the ledger
        self.strangers = 0  # ends of calls whose beginning neither queue_log nor the ledger has
        self.mark: LogPosition | None = reader.mark
        self._reader = reader
        self._calls = calls
        self._moment = moment
        self._person_of = person_of
        self._settled = settled
        self._replay: QueueLogReplay[LogPosition] = QueueLogReplay()
        self._known: set[str] = set()  # recorded by an earlier run
        self._ended: dict[str, tuple[Outcome, Stage]] = {}  # those that queue_log has not ended
        self._keeps_ended = False  # those that it has ended as well: queue_log may be read again
        # Ends that were recorded: whose, when the call began, when that was.
        self._late: deque[tuple[str, float, float]] = deque(maxlen=MOST_ENDED)
        self._waiting: dict[str, tuple[ReplayedCall, float]] = {}
        self._missing: dict[str, float] = {}
        self._found: set[str] = set()  # their ends are in queue_log, and about to be recorded
        self._now = 0.0
        self._behind = False
        self._reading: asyncio.Future[list[tuple[LogEntry, LogPosition]]] | None = None
        self._reading_since = self._read_since = -inf  # when that, and the last that ended, began
        self._turn = asyncio.Lock()  # one read at a time
        # Where the next read begins, if not where the last ended.
        self._again: LogPosition | None = None
        self._trouble = ""
        self._gaps = 0

    async def seek(self, mark: LogPosition | None) -> None:
        """Go to `mark` in queue_log; without one to where it ends."""
        await asyncio.to_thread(self._reader.start, mark)

    def begin(self, known: Iterable[str] | None, now: float) -> None:
        """Reconcile from now on.  `known`: ids of calls whose ends an earlier run has recorded.

        None: they cannot be read yet, and `read_again` follows when they can.
        """
        self._keeps_ended = known is None
        self._known.update(known or ())
        self._now = now
        self.mark = self._reader.mark
        self.active = True

    def close(self) -> None:
        """Close queue_log."""
        self._reader.close()

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
        """When the first call began whose end may have to be recorded from `mark` on.

        Or whose end was recorded lately: a store that is back without it has to get it again, and
        from the next leader if this one has gone.
        """
        waiting = (finished.call.received_at for finished, _since in self._waiting.values())
        here = (call.received_at for call in self._replay.open.values())
        lately = (began for _call_id, began, _at in self._late)
        return min((now, *waiting, *here, *lately)) - MARGIN_SECONDS

    def recorded(self, call_id: str) -> bool:
        """Whether the end of a call is known to be recorded, and queue_log may still bring it."""
        return call_id in self._ended or call_id in self._known

    def read_again(self, mark: LogPosition, known: Iterable[str]) -> None:
        """Read queue_log again from `mark`; the ends of `known` calls stay as recorded."""
        self._known.update(known, self._ended)
        self._keeps_ended = False
        self._again = mark
        self._read_since = -inf  # what was read until now shows no end of those calls

    def notice(self, notice: Notice) -> None:
        """Something happened to a call; an end, by an event or by us, settles it."""
        if not self.active or not isinstance(notice, Ended):
            return
        call_id = notice.call.id
        self._missing.pop(call_id, None)
        self._late.append((call_id, notice.call.received_at, self._now))
        if call_id in self._found:
            self._found.discard(call_id)
            self.reconciled[notice.outcome] += 1
            _log_call(logging.INFO, "call reconciled with queue_log", notice.call, notice.outcome)
            if not self._keeps_ended:
                return
        self._ended[call_id] = (notice.outcome, notice.stage)
        if len(self._ended) > MOST_ENDED:
            del self._ended[next(iter(self._ended))]

    def missing(self, ids: Iterable[str], at: float) -> list[Resolution]:
        """Calls that the ledger has and Asterisk has not; the ends that are known now."""
        if not self.active:
            return [LastSeen(call_id, HungUp(at)) for call_id in ids]
        for call_id in ids:
            self._missing.setdefault(call_id, at)
        return self._due(at)

    async def tick(self, now: float) -> list[Resolution]:
        """Read what is new in queue_log; the ends to be recorded now.

        Once a second, and again at once when there are `MOST_AT_ONCE`.
        """
        async with self._turn:
            self._now = now
            return await self._tick(now)

    async def _tick(self, now: float) -> list[Resolution]:
        if self._reading is None:
            self._reading_since = now
            self._reading = asyncio.ensure_future(asyncio.to_thread(self._read, self._again))
            if self._again is not None:  # what was read from there on is read once more
                self._replay, self._waiting, self._again = QueueLogReplay(), {}, None
        # A disk that hangs holds up nothing else; what it gives at last is for a later tick.
        await asyncio.wait([self._reading], timeout=READ_SECONDS)
        if self._reading.done():
            entries, self._reading = self._reading.result(), None
            self._read_since = self._reading_since
            self._behind = self._reader.behind
            for entry, mark in entries:
                dated = replace(entry, at=self._moment(entry.at))
                if isinstance(dated, SettledEntry):
                    self._settled(dated)
                    continue
                for finished in self._replay.take(dated, mark):
                    self._finished(finished, now)
            self._report()
            self._forget_late(now)
        due = self._due(now)
        if self._reading is None and self._again is None:
            self.mark = self._replay.oldest or self._reader.mark
        return due

    def _read(self, again: LogPosition | None) -> list[tuple[LogEntry, LogPosition]]:
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

    def _due(self, now: float) -> list[Resolution]:
        """The ends whose time has come, `MOST_AT_ONCE` or one more: the others are due as well."""
        due: list[Resolution] = []
        for call_id, (finished, since) in list(self._waiting.items()):
            if len(due) >= MOST_AT_ONCE:
                return due
            if call_id in self._ended:
                self._compare(finished)
            elif self._waits(finished, since, now):
                continue
            else:
                due += self._reconcile(finished)
            del self._waiting[call_id]
            self._replay.done(call_id)
            if not self._keeps_ended:
                self._ended.pop(call_id, None)
        for call_id, since in list(self._missing.items()):
            if len(due) >= MOST_AT_ONCE:
                return due
            # Until it can be read from the earlier mark on, its end may be before what was read.
            looked = not self._keeps_ended and self._read_since >= since + PATIENCE_SECONDS
            waits = self._behind or (not looked and 0.0 <= now - since < HANGS_SECONDS)
            if call_id not in self._calls:
                self._missing.pop(call_id, None)
            elif not (waits and self._reader.readable):
                due += self._without_queue_log(call_id, since)
        return due

    def _waits(self, finished: ReplayedCall, since: float, now: float) -> bool:
        """Whether the event of an end may still come, or it may become known whose it was."""
        call_id, waited = finished.call.id, now - since
        unseen = bool(finished.token) and call_id not in self._calls
        if unseen and self._person_of(finished.token) is None:
            return 0.0 <= waited < LATE_SECONDS
        return call_id not in self._missing and 0.0 <= waited < GRACE_SECONDS

    def _without_queue_log(self, call_id: str, at: float) -> Iterator[Resolution]:
        """A call is gone and queue_log does not say how."""
        self._missing.pop(call_id, None)
        finished = self._replay.over(call_id, at)
        if finished is not None:
            yield from self._reconcile(finished)
        elif self._was_cut_off(self._calls[call_id]):
            yield self._cut_off(call_id, min(at, self._replay.stopped_at or at))
        else:
            yield self._unresolved(call_id, at)
        self._replay.done(call_id)

    def _was_cut_off(self, call: Call) -> bool:
        """Whether Asterisk has restarted since the call began; queue_log has whole seconds."""
        restarted_at = self._replay.restarted_at
        return restarted_at is not None and int(call.received_at) <= restarted_at

    def _reconcile(self, finished: ReplayedCall) -> Iterator[Resolution]:
        """A call's end as queue_log has it, or, where that is not sure, as the ledger does."""
        call, here = finished.call, finished.call.id in self._calls
        self._missing.pop(call.id, None)
        if here and not finished.sure and not self._is_behind(call):
            yield self._last_seen(call)
        elif here or finished.whole:
            self._ended.setdefault(call.id, (finished.outcome, finished.stage))
            self._found.add(call.id)
            person = self._person_of(finished.token) if finished.token else ""
            yield Ended(replace(call, caller=person or ""), finished.outcome, finished.stage)
        else:
            self.strangers += 1

    def _is_behind(self, call: Call) -> bool:
        """Whether queue_log saw the call join a queue, and the ledger did not."""
        return call.joined_at is not None and self._calls[call.id].joined_at is None

    def _last_seen(self, call: Call) -> LastSeen:
        """The end of a call of which queue_log tells how it ended, at most, and not where."""
        at = call.ended_at or call.received_at
        if call.media_lost:
            self._found.add(call.id)
            return LastSeen(call.id, MediaLost(at, call.silent_seconds))
        return (self._cut_off if call.cut_off else self._unresolved)(call.id, at)

    def _cut_off(self, call_id: str, at: float) -> LastSeen:
        """A restart of Asterisk, of which queue_log has an entry, ended the call."""
        self._found.add(call_id)
        return LastSeen(call_id, CutOff(at))

    def _unresolved(self, call_id: str, at: float) -> LastSeen:
        self.unresolved += 1
        what = "call unresolved: recorded as hung up where it was last seen"
        log.event(logger, logging.INFO, what, call=call_id)
        return LastSeen(call_id, HungUp(at))

    def _compare(self, finished: ReplayedCall) -> None:
        """The ledger stays as it is; a queue_log that differs is only counted."""
        own = self._ended[finished.call.id]
        if finished.whole and finished.sure and own != (finished.outcome, finished.stage):
            self.differences += 1
            what = "queue_log has another end of a call than the ledger"
            _log_call(logging.DEBUG, what, finished.call, finished.outcome, ledger=own[0].value)

    def _forget_late(self, now: float) -> None:
        """Do not keep the mark for calls whose end queue_log has lost."""
        if self._behind or not self._reader.readable:
            return
        while self._late and not 0.0 <= now - self._late[0][2] < LATE_SECONDS:
            call_id, _began, _at = self._late.popleft()
            if call_id in self._replay.open:
                self._replay.done(call_id)

    def _report(self) -> None:
        """What is wrong with queue_log, once for each change."""
        if self._reader.trouble != self._trouble:
            self._trouble = self._reader.trouble
            if self._trouble:
                what = "queue_log cannot be read; calls whose end is missed stay unresolved"
                log.event(logger, logging.WARNING, what, why=self._trouble)
            else:
                log.event(logger, logging.INFO, "queue_log can be read")
        if self._reader.gaps != self._gaps:
            self._gaps = self._reader.gaps
            what = "a part of queue_log is lost; calls that ended in it are not counted"
            log.event(logger, logging.WARNING, what)


def _log_call(level: int, what: str, call: Call, outcome: Outcome, ledger: str = "") -> None:
    fields = {"ledger": ledger} if ledger else {}
    log.event(logger, level, what, error=None, call=call.id, outcome=outcome.value, **fields)
