"""Partners at work: what their call centres answered, which seats they have now, and why.

Every second the whole moment goes as one snapshot into core.overflow; what it decides is carried
out by the seating, as a difference to what Asterisk reports.  News from partners' legs feed one
breaker for each partner.  Nothing here waits, and nothing here is needed for a call to be
answered by the hotline's own agents.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from ivrd.asterisk.dialplan_names import PARTNER_PREFIX, partner_of
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.asterisk.render.partners import seats_of
from ivrd.asterisk.translate import PartnerLegEvent
from ivrd.core import breaker as b
from ivrd.core.call import Answered, AnsweredBy, Call, Ended, Notice, Offered, Outcome, Stage
from ivrd.core.demand import Demand
from ivrd.core.ledger import Ledger
from ivrd.core.overflow import (
    AgentGroup,
    Decision,
    Hysteresis,
    Policy,
    QueueSnapshot,
    Snapshot,
    decide,
)
from ivrd.core.partner import Group, Override, Partner, PartnerSnapshot, PartnerState, trained_for
from ivrd.core.q850 import Q850, SAYS_NOTHING
from ivrd.core.seats import Pool

HELPED_SECONDS = 3600.0  # over which callers helped even out what whole seats cannot share
ASKED_SECONDS = 8.0  # by then Asterisk has asked every trunk once (render/partners.py)
ABSENT = Q850.SUBSCRIBER_ABSENT  # the dialplan, of a dead trunk; a partner may say it as well
NOT_ASKED = "its trunk has not answered yet"


@dataclass
class PartnerRuntime:
    """One partner: its breaker, what is going on there, and the counts since the start."""

    breaker: b.Breaker = field(default_factory=b.Breaker)
    noted: b.Breaker = field(default_factory=b.Breaker)  # as it was when it was last written down
    legs: dict[str, str] = field(default_factory=dict)  # a seat that rings -> the waiting call
    results: Counter[str] = field(default_factory=Counter)
    helped: deque[float] = field(default_factory=deque)
    lasted: set[str] = field(default_factory=set)  # talks that the breaker knows to be good
    override: Override | None = None
    asked: bool = False  # whether its trunk has answered yet
    verified: str = ""  # the day on which a drill was confirmed; empty: never

    @property
    def ringing(self) -> set[str]:
        """Seats that ring, or whose person has not pressed the key yet."""
        return set(self.legs)

    def tell(self, event: b.Event) -> None:
        """Feed the breaker."""
        self.breaker = b.step(self.breaker, event)


@dataclass(frozen=True)
class PartnerSetup:
    """What the configuration says of partners; replaced as a whole on a reload."""

    partners: tuple[Partner, ...]
    topics: Mapping[str, Iterable[str]]  # queue -> its topics
    policy: Policy
    open_partners: Callable[[], frozenset[str]]  # those within their hours at this moment


class PartnerController:
    """All partners.

    `told(news)` hears of what happens on their legs, `learned(partner, breaker)` of each change of
    a breaker.
    """

    def __init__(self, setup: PartnerSetup, ledger: Ledger, queue_members: QueueMembers) -> None:
        self.setup = setup
        self.told: Callable[[PartnerLegEvent], None] = lambda _news: None
        self.learned: Callable[[str, b.Breaker], None] = lambda _partner, _breaker: None
        self.hurry: Callable[[], None] = lambda: None  # asks for a look before its time
        self.decision: Decision | None = None
        self.snapshot: Snapshot | None = None  # what the decision rests on
        self._ledger = ledger
        self._queue_members = queue_members
        self._runtimes: dict[str, PartnerRuntime] = {}
        self._flows: dict[str, Demand] = {}
        self._hysteresis: Mapping[Group, Hysteresis] = {}
        self._evaluated_at: float | None = None
        self._began: float | None = None

    # --- what happens ----------------------------------------------------------------------

    def runtime(self, partner: str) -> PartnerRuntime:
        """How a partner stands; a new one stands well."""
        return self._runtimes.setdefault(partner, PartnerRuntime())

    def notice(self, notice: Notice) -> None:
        """A call joined a queue, was answered or ended."""
        call = notice.call
        flow = self._flows.setdefault(call.queue, Demand())
        match notice:
            case Offered():
                flow.joined += 1
            case Answered() if call.by is AnsweredBy.PARTNER:
                self.runtime(partner_of(call.seat)).helped.append(call.connected_at or 0.0)
            case Ended():
                flow.talked += notice.outcome is Outcome.ANSWERED
                flow.left += notice.stage is Stage.QUEUE

    def leg_event(self, leg_event: PartnerLegEvent) -> None:
        """Something happened on a partner's leg."""
        runtime = self.runtime(leg_event.partner)
        if leg_event.waiting:  # a drill is no help to anybody
            runtime.results[leg_event.kind] += 1
        if leg_event.kind == "offered":
            runtime.legs[leg_event.seat] = leg_event.waiting
        else:
            runtime.legs.pop(leg_event.seat, None)
        if event := self._event(leg_event, runtime):
            before = b.allowed_seats(runtime.breaker, leg_event.at)
            runtime.tell(event)
            self._note(leg_event.partner, runtime)
            if b.allowed_seats(runtime.breaker, leg_event.at) != before:
                self.hurry()  # each further call to it might be one too many
        if b.at(runtime.breaker, leg_event.at).state is b.BreakerState.HALF_OPEN:
            self.hurry()  # one call is tried, and no second one until it has lasted
        self.told(leg_event)

    def _event(self, leg_event: PartnerLegEvent, runtime: PartnerRuntime) -> b.Event | None:
        """What the news mean to the breaker."""
        match leg_event.kind:
            case "refused" if (
                leg_event.cause == ABSENT and self._trunk(leg_event.partner) == "away"
            ):
                return None  # a trunk that is known to be dead is not dialled: no news of it
            case "refused" if leg_event.status == "NOANSWER" and leg_event.cause in SAYS_NOTHING:
                return b.Silent(leg_event.at)
            case "refused":
                others = len(runtime.ringing) + len(self._talks(leg_event.partner))
                return b.Refused(leg_event.at, leg_event.cause, others)
            case "unconfirmed":
                return b.NoKey(leg_event.at)
            case "confirmed":
                return b.Confirmed(leg_event.at)
            case "dropped":
                return b.Dropped(leg_event.at)
        return None

    def restore(self, breakers: Mapping[str, b.Breaker]) -> None:
        """Go on with what was learned before this ivrd began to act.

        Of a partner that is not named, what this one has seen itself is told at the next look.
        """
        for partner, breaker in breakers.items():
            self.runtime(partner).breaker = breaker
        for partner, runtime in self._runtimes.items():
            runtime.noted = breakers.get(partner, b.Breaker())

    def _note(self, partner: str, runtime: PartnerRuntime) -> None:
        if runtime.breaker != runtime.noted:
            runtime.noted = runtime.breaker
            self.learned(partner, runtime.breaker)

    def _talks(self, partner: str) -> list[Call]:
        return [
            call
            for call in self._ledger.calls.values()
            if call.stage is Stage.TALK and partner_of(call.seat) == partner
        ]

    # --- deciding --------------------------------------------------------------------------

    def evaluate(self, now: float) -> Decision:
        """Take in this moment, decide, and hand the wanted seats to the seating."""
        seconds = 0.0 if self._evaluated_at is None else max(0.0, now - self._evaluated_at)
        self._evaluated_at, policy = now, self.setup.policy
        self._began = self._began or now
        for queue in self.setup.topics:
            waiting = len(self._ledger.waiting(queue))
            talking = sum(
                call.stage is Stage.TALK and call.queue == queue
                for call in self._ledger.calls.values()
            )
            flow = self._flows.setdefault(queue, Demand())
            flow.expect(policy.expected_talk_seconds, policy.expected_patience_seconds)
            flow.observe(seconds, waiting, talking)
        self._feed_breakers(now)
        snapshot = self.snapshot = self._snapshot(now)
        decision = decide(snapshot)
        self.decision, self._hysteresis = decision, decision.hysteresis
        self._queue_members.lend = [
            pool for now_ in snapshot.partners for pool in self._pools(now_, decision)
        ]
        return decision

    def _feed_breakers(self, now: float) -> None:
        """What no event tells: trunks that fail, and talks that have lasted."""
        for partner in self.setup.partners:
            runtime = self.runtime(partner.id)
            self._feed_trunk(partner.id, runtime, now)
            runtime.legs = {seat: call for seat, call in runtime.legs.items() if self._waits(call)}
            talks = self._talks(partner.id)
            if runtime.verified or talks or runtime.override is Override.OPEN:
                runtime.breaker = replace(runtime.breaker, known=True)
            for call in talks:
                early = runtime.breaker.limits.early_seconds
                if call.id not in runtime.lasted and now - (call.connected_at or now) >= early:
                    runtime.lasted.add(call.id)
                    runtime.tell(b.Lasted(now))
            runtime.lasted &= {call.id for call in talks}
            while runtime.helped and runtime.helped[0] < now - HELPED_SECONDS:
                runtime.helped.popleft()
            self._note(partner.id, runtime)

    def _waits(self, call_id: str) -> bool:
        call = self._ledger.calls.get(call_id)
        return call is not None and call.stage is Stage.QUEUE

    def _trunk(self, partner: str) -> str | None:
        """What a partner's trunk is doing; None when Asterisk has not said."""
        return self._queue_members.states.get(PARTNER_PREFIX + partner)

    def _feed_trunk(self, partner: str, runtime: PartnerRuntime, now: float) -> None:
        """Whether the trunk answers.  Until Asterisk has first asked it, nobody knows."""
        state = self._trunk(partner)
        if state not in (None, "away"):
            runtime.asked = True
            runtime.tell(b.Reachable(now))
        elif state == "away" and (runtime.asked or now - (self._began or now) > ASKED_SECONDS):
            runtime.tell(b.Unreachable(now))

    def _snapshot(self, now: float) -> Snapshot:
        queues = tuple(
            QueueSnapshot(queue, self._ages(queue, now), self._flows[queue].load())
            for queue in self.setup.topics
        )
        agent_groups, partners = tuple(self._agent_groups()), tuple(self.snapshots(now))
        return Snapshot(now, queues, agent_groups, partners, self.setup.policy, self._hysteresis)

    def snapshots(self, now: float) -> list[PartnerSnapshot]:
        """All partners at this moment."""
        in_hours = self.setup.open_partners()
        return [self.now(p, p.id in in_hours, now) for p in self.setup.partners]

    def _ages(self, queue: str, now: float) -> tuple[float, ...]:
        waits = (call.wait_seconds(now) for call in self._ledger.waiting(queue))
        return tuple(wait or 0.0 for wait in waits)

    def _agent_groups(self) -> Iterable[AgentGroup]:
        """The hotline's own agents, by the queues that they serve."""
        for pool in self._queue_members.pools:
            states = Counter(self._queue_members.here(pool).values())
            present = states["free"] + states["ringing"] + states["busy"]
            yield AgentGroup(frozenset(pool.queues), present, states["busy"])

    def now(self, partner: Partner, in_hours: bool, now: float) -> PartnerSnapshot:
        """One partner at this moment."""
        runtime = self.runtime(partner.id)
        calls = self._talks(partner.id)
        talks = Counter(call.queue for call in calls)
        trying = len(runtime.legs) + sum(call.id not in runtime.lasted for call in calls)
        allowed = b.allowed_seats(runtime.breaker, now, len(calls), trying)
        away = self._trunk(partner.id) == "away"
        unknown = away and not runtime.asked and runtime.breaker.reachable
        state = partner.state
        if state is PartnerState.ONBOARDING and runtime.verified:
            state = PartnerState.ACTIVE
        return PartnerSnapshot(
            partner=replace(partner, state=state),
            queues=trained_for(partner, {q: tuple(of) for q, of in self.setup.topics.items()}),
            in_hours=in_hours,
            open=len(self._queue_members.lent(partner.id)),
            talks=talks,
            allowed=0 if unknown else allowed,
            health=NOT_ASKED if unknown else b.describe(runtime.breaker, now),
            helped=len(runtime.helped),
            override=runtime.override,
        )

    def _pools(self, partner: PartnerSnapshot, decision: Decision) -> list[tuple[Pool, bool]]:
        """The partner's seats in two parts: those that take calls, and the rest."""
        wanted = decision.seats[partner.id]
        open_now = self._queue_members.lent(partner.id)
        busy = {call.seat for call in self._talks(partner.id)}
        ringing = self.runtime(partner.id).ringing
        seats = sorted(
            seats_of(partner.partner),
            key=lambda seat: (
                seat not in busy,
                seat not in ringing,
                seat not in open_now,
            ),
        )
        queues = tuple(sorted(partner.queues))
        return [
            (Pool(partner.id, tuple(seats[:wanted]), queues, fixed=False), True),
            (Pool(f"{partner.id} (rest)", tuple(seats[wanted:]), queues, fixed=False), False),
        ]
