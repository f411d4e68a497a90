"""Brings the ledger to where Asterisk has each call, after every connect."""

from collections.abc import Callable
from dataclasses import replace

from ivrd.asterisk import snapshot as snapshots
from ivrd.asterisk import translate as t
from ivrd.asterisk.breaks import with_breaks
from ivrd.calls.ivr import Ivr
from ivrd.calls.placement import Credits, Placement
from ivrd.core import call_events as c
from ivrd.core.call import AnsweredBy, Call, CallState
from ivrd.core.ledger import Ledger


class SnapshotMatcher:
    """Holds the ledger against snapshots; the difference is told as events to `apply_event`.

    `identify` turns a call's number into what stands for it everywhere.  `passing`: calls whose
    state is not known now.
    """

    def __init__(
        self,
        ledger: Ledger,
        ivr: Ivr,
        placement: Placement,
        credits_: Credits,
        identify: Callable[[str, str], str],
        apply_event: Callable[[str, c.Event], None],
    ) -> None:
        self.passing: set[str] = set()
        self._ledger = ledger
        self._ivr = ivr
        self._placement = placement
        self._credits = credits_
        self._identify = identify
        self._apply_event = apply_event

    async def match(self, seen: snapshots.AsteriskSnapshot, now: float) -> list[str]:
        """Bring all calls to where Asterisk has them; those that it no longer has."""
        self.passing.clear()
        async for caller in with_breaks(seen.callers):
            await self._match(caller, now)
        missing = self._missing(seen)
        self.passing.update(missing)  # its hangup may be all that is still to come
        return missing

    def _missing(self, seen: snapshots.AsteriskSnapshot) -> list[str]:
        """Calls that Asterisk no longer has.

        One that rings is in no context of ours yet, and one that an agent has just sent on is for a
        moment in that of seats.
        """
        gone = self._ledger.missing(caller.call_id for caller in seen.callers)
        elsewhere = (CallState.DIALLED, CallState.TALK, CallState.TRANSFER)
        calls, here = self._ledger.calls, seen.channels
        return [i for i in gone if calls[i].state not in elsewhere or i not in here]

    async def _match(self, caller: snapshots.Caller, now: float) -> None:
        """Bring one call in the ledger to where Asterisk has it."""
        call_id = caller.call_id
        known = call_id in self._ledger.calls
        if not known and not self._ledger.receive(self._adopted(caller, now), adopted=True):
            return  # it was reconciled: its channel is about to go
        if known and (who := self._identify(call_id, caller.number)):
            self._ledger.note(call_id, caller=who)  # after a restart perhaps with another key
        self._ivr.found(call_id, caller.channel, caller.dialled, caller.in_agi)
        for event in events_between(self._ledger.calls[call_id], caller, now):
            self._apply_event(call_id, event)
        self._credits.here(self._ledger.calls[call_id])
        waits = caller.state in (CallState.QUEUE, CallState.QUEUE_MENU)
        if self._ivr.active and waits and caller.listed:
            await self._placement.seen(call_id, caller.priority)
            self._placement.joined(call_id)
        if not caller.listed:
            self.passing.add(call_id)

    def _adopted(self, caller: snapshots.Caller, now: float) -> Call:
        """A call that began before us.  How long one who talks had waited is not known."""
        call = Call(
            caller.call_id,
            now - caller.age_seconds,
            self._identify(caller.call_id, caller.number),
            language=self._language(caller.language),
            direction=caller.direction,
        )
        if caller.state is not CallState.TALK:
            return call
        return replace(
            call,
            state=CallState.TALK,
            queue=caller.queue,
            connected_at=now,
            by=t.answered_by(caller.seat),
            seat=caller.seat,
        )

    def _language(self, spoken: str) -> str:
        """The language of a caller's channel, if it is one of ours."""
        languages = self._ivr.settings.conversation.tree.languages
        return spoken if spoken in languages else languages[0]


def events_between(call: Call, caller: snapshots.Caller, now: float) -> list[c.Event]:
    """The events that lead from where the ledger has a call to where Asterisk has it."""
    joined = c.JoinedQueue(now - caller.wait_seconds, caller.queue)
    taken = c.Connected(now, t.answered_by(caller.seat), caller.seat)
    state = call.state
    match caller.state:
        case CallState.QUEUE:
            waits = state is CallState.QUEUE and call.queue == caller.queue  # else moved unseen
            between = not caller.listed and state in (CallState.QUEUE, CallState.TALK)
            return [] if waits or between else [joined]
        case CallState.QUEUE_MENU:
            if state in (CallState.QUEUE_MENU, CallState.BOOKED, CallState.DEFLECTED):
                return []
            if state is CallState.INFO and call.joined_at is not None:
                return []  # has registered by keys
            opened = c.OpenedQueueMenu()
            return [opened] if state is CallState.QUEUE else [joined, opened]
        case CallState.TALK if state is CallState.TALK:
            elsewhere = caller.seat and call.seat and caller.seat != call.seat
            return [taken] if elsewhere else []
        case CallState.TALK:
            waits = state in (CallState.QUEUE, CallState.TRANSFER)
            return [taken] if waits else [joined, taken]
        case CallState.TRANSFER if state is CallState.TRANSFER:
            return []
        case CallState.TRANSFER if state is CallState.TALK:
            return [c.Transferred(now)]
        case CallState.TRANSFER:  # who had the call is not known any more
            return [joined, c.Connected(now, AnsweredBy.INHOUSE, ""), c.Transferred(now)]
        case _:
            return [c.LeftQueue()] if state is CallState.QUEUE else []
