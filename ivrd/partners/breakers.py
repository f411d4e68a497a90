"""Feeds partners' breakers: with what happens on their legs, their trunks, talks that last."""

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from ivrd.asterisk.dialplan_names import PARTNER_PREFIX
from ivrd.asterisk.facts import PartnerLegEvent
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.core import breaker as b
from ivrd.core.breaker_events import (
    Confirmed,
    Drilled,
    Dropped,
    Event,
    Lasted,
    Lost,
    NoKey,
    Reachable,
    Unreachable,
)
from ivrd.core.call import Stage
from ivrd.core.ledger import Ledger
from ivrd.core.partner import Override
from ivrd.core.q850 import Q850
from ivrd.core.report import PartnerEventKind
from ivrd.core.seats import SeatStatus
from ivrd.partners.runtime import PartnerListener, PartnerRuntime, PartnerStore, failure

ASKED_SECONDS = 8.0  # by then Asterisk has asked every trunk once (render/partners.py)
ABSENT = Q850.SUBSCRIBER_ABSENT  # the dialplan, of a dead trunk; a partner may send it as well


class PartnerBreakers:
    """Feeds them; what has changed is stored, and the listener is told of a new state."""

    def __init__(
        self,
        ledger: Ledger,
        queue_members: QueueMembers,
        store: PartnerStore,
        listener: PartnerListener,
    ) -> None:
        self._ledger = ledger
        self._queue_members = queue_members
        self._store = store
        self._listener = listener
        self._began: float | None = None

    def trunk(self, partner: str) -> SeatStatus | None:
        """What a partner's trunk is doing; None when Asterisk has not reported."""
        return self._queue_members.states.get(PARTNER_PREFIX + partner)

    def feed(self, partner: str, runtime: PartnerRuntime, event: Event, now: float) -> None:
        """Feed one."""
        runtime.feed(event)
        self._publish(partner, runtime, now)

    def event_of(
        self, leg_event: PartnerLegEvent, runtime: PartnerRuntime, key_seconds: float
    ) -> Event | None:
        """What it means to the breaker; `key_seconds`: for how long its people have the key."""
        match leg_event.kind:
            case PartnerEventKind.REFUSED if (
                leg_event.cause == ABSENT and self.trunk(leg_event.partner) is SeatStatus.AWAY
            ):
                return None  # a trunk that is known to be dead is not dialled
            case PartnerEventKind.REFUSED | PartnerEventKind.UNCONFIRMED:
                talks = self._ledger.present.with_partner(leg_event.partner)
                return failure(leg_event, len(runtime.ringing) + len(talks))
            case PartnerEventKind.LEFT:
                vain = runtime.left(leg_event.seconds, key_seconds)
                return NoKey(leg_event.at) if vain else None
            case PartnerEventKind.CONFIRMED if not leg_event.waiting:
                return Drilled(leg_event.at)
            case PartnerEventKind.CONFIRMED:
                return Confirmed(leg_event.at)
            case PartnerEventKind.DROPPED if leg_event.silent_seconds:
                return Lost(leg_event.at, leg_event.silent_seconds)
            case PartnerEventKind.DROPPED:
                return Dropped(leg_event.at)
            case PartnerEventKind.OFFERED | PartnerEventKind.RETURNED | PartnerEventKind.TALKED:
                return None
            case _:
                assert_never(leg_event.kind)

    def advance(self, runtimes: Iterable[tuple[str, PartnerRuntime]], now: float) -> None:
        """What no event reports: trunks that fail, and talks that have lasted."""
        self._began = self._began or now
        for partner, runtime in runtimes:
            self._feed_trunk(partner, runtime, now, self._began)
            runtime.legs = {seat: call for seat, call in runtime.legs.items() if self._waits(call)}
            talks = self._ledger.with_partner(partner)
            if runtime.verified or talks or runtime.override is Override.OPEN:
                runtime.breaker = replace(runtime.breaker, known=True)
            for call in talks:
                proof = b.proof_seconds(runtime.breaker)
                if call.id not in runtime.lasted and now - (call.connected_at or now) >= proof:
                    runtime.lasted.add(call.id)
                    runtime.feed(Lasted(now))
            runtime.lasted &= {call.id for call in talks}
            self._publish(partner, runtime, now)

    def _feed_trunk(self, partner: str, runtime: PartnerRuntime, now: float, began: float) -> None:
        """Whether the trunk answers.  Until Asterisk has first asked it, nobody knows."""
        state = self.trunk(partner)
        if state not in (None, SeatStatus.AWAY):
            runtime.asked = True
            runtime.feed(Reachable(now))
        elif state is SeatStatus.AWAY and (runtime.asked or now - began > ASKED_SECONDS):
            runtime.feed(Unreachable(now))

    def _waits(self, call_id: str) -> bool:
        call = self._ledger.calls.get(call_id)
        return call is not None and call.stage is Stage.QUEUE

    def _publish(self, partner: str, runtime: PartnerRuntime, now: float) -> None:
        """Store the breaker if it has changed, and tell the listener of a new state.

        A trunk that is still dead is no news.
        """
        if runtime.breaker != runtime.stored:
            runtime.stored = runtime.breaker
            self._store.breaker(partner, runtime.breaker)
        here = b.at(runtime.breaker, now)
        opened = here.state is b.BreakerState.OPEN
        news = (here.state, here.until if opened else 0.0)
        if news != runtime.told and (opened or here.reachable):
            runtime.told = news
            self._listener.partner_breaker(partner, here, now)
