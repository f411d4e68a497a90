"""Seats on the running Asterisk: keeps the queues' members as the open pools want them.

Nothing is remembered over a restart: which pools are open is read from Asterisk, the difference to
what is wanted is sent, and any step may be repeated.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import assert_never

from ivrd.asterisk.ami_client import ActionRefused, AmiClient
from ivrd.asterisk.dialplan_names import interface, partner_of
from ivrd.asterisk.snapshot import AsteriskSnapshot
from ivrd.asterisk.translate import MemberChanged, SeatState
from ivrd.core.seats import (
    CLOSED_BY_US,
    AddMember,
    Member,
    MemberChange,
    PauseMember,
    Pool,
    RemoveMember,
    SeatStatus,
    difference,
    memberships,
    open_now,
)

# app_queue's words for a change that is made already.
ALREADY = ("already there", "not there", "interface not found")
PARTNER_PENALTY = "10"  # agents of our own, who have 0, are rung first


class QueueMembers:
    """The pools, which of them are open, and what each seat is doing."""

    def __init__(self, link: AmiClient, pools: tuple[Pool, ...]) -> None:
        self.pools = pools
        self.open: set[str] | None = None  # unknown until Asterisk has reported
        self.states: dict[str, SeatStatus] = {}  # by seat
        # Partners' seats, and whether they are to take calls; None: nothing is decided yet, so
        # they stay as they are.
        self.partner_pools: list[tuple[Pool, bool]] | None = None
        self._link = link
        self._members: dict[tuple[str, str], Member] = {}

    def configure(self, pools: tuple[Pool, ...]) -> None:
        """From now on these pools; `reconcile` brings Asterisk to them."""
        self.pools = pools

    def lend(self, pools: list[tuple[Pool, bool]]) -> None:
        """Partners' seats, and whether each part is to take calls; see partners/controller.py."""
        self.partner_pools = pools

    def read(self, snapshot: AsteriskSnapshot) -> None:
        """Take in what Asterisk reports; the first time this also says which pools are open."""
        self._members = {(m.queue, m.seat): m for m in snapshot.members}
        self.states = dict(snapshot.seats)
        if self.open is None:
            self.open = open_now(self.pools, self._members.values())

    def changed(self, fact: MemberChanged | SeatState) -> None:
        """Take in one change that Asterisk reports."""
        match fact:
            case SeatState(seat, state):
                self.states[seat] = state
            case MemberChanged():
                self._member_changed(fact)
            case _:
                assert_never(fact)

    def _member_changed(self, fact: MemberChanged) -> None:
        key = (fact.queue, fact.seat)
        if not fact.there:
            self._members.pop(key, None)
            return
        member = self._members.get(key, Member(fact.queue, fact.seat))
        self._members[key] = replace(member, paused=fact.paused, reason=fact.reason)
        self.states[fact.seat] = fact.state

    def here(self, pool: Pool) -> dict[str, SeatStatus]:
        """The pool's seats that take calls, or still finish one, and what each is doing."""
        taking = {m.seat for m in self._members.values() if not m.paused}
        return {
            seat: self.states.get(seat, SeatStatus.AWAY)
            for seat in pool.seats
            if seat in taking or self.states.get(seat) in (SeatStatus.BUSY, SeatStatus.RINGING)
        }

    async def reconcile(self) -> list[MemberChange]:
        """Send the difference between what is wanted and what is there; the changes made.

        Raises `ActionRefused` with Asterisk's words for the first change that it refuses, after all
        others are made.
        """
        if self.open is None:
            return []
        members = self._members.values()
        changes = difference(self.pools, self.open, members)
        if self.partner_pools is not None:
            lent = [pool for pool, _wanted in self.partner_pools]
            taking = {pool.name for pool, wanted in self.partner_pools if wanted}
            changes += [*difference(lent, taking, members), *unexpected_members(lent, members)]
        await self._send(changes)
        return changes

    def lent(self, partner: str) -> set[str]:
        """A partner's seats that take calls now."""
        return {seat for _queue, seat in self._members if partner_of(seat) == partner}

    async def _send(self, changes: Iterable[MemberChange]) -> None:
        refused: list[ActionRefused] = []
        for change in _paused_first(changes):
            action, headers = _action(change)
            try:
                await self._link.ask(action, **headers)
            except ActionRefused as error:
                if not any(words in str(error).lower() for words in ALREADY):
                    refused.append(error)
        if refused:
            raise refused[0]


def _paused_first(changes: Iterable[MemberChange]) -> Iterator[MemberChange]:
    """The changes, with a pause before each removal.

    app_queue takes its list of seats once for each attempt: it rings a seat that was removed
    meanwhile, but none that is paused (ring_entry in apps/app_queue.c).
    """
    for change in changes:
        if isinstance(change, RemoveMember):
            yield PauseMember(change.queue, change.seat, paused=True)
        yield change


def unexpected_members(pools: Iterable[Pool], members: Iterable[Member]) -> list[MemberChange]:
    """Partners' seats in queues where no partner has them: of one removed, or trained anew."""
    known = {membership for pool in pools for membership in memberships(pool)}
    return [
        RemoveMember(member.queue, member.seat)
        for member in members
        if partner_of(member.seat) and (member.queue, member.seat) not in known
    ]


def _action(change: MemberChange) -> tuple[str, dict[str, str]]:
    """The AMI action that makes a change, and its headers."""
    headers = {"Queue": change.queue, "Interface": interface(change.seat)}
    match change:
        case AddMember():
            penalty = PARTNER_PENALTY if partner_of(change.seat) else "0"
            named = {"MemberName": change.seat, "StateInterface": interface(change.seat)}
            return "QueueAdd", headers | named | {"Penalty": penalty}
        case RemoveMember():
            return "QueueRemove", headers
        case PauseMember(paused=True):
            return "QueuePause", headers | {"Paused": "true", "Reason": CLOSED_BY_US}
        case PauseMember():
            return "QueuePause", headers | {"Paused": "false", "Reason": ""}
        case _:
            assert_never(change)
