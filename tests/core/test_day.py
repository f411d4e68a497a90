"""A day adds up: received = the rows + in progress, whatever became of the calls."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.call import LATE_SECONDS, AnsweredBy, Call, CallbackResult, CallState, Outcome, Stage
from ivrd.core.call_notices import Ended
from ivrd.core.day import Callbacks, CompletedCall, completed_call, day_of
from ivrd.core.ledger import OutcomeKey

waits = st.none() | st.floats(0.0, 600.0)
pasts = st.builds(
    CompletedCall,
    call_id=st.text(max_size=5),
    received_at=st.floats(1e9, 2e9),
    queue=st.sampled_from(["", "other", "benefits"]),
    outcome=st.sampled_from(list(Outcome)),
    stage=st.sampled_from(list(Stage)),
    by=st.sampled_from(list(AnsweredBy)),
    wait_seconds=waits,
    talk_seconds=waits,
    cut_off=st.booleans(),
    media_lost=st.booleans(),
)


def gone(outcome: Outcome, stage: Stage, wait: float | None, queue: str = "other") -> CompletedCall:
    by = AnsweredBy.INHOUSE if outcome is Outcome.ANSWERED else AnsweredBy.NOBODY
    return CompletedCall("x", 1e9, queue, outcome, stage, by, wait)


@given(st.lists(pasts), st.integers(0, 1000), st.integers(0, 1000), st.floats(0.0, 100.0))
def test_received_is_all_rows_and_who_is_here(
    calls: list[CompletedCall], here: int, queued: int, target: float
) -> None:
    day = day_of(calls, here, min(here, queued), target)
    assert day.received == len(calls) + here
    assert day.received == sum(day.rows.values()) + day.in_progress
    assert sum(day.total(outcome) for outcome in Outcome) == len(calls)
    assert 0 <= day.in_time <= day.offered <= day.received
    assert day.abandoned_after_30s <= day.total(Outcome.ABANDONED)
    assert day.talks_cut_off <= day.total(Outcome.ANSWERED)
    assert day.media_lost == sum(call.media_lost for call in calls)


@given(st.lists(pasts), st.randoms())
def test_the_order_in_which_calls_are_kept_does_not_matter(
    calls: list[CompletedCall], random
) -> None:
    shuffled = list(calls)
    random.shuffle(shuffled)
    one, other = day_of(calls, 0, 0, 20.0), day_of(shuffled, 0, 0, 20.0)
    assert one.rows == other.rows
    assert (one.offered, one.in_time) == (other.offered, other.in_time)


def test_a_day_by_hand() -> None:
    answered = [gone(Outcome.ANSWERED, Stage.TALK, wait) for wait in (5.0, 20.0, 65.0)]
    left = [
        gone(Outcome.ABANDONED, Stage.QUEUE, 30.0),
        gone(Outcome.ABANDONED, Stage.QUEUE, LATE_SECONDS + 0.1),
        gone(Outcome.ABANDONED, Stage.IVR, None, queue=""),
        gone(Outcome.FAILED, Stage.QUEUE, 65.0),
    ]
    day = day_of([*answered, *left], in_progress=4, waiting_or_talking=3, target_seconds=20.0)
    assert day.received == 11
    assert day.offered == 6 + 3
    assert day.in_time == 2
    assert day.abandoned_after_30s == 1
    assert day.asa_seconds == 30.0
    assert day.rows[OutcomeKey("other", Outcome.ANSWERED, Stage.TALK, AnsweredBy.INHOUSE)] == 3
    assert day.rows[OutcomeKey("", Outcome.ABANDONED, Stage.IVR, AnsweredBy.NOBODY)] == 1


def test_what_people_had_waited_before_is_told_apart() -> None:
    first, second = (gone(Outcome.ANSWERED, Stage.TALK, wait) for wait in (5.0, 15.0))
    left = gone(Outcome.ABANDONED, Stage.QUEUE, 30.0)
    day = day_of(
        [first, replace(second, credit_seconds=40.0), replace(left, credit_seconds=9.0)],
        in_progress=0,
        waiting_or_talking=0,
        target_seconds=20.0,
    )
    assert (day.asa_seconds, day.effective_asa_seconds) == (10.0, 30.0)
    assert day.credited == 2


def test_a_day_without_a_call() -> None:
    day = day_of([], 0, 0, 20.0)
    assert (day.received, day.offered, day.asa_seconds) == (0, 0, None)


def test_what_is_kept_of_a_call_that_has_ended() -> None:
    call = Call(
        "7.1",
        100.0,
        caller="hash",
        state=CallState.ENDED,
        topic="hi-symptoms",
        language="th",
        joined_at=110.0,
        connected_at=115.0,
        ended_at=175.0,
    )
    kept = completed_call(Ended(call, Outcome.ANSWERED, Stage.TALK))
    assert (kept.wait_seconds, kept.talk_seconds) == (5.0, 60.0)
    assert (kept.topic, kept.language, kept.caller) == ("hi-symptoms", "th", "hash")


def test_calls_made_and_received_are_added_up_apart_and_people_together() -> None:
    def call(caller: str, outcome: Outcome, result: CallbackResult | None = None) -> CompletedCall:
        return replace(gone(outcome, Stage.QUEUE, 5.0), caller=caller, result=result)

    day = day_of(
        [
            call("ann", Outcome.ANSWERED),
            call("ann", Outcome.ANSWERED),
            call("bob", Outcome.CALLBACK),
            call("cat", Outcome.ABANDONED),
            call("", Outcome.ANSWERED),  # withholds the number: a call, and nobody
            call("ann", Outcome.ANSWERED, CallbackResult.REACHED),
            call("bob", Outcome.ABANDONED, CallbackResult.BUSY),
            call("bob", Outcome.ANSWERED, CallbackResult.REACHED),
            call("cat", Outcome.ABANDONED, CallbackResult.HUNG_UP),
        ],
        in_progress=1,
        waiting_or_talking=1,
        target_seconds=20.0,
        callbacks_in_progress=2,
    )
    assert (day.received, day.offered, day.in_time) == (6, 6, 3)
    assert (day.total(Outcome.ANSWERED), day.total(Outcome.CALLBACK)) == (3, 1)
    results = {CallbackResult.REACHED: 2, CallbackResult.BUSY: 1, CallbackResult.HUNG_UP: 1}
    assert day.callbacks == Callbacks(results, in_progress=2, people=2, people_helped=2)
    assert day.callbacks.dialled == 6
