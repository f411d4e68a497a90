"""What is on Asterisk now: callers and their states, seats by queue. Read after every connect.

CoreShowChannels tells where each channel is in the dialplan, QueueStatus who waits where.
"""

import re
from dataclasses import dataclass
from typing import Any

from ivrd.asterisk import dialplan_names
from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.ami_link import ActionRefused
from ivrd.asterisk.breaks import with_breaks
from ivrd.asterisk.dialplan_names import seat_of
from ivrd.asterisk.queue_language import spoken_language
from ivrd.asterisk.translate import device, member_status, on_the_line, whole
from ivrd.core.call import CallState, Direction
from ivrd.core.seats import Member, SeatStatus

ON_LINE = ("AGENT_IDLE", "AGENT_ONCALL")
DIGITS = re.compile(r"[0-9]{1,9}")
OURS = (
    *(dialplan_names.HOTLINE_CONTEXT, dialplan_names.QUEUE_CONTEXT),
    *(dialplan_names.QUEUE_MENU_CONTEXT, dialplan_names.TRANSFER_CONTEXT),
)


@dataclass(frozen=True)
class Caller:
    """A caller as Asterisk has it; ages in seconds.

    `dialled`: the number of ours, of a caller in a menu (hotline.conf; later the topic is there).

    `wait_seconds`: since a caller in QUEUE joined; whoever is in the menu of a queue joined within
    the call's age.

    `listed`: not so of one who is neither waiting nor bridged, but in app_queue or the steps of the
    dialplan around it: on the way into a talk, or out of one.
    """

    call_id: str
    channel: str
    number: str
    dialled: str
    state: CallState  # MENU, QUEUE, QUEUE_MENU, TALK or TRANSFER
    age_seconds: float
    language: str
    in_agi: bool = False
    queue: str = ""
    wait_seconds: float = 0.0
    priority: int = 0  # of one who waits, in a menu as well: the place in the line
    seat: str = ""
    listed: bool = True
    direction: Direction = Direction.INBOUND


@dataclass(frozen=True)
class AsteriskSnapshot:
    """All callers, all seats in their queues, and what each seat's phone is doing.

    `channels`: the ids of all channels that there are.  `on_line`: agents' ids, by the seats on
    whose line they stay.
    """

    callers: tuple[Caller, ...]
    members: tuple[Member, ...]
    seats: dict[str, SeatStatus]
    channels: frozenset[str]
    on_line: dict[str, str]


async def read(link: AmiClient) -> AsteriskSnapshot:
    """Ask Asterisk. Raises what `AmiClient.ask_list` raises."""
    channels = await link.ask_list("CoreShowChannels")
    status = await link.ask_list("QueueStatus")
    waiting = {m.uniqueid: m for m in status if m.event == "QueueEntry"}
    rows = [m for m in status if m.event == "QueueMember"]
    bridged = {m.bridgeid: m for m in channels if m.bridgeid and m.context not in OURS}
    callers, members, seats = [], [], {}
    async for m in with_breaks(channels):
        if m.context in OURS:
            callers.append(_caller(m, waiting.get(m.uniqueid), bridged.get(m.bridgeid)))
    async for m in with_breaks(rows):
        member = _member(m)
        members.append(member)
        seats[member.seat] = member_status(m)
    for m in await link.ask_list("DeviceStateList"):
        if fact := device(m):  # partners' trunks are no members
            seats.setdefault(fact.seat, fact.state)
    ids = frozenset(m.uniqueid for m in channels)
    on_line = await _on_line(link)
    return AsteriskSnapshot(tuple(callers), tuple(members), seats, ids, on_line)


async def _on_line(link: AmiClient) -> dict[str, str]:
    """Who stays on the line.  An Asterisk that has not loaded app_agent_pool has nobody."""
    try:
        listed = await link.ask_list("Agents")
    except ActionRefused:
        return {}
    return {m.agent: on_the_line(m) for m in listed if m.status in ON_LINE}


def _caller(m: Any, entry: Any, other: Any) -> Caller:
    account = m.accountcode  # in a queue the case code stands in the number's place
    made = account.startswith(dialplan_names.CALLBACK_MARK)
    common = {
        "call_id": m.uniqueid,
        "channel": m.channel,
        "number": account.removeprefix(dialplan_names.CALLBACK_MARK),
        "direction": Direction.CALLBACK if made else Direction.INBOUND,
        "dialled": m.calleridname,
        "age_seconds": _seconds(m.duration),
        "language": spoken_language(m.language or ""),
    }
    queue = m.applicationdata.partition(",")[0] if m.application == "Queue" else ""
    transferred = m.context == dialplan_names.TRANSFER_CONTEXT
    if transferred:
        queue = m.exten.removeprefix(dialplan_names.TRANSFER_QUEUE)
    if entry is not None:
        return Caller(
            **common,
            state=CallState.QUEUE,
            queue=entry.queue,
            wait_seconds=_seconds(entry.wait),
            priority=whole(entry.priority),
        )
    if queue and m.bridgeid:
        seat = seat_of(other.channel.rpartition("-")[0]) if other is not None else ""
        return Caller(**common, state=CallState.TALK, queue=queue, seat=seat)
    if transferred:
        return Caller(**common, state=CallState.TRANSFER, queue=queue)
    if queue:  # taken between the two answers: the event that says so comes after them
        return Caller(**common, state=CallState.QUEUE, queue=queue, listed=False)
    in_agi = m.application == "AGI"
    if m.context == dialplan_names.QUEUE_MENU_CONTEXT and in_agi:
        _agi, waits_for, priority = (*m.applicationdata.split(","), "", "")[:3]
        return Caller(
            **common,
            state=CallState.QUEUE_MENU,
            in_agi=True,
            queue=waits_for,
            wait_seconds=common["age_seconds"],
            priority=whole(priority),
        )
    around = m.context != dialplan_names.HOTLINE_CONTEXT  # a talk may just be over
    return Caller(**common, state=CallState.MENU, in_agi=in_agi, listed=not around)


def _member(m: Any) -> Member:
    return Member(
        queue=m.queue,
        seat=seat_of(m.location),
        paused=m.paused == "1",
        reason=m.pausedreason,
        in_call=m.incall == "1",
        ringing=m.status in ("6", "7"),
        reachable=m.status not in ("4", "5"),
        penalty=whole(m.penalty),
        paused_at=float(whole(m.lastpause)),
    )


def _seconds(duration: str) -> float:
    """HH:MM:SS of CoreShowChannels, in seconds; 0 if it is none: one row costs no other."""
    total = 0
    for part in duration.split(":"):
        if not DIGITS.fullmatch(part):
            return 0.0
        total = total * 60 + int(part)
    return float(total)
