"""Partners at work: what their call centres answered, which seats they have now, and why.

Every second one snapshot of everything goes into core.overflow; its decision is carried out by
QueueMembers, as a difference to what Asterisk reports.  What happens on partners' legs feeds one
breaker for each partner (breakers.py).  Nothing here waits, and nothing here is needed for a call
to be answered by the hotline's own agents.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from math import inf
from typing import assert_never

from ivrd.asterisk.dialplan_names import partner_of
from ivrd.asterisk.facts import PartnerLegEvent
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.asterisk.render.partners import seats_of
from ivrd.asterisk.second_calls import SecondCall
from ivrd.core import breaker as b
from ivrd.core.breaker_events import Resumed
from ivrd.core.call import AnsweredBy
from ivrd.core.call_notices import Answered, Ended, Notice, Offered, PassedOn, Rejoined, TakenOver
from ivrd.core.demand import Demand
from ivrd.core.ledger import Ledger
from ivrd.core.overflow import (
    AgentGroup,
    Decision,
    Hysteresis,
    QueueSnapshot,
    Snapshot,
    decide,
)
from ivrd.core.partner import Group, Partner, PartnerSnapshot, PartnerState, trained_for
from ivrd.core.report import Cause, PartnerEventKind
from ivrd.core.seats import Pool, SeatStatus
from ivrd.core.second_call import AnswerTimes, second_call_after
from ivrd.partners.breakers import PartnerBreakers
from ivrd.partners.runtime import (
    PartnerListener,
    PartnerRuntime,
    PartnerSetup,
    PartnerStore,
)

HELPED_SECONDS = 3600.0  # over which callers helped even out what whole seats cannot share
NOT_ASKED = "its trunk has not answered yet"


class PartnerController:
    """All partners.

    `reevaluate()` asks for an evaluation before the next second: each further call might be one
    too many for a partner.  `booked(now)`: how many people are to be called back to which queue,
    and have no call in it yet.  `people(partner)`: how many a partner has said it has today, None
    when it has said nothing.  `fault(partner)`: what is wrong with its trunk, empty for nothing.
    """

    def __init__(
        self,
        setup: PartnerSetup,
        ledger: Ledger,
        queue_members: QueueMembers,
        store: PartnerStore,
        listener: PartnerListener,
        reevaluate: Callable[[], None],
        booked: Callable[[float], Mapping[str, int]],
        people: Callable[[str], int | None],
        fault: Callable[[str], str],
    ) -> None:
        self.setup = setup
        self.decision: Decision | None = None
        self.snapshot: Snapshot | None = None  # what the decision rests on
        self._ledger = ledger
        self._queue_members = queue_members
        self._store = store
        self._breakers = PartnerBreakers(ledger, queue_members, store, listener)
        self._reevaluate = reevaluate
        self._booked = booked
        self._people = people
        self._fault = fault
        self._runtimes: dict[str, PartnerRuntime] = {}
        self._flows: dict[str, Demand] = {}
        self._hysteresis: Mapping[Group, Hysteresis] = {}
        self._evaluated_at: float | None = None

    def configure(self, setup: PartnerSetup) -> None:
        """From now on this configuration; a partner that is back has its override and its drill."""
        self.setup = setup
        self.recall()

    def recall(self) -> None:
        """Give all partners the overrides and drills that are stored."""
        for partner in self.setup.partners:
            runtime = self.runtime(partner.id)
            runtime.override = self._store.override(partner.id)
            runtime.verified = self._store.verified(partner.id)

    # --- what happens ----------------------------------------------------------------------

    def runtime(self, partner: str) -> PartnerRuntime:
        """A partner's state; that of a new one is good."""
        return self._runtimes.setdefault(partner, PartnerRuntime())

    def notice(self, notice: Notice) -> None:
        """A call joined a queue, was answered or ended."""
        call = notice.call
        flow = self._flows.setdefault(call.queue, Demand())
        match notice:
            case Offered():
                flow.joined += call.received  # a call back was in the backlog before it was dialled
            case Answered() if call.by is AnsweredBy.PARTNER:
                self.runtime(partner_of(call.seat)).helped.append(call.connected_at or 0.0)
            case Answered() | Rejoined() | PassedOn() | TakenOver():
                pass
            case Ended():
                flow.ended(notice)
            case _:
                assert_never(notice)

    def leg_event(self, leg_event: PartnerLegEvent) -> None:
        """Something happened on a partner's leg."""
        runtime = self.runtime(leg_event.partner)
        if leg_event.kind is PartnerEventKind.CONFIRMED:
            runtime.listened_seconds = 0.0
        if leg_event.waiting and leg_event.kind is not PartnerEventKind.LEFT:
            # A drill is no help to anybody, and a caller who has gone no result.
            runtime.results[leg_event.kind] += 1
            if leg_event.why:
                runtime.causes[leg_event.why] += 1
            _learn(runtime.answers, leg_event)
        if leg_event.kind is PartnerEventKind.OFFERED:
            runtime.legs[leg_event.seat] = leg_event.waiting
        else:
            runtime.legs.pop(leg_event.seat, None)
        key_seconds = self._key_seconds(leg_event.partner)
        if event := self._breakers.event_of(leg_event, runtime, key_seconds):
            before = b.allowed_seats(runtime.breaker, leg_event.at)
            self._breakers.feed(leg_event.partner, runtime, event, leg_event.at)
            if b.allowed_seats(runtime.breaker, leg_event.at) != before:
                self._reevaluate()
        if b.at(runtime.breaker, leg_event.at).state is b.BreakerState.HALF_OPEN:
            self._reevaluate()  # one call is tried, and no second one until it has lasted

    def second_calls(self, now: float) -> dict[str, SecondCall | None]:
        """When each partner is called a second time for the same caller, None for never.

        As many calls as it has seats that are open: those are the calls that it may have now.
        """
        return {partner.id: self._second_call(partner, now) for partner in self.setup.partners}

    def _second_call(self, partner: Partner, now: float) -> SecondCall | None:
        runtime = self.runtime(partner.id)
        healthy = b.at(runtime.breaker, now).state is b.BreakerState.CLOSED
        seats = len(self._queue_members.lent(partner.id))
        if not partner.second_call or not partner.confirm or not healthy or seats < 2:
            return None
        after = second_call_after(runtime.answers, partner.ring_seconds)
        return None if after is None else SecondCall(after, seats)

    def _key_seconds(self, partner: str) -> float:
        """For how long its people have the key; for ever at one that is gone."""
        return next((of.key_seconds for of in self.setup.partners if of.id == partner), inf)

    def resume(self, partner: str, now: float) -> bool:
        """End the pause of a partner, which is tried with one call; False when it had none."""
        runtime = self.runtime(partner)
        paused = b.at(runtime.breaker, now).state is b.BreakerState.OPEN
        self._breakers.feed(partner, runtime, Resumed(now), now)
        self._reevaluate()
        return paused

    def restore(self, breakers: Mapping[str, b.Breaker]) -> None:
        """Go on with the breakers that were stored before this ivrd became the leader.

        Of a partner without one, the breaker of this ivrd is stored at the next evaluation.
        """
        for partner, breaker in breakers.items():
            self.runtime(partner).breaker = breaker
        for partner, runtime in self._runtimes.items():
            runtime.stored = breakers.get(partner, b.Breaker())

    # --- deciding --------------------------------------------------------------------------

    def evaluate(self, now: float) -> Decision:
        """Take a snapshot, decide, and hand the wanted seats to QueueMembers."""
        # Before the first look nobody counted: who is here already has not come just now.
        seconds = inf if self._evaluated_at is None else max(0.0, now - self._evaluated_at)
        self._evaluated_at, policy = now, self.setup.policy
        for queue in self.setup.topics:
            present = self._ledger.present
            waiting, talking = len(present.waiting(queue)), len(present.talking(queue))
            flow = self._flows.setdefault(queue, Demand())
            flow.expect(policy.expected_talk_seconds, policy.expected_patience_seconds)
            flow.observe(seconds, waiting, talking)
        self._breakers.advance([(of.id, self.runtime(of.id)) for of in self.setup.partners], now)
        self._forget_helped(now)
        snapshot = self.snapshot = self._snapshot(now)
        decision = decide(snapshot)
        wanted = decision.seats
        self.decision, self._hysteresis = decision, decision.hysteresis
        self._queue_members.lend(
            [pool for of in snapshot.partners for pool in self._pools(of, wanted[of.id])],
            {queue.name: queue.load.handling for queue in snapshot.queues},
        )
        return decision

    def _forget_helped(self, now: float) -> None:
        """Callers helped longer ago even out nothing."""
        for partner in self.setup.partners:
            helped = self.runtime(partner.id).helped
            while helped and helped[0] < now - HELPED_SECONDS:
                helped.popleft()

    def _snapshot(self, now: float) -> Snapshot:
        booked = self._booked(now)
        queues = tuple(
            QueueSnapshot(
                queue, self._ages(queue, now), self._flows[queue].load(), booked.get(queue, 0)
            )
            for queue in self.setup.topics
        )
        agent_groups, partners = tuple(self._agent_groups()), tuple(self.snapshots(now))
        return Snapshot(now, queues, agent_groups, partners, self.setup.policy, self._hysteresis)

    def snapshots(self, now: float) -> list[PartnerSnapshot]:
        """All partners at this moment."""
        in_hours = self.setup.open_partners()
        return [self.now(p, p.id in in_hours, now) for p in self.setup.partners]

    def _ages(self, queue: str, now: float) -> tuple[float, ...]:
        return tuple(max(0.0, now - at.effective_at) for at in self._ledger.present.waiting(queue))

    def _agent_groups(self) -> Iterable[AgentGroup]:
        """The hotline's own agents who take calls, by the queues that they serve.

        Not those who are paused, and nobody counts on a phone that rings and did not answer before.
        """
        for pool in self._queue_members.pools:
            for queues, seats in self._queue_members.crews(pool).items():
                states = Counter(
                    state
                    for seat, state in seats.items()
                    if state is not SeatStatus.RINGING or not self._queue_members.doubted(seat)
                )
                busy = states[SeatStatus.BUSY]
                present = states[SeatStatus.FREE] + states[SeatStatus.RINGING] + busy
                yield AgentGroup(queues, present, busy)

    def now(self, partner: Partner, in_hours: bool, now: float) -> PartnerSnapshot:
        """One partner at this moment."""
        runtime = self.runtime(partner.id)
        calls = self._ledger.with_partner(partner.id)
        talks = Counter(call.queue for call in calls)
        trying = len(runtime.legs) + sum(call.id not in runtime.lasted for call in calls)
        allowed = b.allowed_seats(runtime.breaker, now, len(calls), trying)
        away = self._breakers.trunk(partner.id) is SeatStatus.AWAY
        unknown = away and not runtime.asked and runtime.breaker.reachable
        state = partner.state
        if state is PartnerState.ONBOARDING and runtime.verified:
            state = PartnerState.ACTIVE
        people = self._people(partner.id)
        pledged = partner.pledged if people is None else min(people, partner.cap)
        return PartnerSnapshot(
            partner=replace(partner, state=state, pledged=pledged),
            queues=trained_for(partner, {q: tuple(of) for q, of in self.setup.topics.items()}),
            in_hours=in_hours,
            open=len(self._queue_members.lent(partner.id)),
            talks=talks,
            allowed=0 if unknown else allowed,
            health=NOT_ASKED if unknown else b.describe(runtime.breaker, now),
            helped=len(runtime.helped),
            override=runtime.override,
            pledge=people,
            left_out=self.setup.left_out.get(partner.id, ""),
            fault=self._fault(partner.id),
        )

    def _pools(self, partner: PartnerSnapshot, wanted: int) -> list[tuple[Pool, bool]]:
        """The partner's seats in two parts: `wanted` that take calls, and the rest."""
        open_now = self._queue_members.lent(partner.id)
        busy = {call.seat for call in self._ledger.with_partner(partner.id)}
        ringing = self.runtime(partner.id).ringing
        seats = sorted(
            seats_of(partner.partner),
            key=lambda seat: (seat not in busy, seat not in ringing, seat not in open_now),
        )
        queues = tuple(sorted(partner.queues))
        return [
            (Pool(partner.id, tuple(seats[:wanted]), queues, fixed=False), True),
            (Pool(f"{partner.id} (rest)", tuple(seats[wanted:]), queues, fixed=False), False),
        ]


def _learn(answers: AnswerTimes, leg_event: PartnerLegEvent) -> None:
    """How long the first call for a seat rang."""
    match leg_event.kind:
        case PartnerEventKind.CONFIRMED if leg_event.second:
            answers.not_answered()
        case PartnerEventKind.CONFIRMED | PartnerEventKind.UNCONFIRMED:
            answers.answered(leg_event.rang_seconds)
        case PartnerEventKind.REFUSED if leg_event.why is Cause.NO_ANSWER:
            answers.not_answered()
        case _:
            pass  # it did not ring
