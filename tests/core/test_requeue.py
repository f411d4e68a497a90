"""Callers whose queue is gone are moved to where their topic leads, and keep their place."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.call import Call, CallState
from ivrd.core.present import Present
from ivrd.core.requeue import Move, in_vain, move_of
from ivrd.core.skills import SkillRouting

QUEUES = ("care", "other", "gone", "away")
SERVED = ("care", "other")
TOPICS = {"symptoms": "care", "anything": "other"}
ROUTING = SkillRouting(TOPICS, "other")

CALLS = st.lists(
    st.tuples(
        st.sampled_from(QUEUES),
        st.sampled_from(("symptoms", "anything", "forgotten", "")),
        st.floats(0, 1000),
        st.sampled_from((CallState.QUEUE, CallState.MENU, CallState.TALK)),
    ),
    max_size=30,
)


def calls_of(rows) -> list[Call]:
    return [
        Call(f"{n}", 0.0, state=state, queue=queue, topic=topic, joined_at=joined)
        for n, (queue, topic, joined, state) in enumerate(rows)
    ]


def moves(calls: list[Call]) -> list[Move]:
    """Each move, once those before it are made."""
    present, by_id, found = Present(), {call.id: call for call in calls}, []
    for call in calls:
        present.moved(None, call)
    for place in in_vain(present, SERVED):
        call = by_id[place.call_id]
        move = move_of(call, ROUTING, present.line)
        present.moved(call, replace(call, queue=move.queue))
        found.append(move)
    return found


def carried_out(calls: list[Call], found: list[Move]) -> dict[str, list[str]]:
    """The lines as app_queue has them after the moves, one after the other."""
    waiting = sorted((c for c in calls if c.state is CallState.QUEUE), key=lambda c: c.joined_at)
    lines = {queue: [c.id for c in waiting if c.queue == queue] for queue in SERVED}
    for move in found:
        lines[move.queue].insert(move.position - 1, move.call_id)
    return lines


@given(CALLS)
def test_everybody_who_waits_is_in_a_line_that_is_served_in_the_order_of_joining(rows) -> None:
    calls = calls_of(rows)
    lines = carried_out(calls, moves(calls))
    joined = {call.id: call.joined_at for call in calls}
    waiting = {call.id for call in calls if call.state is CallState.QUEUE}
    assert sorted(id for line in lines.values() for id in line) == sorted(waiting)
    for line in lines.values():
        assert [joined[id] for id in line] == sorted(joined[id] for id in line)


@given(CALLS)
def test_where_the_topic_leads_or_to_the_default_queue(rows) -> None:
    calls = {call.id: call for call in calls_of(rows)}
    for move in moves([*calls.values()]):
        call = calls[move.call_id]
        assert call.queue not in SERVED
        assert move.queue == TOPICS.get(call.topic, "other")


@given(CALLS)
def test_when_all_is_well_nobody_is_moved(rows) -> None:
    calls = [replace(call, queue="care") for call in calls_of(rows)]
    assert moves(calls) == []
