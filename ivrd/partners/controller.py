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
from ivrd.core.seats import Pool

HELPED_SECONDS = 3600.0  # over which callers helped even out what whole seats cannot share
ASKED_SECONDS = 8.0  # by then Asterisk has asked every trunk once (render/partners.py)
ABSENT = 20  # Q.850: what the dialplan says of a dead trunk, and a partner may say as well
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
    pin: Override | None = None
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

    def __init__(self, setup: PartnerSetup, ledger: Ledger, seating: QueueMembers) -> None:
        self.setup = setup
        self.told: Callable[[PartnerLegEvent], None] = lambda _news: None
        self.learned: Callable[[str, b.Breaker], None] = lambda _partner, _breaker: None
        self.hurry: Callable[[], None] = lambda: None  # asks for a look before its time
        self.decision: Decision | None = None
        self.snapshot: Snapshot | None = None  # what the decision rests on
        self._ledger = ledger
        self._seating = seating
        self._standing: dict[str, PartnerRuntime] = {}
        self._flows: dict[str, Demand] = {}
        self._held: Mapping[Group, Hysteresis] = {}
        self._looked: float | None = None
        self._began: float | None = None

    # --- what happens ----------------------------------------------------------------------

    def standing(self, partner: str) -> PartnerRuntime:
        """How a partner stands; a new one stands well."""
        return self._standing.setdefault(partner, PartnerRuntime())

    def notice(self, notice: Notice) -> None:
        """A call joined a queue, was answered or ended."""
        call = notice.call
        flow = self._flows.setdefault(call.queue, Demand())
        match notice:
            case Offered():
                flow.joined += 1
            case Answered() if call.by is AnsweredBy.PARTNER:
                self.standing(partner_of(call.seat)).helped.append(call.connected_at or 0.0)
            case Ended():
                flow.talked += notice.outcome is Outcome.ANSWERED
                flow.left += notice.stage is Stage.QUEUE

    def news(self, news: PartnerLegEvent) -> None:
        """Something happened on a partner's leg."""
        standing = self.standing(news.partner)
        if news.waiting:  # a drill is no help to anybody
            standing.results[news.kind] += 1
        if news.kind == "offered":
            standing.legs[news.seat] = news.waiting
        else:
            standing.legs.pop(news.seat, None)
        if event := self._event(news, standing):
            before = b.allowed_seats(standing.breaker, news.at)
            standing.tell(event)
            self._note(news.partner, standing)
            if b.allowed_seats(standing.breaker, news.at) != before:
                self.hurry()  # each further call to it might be one too many
        if b.at(standing.breaker, news.at).place is b.BreakerState.HALF_OPEN:
            self.hurry()  # one call is tried, and no second one until it has lasted
        self.told(news)

    def _event(self, news: PartnerLegEvent, standing: PartnerRuntime) -> b.Event | None:
        """What the news mean to the breaker."""
        match news.kind:
            case "refused" if news.cause == ABSENT and self._trunk(news.partner) == "away":
                return None  # a trunk that is known to be dead is not dialled: no news of it
            case "refused" if news.status == "NOANSWER" and news.cause in (0, 16, 127):
                return b.Silent(news.at)
            case "refused":
                others = len(standing.ringing) + len(self._talks(news.partner))
                return b.Refused(news.at, news.cause, others)
            case "unconfirmed":
                return b.NoKey(news.at)
            case "confirmed":
                return b.Confirmed(news.at)
            case "dropped":
                return b.Dropped(news.at)
        return None

    def restore(self, breakers: Mapping[str, b.Breaker]) -> None:
        """Go on with what was learned before this ivrd began to act.

        Of a partner that is not named, what this one has seen itself is told at the next look.
        """
        for partner, breaker in breakers.items():
            self.standing(partner).breaker = breaker
        for partner, standing in self._standing.items():
            standing.noted = breakers.get(partner, b.Breaker())

    def _note(self, partner: str, standing: PartnerRuntime) -> None:
        if standing.breaker != standing.noted:
            standing.noted = standing.breaker
            self.learned(partner, standing.breaker)

    def _talks(self, partner: str) -> list[Call]:
        return [
            call
            for call in self._ledger.calls.values()
            if call.stage is Stage.TALK and partner_of(call.seat) == partner
        ]

    # --- deciding --------------------------------------------------------------------------

    def look(self, now: float) -> Decision:
        """Take in this moment, decide, and hand the wanted seats to the seating."""
        seconds = 0.0 if self._looked is None else max(0.0, now - self._looked)
        self._looked, policy = now, self.setup.policy
        self._began = self._began or now
        for queue in self.setup.topics:
            waiting = len(self._ledger.waiting(queue))
            talking = sum(
                call.stage is Stage.TALK and call.queue == queue
                for call in self._ledger.calls.values()
            )
            flow = self._flows.setdefault(queue, Demand())
            flow.expect(policy.expected_talk_seconds, policy.expected_patience_seconds)
            flow.look(seconds, waiting, talking)
        self._feed_breakers(now)
        snapshot = self.snapshot = self._snapshot(now)
        decision = decide(snapshot)
        self.decision, self._held = decision, decision.held
        self._seating.lend = [
            pool for now_ in snapshot.partners for pool in self._pools(now_, decision)
        ]
        return decision

    def _feed_breakers(self, now: float) -> None:
        """What no event tells: trunks that fail, and talks that have lasted."""
        for partner in self.setup.partners:
            standing = self.standing(partner.id)
            self._feed_trunk(partner.id, standing, now)
            standing.legs = {
                seat: call for seat, call in standing.legs.items() if self._waits(call)
            }
            talks = self._talks(partner.id)
            if standing.verified or talks or standing.pin is Override.OPEN:
                standing.breaker = replace(standing.breaker, known=True)
            for call in talks:
                early = standing.breaker.limits.early_seconds
                if call.id not in standing.lasted and now - (call.connected_at or now) >= early:
                    standing.lasted.add(call.id)
                    standing.tell(b.Lasted(now))
            standing.lasted &= {call.id for call in talks}
            while standing.helped and standing.helped[0] < now - HELPED_SECONDS:
                standing.helped.popleft()
            self._note(partner.id, standing)

    def _waits(self, call_id: str) -> bool:
        call = self._ledger.calls.get(call_id)
        return call is not None and call.stage is Stage.QUEUE

    def _trunk(self, partner: str) -> str | None:
        """What a partner's trunk is doing; None when Asterisk has not said."""
        return self._seating.states.get(PARTNER_PREFIX + partner)

    def _feed_trunk(self, partner: str, standing: PartnerRuntime, now: float) -> None:
        """Whether the trunk answers.  Until Asterisk has first asked it, nobody knows."""
        state = self._trunk(partner)
        if state not in (None, "away"):
            standing.asked = True
            standing.tell(b.Reachable(now))
        elif state == "away" and (standing.asked or now - (self._began or now) > ASKED_SECONDS):
            standing.tell(b.Unreachable(now))

    def _snapshot(self, now: float) -> Snapshot:
        queues = tuple(
            QueueSnapshot(queue, self._ages(queue, now), self._flows[queue].load())
            for queue in self.setup.topics
        )
        in_hours = self.setup.open_partners()
        partners = tuple(self.now(p, p.id in in_hours, now) for p in self.setup.partners)
        return Snapshot(now, queues, tuple(self._crews()), partners, self.setup.policy, self._held)

    def _ages(self, queue: str, now: float) -> tuple[float, ...]:
        waits = (call.wait_seconds(now) for call in self._ledger.waiting(queue))
        return tuple(wait or 0.0 for wait in waits)

    def _crews(self) -> Iterable[AgentGroup]:
        """The hotline's own agents, by the queues that they serve."""
        for pool in self._seating.pools:
            states = Counter(self._seating.here(pool).values())
            present = states["free"] + states["ringing"] + states["busy"]
            yield AgentGroup(frozenset(pool.queues), present, states["busy"])

    def now(self, partner: Partner, in_hours: bool, now: float) -> PartnerSnapshot:
        """One partner at this moment."""
        standing = self.standing(partner.id)
        calls = self._talks(partner.id)
        talks = Counter(call.queue for call in calls)
        trying = len(standing.legs) + sum(call.id not in standing.lasted for call in calls)
        allowed = b.allowed_seats(standing.breaker, now, len(calls), trying)
        away = self._trunk(partner.id) == "away"
        unknown = away and not standing.asked and standing.breaker.reachable
        state = partner.state
        if state is PartnerState.ONBOARDING and standing.verified:
            state = PartnerState.ACTIVE
        return PartnerSnapshot(
            partner=replace(partner, state=state),
            queues=trained_for(partner, {q: tuple(of) for q, of in self.setup.topics.items()}),
            in_hours=in_hours,
            open=len(self._seating.lent(partner.id)),
            talks=talks,
            allowed=0 if unknown else allowed,
            health=NOT_ASKED if unknown else b.describe(standing.breaker, now),
            helped=len(standing.helped),
            pin=standing.pin,
        )

    def _pools(self, partner: PartnerSnapshot, decision: Decision) -> list[tuple[Pool, bool]]:
        """The partner's seats in two parts: those that take calls, and the rest."""
        wanted = decision.seats[partner.id]
        open_now = self._seating.lent(partner.id)
        busy = {call.seat for call in self._talks(partner.id)}
        ringing = self.standing(partner.id).ringing
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
