"""What the lines of Asterisk's queue_log mean.

Their form is that of ast_queue_log in main/logger.c; what stands in them, of the calls to it in
apps/app_queue.c and of QueueLog() in dialplans/hotline.conf.

COMPLETEAGENT, COMPLETECALLER, BLINDTRANSFER and ATTENDEDTRANSFER are not read: app_queue writes
them from another thread, before or after the call's end or its next joining, and they tell nothing
that ENDED, TRANSFERRED and TAKEN do not.
"""

import re

from ivrd.asterisk import dialplan_names
from ivrd.asterisk.dialplan_names import seat_of
from ivrd.asterisk.translate import answered_by, silence
from ivrd.core.call import UNREACHED, CallbackResult, CallState
from ivrd.core.queue_log_replay import EntryType, LogEntry, QueueLogEntry, SettledEntry
from ivrd.core.repeat_calls import ASKED

LONGEST = 8192  # bytes of a line; Asterisk's own buffer for one

# What stands before a line's beginning is the rest of one that was never finished.
FORM = re.compile(
    rb"(.*)([0-9]{10})\|([!-{}~]{1,150})\|([^|]{1,128})\|([^|]{0,150})\|([A-Z]{2,32})\|(.*)",
    re.DOTALL,
)
TOPIC = re.compile(r"[a-z0-9_-]{1,64}")
TOKEN = re.compile(r"[0-9a-f]{4,64}")
SECONDS = re.compile(r"[0-9]{1,6}")
NAME = re.compile(r"[a-z0-9_+.-]{0,150}")  # of a queue or a partner
SETTLED = "SETTLED"
OURS = {
    "RECEIVED": EntryType.RECEIVED,
    "DIALLED": EntryType.DIALLED,
    "RETURNED": EntryType.LEFT,
    "TRANSFERRED": EntryType.TRANSFERRED,
    "ENDED": EntryType.ENDED,
}
APP_QUEUE = {
    "ENTERQUEUE": EntryType.JOINED,
    "CONNECT": EntryType.CONNECTED,
    "WITHDRAW": EntryType.WITHDRAWN,
    "ABANDON": EntryType.GAVE_UP,
}
WAITED = {"CONNECT": 0, "WITHDRAW": 2, "ABANDON": 2}  # which argument has the seconds in the queue
STATES: dict[str, CallState] = {
    "ivr": CallState.MENU,
    "info": CallState.INFO,
    "closed": CallState.CLOSED,
    "queue": CallState.QUEUE,
    "booked": CallState.BOOKED,
    "deflected": CallState.DEFLECTED,
    **dict.fromkeys(UNREACHED, CallState.DIALLED),  # of a dialled call: what came of it
}


def entry_of(raw: bytes) -> tuple[LogEntry | None, int]:
    """What a line, without its newline, says (None: nothing to us), and how many broken ones it
    holds: 1 if it is none, or if it was written into one that was never finished."""
    found = FORM.fullmatch(raw) if len(raw) <= LONGEST else None
    if found is None:
        return None, 1
    time, call_id, queue, member, event, rest = (
        part.decode("utf-8", "replace") for part in found.groups()[1:]
    )
    broken = int(found[1] != b"")
    args = rest.split("|")
    if event == "QUEUESTART":
        return QueueLogEntry(float(time), EntryType.RESTARTED), broken
    if queue == dialplan_names.LOG_QUEUE and event == SETTLED:
        return _settled(float(time), call_id, args), broken
    if queue == dialplan_names.LOG_QUEUE:
        return _ours(float(time), call_id, seat_of(member), event, args), broken
    return _app_queues(float(time), call_id, queue, seat_of(member), event, args), broken


def _ours(at: float, call_id: str, seat: str, event: str, args: list[str]) -> QueueLogEntry | None:
    """An entry that the dialplan made."""
    if event == "TAKEN":
        return QueueLogEntry(at, EntryType.TAKEN_OVER, call_id, seat=seat, by=answered_by(seat))
    if event != "ENDED":
        token = args[0] if event == "DIALLED" and TOKEN.fullmatch(args[0]) else ""
        return QueueLogEntry(at, OURS[event], call_id, token=token) if event in OURS else None
    topic = args[1] if len(args) > 1 and TOPIC.fullmatch(args[1]) else ""
    state = STATES.get(args[0], CallState.MENU)
    how = args[2] if len(args) > 2 else ""
    lost = how == dialplan_names.MEDIA_LOST
    return QueueLogEntry(
        at,
        EntryType.ENDED,
        call_id,
        state=state,
        topic=topic,
        cut_off=how == dialplan_names.CUT_OFF,
        silent_seconds=silence(args[3] if len(args) > 3 else "") if lost else 0.0,
        result=CallbackResult(args[0]) if state is CallState.DIALLED else None,
    )


def _settled(at: float, call_id: str, args: list[str]) -> SettledEntry | None:
    """What a caller answered who was asked whether the matter was settled."""
    answer, queue, partner = (*args, "", "")[:3]
    named = NAME.fullmatch(queue) and NAME.fullmatch(partner)
    return SettledEntry(at, call_id, answer, queue, partner) if answer in ASKED and named else None


def _app_queues(
    at: float, call_id: str, queue: str, seat: str, event: str, args: list[str]
) -> QueueLogEntry | None:
    """An entry that app_queue made."""
    entry_type = APP_QUEUE.get(event)
    if entry_type is None:
        return None
    argument = WAITED.get(event, len(args))
    given = args[argument] if argument < len(args) else ""
    waited = float(given) if SECONDS.fullmatch(given) else 0.0
    if entry_type is EntryType.CONNECTED:
        return QueueLogEntry(at, entry_type, call_id, queue, seat, answered_by(seat), waited)
    return QueueLogEntry(at, entry_type, call_id, queue, waited_seconds=waited)
