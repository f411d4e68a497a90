"""What outlives a process: stored calls, missed ends, and who the leader is.

One ivrd alone is the leader at once; of two on one Redis one is (election.py).  A new leader reads
what was stored before it, enters it into the ledger, and from then on stores what happens and
reconciles what no event reported.  A standby follows the calls, counts none and stores none.
"""

import asyncio
import json
import logging
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from ivrd import log
from ivrd.asterisk.ami_action import ConnectionLost
from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.ami_link import ActionRefused
from ivrd.asterisk.breaks import with_breaks
from ivrd.asterisk.queue_log import LogPosition
from ivrd.calls.tracker import CallTracker
from ivrd.core.clock import Timeline
from ivrd.ha.call_repository import CallRepository, StoredCall
from ivrd.ha.election import Election
from ivrd.ha.reconciliation import MOST_AT_ONCE, Reconciliation
from ivrd.store import StoreDown, WriteBehind
from ivrd.store.write_behind import REWRITE

MARKS, QUEUE_LOG = "marks", "queue_log"
TICK_SECONDS = 1.0
RETRY_SECONDS = 0.5  # when Asterisk did not report what is there
READ_AGAIN_SECONDS = 10.0  # between attempts to read a store that can be written
FLUSH_SECONDS = 2.0  # at the end: a store that is down must not keep the process

logger = logging.getLogger("ivrd")


@dataclass(frozen=True)
class _Checkpoint:
    """How far queue_log is reconciled, and when the first call began that may not be (epoch)."""

    mark: LogPosition
    since: float

    def text(self) -> str:
        return json.dumps({"mark": self.mark.text(), "since": self.since})

    @classmethod
    def of(cls, text: str) -> "_Checkpoint | None":
        """None for what is no position."""
        try:
            fields = json.loads(text)
            mark, since = LogPosition.of(fields["mark"]), float(fields["since"])
        except (ValueError, TypeError, KeyError):
            return None
        return cls(mark, since) if mark else None


@dataclass(frozen=True)
class _Stored:
    """What the leader before this one, or an earlier run, has stored."""

    calls: list[StoredCall]  # those in progress
    checkpoint: _Checkpoint | None
    known: set[str]  # ids of those that have ended since the checkpoint


class Room(Protocol):
    """How many callers Asterisk has room for; see asterisk/capacity.py."""

    async def read(self) -> None:
        """Look at the running Asterisk and, as the leader, tell its dialplan."""


class Restorable(Protocol):
    """What else is stored; see api/partner_operations.py and ivrd/people."""

    async def restore(self) -> None:
        """Read what was stored before.  Does not raise; a store that is down is read later."""

    def write_again(self) -> None:
        """Store all that stands once more: the store is back, and may have lost it."""


@dataclass(frozen=True)
class Persistence:
    """The store, and who keeps what in it."""

    write_behind: WriteBehind
    calls: CallRepository
    partners: Restorable
    people: tuple[Restorable, ...]
    bookings: Restorable


class Failover:
    """Restores, stores, reconciles and takes over, on this `timeline`.

    `began`: this ivrd is the leader, and what was stored before it is read as far as it can be.
    """

    def __init__(
        self,
        election: Election,
        link: AmiClient,
        tracker: CallTracker,
        reconciliation: Reconciliation,
        persistence: Persistence,
        room: Room,
        timeline: Timeline,
    ) -> None:
        self._leadership = election.leadership
        self._election = election
        self._link = link
        self._tracker = tracker
        self._reconciliation = reconciliation
        self._persistence = persistence
        self._room = room
        self._write_behind = persistence.write_behind
        self._timeline = timeline
        self.began = False
        self._blind = False  # began without what was stored before
        self._read_again_at = 0.0  # then it is tried again to read that
        self._rebuilding = asyncio.Lock()
        self._mark: LogPosition | None = None
        # Those of the leader, as this ivrd has seen them while it was the standby.
        self._followed: deque[_Checkpoint] = deque(maxlen=round(REWRITE / TICK_SECONDS))
        if not self._leadership.is_leader:
            tracker.stand_by()
            self._write_behind.hold = True

    async def run(self) -> None:
        """Write, reconcile and take part in the election, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._write_behind.run(self._write_all))
            group.create_task(self._election.run())
            group.create_task(self._take_over())
            group.create_task(self._reconcile())

    async def close(self) -> None:
        """Write what is left and close the store, when `run` has ended."""
        await self._write_behind.close(FLUSH_SECONDS, self._write_all)
        self._reconciliation.close()

    # --- becoming the leader ---------------------------------------------------------------

    async def _take_over(self) -> None:
        """Once this ivrd is the leader: begin; an Asterisk that does not answer is asked again."""
        await self._leadership.gained.wait()
        log.event(logger, logging.INFO, "is the leader now", epoch=self._leadership.epoch)
        while self._leadership.is_leader:
            try:
                await self._link.keepalive()  # from now on new callers are for this ivrd
                await self.up()
            except (ConnectionLost, ActionRefused, TimeoutError):
                await asyncio.sleep(RETRY_SECONDS)
            else:
                break

    async def up(self) -> None:
        """Connected to Asterisk, or the leader now: bring the ledger to what Asterisk reports.

        Events that come while the store is read are held until it is read.  An Asterisk that was
        started anew while this ivrd was the standby has not been told for how many callers it has
        room.
        """
        async with self._rebuilding:
            begins = self._leadership.is_leader and not self.began
            await self._tracker.rebuild(self._begin if begins else None)
        await self._room.read()

    async def _begin(self) -> None:
        """Read what was stored before; count, store and reconcile from now on."""
        tracker, reconciliation = self._tracker, self._reconciliation
        tracker.ledger.begin_counting()
        read = await self._stored()
        self._blind = read is None
        stored = read or _Stored([], None, set())
        async for one in with_breaks(stored.calls):
            tracker.restore(one.call, one.position)
        await self._persistence.partners.restore()
        for each in self._persistence.people:
            await each.restore()
        await self._persistence.bookings.restore()
        self._mark = stored.checkpoint.mark if stored.checkpoint else None
        await reconciliation.seek(self._mark)
        reconciliation.begin(None if self._blind else stored.known, self._timeline.now())
        self._persistence.calls.begin()
        tracker.ivr.active = self.began = True
        tracker.queue_members.forget()
        self._write_behind.hold = False
        self._keep_mark()

    async def _stored(self) -> _Stored | None:
        """What was stored before; None while it cannot be read.

        A store that has no checkpoint has lost what the leader before had recorded: that is
        recorded anew from the earliest checkpoint that was seen as the standby.
        """
        repository = self._persistence.calls
        try:
            calls = await repository.calls()
            marks = await self._write_behind.load(MARKS)
            checkpoint = _Checkpoint.of(marks.get(QUEUE_LOG, ""))
            if checkpoint is None and self._followed:
                checkpoint = self._followed[0]
            known = await repository.ended_since(checkpoint.since) if checkpoint else set[str]()
        except StoreDown:
            return None
        return _Stored(calls, checkpoint, known)

    async def _catch_up(self) -> None:
        """Read what could not be read at the beginning: some of those calls may have ended."""
        stored = await self._stored()
        if stored is None:
            return
        await self._persistence.bookings.restore()  # before calls that were made for them end
        async with self._rebuilding:
            here = self._tracker.ledger.calls
            for one in stored.calls:
                if one.call.id not in here and not self._reconciliation.recorded(one.call.id):
                    self._tracker.restore(one.call, one.position)
            if stored.checkpoint is not None:
                self._reconciliation.read_again(stored.checkpoint.mark, stored.known)
            self._blind = False
            log.event(logger, logging.INFO, "what was stored before the start is read")
            with suppress(ConnectionLost, ActionRefused, TimeoutError):  # done on reconnecting
                await self._tracker.rebuild()

    # --- storing and reconciling -----------------------------------------------------------

    def _write_all(self) -> None:
        """The store is back: it may have lost what is here, so store that again."""
        if not self.began:
            return
        self._write_calls()
        self._mark = None  # without one a new leader does not know who ended meanwhile
        self._keep_mark()
        self._persistence.partners.write_again()
        for each in self._persistence.people:
            each.write_again()
        self._persistence.bookings.write_again()

    def _write_calls(self) -> None:
        for call in self._tracker.ledger.calls.values():
            self._persistence.calls.moved(call, self._tracker.ivr.position(call.id))

    def _follow_clock(self) -> None:
        """Somebody has set the machine's clock: what is stored has the time of day as it was."""
        if step := self._timeline.stepped():
            what = "the machine's clock was set; waits and talks are measured without it"
            log.event(logger, logging.WARNING, what, seconds=round(step))
            self._write_calls()

    async def _reconcile(self) -> None:
        """Each second: record ends that were missed, and store how far queue_log is reconciled."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._follow_clock()
            if not self.began and not self._leadership.is_leader:
                await self._follow_checkpoints()
            if not self.began or not self._leadership.is_leader:
                continue
            now = asyncio.get_running_loop().time()
            if self._blind and self._write_behind.up and self._read_again_at <= now:
                self._read_again_at = now + READ_AGAIN_SECONDS
                await self._catch_up()
            recorded = MOST_AT_ONCE
            while recorded >= MOST_AT_ONCE:
                ends = await self._reconciliation.tick(self._timeline.now())
                self._tracker.record_ends(ends)
                recorded = len(ends)
            self._keep_mark()

    async def _follow_checkpoints(self) -> None:
        """As the standby, remember the leader's checkpoints of the last while that had a store."""
        with suppress(StoreDown):
            marks = await self._write_behind.peek(MARKS)
            if checkpoint := _Checkpoint.of(marks.get(QUEUE_LOG, "")):
                self._followed.append(checkpoint)

    def _keep_mark(self) -> None:
        """Store how far queue_log is reconciled, if that has changed.

        Not before the earlier mark is read: it says from where on nothing is reconciled yet.
        """
        mark = None if self._blind else self._reconciliation.mark
        if mark is not None and mark != self._mark:
            self._mark = mark
            since = self._reconciliation.since(self._timeline.now()) + self._timeline.shift
            self._write_behind.put(MARKS, QUEUE_LOG, _Checkpoint(mark, since).text())

    # --- handing over ----------------------------------------------------------------------

    async def hand_over(self) -> str:
        """Let the standby be the leader, with all that is known stored; its name, or nothing."""
        successor = await self._election.successor()
        if successor:
            await self._write_behind.flush(FLUSH_SECONDS)
            await self._election.hand_over(successor)
        return successor
