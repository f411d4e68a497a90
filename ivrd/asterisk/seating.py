"""Seats on the running Asterisk: keeps the queues' members as the open pools want them.

Nothing is remembered over a restart: what is open is read off Asterisk, the difference to what
is wanted is sent, and any step may be repeated.
"""

from collections.abc import Iterable
from dataclasses import replace

from ivrd.asterisk.link import Link, Refused
from ivrd.asterisk.names import interface
from ivrd.asterisk.snapshot import Snapshot
from ivrd.asterisk.translate import AWAY, MemberChanged, SeatState
from ivrd.core.seats import (
    CLOSED_BY_US,
    Add,
    Change,
    Member,
    Pause,
    Pool,
    Remove,
    difference,
    open_now,
)

# app_queue's words for a change that is made already.
ALREADY = ("already there", "not there", "interface not found")
ACTION: dict[type, str] = {Add: "QueueAdd", Remove: "QueueRemove", Pause: "QueuePause"}


class Seating:
    """The pools, which of them are open, and what each seat is doing."""

    def __init__(self, link: Link, pools: tuple[Pool, ...]) -> None:
        self.pools = pools
        self.open: set[str] | None = None  # unknown until Asterisk has told
        self.states: dict[str, str] = {}  # seat -> free, ringing, busy or away
        self._link = link
        self._members: dict[tuple[str, str], Member] = {}

    def read(self, snapshot: Snapshot) -> None:
        """Take in what Asterisk reports; the first time this also tells which pools are open."""
        self._members = {(m.queue, m.seat): m for m in snapshot.members}
        self.states = dict(snapshot.seats)
        if self.open is None:
            self.open = open_now(self.pools, self._members.values())

    def changed(self, fact: MemberChanged | SeatState) -> None:
        """Take in one change that Asterisk reports."""
        if isinstance(fact, SeatState):
            self.states[fact.seat] = fact.state
            return
        key = (fact.queue, fact.seat)
        if not fact.there:
            self._members.pop(key, None)
            return
        member = self._members.get(key, Member(fact.queue, fact.seat))
        self._members[key] = replace(member, paused=fact.paused, reason=fact.reason)
        self.states[fact.seat] = fact.state

    def here(self, pool: Pool) -> dict[str, str]:
        """The pool's seats that take calls, or still finish one, and what each is doing."""
        taking = {m.seat for m in self._members.values() if not m.paused}
        return {
            seat: self.states.get(seat, AWAY)
            for seat in pool.seats
            if seat in taking or self.states.get(seat) in ("busy", "ringing")
        }

    async def reconcile(self) -> list[Change]:
        """Send the difference between what is wanted and what is there; the changes made.

        Raises `Refused` with Asterisk's words for the first change that it refuses, after all
        others are made.
        """
        if self.open is None:
            return []
        changes = difference(self.pools, self.open, self._members.values())
        await self._send(changes)
        return changes

    async def _send(self, changes: Iterable[Change]) -> None:
        refused: list[Refused] = []
        for change in changes:
            headers = {"Queue": change.queue, "Interface": interface(change.seat)}
            try:
                await self._link.ask(ACTION[type(change)], **headers, **_details(change))
            except Refused as error:
                if not any(words in str(error).lower() for words in ALREADY):
                    refused.append(error)
        if refused:
            raise refused[0]


def _details(change: Change) -> dict[str, str]:
    if isinstance(change, Add):
        return {
            "MemberName": change.seat,
            "StateInterface": interface(change.seat),
            "Penalty": "0",
        }
    if isinstance(change, Pause):
        paused = "true" if change.paused else "false"
        return {"Paused": paused, "Reason": CLOSED_BY_US if change.paused else ""}
    return {}
