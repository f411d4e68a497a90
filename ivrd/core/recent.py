"""What happened in the last hour, counted minute by minute in a fixed amount of memory.

Theory of operation
-------------------
A ring holds one `_Minute` for each of the last 60 minutes; a minute that has gone by gives its
place to a new one.  The last hour is the minute that `now` is in and the 59 before it.

Counts are of what happened in the hour.  The two ratios ask what became of the callers who joined a
queue in the hour: an answer or a hang-up is entered in the minute in which its caller joined.
Were it entered when it happened, then after a rush more callers could have hung up than joined,
and the ratio would mean nothing.

Times are seconds since the epoch, on the same clock as the calls' own.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import TypedDict, assert_never

from ivrd.core.call import AnsweredBy, Call, CallbackResult, Outcome, Stage, abandoned_late
from ivrd.core.call_notices import Answered, Ended, Notice, Offered, PassedOn, Rejoined, TakenOver


class Hour(TypedDict):
    """The last hour.  All are calls, but for `asa_seconds` and the two ratios (0 to 1).

    All but `dialled` and `reached` are of received calls: those two are of calls that the hotline
    made, when it dialled them, and when they ended and the person had been reached.
    `answered` counts when a person takes the call, and a call once, however often it was sent on;
    one that is sent back before the answer stands (`call.STANDS_SECONDS`) is taken out again;
    `overflow`: those of them that a partner's person took.
    `service_level`: answered within the target over offered.  `abandonment`: hung up in the queue
    over offered.  Both are None when no call was offered.  `asa_seconds`: the mean wait of those
    answered; None when there were none.
    """

    received: int
    offered: int
    answered: int
    overflow: int
    abandoned_ivr: int
    abandoned_queue: int
    abandoned_after_30s: int
    self_served: int
    callback: int
    deflected: int
    rejected: int
    failed: int
    dialled: int
    reached: int
    service_level: float | None
    asa_seconds: float | None
    abandonment: float | None


@dataclass
class _Minute:
    """One minute; `in_time` and `lost` count those who joined a queue in it."""

    number: int = -1  # minutes since the epoch
    counts: Counter[str] = field(default_factory=Counter)
    waited_seconds: float = 0.0  # by those who were answered in it
    in_time: int = 0
    lost: int = 0


@dataclass(frozen=True)
class _CountedAnswer:
    """An answer and the minutes that have it: `joined` only if it came in time."""

    notice: Answered
    minute: _Minute
    joined: _Minute | None

    def add(self, times: int) -> None:
        """Count it (1), or take it out again (-1)."""
        self.minute.counts["answered"] += times
        self.minute.counts["overflow"] += times * (self.notice.call.by is AnsweredBy.PARTNER)
        self.minute.waited_seconds += times * self.notice.wait_seconds
        if self.joined:
            self.joined.in_time += times


class Recent:
    """The last `minutes` minutes.  `service_level_seconds`: the target for an answer."""

    def __init__(self, service_level_seconds: float, minutes: int = 60) -> None:
        self.service_level_seconds = service_level_seconds
        self._ring = [_Minute() for _ in range(minutes)]
        # Calls in progress: those that joined a queue before our eyes (of others only the end is
        # seen: no part of a ratio over those offered), and those that a person has taken already,
        # each with what was counted until the answer stands.
        self._offered: set[str] = set()
        self._answered: dict[str, _CountedAnswer | None] = {}

    def received(self, now: float) -> None:
        """A call reached the hotline."""
        self._minute(now, now).counts["received"] += 1

    def dialled(self, now: float) -> None:
        """The hotline calls somebody back."""
        self._minute(now, now).counts["dialled"] += 1

    def notice(self, now: float, notice: Notice) -> None:
        """Count what `call.step` reports, when it reports it."""
        if not notice.call.received:
            reached = notice.call.result is CallbackResult.REACHED
            self._minute(now, now).counts["reached"] += reached
            return
        match notice:
            case Offered(call):
                self._offered.add(call.id)
                self._joined(call, now).counts["offered"] += 1
            case Answered():
                if notice.call.id not in self._answered:  # else sent on to another person
                    self._answered[notice.call.id] = self._count_answer(now, notice)
            case Rejoined(call):
                self._left_person(call.id, stands=notice.answer_stands)
            case PassedOn(call):
                self._left_person(call.id, stands=True)
            case TakenOver():
                pass
            case Ended():
                self._count_end(now, notice)
            case _:
                assert_never(notice)

    def _left_person(self, call_id: str, *, stands: bool) -> None:
        """The person no longer has a call; its answer stands, or was none."""
        counted = self._answered.get(call_id)
        if counted and stands:
            self._answered[call_id] = None
        elif counted:
            counted.add(-1)
            del self._answered[call_id]

    def totals(self, now: float) -> Hour:
        """The hour that ends with the minute `now` is in."""
        last = int(now // 60)
        here = [m for m in self._ring if last - len(self._ring) < m.number <= last]
        counts: Counter[str] = Counter()
        for minute in here:
            counts.update(minute.counts)
        offered, answered = counts["offered"], counts["answered"]
        return Hour(
            received=counts["received"],
            offered=counts["offered"],
            answered=counts["answered"],
            overflow=counts["overflow"],
            abandoned_ivr=counts["abandoned_ivr"],
            abandoned_queue=counts["abandoned_queue"],
            abandoned_after_30s=counts["abandoned_after_30s"],
            self_served=counts["self_served"],
            callback=counts["callback"],
            deflected=counts["deflected"],
            rejected=counts["rejected"],
            failed=counts["failed"],
            dialled=counts["dialled"],
            reached=counts["reached"],
            service_level=_ratio(sum(m.in_time for m in here), offered),
            asa_seconds=_ratio(sum(m.waited_seconds for m in here), answered),
            abandonment=_ratio(sum(m.lost for m in here), offered),
        )

    def _count_answer(self, now: float, notice: Answered) -> _CountedAnswer:
        offered = notice.call.id in self._offered
        in_time = offered and notice.wait_seconds <= self.service_level_seconds
        joined = self._joined(notice.call, now) if in_time else None
        counted = _CountedAnswer(notice, self._minute(now, now), joined)
        counted.add(1)
        return counted

    def _count_end(self, now: float, notice: Ended) -> None:
        counted = self._answered.pop(notice.call.id, None)
        if counted and notice.outcome is not Outcome.ANSWERED:  # sent back, and nobody saw it
            counted.add(-1)
        offered = notice.call.id in self._offered
        self._offered.discard(notice.call.id)
        counts = self._minute(now, now).counts
        if notice.outcome is not Outcome.ABANDONED:
            if notice.outcome is not Outcome.ANSWERED:  # counted when it was answered
                counts[notice.outcome.value] += 1
        elif notice.stage is Stage.QUEUE:
            counts["abandoned_queue"] += 1
            wait = notice.call.wait_seconds()
            counts["abandoned_after_30s"] += abandoned_late(notice.outcome, notice.stage, wait)
            self._joined(notice.call, now).lost += offered
        else:
            counts["abandoned_ivr"] += 1

    def _joined(self, call: Call, now: float) -> _Minute:
        """The minute in which the call joined a queue."""
        return self._minute(now if call.joined_at is None else call.joined_at, now)

    def _minute(self, at: float, now: float) -> _Minute:
        """The minute of `at`, which a clock that runs ahead may put after now: then that of now.

        A minute before the last hour is one that nobody will look at.
        """
        number = int(min(at, now) // 60)
        if number <= int(now // 60) - len(self._ring):
            return _Minute()
        slot = number % len(self._ring)
        if self._ring[slot].number != number:
            self._ring[slot] = _Minute(number)
        return self._ring[slot]


def _ratio(part: float, whole: int) -> float | None:
    return part / whole if whole else None
