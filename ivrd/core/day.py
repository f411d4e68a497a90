"""One day's ledger: what became of every call that reached the hotline on that day.

A `CompletedCall` is an ended call as it is kept; `Day` adds them up.  A call belongs to the day on
which it was received, so that a day's sum is final once its last call has ended: received = sum of
the rows + in progress.  Calls that the hotline made are added up by themselves, on the day on which
they were dialled: dialled = sum of the results + in progress.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ivrd.core.call import AnsweredBy, CallbackResult, Direction, Outcome, Stage, abandoned_late
from ivrd.core.call_notices import Ended
from ivrd.core.ledger import OutcomeKey
from ivrd.core.leg_security import LegSecurity
from ivrd.core.priority import Urgency
from ivrd.core.skills import queue_in_words


@dataclass(frozen=True)
class CompletedCall:
    """An ended call.  Times are seconds; `wait_seconds` is None for one that joined no queue,
    `talk_seconds` for one that nobody answered.  `cut_off`, `media_lost`: as in `Call`.
    `result`: of one that the hotline made; None for one that it received."""

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
    cut_off: bool = False
    media_lost: bool = False
    credit_seconds: float = 0.0  # waited before, by the same person, in calls nobody answered
    result: CallbackResult | None = None
    ended_at: float | None = None  # None of one that was kept before this was
    direction: Direction = Direction.INBOUND
    caller_leg: LegSecurity | None = None  # as in `Call`
    answer_leg: LegSecurity | None = None
    urgency: Urgency = Urgency.NONE


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
        cut_off=call.cut_off,
        media_lost=call.media_lost,
        credit_seconds=call.credit_seconds,
        result=call.result,
        ended_at=call.ended_at,
        direction=call.direction,
        caller_leg=call.caller_leg,
        answer_leg=call.answer_leg,
        urgency=call.head_start.urgency,
    )


@dataclass(frozen=True)
class Callbacks:
    """The calls that the hotline made on a day.

    `results`: calls by what came of them.  `people`: who was reached, each once.  `people_helped`:
    who was, or whose own call was answered; whoever withholds the number is in neither.
    """

    results: dict[CallbackResult, int]
    in_progress: int
    people: int
    people_helped: int

    @property
    def dialled(self) -> int:
        """All of them."""
        return sum(self.results.values()) + self.in_progress


@dataclass(frozen=True)
class Day:
    """A day's sums, in received calls; but for `callbacks`.

    `rows`: calls by the labels under which metrics count them.  `in_time`: answered within the
    target; over `offered` that is the service level.  `asa_seconds`: the mean wait of those
    answered, None without one.  `talks_cut_off`: calls among the answered whose talk was cut off.
    `media_lost`: calls, whatever their outcome, from whose callers nothing came any more.
    `effective_asa_seconds`: as `asa_seconds`, from the effective arrivals: with what the same
    persons had waited before.  `credited`: calls whose persons had.  `by_partner`: calls that
    partners took, of whose leg is known whether it is encrypted; so `by_partner_encrypted` were.
    """

    rows: dict[OutcomeKey, int]
    in_progress: int
    offered: int
    in_time: int
    abandoned_after_30s: int
    asa_seconds: float | None
    callbacks: Callbacks
    talks_cut_off: int = 0
    media_lost: int = 0
    effective_asa_seconds: float | None = None
    credited: int = 0
    by_partner: int = 0
    by_partner_encrypted: int = 0

    @property
    def received(self) -> int:
        """All calls of the day."""
        return sum(self.rows.values()) + self.in_progress

    def total(self, outcome: Outcome) -> int:
        """The calls that ended so."""
        return sum(count for row, count in self.rows.items() if row.outcome is outcome)


def day_of(
    calls: Iterable[CompletedCall],
    in_progress: int,
    waiting_or_talking: int,
    target_seconds: float,
    callbacks_in_progress: int = 0,
) -> Day:
    """Add a day up.

    `in_progress`: received calls of that day that are here now, `waiting_or_talking` of which
    joined a queue.  `target_seconds`: an answer within it is in time.
    """
    every = list(calls)
    rows: Counter[OutcomeKey] = Counter()
    offered, in_time, late, waited, before = waiting_or_talking, 0, 0, 0.0, 0.0
    cut_off = media_lost = credited = by_partner = encrypted = 0
    for call in every:
        if call.result is not None:
            continue
        rows[OutcomeKey(queue_in_words(call.queue), call.outcome, call.stage, call.by)] += 1
        wait = call.wait_seconds
        late += abandoned_late(call.outcome, call.stage, wait)
        cut_off += call.cut_off and call.outcome is Outcome.ANSWERED
        media_lost += call.media_lost
        if call.by is AnsweredBy.PARTNER and call.answer_leg is not None:
            by_partner += 1
            encrypted += call.answer_leg.encrypted
        if wait is None:
            continue
        offered += 1
        credited += call.credit_seconds > 0.0
        if call.outcome is Outcome.ANSWERED:
            waited += wait
            before += call.credit_seconds
            in_time += wait <= target_seconds
    answered = sum(count for row, count in rows.items() if row.outcome is Outcome.ANSWERED)
    return Day(
        rows=dict(rows),
        in_progress=in_progress,
        offered=offered,
        in_time=in_time,
        abandoned_after_30s=late,
        asa_seconds=waited / answered if answered else None,
        callbacks=_callbacks(every, callbacks_in_progress),
        talks_cut_off=cut_off,
        media_lost=media_lost,
        effective_asa_seconds=(waited + before) / answered if answered else None,
        credited=credited,
        by_partner=by_partner,
        by_partner_encrypted=encrypted,
    )


def _callbacks(calls: Iterable[CompletedCall], in_progress: int) -> Callbacks:
    results: Counter[CallbackResult] = Counter()
    answered, reached = set[str](), set[str]()
    for call in calls:
        if call.result is not None:
            results[call.result] += 1
        if call.outcome is Outcome.ANSWERED and call.caller:
            (answered if call.result is None else reached).add(call.caller)
    return Callbacks(dict(results), in_progress, len(reached), len(answered | reached))
