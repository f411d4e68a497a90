"""What is learned of a queue's callers: what was expected gives way to what was seen."""

import pytest

from ivrd.core.call import Call
from ivrd.core.call_events import HungUp, JoinedQueue, MediaLost
from ivrd.core.call_notices import Ended
from ivrd.core.call_table import step
from ivrd.core.demand import GAP_SECONDS, Demand


def test_what_is_expected_stands_until_something_was_seen() -> None:
    flow = Demand()
    flow.expect(talk=60.0, patience=30.0)
    assert (flow.load().handling, flow.load().patience) == (60.0, 30.0)
    for _ in range(600):  # ten talk at a time, each for 100 s; five wait, and one in 50 s gives up
        flow.talked, flow.left = 1, 1
        flow.observe(10.0, waiting=5, talking=10)
        flow.expect(talk=60.0, patience=30.0)
    assert flow.load().handling == pytest.approx(100.0, rel=0.02)
    assert flow.load().patience == pytest.approx(50.0, rel=0.02)
    before = flow.load().handling
    flow.expect(talk=600.0, patience=30.0)
    assert before < flow.load().handling < before * 1.1


def test_counts_begin_anew_with_each_look_and_a_gap_counts_nothing() -> None:
    flow = Demand(joined=1)
    flow.observe(GAP_SECONDS, waiting=0, talking=0)
    rate = flow.load().arrivals
    assert rate > 0
    assert flow.joined == 0
    flow.joined = 1000  # in an hour in which nobody looked
    flow.observe(3600.0, waiting=0, talking=0)
    assert flow.load().arrivals <= rate


def end_in_queue(*, silent: float) -> Ended:
    call, _ = step(Call("1", 0.0), JoinedQueue(0.0, "other"))
    _, (end,) = step(call, MediaLost(3000.0, silent) if silent else HungUp(3000.0))
    assert isinstance(end, Ended)
    return end


def learned(*ends: Ended, waiting: int, seconds: int) -> float:
    """The patience that is learned while so many wait for so long, and then these calls end."""
    flow = Demand()
    flow.expect(talk=60.0, patience=60.0)
    for _ in range(seconds):
        flow.observe(1.0, waiting=waiting, talking=0)
    for end in ends:
        flow.ended(end)
    flow.observe(1.0, waiting=0, talking=0)
    return flow.load().patience


def test_who_vanished_from_the_queue_had_no_patience_to_learn_from() -> None:
    ghosts = learned(*[end_in_queue(silent=30.0)] * 100, waiting=100, seconds=30)
    assert ghosts == pytest.approx(60.0, rel=0.02)  # what was expected: nothing has been seen
    assert learned(waiting=100, seconds=30) > 1000.0
    left = learned(end_in_queue(silent=0.0), waiting=1, seconds=30)
    assert left == pytest.approx((60.0 + 30.0) / 2, rel=0.02)


def test_what_is_taken_back_was_there_and_no_more() -> None:
    assert learned(end_in_queue(silent=600.0), waiting=1, seconds=5) == pytest.approx(60.0)
