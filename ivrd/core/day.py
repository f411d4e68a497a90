"""One day's books: what became of every call that reached the hotline on that day.

A `CompletedCall` is an ended call as it is kept; `Day` adds them up.  A call belongs to the day on
which it was received, so that a day's sum is final once its last call has ended: received = sum of
the rows + in progress.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ivrd.core.call import AnsweredBy, Ended, Outcome, Stage
from ivrd.core.ledger import OutcomeKey
from ivrd.core.recent import LATE_SECONDS


@dataclass(frozen=True)
class CompletedCall:
    """An ended call.  Times are seconds; `wait_seconds` is None for one that joined no queue,
    `talk_seconds` for one that nobody answered."""

    call_id: str
    received_at: float
    queue: str
    outcome: Outcome
    stage: Stage
    by: AnsweredBy
    wait_seconds: float | None = None
    talk_seconds: float | None = None
    topic: str = ""
    language: str = ""
    caller: str = ""  # a keyed hash, never the number


def completed_call(ended: Ended) -> CompletedCall:
    """What is kept of a call that has ended."""
    call = ended.call
    return CompletedCall(
        call_id=call.id,
        received_at=call.received_at,
        queue=call.queue,
        outcome=ended.outcome,
        stage=ended.stage,
        by=call.by,
        wait_seconds=call.wait_seconds(),
        talk_seconds=call.talk_seconds(),
        topic=call.topic,
        language=call.language,
        caller=call.caller,
    )


@dataclass(frozen=True)
class Day:
    """A day's sums, in calls.

    `rows`: calls by the labels under which metrics count them.  `in_time`: answered within the
    target; over `offered` that is the service level.  `asa_seconds`: the mean wait of those
    answered, None without one.
    """

    rows: dict[OutcomeKey, int]
    in_progress: int
    offered: int
    in_time: int
    abandoned_after_30s: int
    asa_seconds: float | None

    @property
    def received(self) -> int:
        """All calls of the day."""
        return sum(self.rows.values()) + self.in_progress

    def total(self, outcome: Outcome) -> int:
        """The calls that ended so."""
        return sum(count for row, count in self.rows.items() if row.outcome is outcome)


def day_of(
    calls: Iterable[CompletedCall], in_progress: int, waiting_or_talking: int, target_seconds: float
) -> Day:
    """Add a day up.

    `in_progress`: calls of that day that are here now, `waiting_or_talking` of which joined a
    queue.  `target_seconds`: an answer within it is in time.
    """
    rows: Counter[OutcomeKey] = Counter()
    offered, in_time, late, waited = waiting_or_talking, 0, 0, 0.0
    for call in calls:
        rows[OutcomeKey(call.queue, call.outcome, call.stage, call.by)] += 1
        wait = call.wait_seconds
        if wait is None:
            continue
        offered += 1
        if call.outcome is Outcome.ANSWERED:
            waited += wait
            in_time += wait <= target_seconds
        elif call.stage is Stage.QUEUE:
            late += wait > LATE_SECONDS
    answered = sum(count for row, count in rows.items() if row.outcome is Outcome.ANSWERED)
    return Day(
        rows=dict(rows),
        in_progress=in_progress,
        offered=offered,
        in_time=in_time,
        abandoned_after_30s=late,
        asa_seconds=waited / answered if answered else None,
    )
