"""The policy: random moments for what must always hold, a small hotline for how it behaves."""

from dataclasses import dataclass, field, replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ivrd.core.forecast import Arrivals, Load, handling_rate, patience_rate, seats_needed
from ivrd.core.overflow import (
    AgentGroup,
    Decision,
    Hysteresis,
    Policy,
    QueueSnapshot,
    Snapshot,
    decide,
)
from ivrd.core.partner import Override, Partner, PartnerSnapshot, PartnerState
from tests.examples import examples

QUEUES = ("red", "green", "blue")
RED = frozenset({"red"})


def partner(name: str, pledged: int = 10, cap: int = 20, **others: object) -> PartnerSnapshot:
    state = others.pop("state", PartnerState.ACTIVE)
    assert isinstance(state, PartnerState)
    made = PartnerSnapshot(
        Partner(name, name, name, "192.0.2.1", pledged, cap, state, languages=("th",)), RED
    )
    return replace(made, **others)  # type: ignore[arg-type]


@st.composite
def partners(draw: st.DrawFn, queues: list[str]) -> tuple[PartnerSnapshot, ...]:
    trained = st.frozensets(st.sampled_from(queues)) | st.just(frozenset(queues))
    made = []
    for name in ("ant", "bee", "cat", "dog")[: draw(st.integers(0, 4))]:
        pledged = draw(st.integers(0, 8))
        serves = draw(trained)
        talks = {queue: draw(st.integers(0, 3)) for queue in serves}
        made.append(
            partner(
                name,
                pledged,
                pledged + draw(st.integers(0, 4)),
                state=draw(st.sampled_from([PartnerState.ACTIVE] * 4 + [*PartnerState])),
                queues=serves,
                in_hours=draw(st.integers(0, 4)) > 0,
                talks=talks,
                open=sum(talks.values()) + draw(st.integers(0, 4)),
                allowed=draw(st.none() | st.integers(0, 6)),
                override=draw(st.none() | st.none() | st.none() | st.sampled_from(Override)),
                helped=draw(st.just(0) | st.integers(0, 9)),
            )
        )
    return tuple(made)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    names = list(QUEUES[: draw(st.integers(1, 3))])
    queues = tuple(
        QueueSnapshot(
            name,
            tuple(draw(st.lists(st.floats(0, 90), max_size=6))),
            Load(
                draw(st.just(0.0) | st.floats(0.001, 0.2)),
                draw(st.floats(10, 300)),
                draw(st.floats(20, 300)),
            ),
        )
        for name in names
    )
    agent_groups = []
    for _ in range(draw(st.integers(0, 2))):
        present = draw(st.integers(0, 9))
        serves = draw(st.frozensets(st.sampled_from(names), min_size=1))
        agent_groups.append(AgentGroup(serves, present, draw(st.integers(0, present))))
    policy = Policy(floor=draw(st.integers(0, 3)), ceiling=draw(st.integers(3, 60)))
    first = Snapshot(1000.0, queues, tuple(agent_groups), draw(partners(names)), policy)
    last = {}
    if draw(st.booleans()):
        for group in decide(first).hysteresis:
            low = draw(st.none() | st.floats(700, 1000))
            seats = draw(st.integers(0, policy.ceiling))
            last[group] = Hysteresis(seats, low, seats // 2 if low is not None else 0)
    return replace(first, last=last)


# What always holds


@given(snapshots())
def test_no_partner_has_seats_that_it_must_not_have(snapshot: Snapshot) -> None:
    decision = decide(snapshot)
    assert list(decision.seats) == [p.id for p in snapshot.partners]
    for p in snapshot.partners:
        seats = decision.seats[p.id]
        assert 0 <= seats <= p.partner.cap
        assert p.allowed is None or seats <= p.allowed
        if p.partner.state is not PartnerState.ACTIVE or p.override in (
            Override.CLOSED,
            Override.DRAINING,
        ):
            assert seats == 0
        if not p.queues or (not p.in_hours and p.override is not Override.OPEN):
            assert seats == 0
        if p.override is Override.OPEN and p.most > 0:
            assert seats >= min(p.partner.pledged, p.most)


@given(snapshots())
def test_the_seats_given_are_those_wanted_or_all_there_are(snapshot: Snapshot) -> None:
    decision = decide(snapshot)
    given_out = sum(decision.seats.values())
    forced = sum(p.least for p in snapshot.partners)
    assert decision.wanted <= snapshot.policy.ceiling
    assert given_out <= max(snapshot.policy.ceiling, forced)
    assert given_out <= decision.wanted + forced
    everything = {q.name for q in snapshot.queues}
    if all(p.queues == everything for p in snapshot.partners):
        possible = sum(p.most for p in snapshot.partners)
        assert given_out == max(forced, min(decision.wanted, possible))
        assert decision.wanted >= snapshot.policy.floor or not snapshot.partners


@given(snapshots(), st.sampled_from(QUEUES), st.floats(0, 90))
def test_one_more_caller_never_wants_fewer_seats(snapshot: Snapshot, name: str, age: float) -> None:
    assume(name in {q.name for q in snapshot.queues})
    more = replace(
        snapshot,
        queues=tuple(
            replace(q, ages=(*q.ages, age)) if q.name == name else q for q in snapshot.queues
        ),
    )
    before, after = decide(snapshot), decide(more)
    assert after.wanted >= before.wanted
    assert sum(after.seats.values()) >= sum(before.seats.values())


@given(snapshots(), st.floats(0, 0.1))
def test_more_calls_never_want_fewer_seats(snapshot: Snapshot, more: float) -> None:
    """With one crew for all queues; which queue the calls are for must not matter either."""
    assume(len(snapshot.queues) == 1)
    queue = snapshot.queues[0]
    heavier = replace(queue, load=replace(queue.load, arrivals=queue.load.arrivals + more))
    assert decide(replace(snapshot, queues=(heavier,))).wanted >= decide(snapshot).wanted


@given(snapshots())
def test_a_decision_that_was_carried_out_is_made_again(snapshot: Snapshot) -> None:
    first = decide(snapshot)
    carried_out = replace(
        snapshot,
        last=first.hysteresis,
        partners=tuple(replace(p, open=max(p.busy, first.seats[p.id])) for p in snapshot.partners),
    )
    second = decide(carried_out)
    assert second.seats == first.seats
    assert second.wanted == first.wanted


@given(snapshots())
def test_every_decision_says_why_in_one_line(snapshot: Snapshot) -> None:
    decision = decide(snapshot)
    lines = [decision.reason, *(s.reason for s in decision.shares)]
    assert all(line and "\n" not in line for line in lines)
    assert decision.reason.startswith(f"{decision.wanted} seats wanted")
    for p, told in zip(snapshot.partners, decision.shares, strict=True):
        assert told.reason.startswith("no seats: " if p.obstacle else f"{told.seats} of ")


# Told moments

CALM = Load(0.05, 60, 120)  # three people's work
BUSY = Load(0.8, 60, 120)
AGENTS = 5


def moment(
    load: Load = CALM, ages: tuple[float, ...] = (), busy: int = AGENTS, **others: object
) -> Snapshot:
    made = Snapshot(
        now=1000.0,
        queues=(QueueSnapshot("red", ages, load),),
        agent_groups=(AgentGroup(RED, AGENTS, busy),),
        partners=(partner("ant", 30, 40), partner("bee", 20, 30), partner("cat", 10, 20)),
    )
    return replace(made, **others)  # type: ignore[arg-type]


def needed(load: Load, at_most: int = 1000) -> int:
    return seats_needed(load.arrivals, load.handling, load.patience, 0.8, 20, at_most)


def test_a_calm_hotline_asks_nobody() -> None:
    decision = decide(moment())
    assert decision.seats == {"ant": 0, "bee": 0, "cat": 0}


def test_the_target_asks_for_what_the_own_agents_lack_by_pledge() -> None:
    decision = decide(moment(BUSY))
    lacking = needed(BUSY) - AGENTS
    assert decision.wanted == lacking == 41
    assert decision.seats == {"ant": 20, "bee": 14, "cat": 7}  # of 20.5, 13.67 and 6.83
    assert decision.reason == (
        "41 seats wanted, 41 asked of partners; 46 people for 80% within 20 s at 48.0 calls a "
        "minute, talks of 60 s, patience 120 s; 5 agents of our own, 5 busy: 41.0 seats short"
    )
    assert decision.shares[0].reason == "20 of 41 seats for a pledge of 30 in 60; 0 open, 0 busy"


def test_a_backlog_asks_for_more_at_once_and_says_so() -> None:
    late = decide(moment(CALM, ages=(31.0,) * 12))
    assert late.wanted == 4  # twelve talks of 60 s in 180 s
    assert "12 waiting, the oldest for 31 s: 4.0 seats more to drain them within 180 s" in (
        late.reason
    )


def test_the_summary_says_in_a_few_words_why_seats_are_wanted() -> None:
    assert decide(moment()).summary == "our own agents are enough"
    assert decide(moment(BUSY)).summary == "our own agents are 41 short"
    late = moment(CALM, ages=(31.0,) * 12)
    assert decide(late).summary == "12 waiting, 31 s the longest"
    shut = [replace(p, override=Override.CLOSED) for p in late.partners]
    assert decide(replace(late, partners=tuple(shut))).summary.startswith(
        "partners can give 0; 12 "
    )
    assert decide(replace(moment(), policy=Policy(floor=3))).summary == "3 are always open"
    closing = replace(moment(), partners=tuple(replace(p, open=4) for p in late.partners))
    assert decide(closing).summary == "held 120 s more"


def test_who_is_to_be_called_back_is_backlog_as_who_waits_on_the_line() -> None:
    both = moment(CALM, ages=(31.0,) * 5)
    both = replace(both, queues=(replace(both.queues[0], booked=7),))
    booked = replace(both, queues=(replace(both.queues[0], ages=(), booked=12),))
    for late in (both, booked):
        assert decide(late).wanted == decide(moment(CALM, ages=(31.0,) * 12)).wanted == 4
    assert decide(both).summary == "5 waiting, 31 s the longest, 7 to be called back"
    assert decide(booked).summary == "12 to be called back"
    assert "12 to be called back: 3.9 seats more to drain them" in decide(booked).reason
    free = replace(booked, agent_groups=(AgentGroup(RED, 20, 8),))
    assert decide(free).wanted == 0  # an agent is free for each of them


def test_nobody_needs_more_seats_than_there_are_callers() -> None:
    slow = replace(CALM, arrivals=0.0, handling=600.0)
    assert decide(moment(slow, ages=(31.0,) * 12)).wanted == 12


def test_a_caller_for_whom_an_agent_is_free_is_no_backlog() -> None:
    assert decide(moment(CALM, ages=(1.0,) * 3, busy=2)).wanted == 0
    assert decide(moment(CALM, ages=(40.0,) * 3, busy=2)).wanted == 0
    assert decide(moment(CALM, ages=(40.0,) * 4, busy=2)).wanted == 1


def test_a_caller_whom_a_seat_reaches_shortly_is_no_backlog_until_it_gets_late() -> None:
    quick = Load(0.05, 10, 120)  # five agents answer 2.5 callers in five seconds
    assert decide(moment(quick, ages=(1.0, 1.0))).wanted == 0
    assert decide(moment(quick, ages=(1.0, 1.0, 1.0))).wanted == 1
    assert decide(moment(quick, ages=(19.0, 1.0))).wanted == 1


def test_busy_seats_do_not_answer_the_backlog() -> None:
    talking = replace(partner("ant", 30, 40), open=6, talks={"red": 6})
    decision = decide(moment(CALM, ages=(31.0,) * 3, partners=(talking,)))
    assert decision.wanted == 7  # the six that talk, and one for three talks of 60 s in 180 s


def test_talks_at_a_closed_partner_do_not_open_seats_elsewhere() -> None:
    talking = replace(partner("ant"), open=6, talks={"red": 6}, override=Override.CLOSED)
    decision = decide(moment(CALM, ages=(31.0,) * 3, partners=(talking, partner("bee"))))
    assert decision.seats == {"ant": 0, "bee": 1}


def test_agents_of_another_queue_are_no_help() -> None:
    """Ten agents for green sit idle while red has a rush."""
    decision = decide(
        Snapshot(
            now=0.0,
            queues=(QueueSnapshot("red", (30.0,) * 9, BUSY), QueueSnapshot("green", (), CALM)),
            agent_groups=(AgentGroup(RED, 5, 5), AgentGroup(frozenset({"green"}), 10, 0)),
            partners=(partner("ant", 30, 60), replace(partner("bee"), queues=frozenset({"green"}))),
        )
    )
    assert decision.seats["ant"] > needed(BUSY) - 8
    assert decision.seats["bee"] == 0


def test_own_agents_go_where_no_partner_can_help() -> None:
    """Partners know only red: so the agents who know both are counted on for green."""
    both = frozenset({"red", "green"})
    load = Load(0.2, 60, 120)
    snapshot = Snapshot(
        now=0.0,
        queues=(QueueSnapshot("red", (), load), QueueSnapshot("green", (), load)),
        agent_groups=(AgentGroup(both, 14, 14),),
        partners=(partner("ant", 30, 60),),
    )
    assert decide(snapshot).seats["ant"] == needed(replace(load, arrivals=0.4)) - 14


def test_floor_and_ceiling() -> None:
    assert decide(moment(policy=Policy(floor=3))).wanted == 3
    capped = decide(moment(BUSY, policy=Policy(ceiling=7)))
    assert sum(capped.seats.values()) == capped.wanted == 7


def test_partners_that_drop_out_are_made_up_for_by_the_others() -> None:
    ant, bee, cat = moment().partners
    paused = replace(ant, allowed=0, health="paused 20 s: unreachable")
    decision = decide(moment(BUSY, partners=(paused, bee, cat)))
    assert decision.seats == {"ant": 0, "bee": 27, "cat": 14}
    assert decision.shares[0].reason == ("no seats: paused 20 s: unreachable; 0 open, 0 busy")


def test_without_partners_the_reason_still_says_what_is_missing() -> None:
    decision = decide(moment(CALM, ages=(31.0,) * 12, partners=()))
    assert decision.shares == ()
    assert decision.reason.startswith("4 seats wanted, 0 asked of partners")


def test_after_a_restart_open_seats_stay_for_the_hold() -> None:
    open_now = tuple(replace(p, open=4) for p in moment().partners)
    first = decide(moment(partners=open_now))
    assert first.wanted == 12
    assert first.reason.endswith("12 held for 120 s more, 0 would do")
    later = decide(moment(now=1119.0, last=first.hysteresis))
    assert later.wanted == 12
    assert decide(moment(now=1120.0, last=later.hysteresis)).wanted == 0


def test_closing_stops_at_what_the_hold_needed_at_its_worst_and_some_to_spare() -> None:
    (group,) = decide(moment()).hysteresis
    low = {group: Hysteresis(20, low_since=880.0, low_peak=5)}
    assert decide(moment(last=low)).wanted == 6
    assert decide(moment(now=999.0, last=low)).wanted == 20
    rush = moment(CALM, ages=(31.0,) * 48, now=999.0, last=low)
    assert decide(rush).hysteresis == {group: Hysteresis(20)}  # 16 are no clear fall from 20


# A small hotline


@dataclass
class Hotline:
    """Callers, agents and partners by the second; carries out what `decide` says."""

    random: Random
    agents: int
    handling: float
    patience: float
    partners: tuple[PartnerSnapshot, ...]
    policy: Policy
    now: float = 0.0
    waiting: list[tuple[float, float]] = field(default_factory=list)  # joined, gives up
    own: list[float] = field(default_factory=list)  # ends of talks
    ends: dict[str, list[float]] = field(default_factory=dict)
    arrivals: Arrivals = field(default_factory=Arrivals)
    decision: Decision | None = None
    waits: list[float] = field(default_factory=list)
    lost: int = 0

    def __post_init__(self) -> None:
        self.talks = handling_rate(self.handling)
        self.hang_ups = patience_rate(self.patience)
        self.ends = {p.id: [] for p in self.partners}

    def second(self, per_second: float) -> Decision:
        """One second goes by."""
        calls, at = 0, self.now + self.random.expovariate(per_second)
        self.now += 1.0
        while at < self.now:
            calls += 1
            self.waiting.append((at, at + self.random.expovariate(1 / self.patience)))
            at += self.random.expovariate(per_second)
        before = self.busy
        self.own = [end for end in self.own if end > self.now]
        self.ends = {k: [e for e in ends if e > self.now] for k, ends in self.ends.items()}
        ended = before - self.busy
        gone = [w for w in self.waiting if w[1] <= self.now]
        self.waiting = [w for w in self.waiting if w[1] > self.now]
        self.lost += len(gone)
        self._answer()
        self.arrivals = self.arrivals.watched(1.0, calls)
        self.talks = self.talks.watched(1.0, ended, self.busy)
        self.hang_ups = self.hang_ups.watched(1.0, len(gone), len(self.waiting))
        self.decision = decide(self.snapshot())
        return self.decision

    def _answer(self) -> None:
        seats = self.decision.seats if self.decision else {}
        while self.waiting:
            free = [name for name, ends in self.ends.items() if len(ends) < seats.get(name, 0)]
            if len(self.own) < self.agents:
                line = self.own
            elif free:
                line = self.ends[self.random.choice(free)]
            else:
                return
            self.waits.append(self.now - self.waiting.pop(0)[0])
            line.append(self.now + self.random.expovariate(1 / self.handling))

    @property
    def busy(self) -> int:
        return len(self.own) + sum(map(len, self.ends.values()))

    def snapshot(self) -> Snapshot:
        seats = self.decision.seats if self.decision else {}
        load = Load(self.arrivals.per_second, self.talks.mean_seconds, self.hang_ups.mean_seconds)
        return Snapshot(
            self.now,
            (QueueSnapshot("red", tuple(self.now - joined for joined, _ in self.waiting), load),),
            (AgentGroup(RED, self.agents, len(self.own)),),
            tuple(
                replace(
                    p,
                    open=max(seats.get(p.id, 0), len(self.ends[p.id])),
                    talks={"red": len(self.ends[p.id])},
                )
                for p in self.partners
            ),
            self.policy,
            self.decision.hysteresis if self.decision else {},
        )


def hotline(seed: int, agents: int, handling: float, **policy: float) -> Hotline:
    partners = (partner("ant", 30, 40), partner("bee", 20, 30), partner("cat", 10, 20))
    return Hotline(Random(seed), agents, handling, 120.0, partners, Policy(**policy))  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(3))
def test_a_constant_noisy_load_makes_nothing_flap(seed: int) -> None:
    line = hotline(seed, agents=40, handling=60.0)
    for _ in range(300):
        line.second(0.8)
    wanted = [line.second(0.8).wanted for _ in range(900)]
    hold = int(line.policy.hold_seconds)
    falls = [n for n, (a, b) in enumerate(pairwise(wanted), 1) if b < a]
    rises = [n for n, (a, b) in enumerate(pairwise(wanted), 1) if b > a]
    assert all(later - earlier >= hold for earlier, later in pairwise(falls))
    assert not any(fall - hold < rise < fall for fall in falls for rise in rises)
    assert sum(wanted) / len(wanted) <= 3 * (needed(BUSY) - 40)  # noise costs something
    assert sum(wait <= 20 for wait in line.waits) / (len(line.waits) + line.lost) >= 0.8


@pytest.mark.parametrize("seed", range(3))
def test_a_step_up_opens_at_once_and_a_step_down_closes_slowly_and_wholly(seed: int) -> None:
    """Five agents, three times what they can do for four minutes, then little again."""
    line = hotline(seed, agents=AGENTS, handling=10.0, hold_seconds=60)
    for _ in range(300):
        line.second(0.1)
    assert line.decision is not None
    assert line.decision.wanted == 0
    stuck = opened = 0
    for second in range(240):
        decision = line.second(1.5)
        if len(line.waiting) >= 3:  # 2.5 are answered within five seconds
            stuck = stuck or second + 1
        if decision.wanted:
            opened = opened or second + 1
    assert 0 < opened <= stuck
    assert 15 <= line.decision.wanted + AGENTS <= 30  # fifteen people's work
    assert line.lost < 0.1 * len(line.waits)
    last, closing = line.decision.wanted, []
    for second in range(400):
        wanted = line.second(0.1).wanted
        if wanted < last:
            closing.append(second)
        assert wanted <= last
        last = wanted
    assert last == 0
    assert closing[-1] >= 60
    assert all(later - earlier >= 60 for earlier, later in pairwise(closing))


@settings(max_examples=examples(5))
@given(st.integers(0, 1000))
def test_the_same_moments_give_the_same_decisions(seed: int) -> None:
    one, other = hotline(seed, 5, 10.0), hotline(seed, 5, 10.0)
    for _ in range(60):
        assert one.second(1.0) == other.second(1.0)
