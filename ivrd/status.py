"""The whole picture of this moment, as `ivrd status`, `ivrd top` and other programs read it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from ivrd.asterisk.link import Link
from ivrd.asterisk.seating import Seating
from ivrd.config import Queue
from ivrd.core.call import Call, Outcome, Place, Stage
from ivrd.core.ledger import Ledger
from ivrd.core.recent import Totals


def calls_of(ledger: Ledger, unattended: int) -> dict[str, int]:
    """Calls by where they are now, and how many there have been."""
    places = Counter(call.place for call in ledger.calls.values())
    here = {place.value: places[place] for place in Place if place is not Place.ENDED}
    return {
        "received": ledger.received,
        "adopted": ledger.adopted,
        **here,
        "ended": sum(ledger.outcomes.values()),
        "unattended": unattended,
    }


def outcomes_of(ledger: Ledger) -> dict[str, int]:
    """Ended calls by outcome, since this process began."""
    totals: Counter[Outcome] = Counter()
    for row, count in ledger.outcomes.items():
        totals[row.outcome] += count
    return {outcome.value: totals[outcome] for outcome in Outcome}


def queues_of(
    queues: Iterable[Queue], closed: frozenset[str], calls: Iterable[Call], now: float
) -> list[dict[str, Any]]:
    """Each queue: who waits, since when, who talks."""
    here = list(calls)
    rows = []
    for queue in queues:
        mine = [call for call in here if call.queue == queue.name]
        waits = [call.wait_seconds(now) or 0.0 for call in mine if call.stage is Stage.QUEUE]
        rows.append(
            {
                "name": queue.name,
                "open": queue.name not in closed,
                "waiting": len(waits),
                "oldest_seconds": max(waits, default=0.0),
                "talking": sum(call.stage is Stage.TALK for call in mine),
            }
        )
    return rows


def pools_of(seating: Seating) -> list[dict[str, Any]]:
    """Each pool: whether it is open, and what its seats are doing."""
    rows = []
    for pool in seating.pools:
        states = Counter(seating.here(pool).values())
        rows.append(
            {
                "name": pool.name,
                "open": pool.name in (seating.open or ()),
                "seats": len(pool.seats),
                **{state: states[state] for state in ("free", "ringing", "busy", "away")},
            }
        )
    return rows


def asterisk_of(link: Link, since_seconds: float | None) -> dict[str, Any]:
    """The link to Asterisk; `since_seconds` is how long it has been up, None while it is not."""
    up = since_seconds is not None
    return {"up": up, "version": link.version, "since_seconds": since_seconds or 0.0}


def hour_of(totals: Totals) -> dict[str, Any]:
    """The last hour's totals."""
    return asdict(totals)
