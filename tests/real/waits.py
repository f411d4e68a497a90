"""When callers waited, and when seats were at work, on one clock: for lab/waiting.py."""

import time
from collections.abc import Iterable

from lab.agents import Talk
from lab.ami_events import Event
from lab.waiting import Occupied, Waiting

RECHECK = 1.0  # seconds between two looks of a caller who waits (app_queue)
SETTLES = 0.5  # until a seat that has hung up is free in Asterisk's eyes, and the next one rings


def waits(events: Iterable[Event]) -> list[Waiting]:
    """When callers waited, as Asterisk told it; seconds since the epoch."""
    found: list[Waiting] = []
    here: dict[str, Event] = {}
    first: dict[str, float] = {}
    for event in events:
        caller, at = event.get("uniqueid", ""), float(event.get("timestamp", 0))
        what = event.get("event")
        if what == "QueueCallerJoin":
            first.setdefault(caller, at)
            here[caller] = event
        elif what in ("AgentConnect", "Hangup") and caller in here:
            joined = here.pop(caller)
            begin = float(joined["timestamp"])
            number = joined["calleridnum"]
            found.append(Waiting(number, joined["queue"], begin, at, since=first[caller]))
    return found


def at_work(talks: Iterable[Talk]) -> list[Occupied]:
    """When seats rang and talked, as the agents told it; seconds since the epoch."""
    offset = time.time() - time.monotonic()
    return [
        Occupied(
            talk.seat,
            talk.number,
            talk.rung_at + offset,
            talk.rung_at + offset + talk.rang + (talk.talked or 0.0) + SETTLES,
        )
        for talk in talks
    ]
