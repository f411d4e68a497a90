"""Keeps each waiting caller where the turn says, in Asterisk's line as in ours (core/priority.py).

Whoever has waited before arrives earlier than joining (core/people.py), and whoever is urgent has a
head start.  ivrd says both on the caller's channel before it joins a queue (`before_joining`), and
the dialplan makes the place of it; that stays with the channel, so that every later way into a
queue leads to the same place, whether ivrd runs or not.  What could not be said in time is said to
app_queue itself, which moves the caller in the line: of callers who joined without ivrd, or are
found to be urgent while they wait, of a person whose earlier call ends only now, of people whom a
new leader reads from the store after the calls, and of all when Asterisk's clock was set, which the
places are counted by.

As everywhere, what Asterisk has is compared with what is wanted, and the difference is sent.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from math import inf
from typing import Protocol

from ivrd import log
from ivrd.asterisk import dialplan_names
from ivrd.asterisk.ami_action import BadValue, ConnectionLost, mark_retrieved
from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.ami_link import ActionRefused
from ivrd.asterisk.breaks import with_breaks
from ivrd.asterisk.queue_priority import (
    head_start_of,
    milliseconds,
    priority_of,
    turn_of,
    written,
)
from ivrd.core.call import LEAST_CREDIT_SECONDS, Call, CallState, Direction, Stage
from ivrd.core.case_code import case_code
from ivrd.core.clock import AsteriskClock
from ivrd.core.ledger import Ledger
from ivrd.core.present import place_of
from ivrd.core.priority import HeadStart, PriorityRules, Urgency, larger

logger = logging.getLogger("ivrd")

LEAST_SECONDS = 0.5  # an arrival that differs by less is the same


class Credits(Protocol):
    """What people have waited before; see people/registry.py.

    `revision` is another number when more is known of many people at once.
    """

    revision: int

    @property
    def most_seconds(self) -> float:
        """The most credit that a call can have."""

    def here(self, call: Call) -> None:
        """A call is here; one with an earlier arrival than its joining has its credit already."""

    def claim(self, call: Call, now: float) -> float:
        """The seconds of credit of a call that joins a queue now; 0 if it has none."""

    def head_start(self, call: Call) -> HeadStart:
        """That of the booking whose place a call has that has claimed credit."""

    def calls_here(self, call: Call) -> Iterable[str]:
        """The calls of the same person that are here."""


class Placement:
    """All places.  `rules`: who is urgent; whom a reload finds so keeps the head start.

    `channel` gives a call's channel, empty if it is not known; `now` this moment
    on the timeline of the calls; `moved(call_id)` is told of a call whose arrival has changed.
    """

    def __init__(
        self,
        rules: PriorityRules,
        link: AmiClient,
        ledger: Ledger,
        credits_: Credits,
        clock: AsteriskClock,
        channel: Callable[[str], str],
        now: Callable[[], float],
        moved: Callable[[str], None],
    ) -> None:
        self.rules = rules
        self._link = link
        self._ledger = ledger
        self._credits = credits_
        self._clock = clock
        self._channel = channel
        self._now = now
        self._moved = moved
        self._revision = credits_.revision
        self._shift = clock.shift

    def before_joining(self, call_id: str) -> Mapping[str, str]:
        """What the dialplan is to know of a caller about to join, as the channel's variables.

        Without an arrival: the caller arrives when joining.
        """
        call = self._ledger.calls.get(call_id)
        if call is None:
            return {}
        self._urgent_by_topic(call)
        if call.joined_at is None:
            self._claim(self._ledger.calls[call_id], self._now())
        return self.variables(self._ledger.calls[call_id])

    def variables(self, call: Call) -> Mapping[str, str]:
        """Arrival and head start of a call, as the dialplan takes them; what it has of them."""
        found = {dialplan_names.HEAD_START: written(call.head_start)}
        if call.effective_at is not None:
            reading = self._clock.reading(call.effective_at)
            found[dialplan_names.EFFECTIVE] = milliseconds(reading)
        return {name: value for name, value in found.items() if value}

    def mark(self, call_id: str, urgency: Urgency) -> bool:
        """A caller is found to be urgent: before the queue, in it, or in its menu.

        False for one who is not here, and who was as urgent before.
        """
        call = self._ledger.calls.get(call_id)
        if call is None or not self._start(call, self.rules.head_start(urgency)):
            return False
        self._bring(self._ledger.calls[call_id])
        return True

    def joined(self, call_id: str) -> None:
        """A caller has joined a queue: one who went there without ivrd is brought to the place."""
        moved = self._urgent_by_topic(self._ledger.calls[call_id])
        call = self._ledger.calls[call_id]
        if not call.has_credit and self._claim(call, call.joined_at or self._now()):
            moved = True
        if moved:
            self._bring(self._ledger.calls[call_id])

    def ended(self, ended: Call) -> None:
        """A call has ended: what was waited in it is for another of the person's that waits."""
        for call_id in list(self._credits.calls_here(ended)):
            call = self._ledger.calls.get(call_id)
            if call is not None and call.state is CallState.QUEUE:
                self.joined(call_id)

    async def seen(self, call_id: str, priority: int) -> None:
        """Asterisk lists a waiting caller with this priority; the earlier turn is right.

        One that is earlier than anybody's credit is of a clock that has been set since; but whoever
        is called back may have asked for that any time ago.  Raises what the link raises.
        """
        listed = turn_of(priority, self._clock)
        if listed is not None and self._turn(call_id) - listed > LEAST_SECONDS:
            await self._learn(self._ledger.calls[call_id])
        call = self._ledger.calls[call_id]
        own = call.effective_at or self._now()
        earlier = inf if listed is None else own - call.head_start.seconds - listed
        most = self._credits.most_seconds + LEAST_CREDIT_SECONDS
        if call.direction is Direction.CALLBACK and earlier < inf:
            most = earlier
        if LEAST_SECONDS < earlier <= most:
            self._note(call, own - earlier)
        elif abs(earlier) > LEAST_SECONDS:
            self._bring(call)

    def _turn(self, call_id: str) -> float:
        return place_of(self._ledger.calls[call_id], self._now()).turn_at

    async def _learn(self, call: Call) -> None:
        """What an earlier ivrd has found of a caller's urgency is on the channel."""
        if not (channel := self._channel(call.id)):
            return
        with suppress(ActionRefused):
            variable = dialplan_names.HEAD_START
            answer = await self._link.ask("Getvar", Channel=channel, Variable=variable)
            self._ledger.note(call.id, head_start=head_start_of(str(answer.value or "")))
            self._moved(call.id)

    async def reconcile(self) -> None:
        """What many places depend on has changed: look at each caller."""
        if self._clock.shift != self._shift:
            self._shift = self._clock.shift
            async for call in with_breaks(list(self._ledger.calls.values())):
                if call.stage in (Stage.QUEUE, Stage.TALK) and call.id in self._ledger.calls:
                    self._bring(self._ledger.calls[call.id])
        if self._credits.revision != self._revision:
            self._revision = self._credits.revision
            async for call in with_breaks(list(self._ledger.calls.values())):
                if self._ledger.calls.get(call.id) is call and call.state is CallState.QUEUE:
                    self.joined(call.id)

    def _claim(self, call: Call, joins_at: float) -> bool:
        """Whether the call has credit; then it arrives by so much earlier."""
        seconds = self._credits.claim(call, joins_at)
        if seconds < LEAST_CREDIT_SECONDS:
            return False
        self._start(call, self._credits.head_start(call))
        arrived = joins_at - seconds
        self._note(call, arrived if call.effective_at is None else min(arrived, call.effective_at))
        return True

    def _urgent_by_topic(self, call: Call) -> bool:
        """Whether the topic gives the call a head start that it has not yet."""
        return self._start(call, self.rules.of_topic(call.topic))

    def _start(self, call: Call, head_start: HeadStart) -> bool:
        """Whether the call has this head start from now on, and had none as large."""
        if larger(call.head_start, head_start) == call.head_start:
            return False
        self._ledger.note(call.id, head_start=head_start)
        self._moved(call.id)
        log.event(
            logger,
            logging.INFO,
            "caller is urgent",
            call=call.id,
            case=case_code(call.id),
            topic=call.topic,
            urgency=head_start.urgency.value,
            minutes=round(head_start.seconds / 60, 1),
        )
        return True

    def _note(self, call: Call, effective_at: float) -> None:
        self._ledger.note(call.id, effective_at=effective_at)
        self._moved(call.id)

    def _bring(self, call: Call) -> None:
        """Say the place to Asterisk: for the next queue, and for the one that the caller is in.

        One who is answered or hangs up meanwhile needs no place: a refusal is no news.
        """
        channel = self._channel(call.id)
        if not channel:
            return
        try:
            for variable, value in self.variables(call).items():
                self._link.tell(
                    "Setvar", Channel=channel, Variable=variable, Value=value
                ).add_done_callback(mark_retrieved)
            if call.state is CallState.QUEUE:
                reading = self._clock.reading(self._turn(call.id))
                self._link.tell(
                    "QueueChangePriorityCaller",
                    Queue=call.queue,
                    Caller=channel,
                    Priority=str(priority_of(reading)),
                    Immediate="yes",
                ).add_done_callback(mark_retrieved)
        except (ConnectionLost, BadValue):
            return  # done on reconnecting
