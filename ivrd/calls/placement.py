"""Keeps each waiting caller where the effective arrival says, in Asterisk's line as in ours.

Whoever has waited before arrives earlier than joining (core/people.py).  ivrd says so on the
caller's channel before it joins a queue (`arrival`), and the dialplan makes the place of it; that
stays with the channel, so that every later way into a queue leads to the same place, whether ivrd
runs or not.  What could not be said in time is said to app_queue itself, which moves the caller in
the line: of callers who joined without ivrd, of a person whose earlier call ends only now, of
people whom a new leader reads from the store after the calls, and of all when Asterisk's clock was
set, which the places are counted by.

As everywhere, what Asterisk has is compared with what is wanted, and the difference is sent.
"""

from collections.abc import Callable, Iterable
from math import inf
from typing import Protocol

from ivrd.asterisk import dialplan_names
from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.ami_protocol import BadValue, ConnectionLost, mark_retrieved
from ivrd.asterisk.breaks import with_breaks
from ivrd.asterisk.queue_priority import arrival_of, milliseconds, priority_of
from ivrd.core.call import LEAST_CREDIT_SECONDS, Call, CallState, Direction, Stage
from ivrd.core.clock import AsteriskClock
from ivrd.core.ledger import Ledger

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

    def calls_here(self, call: Call) -> Iterable[str]:
        """The calls of the same person that are here."""


class Placement:
    """All places.  `channel` gives a call's channel, empty if it is not known; `now` this moment
    on the timeline of the calls; `moved(call_id)` is told of a call whose arrival has changed.
    """

    def __init__(
        self,
        link: AmiClient,
        ledger: Ledger,
        credits_: Credits,
        clock: AsteriskClock,
        channel: Callable[[str], str],
        now: Callable[[], float],
        moved: Callable[[str], None],
    ) -> None:
        self._link = link
        self._ledger = ledger
        self._credits = credits_
        self._clock = clock
        self._channel = channel
        self._now = now
        self._moved = moved
        self._revision = credits_.revision
        self._shift = clock.shift

    def arrival(self, call_id: str) -> str:
        """What the dialplan is to know of a caller about to join; empty: arrives when joining."""
        call = self._ledger.calls.get(call_id)
        if call is None:
            return ""
        if call.joined_at is None:
            self._claim(call, self._now())
        return self.effective(self._ledger.calls[call_id])

    def effective(self, call: Call) -> str:
        """The arrival of a call, as the dialplan takes it; empty if it arrives when joining."""
        if call.effective_at is None:
            return ""
        return milliseconds(self._clock.reading(call.effective_at))

    def joined(self, call_id: str) -> None:
        """A caller has joined a queue: one who went there without ivrd is brought to the place."""
        call = self._ledger.calls[call_id]
        if not call.has_credit and self._claim(call, call.joined_at or self._now()):
            self._bring(self._ledger.calls[call_id])

    def ended(self, ended: Call) -> None:
        """A call has ended: what was waited in it is for another of the person's that waits."""
        for call_id in list(self._credits.calls_here(ended)):
            call = self._ledger.calls.get(call_id)
            if call is not None and call.state is CallState.QUEUE:
                self.joined(call_id)

    def seen(self, call_id: str, priority: int) -> None:
        """Asterisk lists a waiting caller with this priority; the earlier arrival is right.

        One that is earlier than anybody's credit is of a clock that has been set since; but whoever
        is called back may have asked for that any time ago.
        """
        call, listed = self._ledger.calls[call_id], arrival_of(priority, self._clock)
        own = call.effective_at or self._now()
        earlier = inf if listed is None else own - listed
        most = self._credits.most_seconds + LEAST_CREDIT_SECONDS
        if call.direction is Direction.CALLBACK and earlier < inf:
            most = earlier
        if LEAST_SECONDS < earlier <= most:
            self._note(call, own - earlier)
        elif abs(earlier) > LEAST_SECONDS:
            self._bring(call)

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
        arrived = joins_at - seconds
        self._note(call, arrived if call.effective_at is None else min(arrived, call.effective_at))
        return True

    def _note(self, call: Call, effective_at: float) -> None:
        self._ledger.note(call.id, effective_at=effective_at)
        self._moved(call.id)

    def _bring(self, call: Call) -> None:
        """Say the arrival to Asterisk: for the next queue, and for the one that the caller is in.

        One who is answered or hangs up meanwhile needs no place: a refusal is no news.
        """
        channel = self._channel(call.id)
        if not channel or call.effective_at is None:
            return
        reading = self._clock.reading(call.effective_at)
        try:
            self._link.tell(
                "Setvar",
                Channel=channel,
                Variable=dialplan_names.EFFECTIVE,
                Value=milliseconds(reading),
            ).add_done_callback(mark_retrieved)
            if call.state is CallState.QUEUE:
                self._link.tell(
                    "QueueChangePriorityCaller",
                    Queue=call.queue,
                    Caller=channel,
                    Priority=str(priority_of(reading)),
                    Immediate="yes",
                ).add_done_callback(mark_retrieved)
        except (ConnectionLost, BadValue):
            return  # done on reconnecting
