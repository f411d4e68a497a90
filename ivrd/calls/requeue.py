"""Moves waiting callers whose queue is gone; see core/requeue.py.

The channel is sent to the dialplan's own way into a queue, with the queue and the position set on
it: so whatever happens to ivrd meanwhile, the caller is in a queue.
"""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from ivrd import log
from ivrd.asterisk import dialplan_names
from ivrd.asterisk.ami_client import ActionRefused
from ivrd.core.ledger import Ledger
from ivrd.core.requeue import Move, moves

logger = logging.getLogger("ivrd")

AGAIN_SECONDS = 5.0  # a caller who was sent on should be in the other queue by then


class Channels(Protocol):
    """The channels of calls that are here; see calls/ivr.py."""

    def channel(self, call_id: str) -> str:
        """The channel of a call; empty for a stranger."""


@dataclass(frozen=True)
class Destinations:
    """Where callers can wait: the queues that are served, and which topic leads where."""

    queues: Collection[str]
    queue_of: Mapping[str, str]
    default_queue: str


class Requeue:
    """Repeats until all are in a queue that is served.

    `ask` sends an AMI action and raises `ActionRefused`; `clock`: seconds, any that goes on.
    """

    def __init__(
        self,
        ask: Callable[..., Awaitable[object]],
        ledger: Ledger,
        channels: Channels,
        destinations: Callable[[], Destinations],
        clock: Callable[[], float],
    ) -> None:
        self._ask = ask
        self._ledger = ledger
        self._channels = channels
        self._destinations = destinations
        self._clock = clock
        self._sent: dict[str, float] = {}  # call -> when it was sent on

    async def reconcile(self) -> Counter[str]:
        """Move whoever waits in a queue that is not served; how many went to which queue.

        Raises what the link to Asterisk raises.
        """
        now, to = self._clock(), self._destinations()
        self._sent = {call: at for call, at in self._sent.items() if now - at < AGAIN_SECONDS}
        moved: Counter[str] = Counter()
        calls = [call for call in self._ledger.calls.values() if call.id not in self._sent]
        for move in moves(calls, to.queues, to.queue_of, to.default_queue):
            channel = self._channels.channel(move.call_id)
            if channel and await self._move(channel, move):
                self._sent[move.call_id] = now
                moved[move.queue] += 1
        return moved

    async def _move(self, channel: str, move: Move) -> bool:
        """Whether Asterisk took it; one who has just hung up needs no queue."""
        queue = self._ledger.calls[move.call_id].queue
        try:
            for variable, value in (
                (dialplan_names.QUEUE, move.queue),
                (dialplan_names.PLACE, str(move.position)),
            ):
                await self._ask("Setvar", Channel=channel, Variable=variable, Value=value)
            await self._ask(
                "Redirect",
                Channel=channel,
                Context=dialplan_names.QUEUE_CONTEXT,
                Exten="s",
                Priority="1",
            )
        except ActionRefused:
            return False
        log.event(
            logger,
            logging.INFO,
            "caller moved: the queue is no longer served",
            call=move.call_id,
            queue=queue,
            to=move.queue,
            position=move.position,
        )
        return True
