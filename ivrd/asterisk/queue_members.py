"""Seats on the running Asterisk: keeps the queues' members as the open pools want them.

Nothing is remembered over a restart: which pools are open, and which seats rest because they did
not answer, is read from Asterisk; the difference to what is wanted is sent.  Any step may be
repeated.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Protocol, assert_never

from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.member_actions import MemberActions
from ivrd.asterisk.member_changes import by_seat, former, repeated, unexpected
from ivrd.asterisk.members import Members
from ivrd.asterisk.seat_facts import (
    MemberChanged,
    SeatDropped,
    SeatFact,
    SeatResumed,
    SeatState,
    SeatUnanswered,
)
from ivrd.asterisk.snapshot import AsteriskSnapshot
from ivrd.core.last_resort import seats_of_last_resort
from ivrd.core.seat_health import SeatHealth, SeatNotice, SeatRow
from ivrd.core.seats import (
    WRAP_UP,
    Member,
    MemberChange,
    Pool,
    SeatStatus,
    Turn,
    difference,
    open_after,
    open_now,
)

AT_WORK = (SeatStatus.BUSY, SeatStatus.RINGING)


class SeatListener(Protocol):
    """Receives what becomes of seats that do not answer; never waits."""

    def seat(self, pool: str, notice: SeatNotice) -> None:
        """Take it in."""


class Agents(Protocol):
    """The people at the seats; see agents/controller.py."""

    def has_seat(self, seat: str) -> bool:
        """Whether the seat is one of an agent's: rung only while somebody is signed in there."""

    def pause_reason(self, seat: str) -> str | None:
        """Why it is not to be rung, empty if it is to be; None while that is not known."""

    def barred(self, seat: str) -> Collection[str] | None:
        """Queues whose callers the agent there cannot help; None while that is not known."""


class QueueMembers:
    """The pools, which of them are open, and what each seat is doing."""

    def __init__(
        self,
        link: AmiClient,
        pools: tuple[Pool, ...],
        clock: Callable[[], float],
        listeners: tuple[SeatListener, ...],
        hurry: Callable[[], None],
        agents: Agents,
    ) -> None:
        self.pools = pools
        self.open: set[str] | None = None  # unknown until Asterisk has reported
        self.states: dict[str, SeatStatus] = {}  # by seat
        self.health = SeatHealth()
        # Partners' seats, and whether they are to take calls; None: nothing is decided yet, so
        # they stay as they are.
        self.partner_pools: list[tuple[Pool, bool]] | None = None
        self._agents = agents
        self._listeners = listeners
        self._hurry = hurry  # asks to be reconciled before its time
        self._actions = MemberActions(link, self._forget)
        self._clock = clock
        self._members = Members()
        self._pool_of = by_seat(pools)
        self._former_seats: set[str] = set()  # seats of former configurations
        self._woken: set[str] = set()  # seats that are rung although they rest
        self._talk_seconds: Mapping[str, float] = {}  # on average, by queue; unknown at first

    def configure(self, pools: tuple[Pool, ...]) -> None:
        """From now on these pools; `reconcile` brings Asterisk to them."""
        if self.open is not None:
            self.open = open_after(self.open, self.pools, pools)
        before, self._pool_of = self._pool_of, by_seat(pools)
        self._former_seats |= before.keys()
        self._former_seats -= self._pool_of.keys()
        self.pools = pools

    def lend(self, pools: list[tuple[Pool, bool]], talk_seconds: Mapping[str, float]) -> None:
        """Partners' seats, and whether each part is to take calls; see partners/controller.py.

        `talk_seconds`: how long a talk lasts on average, by queue.
        """
        self.partner_pools = pools
        self._talk_seconds = talk_seconds

    def forget(self) -> None:
        """Until now another ivrd opened and closed pools: which are open is read anew.

        What was decided on partners' seats knew nothing of what that one has stored: overrides,
        breakers, pledges.  They stay as they are until it is decided anew.
        """
        self.open = self.partner_pools = None

    # --- what Asterisk reports -------------------------------------------------------------

    def read(self, snapshot: AsteriskSnapshot) -> None:
        """Take in what Asterisk reports; the first time this also says which pools are open."""
        self._members = Members(snapshot.members)
        self.states = dict(snapshot.seats)
        now = self._clock()
        other = {m.seat for m in self._members if m.by_agent and not m.barred}
        self.health.read(self._members, now, other | self._woken | self._last_resort(now))
        if self.open is None:
            self.open = open_now(self.pools, self._members.all)

    def changed(self, fact: SeatFact) -> None:
        """Take in one change that Asterisk reports, or how a seat answered."""
        match fact:
            case SeatState():
                self.states[fact.seat] = fact.state
            case MemberChanged():
                self._member(fact)
            case SeatUnanswered():
                if self.pool_of(fact.seat):
                    now = fact.at or self._clock()
                    self._tell(self.health.unanswered(fact.seat, now, fact.rang_seconds))
            case SeatDropped():
                now = fact.at or self._clock()
                self._tell(self.health.dropped(fact.seat, now, fact.drops, fact.silent_seconds))
            case SeatResumed():
                self._tell(self.health.resume(fact.seat, fact.by))
            case _:
                assert_never(fact)

    def answered(self, seat: str, at: float) -> None:
        """A seat took a call."""
        if self.health.answered(seat, at or self._clock()):
            self._hurry()

    def _member(self, fact: MemberChanged) -> None:
        if not fact.there:
            self._members.remove(fact.queue, fact.seat)
            return
        before = self._members.all.get((fact.queue, fact.seat), Member(fact.queue, fact.seat))
        self._members.put(
            replace(
                before,
                paused=fact.paused,
                reason=fact.reason,
                penalty=fact.penalty,
                paused_at=fact.paused_at,
            )
        )
        self.states[fact.seat] = fact.state
        now = self._clock()
        resumed = before.rests and not fact.paused and self.health.turn(fact.seat, now).pause
        if resumed and fact.seat not in self._woken | self._last_resort(now):
            self._tell(self.health.resume(fact.seat, "Asterisk"))  # nobody of ours has done that

    def _tell(self, notices: list[SeatNotice]) -> None:
        for notice in notices:
            for listener in self._listeners:
                listener.seat(self.pool_of(notice.seat), notice)
        if notices:
            self._hurry()

    # --- looking ---------------------------------------------------------------------------

    def pool_of(self, seat: str) -> str:
        """The pool of a seat of our own; empty for any other."""
        pool = self._pool_of.get(seat)
        return pool.name if pool else ""

    def state(self, seat: str) -> SeatStatus:
        """What a seat's phone, or the person on its line, is doing."""
        return self.states.get(seat, SeatStatus.AWAY)

    def serves(self, seat: str) -> list[str]:
        """The queues whose callers are offered to the seat when it is free."""
        return [member.queue for member in self._members.of(seat) if not member.paused]

    def free(self) -> Iterator[Collection[str]]:
        """Of each seat that can be rung now and has answered so far, the queues that it serves."""
        for seat, _queues in self._members.seats():
            if self.states.get(seat) is SeatStatus.FREE and not self.doubted(seat):
                yield self.serves(seat)

    def doubted(self, seat: str) -> bool:
        """Whether nobody should count on the seat: it did not answer before."""
        return self.health.absent(seat, self._clock())

    def here(self, pool: Pool) -> dict[str, SeatStatus]:
        """What each of the pool's seats is doing that takes calls, or still finishes one.

        `paused`: its phone is there, but it rests, has yet to show that it answers again, or
        somebody has paused it.  A seat whose agent has paused, or is not there, takes no calls; in
        wrap-up it is busy.
        """
        now = self._clock()
        found = {}
        for seat in pool.seats:
            members = self._open_members(seat)
            state = self.states.get(seat, SeatStatus.AWAY)
            if state in AT_WORK:
                found[seat] = state
            elif members and (there := self._there(seat, state, members, now)):
                found[seat] = there
        return found

    def _there(
        self, seat: str, state: SeatStatus, members: list[Member], now: float
    ) -> SeatStatus | None:
        """What a seat is doing that is open and in no call; None if nobody is there."""
        reason = self._pause_reason(seat)
        if reason and reason != WRAP_UP:
            return None
        if state is SeatStatus.AWAY:
            return state
        if reason:
            return SeatStatus.BUSY
        resting = all(m.paused for m in members) or self.health.absent(seat, now)
        return SeatStatus.PAUSED if resting else state

    def _pause_reason(self, seat: str) -> str:
        """Why its agent does not want it to be rung; what Asterisk has until that is known."""
        if not self._agents.has_seat(seat):
            return ""
        reason = self._agents.pause_reason(seat)
        if reason is None:
            found = (m.reason for m in self._members.of(seat) if m.by_agent and not m.barred)
            return next(found, "")
        return reason

    def _barred(self, seat: str) -> Collection[str]:
        """Queues whose callers its agent cannot help; as Asterisk has it until that is known."""
        barred = self._agents.barred(seat)
        if barred is None:
            return {m.queue for m in self._members.of(seat) if m.barred}
        return barred

    def crews(self, pool: Pool) -> Mapping[frozenset[str], Mapping[str, SeatStatus]]:
        """`here`, by the queues that those at the seats serve."""
        found: dict[frozenset[str], dict[str, SeatStatus]] = {frozenset(pool.queues): {}}
        for seat, state in self.here(pool).items():
            queues = frozenset(pool.queues_of(seat)).difference(self._barred(seat))
            found.setdefault(queues, {})[seat] = state
        return found

    def _open_members(self, seat: str) -> list[Member]:
        """A seat where Asterisk has it, but for what is closed."""
        return [member for member in self._members.of(seat) if not member.closed_by_us]

    def list_seats(self) -> list[SeatRow]:
        """Every seat of our own: what it is doing, and why it is not rung in its turn."""
        now = self._clock()
        rows = []
        for pool in self.pools:
            states = self.here(pool)
            for seat in pool.seats:
                paused = [m for m in self._open_members(seat) if m.paused]
                reason = next((m.reason for m in paused if not m.rests), "")
                why = self.health.describe(seat, now)
                if seat in self._woken and why:
                    why = f"rung all the same, for too few others are there: {why}"
                rows.append(
                    SeatRow(
                        seat=seat,
                        pool=pool.name,
                        state=states.get(seat, "paused" if paused else "closed"),
                        why=why or reason,
                        paused_at=max((m.paused_at for m in paused), default=0.0),
                    )
                )
        return rows

    def _last_resort(self, now: float) -> set[str]:
        return seats_of_last_resort(
            self._members, self.states, self.health, now, self._talk_seconds
        )

    # --- acting ----------------------------------------------------------------------------

    def resume(self, seat: str, by: str) -> bool:
        """Have a seat rung in its turn again; False for one that is, or that is none of ours."""
        notices = self.health.resume(seat, by)
        self._tell(notices)
        return bool(notices)

    async def reconcile(self) -> list[MemberChange]:
        """Send the difference between what is wanted and what is there; the changes made.

        Raises `ActionRefused` with Asterisk's words for the first change that it refuses, after all
        others are made.
        """
        if self.open is None:
            return []
        now = self._clock()
        self._tell(self.health.advance(now))
        self._woken = self._last_resort(now)

        def turn(seat: str) -> Turn:
            wanted = self.health.turn(seat, now)
            if seat in self._woken:
                wanted = replace(wanted, pause="")
            if not self._agents.has_seat(seat):
                return wanted
            reason = self._pause_reason(seat)
            pause = reason or wanted.pause
            return replace(wanted, pause=pause, wraps_up=True, barred=self._barred(seat))

        changes = difference(self.pools, self.open, self._members.all, turn)
        changes += former(self._members, self._pool_of, self._former_seats)
        if self.partner_pools is not None:
            lent = [pool for pool, _wanted in self.partner_pools]
            taking = {pool.name for pool, wanted in self.partner_pools if wanted}
            changes += difference(lent, taking, self._members.all)
            changes += unexpected(lent, self._members.all_lent())
        await self._actions.send(changes)
        return changes

    async def repeat(self) -> None:
        """Say again why our own seats are paused, and which are rung last.

        When Asterisk reads queues.conf it keeps its members' pauses, but neither their reasons nor
        their penalties, and reports none of that (`create_queue_member` in apps/app_queue.c).
        Without a reason a pause would be taken for the agent's own.  Raises what `reconcile` does.
        """
        await self._actions.send(repeated(self._members, self._pool_of))

    def lent(self, partner: str) -> Collection[str]:
        """A partner's seats that take calls now."""
        return self._members.lent(partner)

    def _forget(self, queue: str, seat: str) -> None:
        """A queue is gone with all its seats, of which Asterisk says nothing."""
        self._members.remove(queue, seat)
