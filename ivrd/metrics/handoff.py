"""The hand-off's histogram: how long a caller waits although somebody could take the call."""

from collections.abc import Callable
from typing import assert_never

import prometheus_client as prom

from ivrd.asterisk.dialplan_names import kind_of_seat
from ivrd.asterisk.seat_facts import (
    MemberChanged,
    SeatDropped,
    SeatFact,
    SeatOffered,
    SeatResumed,
    SeatState,
    SeatUnanswered,
)
from ivrd.core.call_notices import Answered, Ended, Notice, Offered, PassedOn, Rejoined, TakenOver
from ivrd.core.handoff import Handoffs, SeatKind
from ivrd.core.seats import SeatStatus
from ivrd.ha.leadership import LeaderStatus

HANDOFF_SECONDS = (0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 30, 60)


class HandoffMetrics:
    """Receives what seats do and what happens to calls; never waits.  Only the leader counts.

    `clock` gives any seconds that go on: all is timed when it is received.
    """

    def __init__(
        self,
        registry: prom.CollectorRegistry,
        leadership: LeaderStatus,
        clock: Callable[[], float],
    ) -> None:
        self._leadership = leadership
        self._clock = clock
        self._handoffs = Handoffs()
        self._seconds = prom.Histogram(
            "ivrd_handoff_seconds",
            "Seconds that a caller waited although a seat was free: from when the first in line "
            "could be rung for until a person had the call, by the kind of seat that took it. "
            "Seats that were rung in vain are in it, times in which no seat was free are not. One "
            "for each answer, also where the person did not keep the caller.",
            ("kind",),
            buckets=HANDOFF_SECONDS,
            registry=registry,
        )
        for kind in SeatKind:
            self._seconds.labels(kind)

    def seat(self, fact: SeatFact | SeatOffered) -> None:
        """A seat does something else than before, or is rung for a caller, or is no more."""
        match fact:
            case SeatState(seat, state):
                self._is(seat, state is SeatStatus.FREE)
            case MemberChanged():
                free = fact.there and not fact.paused and fact.state is SeatStatus.FREE
                self._is(fact.seat, free)
            case SeatOffered(seat, waiting):
                self._handoffs.offered(waiting, seat, self._clock())
            case SeatUnanswered(seat, waiting=waiting):
                self._handoffs.unanswered(waiting, seat, self._clock())
            case SeatDropped() | SeatResumed():
                pass  # the call joins the queue again; the phone says what it does
            case _:
                assert_never(fact)

    def _is(self, seat: str, free: bool) -> None:
        if free:
            self._handoffs.seat_free(seat, self._clock())
        else:
            self._handoffs.seat_held(seat)

    def notice(self, notice: Notice) -> None:
        """A call joined a queue, was answered or ended."""
        call = notice.call
        match notice:
            case Offered() | Rejoined():
                self._handoffs.joined(call.id, self._clock())
            case Answered():
                seconds = self._handoffs.answered(call.id, self._clock())
                if seconds is not None and self._leadership.is_leader:
                    self._seconds.labels(kind_of_seat(call.seat)).observe(seconds)
            case PassedOn() | TakenOver():
                pass  # no queue is in it
            case Ended():
                self._handoffs.ended(call.id)
            case _:
                assert_never(notice)
