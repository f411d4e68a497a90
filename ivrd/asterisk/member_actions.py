"""Changes of queues' members as AMI's actions, and how they are sent."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import assert_never

from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.ami_link import ActionRefused
from ivrd.asterisk.dialplan_names import interface, partner_of, state_interface
from ivrd.core.seats import (
    CLOSED_BY_US,
    IN_TURN,
    PARTNERS,
    AddMember,
    MemberChange,
    PauseMember,
    RemoveMember,
    SetPenalty,
)

# For so long app_queue itself leaves a seat alone after a talk, whose agent has wrap-up: by then
# the pause for that has come.  Without ivrd nobody has more than this.
AFTER_TALK_SECONDS = 2
# app_queue's words for a change that is made already.
ALREADY = ("already there", "not there", "interface not found")
# A seat that stands in queues.conf is paused, and leaves when Asterisk reads that file.
FIXED = "not dynamic"
NO_QUEUE = "no such queue"  # it is gone with all its seats, of which Asterisk says nothing
AT_A_TIME = 100  # changes that wait for their answers


class MemberActions:
    """Makes changes; `gone(queue, seat)` is told of a seat whose queue is not there any more."""

    def __init__(self, link: AmiClient, gone: Callable[[str, str], None]) -> None:
        self._link = link
        self._gone = gone

    async def send(self, changes: Iterable[MemberChange]) -> None:
        """Many at a time: Asterisk makes changes in the order in which they are sent.

        A round trip for each would keep the seats of a partner who refuses every call open for
        seconds, and Asterisk busy with these calls.  Raises `ActionRefused` with Asterisk's words
        for the first change that it refuses, after all others are made.
        """
        refused: list[ActionRefused] = []
        left = list(paused_first(changes))
        while left:
            now, left = left[:AT_A_TIME], left[AT_A_TIME:]
            found = await asyncio.gather(*map(self._change, now))
            refused += [error for error in found if error is not None]
        if refused:
            raise refused[0]

    async def _change(self, change: MemberChange) -> ActionRefused | None:
        """Make one change; a refusal that matters."""
        action, headers = action_of(change)
        try:
            await self._link.ask(action, **headers)
        except ActionRefused as error:
            words = str(error).lower()
            if NO_QUEUE in words and not isinstance(change, AddMember):
                self._gone(change.queue, change.seat)
            elif not any(each in words for each in (*ALREADY, FIXED)):
                return error
        return None


def paused_first(changes: Iterable[MemberChange]) -> Iterator[MemberChange]:
    """The changes, with a pause before each removal.

    app_queue takes its list of seats once for each attempt: it rings a seat that was removed
    meanwhile, but none that is paused (ring_entry in apps/app_queue.c).
    """
    for change in changes:
        if isinstance(change, RemoveMember):
            yield PauseMember(change.queue, change.seat, CLOSED_BY_US)
        yield change


def action_of(change: MemberChange) -> tuple[str, dict[str, str]]:
    """The AMI action that makes a change, and its headers."""
    headers = {"Queue": change.queue, "Interface": interface(change.seat)}
    match change:
        case AddMember():
            penalty = str(PARTNERS if partner_of(change.seat) else IN_TURN)
            named = {"MemberName": change.seat, "StateInterface": state_interface(change.seat)}
            paused = {"Paused": "true", "Reason": change.pause} if change.pause else {}
            wraps_up = {"Wrapuptime": str(AFTER_TALK_SECONDS)} if change.wraps_up else {}
            return "QueueAdd", headers | named | {"Penalty": penalty} | paused | wraps_up
        case RemoveMember():
            return "QueueRemove", headers
        case PauseMember():
            flag = str(change.paused).lower()
            return "QueuePause", headers | {"Paused": flag, "Reason": change.reason}
        case SetPenalty():
            return "QueuePenalty", headers | {"Penalty": str(change.penalty)}
        case _:
            assert_never(change)
