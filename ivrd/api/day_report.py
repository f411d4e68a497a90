"""What became of a day's calls, exact across restarts, for the control socket."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import Any, Protocol

from ivrd.api import server
from ivrd.core import repeat_calls
from ivrd.core.call import Call, CallbackResult
from ivrd.core.dates import past_day
from ivrd.core.day import Day, day_of
from ivrd.core.ledger import Ledger
from ivrd.core.people import People
from ivrd.core.people_figures import (
    DayPeople,
    PersonCall,
    PersonState,
    call_in_progress,
    call_over,
    people_of_day,
)
from ivrd.core.repeat_calls import ServedCall
from ivrd.ha.call_repository import CallRepository
from ivrd.store import StoreDown

FLUSH_SECONDS = 1.0
NO_ANSWER = "the store does not answer, so the day's calls cannot be added up"


class ServiceLevelTarget(Protocol):
    """The seconds within which a call is to be answered; see core/recent.py."""

    service_level_seconds: float


class ServedCalls(Protocol):
    """Calls that were served; see repeats/repository.py."""

    async def of_day(self, day: date) -> list[ServedCall]:
        """Those of a day; raises `StoreDown`."""


class DayReport:
    """Adds a day up from the calls that are stored and those in progress.

    `flush(seconds)` waits until what has ended is stored, and returns whether it is.  `clock` gives
    seconds since the epoch.  Only the leader knows all calls.
    """

    def __init__(
        self,
        ledger: Ledger,
        call_repository: CallRepository,
        flush: Callable[[float], Awaitable[bool]],
        target: ServiceLevelTarget,
        people: People,
        served: ServedCalls,
        clock: Callable[[], float],
    ) -> None:
        self._ledger = ledger
        self._call_repository = call_repository
        self._flush = flush
        self._target = target
        self._people = people
        self._served = served
        self._clock = clock

    async def answer(self, query: Mapping[str, str]) -> server.Answer:
        """The figures of ?day=DATE, today's without one."""
        day = self._day(query.get("day", ""))
        if not await self._flush(FLUSH_SECONDS):
            raise server.NotNow(NO_ANSWER)
        try:
            past, here = await self._call_repository.day(day), self._here(day)
            later, served = await self._later(day), await self._served.of_day(day)
        except StoreDown as error:
            raise server.NotNow(f"{NO_ANSWER}: {error}") from None
        received = [call for call in here if call.received]
        queued = sum(call.joined_at is not None for call in received)
        target, made = self._target.service_level_seconds, len(here) - len(received)
        sums = await asyncio.to_thread(day_of, past, len(received), queued, target, made)
        calls = [*map(call_over, past), *map(call_in_progress, here)]
        counted = await asyncio.to_thread(self._counted, calls, later)
        more = {"people": _people(counted), "served": _served(served)}
        return {**_answer(day, sums, target), **more}

    async def _later(self, day: date) -> list[PersonCall]:
        """The calls of the day after, in which its people may have been answered."""
        after = day + timedelta(days=1)
        if after > self._call_repository.day_at(self._clock()):
            return []
        past = await self._call_repository.day(after)
        return [*map(call_over, past), *map(call_in_progress, self._here(after))]

    def _counted(self, calls: list[PersonCall], later: list[PersonCall]) -> DayPeople:
        """The day in people, each under the hash of today."""

        def now(call: PersonCall) -> PersonCall:
            return replace(call, caller=self._people.current(call.caller))

        threshold = self._people.rules.shared_number_calls
        return people_of_day(map(now, calls), map(now, later), self._clock(), threshold)

    def _day(self, text: str) -> date:
        today = self._call_repository.day_at(self._clock())
        if not text:
            return today
        try:
            day = past_day(text, today)
        except ValueError as error:
            raise server.RequestRejected(str(error)) from None
        if day < (oldest := self._call_repository.oldest_day()):
            raise server.RequestRejected(
                f"the calls of {day} are no longer kept; those from {oldest} on are"
            )
        return day

    def _here(self, day: date) -> list[Call]:
        calls = self._ledger.calls.values()
        return [call for call in calls if self._call_repository.day_of(call) == day]


def _people(day: DayPeople) -> dict[str, Any]:
    of = day.figures
    return {
        "total": of.total,
        **{state.value: of.people[state] for state in PersonState},
        "longest_trying_seconds": day.longest_trying_seconds,
        "calls": of.calls,
        "redials": of.redials,
        "redials_per_person": of.redials / of.total if of.total else None,
        "withheld_calls": of.withheld_calls,
        "shared_numbers": of.shared_numbers,
        "shared_calls": of.shared_calls,
    }


def _served(calls: Sequence[ServedCall]) -> dict[str, Any]:
    """What callers said after their talks, and how many heard the state of a case and hung up.

    Of each the calls, those whose person is known, and those of them who dialled again in a day.
    """
    found = repeat_calls.sums(calls)
    share = repeat_calls.settled_share(found)
    return {"settled_share": share, **{after.value: asdict(of) for after, of in found.items()}}


def _answer(day: date, sums: Day, target: float) -> server.Answer:
    rows = sorted(sums.rows.items(), key=lambda item: tuple(map(str, vars(item[0]).values())))
    return {
        "day": day.isoformat(),
        "received": sums.received,
        "in_progress": sums.in_progress,
        "offered": sums.offered,
        "service_level": sums.in_time / sums.offered if sums.offered else None,
        "service_level_seconds": target,
        "asa_seconds": sums.asa_seconds,
        "effective_asa_seconds": sums.effective_asa_seconds,
        "credited": sums.credited,
        "abandoned_after_30s": sums.abandoned_after_30s,
        "talks_cut_off": sums.talks_cut_off,
        "media_lost": sums.media_lost,
        "by_partner": sums.by_partner,
        "by_partner_encrypted": sums.by_partner_encrypted,
        "callbacks": {
            "dialled": sums.callbacks.dialled,
            "in_progress": sums.callbacks.in_progress,
            "results": {
                result.value: sums.callbacks.results.get(result, 0) for result in CallbackResult
            },
            "people": sums.callbacks.people,
            "people_helped": sums.callbacks.people_helped,
        },
        "rows": [
            {
                "queue": row.queue,
                "outcome": row.outcome,
                "stage": row.stage,
                "by": row.by,
                "calls": calls,
            }
            for row, calls in rows
        ],
    }
