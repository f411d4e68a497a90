"""What a plan has changed: the calls of its time, beside those of as long before it."""

from collections.abc import Iterable
from dataclasses import dataclass

from ivrd.core.call import AnsweredBy, Outcome, Stage
from ivrd.core.day import CompletedCall, Day, day_of


@dataclass(frozen=True)
class PlanFigures:
    """Ended calls that were received in a time.  Ratios are None without a call they are of.

    `abandoned`: those that hung up in a queue, over those that joined one.  `outcomes`: calls by
    `Outcome`.  `by_partners`: of the answered.
    """

    received: int
    outcomes: dict[str, int]
    by_partners: int
    abandoned: float | None
    service_level: float | None
    asa_seconds: float | None


@dataclass(frozen=True)
class Span:
    """A time from `start` to before `end`, in seconds."""

    start: float
    end: float

    @property
    def before(self) -> "Span":
        """As long, just before it."""
        return Span(2 * self.start - self.end, self.start)


def figures(calls: Iterable[CompletedCall], span: Span, target_seconds: float) -> PlanFigures:
    """The figures of a time; `target_seconds`: an answer within it is in time."""
    here = [call for call in calls if span.start <= call.received_at < span.end]
    day = day_of(here, 0, 0, target_seconds)
    return PlanFigures(
        received=day.received,
        outcomes={outcome.value: day.total(outcome) for outcome in Outcome},
        by_partners=sum(n for row, n in day.rows.items() if row.by is AnsweredBy.PARTNER),
        abandoned=_abandoned(day),
        service_level=day.in_time / day.offered if day.offered else None,
        asa_seconds=day.asa_seconds,
    )


def _abandoned(day: Day) -> float | None:
    left = sum(
        count
        for row, count in day.rows.items()
        if row.outcome is Outcome.ABANDONED and row.stage is Stage.QUEUE
    )
    return left / day.offered if day.offered else None
