"""Changes of queues' members as AMI's actions."""

from collections.abc import Iterable, Iterator
from typing import assert_never

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
