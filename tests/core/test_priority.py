"""Who is served before whom: one key, and nobody waits for ever."""

from bisect import insort
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.call import Call
from ivrd.core.call_events import JoinedQueue, OpenedQueueMenu
from ivrd.core.ledger import Ledger
from ivrd.core.present import place_of
from ivrd.core.priority import (
    NO_HEAD_START,
    HeadStart,
    Place,
    PriorityRules,
    Urgency,
    larger,
    place,
)

RULES = PriorityRules(3600.0, 300.0, {"chest": Urgency.RED_FLAG, "worse": Urgency.RISK_GROUP})
SHIPPED = PriorityRules()
URGENCIES = st.sampled_from([*Urgency])
ARRIVALS = st.floats(0.0, 10_000.0)
CALLERS = st.lists(st.tuples(ARRIVALS, URGENCIES), max_size=30)


def placed(callers: list[tuple[float, Urgency]]) -> list[Place]:
    return [
        place(at, RULES.head_start(urgency), at, f"{number}")
        for number, (at, urgency) in enumerate(callers)
    ]


@given(CALLERS)
def test_of_two_who_are_as_urgent_the_one_who_arrived_earlier_is_first(
    callers: list[tuple[float, Urgency]],
) -> None:
    for urgency in Urgency:
        alike = [each for each in callers if each[1] is urgency]
        arrivals = [each.effective_at for each in sorted(placed(alike))]
        assert arrivals == pytest.approx(sorted(at for at, _urgency in alike))


@given(CALLERS)
def test_nobody_is_passed_by_who_arrives_later_than_the_head_starts_are_apart(
    callers: list[tuple[float, Urgency]],
) -> None:
    line = sorted(placed(callers))
    for at, first in enumerate(line):
        for then in line[at + 1 :]:
            apart = first.head_start - then.head_start
            assert first.effective_at - then.effective_at <= max(0.0, apart) + 1e-6


@given(CALLERS, st.integers(0, 29))
def test_who_is_urgent_passes_others_and_these_keep_their_order(
    callers: list[tuple[float, Urgency]], which: int
) -> None:
    """As a callback and a redial do, which are but earlier arrivals."""
    ledger = Ledger()
    for number, (at, urgency) in enumerate(callers):
        ledger.receive(Call(f"{number}", at, topic="other"))
        ledger.note(f"{number}", effective_at=at, head_start=RULES.head_start(urgency))
        ledger.apply(f"{number}", JoinedQueue(at, "care"))
        if number % 3 == 0:
            ledger.apply(f"{number}", OpenedQueueMenu())
    before = [each.call_id for each in ledger.present.waiting("care")]
    assert before == [each.call_id for each in sorted(placed(callers))]
    if f"{which}" not in before:
        return
    ledger.note(f"{which}", head_start=RULES.head_start(Urgency.RED_FLAG))
    after = [each.call_id for each in ledger.present.waiting("care")]
    assert [one for one in after if one != f"{which}"] == [o for o in before if o != f"{which}"]
    assert after.index(f"{which}") <= before.index(f"{which}")


@given(CALLERS)
def test_the_oldest_wait_is_that_of_who_arrived_first_wherever_it_stands(
    callers: list[tuple[float, Urgency]],
) -> None:
    ledger = Ledger()
    for number, (at, urgency) in enumerate(callers):
        ledger.receive(Call(f"{number}", at))
        ledger.note(f"{number}", head_start=RULES.head_start(urgency))
        ledger.apply(f"{number}", JoinedQueue(at, "care"))
    first = min((at for at, _urgency in callers), default=20_000.0)
    seconds = ledger.present.oldest_seconds("care", 20_000.0)
    assert seconds == pytest.approx(20_000.0 - first, abs=1e-6)


def test_a_head_start_is_never_taken_back() -> None:
    red, risk = RULES.head_start(Urgency.RED_FLAG), RULES.head_start(Urgency.RISK_GROUP)
    assert larger(red, risk) == larger(risk, red) == red
    ledger = Ledger()
    ledger.receive(Call("1", 0.0))
    ledger.note("1", head_start=red)
    for other in (risk, NO_HEAD_START):
        ledger.note("1", head_start=other)
    ledger.restore(Call("1", 0.0))
    assert ledger.calls["1"].head_start == red
    standby = Ledger()
    standby.receive(Call("1", 0.0))
    standby.restore(ledger.calls["1"])
    assert standby.calls["1"].head_start == red, "what is stored is known after a takeover"


def test_topics_make_callers_urgent() -> None:
    assert RULES.of_topic("chest") == HeadStart(Urgency.RED_FLAG, 3600.0)
    assert RULES.of_topic("worse") == HeadStart(Urgency.RISK_GROUP, 300.0)
    assert RULES.of_topic("other") == RULES.of_topic("") == NO_HEAD_START


def test_who_joins_now_arrives_now() -> None:
    assert place_of(Call("1", 5.0), 7.0).turn_at == 7.0


# --- nobody waits for ever: a hotline simulated ---------------------------------------------


@dataclass
class Hotline:
    """Agents, each in a talk of `talk` seconds on average, and callers who never give up."""

    agents: int
    talk: float
    chance: Random
    waits: list[tuple[Urgency, float, float]] = field(default_factory=list)  # arrival, wait

    def run(self, arrivals: list[tuple[float, Urgency]]) -> None:
        free = [0.0] * self.agents
        line: list[tuple[Place, Urgency]] = []
        coming = iter(arrivals)
        next_one = next(coming, None)
        number = 0
        while line or next_one:
            now = heappop(free)
            if not line and next_one:
                now = max(now, next_one[0])
            while next_one and next_one[0] <= now:
                at, urgency = next_one
                insort(line, (place(at, SHIPPED.head_start(urgency), at, f"{number}"), urgency))
                number, next_one = number + 1, next(coming, None)
            if line:
                first, urgency = line.pop(0)
                began = max(now, first.received_at)
                self.waits.append((urgency, first.received_at, began - first.received_at))
                now = began + self.chance.expovariate(1.0 / self.talk)
            heappush(free, now)

    def longest(self, urgency: Urgency, until: float) -> float:
        """The longest wait of those who arrived before that."""
        found = (wait for of, at, wait in self.waits if of is urgency and at <= until)
        return max(found, default=0.0)


def inflow(
    chance: Random, rates: dict[Urgency, float], seconds: float
) -> list[tuple[float, Urgency]]:
    found: list[tuple[float, Urgency]] = []
    for urgency, rate in rates.items():
        at = chance.expovariate(rate) if rate else seconds
        while at < seconds:
            found.append((at, urgency))
            at += chance.expovariate(rate)
    return sorted(found)


def simulated(red: float, others: float, hours: float, seed: int = 1330) -> Hotline:
    """`red`, `others`: how many come, as shares of what ten agents can serve."""
    chance = Random(seed)
    hotline = Hotline(10, 240.0, chance)
    capacity = hotline.agents / hotline.talk
    rates = {Urgency.RED_FLAG: red * capacity, Urgency.NONE: others * capacity}
    hotline.run(inflow(chance, rates, hours * 3600.0))
    return hotline


@pytest.mark.parametrize("red", [0.2, 0.5, 0.75])
def test_while_fewer_red_flags_come_than_can_be_served_the_bound_is_never_reached(
    red: float,
) -> None:
    """A day in which four of five agents talk, most of them to callers with a red flag."""
    hotline = simulated(red, 0.8 - red, hours=24)
    assert hotline.longest(Urgency.NONE, 24 * 3600.0) < SHIPPED.red_flag_seconds / 2
    assert hotline.longest(Urgency.RED_FLAG, 24 * 3600.0) < 900.0


def test_when_more_red_flags_come_than_can_be_served_all_others_wait_no_longer_than_the_bound() -> (
    None
):
    """Twice as many as can be served, for hours: whoever has waited that long is before them."""
    hotline = simulated(2.0, 0.2, hours=10)
    early = 1800.0
    # Served before: whoever came earlier, and the red flags of four hours more; ten agents need for
    # these twice as long as they took to come, and a part of that for the others.
    bound = 2.2 * (early + SHIPPED.red_flag_seconds) + 600.0
    assert 0.0 < hotline.longest(Urgency.NONE, early) < bound
    unbounded = simulated(2.0, 0.2, hours=20)
    longer = unbounded.longest(Urgency.NONE, early)
    assert longer == pytest.approx(hotline.longest(Urgency.NONE, early), rel=0.25), (
        "it does not grow with how long that goes on"
    )
