"""What outlives a process: calls written down, ends booked from Asterisk's record, who acts.

One ivrd alone acts at once; of two on one Redis one acts (election.py).  Whoever begins to act
reads what was written down before it, enters it into the books, and from then on writes down what
happens and heals what nobody saw.  One that stands by follows the calls, counts none and writes
nothing.
"""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ivrd import log
from ivrd.asterisk.ami_client import ActionRefused, AmiClient
from ivrd.asterisk.ami_protocol import ConnectionLost
from ivrd.asterisk.queue_log import LogPosition, QueueLogReader
from ivrd.calls.ivr import MenuPosition
from ivrd.calls.tracker import CallTracker
from ivrd.core.call import Call, Ended, Notice
from ivrd.ha.call_repository import CallRepository, StoredCall
from ivrd.ha.election import Election, Role
from ivrd.ha.reconciliation import BookingPort, Reconciliation
from ivrd.store import Lease, Store, StoreDown, WriteBehind

MARKS, QUEUE_LOG = "marks", "queue_log"
TICK_SECONDS = 1.0
AGAIN_SECONDS = 0.5  # when Asterisk did not tell what is there
LOOK_BACK_SECONDS = 10.0  # between two tries to read what a store holds that can be written
FLUSH_SECONDS = 2.0  # at the end: a store that is down must not keep the process

logger = logging.getLogger("ivrd")


@dataclass(frozen=True)
class _Checkpoint:
    """How far the record is booked, and when the first call began that may not be (epoch)."""

    mark: LogPosition
    since: float

    def text(self) -> str:
        return json.dumps({"mark": self.mark.text(), "since": self.since})

    @classmethod
    def of(cls, text: str) -> "_Checkpoint | None":
        """None for what is no place."""
        try:
            says = json.loads(text)
            mark, since = LogPosition.of(says["mark"]), float(says["since"])
        except (ValueError, TypeError, KeyError):
            return None
        return cls(mark, since) if mark else None


@dataclass(frozen=True)
class _Stored:
    """What was written down before us."""

    calls: list[StoredCall]  # who was here
    state: _Checkpoint | None
    known: set[str]  # ids of those who have ended since that place


class Failover:
    """The store and everything that rests on it.

    `queue_log` is Asterisk's record.  `stepped_down(why)` is called when another ivrd acts: then
    this process should end and begin anew.  `clock`: seconds since the epoch.
    """

    def __init__(
        self,
        name: str,
        store: Store,
        lease: Lease | None,
        queue_log: Path,
        link: AmiClient,
        tracker: CallTracker,
        call_repository: Callable[[WriteBehind], CallRepository],
        stepped_down: Callable[[str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.write_behind = WriteBehind(
            store, self._store_says, lambda: self.election.step_down("fenced")
        )
        self.call_repository = call_repository(self.write_behind)
        self.election = Election(name, lease, link, self._fence, self._lead, stepped_down)
        self.reconciliation: Reconciliation | None = None
        self.also_begin: Callable[[], Awaitable[None]] | None = None  # what else is to be read
        self.also_back: Callable[[], None] = lambda: None  # what else is to be written again
        self._store = store
        self._reader = QueueLogReader(queue_log)
        self._tracker = tracker
        self._link = link
        self._clock = clock
        self._began = False
        self._blind = False  # began without what was written down before us
        self._look_back_at = 0.0  # then it is tried again to read that
        self._rebuilding = asyncio.Lock()
        self._mark: LogPosition | None = None
        self._to_lead = asyncio.Event()
        tracker.ivr.active = tracker.ledger.counting = lease is None
        self.write_behind.hold = lease is not None

    @property
    def is_leader(self) -> bool:
        """Whether this ivrd speaks to callers, moves seats and counts."""
        return self.election.role is not Role.STANDBY

    async def run(self) -> None:
        """Write, heal and watch who acts, until cancelled."""
        tasks = [self.write_behind.run(), self.election.run(), self._take_over(), self._reconcile()]
        async with asyncio.TaskGroup() as group:
            for task in tasks:
                group.create_task(task)

    async def close(self) -> None:
        """Write what is left and let go of the store, when `run` has ended."""
        writing = asyncio.create_task(self.write_behind.run())
        await self.write_behind.flush(FLUSH_SECONDS)
        writing.cancel()
        await self._store.close()
        self._reader.close()

    # --- what happens ----------------------------------------------------------------------

    def moved(self, call: Call, position: MenuPosition | None) -> None:
        """A call that is here is in another place than before."""
        if self._began:
            self.call_repository.moved(call, position)

    def notice(self, notice: Notice) -> None:
        """A call has ended, or something else happened to it."""
        if self._began:
            self.call_repository.notice(notice)
            if self.reconciliation is not None and isinstance(notice, Ended):
                self.reconciliation.ended(notice, self._clock())

    def _missed(self, ids: list[str], at: float) -> None:
        """Asterisk has these calls no longer: its record may tell how they ended."""
        if self.reconciliation is not None:
            self.reconciliation.missed(ids, at)

    def _store_says(self, up: bool, why: str) -> None:
        if up:
            log.event(logger, logging.INFO, "the store is back; what was decided meanwhile is kept")
            self._write_all()
        else:
            what = "the store is gone; calls go on, and what is decided waits to be written"
            log.event(logger, logging.WARNING, what, why=why)

    def _write_all(self) -> None:
        """Write down what is here: a store that is back may have lost it."""
        for call in self._tracker.ledger.calls.values():
            self.moved(call, self._tracker.ivr.position(call.id))
        if self.reconciliation is not None:
            self._mark = None  # whoever begins without one does not know who ended meanwhile
            self._keep_mark(self.reconciliation)
        if self._began:
            self.also_back()

    # --- beginning to act ------------------------------------------------------------------

    def _fence(self, epoch: int) -> None:
        self.write_behind.epoch = epoch

    def _lead(self) -> None:
        """The other ivrd is gone, or has handed over: act from now on."""
        log.event(logger, logging.INFO, "is the leader now", epoch=self.election.epoch)
        self._to_lead.set()

    async def _take_over(self) -> None:
        """Once we are to act: begin; an Asterisk that does not answer is asked again."""
        await self._to_lead.wait()
        while self.is_leader:
            try:
                await self._link.keepalive()  # from now on new callers are for us
                await self.up()
            except (ConnectionLost, ActionRefused, TimeoutError):
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                break

    async def up(self) -> None:
        """The link to Asterisk is there, or ours to act on: bring the books to what is there.

        What happens while we read what was written down waits until it is read.
        """
        async with self._rebuilding:
            begins = self.is_leader and not self._began
            await self._tracker.rebuild(self._begin if begins else None)

    async def _begin(self) -> None:
        """Read what was written down before us; count, write and heal from now on."""
        tracker = self._tracker
        tracker.ledger.begin_counting()
        read = await self._before()
        self._blind = read is None
        before = read or _Stored([], None, set())
        for kept in before.calls:
            tracker.restore(kept.call, kept.position)
        if self.also_begin is not None:
            await self.also_begin()
        self._mark = before.state.mark if before.state else None
        await asyncio.to_thread(self._reader.start, self._mark)
        port = BookingPort(
            lambda: tracker.ledger.calls,
            tracker.record_reconciled,
            tracker.record_cut_off,
            tracker.record_unresolved,
        )
        self.reconciliation = Reconciliation(self._reader, port, before.known)
        tracker.missed = self._missed
        tracker.ivr.active = self._began = True
        self.write_behind.hold = False
        self._keep_mark(self.reconciliation)

    async def _before(self) -> _Stored | None:
        """What was written down before us; None while it cannot be read."""
        try:
            calls = await self.call_repository.calls()
            state = _Checkpoint.of((await self.write_behind.load(MARKS)).get(QUEUE_LOG, ""))
            known = await self.call_repository.ended_since(state.since) if state else set[str]()
        except StoreDown:
            return None
        return _Stored(calls, state, known)

    async def _catch_up(self, reconciliation: Reconciliation) -> None:
        """Read what could not be read when we began: some of those calls may have ended unseen."""
        before = await self._before()
        if before is None:
            return
        async with self._rebuilding:
            here = self._tracker.ledger.calls
            for kept in before.calls:
                if kept.call.id not in here and not reconciliation.recorded(kept.call.id):
                    self._tracker.restore(kept.call, kept.position)
            if before.state is not None:
                reconciliation.read_again(before.state.mark, before.known)
            self._blind = False
            log.event(logger, logging.INFO, "what was written down before the start is read")
            with suppress(
                ConnectionLost, ActionRefused, TimeoutError
            ):  # it is asked when the link is back
                await self._tracker.rebuild()

    # --- healing ---------------------------------------------------------------------------

    async def _reconcile(self) -> None:
        """Each second: book what ended unseen, and remember how far the record is booked."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            if self.reconciliation is None or not self.is_leader:
                continue
            now = asyncio.get_running_loop().time()
            if self._blind and self.write_behind.up and self._look_back_at <= now:
                self._look_back_at = now + LOOK_BACK_SECONDS
                await self._catch_up(self.reconciliation)
            await self.reconciliation.tick(self._clock())
            self._keep_mark(self.reconciliation)

    def _keep_mark(self, reconciliation: Reconciliation) -> None:
        """Write down how far the record is booked, if that has changed.

        Not before the earlier one is read, which says from where on nobody has booked anything.
        """
        mark = None if self._blind else reconciliation.mark
        if mark is not None and mark != self._mark:
            self._mark = mark
            since = reconciliation.since(self._clock())
            self.write_behind.put(MARKS, QUEUE_LOG, _Checkpoint(mark, since).text())

    # --- handing over ----------------------------------------------------------------------

    async def hand_over(self) -> str:
        """Let the other ivrd act, with all that is known written down; its name, or nothing."""
        successor = await self.election.successor()
        if successor:
            await self.write_behind.flush(FLUSH_SECONDS)
            await self.election.hand_over(successor)
        return successor
