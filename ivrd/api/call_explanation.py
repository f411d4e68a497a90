"""Why one caller waits: the place and who is before, which seats are free, what partners do.

Also what became of a call that has ended today.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from math import isfinite
from typing import Any, Protocol, TypeVar

from ivrd.api import server
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.core.booking import Booking
from ivrd.core.call import Call, CallState, Direction
from ivrd.core.case_code import case_code
from ivrd.core.day import CompletedCall
from ivrd.core.expected_wait import Wait
from ivrd.core.ledger import Ledger
from ivrd.core.present import place_of
from ivrd.core.priority import Place
from ivrd.core.skills import group_of, queue_in_words
from ivrd.partners.controller import PartnerController
from ivrd.store import StoreDown

T = TypeVar("T")

MOST_BEFORE = 10  # of those before, in the order of their turns
LEAST_OF_A_HASH = 4  # characters of its end
FLUSH_SECONDS = 1.0
WAITS = (CallState.QUEUE, CallState.QUEUE_MENU)


class Forecast(Protocol):
    """How long callers will wait; see waiting/forecast.py."""

    def joining(self, call: Call, queue: str) -> Wait:
        """The wait of a caller at the place that the call has."""


class History(Protocol):
    """Calls that have ended; see ha/call_repository.py."""

    def day_at(self, at: float) -> date:
        """The hotline's day at a moment."""

    async def day(self, day: date) -> list[CompletedCall]:
        """All calls of a day that have ended.  Raises `StoreDown`."""


class Bookings(Protocol):
    """People to be called back; see callbacks/repository.py."""

    def get(self, booking_id: str) -> Booking | None:
        """One by its id."""


class CallExplanation:
    """What is known of one call.

    `rung()`: calls for which a phone is ringing.  `beside(queue)`: who waits for a queue's people
    and not in Asterisk's line.  `flush(seconds)`: waits until what has ended is stored.  `now`:
    this moment on the timeline of the calls, `clock`: seconds since the epoch.
    """

    def __init__(
        self,
        ledger: Ledger,
        queue_members: QueueMembers,
        rung: Callable[[], Collection[str]],
        beside: Callable[[str], Sequence[Place]],
        bookings: Bookings,
        partners: PartnerController,
        forecast: Forecast,
        history: History,
        flush: Callable[[float], Awaitable[bool]],
        now: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        self._ledger = ledger
        self._queue_members = queue_members
        self._rung = rung
        self._beside = beside
        self._bookings = bookings
        self._partners = partners
        self._forecast = forecast
        self._history = history
        self._flush = flush
        self._now = now
        self._clock = clock

    async def answer(self, query: Mapping[str, str]) -> server.Answer:
        """Of ?call=: its id, the case code that agents see, or the end of the caller's hash."""
        named = query.get("call", "").strip()
        if not named:
            raise server.RequestRejected("call: expected an id, a case code or the end of a hash")
        here = [c for c in self._ledger.calls.values() if _is(named, c.id, c.caller)]
        if here:
            return self._of_call(_only(named, here, lambda call: call.id))
        ended = [c for c in await self._ended_today() if _is(named, c.call_id, c.caller)]
        if not ended:
            raise server.RequestRejected(
                f"no call {named!r} is here or has ended today; expected an id, a case code, or at "
                f"least the last {LEAST_OF_A_HASH} characters of a caller's hash"
            )
        return _of_ended(_only(named, ended, lambda call: call.call_id))

    async def _ended_today(self) -> list[CompletedCall]:
        try:
            if await self._flush(FLUSH_SECONDS):
                return await self._history.day(self._history.day_at(self._clock()))
        except StoreDown:
            pass
        raise server.NotNow(
            "no such call is here, and the store does not answer: which ended is not known"
        )

    # --- a call that is here ---------------------------------------------------------------

    def _of_call(self, call: Call) -> dict[str, Any]:
        now = self._now()
        waits = self._waits(call, now) if call.state in WAITS else None
        return {
            **_who(call.id, call.caller, call.queue, call.topic, call.language),
            "state": call.state,
            "made": call.direction is Direction.CALLBACK,
            "seconds": max(0.0, now - call.received_at),
            "seat": call.seat,
            "waits": waits,
            "ended": None,
        }

    def _waits(self, call: Call, now: float) -> dict[str, Any]:
        own = place_of(call, now)
        line = self._ledger.present.line(call.queue)
        others = sorted({*line, *self._beside(call.queue)} - {own})
        before = [place for place in others if place < own]
        expected = self._forecast.joining(call, call.queue).mean
        return {
            "place": len(before) + 1,
            "of": len(others) + 1,
            "waited_seconds": call.wait_seconds(now) or 0.0,
            "credit_seconds": call.credit_seconds,
            "urgency": call.head_start.urgency,
            "head_start_seconds": call.head_start.seconds,
            "before": [self._row(place, own) for place in before[:MOST_BEFORE]],
            "elsewhere": dict(self._elsewhere(call.queue, own)),
            "in_menu": call.state is CallState.QUEUE_MENU,
            "ringing": call.id in self._rung(),
            "pools": list(self._pools(call.queue)),
            "partners": list(self._shares(call.queue)),
            "partners_reason": self._partners.decision.reason if self._partners.decision else "",
            "expected_seconds": expected if isfinite(expected) else None,
        }

    def _row(self, place: Place, own: Place) -> dict[str, Any]:
        """Who is before; `earlier_seconds`: by how much they arrived earlier, effectively."""
        call, booking = self._ledger.calls.get(place.call_id), self._bookings.get(place.call_id)
        known = call or booking
        arrived = known.effective_at if known and known.effective_at else place.effective_at
        in_menu = call is not None and call.state is CallState.QUEUE_MENU
        return {
            "id": place.call_id,
            "how": "booked" if booking else "menu" if in_menu else "line",
            "urgency": known.head_start.urgency if known else "",
            "credit": bool(call and call.has_credit),
            "earlier_seconds": own.effective_at - arrived,
        }

    def _elsewhere(self, queue: str, own: Place) -> Counter[str]:
        """How many are before in other queues that the same seats serve, by queue."""
        shared = {of for served in self._crews(queue) for of in served} - {queue}
        found: Counter[str] = Counter()
        for other in shared:
            waiting = self._ledger.present.waiting(other)
            found[str(group_of(other))] += sum(place < own for place in waiting)
        return +found

    def _crews(self, queue: str) -> Iterator[frozenset[str]]:
        """The queues that seats serve together which serve this one."""
        for pool in self._queue_members.pools:
            for queues, seats in self._queue_members.crews(pool).items():
                if queue in queues and seats:
                    yield queues

    def _pools(self, queue: str) -> Iterator[dict[str, Any]]:
        """Our own pools that serve a queue: how many of these seats do what."""
        opened = self._queue_members.open or ()
        for pool in self._queue_members.pools:
            if queue not in pool.queues:
                continue
            states: Counter[str] = Counter()
            for queues, seats in self._queue_members.crews(pool).items():
                if queue in queues:
                    states.update(state.value for state in seats.values())
            yield {"name": pool.name, "open": pool.name in opened, "seats": dict(states)}

    def _shares(self, queue: str) -> Iterator[dict[str, Any]]:
        """The partners that serve a queue: their seats by the last decision, and why."""
        decision, snapshot = self._partners.decision, self._partners.snapshot
        if decision is None or snapshot is None:
            return
        serves = {of.id: of.open for of in snapshot.partners if queue in of.queues}
        for share in decision.shares:
            if share.partner in serves:
                yield {
                    "id": share.partner,
                    "seats": share.seats,
                    "open": serves[share.partner],
                    "reason": share.reason,
                }


def _is(named: str, call_id: str, caller: str) -> bool:
    """Whether a call is the one that is asked for."""
    by_hash = len(named) >= LEAST_OF_A_HASH and caller.endswith(named)
    return named in (call_id, case_code(call_id)) or by_hash


def _only(named: str, found: Iterable[T], name: Callable[[T], str]) -> T:
    """The one call; several of one caller are told by their ids."""
    one, *more = found
    if more:
        ids = ", ".join(name(each) for each in (one, *more)[:MOST_BEFORE])
        raise server.RequestRejected(f"{named!r} stands for {1 + len(more)} calls: {ids}")
    return one


def _who(call_id: str, caller: str, queue: str, topic: str, language: str) -> dict[str, Any]:
    group = str(group_of(queue)) if queue else ""
    return {
        "call": call_id,
        "case": case_code(call_id),
        "caller": caller,
        "queue": queue_in_words(queue) if queue else "",
        "group": group,
        "topic": topic,
        "language": language,
    }


def _of_ended(call: CompletedCall) -> dict[str, Any]:
    return {
        **_who(call.call_id, call.caller, call.queue, call.topic, call.language),
        "state": CallState.ENDED,
        "made": call.direction is Direction.CALLBACK,
        "seconds": max(0.0, (call.ended_at or call.received_at) - call.received_at),
        "seat": "",
        "waits": None,
        "ended": {
            "outcome": call.outcome,
            "stage": call.stage,
            "by": call.by,
            "wait_seconds": call.wait_seconds,
            "talk_seconds": call.talk_seconds,
            "credit_seconds": call.credit_seconds,
            "urgency": call.urgency,
        },
    }
