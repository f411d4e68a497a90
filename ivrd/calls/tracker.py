"""Follows every call: what Asterisk reports moves the ledger, and callers get their menu.

Every event is handled at once and in order (fact_handler.py).  The ledger (core.ledger) moves
synchronously; what has to wait (prompts, keys, silences) is for ivr.py.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from panoramisk.message import Message

from ivrd.asterisk import snapshot as snapshots
from ivrd.asterisk import translate as t
from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.ami_link import ActionRefused
from ivrd.asterisk.async_agi import Sessions
from ivrd.asterisk.breaks import with_breaks
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.calls.booking import Booking
from ivrd.calls.cases import Cases
from ivrd.calls.fact_handler import FactHandler
from ivrd.calls.intake import Intake
from ivrd.calls.ivr import Ivr, IvrSettings, QueueLanguage
from ivrd.calls.ledger_updates import LedgerUpdates
from ivrd.calls.links import Links
from ivrd.calls.listeners import CallListeners, EndResolver, Resolution
from ivrd.calls.menu_call import MenuPosition
from ivrd.calls.menu_progress import MenuProgress
from ivrd.calls.placement import Credits, Placement
from ivrd.calls.queue_menus import QueueMenus
from ivrd.calls.recheck import Recheck
from ivrd.calls.screening import Screening
from ivrd.calls.snapshot_matcher import SnapshotMatcher
from ivrd.core.call import Call
from ivrd.core.clock import AsteriskClock
from ivrd.core.ledger import Ledger
from ivrd.core.menu_step import MenuStep
from ivrd.core.priority import PriorityRules, Urgency


@dataclass(frozen=True)
class AsteriskControl:
    """What is read and changed on Asterisk."""

    link: AmiClient
    queue_members: QueueMembers
    sessions: Sessions
    clock: AsteriskClock


class CallTracker:
    """All callers. `identify` turns a call's number into what stands for it everywhere.

    `clock` gives this moment on ivrd's timeline, on which all times of calls are; `staffed(queue)`
    tells whether somebody is there for a queue.
    """

    def __init__(
        self,
        asterisk: AsteriskControl,
        ledger: Ledger,
        settings: IvrSettings,
        listeners: CallListeners,
        resolver: EndResolver,
        credits_: Credits,
        booking: Booking,
        links: Links,
        intake: Intake,
        cases: Cases,
        identify: Callable[[str, str], str],
        clock: Callable[[], float],
        queue_language: QueueLanguage,
        screening: Screening,
        priority: PriorityRules,
        staffed: Callable[[str], bool],
    ) -> None:
        self.ledger = ledger
        self.queue_members = asterisk.queue_members
        self._link = asterisk.link
        self._asterisk_clock = asterisk.clock
        self._listeners = listeners
        self._monitor = listeners.monitor
        self._resolver = resolver
        self._screening = screening
        self._clock = clock
        self._held: deque[Message] | None = None
        self._updates = LedgerUpdates(
            ledger,
            listeners,
            lambda: self.ivr,
            lambda: (self._recheck, self.queue_menus),
            lambda: self.placement,
        )
        self.queue_menus = QueueMenus(
            self._link,
            ledger,
            self.queue_members,
            booking,
            links,
            intake,
            cases,
            lambda: self.ivr,
            lambda: self._recheck,
        )
        progress = MenuProgress(ledger, self._updates.apply, self._updates.moved, self._mark)
        self.ivr = Ivr(
            settings,
            asterisk.sessions,
            self._link,
            self.queue_menus,
            booking,
            links,
            intake,
            cases,
            progress.notify,
            self._stepped,
            self._monitor.broken,
            self._before_joining,
            queue_language,
            screening,
            staffed,
        )
        self._build_waiting(credits_, priority)
        self._build_facts(credits_, identify)

    def _build_waiting(self, credits_: Credits, priority: PriorityRules) -> None:
        """Who waits where, and who is told to look for a seat."""
        self.placement = Placement(
            priority,
            self._link,
            self.ledger,
            credits_,
            self._asterisk_clock,
            self.ivr.channel,
            self._clock,
            self._updates.moved,
        )
        self._recheck = Recheck(
            self._link,
            self.queue_members,
            self.ledger.present,
            self.ivr.channel,
            self.ivr.give_way,
            self._clock,
        )

    def _build_facts(self, credits_: Credits, identify: Callable[[str, str], str]) -> None:
        """What brings the ledger to where Asterisk has the calls: its snapshots, its events."""
        self._matcher = SnapshotMatcher(
            self.ledger, self.ivr, self.placement, credits_, identify, self._updates.apply
        )
        self._facts = FactHandler(
            self.ledger,
            self._updates,
            self.ivr,
            self.queue_menus,
            self.queue_members,
            self.placement,
            self._recheck,
            self._matcher.passing,
            self._resolver,
            self._listeners,
            self._screening,
            identify,
            self._stepped,
        )

    def _mark(self, call_id: str, urgency: Urgency) -> None:
        """A caller who is in a menu is urgent."""
        self.placement.mark(call_id, urgency)

    def _before_joining(self, call_id: str) -> Mapping[str, str]:
        """What the dialplan is to know of the place of a caller who is about to join a queue."""
        return self.placement.before_joining(call_id)

    def _stepped(self, call_id: str, step: MenuStep) -> None:
        """A step in the menu, for the log."""
        self._screening.stepped(step)
        if call := self.ledger.calls.get(call_id):
            self._listeners.story.menu(call, step)

    @property
    def lines_busy(self) -> int:
        """How many callers were told that all lines are busy."""
        return self._facts.lines_busy

    def rung(self) -> Collection[str]:
        """The calls for which a phone is ringing."""
        return self._recheck.rung()

    def record_ends(self, ends: Iterable[Resolution]) -> None:
        """Record ends that reconciliation has found."""
        self._updates.record_ends(ends)

    # --- what Asterisk reports -------------------------------------------------------------

    def take(self, message: Message) -> None:
        """Take in one event; while a snapshot is being read it waits for that."""
        if self._held is None:
            self._take(message)
        else:
            self._held.append(message)

    def _take(self, message: Message) -> None:
        fact = t.fact(message)
        if fact is None:
            return
        self.read_clock()
        if reading := t.at(message):
            self._monitor.lag(max(0.0, self._clock() - self._asterisk_clock.moment(reading)))
        try:
            self._facts.take(t.dated(fact, self._asterisk_clock))
        except Exception as error:  # one event that we cannot take must not cost the link
            self._monitor.broken(getattr(fact, "call_id", ""), error)

    def read_clock(self) -> None:
        """Hold Asterisk's clock against ours, as its last answer to a ping has it."""
        if (pong := self._link.pong) is not None:
            self._asterisk_clock.answered(pong.reading, pong.asked, pong.received)

    # --- connecting and reconnecting -------------------------------------------------------

    def stand_by(self) -> None:
        """Follow calls without counting them or speaking to callers."""
        self.ivr.active = self.ledger.counting = False

    def restore(self, call: Call, position: MenuPosition | None) -> None:
        """Enter a call as another ivrd, or an earlier run, has stored it."""
        self.ledger.restore(call)
        self.ivr.seen(call.id, "", position)

    async def rebuild(self, first: Callable[[], Awaitable[None]] | None = None) -> None:
        """Bring ledger and seats to what Asterisk reports; then handle what happened meanwhile.

        `first` is awaited before that; events are held from its beginning.  Not to be called
        again before it has ended.
        """
        self._held = deque()
        try:
            if first is not None:
                await first()
            seen = await snapshots.read(self._link)
            now = self._clock()
            missing = await self._matcher.match(seen, now)
            self.queue_members.read(seen)
            self._listeners.line.read(seen.on_line)
            for call_id in missing:
                self.ivr.gone(call_id, "Asterisk no longer has the call")
            held = self._held
            async for message in with_breaks(held.popleft() for _ in range(len(held))):
                self._take(message)
        finally:
            rest, self._held = self._held, None
            for message in rest:
                self._take(message)
        self._recheck.restart(self.ledger.calls)
        self.queue_menus.restart()
        await self.ivr.resume()
        self._updates.record_ends(self._resolver.missing(missing, now))
        if not self.ivr.active:
            return  # seats are for the leader to change
        try:
            await self.queue_members.reconcile()
        except (
            ActionRefused
        ) as error:  # seats that Asterisk does not have must not cost the connection
            self._monitor.refused("Seats", str(error))
