"""How many seats to open, at which partner, and why: a pure function of one moment.

Theory of operation
-------------------
`decide` looks at a frozen `Snapshot` and knows nothing else; what it wants to remember it hands
back in the `Decision` and finds in the next snapshot.

1. **The target.**  Erlang-A (forecast.py) says how many people the service level needs for all
   queues together.  Each queue gets its part by load.  The hotline's own agents are taken off:
   those who serve the fewest queues first, and first where no partner could help.
2. **The backlog.**  Callers for whom no seat is free, and whom the seats at work will not reach
   shortly, get as many further seats as answer them within `drain_seconds`.  Whoever is to be
   called back waits as well, without a line: bookings count as the callers do.
3. **Steadiness.**  More seats open at once.  Some close only when clearly fewer were enough for
   `hold_seconds` on end, and then as many stay as that time needed at its worst, and some to spare.
4. **Shares** by pledge (partner.py).

Queues with the same trained partners are one group: what is wanted and remembered goes by group.
The decision never cuts a talk: seats that are busy beyond what is wanted stay until they are free,
which is for the one who carries it out.

Times are seconds; `now` may be any clock that does not change between snapshots.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import ceil

from ivrd.core.forecast import Load, combine_loads, seats_needed
from ivrd.core.partner import Group, PartnerSnapshot, allocate_seats


@dataclass(frozen=True)
class QueueSnapshot:
    """One queue.  `ages`: how long each waiting caller has waited, from the effective arrival.

    `booked`: people who are to be called back now, and for whom no call waits in the queue yet.
    """

    name: str
    ages: tuple[float, ...]
    load: Load
    booked: int = 0

    @property
    def backlog(self) -> int:
        """All who wait for a person."""
        return len(self.ages) + self.booked


@dataclass(frozen=True)
class AgentGroup:
    """The hotline's own agents who serve the same queues: how many are there, and in a talk.

    One whose phone rings is not busy: the caller counts as waiting until the answer.
    """

    queues: frozenset[str]
    present: int
    busy: int


@dataclass(frozen=True)
class Policy:
    """What is wanted.  Ratios and times (seconds) are over 0; `floor` and `ceiling` are seats."""

    target_ratio: float = 0.8
    target_seconds: float = 20.0
    drain_seconds: float = 180.0  # in which a backlog is to be answered
    reach_seconds: float = 5.0  # whom the seats at work answer so soon is no backlog
    floor: int = 0  # partner seats open at all times
    ceiling: int = 1000  # partner seats never exceeded, but by pins
    hold_seconds: float = 120.0  # for so long fewer must be enough before any close
    slack: float = 0.2  # of the seats: a smaller fall closes none, and as many stay to spare
    expected_talk_seconds: float = 300.0  # on average, until talks were seen
    expected_patience_seconds: float = 120.0  # until callers who hung up were seen


@dataclass(frozen=True)
class Hysteresis:
    """What a group remembers: its seats, and since when at most `low_peak` would have done."""

    seats: int
    low_since: float | None = None
    low_peak: int = 0


@dataclass(frozen=True)
class Snapshot:
    """Everything that a decision rests on.

    `last` is `hysteresis` of the decision before.  Without it (a restart) the seats that are open
    stand in for it, so that nothing closes at once.
    """

    now: float
    queues: tuple[QueueSnapshot, ...]
    agent_groups: tuple[AgentGroup, ...]
    partners: tuple[PartnerSnapshot, ...]
    policy: Policy = Policy()
    last: Mapping[Group, Hysteresis] = field(default_factory=dict)


@dataclass(frozen=True)
class Share:
    """The seats that one partner should have, and why."""

    partner: str
    seats: int
    reason: str


@dataclass(frozen=True)
class Decision:
    """`wanted` seats in all, of which the partners can give those in `shares`.

    `reason` has all the numbers that went in, `summary` the main ones in a few words.
    """

    wanted: int
    shares: tuple[Share, ...]
    reason: str
    summary: str
    hysteresis: Mapping[Group, Hysteresis]

    @property
    def seats(self) -> dict[str, int]:
        """Seats by partner."""
        return {s.partner: s.seats for s in self.shares}


@dataclass(frozen=True)
class _Need:
    """A group's seats: `target` for the service level; `base` and on top `drain` are wanted."""

    target: float
    base: float
    drain: float

    @property
    def seats(self) -> int:
        return ceil(round(self.base + self.drain, 6))


@dataclass(frozen=True)
class _Plan:
    """What was worked out on the way to a decision; `people` for the target, in-house or not."""

    people: int
    needs: Mapping[Group, _Need]
    hysteresis: Mapping[Group, Hysteresis]
    wanted: int
    seats: Mapping[str, int]


def decide(snapshot: Snapshot) -> Decision:
    """The seats that each partner should have now."""
    plan = _plan(snapshot)
    pledged = sum(p.partner.pledged for p in snapshot.partners if p.most > 0)
    shares = tuple(
        Share(p.id, plan.seats[p.id], p.explain(plan.seats[p.id], plan.wanted, pledged))
        for p in snapshot.partners
    )
    return Decision(
        wanted=plan.wanted,
        shares=shares,
        reason="; ".join(_reasons(snapshot, plan)),
        summary="; ".join(_summary(snapshot, plan)),
        hysteresis=plan.hysteresis,
    )


def _plan(snapshot: Snapshot) -> _Plan:
    policy, groups = snapshot.policy, _groups(snapshot)
    people = _people(snapshot)
    short = _short(snapshot, people)
    needs = {group: _need(snapshot, group, queues, short) for group, queues in groups.items()}
    # The floor is kept where partners can help, and of those where most calls are.
    loads = {group: sum(q.load.erlangs for q in queues) for group, queues in groups.items()}
    first = max(groups, key=lambda group: (bool(group), loads[group]), default=None)
    hysteresis = {}
    for group, need in needs.items():
        floor = policy.floor if group == first else 0
        seats = min(max(need.seats, floor), policy.ceiling)
        hysteresis[group] = _hold(seats, _before(snapshot, group, groups), snapshot)
    wanted = {group: h.seats for group, h in hysteresis.items()}
    shares = allocate_seats(snapshot.partners, wanted, policy.ceiling)
    return _Plan(people, needs, hysteresis, min(sum(wanted.values()), policy.ceiling), shares)


def _people(snapshot: Snapshot) -> int:
    """How many people, in-house and at partners, the target needs for all queues together."""
    load, policy = combine_loads(q.load for q in snapshot.queues), snapshot.policy
    lendable = min(policy.ceiling, sum(p.partner.cap for p in snapshot.partners))
    return seats_needed(
        load.arrivals,
        load.handling,
        load.patience,
        policy.target_ratio,
        policy.target_seconds,
        at_most=sum(agent_group.present for agent_group in snapshot.agent_groups) + lendable,
    )


def _short(snapshot: Snapshot, people: int) -> dict[str, float]:
    """The people that each queue lacks for the target when the own agents have been shared out."""
    load = sum(q.load.erlangs for q in snapshot.queues)
    short = {q.name: people * q.load.erlangs / load if load > 0 else 0.0 for q in snapshot.queues}
    helpable = frozenset[str]().union(*(p.queues for p in snapshot.partners))
    for agent_group in sorted(
        snapshot.agent_groups, key=lambda agent_group: len(agent_group.queues)
    ):
        left = float(agent_group.present)
        for turn in (agent_group.queues - helpable, agent_group.queues & helpable):
            here = [name for name in short if name in turn]
            lacking = sum(short[name] for name in here)
            part = min(1.0, left / lacking) if lacking > 0 else 0.0
            left -= part * lacking
            short.update({name: short[name] * (1.0 - part) for name in here})
    return short


def _groups(snapshot: Snapshot) -> dict[Group, list[QueueSnapshot]]:
    """The queues by the partners that are trained for them."""
    groups: dict[Group, list[QueueSnapshot]] = {}
    for queue in snapshot.queues:
        trained = frozenset(p.id for p in snapshot.partners if queue.name in p.queues)
        groups.setdefault(trained, []).append(queue)
    return groups


def _need(
    snapshot: Snapshot, group: Group, queues: list[QueueSnapshot], short: Mapping[str, float]
) -> _Need:
    """What one group needs.  A backlog finds the seats that are busy taken: it needs others."""
    policy = snapshot.policy
    target = sum(short[q.name] for q in queues)
    names = {q.name for q in queues}
    busy = sum(min(p.most, sum(p.talks.get(n, 0) for n in names)) for p in snapshot.partners)
    here = busy + sum(
        agent_group.present for agent_group in snapshot.agent_groups if agent_group.queues & names
    )
    handling = combine_loads(q.load for q in queues).handling
    oldest = max((age for q in queues for age in q.ages), default=0.0)
    reach = max(0.0, 1.0 - oldest / policy.target_seconds) * policy.reach_seconds
    backlog = sum(_unserved(snapshot, q) for q in queues) - here * reach / handling
    if backlog <= 0:
        return _Need(target, target, 0.0)
    base = max(target, float(busy))
    callers = max(0.0, backlog - (base - busy))
    return _Need(target, base, callers * min(1.0, handling / policy.drain_seconds))


def _unserved(snapshot: Snapshot, queue: QueueSnapshot) -> int:
    """Those who wait and for whom no agent of the hotline's own is free."""
    free = sum(c.present - c.busy for c in snapshot.agent_groups if queue.name in c.queues)
    return max(0, queue.backlog - max(0, free))


def _before(snapshot: Snapshot, group: Group, groups: Mapping[Group, object]) -> Hysteresis:
    """What the group had; seats of a partner in several groups stand in for it in parts."""
    if group in snapshot.last:
        return snapshot.last[group]
    seats = 0
    for p in snapshot.partners:
        if p.id in group:
            seats += min(p.open, p.most) // sum(p.id in other for other in groups)
    return Hysteresis(seats)


def _hold(seats: int, before: Hysteresis, snapshot: Snapshot) -> Hysteresis:
    """More at once; fewer when clearly fewer were enough all the time."""
    policy, now = snapshot.policy, snapshot.now
    if seats >= before.seats:
        return Hysteresis(seats)
    if seats >= before.seats * (1.0 - policy.slack):
        return Hysteresis(before.seats)
    if before.low_since is None:
        return Hysteresis(before.seats, now, seats)
    peak = max(before.low_peak, seats)
    if now - before.low_since >= policy.hold_seconds:
        return Hysteresis(min(before.seats, ceil(round(peak * (1.0 + policy.slack), 6))))
    return Hysteresis(before.seats, before.low_since, peak)


def _reasons(snapshot: Snapshot, plan: _Plan) -> Iterator[str]:
    """The numbers that went in, in the order in which they were used."""
    policy, load = snapshot.policy, combine_loads(q.load for q in snapshot.queues)
    yield f"{plan.wanted} seats wanted, {sum(plan.seats.values())} asked of partners"
    yield (
        f"{plan.people} people for {policy.target_ratio:.0%} within {policy.target_seconds:g} s "
        f"at {load.arrivals * 60:.1f} calls a minute, talks of {load.handling:.0f} s, "
        f"patience {load.patience:.0f} s"
    )
    present, busy = (
        sum(c.present for c in snapshot.agent_groups),
        sum(c.busy for c in snapshot.agent_groups),
    )
    short = sum(need.target for need in plan.needs.values())
    yield f"{present} agents of our own, {busy} busy: {short:.1f} seats short"
    if waiting := _waiting(snapshot, "the oldest for {:.0f} s"):
        more = sum(need.base + need.drain for need in plan.needs.values()) - short
        yield f"{waiting}: {more:.1f} seats more to drain them within {policy.drain_seconds:g} s"
    for hysteresis in plan.hysteresis.values():
        if hysteresis.low_since is not None:
            left = max(0.0, hysteresis.low_since + policy.hold_seconds - snapshot.now)
            yield f"{hysteresis.seats} held for {left:.0f} s more, {hysteresis.low_peak} would do"


def _waiting(snapshot: Snapshot, oldest: str) -> str:
    """Who waits, in words; empty when nobody does.  `oldest`: how the longest wait is put."""
    ages = [age for q in snapshot.queues for age in q.ages]
    booked = sum(q.booked for q in snapshot.queues)
    said = [f"{len(ages)} waiting, {oldest.format(max(ages))}"] if ages else []
    return ", ".join([*said, *([f"{booked} to be called back"] if booked else [])])


def _summary(snapshot: Snapshot, plan: _Plan) -> Iterator[str]:
    """What stands in the way, and then why seats are wanted: of the reasons those at work."""
    given = sum(plan.seats.values())
    short = ceil(round(sum(need.target for need in plan.needs.values()), 6))
    if given < plan.wanted:
        yield f"partners can give {given}"
    if any(need.drain > 0 for need in plan.needs.values()):
        yield _waiting(snapshot, "{:.0f} s the longest")
    if short > 0:
        yield f"our own agents are {short} short"
    elif plan.wanted and plan.wanted == snapshot.policy.floor:
        yield f"{plan.wanted} are always open"
    held = [h.low_since for h in plan.hysteresis.values() if h.low_since is not None]
    if held:
        yield f"held {max(0.0, max(held) + snapshot.policy.hold_seconds - snapshot.now):.0f} s more"
    if not plan.wanted:
        yield "our own agents are enough"
