"""Whole lives of calls, as events for the ledger and as entries of queue_log."""

from dataclasses import dataclass, replace

from hypothesis import strategies as st

from ivrd.core.call import UNREACHED, AnsweredBy, Call, CallState, Direction
from ivrd.core.call_events import (
    Booked,
    Connected,
    CutOff,
    Deflected,
    End,
    Event,
    HungUp,
    JoinedQueue,
    LeftQueue,
    MediaLost,
    OpenedQueueMenu,
    PlayedMessage,
    Rejected,
    ReturnedToMenu,
    Transferred,
    Unreached,
)
from ivrd.core.call_table import InvalidTransition, step
from ivrd.core.queue_log_replay import EntryType, QueueLogEntry

BEGINNINGS = (EntryType.RECEIVED, EntryType.DIALLED)

QUEUES = ("red", "green")
SEATS = (("base-01", AnsweredBy.INHOUSE), ("good/01", AnsweredBy.PARTNER))
# Where the dialplan's variable has a call when its line goes.
TOLD = {state: state for state in CallState}
TOLD |= dict.fromkeys((CallState.QUEUE_MENU, CallState.TALK, CallState.TRANSFER), CallState.QUEUE)


@dataclass(frozen=True)
class Step:
    """One moment of a call: the event and the queue_log entry; the first has no event."""

    call_id: str
    event: Event | None
    line: QueueLogEntry | None

    def at(self, time: float) -> "Step":
        """The same, then."""
        event, line = self.event, self.line
        if isinstance(event, JoinedQueue | Connected | Transferred | End):
            event = replace(event, at=time)
        return replace(self, event=event, line=line and replace(line, at=time))


def begun(entry: QueueLogEntry) -> Call:
    """The call that begins with this entry."""
    if entry.entry_type is EntryType.RECEIVED:
        return Call(entry.call_id, entry.at)
    made = Call(entry.call_id, entry.at, state=CallState.DIALLED)
    return replace(made, direction=Direction.CALLBACK)


def _taken(call: Call) -> EntryType:
    """How queue_log says that a person has the call now."""
    return EntryType.CONNECTED if call.state is CallState.QUEUE else EntryType.TAKEN_OVER


@st.composite
def lives(draw: st.DrawFn, call_id: str = "a") -> list[Step]:
    """One call, received or made by the hotline, from its arrival to its end."""
    first = QueueLogEntry(0.0, draw(st.sampled_from(BEGINNINGS)), call_id)
    steps, call = [Step(call_id, None, first)], begun(first)
    for _ in range(draw(st.integers(0, 8))):
        queue, (seat, by) = draw(st.sampled_from(QUEUES)), draw(st.sampled_from(SEATS))
        event, line = draw(
            st.sampled_from(
                [
                    (PlayedMessage(), None),
                    (Rejected(), None),
                    (ReturnedToMenu(), None),
                    (
                        OpenedQueueMenu(),
                        QueueLogEntry(0.0, EntryType.WITHDRAWN, call_id, call.queue),
                    ),
                    (Booked(), None),
                    (Deflected(), None),
                    (JoinedQueue(0.0, queue), QueueLogEntry(0.0, EntryType.JOINED, call_id, queue)),
                    (LeftQueue(), QueueLogEntry(0.0, EntryType.LEFT, call_id)),
                    (
                        Connected(0.0, by, seat),
                        QueueLogEntry(0.0, _taken(call), call_id, call.queue, seat, by),
                    ),
                    (Transferred(0.0), QueueLogEntry(0.0, EntryType.TRANSFERRED, call_id)),
                ]
            )
        )
        try:
            call, _ = step(call, event)
        except InvalidTransition:
            continue
        steps.append(Step(call_id, event, line))
    if call.state is CallState.QUEUE:
        steps.append(
            Step(call_id, None, QueueLogEntry(0.0, EntryType.GAVE_UP, call_id, call.queue))
        )
    ends: list[End] = [HungUp(0.0), MediaLost(0.0, 30.0), CutOff(0.0)]
    if call.state is CallState.DIALLED:
        ends += [Unreached(0.0, result) for result in UNREACHED]
    end = draw(st.sampled_from(ends))
    last = QueueLogEntry(
        0.0,
        EntryType.ENDED,
        call_id,
        state=TOLD[call.state],
        result=end.result if isinstance(end, Unreached) else None,
        cut_off=isinstance(end, CutOff),
        silent_seconds=end.silent_seconds if isinstance(end, MediaLost) else 0.0,
    )
    return [*steps, Step(call_id, end, last)]


@st.composite
def days(draw: st.DrawFn) -> list[Step]:
    """Some calls at once, in any interleaving; a second from each moment to the next."""
    left = [draw(lives(f"call-{n}")) for n in range(draw(st.integers(1, 5)))]
    mixed: list[Step] = []
    while left := [life for life in left if life]:
        mixed.append(draw(st.sampled_from(left)).pop(0))
    return [moment.at(100.0 + second) for second, moment in enumerate(mixed)]
