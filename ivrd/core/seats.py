"""Seats: where agents sit, in pools that open and close together.

`difference` compares the seats that should be open with the queue members that Asterisk reports
and returns what to change.  It may be repeated: with nothing to change it returns nothing.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

# Pause reasons tell our pauses from an agent's own; any other of ours says why the seat rests.
OURS = "ivrd: "
CLOSED_BY_US = f"{OURS}closed"
# Reasons that follow from what the seat's agent has told ivrd (agent.py).
BY_AGENT = "agent: "
WRAP_UP = f"{BY_AGENT}wrap-up"
SKILLS = f"{BY_AGENT}skills"  # in one queue, whose callers the agent cannot help

# Penalties: app_queue rings the lowest first.
IN_TURN, PARTNERS, LAST = 0, 10, 20


@dataclass(frozen=True)
class Turn:
    """When a seat is rung: in its turn, after all others (`last`), or with a `pause` not at all.

    `pause` is the reason, as Asterisk keeps it.  `wraps_up`: its agents have wrap-up after a talk.
    `barred`: queues in which it is not rung, for whoever is there cannot help their callers.
    """

    last: bool = False
    pause: str = ""
    wraps_up: bool = False
    barred: Collection[str] = ()

    def within(self, queue: str) -> "Turn":
        """The same for one queue."""
        return self if self.pause or queue not in self.barred else replace(self, pause=SKILLS)

    @property
    def penalty(self) -> int:
        """As app_queue has it."""
        return LAST if self.last else IN_TURN


class SeatStatus(StrEnum):
    """What a seat's phone, or a partner's trunk, is doing; as status and metrics publish it."""

    FREE = "free"
    RINGING = "ringing"
    BUSY = "busy"
    AWAY = "away"  # not registered, unreachable, or unknown to Asterisk
    PAUSED = "paused"  # its phone is there, but it is not rung in its turn; never a trunk


def on_line(seat: str) -> bool:
    """Whether its people dial in and stay on the line (`POOL.NN`); no phone rings there."""
    return "." in seat


@dataclass(frozen=True)
class Pool:
    """Seats that open and close together, and the queues they serve.

    `fixed` pools stand in Asterisk's own configuration: they are there without ivrd.  `fewer`: by
    seat, the queues of those whose people cannot help everybody (skills.py).
    """

    name: str
    seats: tuple[str, ...]
    queues: tuple[str, ...]
    fixed: bool
    fewer: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    def queues_of(self, seat: str) -> tuple[str, ...]:
        """The queues that one of its seats serves."""
        return self.fewer.get(seat, self.queues)


@dataclass(frozen=True)
class Member:
    """A seat in one queue, as Asterisk reports it."""

    queue: str
    seat: str
    paused: bool = False
    reason: str = ""
    in_call: bool = False
    ringing: bool = False
    reachable: bool = True
    penalty: int = IN_TURN
    paused_at: float = 0.0  # seconds since the epoch; 0 when it is not known

    @property
    def closed_by_us(self) -> bool:
        """Paused because its pool is closed, not by its agent."""
        return self.paused and self.reason == CLOSED_BY_US

    @property
    def rests(self) -> bool:
        """Paused by us because it did not answer."""
        return self.paused and self.reason.startswith(OURS) and not self.closed_by_us

    @property
    def by_agent(self) -> bool:
        """Paused by us because its agent does not want to be rung, or because nobody is there."""
        return self.paused and self.reason.startswith(BY_AGENT)

    @property
    def barred(self) -> bool:
        """Paused by us because its agent cannot help the callers of this queue."""
        return self.paused and self.reason == SKILLS

    @property
    def by_others(self) -> bool:
        """Paused by somebody who did not ask ivrd, as with Asterisk's console."""
        return self.paused and not self.reason.startswith((OURS, BY_AGENT))


@dataclass(frozen=True)
class AddMember:
    """Put a seat into a queue, paused if there is a reason."""

    queue: str
    seat: str
    pause: str = ""
    wraps_up: bool = False


@dataclass(frozen=True)
class RemoveMember:
    """Take a seat out of a queue; a talk that is on goes on."""

    queue: str
    seat: str


@dataclass(frozen=True)
class PauseMember:
    """Stop (with a reason) or resume (without one) offering calls to a seat that stays there."""

    queue: str
    seat: str
    reason: str

    @property
    def paused(self) -> bool:
        """Whether it is to be paused."""
        return bool(self.reason)


@dataclass(frozen=True)
class SetPenalty:
    """Ring a seat earlier or later than others."""

    queue: str
    seat: str
    penalty: int


MemberChange = AddMember | RemoveMember | PauseMember | SetPenalty


def difference(
    pools: Collection[Pool],
    open_pools: Collection[str],
    members: Mapping[tuple[str, str], Member],
    turn: Callable[[str], Turn] | None = None,
) -> list[MemberChange]:
    """What to change so that exactly the seats of `open_pools` take calls, each when it has to.

    `members`: by queue and seat.  Without `turn` nothing is said of penalties, and no seat rests.
    Members that belong to no pool are left alone, and so is one that somebody else has paused.
    """
    changes: list[MemberChange] = []
    for pool in pools:
        wanted = pool.name in open_pools
        for seat in pool.seats:
            when = turn(seat) if wanted and turn else None
            for queue in pool.queues_of(seat):
                member = members.get((queue, seat))
                here = Turn() if when is None else when.within(queue)
                if change := _change(pool, wanted, queue, seat, member, here):
                    changes.append(change)
                if member is not None and when is not None:
                    changes += _turn(member, here)
    return changes


def memberships(pool: Pool) -> Iterator[tuple[str, str]]:
    """Each (queue, seat) that the pool fills when it is open."""
    return ((queue, seat) for seat in pool.seats for queue in pool.queues_of(seat))


def _change(
    pool: Pool, wanted: bool, queue: str, seat: str, member: Member | None, turn: Turn
) -> MemberChange | None:
    if member is None:
        return AddMember(queue, seat, turn.pause, turn.wraps_up) if wanted else None
    if wanted:
        opens = member.closed_by_us and not turn.pause
        return PauseMember(queue, seat, "") if opens else None
    if not pool.fixed:
        return RemoveMember(queue, seat)
    if not member.paused or member.rests or member.by_agent:
        return PauseMember(queue, seat, CLOSED_BY_US)
    return None


def _turn(member: Member, turn: Turn) -> Collection[MemberChange]:
    """What makes a seat that is at work rest, or be rung earlier or later."""
    if not turn.pause and not member.paused and member.penalty == turn.penalty:
        return ()
    changes: list[MemberChange] = []
    if turn.pause and not _paused_for(member, turn.pause):
        changes.append(PauseMember(member.queue, member.seat, turn.pause))
    elif not turn.pause and (member.rests or member.by_agent):
        changes.append(PauseMember(member.queue, member.seat, ""))
    if member.penalty != turn.penalty:
        changes.append(SetPenalty(member.queue, member.seat, turn.penalty))
    return changes


def _paused_for(member: Member, reason: str) -> bool:
    """Whether a member is paused and is to stay so as it is."""
    if member.by_others:
        return True
    if reason.startswith(BY_AGENT):
        return member.paused and member.reason == reason
    return member.rests  # for what is told once, at the beginning


def open_now(pools: Collection[Pool], members: Mapping[tuple[str, str], Member]) -> set[str]:
    """The pools that are open by what Asterisk reports: `members` by queue and seat.

    Closed seats are away or paused by us.  An agent's own pause means nothing for the pool,
    unless there is nothing else to go by: then it counts as open.
    """
    here = {pool.name: [members[m] for m in memberships(pool) if m in members] for pool in pools}
    return {name for name, found in here.items() if _is_open(found)}


def open_after(
    open_pools: Collection[str], before: Iterable[Pool], now: Iterable[Pool]
) -> set[str]:
    """The pools that are open when the pools `now` take the place of those `before`.

    A pool that was there stays as it is.  A new one with as many seats for the same queues as one
    that is gone is that one by another name.  Any other new one is open if Asterisk's own
    configuration has it.
    """
    old, new = {pool.name: pool for pool in before}, {pool.name: pool for pool in now}
    gone = [pool for name, pool in old.items() if name not in new]
    after = {name for name in open_pools if name in new}
    for name in new.keys() - old.keys():
        former = next((pool for pool in gone if _same_shape(pool, new[name])), None)
        if former.name in open_pools if former else new[name].fixed:
            after.add(name)
    return after


def _same_shape(one: Pool, other: Pool) -> bool:
    return (len(one.seats), one.queues, one.fixed) == (len(other.seats), other.queues, other.fixed)


def _is_open(members: list[Member]) -> bool:
    takes_calls = any(not member.paused for member in members)
    return takes_calls or (bool(members) and not any(m.closed_by_us for m in members))
